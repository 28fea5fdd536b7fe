"""Lists are walked to their end without repeats or losses, in pages of the size asked for."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.behaviour.counts import check_numbers, check_only_page, check_total
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
    search_all,
)
from contracts.behaviour.shown import is_search

PARTS: Final = 3
"""Pages in which a whole list is walked: one at its beginning, one inside, one at its end."""
MOST_PAGES: Final = 4
"""Pages after the first of one walk: a list that goes on after its end has to show it."""
LARGE: Final = 3
"""Times as many items as a page has unasked, where the list does not say how many there are."""
LARGEST: Final = 150
"""Items on a page; Intercom gives no more."""


def walk(inquiry: Inquiry, turn: Turn) -> None:
    """Ask a list for what follows its first page, for as much as a page may hold, and for the
    whole of it in a few pages: they have to hold the same."""
    operation, body = turn.operation, None
    first = page_of(operation, turn.exchange)
    if is_search(operation) and first is not None:
        body, first = search_all(inquiry, operation)
    if first is None or not keys_of(operation) or not first.says_pages:
        return
    if len(first.ids) < len(first.items):
        _check_items(inquiry, turn, first, first)
        return  # nothing tells one item from another
    inquiry.tried |= {PAGES, SIZE}
    if answers_from_example(operation, first.exchange):
        return
    walking = _Walk(inquiry, turn, first, body)
    known = walking.take(first, most=1)
    large = walking.large()
    inquiry.walked[operation.operation.identity] = (large or first).exchange
    walking.compare(known, large)
    walking.in_parts(large)


class _Walk:
    """The walks through one list, from its `first` page on."""

    def __init__(
        self, inquiry: Inquiry, turn: Turn, first: Page, body: Mapping[str, Any] | None
    ) -> None:
        self._inquiry = inquiry
        self._turn = turn
        self._first = first
        self._body = body
        self._is_steady: bool | None = None

    def take(self, start: Page, *, most: int, asked: int | None = None) -> list[Page]:
        """Walk on from a page that was `asked` to have a size; hold each page to the others."""
        inquiry, seen, pages = self._inquiry, list[str](), list[Page]()
        size = _promised(start, asked, self._first)
        for page in follow(
            inquiry,
            self._turn.operation,
            start,
            most=most,
            path_params=self._turn.path_params,
            body=self._body,
        ):
            pages.append(page)
            self._check_form(page)
            if page is start or page.ids != seen[-len(page.ids) :]:
                check_numbers(inquiry, page, len(pages))
            if page.total != self._first.total:
                self._check_total(page)
            if size is not None:
                self._check_size(page, size, start)
            if page is not start and page.ids != start.ids:
                inquiry.show(PAGES)
                inquiry.show(live(self._turn.operation))
            self._check_repeats(seen, page)
            seen += page.ids
        if asked is not None and asked != len(self._first.items) and len(start.items) == asked:
            inquiry.show(SIZE)
            inquiry.show(live(self._turn.operation))
        return pages

    def large(self) -> Page | None:
        """Ask for as many items as a page may hold, where the first page has not all."""
        size = min(LARGEST, self._count() or LARGE * len(self._first.items))
        if self._first.next is None or size <= len(self._first.items):
            return None
        large = self._ask(size)
        if large is None or large.key is None:
            return None
        self.take(large, most=0, asked=size)
        if large.per_page is None or large.next is not None:
            return large
        if large.total is None or large.total > large.per_page:
            return large
        check_only_page(self._inquiry, large)
        if len(large.items) < large.total:
            self._wrong_size(large, "fewer")
        return large

    def in_parts(self, large: Page | None) -> None:
        """Walk the whole list in a few pages, as far as it is not too long for that."""
        whole = large or self._first
        count = len(whole.ids) if whole.next is None else self._count()
        if count is not None and count < 2:
            return
        # The end of a list that is longer than that is out of reach.
        is_short = count is not None and count <= PARTS * LARGEST
        size = -(-count // PARTS) if count is not None and is_short else len(self._first.items)
        start = self._ask(size)
        if start is None or start.key is None:
            return
        pages = self.take(start, most=MOST_PAGES, asked=size)
        self.compare(pages, large or self._first)

    def compare(self, pages: list[Page], whole: Page | None) -> None:
        """Hold the items of a walk to those of a larger page, and to what the list counts."""
        seen = [one for page in pages for one in page.ids]
        last = pages[-1]
        if last.total != self._first.total:
            return
        is_over = last.next is None
        known = whole.ids if whole is not None and whole.key else []
        before = known if is_over else known[: len(seen)]
        misses = not set(before) <= set(seen)
        if is_over and last.total is not None and last.key:
            misses = misses or len(set(seen)) < last.total
        if misses and self._stands_still():
            key = last.key or keys_of(self._turn.operation)[0]
            self._inquiry.suspect(
                last.exchange, "pagination-lost", f"/{key}", "all", "fewer", needs=(PAGES,)
            )

    def _ask(self, size: int | None = None) -> Page | None:
        position = {"per_page": str(size)} if size else {}
        return ask_page(
            self._inquiry,
            self._turn.operation,
            path_params=self._turn.path_params,
            position=position,
            body=self._body,
        )

    def _count(self) -> int | None:
        """Return how many items the list has, as nearly as its first page says it."""
        first = self._first
        if first.total is not None:
            return first.total
        return first.total_pages * len(first.items) if first.total_pages else None

    def _stands_still(self) -> bool:
        """Ask for the first page again: while others add and remove items, all others move."""
        if self._is_steady is None:
            again = self._ask()
            self._is_steady = again is not None and (again.ids, again.total) == (
                self._first.ids,
                self._first.total,
            )
        return self._is_steady

    def _check_total(self, page: Page) -> None:
        """Where the total of the first page is what it was, another page's is wrong."""
        after = self._ask()
        if after is not None:
            check_total(self._inquiry, page, self._first, after)

    def _check_form(self, page: Page) -> None:
        """Every page has its items where the first has them, and no more than it says."""
        first = self._first
        if first.key and page.key != first.key:
            self._inquiry.suspect(
                page.exchange, "pagination-list", f"/{first.key}", "array", "absent", needs=(PAGES,)
            )
        if first.type and page.type != first.type:
            self._inquiry.suspect(
                page.exchange, "pagination-list", "/type", "list", "other", needs=(PAGES,)
            )
        if page.per_page is not None and len(page.items) > page.per_page:
            self._wrong_size(page, "more")
        _check_items(self._inquiry, self._turn, first, page)

    def _check_size(self, page: Page, size: int, start: Page) -> None:
        """A page has as many items as were asked for, unless it is the last; and says so."""
        if len(page.items) > size:
            self._wrong_size(page, "more")
        elif page.key and page.next is not None and len(page.items) < size:
            self._wrong_size(page, "fewer")
        elif None not in (page.per_page, start.per_page) and page.per_page != start.per_page:
            self._wrong_size(page, "other")

    def _wrong_size(self, page: Page, observed: str) -> None:
        self._inquiry.suspect(
            page.exchange,
            "pagination-size",
            f"/{page.key or self._first.key}",
            "per_page",
            observed,
            needs=(SIZE,),
        )

    def _check_repeats(self, seen: list[str], page: Page) -> None:
        if page.total != self._first.total:
            return  # somebody else added or removed an item, which moves all others
        if set(seen).isdisjoint(page.ids) and len(set(page.ids)) == len(page.ids):
            return
        if self._stands_still():
            self._inquiry.suspect(
                page.exchange,
                "pagination-repeated",
                f"/{page.key}/*/id",
                "unique",
                "repeated",
                needs=(PAGES,),
            )


def _check_items(inquiry: Inquiry, turn: Turn, first: Page, page: Page) -> None:
    """Hold the items to one another where no schema describes them."""
    if page.key == first.key and page.key not in described_keys(turn.operation):
        check_alike(inquiry, first, page)


def _promised(page: Page, asked: int | None, first: Page) -> int | None:
    """Return how many items a page and those after it have to have, None where nothing says it.

    Who asks for more than a page has unasked may get fewer: a server that says so has a limit, and
    that is its right.
    """
    if asked is None:
        return page.per_page
    if page.per_page is not None and page.per_page < asked and asked > len(first.items):
        return page.per_page
    return asked
