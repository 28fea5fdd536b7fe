"""A description's own examples, and where they contradict its schemas.

Intercom's examples are taken from real answers more often than its schemas are. Where the two
disagree the API does what the example shows, so exactly that departure is no news.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.departures import Departure
from contracts.errors import SpecError
from contracts.explanation import explain
from contracts.findings import identify
from contracts.pointers import escape, objects
from contracts.schemas import Node, Schemas
from contracts.spec import Spec, SpecOperation

REASON: Final = "the description's own example shows it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A documented example of an answer, with the schema it is an example of."""

    operation: SpecOperation
    status: str
    pointer: str
    value: Any
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A departure that a description's own example shows: exactly this is no drift.

    `schema_place` says where in a component schema, and holds wherever that schema is used; where
    it is None, only `operation` (its identity) and `location` are meant.
    """

    operation: str
    location: str
    schema_place: str | None
    rule: str
    expected: str
    observed: str

    @property
    def key(self) -> str:
        """How a ledger of deviations names it."""
        kind = f"{self.expected}>{self.observed}"
        if self.schema_place is not None:
            return f"{self.schema_place} {kind}"
        return identify(self.rule, self.operation, self.location, kind)

    def covers(self, operation: str, departure: Departure) -> bool:
        """Whether `departure`, seen at the operation with this identity, is the one shown."""
        if (departure.rule, departure.expected, departure.observed) != (
            self.rule,
            self.expected,
            self.observed,
        ):
            return False
        if self.schema_place is not None:
            return departure.schema_place == self.schema_place
        return (operation, departure.location) == (self.operation, self.location)


def self_contradictions(spec: Spec, schemas: Schemas | None = None) -> frozenset[Contradiction]:
    """Return each departure that an example of an answer shows from its own schema, undocumented
    fields included. `schemas` are the description's, where somebody else reads them, too."""
    return frozenset(
        Contradiction(
            operation=example.operation.operation.identity,
            location=departure.location,
            schema_place=departure.schema_place,
            rule=departure.rule,
            expected=departure.expected,
            observed=departure.observed,
        )
        for example in response_examples(spec, schemas)
        for departure in explain(example.node, example.value)
    )


def response_examples(spec: Spec, schemas: Schemas | None = None) -> Iterator[Example]:
    """Yield every example of an answer that has a schema, in the order of the document."""
    schemas = schemas or Schemas(spec)
    for operation in spec.operations:
        for status, raw in operation.responses.items():
            try:
                response = spec.dereference(raw)
            except SpecError:
                continue  # reported as a dangling reference
            pointer = f"{operation.pointer}/responses/{escape(status)}"
            for media_type, media in objects(response.get("content")):
                schema = media.get("schema")
                if not isinstance(schema, dict):
                    continue
                node = schemas.node(schema)
                place = f"{pointer}/content/{escape(media_type)}"
                for where, value in _examples(media):
                    yield Example(
                        operation=operation,
                        status=status,
                        pointer=f"{place}/{where}",
                        value=value,
                        node=node,
                    )


def _examples(media: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in media:
        yield "example", media["example"]
    for name, example in objects(media.get("examples")):
        if "value" in example:
            yield f"examples/{escape(name)}/value", example["value"]


def accepted_by_examples(spec: Spec, schemas: Schemas | None = None) -> dict[str, str]:
    """Return the self-contradictions as a ledger of deviations: `place kind` in a component schema
    (`contact/owner_id integer>string`), or the cause of a finding; and why it is accepted."""
    return {contradiction.key: REASON for contradiction in self_contradictions(spec, schemas)}
