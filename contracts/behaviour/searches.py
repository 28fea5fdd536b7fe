"""Searches return what their query says, filters hold, and orders are kept."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.behaviour.counts import check_only_page
from contracts.behaviour.inquiry import FILTER, SEARCH, Inquiry, Turn, live
from contracts.behaviour.lists import (
    Page,
    answers_from_example,
    ask_page,
    follow,
    keys_of,
    page_of,
)
from contracts.behaviour.pages import SMALL
from contracts.behaviour.queries import NOTHING, Question, combine, mismatch, questions
from contracts.behaviour.shown import EVERYTHING, is_search

_SORTED: Final = frozenset({"POST /contacts/search"})
"""Searches for which `sort` is documented; others leave it unread."""
_POSITION: Final = frozenset({"page", "per_page", "starting_after", "order", "sort"})
MOST_FILTERS: Final = 2  # of one list


def search(inquiry: Inquiry, turn: Turn) -> None:
    """Ask with each operator, and hold every item of the answers to the question."""
    operation = turn.operation
    if not is_search(operation):
        return
    inquiry.tried.add(SEARCH)
    everything = ask_page(inquiry, operation, path_params={}, position={}, body=EVERYTHING)
    if everything is None or everything.key is None or not everything.items:
        return
    if answers_from_example(operation, everything.exchange):
        return
    nothing = ask_page(inquiry, operation, path_params={}, position={}, body=NOTHING)
    if nothing is not None and not nothing.items:
        inquiry.show(SEARCH)
        inquiry.show(live(operation))
    elif nothing is not None:
        mismatch(inquiry, nothing, "id", "=", "other")
    for question in questions(everything.items):
        _hold(inquiry, turn, everything, question)
    combine(inquiry, turn, everything)
    _sort(inquiry, turn)


def _hold(inquiry: Inquiry, turn: Turn, everything: Page, question: Question) -> None:
    """Ask one question: what is returned answers it, and what answers it is returned."""
    name, operator, holds = question.name, question.operator, question.holds
    body = {"query": question.query}
    page = ask_page(inquiry, turn.operation, path_params={}, position={}, body=body)
    if page is None or page.key is None:
        return
    if page.next is None:
        check_only_page(inquiry, page)
    if any(not holds(item.get(name)) for item in page.items if name in item):
        mismatch(inquiry, page, name, operator, "other")
    elif page.items and any(not holds(item.get(name)) for item in everything.items):
        inquiry.show(SEARCH)  # it left out what the question excludes
    known = [item for item in everything.items if item.get(name) is not None]
    wanted = [item for item in known if holds(item[name])]
    if question.misses is not None:
        wanted = [item for item in wanted if question.misses(item.get(name))]
    ids = {str(item["id"]) for item in wanted if "id" in item}
    if page.next is None and not ids <= set(page.ids):
        mismatch(inquiry, page, name, operator, "absent")
    if question.is_walked and len(page.items) > 1:
        _second_page(inquiry, turn, page, question)


def _second_page(inquiry: Inquiry, turn: Turn, first: Page, question: Question) -> None:
    """Ask the same question in small pages: the second answers it as the first does."""
    size = {"per_page": str(min(SMALL, len(first.items) // 2))}
    body = {"query": question.query}
    small = ask_page(inquiry, turn.operation, path_params={}, position=size, body=body)
    if small is None or small.next is None:
        return
    name = question.name
    for page in follow(inquiry, turn.operation, small, most=1, path_params={}, body=body):
        if any(not question.holds(item.get(name)) for item in page.items if name in item):
            mismatch(inquiry, page, name, question.operator, "other")


def _sort(inquiry: Inquiry, turn: Turn) -> None:
    """Ask for both orders, where Intercom documents that there is one."""
    operation = turn.operation
    if operation.operation.identity not in _SORTED:
        return
    for order in ("ascending", "descending"):
        body = {**EVERYTHING, "sort": {"field": "created_at", "order": order}}
        page = ask_page(inquiry, operation, path_params={}, position={}, body=body)
        if page is not None:
            _check_order(inquiry, turn, page, is_descending=order == "descending")


def _check_order(inquiry: Inquiry, turn: Turn, page: Page, *, is_descending: bool) -> None:
    dates = [item["created_at"] for item in page.items if isinstance(item.get("created_at"), int)]
    if dates != sorted(dates, reverse=is_descending):
        asked = "descending" if is_descending else "ascending"
        _disordered(inquiry, turn, page, f"/{page.key}/*/created_at", asked)


def order(inquiry: Inquiry, turn: Turn) -> None:
    """Hold a list with an `order` to it. By which field it orders, nobody says: where one rises in
    the one answer and falls in the other, it is that."""
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


def filters(inquiry: Inquiry, turn: Turn) -> None:
    """Ask a list for one value of a field, by a documented parameter of the field's name."""
    operation = turn.operation
    first = page_of(operation, turn.exchange)
    if operation.operation.method != "GET" or first is None or not first.items:
        return
    if not keys_of(operation) or answers_from_example(operation, turn.exchange):
        return
    names = [
        one.name
        for one in operation.parameters
        if one.location == "query" and one.name not in _POSITION
    ]
    for name in names[:MOST_FILTERS]:
        values = list(dict.fromkeys(item[name] for item in first.items if _is_text(item, name)))
        if not values:
            continue
        inquiry.tried.add(FILTER)
        for value in (values[0], values[-1])[: len(values)]:
            _filter(inquiry, turn, first, name, value)


def _filter(inquiry: Inquiry, turn: Turn, first: Page, name: str, value: str) -> None:
    exchange = inquiry.ask(
        turn.operation, path_params=turn.path_params, query={**turn.query, name: value}
    )
    page = page_of(turn.operation, exchange)
    if page is None or page.key is None:
        return
    others = [item for item in page.items if _is_text(item, name) and item[name] != value]
    if others:
        inquiry.suspect(
            exchange,
            "search-filter",
            f"/{page.key}/*/{name}",
            f"filter {name}",
            "other",
            needs=(FILTER, live(turn.operation)),
        )
    elif any(_is_text(item, name) and item[name] != value for item in first.items):
        inquiry.show(FILTER)


def _is_text(item: Mapping[str, Any], name: str) -> bool:
    return isinstance(item.get(name), str) and bool(item[name])
