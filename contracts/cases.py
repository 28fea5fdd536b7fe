"""What to ask next of an operation: each question is given once, the most telling one first."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final

from contracts.exchanges import Operation
from contracts.generation import CannotGenerateError, Generator, Question
from contracts.phases import GENERATED, Mode, Phase
from contracts.spec import JSON, Spec, SpecOperation
from contracts.tuning import UNTUNED, Tuning

_SOME_TEXT: Final = "1"
_ALWAYS: Final = (Phase.EXAMPLES, Phase.COVERAGE, Phase.FUZZING)


class Cases:
    """The questions for the operations of a description; `application` (WSGI) is what they call.

    `tuning` is what a user of Schemathesis chose.
    """

    def __init__(
        self,
        spec: Spec,
        application: Callable[..., Any],
        *,
        seed: int,
        phases: Iterable[Phase] = GENERATED,
        mode: Mode = Mode.POSITIVE,
        tuning: Tuning = UNTUNED,
    ) -> None:
        self._spec = spec
        self._phases = tuple(one for one in _ALWAYS if one in frozenset(phases))
        self._tuning = tuning
        self._generator = Generator(
            spec, application, seed=seed, mode=mode, settings=tuning.settings
        )
        self._waiting: dict[str, list[Question]] = {}
        self._given: set[int] = set()

    def opening(self, operation: Operation, known: Mapping[str, str]) -> Question:
        """Return the plainest question there is, with these path parameters. Raises
        CannotGenerateError."""
        case = self._generator.plain(operation)
        _simplify(case, self._spec.get(operation.identity))
        self._fill(case, operation, known)
        with suppress(ValueError):  # some strings make no URL; it is told when it is sent
            self._given.add(hash(case))
        return Question(case=case, phase=Phase.EXAMPLES, is_plain=True)

    def next(
        self,
        operation: Operation,
        known: Mapping[str, str],
        telling: Callable[[Question], int] = lambda question: 0,
    ) -> Question | None:
        """Return the most `telling` question that differs from all before, with these path
        parameters; None where there is no more."""
        identity = operation.identity
        if identity not in self._waiting:
            self._waiting[identity] = self._generator.of(operation, self._phases)
        waiting = self._waiting[identity]
        while waiting:
            question = max(waiting, key=telling)
            waiting.remove(question)
            if not question.is_negative:
                self._fill(question.case, operation, known)
            elif not question.has_forbidden_path:
                question.case.path_parameters.update(known)
            try:
                likeness = hash(question.case)
            except ValueError:
                continue  # some strings make no URL
            if likeness not in self._given:
                self._given.add(likeness)
                return question
        return None

    def _fill(self, case: Any, operation: Operation, known: Mapping[str, str]) -> None:
        """Put in what is known and what the user gave."""
        case.path_parameters.update(known)
        documented = self._spec.get(operation.identity)
        if documented is not None:
            case.query.update(self._tuning.fixed(documented)["query"])


def _simplify(case: Any, documented: SpecOperation | None) -> None:
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
            elif case.query.get(parameter.name) == "":
                case.query[parameter.name] = _SOME_TEXT  # an empty one is as good as none
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


__all__ = ["CannotGenerateError", "Cases", "Question", "first_example"]
