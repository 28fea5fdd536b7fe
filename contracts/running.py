"""One run of property tests: what is asked, in which order, and what becomes of each answer.

Schemathesis makes the questions; the order is ours, because a budget of requests has to be spent
where it tells most: every operation once before any twice, lists before what they list, then what
shows over several answers, then whatever promises most.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup
from schemathesis.errors import SchemathesisError
from schemathesis.specs.openapi.checks import negative_data_rejection

from contracts.allowlist import NotAllowedError
from contracts.behaviour import LAST, LISTS, OTHERS, Check, Inquiry, Turn
from contracts.behaviour.lifecycles import (
    LONGEST_LIFE,
    Lifecycle,
    lifecycles,
    live_through,
)
from contracts.behaviour.refusals import forbidden_data
from contracts.behaviour.watch import Watch
from contracts.budget import BudgetSpentError, RateBudget
from contracts.cases import Cases
from contracts.checks import CHECKS, Judge
from contracts.client import Credentials, IntercomClient
from contracts.clock import Clock
from contracts.coverage import Sightings
from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.gate import PASS, Gate, NoAnswerError
from contracts.generation import CannotGenerateError, Question
from contracts.identifiers import Identifiers
from contracts.journal import Journal
from contracts.links import Links
from contracts.phases import GENERATED, Mode, Phase
from contracts.planning import Skip
from contracts.scheduler import Order, Prospect, Tries
from contracts.spec import Spec, SpecOperation
from contracts.standards import Standard
from contracts.tally import StopError, Tally
from contracts.tuning import Tuning

NOT_WRITTEN: Final = "nothing is created that this selection cannot remove again"
NO_ROOM: Final = "too few requests were left to create something and to remove it again"
NOT_CHOSEN: Final = "it writes, and the phase stateful was not chosen"
NOT_REACHED: Final = "the run ended before its turn"
OPENING: Final = "opening"
"""What the requests are counted under that ask every operation once: no phase can do without."""

Progress = Callable[[int, Operation], None]


class Run:
    """The state of one run."""

    def __init__(
        self,
        spec: Spec,
        client: IntercomClient,
        *,
        clock: Clock,
        most_requests: int,
        seed: int,
        standard: Standard,
        budget: RateBudget | None,
        run_id: str,
        phases: frozenset[Phase],
        mode: Mode,
        tuning: Tuning,
        order: Order,
        on_progress: Progress,
    ) -> None:
        self.tally = Tally()
        self.sightings = Sightings(spec)
        self.gate = Gate(
            client,
            spec,
            clock=clock,
            most_requests=most_requests,
            budget=budget,
            on_exchange=self._take,
        )
        self.spent: Counter[str] = Counter()
        self._spec = spec
        self._client = client
        self._most_requests = most_requests
        self._phases = phases
        self._tuning = tuning
        self._order = order
        self._on_progress = on_progress
        paths = [one.operation.path for one in spec.operations]
        self._identifiers = Identifiers(Links(spec).values, paths=paths)
        self._cases = Cases(spec, self.gate, seed=seed, phases=phases, mode=mode, tuning=tuning)
        self._tries = Tries()
        self._turns: Counter[str] = Counter()
        self._news: set[str] = set()
        self._phase = OPENING
        self._is_spent = False
        self._lives: list[Lifecycle] = []  # not begun yet
        self._last: Exchange | None = None
        self.inquiry = Inquiry(self, spec, fill=self._identifiers.fill, run_id=run_id)
        self._judge = Judge(standard, on_refusal=self.inquiry.suspect_refusal)
        self._watch = Watch(self.inquiry)

    def work(self, operations: tuple[SpecOperation, ...], journal: Journal | None) -> str:
        """Take turns until budget, questions or hope are spent; return why some operations never
        had theirs."""
        reads = [one for one in operations if self._is_read(one)]
        if Phase.STATEFUL in self._phases and journal is not None:
            self._lives += lifecycles(self._spec, {one.operation.identity for one in operations})
        have_had_their_turn = False
        try:
            for operation in reads:
                self._open(operation)
            have_had_their_turn = True
            if Phase.BEHAVIOUR in self._phases:
                self._look_into(LISTS, reads)
            if journal is not None:
                self._write(journal)
            if Phase.BEHAVIOUR in self._phases:
                # A budget that ends here has looked from every side at what needs no id, at least.
                self._look_into(OTHERS, [one for one in reads if "{" not in one.operation.path])
                self._look_into(OTHERS, [one for one in reads if "{" in one.operation.path])
                self._look_into(LAST, reads)
            if self._phases & GENERATED:
                self._ask_what_promises_most(reads)
        except (BudgetSpentError, StopError) as error:
            self._is_spent = self.gate.requests >= self._most_requests
            return "" if have_had_their_turn and self._is_spent else str(error)
        return ""

    def all_findings(self) -> Iterator[Finding]:
        """Yield what was found, what showed over several answers last."""
        self._watch.settle()
        self.tally.settle()
        self.tally.keep(
            self._judge.finding(one.exchange, one.departure) for one in self.inquiry.confirmed()
        )
        yield from self.tally.findings.values()

    def unreached(self) -> tuple[Phase, ...]:
        """Return the chosen phases that the budget left nothing for."""
        is_over = {Phase.STATEFUL: self._lacks_room and bool(self._lives)}
        return tuple(
            one
            for one in Phase
            if one in self._phases and not self.spent[one] and is_over.get(one, self._is_spent)
        )

    def skips(self, operations: tuple[SpecOperation, ...]) -> Iterator[Skip]:
        """Say of each operation that was not exercised why."""
        not_written = NOT_WRITTEN if Phase.STATEFUL in self._phases else NOT_CHOSEN
        not_begun = {name for life in self._lives for name in life.resource.writes}
        for one in operations:
            otherwise = NOT_REACHED if self._is_read(one) else not_written
            if one.operation.identity in not_begun:
                otherwise = NO_ROOM if self._lacks_room else NOT_REACHED
            yield from self.tally.skips([one], otherwise)

    def tried(self, operations: tuple[SpecOperation, ...]) -> tuple[int, int]:
        """Count the documented parameters of reads that were sent, and all of them."""
        return self._tries.count(one for one in operations if self._is_read(one))

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
        self.tally.keep(self._judge.findings(exchange))
        if credentials is Credentials.OWN:
            self._watch.take(exchange)
            self.tally.record(exchange)
        return exchange

    def _look_into(self, checks: Mapping[str, Check], reads: list[SpecOperation]) -> None:
        """Ask what shows over several answers, in the order of what tells most."""
        self._phase = Phase.BEHAVIOUR
        for check in checks.values():
            for operation in reads:
                turn = self.inquiry.first.get(operation.operation.identity)
                if turn is not None:
                    self._on_progress(self.gate.requests, operation.operation)
                    with suppress(NotAllowedError):
                        check(self.inquiry, turn)

    @property
    def _lacks_room(self) -> bool:
        """Whether a life that began now would be cut short."""
        return self.gate.requests + LONGEST_LIFE > self._most_requests

    def _write(self, journal: Journal) -> None:
        self._phase = Phase.STATEFUL
        while self._lives and not self._lacks_room:
            life = self._lives.pop(0)
            self._on_progress(self.gate.requests, life.create.operation)
            try:
                live_through(self.inquiry, life, journal)
            except NotAllowedError as error:
                self.tally.explain(life.create.operation.identity, error.reason)

    def _is_read(self, operation: SpecOperation) -> bool:
        wanted = operation.operation
        return self._client.allowlist.is_read(wanted.method, wanted.path)

    def _open(self, operation: SpecOperation) -> None:
        known = self._known(operation, 0)
        try:
            question = self._cases.opening(operation.operation, known)
        except CannotGenerateError as error:
            self.tally.explain(operation.operation.identity, str(error))
        else:
            self._exercise(operation, question, known)

    def _known(self, operation: SpecOperation, turn: int) -> dict[str, str]:
        """Return values for path parameters: those that the user gave, else ids that were seen."""
        given = self._tuning.fixed(operation)["path"]
        found = self._identifiers.fill(operation.operation.path, turn)
        return {**found, **{name: str(value) for name, value in given.items()}}

    def _ask_what_promises_most(self, reads: list[SpecOperation]) -> None:
        waiting = {one.operation.identity: one for one in reads}
        while waiting:
            # Of equals, the one that comes first in the plan.
            operation = max(waiting.values(), key=lambda one: self._order(self._prospect(one)))
            identity = operation.operation.identity
            known = self._known(operation, self._turns[identity])
            question = self._cases.next(
                operation.operation,
                known,
                partial(self._tries.new_in, operation),
            )
            if question is None:
                del waiting[identity]
            else:
                self._phase = question.phase
                self._exercise(operation, question, known)

    def _prospect(self, operation: SpecOperation) -> Prospect:
        identity = operation.operation.identity
        return Prospect(
            turns=self._turns[identity],
            has_succeeded=identity in self.tally.exercised,
            brought_news=identity in self._news,
            unseen=self.sightings.unseen(operation),
            untried=self._tries.untried(operation),
        )

    def _exercise(
        self, documented: SpecOperation, question: Question, known: Mapping[str, str]
    ) -> None:
        operation, case = documented.operation, question.case
        self._on_progress(self.gate.requests, operation)
        self._turns[operation.identity] += 1
        self._tries.sent(documented, question)
        self._news.discard(operation.identity)
        self._last = None
        failures: tuple[Failure, ...] = ()
        try:
            response = case.call(headers=dict(PASS))
            assert self._last is not None  # noqa: S101 - there is no other way out than the gate
            failures = _failures(question, response)
        except NotAllowedError as error:
            self.tally.explain(operation.identity, error.reason)
        except ValueError as error:  # some strings make no URL
            why = f"what was generated makes no request ({type(error).__name__})"
            self.tally.explain(operation.identity, why)
        except NoAnswerError:
            pass  # the exchange says what happened
        if self._last is not None:
            self._judge_answer(documented, question, known, self._last, failures)

    def _judge_answer(
        self,
        documented: SpecOperation,
        question: Question,
        known: Mapping[str, str],
        exchange: Exchange,
        failures: tuple[Failure, ...],
    ) -> None:
        case, path = question.case, documented.operation.path
        self._watch.take(exchange)
        if question.is_negative:
            is_accepted = any(isinstance(one, AcceptedNegativeData) for one in failures)
            forbidden_data(self.inquiry, exchange, question.forbidden, is_accepted=is_accepted)
        # A filter that was made up finds nothing, and some lists say so with a 404.
        is_unfiltered = question.is_plain or not case.query
        exists = is_unfiltered and not question.is_negative and len(known) == path.count("{")
        is_new = self.tally.keep(
            self._judge.findings(exchange, failures, exists=exists, is_plain=question.is_plain)
        )
        if is_new:
            self._news.add(documented.operation.identity)
        self.tally.record(exchange)
        if exchange.is_success and not question.is_negative:
            values = {name: str(value) for name, value in case.path_parameters.items()}
            self.inquiry.first.setdefault(
                documented.operation.identity,
                Turn(operation=documented, exchange=exchange, path_params=values),
            )

    def _take(self, exchange: Exchange) -> None:
        self._last = exchange
        self.spent[self._phase] += 1
        self.tally.answered += exchange.response is not None
        if self._phase != Phase.STATEFUL:  # what is created there is gone soon
            self._identifiers.learn(exchange)
        if self.sightings.take(exchange) and exchange.operation is not None:
            self._news.add(exchange.operation.identity)


def _failures(question: Question, response: schemathesis.Response) -> tuple[Failure, ...]:
    """Return what Schemathesis finds wrong with the answer to a question."""
    checks = [*CHECKS, negative_data_rejection] if question.is_negative else CHECKS
    try:
        question.case.validate_response(response, checks=checks)
    except FailureGroup as group:
        return group.exceptions
    except SchemathesisError:
        return ()  # it cannot read this part of the description; `conformance` says so
    return ()
