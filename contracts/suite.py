"""A run of property tests: which cases, in which order, and what came of them.

Schemathesis generates and checks; the order is ours, because a budget of requests has to be spent
where it tells most: every operation once before any twice, lists before what they list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.errors import SchemathesisError

from contracts.allowlist import NotAllowedError
from contracts.behaviour import LISTS, OTHERS, Check, Inquiry, Turn
from contracts.behaviour.fields import Fields
from contracts.behaviour.lifecycles import LONGEST_LIFE, author_of, lifecycles, live_through
from contracts.budget import BudgetSpentError, RateBudget
from contracts.cases import MOST_CASES, CannotGenerateError, Cases
from contracts.checks import CHECKS, SUCCESS, Judge
from contracts.cleaning import clean_up
from contracts.client import Credentials, IntercomClient
from contracts.clock import Clock
from contracts.conformance import Conformance
from contracts.coverage import Coverage, Sightings
from contracts.envelopes import envelope_of
from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.gate import PASS, Gate, NoAnswerError
from contracts.identifiers import Identifiers
from contracts.journal import Journal
from contracts.planning import EVERYTHING, Plan, Skip, plan
from contracts.rules import RULES
from contracts.selection import Selection
from contracts.spec import Spec, SpecOperation
from contracts.standards import Reads, Standard, with_contradictions

MOST_REQUESTS: Final = 400
"""Default budget: every read of the largest description, and what Intercom does over several."""
MOST_PER_OPERATION: Final = 3
"""Requests for each operation without a budget that somebody asked for: a small selection is not
asked hundreds of times."""

NOT_WRITTEN: Final = "nothing is created that this selection, or this budget, cannot remove again"

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
    coverage: Coverage
    not_measured: tuple[str, ...] = ()
    """What the target never showed that it does, so that its absence was not judged."""
    stopped: str = ""
    """Why it ended before every operation had its turn, where it did."""


def run_suite(
    spec: Spec,
    client: IntercomClient,
    *,
    clock: Clock,
    most_requests: int | None = None,
    seed: int = 0,
    selection: Selection = EVERYTHING,
    relied: Spec | None = None,
    reads: Reads | None = None,
    accepted: Mapping[str, str] | None = None,
    budget: RateBudget | None = None,
    journal: Journal | None = None,
    run_id: str = "run",
    on_progress: Callable[[int, Operation], None] = lambda requests, operation: None,
) -> SuiteReport:
    """Hold the API to `spec` with at most `most_requests` requests; the same `seed` asks the same.

    With a `journal`, and where the client may write, objects named after `run_id` are created,
    changed and deleted again. What a run that broke off leaves is removed at its end.

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
    if most_requests is None:
        most_requests = default_budget(planned)
    run = _Run(spec, client, clock, most_requests, seed, standard, budget, run_id)
    started = clock.monotonic()
    try:
        stopped = run.work(planned.operations, journal, on_progress)
    finally:
        cleaned = clean_up(client, journal) if journal is not None else None
    return SuiteReport(
        findings=tuple(run.all_findings()),
        selected=len(planned.operations) + len(planned.skipped),
        exercised=len(run.exercised),
        skipped=planned.skipped + tuple(run.skips(planned.operations)),
        requests=run.gate.requests + (cleaned.requests if cleaned else 0),
        answered=run.answered,
        seconds=clock.monotonic() - started,
        coverage=run.sightings.coverage(planned.operations),
        not_measured=run.inquiry.not_measured(),
        stopped=stopped,
    )


