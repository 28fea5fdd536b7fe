"""Questions made by Schemathesis: examples, coverage and random data of one operation.

Examples and coverage are what its engine would send, collected from a run of its own against an
application that answers nothing; random data are drawn from `operation.as_strategy()`. When they
are sent, and whether, is decided elsewhere.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisException
from schemathesis import GenerationMode
from schemathesis.core.control import SkipTest
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.engine import from_schema
from schemathesis.engine.events import Interrupted, ScenarioFinished
from schemathesis.errors import SchemathesisError

from contracts.errors import SpecError
from contracts.exchanges import Operation
from contracts.phases import Mode, Phase
from contracts.spec import Spec

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_CASES: Final = 5
"""Random cases of one operation; what five generated ones do not show, the sixth seldom does."""

_HOME: Final = "http://localhost"
"""Base URL for Schemathesis: whatever a description calls its server, the application is there."""

_OURS: Final = frozenset({"authorization", "intercom-version"})
"""Headers that are the client's: generated ones never pass the gate, so none are generated."""

_Case = schemathesis.Case[Any]
_Operation = schemathesis.APIOperation[Any, Any, Any, Any]


class CannotGenerateError(Exception):
    """An operation for which there are no cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A case. `is_plain` says that it asks only what has to be asked, with the values that the
    description shows: it is meant to work. `is_negative` says that the description forbids it."""

    case: _Case
    phase: Phase
    is_plain: bool = False
    is_negative: bool = False

    @property
    def has_forbidden_path(self) -> bool:
        """Whether it is the path that the description forbids: then no known id may stand there."""
        return self.is_negative and _is_negative(self.case, ParameterLocation.PATH)

    @property
    def forbidden(self) -> str:
        """What of it the description forbids: the name of a documented parameter, or where."""
        told = self.case.meta.phase.data if self.case.meta is not None else None
        name = getattr(told, "parameter", None)
        place = getattr(told, "parameter_location", None)
        documented = {one.name for one in self.case.operation.iter_parameters()}
        if name in documented:
            return str(name)
        return str(place.value) if place is not None else "a part of it"


