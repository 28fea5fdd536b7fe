"""The history is the outbox: from a recorded transition, over a restart, to one message."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from monitors.alerting.outbox import Outbox, deliver
from monitors.alerting.slack import REPEAT_NOTE, SlackBot
from monitors.history.store import History
from monitors.records import Notice, PassRecord, Transition, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

CHANNEL = "#intercom-alerts"


def record(history: History, transition: Transition, notice: Notice) -> None:
    """Record a pass that changed one incident and tells of it."""
    one_pass = PassRecord(
        id=f"pass-{notice.sequence}",
        started_at=transition.at,
        finished_at=transition.at,
        measurements=(),
        findings=(),
        requests=0,
    )
    history.record(
        one_pass, states=[transition.incident], transitions=[transition], notices=[notice]
    )


def test_what_was_recorded_is_told_once_and_resolved_in_place_after_a_restart(
    tmp_path: Path,
    clock: VirtualClock,
    slack: SlackStandIn,
    bot: SlackBot,
    transition: Callable[..., Transition],
    notice: Callable[..., Notice],
) -> None:
    url = f"sqlite:///{tmp_path / 'history.sqlite'}"
    with History.open(url, clock=clock) as history:
        outbox: Outbox = history
        slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
        record(history, transition(), notice())
        assert deliver(outbox, {CHANNEL: bot}, clock=clock).postponed == 1

    clock.advance(timedelta(minutes=5))
    with History.open(url, clock=clock) as history:
        assert deliver(history, {CHANNEL: bot}, clock=clock).delivered == 1
        (opened,) = slack.messages()
        clock.advance(timedelta(minutes=5))
        resolved = transition(TransitionKind.RESOLVED, 2)
        record(history, resolved, notice(TransitionKind.RESOLVED, 2))
        assert deliver(history, {CHANNEL: bot}, clock=clock).delivered == 1
        assert history.due(clock.now() + timedelta(days=9)) == ()

    (message,) = slack.messages()
    assert message.ts == opened.ts
    assert "RESOLVED" in message.text


def test_a_message_that_may_be_a_repetition_says_so_to_its_end(
    tmp_path: Path,
    clock: VirtualClock,
    slack: SlackStandIn,
    bot: SlackBot,
    transition: Callable[..., Transition],
    notice: Callable[..., Notice],
) -> None:
    slack.scopes.discard("channels:history")
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    with History.open(f"sqlite:///{tmp_path / 'history.sqlite'}", clock=clock) as history:
        record(history, transition(), notice())
        kinds = (TransitionKind.ACKNOWLEDGED, TransitionKind.RESOLVED)
        for sequence, kind in enumerate(kinds, start=2):
            deliver(history, {CHANNEL: bot}, clock=clock)
            clock.advance(timedelta(minutes=5))
            deliver(history, {CHANNEL: bot}, clock=clock)
            record(history, transition(kind, sequence), notice(kind, sequence))
        deliver(history, {CHANNEL: bot}, clock=clock)
    first, second = slack.messages()
    assert REPEAT_NOTE not in str(first.attachments)
    assert "RESOLVED" in second.text
    assert REPEAT_NOTE in str(second.attachments)
