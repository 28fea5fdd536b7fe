"""Orders that are asked for are kept, over several pages too."""

import re
from typing import Final

from contracts.behaviour.inquiry import Inquiry, Turn, live
from contracts.behaviour.lists import Page, halves, page_of
from contracts.behaviour.shown import EVERYTHING

_SORTED_BY: Final = re.compile(r"sorted by the `(\w+_at)`")
"""How a description says what a list is in the order of."""
_SORTED: Final = frozenset({"POST /contacts/search"})
"""Searches for which `sort` is documented; others leave it unread."""


def sort(inquiry: Inquiry, turn: Turn, everything: Page) -> None:
    """Ask for both orders, by two fields and over two pages, where Intercom documents that there is
    an order."""
    if turn.operation.operation.identity not in _SORTED:
        return
    for name, order in (
        ("created_at", "ascending"),
        ("created_at", "descending"),
        ("updated_at", "descending"),
    ):
        body = {**EVERYTHING, "sort": {"field": name, "order": order}}
        pages = halves(inquiry, turn.operation, len(everything.items), body)
        if pages:
            _check_order(inquiry, turn, pages, name, is_descending=order == "descending")


def _check_order(
    inquiry: Inquiry, turn: Turn, pages: list[Page], name: str, *, is_descending: bool
) -> None:
    dates = [item[name] for page in pages for item in page.items if isinstance(item.get(name), int)]
    if dates != sorted(dates, reverse=is_descending):
        asked = "descending" if is_descending else "ascending"
        _disordered(inquiry, turn, pages[-1], f"/{pages[0].key}/*/{name}", asked)


def order(inquiry: Inquiry, turn: Turn) -> None:
    """Hold a list with an `order` to it. Where the description does not say by which field: where
    one rises in the one answer and falls in the other, it is that."""
    operation = turn.operation
    names = {one.name for one in operation.parameters if one.location == "query"}
    first = page_of(operation, turn.exchange)
    if "order" not in names or first is None or len(first.items) < 2:
        return
    pages: list[Page] = []
    for asked in ("asc", "desc"):
        exchange = inquiry.ask(
            operation, path_params=turn.path_params, query={**turn.query, "order": asked}
        )
        page = page_of(operation, exchange)
        if page is None or page.key is None or not page.items:
            return
        pages.append(page)
    rising, falling = pages
    named = _SORTED_BY.search(str(operation.definition.get("description", "")))
    if named is not None and any(_times(page, named.group(1)) for page in pages):
        _check_order(inquiry, turn, [rising], named.group(1), is_descending=False)
        _check_order(inquiry, turn, [falling], named.group(1), is_descending=True)
        return
    if rising.ids == falling.ids and not _could_be_ties(rising):
        _disordered(inquiry, turn, falling, f"/{falling.key}", "descending")
        return
    ordered = _ordered_by(rising, falling)
    backwards = _ordered_by(falling, rising)
    if ordered:
        inquiry.show(live(operation))
    elif backwards:
        _disordered(inquiry, turn, falling, f"/{falling.key}/*/{backwards[0]}", "descending")


def _ordered_by(rising: Page, falling: Page) -> list[str]:
    """Return the times by which one page rises and the other falls."""
    found = []
    for name in rising.items[0]:
        up, down = _times(rising, name), _times(falling, name)
        if len(up) < len(rising.items) or len(down) < len(falling.items):
            continue
        is_varied = len(set(up)) > 1 or len(set(down)) > 1
        if is_varied and up == sorted(up) and down == sorted(down, reverse=True):
            found.append(name)
    return found


def _could_be_ties(page: Page) -> bool:
    """Whether the items could be equal in the time that they are ordered by: then any order is."""
    times = [name for name in page.items[0] if name.endswith("_at")]
    return any(len({item.get(name) for item in page.items}) < len(page.items) for name in times)


def _times(page: Page, name: str) -> list[int]:
    found = [item.get(name) for item in page.items] if name.endswith("_at") else []
    return [one for one in found if isinstance(one, int)]


def _disordered(inquiry: Inquiry, turn: Turn, page: Page, location: str, asked: str) -> None:
    inquiry.suspect(
        page.exchange, "search-sort", location, asked, "other", needs=(live(turn.operation),)
    )
