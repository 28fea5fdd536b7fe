"""Checks that know Intercom: what it does over several answers, asked in order of what tells most.

Each check is a function of the run's `Inquiry` and one operation's first answer; it asks what it
needs, shows what the target does, and suspects what departs.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from contracts.behaviour.access import again, once_more, unknown_id, with_wrong_token, without_token
from contracts.behaviour.filters import filters
from contracts.behaviour.inquiry import Inquiry, Suspicion, Turn
from contracts.behaviour.objects import one_object
from contracts.behaviour.orders import order
from contracts.behaviour.pages import walk
from contracts.behaviour.searches import search

__all__ = ["LAST", "LISTS", "OTHERS", "Check", "Inquiry", "Suspicion", "Turn"]

Check = Callable[[Inquiry, Turn], None]

LISTS: Final = MappingProxyType(
    {
        "pages": walk,
        "search": search,
        "filters": filters,
        "order": order,
    }
)
"""Checks of lists by their names: before anything is written, as that would move their items."""

OTHERS: Final = MappingProxyType(
    {
        "one-object": one_object,
        "unknown-id": unknown_id,
        "without-token": without_token,
        "wrong-token": with_wrong_token,
        "again": again,
    }
)
"""The other checks, the one that finds most with a request first."""

LAST: Final = MappingProxyType({"once-more": once_more})
"""What is asked when every operation has been looked at from every side."""
