"""Remove what a run created and did not remove: what its journal holds, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.client import IntercomClient
from contracts.exchanges import Exchange, Operation
from contracts.journal import Journal, Left
from contracts.resources import RESOURCES, Resource

_GONE: Final = (404, 410)
_BY_KIND: Final[Mapping[str, Resource]] = {one.kind: one for one in RESOURCES}
SETTLING: Final = 10.0
"""Seconds in which an object that was just created may be missing from a search, which Intercom
calls eventually consistent without saying how long that is."""
MOST_PAGES: Final = 50
"""Pages of a list in which an object is looked for by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was removed, what could not be, and the requests it took."""

    removed: tuple[Left, ...]
    remaining: tuple[Left, ...]
    requests: int


def clean_up(client: IntercomClient, journal: Journal) -> Cleaned:
    """Delete everything that the journal says may still be there.

    Raises NotAllowedError where the Intercom workspace is not a proven test workspace.
    """
    cleaning = _Cleaning(client, journal)
    removed: list[Left] = []
    remaining: list[Left] = []
    for left in journal.left():
        if cleaning.remove(left):
            journal.removed(left.kind, left.name)
            removed.append(left)
        else:
            remaining.append(left)
    return Cleaned(removed=tuple(removed), remaining=tuple(remaining), requests=cleaning.requests)


class _Cleaning:
    def __init__(self, client: IntercomClient, journal: Journal) -> None:
        self._client = client
        self._journal = journal
        self.requests = 0

    def remove(self, left: Left) -> bool:
        """Delete one object; say whether it is certain that it is gone."""
        resource = _BY_KIND.get(left.kind)
        if resource is None:
            return False
        if left.identifier is not None:
            return self._delete(resource, left.identifier)
        # The answer to its creation never came: it is there under its name, or never was.
        found = self._find(resource, left.name)
        if found == [] and self._journal.wait_until(left, seconds=SETTLING):
            found = self._find(resource, left.name)
        return found is not None and all(self._delete(resource, one) for one in found)

    def _delete(self, resource: Resource, identifier: str) -> bool:
        exchange = self._send(resource.delete, identifier=identifier)
        status = exchange.response.status if exchange.response else None
        return exchange.is_success or status in _GONE

    def _find(self, resource: Resource, name: str) -> list[str] | None:
        """Return the ids of the objects of this name; None where that cannot be said."""
        query: dict[str, str] = resource.find_query(name)
        body = resource.find_body(name) if resource.find_body else None
        for number in range(1, MOST_PAGES + 1):
            exchange = self._send(resource.find, query=query, body=body)
            if exchange.response is not None and exchange.response.status in _GONE:
                return []
            document = exchange.response.document if exchange.response else None
            if not exchange.is_success or not isinstance(document, dict):
                return None
            found = [
                str(item["id"])
                for item in _items(document)
                if item.get(resource.field) == name and "id" in item
            ]
            pages = document.get("pages")
            if found or not (isinstance(pages, dict) and pages.get("next")) or body is not None:
                return found
            query = {**query, "page": str(number + 1)}
        return None

    def _send(
        self,
        identity: str,
        *,
        identifier: str | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
    ) -> Exchange:
        self.requests += 1
        operation = Operation.parse(identity.replace("{}", "{id}"))
        params = {"id": identifier} if identifier is not None else {}
        return self._client.send(operation, path_params=params, query=query, body=body)


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
