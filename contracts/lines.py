"""On which line of a description a promise stands: what a finding is shown at.

The nearest place that has a line is named: a field that nobody documented stands where its parent
does.
"""

from collections.abc import Iterator
from typing import Any, Final

from contracts.documents import Document
from contracts.pointers import follow
from contracts.spec import Spec, SpecOperation

_ITEMS: Final = "data"
"""What Intercom's lists call their items, also where a description names them otherwise."""
_PARTS: Final = ("allOf", "oneOf", "anyOf")
_DEEPEST: Final = 60  # references and parts on the way to one place; published ones stay under 20

Steps = tuple[str | int, ...]


def line_of(document: Document, spec: Spec, identity: str, location: str) -> int:
    """Return the line (from 1) of what the operation with this `identity` promises at `location`, a
    pointer pattern into its answer or anything else a finding says; 1 where no line is known."""
    operation = spec.get(identity)
    if operation is None:
        return 1
    steps = _steps(operation.pointer)
    if location.startswith("/"):
        schema = _answer(document.value, operation, steps)
        if schema is not None:
            tokens = location.split("/")[1:] if location != "/" else []
            names = [token.replace("~1", "/").replace("~0", "~") for token in tokens]
            steps = _walk(document.value, schema, names, _DEEPEST)
    while steps:
        line = document.line(*steps)
        if line is not None:
            return line
        steps = steps[:-1]
    return 1


def _steps(pointer: str) -> Steps:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _answer(value: Any, operation: SpecOperation, steps: Steps) -> Steps | None:
    """Lead to the schema of the first documented success."""
    for status in sorted(operation.responses):
        if status.startswith("2"):
            response = _resolved(value, (*steps, "responses", status))
            schema = (*response, "content", "application/json", "schema")
            if _at(value, schema) is not None:
                return schema
    return None


def _walk(value: Any, steps: Steps, names: list[str], left: int, *, is_part: bool = False) -> Steps:
    """Follow `names` into the schema at `steps`, as far as it goes."""
    steps = _resolved(value, steps)
    if not names or left == 0:
        return steps
    deepest = steps
    for below in _below(value, steps, names[0]):
        return _walk(value, below, names[1:], left - 1)
    for part in _parts(value, steps):
        found = _walk(value, part, names, left - 1, is_part=True)
        if found != _resolved(value, part):
            return found
    if names[0] == _ITEMS and not is_part:  # of a part, another part may have them
        for below in _only_array(value, steps):
            return _walk(value, below, names[1:], left - 1)
    return deepest


def _below(value: Any, steps: Steps, name: str) -> Iterator[Steps]:
    schema = _at(value, steps)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(properties, dict) and name in properties:
        yield (*steps, "properties", name)
    elif name == "*" and isinstance(schema.get("items"), dict):
        yield (*steps, "items")
    elif name == "*" and isinstance(schema.get("additionalProperties"), dict):
        yield (*steps, "additionalProperties")


def _only_array(value: Any, steps: Steps) -> Iterator[Steps]:
    """Yield the property that is an array, where one alone is."""
    properties = _at(value, (*steps, "properties"))
    found = [
        (*steps, "properties", name)
        for name in (properties if isinstance(properties, dict) else ())
        if _at(value, (*_resolved(value, (*steps, "properties", name)), "type")) == "array"
    ]
    if len(found) == 1:
        yield found[0]


def _parts(value: Any, steps: Steps) -> Iterator[Steps]:
    schema = _at(value, steps)
    if isinstance(schema, dict):
        for keyword in _PARTS:
            parts = schema.get(keyword)
            for index in range(len(parts) if isinstance(parts, list) else 0):
                yield (*steps, keyword, index)


def _resolved(value: Any, steps: Steps) -> Steps:
    """Follow the references at `steps`; those that lead nowhere stay."""
    for _ in range(_DEEPEST):
        found = _at(value, steps)
        ref = found.get("$ref") if isinstance(found, dict) else None
        if not isinstance(ref, str) or not ref.startswith("#/"):
            break
        try:
            follow(value, ref[1:])
        except LookupError:
            break
        steps = _steps(ref[1:])
    return steps


def _at(value: Any, steps: Steps) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
