"""Searches return what their query says, with every operator and over several pages."""

from itertools import islice
from typing import Final

from contracts.behaviour.access import envelope
from contracts.behaviour.counts import check_only_page
from contracts.behaviour.inquiry import SEARCH, Inquiry, Turn, live
from contracts.behaviour.lists import (
    Page,
    answers_from_example,
    ask_page,
    halves,
    page_of,
    search_all,
)
from contracts.behaviour.orders import sort
from contracts.behaviour.queries import UNKNOWN_FIELD, Question, combine, mismatch, questions
from contracts.behaviour.shown import NOBODY, is_search
from contracts.spec import SpecOperation

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
            if not _hold(inquiry, turn, everything, asked[0]):
                continue  # it does not search by this field
            for one in asked[1:]:
                _hold(inquiry, turn, everything, one)
            if asked[0].operator == "=":
                combine(inquiry, turn, asked[0])
            break
    _miss_none(inquiry, turn, everything)
    sort(inquiry, turn, everything)
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
    for page in halves(inquiry, turn.operation, len(first.items), {"query": question.query}):
        if any(not question.holds(item.get(question.name)) for item in page.items):
            mismatch(inquiry, page, question.name, question.operator, "other")


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
