"""Two configurations over one history: neither drops, takes or hides what is the other's."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import Clock
from contracts.errors import NotificationError
from contracts.rules import RULES
from monitors.alerting.digest import STATE, Digest
from monitors.alerting.fallback import deliver_all
from monitors.alerting.notifiers.stdout import Stdout
from monitors.alerting.outbox import DeliveryReport
from monitors.alerting.telling import Announcer
from monitors.grouping import Place
from monitors.history import History
from monitors.neighbours import CONFIGURATION, GONE_AFTER, Configuration, Neighbours
from monitors.records import (
    Delivery,
    IncidentState,
    NoticeStatus,
    QueuedNotice,
    Transition,
    TransitionKind,
)
from sandbox.clock import DEFAULT_START, VirtualClock

MINUTE = timedelta(minutes=1)
MakeTransition = Callable[..., Transition]
documents = st.dictionaries(
    st.text(max_size=4),
    st.none()
    | st.integers()
    | st.fixed_dictionaries({}, optional={"at": st.just(DEFAULT_START.isoformat())}),
)
_NO: frozenset[str] = frozenset()
names = st.sets(st.sampled_from("abc"), min_size=1)


class Printed(Stdout):
    """A channel that may be down."""

    is_down = False

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self.said = name, io.StringIO()
        super().__init__(name, self.said, clock=clock)

    def send(self, queued: QueuedNotice) -> Delivery:
        if self.is_down:
            raise NotificationError(queued.notice.channel, "down")
        return super().send(queued)

    @property
    def lines(self) -> list[str]:
        return self.said.getvalue().splitlines()


class Team:
    """One configuration of one Intercom workspace and one channel."""

    def __init__(self, name: str, history: History, clock: VirtualClock) -> None:
        self.name, self.history, self.clock = name, history, clock
        self.channel = Printed(f"log-{name}", clock)
        self.announcer = replace(
            Announcer.to_all({f"log-{name}": self.channel}), workspaces=frozenset({name})
        )

    def declare(self) -> None:
        now = self.clock.now()
        one = Configuration(
            name=self.name,
            places={self.name: Place(region="us", version="2.15")},
            channels=self.announcer.traits(),
        )
        for key, document in one.changes(self.history.documents(CONFIGURATION), now=now):
            self.history.save_state(CONFIGURATION, key, document)

    def run(self, *transitions: Transition, open_now: tuple[IncidentState, ...] = ()) -> None:
        """Have a pass with these changes; `open_now` are the incidents that are open after it."""
        self.declare()
        told = self.announcer.announce(
            transitions, ledger=self.history, incidents=open_now, now=self.clock.now()
        )
        self.history.record(
            None,
            states=[one.incident for one in transitions],
            transitions=transitions,
            notices=told.notices,
            documents=told.documents,
        )

    def deliver(self) -> DeliveryReport:
        return deliver_all(
            self.history,
            {self.channel.name: self.channel},
            announcer=self.announcer,
            clock=self.clock,
        )


@pytest.fixture
def teams(tmp_path: Path, clock: VirtualClock) -> tuple[Team, Team]:
    history = History.open(f"sqlite:///{tmp_path}/h.sqlite", clock=clock)
    one, other = Team("prod", history, clock), Team("staging", history, clock)
    one.declare()
    other.declare()
    return one, other


def test_what_waits_for_a_channel_of_another_configuration_is_left_to_that_one(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    one, other = teams
    one.channel.is_down = True
    one.run(transition())
    assert one.deliver().postponed == 1
    one.clock.advance(MINUTE)
    report = other.deliver()
    assert (report.is_complete, report.errors, other.channel.lines) == (True, (), [])
    one.channel.is_down = False
    assert one.deliver().delivered == 1
    assert len(one.channel.lines) == 1


def test_after_three_days_without_a_pass_it_is_handed_over(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    one, other = teams
    one.run(transition())
    one.clock.advance(GONE_AFTER)
    other.run()
    assert "goes to log-staging instead" in str(other.deliver().errors)
    assert len(other.channel.lines) == 1


def test_a_channel_that_a_configuration_has_renamed_is_nobodys(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    one, other = teams
    one.run(transition())
    renamed = Team("prod", one.history, one.clock)
    renamed.channel = Printed("log-new", one.clock)
    renamed.announcer = Announcer.to_all({"log-new": renamed.channel})
    renamed.declare()
    assert "goes to log-new instead" in str(renamed.deliver().errors)
    assert len(renamed.channel.lines) == 1
    assert len(one.history.documents(CONFIGURATION)) == 2, "its earlier form is forgotten"
    assert other.channel.lines == []


def test_that_it_is_over_is_told_in_the_others_channel_and_what_is_worse_by_its_own_pass(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    one, other = teams
    opened = transition()
    one.run(opened, open_now=(opened.incident,))
    one.deliver()
    worse = transition(TransitionKind.ESCALATED, 2, workspaces=("prod", "staging"))
    other.run(worse, open_now=(worse.incident,))
    other.deliver()
    assert (len(one.channel.lines), len(other.channel.lines)) == (1, 1)
    one.run(open_now=(worse.incident,))
    one.deliver()
    assert "escalated" in one.channel.lines[-1]
    other.run(transition(TransitionKind.RESOLVED, 3, workspaces=("prod", "staging")))
    other.deliver()
    one.deliver()
    assert "RESOLVED" in one.channel.lines[-1]
    assert "RESOLVED" in other.channel.lines[-1]
    assert not one.history.notices(NoticeStatus.PENDING)


def test_what_concerns_only_the_others_workspaces_is_not_told_here(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    one, other = teams
    opened = transition()
    one.run(opened, open_now=(opened.incident,))
    wider = transition(TransitionKind.SPREAD, 2)
    other.run(wider, open_now=(wider.incident,))
    other.deliver()
    assert other.channel.lines == []


def test_each_configuration_has_its_own_digest(
    teams: tuple[Team, Team], transition: MakeTransition
) -> None:
    for team in teams:
        weekly = Digest(at=time(9), zone=ZoneInfo("UTC"), to=(team.channel.name,), day=0)
        team.announcer = replace(team.announcer, digest=weekly)
        team.run()
    teams[0].clock.advance(timedelta(days=7))
    # What ends soon is told of an open incident.
    incident = transition().incident
    ending = replace(
        incident, finding=replace(incident.finding, rule=RULES["deprecation-announced"])
    )
    for team in teams:
        team.run(open_now=(ending,))
        team.deliver()
        assert any("Digest" in line for line in team.channel.lines), team.name
    assert STATE in teams[0].history.documents(STATE), "whoever comes new begins there"


@given(documents)
def test_whatever_was_written_can_be_read(written: dict[str, object]) -> None:
    found = Neighbours.of(written, channels=frozenset(), now=DEFAULT_START)
    assert found.channels == {}
    assert found.places == {}


@given(names, names, st.booleans())
def test_configurations_know_each_other_unless_one_is_the_other_changed(
    mine: set[str], theirs: set[str], same_file: bool
) -> None:
    known: dict[str, object] = {}
    for name, workspaces in (("x" if same_file else "y", theirs), ("x", mine)):
        places = {one: Place(region="eu", version="2.15") for one in workspaces}
        one = Configuration(name=name, places=places, channels={f"#{name}{len(workspaces)}": _NO})
        for key, document in [*one.changes(known, now=DEFAULT_START)]:
            known[key] = document
            if document is None:
                del known[key]
        assert list(one.changes(known, now=DEFAULT_START)) == []
    is_changed = same_file and not mine.isdisjoint(theirs)
    found = Neighbours.of(known, channels=frozenset(), now=DEFAULT_START)
    assert len(known) == (1 if is_changed else 2)
    assert found.places.keys() == (mine if is_changed else mine | theirs)
    assert Neighbours.of(known, channels=frozenset(), now=DEFAULT_START + GONE_AFTER).places == {}
