"""The band of what is usual and the onset, from the detector's own memory to every report."""

import json
import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Exchange, Headers, Operation, Request, Response, Timings
from monitors.commits import Deployment
from monitors.latencies import Latencies
from monitors.memory import BASELINES
from monitors.records import Measurement, Outcome, Probed
from monitors.regression import Kind, Verdict
from monitors.troubles import KEPT, Troubles, followed, troubles_from
from reports import html, machine
from reports.plots import NARROW, plot, told
from reports.probes import ProbeSummary, by_probe
from reports.reading import summary_of
from reports.summaries import Summary
from tests.reports.conftest import NOW

EVERY = timedelta(minutes=10)
SLOW, QUIET = "GET /contacts", "GET /tags"
COMMIT = "abcdef1234567890"


class Kept:
    """A history of some days: one operation twice as slow for five hours, and one that is not."""

    def __init__(self, *, days: int = 4, slow_ago: float = 10, slow_hours: float = 5) -> None:
        self._measured: list[Measurement] = []
        latencies, chance = Latencies(), random.Random(7)
        begin = NOW - timedelta(days=days)
        self.onset = NOW - timedelta(hours=slow_ago)
        for number in range(int(timedelta(days=days) / EVERY)):
            at = begin + EVERY * number
            is_slow = self.onset <= at < self.onset + timedelta(hours=slow_hours)
            daily = 1 + 0.3 * math.sin(at.hour / 24 * 2 * math.pi)
            for name in (SLOW, QUIET):
                ms = 200 * daily * math.exp(chance.gauss(0, 0.1))
                ms *= 2.5 if is_slow and name == SLOW else 1
                commit = COMMIT if at >= self.onset else "1234567890abcdef"
                latencies.take(_exchange(name, at, ms, commit), (350.0,) if name == SLOW else ())
                self._measured.append(_measurement(name, at, ms))
        self._documents = {BASELINES: json.loads(json.dumps(latencies.document()))}

    def passes(self, _limit: int = 1) -> tuple[()]:
        return ()

    def probed(self, since: Any, *, latest: int) -> tuple[Probed, ...]:
        return by_probe((one for one in self._measured if one.started_at >= since), latest=latest)

    def incidents(self, _since: Any = None) -> tuple[()]:
        return ()

    def transitions(self, _incident_id: str | None = None) -> tuple[()]:
        return ()

    def notices(self) -> tuple[()]:
        return ()

    def documents_about(self, _key: str) -> dict[str, Any]:
        return self._documents


def _exchange(name: str, at: Any, ms: float, commit: str) -> Exchange:
    method, path = name.split()
    return Exchange(
        workspace="acme",
        region="us",
        version="2.15",
        operation=Operation.parse(name),
        request=Request(method=method, url=f"https://api.intercom.io{path}"),
        response=Response.of(200, Headers({"x-intercom-version": commit}), b"{}"),
        started_at=at,
        timings=Timings(total_ms=ms, server_ms=ms / 2, connection_reused=True),
    )


def _measurement(name: str, at: Any, ms: float) -> Measurement:
    return Measurement(
        workspace="acme",
        region="us",
        version="2.15",
        operation=Operation.parse(name),
        started_at=at,
        outcome=Outcome.HEALTHY,
        status=200,
        total_ms=ms,
    )


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept()


@pytest.fixture(scope="module")
def slower(kept: Kept) -> Summary:
    limits = {SLOW: timedelta(seconds=10)}
    return summary_of(kept, now=NOW, limits=limits)


def probes(summary: Summary) -> Mapping[str, ProbeSummary]:
    return {str(one.operation): one for one in summary.workspaces[0].probes}


