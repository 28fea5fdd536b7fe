"""Objectives: when their budget of slow answers is spent too fast, and whom slowness hurts."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.consumers import Consumer
from contracts.findings import Course, Finding
from contracts.objectives import Objective
from contracts.rules import Severity
from monitors.burning import BURST, LEAST_SLOW, WINDOWS, Ledger, burn_of, chance_of
from monitors.detectors import Context, detect
from monitors.detectors.context import thresholds_of, waits_of
from monitors.latencies import TOGETHER, Judged, Latencies
from monitors.lateness import lateness_from, record_of
from monitors.policies import HEALTHY, SEEN, Policy, policy_for
from monitors.regression import Kind, Verdict

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

MINUTE = 60.0
NOW = 1_800_000_000.0


class Users:
    """One consumer of every operation, as `Reads` has it."""

    def __init__(self, *, timeout: float | None = None, latency: float | None = None) -> None:
        self._consumer = Consumer(
            name="crm",
            owner="x",
            runbook="https://example.com",
            reads={},
            timeout=timedelta(seconds=timeout) if timeout else None,
            objective=Objective(latency=timedelta(seconds=latency), target=0.99)
            if latency
            else None,
        )

    def departures(self, exchange: object) -> tuple[()]:
        return ()

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        return ("crm", "other")

    def users(self, identity: str) -> tuple[Consumer, ...]:
        return (self._consumer,)


def ledger_of(answers: list[bool], *, every: float = 5 * MINUTE) -> Ledger:
    ledger = Ledger()
    for index, is_slow in enumerate(answers):
        ledger.take(NOW + index * every, is_slow=is_slow)
    return ledger


def burns(answers: list[bool], *, every: float = 5 * MINUTE, target: float = 0.99) -> str:
    last = NOW + (len(answers) - 1) * every
    burn = burn_of(ledger_of(answers, every=every).buckets, target=target, now=last)
    return str(burn.window) if burn else ""


def test_four_slow_answers_of_an_hour_burn_and_fewer_are_chance() -> None:
    calm = [False] * 60
    assert burns([*calm, True, True, True]) == ""
    assert burns([*calm, True, True, True, True]) == "1 h"
    assert burns([*calm, True, True, True, True, False, False, False]) != "1 h"  # it is over


def test_what_is_slow_for_less_than_a_quarter_of_an_hour_burns_no_budget() -> None:
    calm = [False] * 360
    assert burns([*calm, *[True] * 10], every=MINUTE, target=0.999) == ""
    assert burns([*calm, *[True] * 20], every=MINUTE, target=0.999) == "1 h"
    assert burns([*[False] * 3, *[True] * 9], every=5.0, target=0.999) == ""  # passes by hand


@pytest.mark.parametrize("every", [MINUTE, 5 * MINUTE, 30 * MINUTE])
@given(target=st.floats(min_value=0.5, max_value=0.99999), apart=st.integers(0, 200))
def test_two_single_slow_answers_never_burn(every: float, target: float, apart: int) -> None:
    answers = [*[False] * 50, True, *[False] * apart, True]
    assert burns(answers, every=every, target=target) == ""


@given(st.integers(1, 40), st.data(), st.floats(min_value=0.0001, max_value=0.5))
def test_the_chance_of_slow_answers_is_what_counting_every_outcome_gives(
    of: int, drawn: st.DataObject, share: float
) -> None:
    slow = drawn.draw(st.integers(0, of))
    counted = sum(
        math.comb(of, number) * share**number * (1 - share) ** (of - number)
        for number in range(slow, of + 1)
    )
    assert chance_of(slow, of=of, share=share) == pytest.approx(counted, rel=1e-9)
    assert chance_of(slow, of=of, share=share) <= 1.0


def test_a_slow_burn_shows_in_the_long_windows_only() -> None:
    one_in_ten = [index % 10 == 0 for index in range(800)]
    assert burns([*one_in_ten, True]) == "6 h"
    assert burns([index % 40 == 0 for index in range(800)] + [False] * 30 + [True]) == "72 h"
    assert burns([False] * 864) == ""


def test_what_was_told_burns_no_budget_again_and_fresh_slow_answers_do() -> None:
    answers = [False] * 24 + [True] * 12 + [False] * 24
    ledger = ledger_of(answers)
    ledger.explain(NOW + 24 * 5 * MINUTE)
    later = [NOW + number * 5 * MINUTE for number in range(60, 84)]
    burns = []
    for number, at in enumerate(later):
        ledger.take(at, is_slow=number % 4 == 0)
        ledger = Ledger.from_json(json.loads(json.dumps(ledger.as_json())))
        burns.append(burn_of(ledger.buckets, target=0.99, now=at))
    assert not any(burns[:8])
    told = next(one for one in burns if one)
    assert (told.slow, told.of, told.told) == (5, 65, 12)
    whole = burn_of(ledger.buckets, target=0.99, now=later[-1], is_told=True)
    assert whole is not None
    assert (whole.slow, whole.of, whole.told) == (18, 72, 0)


@pytest.mark.parametrize(
    ("slow", "ms", "rule"),
    [
        ({*range(48, 60), 84, 85}, 2500, "latency-timeout"),
        ({*range(48, 62, 3), 84, 85}, 1900, "latency-objective"),
    ],
)
def test_an_incident_that_was_told_makes_the_next_slow_answer_no_news(
    an_exchange: "ExchangeFactory", slow: set[int], ms: float, rule: str
) -> None:
    users, latencies, begun = Users(timeout=2, latency=0.8), Latencies(), an_exchange().started_at
    found: list[tuple[Finding, ...]] = []
    for number in range(100):
        at = begun + timedelta(minutes=5 * number)
        exchange = an_exchange(
            at=at, body={"a": 1}, total_ms=ms if number in slow else 300 + number % 7
        )
        waits = waits_of(users, exchange.operation, timedelta(seconds=30))
        judged = latencies.take(exchange, thresholds_of(users, exchange.operation), waits)
        findings = detect(exchange, Context(latency=judged, reliance=users))
        found.append(tuple(one for one in findings if one.severity is not Severity.INFO))
        latencies.tell(exchange, found[-1][0].rule.name if found[-1] else "")
    assert {one.rule.name for one in sum(found[48:80], ())} == {rule}
    assert not any(found[80:])


@given(
    st.lists(st.tuples(st.floats(min_value=0, max_value=1e6), st.booleans()), max_size=200),
    st.floats(min_value=0.5, max_value=0.9999),
)
def test_a_burn_rests_on_what_was_counted_and_survives_a_restart(
    answers: list[tuple[float, bool]], target: float
) -> None:
    ledger = Ledger()
    for number, (at, is_slow) in enumerate(answers):
        ledger.take(NOW + at, is_slow=is_slow)
        if number % 50 == 7:
            ledger = Ledger.from_json(ledger.as_json())
    now = max((at for at, *_ in ledger.buckets), default=NOW)
    burn = burn_of(ledger.buckets, target=target, now=now)
    assert len(ledger.buckets) <= 72 + 75
    assert sum(one[1] for one in ledger.buckets) <= len(answers)
    if burn is not None:
        assert burn.slow >= LEAST_SLOW
        slow = [at for at, _, slower, _ in ledger.buckets if slower]
        assert max(slow) - min(slow) >= BURST
        assert chance_of(burn.slow, of=burn.of, share=1 - target) <= 0.0025
        assert burn.slow / burn.of / (1 - target) >= min(one.rate for one in WINDOWS)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=8))
def test_a_stored_ledger_that_is_none_is_forgotten(form: object) -> None:
    assert isinstance(Ledger.from_json(form).buckets, list)


def only(found: tuple[Finding, ...]) -> Finding:
    (finding,) = [one for one in found if one.location == "latency"]
    return finding


def test_answers_that_a_consumer_does_not_wait_for_are_critical_and_its_own(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = an_exchange(body={"a": 1}, total_ms=1_400)
    at = exchange.started_at.timestamp()
    judged = Judged(late={1000.0: (at - 600, at - 300, at)})
    finding = only(detect(exchange, Context(latency=judged, reliance=Users(timeout=1))))
    assert (finding.rule.name, finding.severity) == ("latency-timeout", Severity.CRITICAL)
    assert finding.consumers == ("crm",)
    assert "1400 ms, and crm waits 1000 ms (3 of 3 answers since 08:50 UTC)" in finding.message
    assert not detect(exchange, Context(latency=judged, reliance=Users(timeout=2)))


class Waiting:
    """One operation whose answers a consumer waits 1 s for, one every five minutes."""

    def __init__(self, an_exchange: "ExchangeFactory") -> None:
        self._latencies, self._turn = Latencies(), 0
        self._make, self._users = an_exchange, Users(timeout=1)

    def answer(self, *, late: bool, policy: Policy | None = None) -> Finding | None:
        at = self._make().started_at + timedelta(minutes=5 * self._turn)
        self._turn += 1
        if self._turn == 3:  # restarts: from what was written, and with what was taken since
            self._written = json.loads(json.dumps(self._latencies.document()))
            self._latencies = Latencies.of(self._written)
        elif self._turn == 8:
            taken = json.loads(json.dumps(self._latencies.taken))
            self._latencies = Latencies.of(self._written, taken)
        exchange = self._make(at=at, body={"a": 1}, total_ms=6_000 if late else 200)
        waits = waits_of(self._users, exchange.operation, timedelta(seconds=30))
        judged = replace(self._latencies.take(exchange, (), waits), verdict=Verdict())
        context = Context(
            latency=judged,
            reliance=self._users,
            latency_limit=timedelta(seconds=30),
            policy=(lambda rule: policy) if policy else policy_for,
        )
        return next((one for one in detect(exchange, context) if one.location == "latency"), None)


def test_one_late_answer_is_noted_three_in_a_row_are_critical_and_one_in_time_ends_it(
    an_exchange: "ExchangeFactory",
) -> None:
    operation = Waiting(an_exchange)
    assert [operation.answer(late=False) for _ in range(5)] == [None] * 5
    noted = [operation.answer(late=True) for _ in range(2)]
    assert [one.severity for one in noted if one] == [Severity.INFO] * 2
    assert noted[0] is not None
    assert "6000 ms, and crm waits 1000 ms (noted: 3 in a row or 4 of 20" in noted[0].message
    told = operation.answer(late=True)
    assert told is not None
    assert (told.rule.name, told.severity) == ("latency-timeout", Severity.CRITICAL)
    assert told.began_at == noted[0].observed_at
    assert operation.answer(late=False) is None


def test_a_late_answer_in_five_is_told_and_lasts_between_them(
    an_exchange: "ExchangeFactory",
) -> None:
    operation = Waiting(an_exchange)
    found = [operation.answer(late=number % 5 == 0) for number in range(19)]
    assert [one.severity for one in found[:15] if one] == [Severity.INFO] * 3
    assert all(one and one.severity is Severity.CRITICAL for one in found[15:])
    assert found[16] is not None
    assert "4 of 17 answers since 09:00 UTC came too late" in found[16].message
    assert "this one in time, 200 ms" in found[16].message


def test_who_configures_a_threshold_hears_by_it(an_exchange: "ExchangeFactory") -> None:
    for policy in (Policy(at_once=False, failure_threshold=1), Policy(at_once=True)):
        found = Waiting(an_exchange).answer(late=True, policy=policy)
        assert found is not None
        assert found.severity is Severity.CRITICAL


@given(
    st.text(alphabet=SEEN + HEALTHY, max_size=60),
    st.integers(1, 5),
    st.integers(1, 4),
    st.floats(0.05, 1.0),
)
def test_trouble_in_a_record_is_what_an_incident_makes_of_it(
    record: str, failures: int, successes: int, rate: float
) -> None:
    """The detector says as soon as an incident by the same policy would open, and has nothing more
    to say at the latest when it would be over."""
    policy = Policy(
        at_once=False, failure_threshold=failures, success_threshold=successes, failure_rate=rate
    )
    is_open, seen = False, ""
    for at, observed in enumerate(record, start=1):
        seen = policy.add(seen, observed)
        if observed == SEEN:
            is_open = is_open or policy.is_due(seen)
            assert (policy.trouble_in(record[:at]) is not None) == is_open
        else:
            if is_open and policy.is_calm(seen):
                is_open, seen = False, ""
            assert is_open or policy.trouble_in(record[:at]) is None
    begun = policy.trouble_in(record)
    assert begun is None or record[begun] == SEEN


@given(st.recursive(st.none() | st.floats() | st.text(max_size=3), st.lists, max_leaves=12))
def test_stored_lateness_of_any_form_is_read_or_forgotten(form: object) -> None:
    lateness = lateness_from(form)
    assert record_of(lateness)[:1] in ("", SEEN)
    assert lateness_from(json.loads(json.dumps(list(lateness)))) == lateness


def test_one_trouble_stays_under_the_rule_it_was_told_by_with_the_worst_severity(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = an_exchange(body={"a": 1}, total_ms=1_400)
    at = exchange.started_at.timestamp()
    late = {1000.0: (at - 600, at - 300, at)}
    double = Verdict(kind=Kind.REGRESSION, usual_ms=600.0, now_ms=1_300.0, confidence=0.9)
    for told, rule in {
        "": "latency-regression",
        TOGETHER: "latency-regression",
        "latency-regression": "latency-regression",
        "latency-timeout": "latency-timeout",
    }.items():
        judged = Judged(verdict=double, told=told, late=late)
        context = Context(latency=judged, reliance=Users(timeout=1))
        finding = only(detect(exchange, context))
        assert (finding.rule.name, finding.severity) == (rule, Severity.CRITICAL)


def test_while_it_pauses_nothing_comes_of_the_level_and_its_rule_stays(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = an_exchange(body={"a": 1}, total_ms=190)
    at = exchange.started_at.timestamp()
    paused = Verdict(
        kind=Kind.REGRESSION,
        since=at - 20_000,
        usual_ms=200.0,
        now_ms=190.0,
        slow_ms=5_000.0,
        paused_since=at - 600,
        intermittent=True,
    )
    for told, rule, expected in (
        ("latency-regression", "latency-regression", "usual"),
        (TOGETHER, "latency-regression", "usual"),
        ("latency-timeout", "latency-timeout", "timeout"),
        ("latency-limit", "latency-limit", "limit"),
    ):
        judged = Judged(verdict=paused, told=told, paused_factor=24.0)
        finding = only(detect(exchange, Context(latency=judged, reliance=Users(timeout=1))))
        assert (finding.rule.name, finding.expected) == (rule, expected)
        assert (finding.severity, finding.course) == (Severity.INFO, Course.PAUSES)
        assert "last slow 08:50 UTC (p50 5000 ms, 24 times the usual)" in finding.message
        assert "as usual now, p50 190 ms" in finding.message
    untold = Judged(verdict=paused, paused_factor=24.0)
    assert not detect(exchange, Context(latency=untold, reliance=Users(timeout=1)))


def test_a_level_beyond_a_limit_began_with_the_first_late_answer_and_ends_with_one_in_time(
    an_exchange: "ExchangeFactory",
) -> None:
    at = an_exchange().started_at.timestamp()
    slow = Verdict(kind=Kind.REGRESSION, since=at - 900, usual_ms=100.0, now_ms=1_400.0)
    judged = Judged(verdict=slow, told="latency-timeout", late={1000.0: (at - 600, at - 300, at)})
    late = an_exchange(body={"a": 1}, total_ms=1_400)
    finding = only(detect(late, Context(latency=judged, reliance=Users(timeout=1))))
    assert finding.severity is Severity.CRITICAL
    assert finding.began_at == late.started_at - timedelta(minutes=10)
    judged = replace(judged, late={1000.0: (*judged.late[1000.0], None)})
    in_time = an_exchange(body={"a": 1}, total_ms=150)
    finding = only(detect(in_time, Context(latency=judged, reliance=Users(timeout=1))))
    assert "crm waits" not in finding.message
    assert finding.rule.name == "latency-timeout"  # it goes on, and is the same trouble


def test_a_small_shift_beyond_a_consumers_objective_is_a_warning(
    an_exchange: "ExchangeFactory",
) -> None:
    shift = Judged(verdict=Verdict(kind=Kind.SHIFT, usual_ms=700.0, now_ms=900.0, confidence=0.9))
    exchange = an_exchange(body={"a": 1}, total_ms=900)
    beyond = only(detect(exchange, Context(latency=shift, reliance=Users(latency=0.8))))
    within = only(detect(exchange, Context(latency=shift, reliance=Users(latency=1.0))))
    assert (beyond.severity, within.severity) == (Severity.WARNING, Severity.INFO)
    assert "beyond the objective of crm" in beyond.message


def test_an_objective_burns_from_what_the_latencies_counted_also_over_a_restart(
    an_exchange: "ExchangeFactory",
) -> None:
    users, latencies = Users(latency=0.8), Latencies()
    begun = an_exchange().started_at
    for number in range(24):
        at = begun + timedelta(minutes=5 * number)
        exchange = an_exchange(at=at, body={"a": 1}, total_ms=850 if number % 3 == 2 else 750)
        judged = latencies.take(exchange, thresholds_of(users, exchange.operation))
        whole, latencies.taken = latencies.document(), [] if number % 2 else latencies.taken
        latencies = Latencies.of(whole)
    finding = only(detect(exchange, Context(latency=judged, reliance=users)))
    assert (finding.rule.name, finding.severity) == ("latency-objective", Severity.WARNING)
    assert "4 of 12 answers in 1 h took more than 800 ms" in finding.message
    assert "objective of crm: 99 % within it" in finding.message
