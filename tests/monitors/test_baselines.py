"""What is normal is learned from healthy answers only, and what is slow is told from it."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Timings
from monitors.baselines import (
    ENOUGH,
    STUBBORN,
    UNLEARNED,
    WINDOW,
    Baseline,
    judge,
    key_of,
    timed,
    update,
)

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

milliseconds = st.floats(min_value=0, max_value=120_000)


def learned(an_exchange: "ExchangeFactory", *samples: float) -> Baseline:
    baseline = UNLEARNED
    for sample in samples:
        baseline, _ = update(baseline, an_exchange(total_ms=sample))
    return baseline


def test_nothing_is_slow_until_there_is_enough_to_compare_with(
    an_exchange: "ExchangeFactory",
) -> None:
    baseline = learned(an_exchange, *[100.0] * (ENOUGH - 1))
    assert judge(baseline, an_exchange(total_ms=9_000)) is None


def test_an_answer_of_many_times_the_median_is_slow(an_exchange: "ExchangeFactory") -> None:
    baseline = learned(an_exchange, *[100.0] * ENOUGH)
    slowness = judge(baseline, an_exchange(total_ms=900))
    assert slowness is not None
    assert (slowness.usual_ms, slowness.factor) == (100.0, 9.0)


def test_a_rise_that_nobody_would_notice_is_none(an_exchange: "ExchangeFactory") -> None:
    baseline = learned(an_exchange, *[10.0] * ENOUGH)
    assert judge(baseline, an_exchange(total_ms=150)) is None


def test_two_bad_samples_do_not_spoil_the_median(an_exchange: "ExchangeFactory") -> None:
    assert learned(an_exchange, 100, 3_000, 100, 3_000, 100).usual_ms == 100


def test_what_is_slow_is_not_learned(an_exchange: "ExchangeFactory") -> None:
    baseline = learned(an_exchange, *[100.0] * ENOUGH, 2_000, 2_000)
    assert baseline.samples == (100.0,) * ENOUGH
    assert baseline.slow == (2_000, 2_000)


def test_what_stays_slow_for_long_is_what_is_usual(an_exchange: "ExchangeFactory") -> None:
    baseline = learned(an_exchange, *[100.0] * ENOUGH, *[2_000.0] * STUBBORN)
    assert baseline.usual_ms == 2_000
    assert judge(baseline, an_exchange(total_ms=2_100)) is None


def test_a_failed_answer_is_neither_learned_nor_judged(an_exchange: "ExchangeFactory") -> None:
    baseline = learned(an_exchange, *[100.0] * ENOUGH)
    assert update(baseline, an_exchange(status=503, total_ms=30_000)) == (baseline, None)


def test_opening_a_connection_is_not_held_against_the_operation(
    an_exchange: "ExchangeFactory",
) -> None:
    opened = replace(an_exchange(), timings=Timings(total_ms=300, connect_ms=80, tls_ms=120))
    assert timed(opened) == 100


def test_workspaces_and_regions_have_baselines_of_their_own(
    an_exchange: "ExchangeFactory",
) -> None:
    keys = {
        key_of(an_exchange(workspace=workspace, region=region))
        for workspace in ("acme", "other")
        for region in ("us", "eu")
    }
    assert len(keys) == 4
    assert key_of(an_exchange(None)) is None


@given(st.lists(milliseconds, max_size=200))
def test_a_baseline_survives_being_stored_and_stays_small(
    an_exchange: "ExchangeFactory", samples: list[float]
) -> None:
    baseline = learned(an_exchange, *samples)
    assert Baseline.from_json(json.loads(json.dumps(baseline.as_json()))) == baseline
    assert len(baseline.samples) <= WINDOW
    assert len(baseline.slow) < STUBBORN


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    )
)
def test_a_stored_form_that_is_none_is_forgotten(stored: object) -> None:
    form = stored if isinstance(stored, dict) else None
    assert Baseline.from_json(form) == UNLEARNED