def test_a_regression_is_shown_with_its_onset_factor_deployment_and_end(
    slower: Summary, kept: Kept
) -> None:
    probe = probes(slower)[SLOW]
    (onset,) = probe.baseline.onsets
    assert abs(onset.since - kept.onset) <= timedelta(minutes=30)
    assert 2.0 < onset.factor < 3.0
    assert onset.until is not None
    assert timedelta(0) <= onset.until - kept.onset - timedelta(hours=5) <= timedelta(hours=1)
    assert (onset.settled, onset.deployment) == (False, COMMIT)
    words = told(probe)
    assert words.startswith("p50 rose to ")
    assert f"at most, {onset.factor:.1f} times the usual " in words
    assert "deployment abcdef1 first seen" in words
    assert "An objective asks for 350 ms. The limit is 10 s." in words
    drawing = str(plot(probe))
    for shape in ('"band"', '"onset"', '"over"', '"deployed"', '"limit"'):
        assert f"class={shape}" in drawing
    assert "limit 10 s" not in drawing, "a limit far above would flatten all that matters"


def test_nine_of_ten_ordinary_answers_lie_within_the_band(slower: Summary) -> None:
    baseline = probes(slower)[QUIET].baseline
    ordinary = [one for one in probes(slower)[QUIET].latency.samples if one.total_ms]
    inside = 0
    for sample in ordinary:
        hour = min(baseline.hours, key=lambda one: abs(one.at - sample.at))
        inside += sample.total_ms <= hour.high
    assert inside > 0.85 * len(ordinary), "the slowest of each stretch, most of them within"
    assert all(one.high / one.low < 2.5 for one in baseline.hours)


def test_a_quiet_operation_stays_small(slower: Summary) -> None:
    page = html.render(slower)
    assert page.count('class="plot"') == 2, "one for phones"
    assert page.count('<polygon class="band"') == 4, "in two sparklines and the large drawings"
    assert probes(slower)[QUIET].baseline.onsets == ()


def test_programs_get_the_band_and_the_regressions(slower: Summary) -> None:
    shown = json.loads(machine.render(slower))["workspaces"][0]["probes"]
    usual = {one["operation"]: one["usual"] for one in shown}
    (regression,) = usual[SLOW]["regressions"]
    assert regression["until"] > regression["since"]
    assert (usual[SLOW]["objectives_ms"], usual[SLOW]["limit_ms"]) == ([350.0], 10_000.0)
    assert all(one["low"] < one["ms"] < one["high"] for one in usual[QUIET]["hours"])
    assert usual[QUIET]["regressions"] == []


def test_one_that_goes_on_has_no_end() -> None:
    still = summary_of(Kept(days=2, slow_ago=3), now=NOW)
    (onset,) = probes(still)[SLOW].baseline.onsets
    assert onset.until is None
    assert "it goes on" in told(probes(still)[SLOW])
    assert 'class="over"' not in str(plot(probes(still)[SLOW]))


def verdicts() -> Iterator[st.SearchStrategy[Verdict]]:
    yield st.just(Verdict())
    yield st.just(Verdict(closed=True))
    yield st.builds(
        Verdict,
        kind=st.sampled_from([Kind.SHIFT, Kind.REGRESSION]),
        tail=st.booleans(),
        since=st.sampled_from([10.0, 20.0, 30.0]),
        usual_ms=st.just(100.0),
        now_ms=st.floats(100, 1000),
        paused_since=st.sampled_from([0.0, 0.0, 40.0]),
    )


@given(st.lists(st.one_of(*verdicts()), max_size=40))
def test_whatever_is_judged_only_the_last_trouble_goes_on_and_all_survive_storage(
    judged: list[Verdict],
) -> None:
    troubles: Troubles = ()
    for at, verdict in enumerate(judged, start=100):
        deployment = Deployment(commit=COMMIT, at=9.0, in_a_day=1) if at % 3 else None
        troubles = followed(troubles, float(at), verdict, deployment)
        assert (verdict.kind is not Kind.NOTHING) == bool(troubles and troubles[-1].until is None)
        assert all(one.until is not None for one in troubles[:-1])
        assert len(troubles) <= KEPT
    assert troubles_from(json.loads(json.dumps([one.as_json() for one in troubles]))) == troubles


