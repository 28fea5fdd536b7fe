"""The thread under an incident's message: its timeline, each line once, over a real history."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerting.outbox import Channel, DeliveryReport, deliver
from monitors.alerting.reminding import reminder
from monitors.alerting.slack import REPEAT_NOTE, SlackBot
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import (
    Delivery,
    Notice,
    NoticeForm,
    NoticeStatus,
    QueuedNotice,
    Transition,
    TransitionKind,
)
from sandbox.clock import VirtualClock
from sandbox.slack import Message, SlackStandIn

CHANNEL = "#intercom-alerts"
MINUTE = timedelta(minutes=1)
OPENED, ACKNOWLEDGED, ESCALATED, RESOLVED, REOPENED = (
    TransitionKind.OPENED,
    TransitionKind.ACKNOWLEDGED,
    TransitionKind.ESCALATED,
    TransitionKind.RESOLVED,
    TransitionKind.REOPENED,
)


class Line:
    """Tells transitions of one incident and delivers them, a minute apart."""

    def __init__(
        self,
        history: History,
        channel: Channel,
        clock: VirtualClock,
        transition: Callable[..., Transition],
    ) -> None:
        self.history = history
        self.channels = {CHANNEL: channel}
        self.clock = clock
        self._transition = transition
        self._sequence = 0

    def queue(self, *kinds: TransitionKind) -> None:
        announcer = Announcer.to_all(self.channels)
        for kind in kinds:
            self._sequence += 1
            by = "ann" if kind is ACKNOWLEDGED else ""
            told = self._transition(kind, self._sequence, acknowledged_by=by)
            notices = announcer.preview(told, now=self.clock.now())
            self.history.record(None, notices=notices)

    def deliver(self) -> DeliveryReport:
        self.clock.advance(MINUTE)
        return deliver(self.history, self.channels, clock=self.clock)

    def tell(self, *kinds: TransitionKind) -> None:
        """Tell them one by one, each delivered before the next."""
        for kind in kinds:
            self.queue(kind)
            assert self.deliver().is_complete

    def deliver_until_done(self) -> None:
        for _ in range(30):
            self.deliver()
            if not self.history.notices(NoticeStatus.PENDING):
                return
        raise AssertionError("not delivered within half an hour")


@pytest.fixture
def history(tmp_path: Path, clock: VirtualClock) -> Iterator[History]:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as opened:
        yield opened


@pytest.fixture
def line(
    history: History, bot: SlackBot, clock: VirtualClock, transition: Callable[..., Transition]
) -> Line:
    return Line(history, bot, clock, transition)


def events(replies: tuple[Message, ...]) -> list[str]:
    """The bold word of every line of a thread."""
    return [reply.text.split("*")[1] for reply in replies]


def test_the_thread_is_the_timeline_and_the_message_stays_the_newest_state(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED, ACKNOWLEDGED, RESOLVED)
    (message,) = slack.messages()
    assert "*RESOLVED after" in message.text
    assert events(message.replies) == ["Acknowledged by ann", "Resolved after 2 minutes"]


def test_the_channel_hears_again_only_of_what_got_worse_or_came_back(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED, ESCALATED, ACKNOWLEDGED, RESOLVED, REOPENED)
    parent, *loud = slack.messages()
    assert len(parent.replies) == 4
    assert events(tuple(loud)) == ["Escalated to critical", "Back again, critical"]


def test_a_reply_that_slack_did_not_confirm_is_looked_for_before_it_is_sent_again(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED)
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    line.queue(RESOLVED)
    line.deliver_until_done()
    (message,) = slack.messages()
    assert events(message.replies) == ["Resolved after 1 minute"]
    assert "conversations.replies" in slack.requests


def test_a_reply_that_was_lost_on_the_way_is_sent_again(line: Line, slack: SlackStandIn) -> None:
    line.tell(OPENED)
    slack.faults.inject("timeout-before-delivery", method="chat.postMessage", times=1)
    line.queue(RESOLVED)
    line.deliver_until_done()
    (message,) = slack.messages()
    assert len(message.replies) == 1


def test_a_thread_that_cannot_be_read_is_told_again_and_says_so(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED)
    slack.scopes.discard("channels:history")
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    line.queue(RESOLVED)
    line.deliver_until_done()
    (message,) = slack.messages()
    first, second = message.replies
    assert REPEAT_NOTE not in str(first.attachments)
    assert REPEAT_NOTE in str(second.attachments)


def test_what_happened_while_slack_was_down_is_one_message_with_its_timeline(
    line: Line, slack: SlackStandIn
) -> None:
    slack.faults.inject("server-error")
    for kind in (OPENED, ESCALATED, RESOLVED, REOPENED, RESOLVED):
        line.queue(kind)
        line.deliver()
    slack.faults.clear()
    line.deliver_until_done()
    (message,) = slack.messages()
    assert message.text.split("*")[1].startswith("RESOLVED")
    assert len(message.replies) == 4


def test_the_message_does_not_wait_for_a_line_in_its_thread(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED)
    slack.faults.inject("timeout-before-delivery", method="chat.postMessage")
    line.queue(ACKNOWLEDGED)
    line.deliver()
    line.queue(RESOLVED)
    line.deliver()
    (message,) = slack.messages()
    assert "*RESOLVED after" in message.text
    assert message.replies == ()


def test_the_timeline_goes_on_below_a_message_that_had_to_be_posted_again(
    line: Line, slack: SlackStandIn
) -> None:
    line.tell(OPENED)
    channel = slack.workspace.channel(CHANNEL)
    channel.messages.clear()  # somebody deleted it
    line.tell(RESOLVED)
    (message,) = slack.messages()
    assert len(message.replies) == 1


class Killed(BaseException):
    """The process is gone."""


class Dying(Channel):
    """A channel whose process is killed around the `at`-th message, before or after sending."""

    has_threads = True

    def __init__(self, channel: Channel, at: int, *, after: bool) -> None:
        self._channel = channel
        self._left = at
        self._after = after

    def send(self, queued: QueuedNotice) -> Delivery:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        delivery = self._channel.send(queued)
        if self._left == 0:
            raise Killed
        return delivery


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_process_killed_at_any_message_neither_loses_nor_doubles_a_line(
    line: Line, slack: SlackStandIn, bot: SlackBot, at: int, after: bool
) -> None:
    line.channels = {CHANNEL: Dying(bot, at, after=after)}
    killed = False
    for kind in (OPENED, ESCALATED, ACKNOWLEDGED, RESOLVED):
        line.queue(kind)
        try:
            line.deliver()
        except Killed:
            killed = True
            line.channels = {CHANNEL: bot}
    line.deliver_until_done()
    assert killed
    parents = [message for message in slack.messages() if message.thread_ts is None]
    (message,) = parents
    assert "*RESOLVED after" in message.text
    words = [event.split()[0] for event in events(message.replies)]
    assert sorted(words) == ["Acknowledged", "Escalated", "Resolved"]


def test_a_channel_gets_a_message_a_second_so_that_slack_refuses_none(
    slack: SlackStandIn,
    bot: SlackBot,
    clock: VirtualClock,
    notice: Callable[..., Notice],
) -> None:
    began = clock.now()
    for id in ("one", "two", "three"):
        said = notice(id=id)
        bot.send(QueuedNotice(id=1, notice=said, next_attempt_at=began, created_at=began))
    assert slack.requests == ("chat.postMessage",) * 3, "none was refused and sent again"
    assert clock.now() - began >= timedelta(seconds=2)


def test_a_reminder_of_a_message_that_somebody_deleted_stands_in_the_channel(
    line: Line, slack: SlackStandIn, transition: Callable[..., Transition]
) -> None:
    line.tell(OPENED)
    (message,) = slack.messages()
    channel = slack.workspace.channel(CHANNEL)
    slack.workspace.delete(channel, message.ts)
    still = transition(OPENED).incident
    now = line.clock.now()
    said = reminder(still, channel=CHANNEL, form=NoticeForm.REPLY, now=now)
    line.history.record(None, notices=[said])
    assert line.deliver().is_complete
    (shown,) = slack.messages()
    assert "Still critical" in shown.text
