"""What was written is read, and what was deleted is gone: create, read, update, archive, delete.

Everything that is created is named `intercheck-…` and stands in the journal before it is sent, so
that it is removed whatever happens to this process.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.allowlist import NotAllowedError
from contracts.behaviour.inquiry import (
    DELETION,
    LISTED,
    PERSISTENCE,
    SEARCH,
    Inquiry,
    document_of,
)
from contracts.behaviour.lists import page_of
from contracts.behaviour.presence import Sighting, found_by, listings
from contracts.behaviour.shown import answer_examples
from contracts.behaviour.written import GONE, Written, path_of
from contracts.budget import BudgetSpentError
from contracts.exchanges import Exchange
from contracts.journal import Journal
from contracts.resources import DESCRIPTION, RESOURCES, Resource, is_ours
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


def live_through(inquiry: Inquiry, life: Lifecycle, journal: Journal) -> None:
    """Let one object live, and look at every step."""
    resource = life.resource
    name = resource.name(inquiry.run_id)
    body = resource.body(name, inquiry.known)
    if body is None:
        return
    inquiry.tried |= {PERSISTENCE, DELETION}
    journal.planned(resource.kind, name)
    try:
        made = inquiry.ask(life.create, body=body)
    except (NotAllowedError, BudgetSpentError):
        journal.removed(resource.kind, name)  # nothing was sent
        raise
    document = document_of(made)
    identifier = document.get("id") if isinstance(document, dict) else None
    if made.response is not None and made.response.status in _REFUSED:
        journal.removed(resource.kind, name)
    if not made.is_success or not isinstance(identifier, (str, int)):
        return  # cleaning up looks for what may have been made by its name
    is_named = any(is_ours(document.get(field), written) for field, written in body.items())
    if not is_named and not _is_new(inquiry, life, made):
        return  # it answers from examples, or with something that is not ours to change
    journal.created(resource.kind, name, str(identifier))
    written = Written(inquiry, life.read, str(identifier), body)
    written.hold(made)
    _Life(inquiry, life, journal, written, name).live()


def _is_new(inquiry: Inquiry, life: Lifecycle, made: Exchange) -> bool:
    """Whether an object can only be the one that was just made, whatever it is called: the whole
    list of its kind was seen before, and it was not there."""
    identity = life.resource.list or ""
    listing, turn = inquiry.spec.get(identity), inquiry.first.get(identity)
    if listing is None or turn is None:
        return False
    listed = page_of(listing, inquiry.walked.get(identity, turn.exchange))
    shown = (example for one in (life.create, life.read) for example in answer_examples(one))
    known = {str(one.get("id")) for one in shown if isinstance(one, dict)}
    is_whole = listed is not None and listed.key is not None and listed.next is None
    return is_whole and str(document_of(made)["id"]) not in known | set(
        listed.ids if listed else ()
    )


class _Life:
    """The life of one object, from its creation to its end."""

    def __init__(
        self, inquiry: Inquiry, life: Lifecycle, journal: Journal, written: Written, name: str
    ) -> None:
        self._inquiry = inquiry
        self._life = life
        self._resource = life.resource
        self._journal = journal
        self._written = written
        self._name = name

    def live(self) -> None:
        """Read, change, read again, list, search, archive, read again, delete."""
        if self._written.read():
            self._inquiry.show(PERSISTENCE)
        update = self._inquiry.spec.get(self._resource.update) if self._resource.update else None
        if update is not None:
            self._change(update, {self._resource.changes: f"{self._name}-changed"})
            if self._resource.also is not None:
                self._change(update, {self._resource.also: f"{DESCRIPTION} Changed."})
        self._look_in_lists()
        archive = self._inquiry.spec.get(self._resource.archive) if self._resource.archive else None
        if archive is not None:
            archived = self._inquiry.ask(archive, path_params=self._path(archive))
            if archived.is_success:
                self._inquiry.ask(self._life.read, path_params=self._path(self._life.read))
        self._end(update)

    def _change(self, update: SpecOperation, fields: Mapping[str, str]) -> None:
        """What is named is changed, and nothing else."""
        changed = self._inquiry.ask(update, path_params=self._path(update), body=fields)
        if changed.is_success:
            self._written.change(fields)
            self._written.hold(changed)
            self._written.read()

    def _look_in_lists(self) -> None:
        """It is listed as it was written, and found; nothing else has become like it."""
        identifier = self._written.identifier
        for listed in listings(self._inquiry, self._resource, self._name):
            self._hold_others(listed)
            if identifier in listed.items:
                self._inquiry.show(LISTED)
                for field in self._written.lost_in(listed.items[identifier]):
                    listed.suspect(
                        self._inquiry, "write-lost", "as written", "other", PERSISTENCE, field=field
                    )
            elif listed.is_whole:
                listed.suspect(self._inquiry, "write-unlisted", "present", "absent", LISTED)
        found = found_by(self._inquiry, self._resource, self._name)
        if found is not None and identifier not in found.items:
            found.suspect(self._inquiry, "search-stale", "present", "absent", SEARCH)

    def _hold_others(self, listed: Sighting) -> None:
        others = [one for key, one in listed.items.items() if key != self._written.identifier]
        for field, value in self._written.texts():
            # No other object was ever called that.
            if any(one.get(field) == value for one in others):
                listed.suspect(
                    self._inquiry, "write-spread", "one object", "several", LISTED, field=field
                )

    def _end(self, update: SpecOperation | None) -> None:
        """Delete the object; then it is neither read nor changed nor listed nor found."""
        inquiry, life, identifier = self._inquiry, self._life, self._written.identifier
        deleted = inquiry.ask(life.delete, path_params=self._path(life.delete))
        if not deleted.is_success:
            return  # the journal keeps it for the next clean-up
        document = document_of(deleted)
        told = document if isinstance(document, dict) else {}
        needs = (DELETION,)
        if str(told.get("id", identifier)) != identifier:
            inquiry.suspect(deleted, "read-other", "/id", "as asked for", "other", needs=needs)
        if told.get("deleted") is False:
            inquiry.suspect(deleted, "write-undeleted", "/deleted", "true", "false", needs=needs)
        seen = inquiry.ask(life.read, path_params=self._path(life.read))
        is_gone = seen.response is not None and seen.response.status in GONE
        if is_gone:
            inquiry.show(DELETION)
        elif seen.is_success:
            inquiry.suspect(seen, "write-undeleted", "status", "404", "present", needs=needs)
        if not seen.is_success:  # else the journal keeps it: it has to go
            self._journal.removed(self._resource.kind, self._name)
        if update is not None and is_gone:
            fields = {self._resource.changes: f"{self._name}-late"}
            late = inquiry.ask(update, path_params=self._path(update), body=fields)
            if late.is_success:
                inquiry.suspect(late, "write-undeleted", "status", "404", "changed", needs=needs)
        for listed in listings(inquiry, self._resource, self._name):
            if identifier in listed.items:
                listed.suspect(inquiry, "write-undeleted", "absent", "present", DELETION)
        found = found_by(inquiry, self._resource, self._name)
        if found is not None and identifier in found.items:
            found.suspect(inquiry, "search-stale", "absent", "present", SEARCH)

    def _path(self, operation: SpecOperation) -> dict[str, str]:
        return path_of(operation, self._written.identifier)