class Generator:
    """Makes the questions of a description's operations, the same for the same seed.

    `application` (WSGI) is what their cases call. `settings` are those of Schemathesis that the
    user may choose, in the words of its configuration file.
    """

    def __init__(
        self,
        spec: Spec,
        application: Callable[..., Any],
        *,
        seed: int,
        mode: Mode = Mode.POSITIVE,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._application = application
        self._seed = seed
        self._mode = mode
        # Schemathesis works on the document it is given.
        document = _without_our_headers(spec)
        config = schemathesis.Config.from_dict(_configuration(seed, mode, settings or {}))
        self._schema = schemathesis.openapi.from_dict(document, config=config)
        self._schema.app = application
        self._operations: dict[str, _Operation] = {}
        for found in self._schema.get_all_operations():
            if isinstance(found, Ok):
                operation = found.ok()
                named = Operation(method=operation.method.upper(), path=operation.path)
                self._operations[named.identity] = operation

    def plain(self, operation: Operation) -> _Case:
        """Return one case of positive data. Raises CannotGenerateError."""
        cases = self._draw(operation, GenerationMode.POSITIVE, 1)
        if not cases:
            raise CannotGenerateError("no case can be generated")
        return cases[0]

    def of(self, operation: Operation, phases: Iterable[Phase]) -> list[Question]:
        """Return the questions of those of `phases` that Schemathesis knows, in their order; none
        where it can make none."""
        phases = frozenset(phases)
        found: list[Question] = []
        try:
            if phases & {Phase.EXAMPLES, Phase.COVERAGE}:
                found += [one for one in self._collect(operation) if one.phase in phases]
            if Phase.FUZZING in phases:
                found += self._fuzzed(operation)
        except CannotGenerateError:
            pass
        return found

    def _fuzzed(self, operation: Operation) -> Iterator[Question]:
        if self._mode is not Mode.NEGATIVE:
            for case in self._draw(operation, GenerationMode.POSITIVE, None):
                yield Question(case=case, phase=Phase.FUZZING)
        if self._mode.sends_negative:
            for case in self._draw(operation, GenerationMode.NEGATIVE, None):
                # Where a description forbids nothing, what was drawn is positive after all.
                if _is_forbidden(case):
                    yield Question(case=case, phase=Phase.FUZZING, is_negative=True)

    def _draw(self, operation: Operation, mode: GenerationMode, most: int | None) -> list[_Case]:
        found = self._found(operation)
        settings = found.schema.config.generation_for(operation=found, phase="fuzzing")
        drawn: list[_Case] = []

        @hypothesis.seed(self._seed ^ zlib.crc32(operation.identity.encode()))
        @hypothesis.settings(
            max_examples=most or settings.max_examples or MOST_CASES,
            database=None,  # what an earlier run found must not decide what this one asks
            deadline=None,
            phases=(hypothesis.Phase.generate,),
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=found.as_strategy(generation_mode=mode))
        def collect(case: _Case) -> None:
            drawn.append(case)

        try:
            collect()
        except (HypothesisException, SchemathesisError, SpecError, SkipTest) as error:
            if mode is GenerationMode.NEGATIVE:
                return drawn  # there may be nothing that it forbids
            raise CannotGenerateError(
                f"no case can be generated ({type(error).__name__})"
            ) from error
        return drawn

    def _collect(self, operation: Operation) -> Iterator[Question]:
        """Yield what the engine sends for examples and coverage."""
        found = self._found(operation)
        alone = self._schema.include(path=found.path, method=found.method)
        alone.app = _answers_nothing
        cases: list[_Case] = []
        for event in from_schema(alone).execute():
            if isinstance(event, Interrupted):
                raise KeyboardInterrupt  # the engine takes it for itself
            if isinstance(event, ScenarioFinished):
                cases += [node.value for node in event.recorder.cases.values()]
        for case in cases:
            case.operation.app = self._application
            # Other methods of the same path are other operations, and writes among them.
            if case.meta is None or case.method.upper() != operation.method:
                continue
            is_negative = _is_forbidden(case)
            if is_negative and _is_negative(case, ParameterLocation.HEADER):
                continue  # the gate passes documented headers on, and no others
            yield Question(
                case=case, phase=Phase(case.meta.phase.name.value), is_negative=is_negative
            )

    def _found(self, operation: Operation) -> _Operation:
        try:
            return self._operations[operation.identity]
        except KeyError:
            raise CannotGenerateError("Schemathesis cannot read its definition") from None


def _is_forbidden(case: _Case) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.NEGATIVE


def _is_negative(case: _Case, location: ParameterLocation) -> bool:
    part = case.meta.components.get(location) if case.meta is not None else None
    return part is not None and part.mode is GenerationMode.NEGATIVE


def _configuration(seed: int, mode: Mode, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of Schemathesis: the user's, and what is not theirs to choose."""
    chosen = deepcopy(dict(settings))
    phases = chosen.get("phases", {})
    return {
        **chosen,
        "seed": seed,
        "base-url": _HOME,
        "warnings": False,
        "checks": {"enabled": False},
        # It would look for values in the source of the application, which is ours.
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            **chosen.get("generation", {}),
            "mode": mode.value,
            "database": "none",
            "with-security-parameters": False,
        },
        "phases": {
            "examples": {**phases.get("examples", {}), "enabled": True},
            # Another method of a path is another operation, and may write.
            "coverage": {**phases.get("coverage", {}), "enabled": True, "unexpected-methods": []},
            # Random data are drawn here; what is stateful is done by us.
            "fuzzing": {**phases.get("fuzzing", {}), "enabled": False},
            "stateful": {"enabled": False},
        },
    }


def _without_our_headers(spec: Spec) -> dict[str, Any]:
    document = deepcopy(spec.document)
    for item in document["paths"].values():
        for holder in (item, *item.values()) if isinstance(item, dict) else ():
            if isinstance(holder, dict) and isinstance(holder.get("parameters"), list):
                holder["parameters"] = [
                    one for one in holder["parameters"] if not _is_ours(one, spec)
                ]
    return document


def _is_ours(parameter: Any, spec: Spec) -> bool:
    try:
        found = spec.dereference(parameter)
    except SpecError:
        return False
    return found.get("in") == "header" and str(found.get("name")).lower() in _OURS


def _answers_nothing(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]
