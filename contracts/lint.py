"""Find what is broken in a description itself.

A description that contradicts itself cannot tell drift from its own mistakes, and one reference
that leads nowhere lets other tools pass every answer that uses it. Each defect has a kind and the
JSON Pointer of the place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.examples import response_examples
from contracts.explanation import violations
from contracts.pointers import escape, objects, references
from contracts.rules import Severity
from contracts.spec import Spec

DANGLING_REFERENCE: Final = "dangling-reference"
UNDECLARED_PARAMETER: Final = "undeclared-path-parameter"
REQUIRED_WITHOUT_PROPERTY: Final = "required-without-property"
NULLABLE_REFERENCE: Final = "nullable-beside-reference"
NULLABLE_ENUM: Final = "nullable-enum-without-null"
BROKEN_EXAMPLE: Final = "example-breaks-schema"
BROKEN_EXAMPLE_FORMAT: Final = "example-breaks-format"

KINDS: Final[dict[str, tuple[Severity, str]]] = {
    DANGLING_REFERENCE: (
        Severity.CRITICAL,
        "a $ref leads nowhere: whatever uses it cannot be checked",
    ),
    UNDECLARED_PARAMETER: (
        Severity.WARNING,
        "the path has a parameter that is not declared in it",
    ),
    REQUIRED_WITHOUT_PROPERTY: (
        Severity.WARNING,
        "a name is required that the schema itself has no property for",
    ),
    BROKEN_EXAMPLE: (Severity.WARNING, "an example of an answer breaks the answer's own schema"),
    BROKEN_EXAMPLE_FORMAT: (
        Severity.INFO,
        "an example of an answer keeps its schema but for a format",
    ),
    NULLABLE_REFERENCE: (
        Severity.INFO,
        "nullable stands beside $ref, where strict OpenAPI 3.0 ignores it (intercheck honours it)",
    ),
    NULLABLE_ENUM: (
        Severity.INFO,
        "an enum is nullable but does not list null (intercheck accepts null)",
    ),
}
"""Every kind of defect, the gravest first: how much it matters and what it is."""

_TEMPLATE: Final = re.compile(r"\{([^{}/]*)\}")
_PARTS: Final = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing that is broken. `pointer` is a JSON Pointer into the description; `detail` names
    what is meant (a reference, a parameter, a departure), never a value of an example."""

    kind: str
    pointer: str
    detail: str

    @property
    def severity(self) -> Severity:
        return KINDS[self.kind][0]


def lint(spec: Spec) -> tuple[Defect, ...]:
    """Return every defect, the gravest kinds first, each kind in the order of the document."""
    found = [
        *_dangling_references(spec),
        *_undeclared_parameters(spec),
        *_schema_defects(spec),
        *_broken_examples(spec),
    ]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda defect: order.index(defect.kind)))


def _dangling_references(spec: Spec) -> Iterator[Defect]:
    for pointer, ref in references(spec.document):
        if ref in spec.unresolvable:
            yield Defect(kind=DANGLING_REFERENCE, pointer=pointer, detail=ref)


def _undeclared_parameters(spec: Spec) -> Iterator[Defect]:
    for operation in spec.operations:
        declared = {
            parameter.name for parameter in operation.parameters if parameter.location == "path"
        }
        for name in _TEMPLATE.findall(operation.operation.path):
            if name not in declared:
                yield Defect(kind=UNDECLARED_PARAMETER, pointer=operation.pointer, detail=name)


def _broken_examples(spec: Spec) -> Iterator[Defect]:
    for example in response_examples(spec):
        departures = violations(example.node, example.value)
        if not departures:
            continue
        is_format = all(departure.rule == "schema-format" for departure in departures)
        yield Defect(
            kind=BROKEN_EXAMPLE_FORMAT if is_format else BROKEN_EXAMPLE,
            pointer=example.pointer,
            detail=", ".join(f"{found.location} {found.kind}" for found in departures),
        )


def _schema_defects(spec: Spec) -> Iterator[Defect]:
    for pointer, schema, outer in _all_schemas(spec):
        if schema.get("nullable") is True:
            if "$ref" in schema:
                yield Defect(kind=NULLABLE_REFERENCE, pointer=pointer, detail=str(schema["$ref"]))
            elif isinstance(schema.get("enum"), list) and None not in schema["enum"]:
                yield Defect(kind=NULLABLE_ENUM, pointer=pointer, detail="enum")
        required = schema.get("required")
        if not isinstance(required, list) or "$ref" in schema:
            continue
        names = outer | _property_names(spec, schema, frozenset())
        for name in required:
            if names and name not in names:
                yield Defect(kind=REQUIRED_WITHOUT_PROPERTY, pointer=pointer, detail=str(name))


def _all_schemas(spec: Spec) -> Iterator[tuple[str, dict[str, Any], frozenset[str]]]:
    """Yield every schema with its pointer and the properties that schemas around it describe for
    the same value."""

    def below(
        pointer: str, schema: Any, outer: frozenset[str]
    ) -> Iterator[tuple[str, dict[str, Any], frozenset[str]]]:
        if not isinstance(schema, dict):
            return
        yield pointer, schema, outer
        for name, child in objects(schema.get("properties")):
            yield from below(f"{pointer}/properties/{escape(name)}", child, frozenset())
        for keyword in ("items", "additionalProperties", "not"):
            yield from below(f"{pointer}/{keyword}", schema.get(keyword), frozenset())
        around = outer | _property_names(spec, schema, frozenset())
        for keyword in _PARTS:
            for index, part in enumerate(schema.get(keyword) or ()):
                yield from below(f"{pointer}/{keyword}/{index}", part, around)

    def search(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any], frozenset[str]]]:
        """Find the schemas that stand outside `components/schemas`."""
        if isinstance(value, dict):
            for key, child in value.items():
                if key == "schema":
                    yield from below(f"{pointer}/schema", child, frozenset())
                elif key not in ("example", "examples"):
                    yield from search(child, f"{pointer}/{escape(key)}")
        elif isinstance(value, list):
            for index, child in enumerate(value):
                yield from search(child, f"{pointer}/{index}")

    components = spec.document.get("components")
    for name, schema in objects(components.get("schemas") if components else None):
        yield from below(f"/components/schemas/{escape(name)}", schema, frozenset())
    for section, content in objects(components):
        if section != "schemas":
            yield from search(content, f"/components/{escape(section)}")
    yield from search(spec.document["paths"], "/paths")


def _property_names(spec: Spec, schema: Any, seen: frozenset[str]) -> frozenset[str]:
    """Names of the properties that `schema` describes whatever branch applies: a name that only
    branches describe is lost on whoever generates code from the schema."""
    if not isinstance(schema, dict):
        return frozenset()
    ref = schema.get("$ref")
    if isinstance(ref, str):
        if ref in seen or ref in spec.unresolvable:
            return frozenset()
        return _property_names(spec, spec.resolve(ref), seen | {ref})
    names = frozenset(name for name, _ in objects(schema.get("properties")))
    for part in schema.get("allOf") or ():
        names |= _property_names(spec, part, seen)
    return names
