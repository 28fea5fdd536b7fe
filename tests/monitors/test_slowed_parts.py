"""Which part slowed and since when, what larger answers explain, and the deployment beside it."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Exchange, Headers, Operation, Request, Response, Timings
from monitors.commits import Commits
from monitors.diagnosis.common_cause import is_common_mode
from monitors.latencies import UNJUDGED, Latencies
from monitors.makeup import Makeup, Sample
from monitors.slowed import Slowed, compare

TAGS: Final = "GET /tags"
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
    judged = back = UNJUDGED
    spells = [(24.0, "", "a" * 8), (2.0, "server", "b" * 8), (2.0, "", "b" * 8)]
    spells += [(1.0, "network", "c" * 8), (1.0, "", "d" * 8)]
    for hours, part, commit in spells:
        back, begun, spell = judged, at, replace(made, part=part, factor=4.0 if part else 1.0)
        while at < begun + hours * HOUR:
            exchange = timed(at, spell.sample(at))
            assert exchange.response is not None
            headers = Headers({"x-intercom-version": commit})
            answer = replace(exchange.response, headers=headers)
            judged = latencies.take(replace(exchange, response=answer))
            latencies = latencies if int(at) % 3600 else Latencies.of(latencies.document())
            at += 300.0
    ended, began = begun - 300.0, begun - HOUR
    assert back.verdict.since < began - 3 * HOUR
    assert back.onset == pytest.approx(began, abs=600.0)
    assert back.slowed.part == "network"
    assert back.deployment is not None
    assert back.deployment.commit == "c" * 8
    assert (judged.verdict.pauses, judged.slow_at) == (True, ended)


def test_an_operation_knows_which_others_were_slow_when_they_were_asked_last() -> None:
    made, latencies, at = Made(Random(5)), Latencies(), MONDAY
    seen: list[frozenset[str]] = []
    for number in range(200):
        at += 300.0
        slow = replace(made, part="server", factor=5.0) if number > 150 else made
        for operation in ("GET /me", TAGS) if number < 180 else (TAGS,):
            exchange = timed(at, slow.sample(at))
            asked = replace(exchange, operation=Operation.parse(operation))
            judged = latencies.take(asked)
        seen.append(judged.slow_beside)
    assert seen[:150] == [frozenset()] * 150
    assert seen[179:190] == [frozenset({"GET /me"})] * 11
    assert seen[-1] == frozenset()  # it was not asked for more than an hour


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
