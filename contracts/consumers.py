"""Who relies on the API, and on which fields of which answers.

A consumer names the fields it reads as pointer patterns: JSON Pointers (RFC 6901) in which `*`
stands for any item of a list and any key of a free-form map. The embedded contract lists three
typical ones; users name their own instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from contracts.errors import ConfigurationError
from contracts.exchanges import Operation
from contracts.objectives import Objective, read_objective, read_timeout
from contracts.schemas import Node, Schemas
from contracts.shapes import Shape, shape_of
from contracts.spec import Spec, SpecOperation

EXTENSION: Final = "x-consumers"
"""Where a description lists its consumers, at the top."""
ITEM: Final = "*"
_KEYS: Final = frozenset({"name", "owner", "runbook", "timeout", "objective", "reads"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Somebody who relies on the API.

    `reads` has pointer patterns by the identity of an operation. `runbook` is the URL of what to do
    when it breaks. `timeout` is how long the consumer itself waits for an answer, `objective`
    what it wants of the latency, where it says so.
    """

    name: str
    owner: str
    runbook: str
    reads: Mapping[str, tuple[str, ...]] = field(repr=False)
    timeout: timedelta | None = None
    objective: Objective | None = None


def consumers_of(spec: Spec) -> tuple[Consumer, ...]:
    """Return the consumers that a description lists itself, none where it lists none; raises
    ConfigurationError as `read_consumers` does."""
    return read_consumers(spec.document.get(EXTENSION, []), spec, source=spec.source)


def read_consumers(entries: object, spec: Spec, *, source: str) -> tuple[Consumer, ...]:
    """Read consumers from plain mappings and hold what they read to `spec`.

    Raises ConfigurationError, with `source`, for an entry that is malformed, an operation or field
    that `spec` does not know (with the nearest right one), or a name that is given twice.
    """
    if not isinstance(entries, list):
        raise ConfigurationError(f"{source}: consumers are a list, one mapping each.")
    fields = Fields(spec)
    consumers: dict[str, Consumer] = {}
    for index, entry in enumerate(entries):
        consumer = _consumer(entry, fields, source=f"{source}: consumer {index + 1}")
        if consumer.name in consumers:
            raise ConfigurationError(
                f"{source}: two consumers are called {consumer.name!r}; give each its own name."
            )
        consumers[consumer.name] = consumer
    return tuple(consumers.values())


class Fields:
    """The fields that a description knows of each operation's successful answer."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._schemas = Schemas(spec)

    def of(self, identity: str) -> list[Node]:
        """Return the schema of the first documented success, as the only alternative."""
        operation = self.spec.get(identity)
        schema = _success(operation) if operation else None
        return [] if schema is None else [self._schemas.node(schema)]

    @staticmethod
    def below(shape: Shape, step: str) -> list[Node]:
        """Return the alternatives that one step leads to, none where the schema does not say."""
        if step == ITEM:
            return shape.items or shape.values_of_map
        return shape.fields.get(step) or shape.values_of_map

    def knows(self, identity: str, pattern: str) -> bool:
        """Whether the schema says anything of a place in an operation's answer."""
        nodes = self.of(identity)
        for step in split_pattern(pattern):
            nodes = self.below(shape_of(nodes), step) if nodes else []
        return bool(nodes)

    def check(self, operation: SpecOperation, pattern: str, *, where: str) -> None:
        """Raise ConfigurationError where the schema knows no such field."""
        nodes = self.of(operation.operation.identity)
        if not nodes:
            raise ConfigurationError(
                f"{where}: {operation.operation} answers with no JSON to read."
            )
        reached = ""
        for step in split_pattern(pattern):
            shape = shape_of(nodes)
            nodes = self.below(shape, step)
            known_open = {"object", "array"} if step == ITEM else {"object"}
            if not nodes and not (shape.is_open and shape.kinds <= known_open):
                known = list(shape.fields) + [ITEM] * bool(shape.items)
                raise ConfigurationError(
                    f"{where}: {operation.operation} has no field {pattern}: "
                    f"{reached or 'the answer'} knows no {step!r}{_nearest(step, known)}."
                )
            if not nodes:
                return  # a free-form map: whatever lies below is the customer's
            reached += f"/{step}"


def split_pattern(pattern: str) -> tuple[str, ...]:
    """Return the steps of a pointer pattern, unescaped."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pattern.split("/")[1:])


def _consumer(entry: object, fields: Fields, *, source: str) -> Consumer:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{source} is not a mapping.")
    for key in entry:
        if key not in _KEYS:
            raise ConfigurationError(
                f"{source} has an unknown key {key!r}{_nearest(str(key), _KEYS)}."
            )
    for key in ("name", "owner", "runbook"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ConfigurationError(f"{source} needs `{key}`, as text.")
    where = f"{source} ({entry['name']})"
    if not entry["runbook"].startswith(("https://", "http://")):
        raise ConfigurationError(f"{where}: `runbook` is a URL, of what to do when it breaks.")
    return Consumer(
        name=entry["name"],
        owner=entry["owner"],
        runbook=entry["runbook"],
        reads=_reads(entry.get("reads"), fields, where=where),
        timeout=read_timeout(entry.get("timeout"), where=where),
        objective=read_objective(entry.get("objective"), where=where),
    )


def _reads(reads: object, fields: Fields, *, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(reads, dict) or not reads:
        raise ConfigurationError(f"{where} needs `reads`: pointer patterns by operation.")
    found: dict[str, tuple[str, ...]] = {}
    for title, patterns in reads.items():
        try:
            identity = Operation.parse(str(title)).identity
        except ValueError as error:
            raise ConfigurationError(f"{where}: {error}.") from None
        operation = fields.spec.get(identity)
        if operation is None:
            titles = [str(known.operation) for known in fields.spec.operations]
            raise ConfigurationError(
                f"{where} reads {title}, which {fields.spec.source} does not know"
                f"{_nearest(str(title), titles)}."
            )
        if not isinstance(patterns, list) or not patterns:
            raise ConfigurationError(
                f"{where}: what it reads of {title} is not a list of patterns."
            )
        for pattern in patterns:
            if not _is_pattern(pattern):
                raise ConfigurationError(
                    f"{where}: {pattern!r} is not a pointer pattern such as /data/*/email."
                )
            fields.check(operation, pattern, where=where)
        found[identity] = tuple(dict.fromkeys((*found.get(identity, ()), *patterns)))
    return found


def _success(operation: SpecOperation) -> dict[str, Any] | None:
    """The schema of the first documented success that has one."""
    for status in sorted(operation.responses):
        if status.startswith("2") and status.isdigit():
            schema = operation.response_schema(int(status))
            if schema is not None:
                return schema
    return None


def _is_pattern(pattern: object) -> bool:
    """Whether it is a JSON Pointer (RFC 6901) to something below the root."""
    if not isinstance(pattern, str) or not pattern.startswith("/") or len(pattern) == 1:
        return False
    return all(
        step and "~" not in step.replace("~0", "").replace("~1", "")
        for step in pattern[1:].split("/")
    )


def _nearest(word: str, known: Iterable[str]) -> str:
    found = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
