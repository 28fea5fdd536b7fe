"""What of a slower answer is told: which part slowed, on how much, since which deployment. Each
fault of the sandbox through the real pass, under the virtual clock."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.relying import reads_of
from contracts.rules import Severity
from monitors.commits import Commits
from monitors.diagnosis.slowness import is_common_mode, is_latency
from monitors.history import History
from monitors.makeup import Makeup, Sample
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.records import TransitionKind
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.slack import SlackStandIn
from tests.monitors.conftest import BETWEEN, PROBES, Stage

TAGS: Final = "GET /tags"
CONTACTS: Final = "GET /contacts"
PLAIN: Final = [one for one in PROBES if not one.identifiers]
HEALTHY: Final = 10
"""Passes before a fault."""
MANY: Final = tuple(PLAIN[:11])
"""Enough for the sign test."""
TAGS_ONLY: Final = tuple(one for one in PLAIN if str(one.operation) == TAGS)
FEW: Final = tuple(one for one in PLAIN if str(one.operation) in (TAGS, CONTACTS, "GET /me"))


@pytest.fixture
def timed_stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage on which answers take time."""
    clock = VirtualClock()
    with (
        Sandbox(clock=clock) as intercom,
        SlackStandIn(clock=clock) as slack,
        History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as history,
    ):
        yield Stage(clock, intercom, slack, history)


def found_under(
    stage: Stage, *faults: Fault, probes: Sequence[Probe] = FEW, passes: int = 6
) -> list[tuple[Finding, ...]]:
    """Return the findings of latency, pass by pass, under faults that come after healthy passes."""
    found = []
    with stage.monitor() as monitor:
        for number in range(HEALTHY + passes):
            if number == HEALTHY:
                stage.intercom.faults.replace(faults)
            stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=probes)
            found.append(tuple(one for one in report.findings if is_latency(one)))
    assert not any(found[:HEALTHY])
    return found[HEALTHY:]


def test_a_slow_server_is_told_as_server_time_of_that_operation_only(timed_stage: Stage) -> None:
    (finding,) = found_under(timed_stage, Fault(name="slow", operation=TAGS, factor=8))[-1]
    assert (str(finding.operation), finding.rule.name) == (TAGS, "latency-regression")
    assert "server time" in finding.message
    assert "the network" not in finding.message
    assert finding.message.endswith("GET /tags only.")
    assert finding.request_id
    (message,) = timed_stage.messages()
    assert "server time (x-runtime), GET /tags only." in message.text


def test_a_delay_that_the_server_knows_nothing_of_is_the_networks(timed_stage: Stage) -> None:
    delay = Fault(name="slow", operation=TAGS, milliseconds=600, form="network")
    (finding,) = found_under(timed_stage, delay)[-1]
    assert "the network, not server time (x-runtime), mostly first byte" in finding.message
    assert "on kept-alive connections" in finding.message
    assert "Intercom's own time is as it was" in finding.remedy


def test_everything_slow_is_one_incident_also_for_the_passes_to_come(timed_stage: Stage) -> None:
    *_, last = found_under(timed_stage, Fault(name="slow", factor=3), probes=MANY, passes=9)
    (finding,) = last
    assert finding.operation is None
    assert "it has one cause, Intercom or the way to it" in finding.message
    assert "Intercom's own time" in finding.message
    assert [one.key for one in timed_stage.history.incidents()] == [finding.cause]
    assert len(timed_stage.messages()) == 1


def test_what_was_told_as_one_operations_own_stays_so_when_others_follow(
    timed_stage: Stage,
) -> None:
    found_under(timed_stage, Fault(name="slow", operation=TAGS, factor=8), probes=MANY)
    timed_stage.intercom.faults.replace([Fault(name="slow", factor=8)])
    with timed_stage.monitor() as monitor:
        for _ in range(6):
            timed_stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=MANY)
    assert {str(one.finding.operation or "*") for one in report.incidents} == {TAGS, "*"}
    resolved = [
        one
        for incident in timed_stage.history.incidents()
        for one in timed_stage.history.transitions(incident.id)
        if one.kind is TransitionKind.RESOLVED
    ]
    assert resolved == []


def test_larger_answers_are_not_a_slower_api(timed_stage: Stage) -> None:
    larger = Fault(name="larger-answers", operation=CONTACTS, value=40, milliseconds=1)
    (finding,) = found_under(timed_stage, larger)[-1]
    assert (finding.rule.name, finding.severity) == ("latency-payload", Severity.INFO)
    assert "40.0 times as large" in finding.message
    assert timed_stage.messages() == []


def test_a_deployment_at_the_onset_is_named(timed_stage: Stage) -> None:
    faults = (
        Fault(name="new-deployment", value="abcdef1234567890"),
        Fault(name="slow", operation=CONTACTS, factor=8),
    )
    (finding,) = found_under(timed_stage, *faults)[-1]
    assert "deployment abcdef1 first seen 09:5" in finding.message
    assert finding.deployment == "abcdef1234567890"


def crm(**wants: object) -> Promises:
    """Promises to one consumer of the user's own, who reads tags."""
    own = [
        {
            "name": "crm",
            "owner": "revenue",
            "runbook": "https://example.com/crm",
            "reads": {TAGS: ["/data/*/id"]},
            **wants,
        }
    ]
    return Promises(
        lambda version: None,
        reads=lambda relied, published: reads_of(own, relied=relied, published=published),
    )


