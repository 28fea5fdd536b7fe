"""What was written is read, and what was deleted is gone: create, read, update, archive, delete.

Everything that is created is named `intercheck-…` and stands in the journal before it is sent, so
that it is removed whatever happens to this process.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.allowlist import NotAllowedError
from contracts.behaviour.inquiry import (
    DELETION,
    LISTED,
    PERSISTENCE,
    SEARCH,
    Inquiry,
    Turn,
    document_of,
)
from contracts.behaviour.lists import page_of
from contracts.behaviour.presence import found_by, listed_of
from contracts.behaviour.written import GONE, Written, path_of
from contracts.budget import BudgetSpentError
from contracts.journal import Journal
from contracts.resources import RESOURCES, Resource
from contracts.spec import Spec, SpecOperation

LONGEST_LIFE: Final = 18
"""Requests from creation to the list that lacks it; a life that would be cut short is not begun."""


_REFUSED: Final = frozenset({400, 401, 402, 403, 404, 405, 406, 413, 415, 422, 429})
"""Statuses that say that nothing was made. A 408 or a 409 does not, nor does a 5xx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The life of one object of a kind, in the terms of one description."""

    resource: Resource
    create: SpecOperation
    read: SpecOperation
    delete: SpecOperation


def lifecycles(spec: Spec, chosen: Container[str]) -> Iterator[Lifecycle]:
    """Yield those that the description has all operations for, and that are `chosen` (identities)
    from creation to deletion."""
    for resource in RESOURCES:
        create, read = spec.get(resource.create), spec.get(resource.read)
        delete = spec.get(resource.delete)
        is_whole = resource.create in chosen and resource.delete in chosen
        if is_whole and create is not None and read is not None and delete is not None:
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
    try:
        made = inquiry.ask(life.create, body=body)
    except (NotAllowedError, BudgetSpentError):
        journal.removed(life.resource.kind, name)  # nothing was sent
        raise
    document = document_of(made)
    identifier = document.get("id") if isinstance(document, dict) else None
    if made.response is not None and made.response.status in _REFUSED:
        journal.removed(life.resource.kind, name)
    if not made.is_success or not isinstance(identifier, (str, int)):
        return  # cleaning up looks for what may have been made by its name
    if document.get(life.resource.field) != name:
        return  # it answers from examples, or with something that is not ours to change
    journal.created(life.resource.kind, name, str(identifier))
    written = Written(inquiry, life.read, str(identifier), body)
    written.hold(made)
    _live(inquiry, life, written, name)
    _end(inquiry, life, journal, written, name)


def _live(inquiry: Inquiry, life: Lifecycle, written: Written, name: str) -> None:
    """Read, list, change, read again, search, archive, read again."""
    resource, identifier = life.resource, written.identifier
    if written.read():
        inquiry.show(PERSISTENCE)
        _list(inquiry, resource, identifier, name)
    update = inquiry.spec.get(resource.update) if resource.update else None
    if update is not None:
        fields = {resource.changes: f"{name}-changed"}
        changed = inquiry.ask(update, path_params=path_of(update, identifier), body=fields)
        if changed.is_success:
            written.change(fields)
            written.hold(changed)
            written.read()
    found = found_by(inquiry, resource, name)
    if found is not None and identifier not in found.ids:
        found.suspect(inquiry, "search-stale", "present", "absent", SEARCH)
    archive = inquiry.spec.get(resource.archive) if resource.archive else None
    if archive is not None:
        archived = inquiry.ask(archive, path_params=path_of(archive, identifier))
        if archived.is_success:
            inquiry.ask(life.read, path_params=path_of(life.read, identifier))


def _list(inquiry: Inquiry, resource: Resource, identifier: str, name: str) -> None:
    """Look for the object where its kind is listed."""
    listed = listed_of(inquiry, resource, name)
    if listed is not None and identifier in listed.ids:
        inquiry.show(LISTED)
    elif listed is not None and listed.is_whole:
        listed.suspect(inquiry, "write-unlisted", "present", "absent", LISTED)


def _end(inquiry: Inquiry, life: Lifecycle, journal: Journal, written: Written, name: str) -> None:
    """Delete the object; then it is neither read nor listed nor found."""
    resource, identifier = life.resource, written.identifier
    deleted = inquiry.ask(life.delete, path_params=path_of(life.delete, identifier))
    if not deleted.is_success:
        return  # the journal keeps it for the next clean-up
    document = document_of(deleted)
    echoed = document.get("id", identifier) if isinstance(document, dict) else identifier
    if str(echoed) != identifier:
        inquiry.suspect(deleted, "read-other", "/id", "as asked for", "other", needs=(DELETION,))
    seen = inquiry.ask(life.read, path_params=path_of(life.read, identifier))
    if seen.response is not None and seen.response.status in GONE:
        inquiry.show(DELETION)
    elif seen.is_success:
        inquiry.suspect(seen, "write-undeleted", "status", "404", "present", needs=(DELETION,))
    if not seen.is_success:  # else the journal keeps it: it has to go
        journal.removed(resource.kind, name)
    listed = listed_of(inquiry, resource, name)
    if listed is not None and identifier in listed.ids:
        listed.suspect(inquiry, "write-undeleted", "absent", "present", DELETION)
    found = found_by(inquiry, resource, name)
    if found is not None and identifier in found.ids:
        found.suspect(inquiry, "search-stale", "absent", "present", SEARCH)


def author_of(turns: dict[str, Turn]) -> str | None:
    """Return the id of an admin, who writes articles."""
    turn = turns.get("GET /admins")
    page = page_of(turn.operation, turn.exchange) if turn else None
    ids: list[Any] = page.ids if page else []
    return str(ids[0]) if ids else None
