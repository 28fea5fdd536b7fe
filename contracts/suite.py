"""A run of property tests: which cases, in which order, and what came of them.

Schemathesis generates and checks; the order is ours, because a budget of requests has to be spent
where it tells most: every operation once before any twice, lists before what they list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.errors import SchemathesisError

from contracts.allowlist import NotAllowedError
from contracts.budget import BudgetSpentError, RateBudget
from contracts.cases import MOST_CASES, CannotGenerateError, Cases
from contracts.checks import CHECKS, SUCCESS, Judge
from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.conformance import Conformance
from contracts.envelopes import envelope_of
from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.gate import PASS, Gate, NoAnswerError
from contracts.identifiers import Identifiers
from contracts.planning import EVERYTHING, Skip, plan
from contracts.rules import RULES
from contracts.selection import Selection
from contracts.spec import Spec, SpecOperation
from contracts.standards import Reads, Standard, with_contradictions

MOST_REQUESTS: Final = 150
"""Default budget: every read of the largest description once, and half of them twice."""

HOPELESS: Final = 3
"""Operations refused or unanswered, with none that succeeded, after which the rest is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport:
    """What a run found and what it covered. `answered` counts requests that got any answer."""

    findings: tuple[Finding, ...]
    selected: int
    exercised: int
    skipped: tuple[Skip, ...]
    requests: int
    answered: int
    seconds: float
    stopped: str = ""
    """Why it ended before every operation had its turn, where it did."""


def run_suite(
    spec: Spec,
    client: IntercomClient,
    *,
    clock: Clock,
    most_requests: int = MOST_REQUESTS,
    seed: int = 0,
    selection: Selection = EVERYTHING,
    relied: Spec | None = None,
    reads: Reads | None = None,
    accepted: Mapping[str, str] | None = None,
    budget: RateBudget | None = None,
    on_progress: Callable[[int, Operation], None] = lambda requests, operation: None,
) -> SuiteReport:
    """Hold the API to `spec` with at most `most_requests` requests; the same `seed` asks the same.

    What is `relied` upon is held against its answers too, and what somebody `reads` of them.
    `accepted` says by cause, or by place and kind, why a departure is accepted; what the
    description's own examples contradict is accepted anyway.
    `on_progress` is told the number of requests so far and the operation whose turn it is.
    """
    planned = plan(spec, client, selection)
    standard = with_contradictions(
        Standard(
            tested=Conformance(spec),
            relied=Conformance(relied) if relied and relied is not spec else None,
            reads=reads,
            accepted=accepted or {},
        )
    )
    run = _Run(spec, client, clock, most_requests, seed, standard, budget)
    started = clock.monotonic()
    stopped = run.work(planned.operations, on_progress)
    return SuiteReport(
        findings=tuple(run.findings.values()),
        selected=len(planned.operations) + len(planned.skipped),
        exercised=len(run.exercised),
        skipped=planned.skipped + tuple(run.skips(planned.operations)),
        requests=run.gate.requests,
        answered=run.answered,
        seconds=clock.monotonic() - started,
        stopped=stopped,
    )


class _StopError(Exception):
    """The rest of the run would tell nothing."""


