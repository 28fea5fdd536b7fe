"""Items that no schema describes are held to one another: a field that is a number in those of the
first page is no text on the second.

Some descriptions name the items of a list otherwise than their own example and the API do. Then
nothing is promised of the items, and the first page is all there is to go by.
"""

from typing import Any, Final

from contracts.behaviour.inquiry import PAGES, Inquiry
from contracts.behaviour.lists import Page
from contracts.departures import kind_of
from contracts.pointers import escape

_NULL: Final = "null"
_FEWEST: Final = 2
"""Items of the first page: one shows no habit."""


def check_alike(inquiry: Inquiry, first: Page, page: Page) -> None:
    """Hold the items of a page to the kinds that fields have in all items of the first one, and to
    having an id where others have one."""
    habits = _kinds(first.items) if len(first.items) >= _FEWEST else {}
    for name, kind in habits.items():
        for item in page.items:
            seen = kind_of(item[name]) if name in item else kind
            if seen not in (kind, _NULL):
                _suspect(inquiry, page, "schema-type", name, kind, seen)
    if page.ids and any("id" in item and item["id"] is None for item in page.items):
        kind = next(kind_of(item["id"]) for item in page.items if item.get("id") is not None)
        _suspect(inquiry, page, "schema-null", "id", kind, _NULL)


def _kinds(items: list[dict[str, Any]]) -> dict[str, str]:
    """Return the kind of each field that is of one kind in all items that have it."""
    found: dict[str, set[str]] = {}
    for item in items:
        for name, value in item.items():
            found.setdefault(name, set()).add(kind_of(value))
    steady = {name: kinds - {_NULL} for name, kinds in found.items()}
    return {name: next(iter(kinds)) for name, kinds in steady.items() if len(kinds) == 1}


def _suspect(
    inquiry: Inquiry, page: Page, rule: str, name: str, expected: str, observed: str
) -> None:
    location = f"/{page.key}/*/{escape(name)}"
    inquiry.suspect(page.exchange, rule, location, expected, observed, needs=(PAGES,))