@pytest.mark.parametrize(
    ("every", "slow", "severity", "words"),
    [
        (timedelta(minutes=5), (2, 6, 9), Severity.WARNING, "3 of 10 answers in 6 h"),
        (timedelta(minutes=30), (2, 6, 9), Severity.WARNING, "3 of 10 answers in 6 h"),
        (timedelta(hours=2), (2, 16, 27, 29), Severity.INFO, "4 of 30 answers in 72 h"),
    ],
)
def test_an_objective_whose_budget_burns_is_told_by_a_whole_pass_and_slowly_only_in_the_digest(
    timed_stage: Stage,
    every: timedelta,
    slow: tuple[int, ...],
    severity: Severity,
    words: str,
) -> None:
    late = Fault(name="slow", operation=TAGS, milliseconds=900)
    held_to = crm(objective={"latency": "800ms", "target": "99%"})
    with timed_stage.monitor(held_to=held_to) as monitor:
        for number in range(slow[-1] + 1):
            timed_stage.intercom.faults.replace([late] if number in slow else [])
            timed_stage.clock.advance(every)
            report = monitor.run_pass(probes=TAGS_ONLY)
            if number < slow[-1]:
                assert not report.findings
    (finding,) = report.findings
    assert (finding.rule.name, finding.severity) == ("latency-objective", severity)
    assert finding.consumers == ("crm",)
    assert words in finding.message
    told = timed_stage.messages()
    if severity is Severity.INFO:
        assert told == []
    else:
        assert "objective of crm: 99 % within it" in told[0].text


@pytest.mark.parametrize(
    ("waits", "limit", "rule", "severity", "words"),
    [
        ("1s", "10s", "latency-timeout", Severity.CRITICAL, "ms, and crm waits 1000 ms"),
        ("30s", "1s", "latency-limit", Severity.WARNING, "beyond the limit of 1000 ms"),
        ("30s", "10s", "", None, ""),
    ],
)
def test_answers_beyond_a_limit_or_a_consumers_patience_are_told_by_a_whole_pass(
    timed_stage: Stage, waits: str, limit: str, rule: str, severity: Severity | None, words: str
) -> None:
    timed_stage.intercom.faults.add(Fault(name="slow", operation=TAGS, milliseconds=1450))
    settings = {"maximum-response-time": limit}
    with timed_stage.monitor(held_to=crm(timeout=waits), settings=settings) as monitor:
        for _ in range(3):
            timed_stage.clock.advance(BETWEEN)
            report = monitor.run_pass(probes=TAGS_ONLY)
    found = [(one.rule.name, one.severity, one.consumers) for one in report.findings]
    assert found == ([(rule, severity, ("crm",))] if rule else [])
    assert all(words in one.message for one in report.findings)
    assert [words in one.text for one in timed_stage.messages()] == [True] * len(found)


def samples(*, at: float, number: int, size: int, total: float) -> Iterator[Sample]:
    for index in range(number):
        yield Sample(at + 300 * index, total, total * 0.8, total * 0.2, 0.0, None, size)


def test_the_price_of_a_byte_is_learned_where_sizes_differ() -> None:
    makeup = Makeup()
    for index in range(20):
        size = 1000 * (1 + index % 4)
        for one in samples(at=300.0 * index, number=1, size=size, total=100 + size / 100):
            makeup.take(one, is_calm=True)
    for one in samples(at=6000.0, number=4, size=12_000, total=600.0):
        makeup.take(one, is_calm=False)
    slowed = makeup.compare(6000.0)
    assert slowed.is_priced
    # A hundredth of a millisecond per byte for 9500 bytes: the rest is not the size's.
    assert slowed.explained_ms == pytest.approx(95.0, abs=0.1)
    assert Makeup.from_json(makeup.as_json()).compare(6000.0) == slowed


numbers = st.floats(min_value=0, max_value=1e7)
any_sample = st.builds(
    Sample,
    st.floats(min_value=0, max_value=1e10),
    numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.integers(min_value=0, max_value=1 << 24),
)


@given(st.lists(any_sample, max_size=60), st.floats(min_value=0, max_value=1e10), st.booleans())
def test_nothing_that_can_be_measured_breaks_the_comparison(
    taken: list[Sample], since: float, tail: bool
) -> None:
    makeup = Makeup()
    for one in taken:
        makeup.take(one, is_calm=True)
    slowed = makeup.compare(since, tail=tail)
    assert slowed.part in ("", "server", "network", "both")
    assert slowed.explained_ms >= 0.0


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60))
def test_the_common_mode_test_keeps_its_error_rate(above: int, of: int) -> None:
    """By counting every outcome instead of the formula, as far as that can be counted."""
    if of <= 12 and above <= of:
        worse = sum(sum(bits) >= above for bits in itertools.product((0, 1), repeat=of))
        assert is_common_mode(above=above, of=of) == (above > 0 and worse / 2**of <= 0.001)
    if is_common_mode(above=above, of=of):
        assert of >= 10
        assert above > of / 2


@given(st.lists(st.tuples(numbers, st.sampled_from("abcdef") | st.none()), max_size=80), numbers)
def test_a_deployment_is_named_only_near_the_onset(
    seen: list[tuple[float, str | None]], since: float
) -> None:
    known = Commits()
    for at, commit in sorted(seen, key=lambda one: one[0]):
        known.take(at, commit)
    named = Commits.from_json(known.as_json()).at_onset(since)
    first = next((commit for _, commit in sorted(seen, key=lambda one: one[0]) if commit), None)
    if named is not None:
        assert -1800 <= named.at - since <= 1800
        assert named.commit != first
        assert 1 <= named.in_a_day <= 5
