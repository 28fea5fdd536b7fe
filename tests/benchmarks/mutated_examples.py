"""Break the descriptions' own examples, one place at a time, and see each break found at its place.

Every version at hand, every GET: the example of its success is taken, a place in it is broken by
kind (another type, null, a value nobody lists, a required field gone, a field nobody described,
another format, milliseconds), and the answer is held to the description as a pass does after its
census. What is due is told by a reader of its own below, which shares nothing with the one under
test; places under `oneOf`, `anyOf` and free keys are left out, since more than one thing may be
said there.

`--check` exits 1 where a break is not found at its place.
"""

import argparse
import copy
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from drift import is_due

from contracts.conformance import Conformance
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.spec import Spec, read_spec
from monitors.detectors import Context, detect

SHARED: Final = Path(__file__).parents[3] / "shared" / "intercom-openapi"
PER_OPERATION: Final = 6
OTHER: Final[dict[str, object]] = {
    **dict.fromkeys(("integer", "number", "boolean"), "text"),
    **dict.fromkeys(("string", "array", "object"), 7),
}
TIMES: Final = ("date-time", "timestamp")
MALFORMED: Final = {"uri": "no uri", "email": "nobody", "date": "then", "uuid": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way to break a document: what is put at `steps` (nothing: it is taken away), and the
    pointer pattern where that is due."""

    kind: str
    steps: tuple[str | int, ...]
    value: object = None
    is_gone: bool = False

    @property
    def location(self) -> str:
        names = ["*" if isinstance(step, int) else _escaped(step) for step in self.steps]
        return "/" + "/".join(names)

    def applied(self, document: Any) -> Any:
        broken = copy.deepcopy(document)
        at = broken
        for step in self.steps[:-1]:
            at = at[step]
        if self.is_gone:
            del at[self.steps[-1]]
        else:
            at[self.steps[-1]] = self.value
        return broken


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


class Reader:
    """Reads what a description says of an example, without the code under test."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def breaks(self, schema: Any, value: Any, steps: tuple[str | int, ...]) -> Iterator[Break]:
        """Yield every way to break `value`, which stands at `steps`."""
        schema, nullable = self._resolved(schema)
        if schema is None or len(steps) > 8:
            return
        if steps:
            yield from self._itself(schema, nullable, value, steps)
        if isinstance(value, list) and value:
            yield from self.breaks(schema.get("items"), value[0], (*steps, 0))
        properties = schema.get("properties")
        if not isinstance(value, dict) or not isinstance(properties, dict):
            return
        if "additionalProperties" not in schema:
            yield Break(kind="undocumented", steps=(*steps, "entirely_new"), value="x")
        for name in schema.get("required", ()):
            if name in value:
                yield Break(kind="required", steps=(*steps, name), is_gone=True)
        for name, item in value.items():
            if name in properties:
                yield from self.breaks(properties[name], item, (*steps, name))

    def _itself(
        self, schema: dict[str, Any], nullable: bool, value: Any, steps: tuple[str | int, ...]
    ) -> Iterator[Break]:
        written = schema.get("type")
        if value is None or written not in OTHER:
            return
        yield Break(kind="type", steps=steps, value=OTHER[written])
        if not nullable:
            yield Break(kind="null", steps=steps, value=None)
        if written == "string" and isinstance(schema.get("enum"), list):
            yield Break(kind="enum", steps=steps, value="entirely_new")
        # That of request_id is the one format that is known to be wrong.
        if schema.get("format") in MALFORMED and steps[-1] != "request_id":
            yield Break(kind="format", steps=steps, value=MALFORMED[schema["format"]])
        name = steps[-1] if steps else ""
        is_time = schema.get("format") in TIMES or str(name).endswith("_at")
        if written == "integer" and is_time:
            yield Break(kind="milliseconds", steps=steps, value=1_750_000_000_000)

    def _resolved(self, schema: Any) -> tuple[dict[str, Any] | None, bool]:
        nullable = False
        while isinstance(schema, dict) and "$ref" in schema:
            nullable |= schema.get("nullable") is True
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(step) if isinstance(target, dict) else None
            schema = target
        if not isinstance(schema, dict) or schema.keys() & {"allOf", "anyOf", "oneOf", "not"}:
            return None, nullable
        return schema, nullable or schema.get("nullable") is True


def examples(spec: Spec) -> Iterator[tuple[Operation, Any, Any]]:
    """Yield each GET with the schema and the first example of its success."""
    for path, item in spec.document["paths"].items():
        content = (
            item.get("get", {})
            .get("responses", {})
            .get("200", {})
            .get("content", {})
            .get("application/json", {})
        )
        several = [one["value"] for one in content.get("examples", {}).values() if "value" in one]
        if "example" in content:
            several.insert(0, content["example"])
        if several and "schema" in content:
            yield Operation(method="GET", path=path), content["schema"], several[0]


def exchange_of(operation: Operation, version: str | None, document: Any) -> Exchange:
    """Make a document the answer to an operation."""
    body = json.dumps(document, default=str).encode()
    return Exchange(
        workspace="mutants",
        region="us",
        version=version,
        operation=operation,
        request=Request(method="GET", url=f"https://api.intercom.io{operation.path}"),
        response=Response.of(200, Headers({"Content-Type": "application/json"}), body),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def main() -> int:
    """Break, judge, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("descriptions", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-operation", type=int, default=PER_OPERATION)
    parser.add_argument("--check", action="store_true", help="exit 1 where the bar is missed")
    options = parser.parse_args()
    paths = options.descriptions or sorted(SHARED.glob("*.yaml"))
    if not paths:
        print(f"Nothing is measured: there are no descriptions in {SHARED}.")
        return int(options.check)
    random = Random(options.seed)
    made: Counter[str] = Counter()
    missed: list[str] = []
    for path in paths:
        spec = read_spec(path)
        context = Context(published=Conformance(spec), known=frozenset())
        reader = Reader(spec.document)
        for operation, schema, example in examples(spec):
            possible = list(reader.breaks(schema, example, ()))
            for broken in random.sample(possible, min(len(possible), options.per_operation)):
                made[broken.kind] += 1
                answer = exchange_of(operation, spec.version, broken.applied(example))
                found = detect(answer, context)
                if not any(is_due(one.location, [broken.location]) for one in found):
                    missed.append(f"{path.name} {operation} {broken.kind} {broken.location}")
    for kind, count in sorted(made.items()):
        print(f"{kind:14}{count:6}")
    for line in missed:
        print(f"  MISSED {line}")
    total = sum(made.values())
    print(f"{total - len(missed)} of {total} breaks found at their place (bar: all)")
    return int(options.check and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
