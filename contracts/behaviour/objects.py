"""Who asks for an object gets that one, as the list shows it."""

from typing import Any, Final

from contracts.behaviour.inquiry import OBJECTS, Inquiry, Turn, document_of, is_json_object
from contracts.behaviour.lists import answers_from_example, page_of
from contracts.exchanges import Exchange
from contracts.spec import SpecOperation

_MAY_DIFFER: Final = frozenset({"type", "object", "body", "url"})
"""Fields that a list may show in another form than the object itself."""
_UNSTEADY: Final = ("_at", "_count", "_url")
"""Ends of the names of fields that may have changed by the time the object is read."""
_SECOND: Final = 1
"""The turn in which another object of a kind is read."""

Items = dict[str, dict[str, Any]]


def knows(operation: SpecOperation) -> str:
    """The ability to tell one object from another, of one operation."""
    return f"{operation.operation.identity} tells objects apart"


def one_object(inquiry: Inquiry, turn: Turn) -> None:
    """Read two objects of a list by their ids."""
    operation = turn.operation
    listing = _listing(inquiry, operation)
    if listing is None or answers_from_example(listing.operation, listing.exchange):
        return
    items = _items(listing, listing.exchange)
    first = list(turn.path_params.values())[-1]
    is_first = _hold(inquiry, turn, listing, turn.exchange, items, first)
    other = inquiry.fill(operation.operation, _SECOND)
    if other is not None and other != turn.path_params:
        exchange = inquiry.ask(operation, path_params=other)
        is_other = _hold(inquiry, turn, listing, exchange, items, list(other.values())[-1])
        if is_first and is_other:
            inquiry.show(knows(operation))


def unknown_object(inquiry: Inquiry, operation: SpecOperation, exchange: Exchange) -> None:
    """Look at what was answered for an object that does not exist."""
    inquiry.tried.add(OBJECTS)
    response = exchange.response
    if response is not None and response.status in (404, 410):
        inquiry.show(OBJECTS)
        inquiry.show(knows(operation))
    elif is_json_object(exchange):
        needs = (knows(operation),)
        inquiry.suspect(
            exchange, "read-other", "status", "404 for an unknown id", "2xx", needs=needs
        )


def _listing(inquiry: Inquiry, operation: SpecOperation) -> Turn | None:
    """Return the first answer of what lists the objects that an operation reads one of."""
    root, _, last = operation.operation.path.rpartition("/")
    if operation.operation.method != "GET" or not last.startswith("{") or "{" in root:
        return None
    asked = (f"GET {root}", f"POST {root}/search", f"POST {root}/list")
    return next((inquiry.first[one] for one in asked if one in inquiry.first), None)


def _items(listing: Turn, exchange: Exchange) -> Items:
    page = page_of(listing.operation, exchange)
    found = page.items if page else []
    return {str(one["id"]): one for one in found if isinstance(one.get("id"), str | int)}


def _hold(
    inquiry: Inquiry, turn: Turn, listing: Turn, exchange: Exchange, items: Items, asked: str
) -> bool:
    """Hold one answer to what the list shows of it; say whether it is what was asked for."""
    document = document_of(exchange)
    if not is_json_object(exchange) or "id" not in document or asked not in items:
        return False
    if answers_from_example(turn.operation, exchange):
        return False
    needs = (knows(turn.operation),)
    if str(document["id"]) != asked:
        inquiry.suspect(exchange, "read-other", "/id", "as asked for", "other", needs=needs)
        return False
    if not _differing(items[asked], document):
        return True
    # Somebody may have changed it in between: then both show the same now.
    relisted = inquiry.ask(listing.operation, path_params=listing.path_params, query=listing.query)
    now = _items(listing, relisted).get(asked)
    name = turn.operation.operation.path.rpartition("{")[2].rstrip("}")
    again = inquiry.ask(turn.operation, path_params={**turn.path_params, name: asked})
    if now is None or not is_json_object(again):
        return True
    for field in _differing(now, document_of(again)):
        inquiry.suspect(again, "read-differs", f"/{field}", "as listed", "other", needs=needs)
    return True


def _differing(item: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return the fields that both show, in the same type, and not the same."""
    return [
        name
        for name, value in item.items()
        if isinstance(value, str | int)
        and type(document.get(name)) is type(value)
        and document[name] != value
        and name not in _MAY_DIFFER
        and (name == "created_at" or not name.endswith(_UNSTEADY))
    ]
