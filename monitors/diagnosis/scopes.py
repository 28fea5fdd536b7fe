"""Which permission an operation most likely needs, as the Developer Hub calls it.

Intercom lists its permissions and what each is for
(developers.intercom.com, build an integration > authentication > OAuth scopes), and not which
operation asks for which: this is a reading of that list, for operations that only read.
"""

from collections.abc import Iterable
from typing import Final

from contracts.exchanges import Operation

_PEOPLE: Final = "Read and list users and companies"
_ONE: Final = "Read one user and one company"
_BY_IDENTITY: Final = {
    "GET /admins/{}": "Read one admin",
    "GET /admins/activity_logs": "Read admin activity logs",
    "GET /contacts/{}": _ONE,
    "GET /companies/{}": _ONE,
    "GET /contacts/{}/tags": "Read tags",
}
_BY_AREA: Final = {
    "admins": "Read admins",
    "articles": "Read and List articles",
    "companies": _PEOPLE,
    "contacts": _PEOPLE,
    "conversations": "Read conversations",
    "events": "Read events",
    "help_center": "Read and List articles",
    "news": "Read and List news items and newsfeeds",
    "segments": _PEOPLE,
    "tags": "Read tags",
    "ticket_types": "Read tickets",
    "tickets": "Read tickets",
}
_READING_POSTS: Final = ("/search", "/list")


def likely_scope(operations: Iterable[Operation | None]) -> str:
    """Return the permission that all of these most likely need; empty where it is not one, or not
    known."""
    found = {_of(operation) if operation else "" for operation in operations}
    return found.pop() if len(found) == 1 else ""


def _of(operation: Operation) -> str:
    if operation.method != "GET" and not operation.path.endswith(_READING_POSTS):
        return ""
    area = operation.path.split("/")[1]
    return _BY_IDENTITY.get(operation.identity) or _BY_AREA.get(area, "")
