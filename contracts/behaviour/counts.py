"""What a list says of itself adds up: the number of the page, of the pages, and of the items."""

from collections.abc import Iterator
from typing import Any, Final

from contracts.behaviour.inquiry import COUNTS, NESTED, NUMBERS, PAGES, Inquiry, document_of
from contracts.behaviour.lists import Page
from contracts.behaviour.shown import answer_examples
from contracts.exchanges import Exchange
from contracts.spec import SpecOperation

_RULE: Final = "pagination-incoherent"
_MAPS: Final = frozenset({"custom_attributes", "metadata"})
"""Free-form maps: their keys are customers' data."""


def check_numbers(inquiry: Inquiry, page: Page, number: int) -> None:
    """Hold the page that was met as the `number`th of a walk to what it says of itself."""
    if page.says_number == number and number > 1:
        inquiry.show(NUMBERS)
    elif page.says_number is not None and page.says_number != number:
        _suspect(inquiry, page, "/pages/page", "number of the page", "other", NUMBERS)
    if page.total_pages is None:
        return
    if page.total is not None and page.per_page:
        counted = max(1, -(-page.total // page.per_page))
        if page.total_pages == counted > 1:
            inquiry.show(COUNTS)
        elif max(1, page.total_pages) != counted:
            _suspect(inquiry, page, "/pages/total_pages", "number of pages", "other", COUNTS)
            return
    if page.next is None and number < page.total_pages:
        _suspect(inquiry, page, "/pages/next", "next page", "absent", COUNTS)
    if page.next is not None and number >= page.total_pages:
        _suspect(inquiry, page, "/pages/next", "absent", "next page", COUNTS)


def check_only_page(inquiry: Inquiry, page: Page) -> None:
    """Hold the total of an answer that has all items at once to their number."""
    if page.total is None or page.next is not None or page.key is None:
        return
    if page.total == len(page.items):
        inquiry.show(COUNTS)
    else:
        _suspect(inquiry, page, "/total_count", "number of items", "other", COUNTS)


def check_total(inquiry: Inquiry, page: Page, before: Page, after: Page) -> None:
    """Hold the total of a later page to that of the first, asked for `before` and `after` it: what
    others add or remove shows there as well."""
    if page.total != before.total == after.total:
        _suspect(inquiry, page, "/total_count", "same on every page", "other", PAGES)


def check_nested(inquiry: Inquiry, operation: SpecOperation, exchange: Exchange) -> None:
    """Hold each list inside an answer to the number of items that it says it has."""
    places = dict(_nested(document_of(exchange), ""))
    if any(places.values()):
        inquiry.show(NESTED)
    shown_wrong = {
        place
        for example in answer_examples(operation)
        for place, is_right in _nested(example, "")
        if not is_right
    }
    for place, is_right in places.items():
        if not is_right and place not in shown_wrong:
            inquiry.suspect(
                exchange, _RULE, f"{place}/total_count", "number of items", "other", needs=(NESTED,)
            )


def _nested(value: Any, place: str) -> Iterator[tuple[str, bool]]:
    """Yield the place of each list inside a value that says how many items it has, and whether it
    has as many."""
    if isinstance(value, list):
        for item in value:
            yield from _nested(item, f"{place}/*")
    if not isinstance(value, dict):
        return
    items, total, more = value.get("data"), value.get("total_count"), value.get("has_more")
    if place and isinstance(items, list) and isinstance(total, int) and isinstance(more, bool):
        yield place, total > len(items) if more else total == len(items)
    for key, item in value.items():
        yield from _nested(item, f"{place}/{key}") if key not in _MAPS else ()


def _suspect(
    inquiry: Inquiry, page: Page, location: str, expected: str, observed: str, ability: str
) -> None:
    inquiry.suspect(page.exchange, _RULE, location, expected, observed, needs=(ability,))
