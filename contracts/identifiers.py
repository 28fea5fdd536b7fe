"""Identifiers for path parameters, found in the answers of list operations.

An operation that reads by an invented id only ever tests a 404. A path says of what kind an id is
by the word before it, and a list by the word it ends with: ids from `GET /contacts` fit
`/contacts/{contact_id}/notes`, and those of its answer fit `/notes/{note_id}`.
"""

from itertools import pairwise
from typing import Final

from contracts.exchanges import Exchange

MOST_PER_KIND: Final = 20
"""Identifiers kept of a kind; a page of the shortest lists."""

_LIST_WORDS: Final = frozenset({"list", "search"})
"""Last words of paths that say how a list is asked for, not of what."""


class Identifiers:
    """What is known, by kind, in the order it was first seen."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def learn(self, exchange: Exchange) -> None:
        """Take the identifiers out of an answer to a list operation."""
        if exchange.operation is None or exchange.response is None or not exchange.is_success:
            return
        words = exchange.operation.path.strip("/").split("/")
        if words[-1] in _LIST_WORDS:
            words.pop()
        document = exchange.response.document
        if not words or words[-1].startswith("{") or not isinstance(document, dict):
            return
        known = self._known.setdefault(words[-1], [])
        for items in document.values():
            for item in items if isinstance(items, list) else ():
                found = item.get("id") if isinstance(item, dict) else None
                if (
                    isinstance(found, (str, int))
                    and str(found) not in known
                    and len(known) < MOST_PER_KIND
                ):
                    known.append(str(found))

    def fill(self, path: str, turn: int = 0) -> dict[str, str]:
        """Return values for the parameters of a path template, those that are known; another
        `turn` gives others where there are any."""
        values: dict[str, str] = {}
        words = path.strip("/").split("/")
        for kind, word in pairwise(words):
            if word.startswith("{") and (known := self._known.get(kind)):
                values[word[1:-1]] = known[turn % len(known)]
        return values