class _Run:
    """The state of one run."""

    def __init__(
        self,
        spec: Spec,
        client: IntercomClient,
        clock: Clock,
        most_requests: int,
        seed: int,
        standard: Standard,
        budget: RateBudget | None,
    ) -> None:
        self.findings: dict[str, Finding] = {}
        self.exercised: set[str] = set()
        self.answered = 0
        self._whys: dict[str, str] = {}
        self._refused: dict[str, Exchange] = {}
        self._unanswered: list[Exchange] = []
        self._last: Exchange | None = None
        self._judge = Judge(standard)
        self._identifiers = Identifiers()
        self._most_requests = most_requests
        self.gate = Gate(
            client,
            spec,
            clock=clock,
            most_requests=most_requests,
            budget=budget,
            on_exchange=self._take,
        )
        self._cases = Cases(spec, self.gate, seed=seed)

    def work(
        self,
        operations: tuple[SpecOperation, ...],
        on_progress: Callable[[int, Operation], None],
    ) -> str:
        """Take turns until budget, cases or hope are spent; return why some never had theirs."""
        turn = 0
        try:
            for turn in range(MOST_CASES):
                before = self.gate.requests
                for operation in operations:
                    on_progress(self.gate.requests, operation.operation)
                    self._exercise(operation.operation, turn)
                if self.gate.requests == before:
                    break
        except (BudgetSpentError, _StopError) as error:
            had_their_turn = turn > 0 and self.gate.requests >= self._most_requests
            return "" if had_their_turn else str(error)
        return ""

    def skips(self, operations: tuple[SpecOperation, ...]) -> Iterator[Skip]:
        """Say of each operation that was not exercised why."""
        for found in operations:
            identity = found.operation.identity
            if identity not in self.exercised:
                why = self._whys.get(identity, "the run ended before its turn")
                yield Skip(operation=found.operation, why=why)

    def _exercise(self, operation: Operation, turn: int) -> None:
        known = self._identifiers.fill(operation.path, turn)
        try:
            question = self._cases.next(operation, known)
        except CannotGenerateError as error:
            self._whys[operation.identity] = str(error)
            return
        if question is None:
            return
        case = question.case
        self._last = None
        failures: tuple[Failure, ...] = ()
        try:
            failures = _failures(case, case.call(headers=dict(PASS)))
        except NotAllowedError as error:
            self._whys.setdefault(operation.identity, error.reason)
        except ValueError as error:  # some strings make no URL
            why = f"what was generated makes no request ({type(error).__name__})"
            self._whys.setdefault(operation.identity, why)
        except NoAnswerError:
            pass  # the exchange says what happened
        if self._last is not None:
            # A filter that was made up finds nothing, and some lists say so with a 404.
            is_unfiltered = question.is_plain or not case.query
            exists = is_unfiltered and len(known) == operation.path.count("{")
            self._record(
                self._last,
                self._judge.findings(
                    self._last, failures, exists=exists, is_plain=question.is_plain
                ),
            )

    def _record(self, exchange: Exchange, findings: Iterable[Finding]) -> None:
        operation = exchange.operation
        assert operation is not None  # noqa: S101 - the gate sends nothing else
        if exchange.response is None:
            self._unanswered.append(exchange)
            self._whys[operation.identity] = "it got no answer"
        elif exchange.response.status in (401, 403):
            code = envelope_of(exchange.response).code or "no code"
            # That code is said of a permission; any other 401 may be said of the token.
            if exchange.response.status == 401 and code != "token_unauthorized":
                self._refused[operation.identity] = exchange
            self._whys[operation.identity] = (
                f"Intercom refuses it to this token ({exchange.response.status} {code})"
            )
        elif exchange.response.is_success:
            self.exercised.add(operation.identity)
        else:
            self._whys[operation.identity] = f"it answered {exchange.response.status}"
        for finding in findings:
            self.findings.setdefault(finding.fingerprint, finding)
        self._give_up_without_hope()

    def _give_up_without_hope(self) -> None:
        if self.exercised or self.answered > len(self._refused):
            return
        if len(self._unanswered) >= HOPELESS:
            raise _StopError(f"The first {HOPELESS} requests got no answer.")
        if len(self._refused) >= HOPELESS:
            exchange = next(iter(self._refused.values()))
            finding = Finding(
                rule=RULES["auth-token-refused"],
                severity=RULES["auth-token-refused"].severity,
                workspace=exchange.workspace,
                region=exchange.region,
                version=exchange.version,
                operation=None,
                location="status",
                expected=SUCCESS,
                observed="401",
                message=f"Intercom refuses the token: the first {HOPELESS} operations answer 401.",
                request_id=exchange.request_id,
                deployment=exchange.deployment,
                observed_at=exchange.started_at,
            )
            self.findings.setdefault(finding.fingerprint, finding)
            raise _StopError("Intercom refuses the token.")

    def _take(self, exchange: Exchange) -> None:
        self._last = exchange
        self.answered += exchange.response is not None
        self._identifiers.learn(exchange)


def _failures(case: schemathesis.Case[Any], response: schemathesis.Response) -> tuple[Failure, ...]:
    """Return what Schemathesis finds wrong with the answer to a case."""
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        return group.exceptions
    except SchemathesisError:
        return ()  # it cannot read this part of the description; `conformance` says so
    return ()
