"""Lists are walked to their end without repeats or losses, in pages of the size asked for."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.behaviour.counts import check_numbers, check_total
from contracts.behaviour.inquiry import PAGES, SIZE, Inquiry, Turn, live
from contracts.behaviour.likeness import check_alike
from contracts.behaviour.lists import (
    Page,
    answers_from_example,
    ask_page,
    described_keys,
    follow,
    keys_of,
    page_of,
)
from contracts.behaviour.shown import EVERYTHING, is_search

MOST_PAGES: Final = 4
"""Pages after the first of one walk; trouble of page 2 shows on page 2."""
SMALL: Final = 4
"""Items of a small page: a walk in small pages crosses several borders of pages."""
MOST_SMALL: Final = 2
"""Small pages after the first: as many as show that the second is not the first again."""
LARGE: Final = 3
"""Times as many items as a page has unasked, where the list does not say how many there are."""
LARGEST: Final = 150
"""Items on a page; Intercom gives no more."""


def walk(inquiry: Inquiry, turn: Turn) -> None:
    """Walk a list twice: in its own pages, and in small ones that have to meet the same items."""
    operation, body = turn.operation, None
    first = page_of(operation, turn.exchange)
    if is_search(operation) and first is not None:
        body = EVERYTHING
        first = ask_page(inquiry, operation, path_params={}, position={}, body=body)
    if first is None or not keys_of(operation) or not first.says_pages:
        return
    if len(first.ids) < len(first.items):
        _check_items(inquiry, turn, first, first)
        return  # nothing tells one item from another
    inquiry.tried |= {PAGES, SIZE}
    if answers_from_example(operation, first.exchange):
        return
    whole = _in_own_pages(inquiry, turn, first, body)
    if len(first.ids) >= 2:
        _in_small_pages(inquiry, turn, whole, first, body)
    if first.next is not None:
        _in_a_large_page(inquiry, turn, first, body)


def _in_own_pages(
    inquiry: Inquiry, turn: Turn, first: Page, body: Mapping[str, Any] | None
) -> list[str]:
    """Walk on from the first page; return the ids in order."""
    seen: list[str] = []
    page, pages = first, 0
    counted: set[int | None] = {first.total}
    for pages, page in enumerate(
        follow(
            inquiry,
            turn.operation,
            first,
            most=MOST_PAGES,
            path_params=turn.path_params,
            body=body,
        ),
        start=1,
    ):
        _check_form(inquiry, turn, first, page)
        if page is first or page.ids != seen[-len(page.ids) :]:
            check_numbers(inquiry, page, pages)
        if page.total not in counted:
            counted.add(page.total)
            _check_total(inquiry, turn, page, first, body)
        if page is not first and page.ids != first.ids:
            inquiry.show(PAGES)
            inquiry.show(live(turn.operation))
        _check_repeats(inquiry, first, seen, page)
        seen += page.ids
    is_whole = page.next is None and page.total == first.total
    if is_whole and first.total is not None and page.key and len(set(seen)) < first.total:
        _lost(inquiry, turn, page)
    if is_whole and pages > 1 and page.key is None:
        _lost(inquiry, turn, page)
    return seen


def _in_small_pages(
    inquiry: Inquiry, turn: Turn, whole: list[str], first: Page, body: Mapping[str, Any] | None
) -> None:
    """Ask for small pages: they have the size, and hold what the larger ones held."""
    operation = turn.operation
    size = max(1, min(SMALL, len(first.ids) // 2))
    small = ask_page(
        inquiry,
        operation,
        path_params=turn.path_params,
        position={"per_page": str(size)},
        body=body,
    )
    if small is None or small.key is None:
        return
    if len(small.items) == size:
        inquiry.show(SIZE)
        inquiry.show(live(operation))
    else:
        _wrong_size(inquiry, small, "more" if len(small.items) > size else "fewer")
        return
    seen: list[str] = []
    page = small
    for number, page in enumerate(
        follow(inquiry, operation, small, most=MOST_SMALL, path_params=turn.path_params, body=body),
        start=1,
    ):
        _check_form(inquiry, turn, first, page)
        if page is small or page.ids != seen[-len(page.ids) :]:
            check_numbers(inquiry, page, number)
        if page is not small and page.ids != small.ids:
            inquiry.show(PAGES)
        _check_repeats(inquiry, first, seen, page)
        seen += page.ids
    misses_some = page.total == first.total and not set(whole[: len(seen)]) <= set(seen)
    ends_early = page.next is None and first.total is not None and len(seen) < first.total
    if misses_some or ends_early:
        _lost(inquiry, turn, page)


def _in_a_large_page(
    inquiry: Inquiry, turn: Turn, first: Page, body: Mapping[str, Any] | None
) -> None:
    """Ask for more than a page has unasked: a page that says it is so large is."""
    size = min(LARGEST, first.total or LARGE * len(first.items))
    if size <= len(first.items):
        return
    large = ask_page(
        inquiry,
        turn.operation,
        path_params=turn.path_params,
        position={"per_page": str(size)},
        body=body,
    )
    if large is None or large.key is None or large.per_page is None:
        return
    _check_form(inquiry, turn, first, large)
    check_numbers(inquiry, large, 1)
    # A server that gives fewer and says so has a limit, and that is its right.
    holds = large.per_page if large.total is None else min(large.per_page, large.total)
    is_short = large.next is not None or large.total is not None
    if is_short and len(large.items) < holds:
        _wrong_size(inquiry, large, "fewer")


def _check_total(
    inquiry: Inquiry, turn: Turn, page: Page, first: Page, body: Mapping[str, Any] | None
) -> None:
    """Ask for the first page again: where its total is what it was, another page's is wrong."""
    after = ask_page(inquiry, turn.operation, path_params=turn.path_params, position={}, body=body)
    if after is not None:
        check_total(inquiry, page, first, after)


