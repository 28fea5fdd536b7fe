"""Whose turn is next: the operation whose next answer is most likely to show something new.

After every operation had one turn, a budget of requests goes where it tells most. Each reason is a
number that can be read off a run, and their sum decides; nothing here is random.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contracts.generation import Question
from contracts.spec import SpecOperation

NEWS: Final = 2.0
"""Weight of a last turn that showed something new: where one unknown field was, more are."""
UNSEEN: Final = 2.0
"""Weight of the share of documented fields and values of enums that no answer had yet."""
UNTRIED: Final = 1.0
"""Weight of the share of documented parameters that were never sent."""
SILENT: Final = 1.0
"""Weight of never having succeeded: one success shows all that a failure hides; but most that
never succeed lack an object to show, and no question changes that."""
WEARY: Final = 0.5
"""What each turn costs, so that no operation keeps the others waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is known of an operation whose turn it could be; `unseen` and `untried` are shares."""

    turns: int
    has_succeeded: bool
    brought_news: bool
    unseen: float
    untried: float


Order = Callable[[Prospect], float]


def promise(one: Prospect) -> float:
    """Return how much the next turn promises."""
    return (
        NEWS * one.brought_news
        + UNSEEN * one.unseen
        + UNTRIED * one.untried
        + SILENT * (not one.has_succeeded)
        - WEARY * one.turns
    )


class Tries:
    """Which documented parameters of each operation were sent."""

    def __init__(self) -> None:
        self._documented: dict[str, frozenset[str]] = {}
        self._sent: dict[str, set[str]] = {}

    def sent(self, operation: SpecOperation, question: Question) -> None:
        """Note what a question had."""
        identity = operation.operation.identity
        self._sent.setdefault(identity, set()).update(_traits(question))

    def new_in(self, operation: SpecOperation, question: Question) -> int:
        """Count what a question has that none before had."""
        sent = self._sent.get(operation.operation.identity, set())
        return len(set(_traits(question)) & self._of(operation) - sent)

    def count(self, operations: Iterable[SpecOperation]) -> tuple[int, int]:
        """Count what was sent of what these operations document, and what they document."""
        sent, documented = 0, 0
        for operation in operations:
            all_ = self._of(operation)
            documented += len(all_)
            sent += len(all_ & self._sent.get(operation.operation.identity, set()))
        return sent, documented

    def untried(self, operation: SpecOperation) -> float:
        """Return the share of what is documented that was never sent."""
        documented = self._of(operation)
        sent = self._sent.get(operation.operation.identity, set())
        return len(documented - sent) / len(documented) if documented else 0.0

    def _of(self, operation: SpecOperation) -> frozenset[str]:
        identity = operation.operation.identity
        if identity not in self._documented:
            self._documented[identity] = frozenset(_documented(operation))
        return self._documented[identity]


def _documented(operation: SpecOperation) -> Iterator[str]:
    for parameter in operation.parameters:
        if parameter.location == "query":
            yield f"?{parameter.name}"
            for value in _choices(parameter.schema):
                yield f"?{parameter.name}={value}"
    schema = operation.request_schema
    properties = operation.spec.dereference(schema).get("properties") if schema else None
    for name in properties if isinstance(properties, dict) else ():
        yield f"/{name}"


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if isinstance(schema.get("enum"), list):
        return tuple(map(str, schema["enum"]))
    return ("true", "false") if schema.get("type") == "boolean" else ()


def _traits(question: Question) -> Iterator[str]:
    for name, value in question.case.query.items():
        yield f"?{name}"
        yield f"?{name}={str(value).lower() if isinstance(value, bool) else value}"
    if isinstance(question.case.body, dict):
        yield from (f"/{name}" for name in question.case.body)
