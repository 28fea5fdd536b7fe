"""The learned shape: null in more objects than before."""

import json
import random
from collections.abc import Callable
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.shapes import Change, State, learn
from monitors.shapes.chance import SHARE_ERROR, has_grown
from tests.monitors.things import HASHED, page, thing


def nulls(days: int, share: Callable[[int], float], *, a_day: int = 12) -> list[list[Change]]:
    """What is found on each day, where so many new objects come with `size` null in a share."""
    state, found = State(), []
    for day in range(days):
        chance = random.Random(day)
        items = [thing(day * a_day + at) for at in range(a_day)]
        for item in items:  # the first of all is null, so that null is normal
            if chance.random() < share(day) or item["size"] == 0:
                item["size"] = None
        found.append(list(learn(state, page(items), day=day, hashed=HASHED)))
        state = State.from_json(json.loads(json.dumps(state.as_json())))
    return found


def test_null_in_many_more_objects_than_before_is_a_change_until_it_is_over() -> None:
    found = nulls(90, lambda day: 0.4 if 40 <= day < 52 else 0.02)
    days = [day for day, changes in enumerate(found) if changes]
    assert 43 <= min(days) <= 48
    assert max(days) <= 52 + 4
    (first,) = found[min(days)]
    assert (first.rule, first.location) == ("schema-null", "/data/*/size")
    assert (first.expected, first.observed) == ("integer", "null")
    assert first.evidence.startswith("it was null in 2% of")


def test_a_value_that_came_again_is_no_longer_gone_though_null_comes_as_well() -> None:
    found = nulls(90, lambda day: 1.0 if day in (40, 41) else 0.1)
    assert {day for day, changes in enumerate(found) if changes} == {40, 41}


def test_null_in_many_more_objects_for_good_is_normal_after_a_month() -> None:
    found = nulls(100, lambda day: 0.4 if day >= 40 else 0.02)
    days = [day for day, changes in enumerate(found) if changes]
    assert 43 <= min(days) <= 48
    assert 30 <= max(days) - min(days) <= 36


@pytest.mark.parametrize(
    "share",
    [
        lambda day: 0.4 if day % 7 in (5, 6) else 0.02,  # weekends
        lambda day: 0.9 if day == 40 else 0.02,  # the day of an import
        lambda day: 0.02 if day == 0 else 0.4,  # the old ones were filled in long ago
        lambda day: 0.3 + 0.08 * (day >= 40),
    ],
)
def test_nulls_that_come_and_go_with_the_days_are_no_change(
    share: Callable[[int], float],
) -> None:
    assert not any(nulls(90, share, a_day=24))


@given(
    rate=st.floats(0.01, 0.99), before=st.integers(20, 400), of=st.integers(20, 200), data=st.data()
)
@settings(max_examples=60, deadline=None)
def test_a_share_grows_by_chance_no_oftener_than_is_said(
    rate: float, before: int, of: int, data: st.DataObject
) -> None:
    chance = random.Random(data.draw(st.integers(0, 10**9)))
    had = sum(chance.random() < rate for _ in range(before))
    worst = next(
        (k for k in range(of + 1) if has_grown(k, of=of, before=had, of_before=before, look=1)),
        None,
    )
    if worst is not None:  # exactly: in how many orders are so many of them among the last?
        everything, marked = before + of, had + worst
        orders = sum(
            comb(marked, k) * comb(everything - marked, of - k)
            for k in range(worst, min(of, marked) + 1)
        )
        assert orders / comb(everything, of) <= SHARE_ERROR / 2
