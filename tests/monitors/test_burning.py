"""Objectives: when their budget of slow answers is spent too fast, and whom slowness hurts."""

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from contracts.consumers import Consumer
from contracts.findings import Finding
from contracts.objectives import Objective
from contracts.rules import Severity
from monitors.burning import LEAST_SLOW, WINDOWS, Ledger, burn_of
from monitors.detectors import Context, detect
from monitors.detectors.context import thresholds_of
from monitors.latencies import TOGETHER, Judged, Latencies
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


def test_three_slow_answers_of_an_hour_burn_and_two_are_chance() -> None:
    calm = [False] * 60
    assert burns([*calm, True, True]) == ""
    assert burns([*calm, True, True, True]) == "1 h"
    assert burns([*calm, True, True, True, False, False, False]) != "1 h"  # it is over


def test_a_slow_burn_shows_in_the_long_windows_only() -> None:
    one_in_ten = [index % 10 == 0 for index in range(800)]
    assert burns([*one_in_ten, True]) == "6 h"
    assert burns([index % 40 == 0 for index in range(800)] + [False] * 30 + [True]) == "72 h"
    assert burns([False] * 864) == ""


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
    finding = only(detect(exchange, Context(reliance=Users(timeout=1))))
    assert (finding.rule.name, finding.severity) == ("latency-timeout", Severity.CRITICAL)
    assert finding.consumers == ("crm",)
    assert "1400 ms, and crm waits 1000 ms" in finding.message
    assert not detect(exchange, Context(reliance=Users(timeout=2)))


def test_one_trouble_stays_under_the_rule_it_was_told_by_with_the_worst_severity(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = an_exchange(body={"a": 1}, total_ms=1_400)
    double = Verdict(kind=Kind.REGRESSION, usual_ms=600.0, now_ms=1_300.0, confidence=0.9)
    for told, rule in {
        "": "latency-regression",
        TOGETHER: "latency-regression",
        "latency-regression": "latency-regression",
        "latency-timeout": "latency-timeout",
    }.items():
        context = Context(latency=Judged(verdict=double, told=told), reliance=Users(timeout=1))
        finding = only(detect(exchange, context))
        assert (finding.rule.name, finding.severity) == (rule, Severity.CRITICAL)


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
        exchange = an_exchange(at=at, body={"a": 1}, total_ms=850 if number % 3 == 0 else 750)
        judged = latencies.take(exchange, thresholds_of(users, exchange.operation))
        whole, latencies.taken = latencies.document(), [] if number % 2 else latencies.taken
        latencies = Latencies.of(whole)
    finding = only(detect(exchange, Context(latency=judged, reliance=users)))
    assert (finding.rule.name, finding.severity) == ("latency-objective", Severity.WARNING)
    assert "4 of 12 answers in 1 h took more than 800 ms" in finding.message
    assert "objective of crm: 99 % within it" in finding.message
