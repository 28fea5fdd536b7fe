"""Generated cases: what to send, operation by operation, the same for the same seed."""

import zlib
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisException
from schemathesis.core.result import Ok
from schemathesis.errors import SchemathesisError

from contracts.exchanges import Operation
from contracts.spec import Spec

MOST_CASES: Final = 5
"""Cases of one operation; what five generated ones do not show, the sixth seldom does."""

_HOME: Final = "http://localhost"
"""Base URL for Schemathesis: whatever a description calls its server, the application is there."""

_Case = schemathesis.Case[Any]
_Operation = schemathesis.APIOperation[Any, Any, Any, Any]


class CannotGenerateError(Exception):
    """An operation for which there are no cases."""


class Cases:
    """Cases of positive data for the operations of a description; each is given once.

    `application` (WSGI) is what they call.
    """

    def __init__(self, spec: Spec, application: Callable[..., Any], *, seed: int) -> None:
        self._seed = seed
        self._drawn: dict[str, list[_Case]] = {}
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

    def next(self, operation: Operation, path_parameters: dict[str, str]) -> _Case | None:
        """Return a case with these path parameters that differs from all before; None where there
        is no more. Raises CannotGenerateError."""
        identity = operation.identity
        if identity not in self._drawn:
            if identity not in self._operations:
                raise CannotGenerateError("Schemathesis cannot read its definition")
            try:
                self._drawn[identity] = _draw(
                    self._operations[identity], self._seed ^ zlib.crc32(identity.encode())
                )
            except (HypothesisException, SchemathesisError) as error:
                raise CannotGenerateError(
                    f"no case can be generated ({type(error).__name__})"
                ) from error
        waiting = self._drawn[identity]
        while waiting:
            case = waiting.pop(0)
            case.path_parameters.update(path_parameters)
            likeness = hash(case)
            if likeness not in self._given:
                self._given.add(likeness)
                return case
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
