"""Regressions are found, told once, forgiven, and nothing else is told."""

import json
import math
import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.latencies import Latencies
from monitors.makeup import Makeup
from monitors.packed import unpacked
from monitors.regression import CALM, Kind, Watch
from tests.monitors.latency_samples import (
    PER_DAY,
    PER_HOUR,
    START,
    STEP,
    Sample,
    between,
    opened,
    series,
    told,
    wider_from,
)

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

times = st.floats(allow_nan=True, allow_infinity=True) | st.integers(START, START + 10**6).map(
    float
)
latencies = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 120_000)


def restored(watch: Watch) -> Watch:
    return Watch.from_json(json.loads(json.dumps(watch.as_json(), allow_nan=False)))


@pytest.mark.parametrize("seed", range(4))
def test_a_quiet_operation_is_never_told(seed: int) -> None:
    assert all(verdict == CALM for verdict in told(series(9, seed=seed)))


@pytest.mark.parametrize(
    ("factor", "within", "kind"), [(1.5, 36, Kind.SHIFT), (2.5, 12, Kind.REGRESSION)]
)
def test_a_lasting_slowdown_is_told_once_and_forgiven(
    factor: float, within: int, kind: Kind
) -> None:
    first, last = 8 * PER_DAY, 8 * PER_DAY + 10 * PER_HOUR
    verdicts = told(series(9, between(first, last, factor)))
    (at,) = opened(verdicts)
    assert first < at < first + within
    assert verdicts[last - 1].kind is kind
    assert verdicts[last - 1].factor == pytest.approx(factor, rel=0.25)
    (over,) = (index for index, verdict in enumerate(verdicts) if verdict.closed)
    assert last < over < last + PER_HOUR
    assert abs(verdicts[at].since - (START + first * STEP)) <= 3600


def test_five_times_slower_is_told_within_an_hour_of_the_first_sample_and_says_how_sure() -> None:
    early = told(series(0.1, between(8, 10**6, 5.0)))
    late = told(series(6.1, between(6 * PER_DAY, 10**6, 5.0)))
    assert opened(early) == [11]
    assert opened(late) == [6 * PER_DAY + 3]
    assert not early[11].is_sure
    assert late[opened(late)[0]].confidence > 0.85


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_burst_of_less_than_a_quarter_of_an_hour_is_nobodys_matter(length: int) -> None:
    first = 7 * PER_DAY
    assert not opened(told(series(7.2, between(first, first + length, 8.0))))


@given(seed=st.integers(0, 999), jobs=st.lists(st.integers(0, 600), min_size=2, max_size=4))
@settings(max_examples=20)
def test_nothing_begins_before_the_first_sample_or_before_what_is_over(
    seed: int, jobs: list[int]
) -> None:
    slow = {index + more for index in jobs for more in range(2 * PER_HOUR)}
    over = float(START)
    for verdict in told(series(2.5, lambda i: 2.4 if i in slow else 1.0, seed=seed, sigma=0.2)):
        if verdict.opened:
            assert verdict.since >= over
        over = verdict.since if verdict.closed else over


def test_what_comes_back_loud_after_a_small_shift_is_told_with_an_onset_of_its_own() -> None:
    small, loud = 9 * PER_DAY, 9 * PER_DAY + 6 * PER_HOUR

    def slower(index: int) -> float:
        if small <= index < small + 2 * PER_HOUR:
            return 1.4
        return 2.5 if index >= loud else 1.0

    verdicts = told(series(9.5, slower))
    shift, regression = opened(verdicts)
    assert small < shift < small + 2 * PER_HOUR
    assert verdicts[shift].kind is Kind.SHIFT
    assert verdicts[regression].kind is Kind.REGRESSION
    assert abs(verdicts[regression].since - (START + loud * STEP)) <= 1800
    assert not verdicts[regression].intermittent


@pytest.mark.parametrize("seed", range(4))
def test_where_a_third_of_the_answers_is_slow_four_in_a_row_are_not_another_trouble(
    seed: int,
) -> None:
    first, chance = 8 * PER_DAY, random.Random(seed)
    verdicts = told(
        series(8.8, lambda i: 4.0 if i >= first and chance.random() < 0.3 else 1.0, seed=seed)
    )
    assert 1 <= len(opened(verdicts)) <= 2