@given(st.lists(st.none() | st.integers() | st.text() | st.lists(st.none() | st.floats())))
def test_a_form_that_is_none_holds_no_trouble(stored: object) -> None:
    assert troubles_from(stored) == ()


def test_what_comes_back_soon_is_the_same_trouble() -> None:
    slow = Verdict(kind=Kind.SHIFT, since=10.0, usual_ms=100.0, now_ms=150.0)
    over = followed(followed((), 20.0, slow, None), 30.0, Verdict(closed=True), None)
    assert [(one.until, one.settled) for one in over] == [(30.0, False)]
    (again,) = followed(over, 40.0, replace(slow, now_ms=140.0), None)
    assert (again.until, again.factor) == (None, 1.5)
    (settled,) = followed((again,), 50.0, Verdict(), None)
    assert settled.settled


def test_pauses_of_one_that_comes_and_goes_are_remembered_and_not_drawn_as_slow() -> None:
    slow = Verdict(kind=Kind.REGRESSION, since=1e6, usual_ms=100.0, now_ms=300.0)
    calm = replace(slow, paused_since=1e6 + 7200.0, now_ms=100.0)
    steps = [
        (1e6 + 600, slow),
        (1e6 + 1800, Verdict(closed=True)),  # over, and back
        (1e6 + 3600, slow),
        (1e6 + 9000, calm),
    ]
    troubles: Troubles = ()
    for at, verdict in steps:
        troubles = followed(troubles, at, verdict, None)
    (paused,) = troubles
    assert paused.is_paused
    assert paused.pauses == ((1e6 + 1800, 1e6 + 3600), (1e6 + 7200, None))
    (back,) = followed(troubles, 1e6 + 10800, slow, None)
    assert back.pauses[-1] == (1e6 + 7200, 1e6 + 10800)
    (over,) = followed(troubles, 1e6 + 10800, Verdict(closed=True), None)
    assert (over.is_paused, over.until) == (False, 1e6 + 10800)


def test_a_pause_is_left_white_and_what_may_come_back_does_not_go_on(slower: Summary) -> None:
    probe = probes(slower)[SLOW]
    (onset,) = probe.baseline.onsets
    hour = timedelta(hours=1)
    pauses = ((onset.since + hour, onset.since + 2 * hour), (onset.since + 3 * hour, None))
    paused = replace(onset, until=None, pauses=pauses)
    assert [(begin - onset.since, end - onset.since) for begin, end in paused.slow(NOW)] == [
        (timedelta(0), hour),
        (2 * hour, 3 * hour),
    ]
    one = replace(probe, baseline=replace(probe.baseline, onsets=(paused,)))
    assert str(plot(one)).count('class="slower"') == 2
    assert "with 1 pause; deployment" in told(one)
    assert "; as usual again since" in told(one)
    assert "goes on" not in told(one)
    assert not paused.is_slow


def test_the_band_begins_where_something_else_became_usual() -> None:
    known = Kept(days=8, slow_ago=6 * 24, slow_hours=6 * 24)
    probe = probes(summary_of(known, now=NOW))[SLOW]
    (onset,) = probe.baseline.onsets
    assert onset.settled
    assert onset.until is not None
    assert probe.baseline.hours[0].at >= onset.until
    assert probes(summary_of(known, now=NOW))[QUIET].baseline.hours[0].at < onset.since


def test_on_a_phone_nothing_of_a_drawing_stands_outside_it(slower: Summary) -> None:
    drawing = str(plot(probes(slower)[SLOW], NARROW))
    assert 'class="onset" x=' not in drawing, "it is said above, where lines can be broken"
    places = [float(one) for one in re.findall(r'<text class="tick" x="([0-9.]+)"', drawing)]
    assert all(30 <= one <= NARROW - 30 for one in places)
    assert f'viewBox="0 0 {NARROW} ' in drawing
