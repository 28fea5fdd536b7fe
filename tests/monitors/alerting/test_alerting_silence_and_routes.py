"""What is told to whom, what waits, and that nothing is lost by waiting; over a real history."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contracts.rules import Severity
from monitors.alerting.matchers import LABELS, labels_of, parse_matcher
from monitors.alerting.reminding import HEARD, Reminders
from monitors.alerting.routes import Route
from monitors.alerting.silences import KIND, Maintenance, Silence, Window
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import (
    IncidentState,
    Notice,
    NoticeForm,
    NoticeKind,
    Phase,
    Telling,
    Transition,
    TransitionKind,
)
from monitors.responding import acknowledge_incident, end_accepted
from sandbox.clock import VirtualClock

HOUR = timedelta(hours=1)

OPENED, ESCALATED, RESOLVED, ACKNOWLEDGED = (
    TransitionKind.OPENED,
    TransitionKind.ESCALATED,
    TransitionKind.RESOLVED,
    TransitionKind.ACKNOWLEDGED,
)
WARNING = {"severity": Severity.WARNING}


@pytest.fixture
def history(tmp_path: Path, clock: VirtualClock) -> Iterator[History]:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as opened:
        yield opened


class Desk:
    """Passes with at most one transition each; what each told."""

    def __init__(
        self, history: History, clock: VirtualClock, transition: Callable[..., Transition]
    ) -> None:
        self.history = history
        self.clock = clock
        self.announcer = Announcer(channels=("#a", "#b"), fallback=Route(to=("#a",)))
        self._transition = transition
        self._latest: Transition | None = None

    def silence(self, *matchers: str, span: timedelta = 8 * HOUR) -> None:
        now = self.clock.now()
        silence = Silence(
            id="5i1e7ce0",
            matchers=tuple(parse_matcher(one) for one in matchers),
            created_at=now,
            ends_at=now + span,
        )
        self.history.save_state(KIND, silence.id, silence.as_document())

    def tell(
        self, kind: TransitionKind | None = None, **changes: object
    ) -> list[tuple[str, NoticeKind]]:
        told = []
        if kind is not None:
            sequence = self._latest.incident.sequence + 1 if self._latest else 1
            self._latest = self._transition(kind, sequence, **changes)
            told = [self._latest]
        assert self._latest is not None
        announcement = self.announcer.announce(
            told,
            ledger=self.history,
            incidents=[self._latest.incident],
            now=self.clock.now(),
        )
        self.history.record(None, notices=announcement.notices, documents=announcement.documents)
        return [(one.channel, one.kind) for one in announcement.notices]


@pytest.fixture
def desk(history: History, clock: VirtualClock, transition: Callable[..., Transition]) -> Desk:
    return Desk(history, clock, transition)


def test_what_is_silenced_is_told_when_the_silence_ends_if_it_is_still_so(desk: Desk) -> None:
    desk.silence('rule="schema-required"')
    assert desk.tell(OPENED) == []
    assert desk.tell(ESCALATED) == []
    assert desk.tell() == []
    desk.clock.advance(8 * HOUR)
    assert desk.tell() == [("#a", OPENED)]
    assert desk.tell() == [], "once"


def test_what_is_told_through_a_silence_says_that_there_is_one(desk: Desk) -> None:
    assert desk.tell(OPENED) == [("#a", OPENED)]
    desk.silence('rule="schema-required"')
    assert desk.tell(TransitionKind.ACKNOWLEDGED) == [("#a", TransitionKind.ACKNOWLEDGED)]
    assert "*Silenced*" in str(desk.history.notices()[-1].notice.blocks)
    assert desk.tell(RESOLVED, phase=Phase.RESOLVED) == [("#a", RESOLVED)]
    assert "*Silenced*" not in str(desk.history.notices()[-1].notice.blocks)


def test_what_stays_open_is_said_again_in_its_thread_until_somebody_takes_it_on(
    desk: Desk,
) -> None:
    again = Reminders(every=24 * HOUR)
    desk.announcer = replace(desk.announcer, reminders=again, threaded=frozenset({"#a"}))
    assert desk.tell(OPENED) == [("#a", OPENED)]
    desk.clock.advance(23 * HOUR)
    assert desk.tell() == []
    desk.clock.advance(HOUR)
    assert desk.tell() == [("#a", Telling.REMINDER)]
    assert desk.tell() == [], "once in a day"
    desk.clock.advance(24 * HOUR)
    assert desk.tell() == [("#a", Telling.REMINDER)]
    said = [one.notice for one in desk.history.notices() if one.notice.kind is Telling.REMINDER]
    assert [one.form for one in said] == [NoticeForm.REPLY] * 2
    assert "*Still critical after 2 days*, and nobody has taken it on: The field" in said[1].text
    desk.tell(ACKNOWLEDGED, acknowledged_by="ann")
    desk.clock.advance(48 * HOUR)
    assert desk.tell() == []
    desk.tell(RESOLVED)
    assert desk.history.documents(HEARD) == {}


def test_a_reminder_waits_for_what_holds_back_its_incident_and_spares_what_reminds_itself(
    desk: Desk,
) -> None:
    again = Reminders(every=HOUR, in_channel=True)
    desk.announcer = replace(
        desk.announcer,
        reminders=again,
        fallback=Route(to=("#a", "#b")),
        stateful=frozenset({"#b"}),
        threaded=frozenset({"#a"}),
    )
    assert desk.tell(OPENED) == [("#a", OPENED), ("#b", OPENED)]
    desk.silence("severity=critical", span=8 * HOUR)
    desk.clock.advance(2 * HOUR)
    assert desk.tell() == []
    desk.clock.advance(6 * HOUR)
    assert desk.tell() == [("#a", Telling.REMINDER)]
    (said,) = [one.notice for one in desk.history.notices() if one.notice.sequence < 0]
    assert said.form is NoticeForm.BROADCAST


def test_what_came_and_went_within_a_silence_is_never_told(desk: Desk) -> None:
    desk.silence("severity=critical")
    assert desk.tell(OPENED) == []
    assert desk.tell(RESOLVED) == []
    desk.clock.advance(9 * HOUR)
    assert desk.tell() == []


def test_a_resolution_passes_through_a_silence_that_began_after_the_message(desk: Desk) -> None:
    assert desk.tell(OPENED) == [("#a", OPENED)]
    desk.silence("severity=critical")
    assert desk.tell(ESCALATED) == []
    assert desk.tell(ACKNOWLEDGED) == [("#a", ACKNOWLEDGED)]
    assert desk.tell(RESOLVED) == [("#a", RESOLVED)]


def test_a_silence_of_one_workspace_does_not_hide_that_another_has_the_trouble(
    desk: Desk,
) -> None:
    desk.silence("workspace=prod")
    assert desk.tell(OPENED, workspaces=("prod", "staging")) == [("#a", OPENED)]


def test_a_maintenance_window_holds_back_as_a_silence_does(desk: Desk) -> None:
    start = (desk.clock.now() - HOUR).time()
    window = Window(start=start, duration=2 * HOUR, zone=ZoneInfo("UTC"))
    desk.announcer = replace(desk.announcer, maintenance=(Maintenance(window=window),))
    assert desk.tell(OPENED) == []
    desk.clock.advance(2 * HOUR)
    assert desk.tell() == [("#a", OPENED)]


def test_the_first_route_that_concerns_it_decides(desk: Desk) -> None:
    warnings = Route(to=("#b",), matchers=(parse_matcher("severity=warning"),))
    all_ = Route(to=("#a",))
    desk.announcer = replace(desk.announcer, routes=(warnings, all_))
    assert desk.tell(OPENED, **WARNING) == [("#b", OPENED)]


def test_what_gets_worse_is_told_to_whom_it_concerns_now_and_to_whom_it_was_told(
    desk: Desk,
) -> None:
    warnings = Route(to=("#b",), matchers=(parse_matcher("severity=warning"),))
    desk.announcer = replace(desk.announcer, routes=(warnings,))
    assert desk.tell(OPENED, **WARNING) == [("#b", OPENED)]
    assert desk.tell(ESCALATED) == [("#a", ESCALATED), ("#b", ESCALATED)]
    assert sorted(desk.tell(RESOLVED)) == [("#a", RESOLVED), ("#b", RESOLVED)]


def test_a_route_that_continues_leads_to_more_than_one_channel(desk: Desk) -> None:
    first = Route(to=("#b",), goes_on=True)
    desk.announcer = replace(desk.announcer, routes=(first, Route(to=("#a", "#b"))))
    assert desk.tell(OPENED) == [("#b", OPENED), ("#a", OPENED)]


def test_quiet_hours_hold_back_what_is_not_critical(desk: Desk) -> None:
    start = desk.clock.now().time()
    quiet = Window(start=start, duration=9 * HOUR, zone=ZoneInfo("UTC"))
    desk.announcer = replace(desk.announcer, fallback=Route(to=("#a",), quiet_hours=quiet))
    assert desk.tell(OPENED, **WARNING) == []
    desk.clock.advance(9 * HOUR)
    assert desk.tell() == [("#a", OPENED)]
    desk.clock.advance(15 * HOUR)
    assert desk.tell(ESCALATED) == [("#a", ESCALATED)], "critical is told at night too"


def test_who_is_on_call_is_called_by_what_asks_something_of_them(
    transition: Callable[..., Transition], clock: VirtualClock
) -> None:
    announcer = Announcer(channels=("#a",), fallback=Route(to=("#a",), mentions=("<!here>",)))

    def first_line(kind: TransitionKind) -> str:
        notice: Notice = announcer.preview(transition(kind), now=clock.now())[0]
        return notice.text

    assert first_line(OPENED).endswith(" <!here>")
    assert "<!here>" not in first_line(RESOLVED)


def test_what_is_held_back_of_an_incident_that_is_gone_is_forgotten(
    desk: Desk, history: History
) -> None:
    desk.silence("severity=critical")
    desk.tell(OPENED)
    desk.announcer.announce([], ledger=history, now=desk.clock.now())
    assert history.documents("held-back") == {"incident-1": {"#a": "opened"}}
    desk.tell(RESOLVED, phase=Phase.RESOLVED)
    assert history.documents("held-back") == {}


def test_there_is_a_value_for_every_label_and_tags_come_from_the_contract(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    told = transition()
    tags = {"GET /contacts/{}": ("Contacts",)}
    labels = labels_of(told.incident, tags)
    assert set(labels) == set(LABELS)
    assert labels["tag"] == ("Contacts",)
    assert labels["cause"] == (told.incident.key,)
    to_b = Route(to=("#b",), matchers=(parse_matcher("tag=Contacts"),))
    desk.announcer = replace(desk.announcer, routes=(to_b,), tags=tags)
    assert desk.tell(OPENED) == [("#b", OPENED)]


def test_taking_on_one_incident_forgets_nothing_of_what_is_held_back_of_another(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    desk.silence('rule="schema-required"')
    assert desk.tell(OPENED) == []
    held = transition(OPENED, 1)
    other = replace(held.incident, id="incident-2", key="v1:00000000000000aa")
    desk.history.record(None, states=[held.incident, other], transitions=[held])
    acknowledge_incident(
        desk.history, other.key, by="ann", announcer=desk.announcer, clock=desk.clock
    )
    desk.clock.advance(8 * HOUR)
    # What holds it back may be known to passes only, as announced maintenance is.
    acknowledge_incident(
        desk.history, other.key, by="bob", announcer=desk.announcer, clock=desk.clock
    )
    assert list(desk.history.documents("held-back")) == [held.incident.id]
    assert desk.tell() == [("#a", OPENED)]
    desk.silence('rule="schema-required"')
    end_accepted(
        desk.history,
        other.key,
        until=date(2099, 1, 1),
        by="ann",
        why="known",
        announcer=desk.announcer,
        clock=desk.clock,
    )
    assert desk.history.incident_states()[other.key].accepted == "known; until 2099-01-01"


def family(desk: Desk, transition: Callable[..., Transition]) -> tuple[Transition, IncidentState]:
    """An incident of teams, which only #b hears of, that explains one of companies, which only #a
    hears of."""
    desk.announcer = replace(
        desk.announcer,
        threaded=frozenset({"#a", "#b"}),
        routes=(Route(to=("#b",), matchers=(parse_matcher('operation="GET /teams"'),)),),
    )
    opened = transition(OPENED, 1)
    teams = replace(opened.incident, operations=("GET /teams",))
    child = replace(teams, id="child", key="v1:2", operations=("GET /companies",), parent=teams.id)
    return replace(opened, incident=teams), child


def told(
    desk: Desk, transition: Transition, *others: IncidentState
) -> list[tuple[str, NoticeKind]]:
    known = [transition.incident, *others]
    now = desk.clock.now()
    said = desk.announcer.announce([transition], ledger=desk.history, incidents=known, now=now)
    desk.history.record(None, notices=said.notices, documents=said.documents)
    return sorted({(one.channel, one.kind) for one in said.notices})


def test_who_hears_of_what_is_listed_in_an_incident_hears_of_the_incident(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    opened, child = family(desk, transition)
    desk.silence('operation="GET /teams"')
    assert told(desk, opened, child) == [("#a", OPENED)]
    assert desk.history.documents("held-back") == {opened.incident.id: {"#b": "opened"}}
    over = replace(child, phase=Phase.RESOLVED)
    resolved = replace(opened.incident, phase=Phase.RESOLVED, sequence=2)
    ended = Transition(kind=RESOLVED, at=desk.clock.now(), incident=resolved)
    assert told(desk, ended, over) == [("#a", RESOLVED)], "#b never knew"


def test_whom_an_incident_comes_to_concern_is_told_then(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    opened, child = family(desk, transition)
    assert told(desk, opened) == [("#b", OPENED)]
    grown = Transition(
        kind=TransitionKind.SPREAD,
        at=desk.clock.now(),
        incident=replace(opened.incident, sequence=2),
    )
    assert told(desk, grown, child) == [("#a", OPENED), ("#b", TransitionKind.SPREAD)]
    again = replace(grown, incident=replace(grown.incident, sequence=3))
    spread = TransitionKind.SPREAD
    assert told(desk, again, child) == [("#a", spread), ("#b", spread)], "once"