def _wrong_size(inquiry: Inquiry, page: Page, observed: str) -> None:
    inquiry.suspect(
        page.exchange, "pagination-size", f"/{page.key}", "per_page", observed, needs=(SIZE,)
    )


def _check_form(inquiry: Inquiry, turn: Turn, first: Page, page: Page) -> None:
    """Every page has its items where the first has them, and no more than it says."""
    if first.key and page.key != first.key:
        inquiry.suspect(
            page.exchange, "pagination-list", f"/{first.key}", "array", "absent", needs=(PAGES,)
        )
    if first.type and page.type != first.type:
        inquiry.suspect(page.exchange, "pagination-list", "/type", "list", "other", needs=(PAGES,))
    if page.per_page is not None and len(page.items) > page.per_page:
        _wrong_size(inquiry, page, "more")
    _check_items(inquiry, turn, first, page)


def _check_items(inquiry: Inquiry, turn: Turn, first: Page, page: Page) -> None:
    """Hold the items to one another where no schema describes them."""
    if page.key == first.key and page.key not in described_keys(turn.operation):
        check_alike(inquiry, first, page)


def _check_repeats(inquiry: Inquiry, first: Page, seen: list[str], page: Page) -> None:
    if page.total != first.total:
        return  # somebody else added or removed an item, which moves all others
    if not set(seen).isdisjoint(page.ids) or len(set(page.ids)) < len(page.ids):
        inquiry.suspect(
            page.exchange,
            "pagination-repeated",
            f"/{page.key}/*/id",
            "unique",
            "repeated",
            needs=(PAGES,),
        )


def _lost(inquiry: Inquiry, turn: Turn, page: Page) -> None:
    key = page.key or keys_of(turn.operation)[0]
    inquiry.suspect(page.exchange, "pagination-lost", f"/{key}", "all", "fewer", needs=(PAGES,))