def default_budget(planned: Plan) -> int:
    """Return how many requests a plan gets where nobody said."""
    return min(MOST_REQUESTS, MOST_PER_OPERATION * max(1, len(planned.operations)))


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
        run_id: str,
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
        self._spec = spec
        self._client = client
        self.inquiry = Inquiry(self, spec, fill=self._identifiers.fill, run_id=run_id)
        self._fields = Fields(self.inquiry)
        self.sightings = Sightings(spec)
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
        journal: Journal | None,
        on_progress: Callable[[int, Operation], None],
    ) -> str:
        """Take turns until budget, cases or hope are spent; return why some never had theirs."""
        reads = [one for one in operations if self._is_read(one)]
        have_had_their_turn = False
        try:
            for operation in reads:
                on_progress(self.gate.requests, operation.operation)
                self._exercise(operation, 0)
            have_had_their_turn = True
            self._look_into_behaviour(reads, operations, journal, on_progress)
            for turn in range(1, MOST_CASES):
                before = self.gate.requests
                for operation in reads:
                    on_progress(self.gate.requests, operation.operation)
                    self._exercise(operation, turn)
                if self.gate.requests == before:
                    break
        except (BudgetSpentError, _StopError) as error:
            is_spent = self.gate.requests >= self._most_requests
            return "" if have_had_their_turn and is_spent else str(error)
        return ""

    def all_findings(self) -> Iterator[Finding]:
        """Yield what was found, what showed over several answers last."""
        self._fields.settle()
        for one in self.inquiry.confirmed():
            finding = self._judge.finding(one.exchange, one.departure)
            self.findings.setdefault(finding.fingerprint, finding)
        yield from self.findings.values()

    def ask(
        self,
        operation: SpecOperation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        credentials: Credentials = Credentials.OWN,
    ) -> Exchange:
        """Send what a check of behaviour asks, and hold the answer to the description as well."""
        exchange = self.gate.ask(
            operation, path_params=path_params, query=query, body=body, credentials=credentials
        )
        findings = self._judge.findings(exchange)
        if credentials is Credentials.OWN:
            self._fields.take(exchange)
            self._record(exchange, findings)
        else:
            self._keep(findings)
        return exchange

    def _look_into_behaviour(
        self,
        reads: list[SpecOperation],
        operations: tuple[SpecOperation, ...],
        journal: Journal | None,
        on_progress: Callable[[int, Operation], None],
    ) -> None:
        """Ask what shows over several answers, in the order of what tells most."""
        for check in LISTS.values():
            self._check(check, reads, on_progress)
        if journal is not None:
            self._write(operations, journal)
        for check in OTHERS.values():
            self._check(check, reads, on_progress)

    def _check(
        self,
        check: Check,
        reads: list[SpecOperation],
        on_progress: Callable[[int, Operation], None],
    ) -> None:
        for operation in reads:
            turn = self.inquiry.first.get(operation.operation.identity)
            if turn is not None:
                on_progress(self.gate.requests, operation.operation)
                with suppress(NotAllowedError):
                    check(self.inquiry, turn)

    def _write(self, operations: tuple[SpecOperation, ...], journal: Journal) -> None:
        chosen = {one.operation.identity for one in operations}
        for life in lifecycles(self._spec):
            has_room = self.gate.requests + LONGEST_LIFE <= self._most_requests
            if has_room and {life.resource.create, life.resource.delete} <= chosen:
                author = author_of(self.inquiry.first)
                try:
                    live_through(self.inquiry, life, journal, author=author)
                except NotAllowedError as error:
                    self._whys.setdefault(life.create.operation.identity, error.reason)

    def _is_read(self, operation: SpecOperation) -> bool:
        wanted = operation.operation
        return self._client.allowlist.is_read(wanted.method, wanted.path)

    def skips(self, operations: tuple[SpecOperation, ...]) -> Iterator[Skip]:
        """Say of each operation that was not exercised why."""
        for found in operations:
            identity = found.operation.identity
            if identity not in self.exercised:
                why = self._whys.get(identity) or (
                    "the run ended before its turn" if self._is_read(found) else NOT_WRITTEN
                )
                yield Skip(operation=found.operation, why=why)

    def _exercise(self, documented: SpecOperation, turn: int) -> None:
        operation = documented.operation
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
            self._fields.take(self._last)
            # A filter that was made up finds nothing, and some lists say so with a 404.
            is_unfiltered = question.is_plain or not case.query
            exists = is_unfiltered and len(known) == operation.path.count("{")
            self._record(
                self._last,
                self._judge.findings(
                    self._last, failures, exists=exists, is_plain=question.is_plain
                ),
            )
            if self._last.is_success:
                self.inquiry.first.setdefault(
                    operation.identity,
                    Turn(
                        operation=documented,
                        exchange=self._last,
                        path_params={
                            name: str(value) for name, value in case.path_parameters.items()
                        },
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
        self._keep(findings)
        self._give_up_without_hope()

    def _keep(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.findings.setdefault(finding.fingerprint, finding)

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
        self.sightings.take(exchange)


def _failures(case: schemathesis.Case[Any], response: schemathesis.Response) -> tuple[Failure, ...]:
    """Return what Schemathesis finds wrong with the answer to a case."""
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        return group.exceptions
    except SchemathesisError:
        return ()  # it cannot read this part of the description; `conformance` says so
    return ()
