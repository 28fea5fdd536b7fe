"""What slow operations have in common, and what is said of the others."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contracts.exchanges import Exchange
from contracts.findings import Course
from contracts.rules import Severity
from monitors.detectors import Context, detect
from monitors.diagnosis import Observation, diagnose
from monitors.latencies import Judged
from monitors.regression import Kind, Verdict

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

ME: Final = "GET /me"


def slow_at(
    exchange: Exchange, minutes: float, *, told: str = "", pauses: bool = False, ms: float = 2_000.0
) -> Observation:
    """Return the sight of an operation that became slow so many minutes ago."""
    at = exchange.started_at.timestamp()
    since = at - 60.0 * minutes
    verdict = Verdict(
        kind=Kind.REGRESSION,
        since=since,
        usual_ms=100.0,
        now_ms=100.0 if pauses else ms,
        slow_ms=ms,
        paused_since=at - 300.0 if pauses else 0.0,
        intermittent=pauses,
        confidence=0.9,
    )
    onset = 0.0 if pauses else since
    judged = Judged(verdict=verdict, onset=onset, told=told, is_slower=not pauses)
    findings = detect(exchange, Context(latency=judged, known=frozenset()))
    return Observation(exchange=exchange, findings=findings, latency=judged)


def calm(exchange: Exchange, *, is_slower: bool = False) -> Observation:
    return Observation(exchange=exchange, latency=Judged(is_slower=is_slower))


def test_what_pauses_makes_nothing_common(an_exchange: "ExchangeFactory") -> None:
    diagnosed = diagnose(
        [
            slow_at(an_exchange("GET /tags"), 400, told="together", pauses=True),
            slow_at(an_exchange("GET /teams"), 400, told="latency-regression", pauses=True),
            slow_at(an_exchange(ME), 20),
        ]
    )
    told = {one.operations: one.finding for one in diagnosed}
    alone = told[(ME,)]
    assert alone.severity is Severity.WARNING
    assert str(alone.operation) == ME
    assert alone.message.endswith(", GET /me only.")
    assert {one.severity for one in told.values() if one is not alone} == {Severity.INFO}
    together = next(one for one in told.values() if one.operation is None)
    assert together.course is Course.PAUSES


def test_a_group_counts_what_is_slow_by_any_rule_and_says_nothing_false_of_the_others(
    an_exchange: "ExchangeFactory",
) -> None:
    late = slow_at(an_exchange(ME), 20, told="latency-timeout", ms=12_000.0)
    diagnosed = diagnose(
        [late, slow_at(an_exchange("GET /tags"), 20), calm(an_exchange("GET /contacts"))]
    )
    assert not any("only" in one.finding.message for one in diagnosed)
    own = slow_at(an_exchange("GET /tags"), 300, told="latency-regression")
    two = [slow_at(an_exchange(one), 20) for one in ("GET /teams", "GET /contacts")]
    nine = [calm(an_exchange(f"GET /x{number}")) for number in range(8)]
    (group,) = (
        one
        for one in diagnose([own, *two, *nine, calm(an_exchange("GET /y"), is_slower=True)])
        if one.finding.operation is None
    )
    assert group.finding.message.startswith(
        "2 of 12 operations are slower together; 1 more told by itself; "
        "1 of the other 9 took longer than usual in this pass."
    )
    assert group.finding.began_at is not None
    assert "since 08:40 UTC" in group.finding.message


def test_what_is_slow_and_not_asked_in_this_pass_is_not_forgotten(
    an_exchange: "ExchangeFactory",
) -> None:
    tags, others = an_exchange("GET /tags"), [calm(an_exchange(f"GET /x{one}")) for one in "abc"]
    for beside, is_only in ((set(), True), ({ME}, False), ({"GET /xa"}, True)):
        alone = slow_at(tags, 20)
        alone = replace(alone, latency=replace(alone.latency, slow_beside=frozenset(beside)))
        (told,) = diagnose([alone, *others])
        assert told.finding.message.endswith(", GET /tags only.") == is_only
