"""Connections that take longer to open: one finding of all operations, and none of their own."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.consumers import Consumer
from contracts.exchanges import Exchange, FailureKind, Timings
from contracts.findings import Course, Finding
from contracts.rules import RULES, Severity
from contracts.workspaces import Secret, Workspace
from monitors.asking import Visit
from monitors.connecting import Connecting
from monitors.detectors import Context, detect, late_for
from monitors.diagnosis import Observation, diagnose, told_as
from monitors.evidence import Health, Look, health
from monitors.latencies import Latencies
from monitors.outcomes import measurements_of
from monitors.probe_files import load_probes
from monitors.records import IncidentState, Phase

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

LIMIT = timedelta(seconds=10)
ME, TAGS = "GET /me", "GET /tags"


class Users:
    """`patient` waits 60 s; `quick` 5 s for tags, of which it uses nothing else."""

    def __init__(self) -> None:
        self._users = {
            one: Consumer(
                name=one, owner="x", runbook="https://example.com", reads={}, timeout=timeout
            )
            for one, timeout in (
                ("patient", timedelta(seconds=60)),
                ("quick", timedelta(seconds=5)),
            )
        }

    def departures(self, exchange: object) -> tuple[()]:
        return ()

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        return tuple(self._users)

    def users(self, identity: str) -> tuple[Consumer, ...]:
        return tuple(self._users.values()) if identity in ("*", TAGS) else ()


class Passes:
    """Passes every five minutes, of which the first request opens the connection."""

    def __init__(self, an_exchange: "ExchangeFactory", *first: str, minutes: int = 5) -> None:
        self._every = timedelta(minutes=minutes)
        self._make, self._first = an_exchange, first or (ME, TAGS)
        self.latencies, self._turn = Latencies(), 0

    def exchange(self, operation: str, ms: float | None, *, answer: float = 150.0) -> Exchange:
        """Make one whose connection took `ms` to open, None where it was open."""
        one = self._make(
            operation, at=self._make().started_at + self._every * self._turn, body={"a": 1}
        )
        half = None if ms is None else ms / 2
        timings = Timings(total_ms=answer + (ms or 0.0), connect_ms=half, tls_ms=half)
        return replace(one, timings=timings)

    def look(self, ms: float, *, answer: float = 150.0) -> list[Finding]:
        """Make a pass and return what it found of latencies."""
        self._turn += 1
        observations = [
            self._observe(self.exchange(name, None if number else ms, answer=answer))
            for number, name in enumerate(self._first)
        ]
        found = diagnose(observations)
        for exchange, told in told_as(observations, found):
            self.latencies.tell(exchange, told)
        return [one.finding for one in found if one.finding.rule.name.startswith("latency")]

    def _observe(self, exchange: Exchange) -> Observation:
        users = Users()
        judged = self.latencies.take(exchange, late=late_for(exchange, users, LIMIT))
        context = Context(latency=judged, reliance=users, latency_limit=LIMIT)
        return Observation(exchange=exchange, findings=detect(exchange, context), latency=judged)


def looks(passes: Passes, times: Iterable[float]) -> list[list[Finding]]:
    return [passes.look(ms) for ms in times]


def test_connecting_that_becomes_slower_is_one_warning_of_no_operation_and_ends(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange)
    assert not any(looks(passes, [60.0] * 24))
    found = looks(passes, [3000.0] * 12)
    (told,) = found[-1]
    assert (told.rule.name, told.severity) == ("latency-connection", Severity.WARNING)
    assert (told.operation, told.operations, told.location) == (None, (), "connection")
    assert "3000 ms, 50 times the usual 60 ms" in told.message
    assert "the network or this machine" in told.message
    assert told.consumers == ("patient", "quick")
    assert next(number for number, one in enumerate(found) if one) <= 4
    assert all(len(one) <= 1 for one in found)
    assert "told" not in json.dumps(passes.latencies.document())  # no operation's trouble
    after = looks(passes, [60.0] * 12)
    assert after[0]
    assert not any(after[6:])


def test_whoever_waits_less_is_hurt_by_the_whole_where_it_uses_what_was_asked(
    an_exchange: "ExchangeFactory",
) -> None:
    used = Passes(an_exchange, TAGS, ME)
    looks(used, [4900.0] * 24)
    (told,) = used.look(4900.0)
    assert (told.severity, told.consumers) == (Severity.CRITICAL, ("quick",))
    assert "quick waits 5000 ms (25 of 25 since 09:05 UTC took longer)" in told.message
    assert told.began_at is not None
    other = Passes(an_exchange, ME, TAGS)
    assert not any(looks(other, [4900.0] * 24))  # its own calls may be quicker than this one
    assert other.look(5100.0)[0].severity is Severity.INFO
    assert [one[0].severity for one in looks(other, [5100.0] * 2)][-1] is Severity.CRITICAL


def test_an_answer_that_is_too_late_by_itself_is_its_operations_and_not_the_connections(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange, TAGS)
    found = [passes.look(60.0, answer=20_000.0) for _ in range(6)]
    assert "latency-connection" not in {one.rule.name for each in found for one in each}


def test_one_slow_connection_is_noted_and_beyond_the_limit_three_are_a_warning(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange)
    looks(passes, [60.0] * 12)
    (noted,) = passes.look(70_000.0)
    assert noted.severity is Severity.INFO
    assert "70000 ms, and 150 ms for the answer" in noted.message
    assert "noted: 3 in a row" in noted.message
    assert not passes.look(60.0)


def test_what_a_call_hardly_feels_is_not_told(an_exchange: "ExchangeFactory") -> None:
    passes = Passes(an_exchange)
    looks(passes, [2.0] * 24)
    assert not any(looks(passes, [15.0] * 24))


def test_what_stays_slow_for_days_is_said_to_be_usual_now_and_not_to_be_over(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange, ME, minutes=20)
    looks(passes, [60.0] * 80)
    found = looks(passes, [3000.0] * 300)
    (last,) = [one for one in found if one][-1]
    assert (last.severity, last.course) == (Severity.INFO, Course.SETTLED)
    assert "3000 ms, 50 times the 60 ms that were usual until" in last.message
    assert {one.course for each in found[:280] for one in each} == {Course.GOES_ON}
    assert not found[-1]


def test_what_was_asked_over_a_slow_connection_is_not_slower_itself(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange)
    looks(passes, [60.0] * 24)
    looks(passes, [3000.0] * 12)
    rules = {one.rule.name for found in looks(passes, [3000.0] * 3) for one in found}
    assert rules == {"latency-connection"}


def test_a_restart_in_the_middle_changes_nothing(an_exchange: "ExchangeFactory") -> None:
    times = [60.0] * 20 + [6000.0] * 8 + [60.0] * 8
    straight = Passes(an_exchange)
    expected = looks(straight, times)
    restarted = Passes(an_exchange)
    written: object = {}
    for number, ms in enumerate(times):
        assert restarted.look(ms) == expected[number]
        taken = json.loads(json.dumps(restarted.latencies.taken))
        if number % 3 == 0:  # written whole now and then, in between what was taken since
            written = json.loads(json.dumps(restarted.latencies.document()))
            taken = []
        later = Latencies.of(written, taken)
        later.taken = [] if number % 3 == 0 else restarted.latencies.taken
        restarted.latencies = later
    assert restarted.latencies.document() == straight.latencies.document()


@given(st.lists(st.floats(allow_nan=True), max_size=30), st.floats(), st.booleans())
@settings(max_examples=30)
def test_no_duration_makes_it_raise(times: Sequence[float], answer: float, late: bool) -> None:
    connecting = Connecting()
    for number, ms in enumerate(times):
        connecting.take(300.0 * number, ms, answer, {"crm": late})
    assert Connecting.from_json(json.loads(json.dumps(connecting.as_json()))).as_json() == (
        connecting.as_json()
    )


@pytest.mark.parametrize("form", [None, [], {}, {"watch": 1}, {"watch": {}, "late": [1]}])
def test_a_stored_form_that_is_another_is_forgotten(form: object) -> None:
    assert Connecting.from_json(form).as_json() == Connecting().as_json()


def test_only_a_connection_that_was_opened_says_that_it_is_over(
    an_exchange: "ExchangeFactory",
) -> None:
    passes = Passes(an_exchange)
    looks(passes, [60.0] * 12)
    finding = looks(passes, [70_000.0] * 3)[-1][0]
    incident = IncidentState(
        key="k",
        id="i",
        phase=Phase.OPEN,
        finding=finding,
        severity=finding.severity,
        workspaces=("acme",),
        operations=(),
        first_seen_at=finding.observed_at,
        last_seen_at=finding.observed_at,
    )
    assert finding.rule is RULES["latency-connection"]
    probe = load_probes()[0]
    visits = [Visit(probe=probe, at=finding.observed_at)]

    def of(*exchanges: Exchange) -> Health:
        seen = [Observation(exchange=one) for one in exchanges]
        return health(incident, Look(workspace="acme", visits=visits, observations=seen))

    assert of(passes.exchange(TAGS, 60.0)) is Health.OVER  # whatever it asks
    assert of(passes.exchange(ME, None)) is Health.NOT_ASKED
    assert of(an_exchange(ME, failure=FailureKind.CONNECT_TIMEOUT)) is Health.UNKNOWN


def test_the_time_of_a_probe_is_without_opening_a_connection(
    an_exchange: "ExchangeFactory",
) -> None:
    exchange = Passes(an_exchange).exchange(ME, 3000.0)
    visit = Visit(probe=load_probes()[0], at=exchange.started_at, exchange=exchange)
    workspace = Workspace(name="acme", token=Secret("token-of-a-test"))
    (measured,) = measurements_of(Look(workspace="acme", visits=[visit]), workspace)
    assert measured.total_ms == pytest.approx(150.0)