def test_when_only_the_slow_answers_become_slower_it_is_a_shift_of_the_tail() -> None:
    chance = random.Random(1)
    first = 7 * PER_DAY
    samples = series(9, lambda index: 4.0 if index > first and chance.random() < 0.25 else 1.0)
    verdicts = told(samples)
    at = opened(verdicts)[0]
    assert first < at < first + PER_DAY
    assert verdicts[at].kind is Kind.SHIFT
    assert verdicts[at].tail


def test_slow_answers_are_found_also_among_an_operations_own_spikes() -> None:
    chance = random.Random(5)
    first = 6 * PER_DAY

    def slower(index: int) -> float:
        share, size = (0.2, 3.0) if index > first else (0.03, 4.0)
        return size if chance.random() < share else 1.0

    (at,) = opened(told(series(6.5, slower)))
    assert first < at < first + PER_DAY / 2


def test_a_wider_spread_is_told_as_a_matter_of_the_slow_answers() -> None:
    first = 7 * PER_DAY
    verdicts = told(series(8, wider_from(first, 0.35)))
    at = opened(verdicts)[0]
    assert first < at < first + 6 * PER_HOUR
    assert (verdicts[at].kind, verdicts[at].tail) == (Kind.SHIFT, True)


def test_a_small_shift_is_told_as_soon_as_it_is_more_than_a_burst() -> None:
    first = 7 * PER_DAY + 60
    assert not opened(told(series(7.5, between(first, first + 3, 1.6))))
    (at,) = opened(told(series(7.5, between(first, first + 9, 1.6))))
    assert at < first + 9


def test_an_improvement_is_no_alert_and_then_what_is_normal() -> None:
    day = 6 * PER_DAY
    back = 9 * PER_DAY
    verdicts = told(series(9.5, lambda index: 0.5 if day <= index < back else 1.0))
    assert [at >= back for at in opened(verdicts)] == [True]


def test_what_stays_slow_for_days_is_the_new_normal() -> None:
    verdicts = told(series(14, between(6 * PER_DAY, 10**6, 1.8)))
    assert len(opened(verdicts)) == 1
    assert verdicts[11 * PER_DAY :] == [CALM] * (3 * PER_DAY)


def test_one_that_comes_back_soon_is_not_told_again() -> None:
    first = 7 * PER_DAY
    slow = [first, first + 5 * PER_HOUR]
    verdicts = told(
        series(8, lambda i: 3.0 if any(one <= i < one + 2 * PER_HOUR for one in slow) else 1.0)
    )
    assert len(opened(verdicts)) == 1
    assert sum(verdict.closed for verdict in verdicts) == 2


@pytest.mark.parametrize(("step", "samples"), [(60, 30), (300, 12), (1800, 8)])
def test_twice_as_slow_is_loud_soon_at_every_pace(step: int, samples: int) -> None:
    first = 7 * 86400 // step
    verdicts = told(series(7.5, between(first, 10**6, 2.0), step=step))
    loud = [index for index, one in enumerate(verdicts) if one.kind is Kind.REGRESSION]
    assert first < loud[0] < first + samples
    assert all(one.kind is Kind.REGRESSION for one in verdicts[loud[0] :])


def test_a_shift_is_told_at_a_minutes_pace_soon_after_it_is_more_than_a_burst() -> None:
    first, most = 7 * 1440, 15
    assert not opened(told(series(7.2, between(first, first + most, 1.5), step=60)))
    (at,) = opened(told(series(7.2, between(first, 10**6, 1.5), step=60)))
    assert first + most < at < first + 22


@pytest.mark.parametrize(("every", "slow"), [(24, 9), (12, 5)])
def test_one_that_comes_and_goes_stays_one_until_it_is_over(every: int, slow: int) -> None:
    first, last = 8 * PER_DAY, 8 * PER_DAY + 20 * PER_HOUR
    verdicts = told(
        series(9.5, lambda i: 3.0 if first <= i < last and (i - first) % every < slow else 1.0)
    )
    assert len(opened(verdicts)) == 1
    third = first + 3 * every
    assert all(one.kind is not Kind.NOTHING for one in verdicts[third + slow : last])
    going = verdicts[third + slow : last]
    assert all(one.intermittent and one.slow_ms > 1.5 * one.usual_ms for one in going)
    # What is said to be so now was measured: while it pauses it is as usual.
    assert all(one.factor < 1.5 for one in going if one.pauses)
    assert any(one.pauses for one in going)
    assert any(one.factor > 1.5 for one in going)
    closed = [index for index, one in enumerate(verdicts) if one.closed]
    assert last <= closed[-1] < last + 2 * every


