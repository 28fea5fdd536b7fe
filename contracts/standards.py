"""What an answer is held to: descriptions, and what somebody reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final, Protocol

from contracts.conformance import Conformance
from contracts.departures import Departure
from contracts.examples import REASON, accepted_by_examples, response_examples
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import identify

_EVERY_OPERATION: Final = "*"
_HARMLESS: Final = frozenset({"schema-undocumented", "schema-unresolvable"})
"""Rules whose findings hurt nobody: who reads the other fields still finds them."""


class Reads(Protocol):
    """What consumers read, as `contracts.reliance` knows it."""

    def departures(self, exchange: Exchange) -> Sequence[Departure]:
        """Return what is absent though somebody reads it."""
        ...

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        """Return the consumers that a departure there hurts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What an answer is held to: the description that is tested; what is relied upon, where that is
    another; and what of it somebody reads.

    `accepted` says by cause, or by place in a component schema and kind (`contact/owner_id
    integer>string`), why a departure is accepted.
    """

    tested: Conformance
    relied: Conformance | None = None
    reads: Reads | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)

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
    accepted = accepted_by_examples(spec)
    for example in response_examples(spec):
        if not example.status.isdigit():
            continue
        operation = example.operation.operation
        shown = _exchange(operation, int(example.status), example.value)
        for departure in standard.relied_departures(shown):
            cause = identify(departure.rule, operation.identity, departure.location, departure.kind)
            accepted.setdefault(cause, REASON)
    return replace(standard, accepted={**accepted, **standard.accepted})


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
