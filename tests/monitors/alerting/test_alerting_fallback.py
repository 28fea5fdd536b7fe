"""What a channel refuses goes to the one that stands in for it, over a real history."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerting.fallback import deliver_all
from monitors.alerting.notifiers.stdout import Stdout
from monitors.alerting.outbox import Channel, DeliveryReport
from monitors.alerting.routes import Route
from monitors.alerting.slack import SlackBot
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import Transition, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

CHANNEL = "#intercom-alerts"


class Desk:
    """A Slack channel, and a log that stands in for it."""

    def __init__(self, history: History, bot: SlackBot, clock: VirtualClock) -> None:
        self.history, self.clock = history, clock
        self.printed = io.StringIO()
        self.channels: dict[str, Channel] = {
            CHANNEL: bot,
            "log": Stdout("log", self.printed, clock=clock),
        }
        self.announcer = replace(
            Announcer.to_all(self.channels), fallback=Route(to=(CHANNEL,)), substitute="log"
        )

    def tell(self, transition: Transition) -> DeliveryReport:
        told = self.announcer.announce([transition], ledger=self.history, now=self.clock.now())
        self.history.record(
            None,
            states=[transition.incident],
            transitions=[transition],
            notices=told.notices,
            documents=told.documents,
        )
        return self.deliver()

    def deliver(self) -> DeliveryReport:
        return deliver_all(self.history, self.channels, announcer=self.announcer, clock=self.clock)

    @property
    def lines(self) -> list[str]:
        return self.printed.getvalue().splitlines()


@pytest.fixture
def desk(tmp_path: Path, bot: SlackBot, clock: VirtualClock) -> Desk:
    return Desk(History.open(f"sqlite:///{tmp_path}/h.sqlite", clock=clock), bot, clock)


def test_what_a_revoked_token_keeps_from_slack_the_fallback_hears_once(
    desk: Desk, slack: SlackStandIn, clock: VirtualClock, transition: Callable[..., Transition]
) -> None:
    slack.faults.inject("token-revoked")
    report = desk.tell(transition())
    assert not report.is_complete, "a person has to mend the channel: the exit code says so"
    assert any("goes to log instead" in one for one in report.errors)
    (line,) = desk.lines
    assert "CRITICAL" in line
    assert f"{CHANNEL} did not take this." in line
    waiting = desk.deliver()
    assert (waiting.postponed, waiting.is_complete) == (1, False), "it is not due, and undelivered"
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        desk.deliver()
    assert desk.lines == [line]

    slack.faults.clear()
    clock.advance(timedelta(minutes=5))
    assert desk.deliver().is_complete
    assert len(slack.messages()) == 1
    desk.tell(transition(TransitionKind.ESCALATED, 2))
    assert desk.lines == [line], "Slack takes it again"
    desk.tell(transition(TransitionKind.RESOLVED, 3))
    assert "RESOLVED" in desk.lines[-1], "whoever heard that it began hears that it is over"
    assert "did not take" not in desk.lines[-1]
    assert len(desk.lines) == 2


def test_that_it_is_over_says_too_that_the_channel_still_refuses(
    desk: Desk, slack: SlackStandIn, clock: VirtualClock, transition: Callable[..., Transition]
) -> None:
    slack.faults.inject("token-revoked")
    desk.tell(transition())
    desk.tell(transition(TransitionKind.RESOLVED, 2))
    clock.advance(timedelta(minutes=5))
    desk.deliver()
    _, over = desk.lines
    assert "RESOLVED" in over
    assert f"{CHANNEL} did not take this." in over


def test_what_a_channel_that_is_gone_did_not_hear_goes_where_it_would_go_now(
    desk: Desk, slack: SlackStandIn, clock: VirtualClock, transition: Callable[..., Transition]
) -> None:
    slack.faults.inject("token-revoked")
    desk.announcer = replace(desk.announcer, substitute="")
    desk.tell(transition())
    del desk.channels[CHANNEL]
    desk.announcer = replace(desk.announcer, channels=("log",), fallback=Route(to=("log",)))
    clock.advance(timedelta(minutes=5))
    report = desk.deliver()
    assert not report.is_complete
    assert any("not configured" in one or "is dropped" in one for one in report.errors)
    assert len(desk.lines) == 1
    clock.advance(timedelta(minutes=5))
    assert desk.deliver().is_complete, "it is said once"


def test_what_only_waits_is_not_handed_over(
    desk: Desk, slack: SlackStandIn, transition: Callable[..., Transition]
) -> None:
    slack.faults.inject("server-error")
    assert desk.tell(transition()).postponed
    assert desk.lines == []
