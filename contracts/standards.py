"""What an answer is held to: descriptions, and what somebody reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final, Protocol

from contracts.conformance import Conformance
from contracts.consumers import Consumer
from contracts.departures import Departure
from contracts.examples import REASON, accepted_by_examples, response_examples
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import identify
from contracts.pointers import escape

_EVERY_OPERATION: Final = "*"
_HARMLESS: Final = frozenset(
    {"schema-undocumented", "schema-unresolvable", "status-invalid-accepted"}
)
"""Rules whose findings hurt nobody: who reads the other fields still finds them."""


class Reads(Protocol):
    """What consumers read, as `contracts.reliance` knows it."""

    def departures(self, exchange: Exchange) -> Sequence[Departure]:
        """Return what is absent though somebody reads it."""
        ...

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        """Return the consumers that a departure there hurts."""
        ...

    def users(self, identity: str) -> Sequence[Consumer]:
        """Return the consumers that use an operation, as they describe themselves; everybody for
        `*`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What an answer is held to: the description that is tested; what is relied upon, where that is
    another; and what of it somebody reads.

    `accepted` says by cause, or by place in a component schema and kind (`contact/owner_id
    integer>string`), why a departure is accepted. `shown` says the same of what the description's
    own examples contradict; it does not hold where an operation's own example `keeps` the promise
    (operation identity and location).
    """

    tested: Conformance
    relied: Conformance | None = None
    reads: Reads | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    keeps: frozenset[tuple[str, str]] = frozenset()

    def departures(self, exchange: Exchange) -> Iterator[Departure]:
        """Yield how a whole answer departs from any of them, each place once."""
        seen: set[tuple[str, str]] = set()
        for departure in chain(self.relied_departures(exchange), self.tested.departures(exchange)):
            place = (departure.location, departure.observed)
            if place not in seen:
                seen.add(place)
                yield departure

    def relied_departures(self, exchange: Exchange) -> Iterator[Departure]:
        """Yield how an answer departs from what is relied upon, and from what somebody reads."""
        if self.relied is not None:
            # To rely on a field never means that no other may be: that is for the description.
            yield from (
                departure
                for departure in self.relied.departures(exchange)
                if departure.rule not in _HARMLESS
            )
        if self.reads is not None:
            yield from self.reads.departures(exchange)

    def why_accepted(
        self, operation: Operation | None, departure: Departure, cause: str
    ) -> str | None:
        """Say why a departure is accepted, or None where it is not."""
        place = f"{departure.schema_place} {departure.kind}"
        why = self.accepted.get(place) or self.accepted.get(cause) or self.shown.get(cause)
        if why is None and operation is not None:
            keeps = (operation.identity, departure.location) in self.keeps
            why = None if keeps else self.shown.get(place)
        return why

    def readers(self, operation: Operation | None, departure: Departure) -> tuple[str, ...]:
        """Return the consumers that a departure hurts; a field more hurts nobody."""
        if self.reads is None or departure.rule in _HARMLESS:
            return ()
        identity = operation.identity if operation else _EVERY_OPERATION
        return self.reads.readers(identity, departure.location)


def with_contradictions(standard: Standard) -> Standard:
    """Return the standard accepting also what the examples of the tested description show: from its
    own schemas wherever they are used, and from what is relied upon at exactly that operation."""
    spec = standard.tested.spec
    shown = accepted_by_examples(spec)
    places: set[tuple[str, str]] = set()
    broken: set[tuple[str, str]] = set()
    for example in response_examples(spec):
        if not example.status.isdigit():
            continue
        operation = example.operation.operation
        if example.status.startswith("2"):
            places.update((operation.identity, place) for place in _places(example.value, ""))
        exchange = _exchange(operation, int(example.status), example.value)
        broken.update((operation.identity, one.location) for one in standard.departures(exchange))
        for departure in standard.relied_departures(exchange):
            cause = identify(departure.rule, operation.identity, departure.location, departure.kind)
            shown.setdefault(cause, REASON)
    return replace(standard, shown=shown, keeps=frozenset(places - broken))


def _places(value: object, location: str) -> Iterator[str]:
    """Yield the location of everything inside a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            below = f"{location}/{escape(str(key))}"
            yield below
            yield from _places(item, below)
    elif isinstance(value, list):
        for item in value:
            yield f"{location}/*"
            yield from _places(item, f"{location}/*")


def _exchange(operation: Operation, status: int, document: object) -> Exchange:
    """Return an example as if it had been answered."""
    body = json.dumps(document, default=str).encode()
    headers = Headers({"Content-Type": "application/json"})
    return Exchange(
        workspace="-",
        region="-",
        version=None,
        operation=operation,
        request=Request(method=operation.method, url=operation.path),
        response=Response.of(status, headers, body),
        started_at=datetime.fromtimestamp(0, UTC),
    )
