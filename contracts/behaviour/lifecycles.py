"""What was written is read, and what was deleted is gone: create, read, update, archive, delete.

Everything that is created is named `intercheck-…` and stands in the journal before it is sent, so
that it is removed whatever happens to this process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.behaviour.inquiry import DELETION, PERSISTENCE, Inquiry, Turn, document_of
from contracts.behaviour.lists import page_of
from contracts.exchanges import Exchange
from contracts.journal import Journal
from contracts.resources import RESOURCES, Resource
from contracts.spec import Spec, SpecOperation

LONGEST_LIFE: Final = 9
"""Requests from creation to the list that lacks it; a life that would be cut short is not begun."""

_GONE: Final = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The life of one object of a kind, in the terms of one description."""

    resource: Resource
    create: SpecOperation
    read: SpecOperation
    delete: SpecOperation


def lifecycles(spec: Spec) -> Iterator[Lifecycle]:
    """Yield those that the description has all operations for."""
    for resource in RESOURCES:
        create, read = spec.get(resource.create), spec.get(resource.read)
        delete = spec.get(resource.delete)
        if create is not None and read is not None and delete is not None:
            yield Lifecycle(resource=resource, create=create, read=read, delete=delete)


def live_through(
    inquiry: Inquiry, life: Lifecycle, journal: Journal, *, author: str | None
) -> None:
    """Let one object live, and look at every step."""
    name = f"intercheck-{inquiry.run_id}-{life.resource.kind}"
    body = life.resource.body(name, author)
    if body is None:
        return
    inquiry.tried |= {PERSISTENCE, DELETION}
    journal.planned(life.resource.kind, name)
    made = inquiry.ask(life.create, body=body)
    document = document_of(made)
    identifier = document.get("id") if isinstance(document, dict) else None
    if not made.is_success or not isinstance(identifier, (str, int)):
        if made.response is not None and 400 <= made.response.status < 500:
            journal.removed(life.resource.kind, name)  # refused: nothing was made
        return
    journal.created(life.resource.kind, name, str(identifier))
    if document.get(life.resource.field) != name:
        # It answers from examples: what was never made cannot be lost.
        journal.removed(life.resource.kind, name)
        return
    _live(inquiry, life, str(identifier), name)
    _end(inquiry, life, journal, str(identifier), name)


def _live(inquiry: Inquiry, life: Lifecycle, identifier: str, name: str) -> None:
    """Read, change, read again, archive, read again."""
    resource = life.resource
    if _read(inquiry, life, identifier, resource.field, name):
        inquiry.show(PERSISTENCE)
    update = inquiry.spec.get(resource.update) if resource.update else None
    if update is not None:
        changed = inquiry.ask(
            update,
            path_params=_path(update, identifier),
            body={resource.changes: f"{name}-changed"},
        )
        if changed.is_success:
            _read(inquiry, life, identifier, resource.changes, f"{name}-changed")
    archive = inquiry.spec.get(resource.archive) if resource.archive else None
    if archive is not None:
        archived = inquiry.ask(archive, path_params=_path(archive, identifier))
        if archived.is_success:
            inquiry.ask(life.read, path_params=_path(life.read, identifier))


def _read(inquiry: Inquiry, life: Lifecycle, identifier: str, field: str, value: str) -> bool:
    """Read the object and say whether a field is what was written."""
    seen = inquiry.ask(life.read, path_params=_path(life.read, identifier))
    document = document_of(seen)
    if isinstance(document, dict) and seen.is_success and document.get(field) == value:
        return True
    status = seen.response.status if seen.response else None
    if status in _GONE:
        inquiry.suspect(seen, "write-lost", "status", "2xx", "not found", needs=(PERSISTENCE,))
    elif isinstance(document, dict) and seen.is_success:
        inquiry.suspect(
            seen, "write-lost", f"/{field}", "as written", "other", needs=(PERSISTENCE,)
        )
    return False


def _end(inquiry: Inquiry, life: Lifecycle, journal: Journal, identifier: str, name: str) -> None:
    """Delete the object; then it is neither read nor listed."""
    resource = life.resource
    deleted = inquiry.ask(life.delete, path_params=_path(life.delete, identifier))
    if not deleted.is_success:
        return  # the journal keeps it for the next clean-up
    journal.removed(resource.kind, name)
    seen = inquiry.ask(life.read, path_params=_path(life.read, identifier))
    if seen.response is not None and seen.response.status in _GONE:
        inquiry.show(DELETION)
    elif seen.is_success:
        # The journal has it again: it has to go.
        journal.planned(resource.kind, name)
        journal.created(resource.kind, name, identifier)
        _undeleted(inquiry, seen, "status", "404")
    listing = inquiry.spec.get(resource.list) if resource.list else None
    if listing is not None:
        listed = inquiry.ask(listing)
        page = page_of(listing, listed)
        if page is not None and identifier in page.ids:
            _undeleted(inquiry, listed, f"/{page.key}/*/id", "absent")


def _undeleted(inquiry: Inquiry, seen: Exchange, location: str, expected: str) -> None:
    inquiry.suspect(seen, "write-undeleted", location, expected, "present", needs=(DELETION,))


def _path(operation: SpecOperation, identifier: str) -> dict[str, str]:
    names = [one.strip("{}") for one in operation.operation.path.split("/") if one.startswith("{")]
    return dict.fromkeys(names, identifier)


def author_of(turns: dict[str, Turn]) -> str | None:
    """Return the id of an admin, who writes articles."""
    turn = turns.get("GET /admins")
    page = page_of(turn.operation, turn.exchange) if turn else None
    ids: list[Any] = page.ids if page else []
    return str(ids[0]) if ids else None
