"""What hours and days are like is learned from the first day on, and is no regression."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.regression import CALM, Kind
from monitors.regression.habits import Habits
from tests.monitors.latency_samples import (
    PER_DAY,
    PER_HOUR,
    START,
    between,
    office,
    opened,
    series,
    told,
)


def test_what_happens_every_night_is_normal_after_the_second() -> None:
    nightly = told(series(9, lambda index: 2.5 if 30 <= index % PER_DAY < 42 else 1.0))
    assert len(opened(nightly)) <= 2
    assert max(opened(nightly), default=0) < 2 * PER_DAY


@pytest.mark.parametrize("begins", [2, 8])
def test_a_job_of_the_night_that_begins_with_the_watch_is_nobodys_matter(begins: int) -> None:
    def job(index: int) -> float:
        return 2.2 if begins <= index % PER_DAY < begins + PER_HOUR else 1.0

    assert not opened(told(series(4, job)))


@pytest.mark.parametrize("seed", range(3))
def test_office_hours_are_told_on_the_first_day_at_most(seed: int) -> None:
    def busy(index: int) -> float:
        return 2.2 if office(index) > 1 else 1.0

    days = {index // PER_DAY for index in opened(told(series(5, busy, seed=seed, swing=0.1)))}
    assert days <= {0}


@pytest.mark.parametrize("seed", range(3))
def test_a_day_that_swings_widely_is_told_on_the_first_day_at_most(seed: int) -> None:
    days = {index // PER_DAY for index in opened(told(series(4, seed=seed, swing=1.0)))}
    assert days <= {0}


@given(rises=st.floats(0.0, 0.5), hour=st.integers(0, 23))
def test_an_hour_that_is_as_expected_is_no_slow_one_however_steep_the_day(
    rises: float, hour: int
) -> None:
    expected = [rises * (one % 24) for one in range(168)]
    habits, today = Habits(), START // 3600 + 6 * 24
    for one in range(today - 5 * 24, today + hour):
        habits.add(one, expected[one % 168])
    assert habits.slow_days(today + hour, expected, 0.1, hours=1.0) == 0


@pytest.mark.parametrize("seed", range(2))
def test_a_regression_is_not_over_because_the_weekend_is_quick(seed: int) -> None:
    first = 23 * PER_DAY + 10 * PER_HOUR

    def slower(index: int) -> float:
        return (1.6 if index >= first else 1.0) * (0.67 if index // PER_DAY % 7 >= 5 else 1.0)

    verdicts = told(series(27, slower, seed=seed))
    at = opened(verdicts)[-1]
    assert first < at < first + 3 * PER_HOUR
    assert not any(one.closed for one in verdicts[at:])


def test_a_watch_that_begins_on_a_saturday_tells_the_working_days_once() -> None:
    verdicts = told(series(21, lambda i: 0.65 if i // PER_DAY % 7 in (0, 1) else 1.0))
    assert len(opened(verdicts)) <= 1
    assert verdicts[7 * PER_DAY :] == [CALM] * (14 * PER_DAY)


@pytest.mark.parametrize("known", [24, 48, 60])
def test_half_hourly_probes_find_what_is_plain_at_the_third_sample_on_the_first_days(
    known: int,
) -> None:
    verdicts = told(series(3, between(known, 10**6, 20.0), step=1800, swing=0.0, sigma=0.1))
    assert opened(verdicts) == [known + 2]


def test_what_comes_and_goes_is_found_on_the_first_day() -> None:
    first = 10 * PER_HOUR
    verdicts = told(series(1, lambda i: 2.4 if i >= first and i % 14 < 6 else 1.0))
    assert first < opened(verdicts)[0] < first + 5 * PER_HOUR


@pytest.mark.parametrize("begins", ["Monday", "Saturday"])
def test_a_working_day_after_days_off_is_no_regression(begins: str) -> None:
    day = {"Monday": 0, "Saturday": 5}[begins]
    samples = series(9, lambda index: office(index + day * PER_DAY), swing=0.0)
    assert not opened(told((at + day * 86400.0, ms) for at, ms in samples))


@pytest.mark.parametrize("hour", [3, 8, 14])
def test_twice_as_slow_is_told_on_the_first_day_once_it_is_longer_than_a_job(hour: int) -> None:
    first = hour * PER_HOUR
    (at,) = opened(told(series(1, between(first, 10**6, 2.0))))
    assert first < at < first + 3.5 * PER_HOUR


@pytest.mark.parametrize("seed", range(4))
def test_the_course_of_the_first_day_is_not_loud(seed: int) -> None:
    verdicts = told(series(1.5, seed=seed, swing=0.5))
    assert not any(one.kind is Kind.REGRESSION for one in verdicts)


def test_it_is_still_learning_on_a_weekday_that_was_never_seen() -> None:
    def sure(day: int) -> bool:
        verdicts = told(series(day + 0.9, between(day * PER_DAY + 96, 10**6, 1.7)))
        return verdicts[opened(verdicts)[0]].is_sure

    assert (sure(5), sure(12)) == (False, True)


def test_what_is_slow_on_the_same_day_of_two_weeks_is_normal_in_the_third() -> None:
    weekend = [1.6 if index // PER_DAY % 7 >= 5 else 1.0 for index in range(35 * PER_DAY)]
    at = opened(told(series(35, weekend.__getitem__)))
    assert at
    assert max(at) < 14 * PER_DAY


@pytest.mark.parametrize("off", [0.7, 0.6, 0.5])
def test_a_working_day_after_quick_weekends_is_no_regression(off: float) -> None:
    weekend = [off if index // PER_DAY % 7 >= 5 else 1.0 for index in range(28 * PER_DAY)]
    assert not opened(told(series(28, weekend.__getitem__)))


def test_a_week_after_an_improvement_it_is_no_regression() -> None:
    assert not opened(told(series(17, lambda index: 0.6 if index >= 8 * PER_DAY else 1.0)))
