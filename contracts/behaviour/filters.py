"""A list that is asked for one value of a field shows no other."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.behaviour.inquiry import FILTER, Inquiry, Turn, live
from contracts.behaviour.lists import Page, answers_from_example, keys_of, page_of

_POSITION: Final = frozenset({"page", "per_page", "starting_after", "order", "sort"})
MOST_FILTERS: Final = 2  # of one list


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
