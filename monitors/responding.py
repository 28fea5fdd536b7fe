"""What people do to an incident, recorded and told as what a pass sees is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from contracts.clock import Clock
from contracts.errors import IntercheckError
from monitors.alerting.buttons import ACKNOWLEDGE, LEASE, Action, buttons, is_leased, redrawn
from monitors.alerting.matchers import Matcher
from monitors.alerting.reminding import accepted, sequence_of
from monitors.alerting.silences import KIND as SILENCES
from monitors.alerting.silences import Silence
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.incidents import (
    accept,
    acknowledge,
)
from monitors.records import Phase, Telling, Transition


def acknowledge_incident(
    history: History, key: str, *, by: str, announcer: Announcer, clock: Clock
) -> Transition | None:
    """Record that `by` has taken on the incident of `key`; None where there is nothing to take on.

    The message waits in the outbox when this returns.
    """
    now = clock.now()
    with history.transaction():
        state = history.incident_states().get(key)
        if state is None:
            return None
        taken, transition = acknowledge(state, by=by, now=now)
        if taken is None or transition is None:
            return None
        announcement = announcer.announce([transition], ledger=history, now=now)
        history.record(
            None,
            states=[taken],
            transitions=[transition],
            notices=announcement.notices,
            documents=announcement.documents,
        )
    return transition


def silence_incident(
    history: History,
    key: str,
    *,
    span: timedelta,
    by: str,
    new_id: Callable[[], str],
    announcer: Announcer,
    clock: Clock,
) -> Silence | None:
    """Keep back for `span` what there is to tell of the open incident of `key`, unless it gets
    worse; None where it is not open. Its message and its thread say who did it."""
    now = clock.now()
    with history.transaction():
        state = history.incident_states().get(key)
        if state is None or state.phase is not Phase.OPEN:
            return None
        silence = Silence(
            id=new_id(),
            matchers=(
                Matcher("cause", "=", state.key),
                Matcher("severity", "=", state.severity.value),
            ),
            created_at=now,
            ends_at=now + span,
            created_by=by,
            comment=f"{state.finding.rule.name}, from its message",
        )
        *_, latest = history.transitions(state.id)
        history.record(
            None,
            notices=announcer.silenced(latest, silence, ledger=history, now=now),
            documents={(SILENCES, silence.id): silence.as_document()},
        )
    return silence


def end_accepted(
    history: History,
    key: str,
    *,
    until: date,
    by: str,
    why: str,
    announcer: Announcer,
    clock: Clock,
) -> Transition | None:
    """End the open incident of `key`, which `by` has accepted: the ledger says so already. Its
    message and its thread say it; None where it is not open."""
    now = clock.now()
    with history.transaction():
        state = history.incident_states().get(key)
        if state is None or state.phase is not Phase.OPEN:
            return None
        over, transition = accept(state, why=f"{why}; until {until}", now=now)
        if over is None or transition is None:
            return None
        told = history.told([state.id]).get(state.id, frozenset()) & announcer.threaded
        announcement = announcer.announce([transition], ledger=history, now=now)
        lines = (
            accepted(state, channel=channel, until=until, by=by, now=now)
            for channel in sorted(told)
        )
        history.record(
            None,
            states=[over],
            transitions=[transition],
            notices=[*announcement.notices, *lines],
            documents=announcement.documents,
        )
    return transition


def redraw_buttons(history: History, *, announcer: Announcer, clock: Clock) -> None:
    """Bring the buttons of the messages of open incidents up to date, now that somebody listens to
    them, or nobody any more. They wait in the outbox when this returns, and leases that have ended
    are forgotten."""
    now = clock.now()
    with history.transaction():
        leases = history.documents(LEASE)
        listens = is_leased(leases, now)
        report_url = announcer.surroundings.report_url
        states = history.incident_states().values()
        rows = {
            one.id: buttons(one, report_url) if listens else None
            for one in states
            if one.phase is Phase.OPEN
        }
        newest = {
            (queued.notice.channel, queued.notice.incident_id): queued.notice
            for queued in history.notices()
            if queued.notice.incident_id in rows and not queued.notice.is_reply
        }
        drawn = [
            replace(one, sequence=sequence_of(now), kind=Telling.REDRAWN)
            for notice in newest.values()
            if notice.channel in announcer.threaded
            and (one := redrawn(notice, rows[notice.incident_id])) is not None
        ]
        ended = {
            (LEASE, id): None for id, until in leases.items() if not is_leased({id: until}, now)
        }
        history.record(None, notices=drawn, documents=ended)


def notice_deaf_buttons(history: History, *, announcer: Announcer, clock: Clock) -> None:
    """Take buttons away where whoever listened to them has gone without a word."""
    leases = history.documents(LEASE)
    if leases and not is_leased(leases, clock.now()):
        redraw_buttons(history, announcer=announcer, clock=clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Does what people press in Slack. `accept` takes an incident's key, the last day and who;
    `answer` tells whoever pressed, and nobody else, a sentence; `after` is called when something
    was recorded, to deliver it; `log` takes one sentence."""

    history: History
    announcer: Announcer
    clock: Clock
    new_id: Callable[[], str]
    accept: Callable[[str, date, str], object]
    answer: Callable[[Action, str], object]
    after: Callable[[], object]
    log: Callable[[str], None]

    def act(self, action: Action) -> None:
        """Do it; what is over by now is left as it is."""
        states = self.history.incident_states().values()
        state = next((one for one in states if one.id == action.incident_id), None)
        if state is None or state.phase is not Phase.OPEN:
            self.log(f"{action.by} pressed a button in Slack of an incident that is over")
            return
        try:
            self._do(action, state.key)
        except IntercheckError as error:
            self.log(f"what {action.by} pressed in Slack was not done: {error}")
            self.answer(action, f"That was not done: {error}")
            return
        self.log(f"{action.by} pressed {action.verb} in Slack, incident {state.id[:8]}")
        self.after()

    def _do(self, action: Action, key: str) -> None:
        if action.verb == ACKNOWLEDGE:
            acknowledge_incident(
                self.history, key, by=action.by, announcer=self.announcer, clock=self.clock
            )
        elif action.span is not None:
            silence_incident(
                self.history,
                key,
                span=action.span,
                by=action.by,
                new_id=self.new_id,
                announcer=self.announcer,
                clock=self.clock,
            )
        elif action.until is not None:
            self.accept(key, action.until, action.by)
