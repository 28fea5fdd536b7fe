"""Mutants that show in every answer: one broken place in one operation each."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from planting.servers import Answer, Api, Ask, Documented

KINDS: Final = ("type", "null", "enum", "missing-required", "container", "renamed")
SUFFIX: Final = "_renamed"

_SCALARS: Final[dict[Any, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}

Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What is broken where. `pointers` are patterns under which a finding has it right."""

    kind: str
    method: str
    path: str
    place: Place

    @property
    def pointers(self) -> tuple[str, ...]:
        pointer = pattern(self.place)
        return (pointer, f"{pointer}{SUFFIX}") if self.kind == "renamed" else (pointer,)

    def __str__(self) -> str:
        return f"{self.kind:16} {self.method} {self.path} {pattern(self.place)}"


def pattern(place: Place) -> str:
    """Write a place as a pointer pattern."""
    return "/" + "/".join("*" if isinstance(step, int) else step for step in place)


def plant(
    described: Documented, operations: list[tuple[str, str]], *, count: int, seed: int
) -> list[Mutant]:
    """Choose `count` mutants over `operations` (method and path): as many operations as there are,
    and kinds as evenly as the examples let."""
    chance = random.Random(f"mutants {seed}")
    possible: dict[tuple[str, str], dict[str, list[Place]]] = {}
    for method, path in operations:
        _, schema, example = described.success(method, path)
        found: dict[str, list[Place]] = {}
        for kind, place in _candidates(described, schema, example, ()):
            found.setdefault(kind, []).append(place)
        if found:
            possible[method, path] = found
    planted: list[Mutant] = []
    counts = dict.fromkeys(KINDS, 0)
    waiting = sorted(possible)
    chance.shuffle(waiting)
    for method, path in waiting[:count]:
        found = possible[method, path]
        kind = min(found, key=lambda kind: (counts[kind], KINDS.index(kind)))
        counts[kind] += 1
        place = chance.choice(found[kind])
        planted.append(Mutant(kind=kind, method=method, path=path, place=place))
    return planted


def _candidates(
    described: Documented, schema: Any, value: Any, place: Place
) -> Iterator[tuple[str, Place]]:
    """Yield what can be broken in `value`: only where its schema says plainly what it must be."""
    nullable = isinstance(schema, dict) and schema.get("nullable") is True
    schema = described.resolve(schema)
    if not isinstance(schema, dict) or {"oneOf", "anyOf", "not"} & schema.keys():
        return
    properties, required, is_open, is_plain = _merged(described, schema)
    nullable = nullable or schema.get("nullable") is True
    type_ = schema.get("type") or ("object" if properties else None)
    if isinstance(value, dict) and type_ == "object" and is_plain:
        if place and not nullable:
            yield "container", place
        for name, item in value.items():
            child = properties.get(name)
            if child is None:
                continue
            below = (*place, name)
            if name in required:
                yield "missing-required", below
            if not is_open and f"{name}{SUFFIX}" not in properties:
                yield "renamed", below
            yield from _candidates(described, child, item, below)
    elif isinstance(value, list) and type_ == "array":
        if place:
            yield "container", place
        for index, item in enumerate(value[:1]):
            yield from _candidates(described, schema.get("items"), item, (*place, index))
    elif place and isinstance(value, _SCALARS.get(type_, ())):
        yield "type", place
        if not nullable:
            yield "null", place
        if type_ == "string" and value in (schema.get("enum") or ()):
            yield "enum", place


def _merged(
    described: Documented, schema: dict[str, Any]
) -> tuple[dict[str, Any], set[str], bool, bool]:
    """Return properties and required names of an object schema with those of its `allOf`; whether
    other names are allowed; whether that is all it says."""
    properties = dict(schema.get("properties") or {})
    required = set(schema.get("required") or ())
    is_open = schema.get("additionalProperties") not in (None, False)
    is_plain = True
    for part in schema.get("allOf") or ():
        part = described.resolve(part)
        if not isinstance(part, dict) or {"oneOf", "anyOf", "not"} & part.keys():
            is_plain = False
            continue
        more, needed, opens, plain = _merged(described, part)
        properties |= more
        required |= needed
        is_open, is_plain = is_open or opens, is_plain and plain
    return properties, required, is_open or not properties, is_plain


_BREAKING: Final[dict[str, Callable[[Any], Any]]] = {
    "type": lambda value: 7 if isinstance(value, str) else "seven",
    "null": lambda value: None,
    "enum": lambda value: "none-of-those",
    "container": lambda value: {} if isinstance(value, list) else [],
}


def broken(document: Any, mutant: Mutant) -> Any:
    """Return the document with the mutant's place broken; the same where it has no such place."""
    document = copy.deepcopy(document)
    *above, last = mutant.place
    holder = document
    for step in above:
        try:
            holder = holder[step]
        except (LookupError, TypeError):
            return document
    if isinstance(holder, dict) and last not in holder:
        return document
    if mutant.kind == "missing-required":
        del holder[last]
    elif mutant.kind == "renamed":
        holder[f"{last}{SUFFIX}"] = holder.pop(last)
    elif not isinstance(last, int) or last < len(holder):
        holder[last] = _BREAKING[mutant.kind](holder[last])
    return document


def mutated(api: Api, described: Documented, mutants: list[Mutant]) -> Api:
    """The same API with the mutants in it."""
    planted = {(mutant.method, mutant.path): mutant for mutant in mutants}

    def respond(ask: Ask) -> Answer:
        answer = api(ask)
        mutant = planted.get((ask.method, described.match(ask) or ""))
        if mutant is None or not 200 <= answer.status < 300 or answer.document is None:
            return answer
        return Answer(
            status=answer.status,
            document=broken(answer.document, mutant),
            headers=answer.headers,
        )

    return respond