def test_what_it_says_is_so_now_is_the_median_of_the_answers_since() -> None:
    first = 8 * PER_DAY
    samples = series(8.1, between(first, 10**6, 1.6))
    verdicts = told(samples)
    at = opened(verdicts)[0] + 3
    since = [ms for when, ms in samples[at - 8 : at + 1] if when >= verdicts[at].since]
    assert verdicts[at].now_ms == pytest.approx(sorted(since)[len(since) // 2], rel=0.05)


@given(
    cut=st.integers(0, 8 * PER_DAY) | st.integers(7 * PER_DAY, 8 * PER_DAY),
    spread=st.sampled_from((0.0, 0.4)),
    seed=st.integers(0, 3),
)
@settings(max_examples=8, deadline=None)
def test_a_restart_changes_nothing(cut: int, spread: float, seed: int) -> None:
    shift, wider = between(7 * PER_DAY, 7 * PER_DAY + 30, 2.0), wider_from(7 * PER_DAY, spread)
    samples = series(8, lambda index: wider(index) if spread else shift(index), seed=seed)
    before = Watch()
    head = told(samples[:cut], before)
    assert told(samples[cut:], restored(before)) == told(samples, Watch())[len(head) :]


@given(st.lists(st.tuples(times, latencies), max_size=60), st.integers(0, 60))
@settings(deadline=None)
def test_no_samples_make_it_raise_and_none_are_lost_by_a_restart(
    samples: list[Sample], cut: int
) -> None:
    before = Watch()
    head = told(samples[:cut], before)
    assert [*head, *told(samples[cut:], restored(before))] == told(samples)


@pytest.mark.parametrize("ms", [math.nan, math.inf, -math.inf, -1.0])
def test_what_is_no_time_changes_nothing(ms: float) -> None:
    watch = Watch()
    told(series(0.1), watch)
    before = watch.as_json()
    later = START + 86_400.0
    assert [watch.take(at, ms) for at in (later, math.nan, -1.0)] == [CALM] * 3
    assert watch.take(math.inf, 100.0) == CALM
    assert watch.as_json() == before


@given(st.lists(times, max_size=120), st.floats(0, 1e9))
@settings(deadline=None)
def test_a_constant_is_never_told_whatever_the_clock_says(at: list[float], ms: float) -> None:
    assert all(verdict == CALM for verdict in told((one, ms) for one in at))


@given(st.lists(st.integers(-7200, 7200), max_size=300), st.floats(0, 1e9))
@settings(deadline=None)
def test_a_constant_is_never_told_while_the_clock_jumps(steps: list[int], ms: float) -> None:
    at = float(START)
    samples = []
    for step in steps:
        at += step
        samples.append((at, ms))
    assert all(verdict == CALM for verdict in told(samples))


def test_the_stored_form_is_small() -> None:
    watch = Watch()
    told(series(29), watch)
    assert len(json.dumps(watch.as_json())) < 64 * 1024


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    )
)
def test_a_stored_form_that_is_none_is_forgotten(stored: object) -> None:
    for document in (stored, {"operations": stored, "deployments": stored}):
        kept = Latencies.of(document).document()["operations"]
        assert all(unpacked(one["watch"]) == Watch().as_json() for one in kept.values())
    assert Makeup.from_json(stored).as_json() == Makeup().as_json()
    assert Latencies.of({"a key": Watch().as_json()}).document()["operations"].keys() == {"a key"}
    assert Watch.from_json({"schema": 1, "normal": stored}).as_json() == Watch().as_json()


def test_operations_are_watched_each_by_itself(an_exchange: "ExchangeFactory") -> None:
    watched = Latencies()
    begun = an_exchange().started_at
    for number in range(12):
        at = begun + number * timedelta(minutes=5)
        slow = 900.0 if number > 5 else 100.0
        verdict = watched.take(an_exchange("GET /tags", at=at, total_ms=slow)).verdict
        assert watched.take(an_exchange("GET /teams", at=at)).verdict == CALM
    assert verdict.kind is Kind.REGRESSION
    assert watched.take(an_exchange("GET /tags", status=503)).verdict == CALM
