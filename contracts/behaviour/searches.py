"""Searches return what their query says, filters hold, and orders are kept."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from contracts.behaviour.access import envelope
from contracts.behaviour.counts import check_only_page
from contracts.behaviour.inquiry import FILTER, SEARCH, Inquiry, Turn, live
from contracts.behaviour.lists import (
    Page,
    answers_from_example,
    ask_page,
    follow,
    keys_of,
    page_of,
    search_all,
)
from contracts.behaviour.queries import (
    UNKNOWN_FIELD,
    Question,
    combine,
    mismatch,
    questions,
)
from contracts.behaviour.shown import EVERYTHING, NOBODY, is_search
from contracts.spec import SpecOperation

_SORTED_BY: Final = re.compile(r"sorted by the `(\w+_at)`")
"""How a description says what a list is in the order of."""
_SORTED: Final = frozenset({"POST /contacts/search"})
"""Searches for which `sort` is documented; others leave it unread."""
_POSITION: Final = frozenset({"page", "per_page", "starting_after", "order", "sort"})
MOST_FILTERS: Final = 2  # of one list
MOST_FIELDS: Final = 3  # by which a search is tried, where it refuses those before


def search(inquiry: Inquiry, turn: Turn) -> None:
    """Ask with each operator, and hold every item of the answers to the question."""
    operation = turn.operation
    if not is_search(operation):
        return
    inquiry.tried.add(SEARCH)
    everything = _everything(inquiry, operation)
    if everything is None or everything.key is None or not everything.items:
        return
    if answers_from_example(operation, everything.exchange):
        return
    nothing = ask_page(inquiry, operation, path_params={}, position={}, body=NOBODY)
    if nothing is not None and not nothing.items:
        inquiry.show(SEARCH)
        inquiry.show(live(operation))
    elif nothing is not None:
        mismatch(inquiry, nothing, "id", "=", "other")
    for alternatives in questions(everything.items):
        for asked in islice(alternatives, MOST_FIELDS):
            held = [_hold(inquiry, turn, everything, one) for one in asked[:1]]
            if not any(held):
                continue  # it does not search by this field
            for one in asked[1:]:
                _hold(inquiry, turn, everything, one)
            if asked[0].operator == "=":
                combine(inquiry, turn, asked[0])
            break
    _miss_none(inquiry, turn, everything)
    _sort(inquiry, turn, everything)
    envelope(inquiry, inquiry.ask(operation, body=UNKNOWN_FIELD))


def _everything(inquiry: Inquiry, operation: SpecOperation) -> Page | None:
    """Return as much as is known of what there is to be found."""
    walked = inquiry.walked.get(operation.operation.identity)
    if walked is not None:
        return page_of(operation, walked)
    return search_all(inquiry, operation)[1]


def _hold(inquiry: Inquiry, turn: Turn, everything: Page, question: Question) -> bool:
    """Ask one question: what is returned answers it, and what answers it is returned. Say whether
    it was answered at all."""
    name, operator, holds = question.name, question.operator, question.holds
    body = {"query": question.query}
    # All that there is fits on one page; then all that answers the question does as well.
    size = {"per_page": str(len(everything.items))} if everything.next is None else {}
    page = ask_page(inquiry, turn.operation, path_params={}, position=size, body=body)
    if page is None or page.key is None:
        return False
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
    return True


def _second_page(inquiry: Inquiry, turn: Turn, first: Page, question: Question) -> None:
    """Ask the same question in two pages: the second answers it as the first does."""
    for page in _halves(inquiry, turn, len(first.items), {"query": question.query}):
        if any(not question.holds(item.get(question.name)) for item in page.items):
            mismatch(inquiry, page, question.name, question.operator, "other")


def _halves(inquiry: Inquiry, turn: Turn, count: int, body: Mapping[str, Any]) -> list[Page]:
    """Ask for `count` items in two pages."""
    size = {"per_page": str(-(-count // 2))}
    first = ask_page(inquiry, turn.operation, path_params={}, position=size, body=body)
    if first is None:
        return []
    return list(follow(inquiry, turn.operation, first, most=1, path_params={}, body=body))


def _miss_none(inquiry: Inquiry, turn: Turn, everything: Page) -> None:
    """What the list of the same objects shows is found, by its id at least."""
    operation = turn.operation
    root = operation.operation.path.removesuffix("/search")
    listing = inquiry.spec.get(f"GET {root}")
    walked = inquiry.walked.get(f"GET {root}")
    listed = page_of(listing, walked) if listing is not None and walked is not None else None
    if listing is None or listed is None or listed.next is not None or everything.next is not None:
        return
    lost = [one for one in listed.ids if one not in everything.ids]
    if not lost or not everything.ids:
        return
    body = {"query": {"field": "id", "operator": "=", "value": lost[0]}}
    found = ask_page(inquiry, operation, path_params={}, position={}, body=body)
    if found is None or found.key is None or lost[0] in found.ids:
        return
    size = {"per_page": str(len(listed.items))}
    again = ask_page(inquiry, listing, path_params={}, position=size)
    if again is not None and lost[0] in again.ids:
        mismatch(inquiry, found, "id", "=", "absent")


def _sort(inquiry: Inquiry, turn: Turn, everything: Page) -> None:
    """Ask for both orders, by two fields and over two pages, where Intercom documents that there is
    an order."""
    if turn.operation.operation.identity not in _SORTED:
        return
    for name, order, count in (
        ("created_at", "ascending", len(everything.items)),
        ("created_at", "descending", 0),
        ("updated_at", "descending", 0),
    ):
        body = {**EVERYTHING, "sort": {"field": name, "order": order}}
        if count > 1:
            pages = _halves(inquiry, turn, count, body)
        else:
            page = ask_page(inquiry, turn.operation, path_params={}, position={}, body=body)
            pages = [page] if page is not None else []
        if pages:
            _check_order(inquiry, turn, pages, name, is_descending=order == "descending")


def _check_order(
    inquiry: Inquiry, turn: Turn, pages: list[Page], name: str, *, is_descending: bool
) -> None:
    dates = [item[name] for page in pages for item in page.items if isinstance(item.get(name), int)]
    if dates != sorted(dates, reverse=is_descending):
        asked = "descending" if is_descending else "ascending"
        _disordered(inquiry, turn, pages[-1], f"/{pages[-1].key}/*/{name}", asked)


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
