"""Generated cases: what to send, operation by operation, the same for the same seed."""

import zlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisException
from schemathesis.core.result import Ok
from schemathesis.errors import SchemathesisError

from contracts.errors import SpecError
from contracts.exchanges import Operation
from contracts.spec import JSON, Spec, SpecOperation

MOST_CASES: Final = 5
"""Cases of one operation; what five generated ones do not show, the sixth seldom does."""

_HOME: Final = "http://localhost"
"""Base URL for Schemathesis: whatever a description calls its server, the application is there."""

_NOT_ASKED: Final = ("Authorization", "Intercom-Version")
"""Headers that Schemathesis makes up and that never pass the gate: cases that differ in nothing
else are the same."""

_Case = schemathesis.Case[Any]
_Operation = schemathesis.APIOperation[Any, Any, Any, Any]


class CannotGenerateError(Exception):
    """An operation for which there are no cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A case. `is_plain` says that it asks only what has to be asked, with the values that the
    description shows: it is meant to work."""

    case: _Case
    is_plain: bool = False


class Cases:
    """Cases of positive data for the operations of a description; each is given once.

    `application` (WSGI) is what they call.
    """

    def __init__(self, spec: Spec, application: Callable[..., Any], *, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._drawn: dict[str, list[Question]] = {}
        self._given: set[int] = set()
        config = schemathesis.Config.from_dict(
            {
                "base-url": _HOME,
                # It would look for values in the source of the application, which is ours.
                "analysis": {"constants": {"enabled": False}},
            }
        )
        # Schemathesis works on the document it is given.
        schema = schemathesis.openapi.from_dict(deepcopy(spec.document), config=config)
        schema.app = application
        self._operations: dict[str, _Operation] = {}
        for found in schema.get_all_operations():
            if isinstance(found, Ok):
                operation = found.ok()
                named = Operation(method=operation.method.upper(), path=operation.path)
                self._operations[named.identity] = operation

    def next(self, operation: Operation, path_parameters: dict[str, str]) -> Question | None:
        """Return a case with these path parameters that differs from all before; None where there
        is no more. Raises CannotGenerateError."""
        identity = operation.identity
        if identity not in self._drawn:
            if identity not in self._operations:
                raise CannotGenerateError("Schemathesis cannot read its definition")
            try:
                self._drawn[identity] = self._questions(identity)
            except (HypothesisException, SchemathesisError, SpecError) as error:
                raise CannotGenerateError(
                    f"no case can be generated ({type(error).__name__})"
                ) from error
        waiting = self._drawn[identity]
        while waiting:
            question = waiting.pop(0)
            question.case.path_parameters.update(path_parameters)
            for header in _NOT_ASKED:
                question.case.headers.pop(header, None)
            likeness = hash(question.case)
            if likeness not in self._given:
                self._given.add(likeness)
                return question
        return None

    def _questions(self, identity: str) -> list[Question]:
        plain, *others = _draw(
            self._operations[identity], self._seed ^ zlib.crc32(identity.encode())
        )
        _simplify(plain, self._spec.get(identity))
        return [Question(case=plain, is_plain=True), *(Question(case=case) for case in others)]


def _simplify(case: _Case, documented: SpecOperation | None) -> None:
    """Make a case the plainest question there is: one that is refused teaches nothing of the
    answer."""
    if documented is None:
        return
    for parameter in documented.parameters:
        if parameter.location == "query":
            example = first_example(parameter.definition, parameter.schema)
            if not parameter.required:
                case.query.pop(parameter.name, None)
            elif example is not None:
                case.query[parameter.name] = example
    body = documented.definition.get("requestBody")
    content = documented.spec.dereference(body).get("content") if isinstance(body, dict) else None
    media = content.get(JSON) if isinstance(content, dict) else None
    if isinstance(media, dict):
        example = first_example(media, media.get("schema"))
        if example is not None:
            case.body, case.media_type = deepcopy(example), JSON


def first_example(*holders: object) -> Any:
    """Return the first example that any of the objects (media types, schemas, parameters) shows,
    None where there is none."""
    for holder in holders:
        if not isinstance(holder, dict):
            continue
        if "example" in holder:
            return holder["example"]
        examples = holder.get("examples")
        for shown in examples.values() if isinstance(examples, dict) else ():
            if isinstance(shown, dict) and "value" in shown:
                return shown["value"]
    return None


def _draw(operation: _Operation, seed: int) -> list[_Case]:
    drawn: list[_Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=MOST_CASES,
        database=None,  # what an earlier run found must not decide what this one asks
        deadline=None,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def collect(case: _Case) -> None:
        drawn.append(case)

    collect()
    return drawn
