"""Remove what a run created and did not remove: what its journal holds, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contracts.allowlist import NotAllowedError
from contracts.budget import BudgetSpentError, RateBudget
from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.exchanges import Exchange, Operation
from contracts.journal import Journal, Left, abandoned
from contracts.paging import next_page
from contracts.resources import RESOURCES, Resource, plain
from contracts.workspaces import Workspace

_GONE: Final = (404, 410)
_BY_KIND: Final[Mapping[str, Resource]] = {one.kind: one for one in RESOURCES}
SETTLING: Final = 10.0
"""Seconds in which an object that was just created may be missing from a search, which Intercom
calls eventually consistent without saying how long that is."""
LATEST: Final = 3600.0
"""Seconds after which a request that nobody saw answered has been carried out, or never will be:
much longer than any server works on one."""
MOST_PAGES: Final = 50
"""Pages of a list in which an object is looked for by its name."""


@dataclass(slots=True, kw_only=True)
class Cleaned:
    """What is gone; what could not be removed; what was looked for by its name and is nowhere, and
    stays in the journal because the request that creates it may still be under way. `requests` is
    what it took, `refused` why nothing may be removed, `living` how many runs are going on."""

    removed: list[Left] = field(default_factory=list)
    remaining: list[Left] = field(default_factory=list)
    missing: list[Left] = field(default_factory=list)
    requests: int = 0
    refused: str = ""
    living: int = 0


def clean_up(
    client: IntercomClient,
    journal: Journal,
    *,
    budget: RateBudget | None = None,
    cleaned: Cleaned | None = None,
) -> Cleaned:
    """Delete everything that the journal says may still be there, and add it to `cleaned`.

    Where the Intercom workspace is not the proven test workspace, nothing is removed.
    """
    cleaned = cleaned or Cleaned()
    cleaning = _Cleaning(
        client, journal, budget or RateBudget(clock=journal.clock, is_patient=True)
    )
    for left in journal.left():
        try:
            found = cleaning.remove(left)
        except (NotAllowedError, BudgetSpentError) as error:
            cleaned.refused = str(error)
            found = None
        if found or (found is not None and journal.age(left) > LATEST):
            journal.removed(left.kind, left.name)
            cleaned.removed.append(left)
        elif found is None:
            cleaned.remaining.append(left)
        else:
            cleaned.missing.append(left)
    cleaned.requests += cleaning.requests
    return cleaned


def clean_up_abandoned(
    client: IntercomClient, workspace: Workspace, folder: Path, *, clock: Clock
) -> Cleaned:
    """Delete what runs left whose process is gone; of those that go on nothing is touched."""
    cleaned = Cleaned()
    budget = RateBudget(clock=clock, is_patient=True)
    for journal in abandoned(workspace, folder, clock=clock):
        if journal is None:
            cleaned.living += 1
        else:
            clean_up(client, journal, budget=budget, cleaned=cleaned)
    return cleaned


class _Cleaning:
    def __init__(self, client: IntercomClient, journal: Journal, budget: RateBudget) -> None:
        self._client = client
        self._journal = journal
        self._budget = budget
        self.requests = 0

    def remove(self, left: Left) -> bool | None:
        """Delete one object; say whether it was there, None where it may still be."""
        resource = _BY_KIND.get(left.kind)
        if resource is None:
            return None
        if left.identifier is not None:
            return self._delete(resource, [left.identifier])
        # The answer to its creation never came: it is there under its name, or never was.
        found = self._find(resource, left.name)
        missing = SETTLING - self._journal.age(left)
        if found == [] and missing > 0:
            self._journal.clock.sleep(min(missing, SETTLING))
            found = self._find(resource, left.name)
        if not found:
            return None if found is None else False
        return self._delete(resource, found)

    def _delete(self, resource: Resource, identifiers: list[str]) -> bool | None:
        """Delete them; True where all are gone now, None where that is not certain."""
        gone = []
        for identifier in identifiers:
            exchange = self._send(resource.delete, identifier=identifier)
            status = exchange.response.status if exchange.response else None
            gone.append(exchange.is_success or status in _GONE)
        return True if all(gone) else None

    def _find(self, resource: Resource, name: str) -> list[str] | None:
        """Return the ids of the objects of this name; None where that cannot be said."""
        for items in self._pages(resource, name):
            if items is None:
                return None
            found = [
                str(item["id"])
                for item in items
                if item.get(resource.field) in (name, plain(name)) and "id" in item
            ]
            if found:
                return found
        return []

    def _pages(self, resource: Resource, name: str) -> Iterator[list[dict[str, Any]] | None]:
        """Yield the items of each page that the object may be on; None where a page is missing."""
        position: Mapping[str, str] = {}
        before: list[dict[str, Any]] | None = None
        seen = 0
        for _ in range(MOST_PAGES):
            exchange = self._ask(resource, name, position)
            if exchange.response is not None and exchange.response.status in _GONE:
                return
            document = exchange.response.document if exchange.response else None
            if not exchange.is_success or not isinstance(document, dict):
                yield None
                return
            items = _items(document)
            if items == before:
                if "starting_after" not in position:
                    return  # it gives the same page for ever
                # The descriptions show a cursor also where only a number is understood.
                position = {"page": str(seen + 1)}
                continue
            yield items
            if items == [document]:
                return  # there was no list, or an empty one: whatever it says, nothing follows
            before, seen = items, seen + 1
            pages = document.get("pages")
            told = next_page(pages.get("next")) if isinstance(pages, dict) else None
            if told is None:
                return
            if "starting_after" in told and "page" not in position:
                position = {"starting_after": told["starting_after"]}  # pages stay as large
            else:
                position = {"page": str(seen + 1)}
        yield None

    def _ask(self, resource: Resource, name: str, position: Mapping[str, str]) -> Exchange:
        """Ask for one page; a search takes its position in the body."""
        query = resource.find_query(name)
        if resource.find_body is None:
            return self._send(resource.find, query={**query, **position})
        body = resource.find_body(name)
        if "starting_after" in position:
            body = {**body, "pagination": dict(position)}
        return self._send(resource.find, query=query, body=body)

    def _send(
        self,
        identity: str,
        *,
        identifier: str | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
    ) -> Exchange:
        operation = Operation.parse(identity.replace("{}", "{id}"))
        params = {"id": identifier} if identifier is not None else {}
        while True:
            self._budget.wait_for_room()
            exchange = self._client.send(operation, path_params=params, query=query, body=body)
            self.requests += 1
            self._budget.observe(exchange)
            if exchange.response is None or exchange.response.status != 429:
                return exchange


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a list, or the one object that came instead of one."""
    items = [
        item
        for value in document.values()
        if isinstance(value, list)
        for item in value
        if isinstance(item, dict)
    ]
    return items or [document]
