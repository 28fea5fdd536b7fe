"""Searches return what their query says, filters hold, and orders are kept."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from contracts.behaviour.inquiry import FILTER, SEARCH, Inquiry, Turn, live
from contracts.behaviour.lists import Page, ask_page, keys_of, page_of
from contracts.behaviour.shown import EVERYTHING, answers_from_example, is_search

DAY: Final = 86_400
"""Seconds. Until 2.16 contacts are searched by calendar day of the workspace's own time zone, so
that dates closer than two of them may fall on either side."""

_NOTHING: Final = {"query": {"field": "id", "operator": "=", "value": "intercheck-none"}}
_SORTED: Final = frozenset({"POST /contacts/search"})
"""Searches for which `sort` is documented; others leave it unread."""
_WORDS: Final = ("role", "state", "priority", "open", "read")
"""Fields with few values, on which searches are documented."""
_TEXTS: Final = ("email", "name")
_POSITION: Final = frozenset({"page", "per_page", "starting_after", "order", "sort"})
_SHORTEST: Final = 5  # characters of a text that can be cut at both ends
MOST_FILTERS: Final = 2  # of one list

Predicate = Callable[[Any], bool]


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
    nothing = ask_page(inquiry, operation, path_params={}, position={}, body=_NOTHING)
    if nothing is not None and not nothing.items:
        inquiry.show(SEARCH)
        inquiry.show(live(operation))
    elif nothing is not None:
        _mismatch(inquiry, nothing, "id", "=", "other")
    for name, operator, value, holds in _questions(everything.items):
        _hold(inquiry, turn, everything, name, operator, value, holds)
    _combine(inquiry, turn, everything)
    _sort(inquiry, turn)


def _hold(
    inquiry: Inquiry,
    turn: Turn,
    everything: Page,
    name: str,
    operator: str,
    value: object,
    holds: Predicate,
) -> None:
    """Ask one question: what is returned answers it, and what answers it is returned."""
    body = {"query": {"field": name, "operator": operator, "value": value}}
    page = ask_page(inquiry, turn.operation, path_params={}, position={}, body=body)
    if page is None or page.key is None:
        return
    if any(not holds(item.get(name)) for item in page.items if name in item):
        _mismatch(inquiry, page, name, operator, "other")
    elif page.items and any(not holds(item.get(name)) for item in everything.items):
        inquiry.show(SEARCH)  # it left out what the question excludes
    wanted = {str(item["id"]) for item in everything.items if holds(item.get(name))}
    if page.next is None and name != "created_at" and not wanted <= set(page.ids):
        _mismatch(inquiry, page, name, operator, "absent")


def _mismatch(inquiry: Inquiry, page: Page, name: str, operator: str, observed: str) -> None:
    inquiry.suspect(
        page.exchange,
        "search-mismatch",
        f"/{page.key}/*/{name}",
        f"search {operator}",
        observed,
        needs=(SEARCH,),
    )


def _questions(items: list[dict[str, Any]]) -> Iterator[tuple[str, str, object, Predicate]]:
    """Yield field, operator, value, and what a value of that field must be like."""
    yield from _on_words(items)
    yield from _on_texts(items)
    dates = sorted(item["created_at"] for item in items if isinstance(item.get("created_at"), int))
    if len(dates) > 1 and dates[-1] - dates[0] > 4 * DAY:
        middle = int(statistics.median(dates))
        yield "created_at", ">", str(middle), lambda found: found > middle - 2 * DAY
        yield "created_at", "<", str(middle), lambda found: found < middle + 2 * DAY


def _on_words(items: list[dict[str, Any]]) -> Iterator[tuple[str, str, object, Predicate]]:
    for name in _WORDS:
        values = list(dict.fromkeys(item.get(name) for item in items if _is_word(item.get(name))))
        if len(values) >= 2:
            return _of_words(name, values[0], values[1])
    return iter(())


def _of_words(
    name: str, one: object, other: object
) -> Iterator[tuple[str, str, object, Predicate]]:
    yield name, "=", one, lambda found: bool(found == one)
    yield name, "!=", one, lambda found: bool(found != one)
    yield name, "IN", [other], lambda found: bool(found == other)
    yield name, "NIN", [other], lambda found: bool(found != other)


def _on_texts(items: list[dict[str, Any]]) -> Iterator[tuple[str, str, object, Predicate]]:
    for name in _TEXTS:
        values = [item[name] for item in items if isinstance(item.get(name), str)]
        if len(values) >= 2 and len(values[0]) >= _SHORTEST and values[0].isascii():
            return _of_texts(name, values[0].lower())
    return iter(())


def _of_texts(name: str, text: str) -> Iterator[tuple[str, str, object, Predicate]]:
    part, start, end = text[1:-1], text[:3], text[-3:]
    yield name, "~", part, lambda found: part in str(found or "").lower()
    yield name, "!~", part, lambda found: part not in str(found or "").lower()
    yield name, "^", start, lambda found: str(found or "").lower().startswith(start)
    yield name, "$", end, lambda found: str(found or "").lower().endswith(end)


def _is_word(value: object) -> bool:
    return isinstance(value, (str, bool)) and value != ""


def _combine(inquiry: Inquiry, turn: Turn, everything: Page) -> None:
    """AND excludes what either side excludes; OR takes what either side takes."""
    found = [question for question in _on_words(everything.items) if question[1] == "="]
    if not found:
        return
    name, _, value, holds = found[0]
    is_it = {"field": name, "operator": "=", "value": value}
    is_nobody = _NOTHING["query"]
    for operator, expects_none in (("AND", True), ("OR", False)):
        body = {"query": {"operator": operator, "value": [is_it, is_nobody]}}
        page = ask_page(inquiry, turn.operation, path_params={}, position={}, body=body)
        if page is None or page.key is None:
            continue
        is_wrong = bool(page.items) if expects_none else not page.items
        if is_wrong or any(not holds(item.get(name)) for item in page.items):
            _mismatch(inquiry, page, name, operator, "other")


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
        inquiry.suspect(
            page.exchange,
            "search-sort",
            f"/{page.key}/*/created_at",
            "descending" if is_descending else "ascending",
            "other",
            needs=(live(turn.operation),),
        )


def order(inquiry: Inquiry, turn: Turn) -> None:
    """Hold a list with an `order` to it."""
    operation = turn.operation
    names = {one.name for one in operation.parameters if one.location == "query"}
    first = page_of(operation, turn.exchange)
    if "order" not in names or first is None or len(first.items) < 2:
        return
    for asked in ("asc", "desc"):
        exchange = inquiry.ask(operation, path_params=turn.path_params, query={"order": asked})
        page = page_of(operation, exchange)
        if page is not None:
            _check_order(inquiry, turn, page, is_descending=asked == "desc")


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
    exchange = inquiry.ask(turn.operation, path_params=turn.path_params, query={name: value})
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
