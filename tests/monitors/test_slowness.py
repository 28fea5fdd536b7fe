"""What of a slower answer is told: which part slowed, on how much, since which deployment. Each
fault of the sandbox through the real pass, under the virtual clock."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Exchange, Headers, Operation, Request, Response, Timings
from contracts.findings import Course, Finding
from contracts.relying import reads_of
from contracts.rules import Severity
from monitors.commits import Commits
from monitors.diagnosis.common_cause import is_common_mode, is_latency
from monitors.history import History
from monitors.latencies import Latencies
from monitors.makeup import Makeup, Sample
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.records import TransitionKind
from monitors.slowed import Slowed, compare
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
"""The fewest that the sign test can say anything of: one gives occasion to ask the ten others."""
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
    assert (
        "the network, not server time (x-runtime), mostly the wait for the first byte"
        in finding.message
    )
    assert "on kept-alive connections" in finding.message
    assert "Intercom's own time is as it was" in finding.remedy


def test_everything_slow_is_one_incident_also_for_the_passes_to_come(timed_stage: Stage) -> None:
    *_, last = found_under(timed_stage, Fault(name="slow", factor=3), probes=MANY, passes=9)
    (finding,) = last
    assert finding.operation is None
    assert "it has one cause, Intercom or the way to it" in finding.message
    assert "Intercom's own time" in finding.message
    assert "times the usual time (median of 5 operations)" in finding.evidence
    assert [one.key for one in timed_stage.history.incidents()] == [finding.cause]
    assert len(timed_stage.messages()) == 1


def test_the_worst_of_what_slows_together_is_told_first_and_then_in_one_message_with_the_others(
    timed_stage: Stage,
) -> None:
    others = [str(one.operation) for one in MANY if str(one.operation) != TAGS]
    found = found_under(
        timed_stage,
        Fault(name="slow", operation=TAGS, factor=8),
        *(Fault(name="slow", operation=one, factor=3) for one in others[:4]),
        probes=MANY,
        passes=7,
    )
    assert next(filter(None, found))[0].operation == Operation.parse(TAGS)
    together = next(one for one in found[-1] if one.operation is None)
    assert set(together.operations) <= {TAGS, *others[:4]}
    assert "3 of 11 operations are slower together" in together.message
    (message,) = timed_stage.messages()
    told = [one for one in timed_stage.history.incidents() if not one.parent]
    assert [one.finding.operation for one in told] == [None]
    assert together.began_at is not None
    assert told[0].onset_at == together.began_at
    assert f"since {together.began_at:%H:%M} UTC" in message.text


def test_the_last_of_a_group_is_told_as_the_last_and_not_as_a_group_of_one(
    timed_stage: Stage,
) -> None:
    slow = [Fault(name="slow", operation=one, factor=8) for one in (TAGS, "GET /teams")]
    (both,) = found_under(timed_stage, *slow, probes=MANY)[-1]
    assert both.message.startswith("2 of 11 operations are slower together")
    timed_stage.intercom.faults.replace(slow[:1])
    with timed_stage.monitor() as monitor:
        for _ in range(12):
            timed_stage.clock.advance(BETWEEN)
            last = monitor.run_pass(probes=MANY)
    (one,) = (finding for finding in last.findings if is_latency(finding))
    assert one.cause == both.cause
    assert one.operations == (TAGS,)
    assert one.message.startswith(
        "Of the operations that became slower together one still is. GET /tags: p50"
    )
    (message,) = timed_stage.messages()
    assert "together one still is" in message.text
    assert "*Operations (1 now, 2 in all)*" in str(message.blocks or message.attachments)
    timed_stage.intercom.faults.clear()
    with timed_stage.monitor() as monitor:
        for _ in range(8):
            timed_stage.clock.advance(BETWEEN)
            monitor.run_pass(probes=MANY)
    message, *_ = timed_stage.messages()
    assert "*RESOLVED" in message.text
    assert "2 of 11 operations are slower together" in message.text


def test_what_comes_back_is_the_same_incident_and_says_when_it_is_as_usual(
    timed_stage: Stage,
) -> None:
    slow, reports = [Fault(name="slow", operation=TAGS, factor=8)], []
    with timed_stage.monitor() as monitor:
        for faults, passes in ([], 10), (slow, 6), ([], 12), (slow, 6), ([], 8):
            timed_stage.intercom.faults.replace(faults)
            for _ in range(passes):
                timed_stage.clock.advance(BETWEEN)
                reports.append(monitor.run_pass(probes=FEW))
    kinds = [str(one.kind) for report in reports for one in report.transitions]
    assert kinds == ["opened", "resolved", "reopened", "spread"]
    (finding,) = (one for one in reports[-1].findings if is_latency(one))
    assert (finding.severity, finding.course) == (Severity.INFO, Course.PAUSES)
    assert "comes and goes since 09:55 UTC, last slow 12:25 UTC (p50 " in finding.message
    assert "; as usual now, p50 " in finding.message
    (incident,) = reports[-1].incidents
    assert incident.finding.message == finding.message
    message, *_ = timed_stage.messages()
    assert "*WARNING, as usual now,* in" in message.text
    assert "; as usual now, p50 " in message.text


def test_what_lasts_is_told_as_usual_now_and_not_as_mended(timed_stage: Stage) -> None:
    kinds: list[TransitionKind] = []
    with timed_stage.monitor() as monitor:
        for number in range(24 * 6):
            if number == 24:
                timed_stage.intercom.faults.add(Fault(name="slow", operation=TAGS, factor=8))
            timed_stage.clock.advance(timedelta(hours=1))
            report = monitor.run_pass(probes=TAGS_ONLY)
            kinds += [one.kind for one in report.transitions]
            if TransitionKind.RESOLVED in kinds:
                break
    assert kinds == [TransitionKind.OPENED, TransitionKind.RESOLVED]
    (finding,) = report.findings
    assert (finding.severity, finding.course) == (Severity.INFO, Course.SETTLED)
    message, *_ = timed_stage.messages()
    assert "*USUAL NOW after 4 days" in message.text
    assert "is taken for usual now: it lasted four days and did not go away" in message.text
    shown = str(message.blocks or message.attachments)
    assert "*Not mended, but usual now.*" in shown
    assert "Nothing to do" not in shown


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
    assert "40 times as large" in finding.message
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


HOUR: Final = 3600.0
MONDAY: Final = 1_772_409_600.0  # 00:00 UTC
SWING: Final = 0.35
"""Log units to either side: twice as long at its busiest hour as at its quietest."""


def usual_server(at: float, *, swings: bool = True) -> float:
    """Return the milliseconds a server usually takes: less at night and on weekends."""
    weekday = at // (24 * HOUR) % 7 not in (2, 3)  # 1 January 1970 was a Thursday
    day = SWING * math.sin(2 * math.pi * (at / HOUR - 8) / 24) + (0.1 if weekday else -0.1)
    return 250.0 * (math.exp(day) if swings else 1.0)


def usual_network(at: float, *, swings: bool = False) -> float:
    return 0.4 * usual_server(at, swings=swings)


@dataclass
class Made:
    """Answers of a made operation, whose server or network follows the hour, and slows."""

    chance: Random
    server_swings: bool = True
    part: str = ""
    factor: float = 1.0

    def usual(self, at: float) -> float:
        network = usual_network(at, swings=not self.server_swings)
        return usual_server(at, swings=self.server_swings) + network

    def sample(self, at: float) -> Sample:
        server = usual_server(at, swings=self.server_swings) * self.chance.lognormvariate(0, 0.08)
        network = usual_network(at, swings=not self.server_swings)
        network *= self.chance.lognormvariate(0, 0.08)
        added = (self.factor - 1.0) * (server + network)
        server += added if self.part == "server" else 0.0
        network += added if self.part == "network" else 0.0
        return Sample(at, server + network, server, network * 0.9, network * 0.1, None, 1000)


OTHER: Final = {"server": "network", "network": "server"}


@given(
    hour=st.integers(min_value=24, max_value=24 * 14),
    hours_known=st.integers(min_value=3, max_value=200),
    every=st.sampled_from([60.0, 300.0, 1800.0]),
    part=st.sampled_from(sorted(OTHER)),
    factor=st.sampled_from([1.3, 1.5, 2.0, 5.0]),
    server_swings=st.booleans(),
    seed=st.integers(min_value=0, max_value=99),
)
def test_the_part_that_slowed_is_named_at_every_hour_whichever_part_follows_the_hour(
    *,
    hour: int,
    hours_known: int,
    every: float,
    part: str,
    factor: float,
    server_swings: bool,
    seed: int,
) -> None:
    onset = MONDAY + hour * HOUR
    made = Made(Random(seed), server_swings=server_swings)
    makeup = Makeup()
    at = onset - hours_known * HOUR
    while at < onset:  # no more than what is remembered
        makeup.take(made.sample(at), is_calm=True)
        at += every if onset - at <= 24 * every else min(HOUR, onset - at - 24 * every)
    slow = replace(made, part=part, factor=factor)
    for number in range(24):
        makeup.take(slow.sample(onset + number * every), is_calm=False)
    slowed = compare(*makeup.around(onset), made.usual)
    assert slowed.part != OTHER[part]
    if hours_known >= 24:
        assert slowed.part == part


def timed(at: float, sample: Sample) -> Exchange:
    """Return the exchange that such a sample is taken of."""
    first = sample.total - (sample.transfer or 0.0)
    tags = Operation.parse(TAGS)
    return Exchange(
        workspace="acme",
        region="us",
        version="2.15",
        operation=tags,
        request=Request(method="GET", url="https://api.intercom.io/tags"),
        response=Response.of(200, Headers({}), b"{}"),
        failure=None,
        started_at=datetime.fromtimestamp(at, UTC),
        timings=Timings(total_ms=sample.total, first_byte_ms=first, server_ms=sample.server),
    )


def test_what_comes_back_began_anew_with_its_own_part_and_deployment() -> None:
    made, latencies, at = Made(Random(3)), Latencies(), MONDAY
    spells = [(24.0, "", "a" * 8), (2.0, "server", "b" * 8), (2.0, "", "b" * 8)]
    spells += [(1.0, "network", "c" * 8)]
    for hours, part, commit in spells:
        begun, spell = at, replace(made, part=part, factor=4.0 if part else 1.0)
        while at < begun + hours * HOUR:
            exchange = timed(at, spell.sample(at))
            assert exchange.response is not None
            headers = Headers({"x-intercom-version": commit})
            answer = replace(exchange.response, headers=headers)
            judged = latencies.take(replace(exchange, response=answer))
            latencies = latencies if int(at) % 3600 else Latencies.of(latencies.document())
            at += 300.0
    assert judged.verdict.since < begun - 3 * HOUR
    assert judged.onset == pytest.approx(begun, abs=600.0)
    assert judged.slowed.part == "network"
    assert judged.deployment is not None
    assert judged.deployment.commit == "c" * 8


@pytest.mark.parametrize("server_swings", [True, False])
def test_the_part_is_named_from_what_was_learned_of_the_hours(*, server_swings: bool) -> None:
    """As it is told, after three days of an answer every five minutes."""
    made = Made(Random(1), server_swings=server_swings)
    calm, at, wrong, named = Latencies(), MONDAY, [], []
    for hour in (72, 80, 88):
        while at < MONDAY + hour * HOUR:
            calm.take(timed(at, made.sample(at)))
            at += 300.0
        document = calm.document()
        for part, factor in itertools.product(OTHER, (1.5, 2.0, 5.0)):
            latencies, slow = Latencies.of(document), replace(made, part=part, factor=factor)
            times = (at + 300.0 * number for number in range(30))
            told = {latencies.take(timed(one, slow.sample(one))).slowed.part for one in times}
            named += [part] if part in told else []
            wrong += [(hour, part, factor)] if OTHER[part] in told else []
    assert wrong == []
    assert len(named) >= 16


def sized(*, at: float, size: int, server: float, network: float) -> Sample:
    return Sample(at, server + network, server, None, None, None, size)


def flat(at: float) -> float:
    return 300.0


def before_and_after(
    before: Sequence[tuple[int, float, float]], after: tuple[int, float, float]
) -> Slowed:
    """Compare answers of a size, a server's and a network's time each; `before` in turns."""
    old = [
        sized(at=MONDAY + 300.0 * number, size=size, server=server, network=network)
        for number, (size, server, network) in zip(range(40), itertools.cycle(before))
    ]
    size, server, network = after
    new = [
        sized(at=MONDAY + 20_000.0 + 300.0 * number, size=size, server=server, network=network)
        for number in range(6)
    ]
    return compare(old, new, flat)


def test_the_price_of_a_byte_is_learned_where_sizes_differ() -> None:
    sizes = [(1000 * number, 80.0 + 10 * number, 20.0) for number in (1, 2, 3, 4)]
    slowed = before_and_after(sizes, (12_000, 580.0, 20.0))
    assert slowed.is_priced
    # A hundredth of a millisecond per byte for 9500 bytes: the rest is not the size's.
    assert slowed.explained_ms == pytest.approx(95.0, abs=0.1)


def test_larger_answers_explain_no_more_than_was_added() -> None:
    slowed = before_and_after([(1000, 250.0, 40.0)], (3000, 250.0, 200.0))
    assert slowed.explained_ms == pytest.approx(160.0)
    assert not slowed.is_priced


def test_a_server_as_much_slower_as_its_answers_are_larger_is_slower() -> None:
    slowed = before_and_after([(1000, 250.0, 40.0)], (3000, 750.0, 40.0))
    assert slowed.explained_ms <= 10.0
    assert slowed.part == "server"


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
    slowed = compare(*makeup.around(since), flat, tail=tail)
    assert slowed.part in ("", "server", "network", "both")
    assert 0.0 <= slowed.explained_ms <= 1e7
    kept = Makeup.from_json(makeup.as_json())
    assert compare(*kept.around(since), flat, tail=tail) == slowed


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
