"""Read the answer of a list operation: where its items are, and where the next page is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from contracts.behaviour.inquiry import SEARCH, Inquiry, document_of
from contracts.behaviour.shown import ANYBODY, EVERYTHING, answer_examples
from contracts.errors import SpecError
from contracts.exchanges import Exchange
from contracts.paging import next_page
from contracts.spec import SpecOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. `key` is where the items are, None where they are at no documented place.

    `says_pages` is whether the answer calls itself one of several, `says_number` which, and
    `total_pages` of how many. `next` are the parameters that ask for the next page, None where
    there is none.
    """

    exchange: Exchange
    key: str | None
    items: list[dict[str, Any]]
    says_pages: bool
    says_number: int | None
    total_pages: int | None
    per_page: int | None
    total: int | None
    type: str | None
    next: Mapping[str, str] | None

    @property
    def ids(self) -> list[str]:
        """The ids of the items that have one."""
        return [str(item["id"]) for item in self.items if item.get("id") is not None]

    @property
    def number(self) -> int:
        """Which page it is; the first where it does not say."""
        return self.says_number or 1


def keys_of(operation: SpecOperation) -> tuple[str, ...]:
    """Return the names under which a list operation has its items: those that are described, and
    those that the description's own examples show."""
    return _keys(operation)


@cache
def _keys(operation: SpecOperation) -> tuple[str, ...]:
    shown = (
        name
        for example in answer_examples(operation)
        for name, value in (example.items() if isinstance(example, dict) else ())
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    )
    return tuple(dict.fromkeys((*described_keys(operation), *shown)))


def described_keys(operation: SpecOperation) -> tuple[str, ...]:
    """Return the names under which the schema of a list operation has its items."""
    spec = operation.spec
    try:
        schema = operation.response_schema(200)
        properties = spec.dereference(schema).get("properties") if schema else None
        return tuple(
            name
            for name, raw in (properties.items() if isinstance(properties, dict) else ())
            if spec.dereference(raw).get("type") == "array"
        )
    except SpecError:
        return ()


def page_of(operation: SpecOperation, exchange: Exchange) -> Page | None:
    """Read an answer as a page; None where it is no success with an object."""
    document = document_of(exchange)
    if not exchange.is_success or not isinstance(document, dict):
        return None
    key = next((one for one in keys_of(operation) if isinstance(document.get(one), list)), None)
    items = [item for item in document[key] if isinstance(item, dict)] if key else []
    pages = document.get("pages")
    told = pages if isinstance(pages, dict) else {}
    return Page(
        exchange=exchange,
        key=key,
        items=items,
        says_pages="per_page" in told or told.get("next") is not None,
        says_number=_number(told.get("page")),
        total_pages=_number(told.get("total_pages")),
        per_page=_number(told.get("per_page")),
        total=_number(document.get("total_count")),
        type=document["type"] if isinstance(document.get("type"), str) else None,
        next=next_page(told.get("next")),
    )


def answers_from_example(operation: SpecOperation, exchange: Exchange) -> bool:
    """Whether an answer is the description's own example: then nothing there reacts."""
    page = page_of(operation, exchange)
    for example in answer_examples(operation):
        if example == document_of(exchange):
            return True
        shown = example.get(page.key) if page and page.key and isinstance(example, dict) else None
        ids = [str(one.get("id")) for one in shown or () if isinstance(one, dict)]
        if page and ids and ids == page.ids:
            return True
    return False


def ask_page(
    inquiry: Inquiry,
    operation: SpecOperation,
    *,
    path_params: Mapping[str, str],
    position: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
) -> Page | None:
    """Ask for a page; a search takes its position in the body."""
    if body is not None and "query" in body:
        pagination: dict[str, Any] = {**body.get("pagination", {}), **position}
        if "per_page" in pagination:
            pagination["per_page"] = int(pagination["per_page"])
        pagination.pop("page", None)
        exchange = inquiry.ask(
            operation, path_params=path_params, body={**body, "pagination": pagination}
        )
    else:
        exchange = inquiry.ask(operation, path_params=path_params, query=position, body=body)
    return page_of(operation, exchange)


def search_all(inquiry: Inquiry, operation: SpecOperation) -> tuple[Mapping[str, Any], Page | None]:
    """Search for everything; return the question that finds something, and its first page. Where
    the usual one finds nothing and another does, the usual one is misunderstood."""
    page = ask_page(inquiry, operation, path_params={}, position={}, body=EVERYTHING)
    if page is None or page.items or page.key is None:
        return EVERYTHING, page
    other = ask_page(inquiry, operation, path_params={}, position={}, body=ANYBODY)
    if other is None or not other.items or answers_from_example(operation, other.exchange):
        return EVERYTHING, page
    query = EVERYTHING["query"]
    place = f"/{page.key}/*/{query['field']}"
    inquiry.suspect(
        page.exchange,
        "search-mismatch",
        place,
        f"search {query['operator']}",
        "absent",
        needs=(SEARCH,),
    )
    return ANYBODY, other


def follow(
    inquiry: Inquiry,
    operation: SpecOperation,
    page: Page,
    *,
    most: int,
    path_params: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
) -> Iterator[Page]:
    """Yield the page and at most `most` after it; a page that only repeats the one before it is the
    last, as nothing else would come."""
    yield page
    is_numbered = False
    for _ in range(most):
        if page.next is None:
            return
        numbered = _numbered(page)
        following = ask_page(
            inquiry,
            operation,
            path_params=path_params,
            position=numbered if is_numbered else {**page.next, **_size(page)},
            body=body,
        )
        is_repeated = following is not None and set(following.ids) <= set(page.ids)
        if is_repeated and not is_numbered and "starting_after" in page.next:
            # The descriptions show a cursor also where only a number of the page is understood.
            second = ask_page(
                inquiry, operation, path_params=path_params, position=numbered, body=body
            )
            if second is not None and second.ids != page.ids:
                following, is_numbered = second, True
        if following is None:
            return
        is_repeated = bool(following.ids) and set(following.ids) <= set(page.ids)
        page = following
        yield page
        if is_repeated:
            return


def halves(
    inquiry: Inquiry, operation: SpecOperation, count: int, body: Mapping[str, Any]
) -> list[Page]:
    """Ask for `count` items in two pages."""
    size = {"per_page": str(-(-count // 2))}
    first = ask_page(inquiry, operation, path_params={}, position=size, body=body)
    if first is None:
        return []
    return list(follow(inquiry, operation, first, most=1, path_params={}, body=body))


def _numbered(page: Page) -> dict[str, str]:
    """Return what asks for the page after this one by its number."""
    return {**_size(page), "page": str(page.number + 1)}


def _size(page: Page) -> dict[str, str]:
    """Return what asks for a page as large as this one."""
    return {"per_page": str(page.per_page)} if page.per_page else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
