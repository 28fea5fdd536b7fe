"""By an incoming webhook, which can neither update a message nor be read back."""

from datetime import timedelta

import pytest

from contracts.workspaces import Secret
from monitors.alerting.slack import SlackWebhook
from monitors.records import TransitionKind
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn
from tests.monitors.alerting.desks import Desk, MakeNotice, MemoryOutbox, statuses


@pytest.fixture
def outbox(clock: VirtualClock) -> MemoryOutbox:
    return MemoryOutbox(clock)


def test_a_webhook_posts_the_resolution_as_a_message_of_its_own(
    outbox: MemoryOutbox, clock: VirtualClock, slack: SlackStandIn, notice: MakeNotice
) -> None:
    desk = Desk(outbox, SlackWebhook(Secret(slack.webhook_url), clock=clock), clock)
    outbox.add(notice())
    desk.deliver()
    outbox.add(notice(TransitionKind.RESOLVED, 2))
    clock.advance(timedelta(minutes=5))
    desk.deliver()
    assert [status.split()[0] for status in statuses(slack)] == ["CRITICAL", "RESOLVED"]
    assert outbox.deliveries[0].receipt is None


@pytest.mark.parametrize(
    ("fault", "messages"),
    [
        ("rate-limited", 1),
        ("server-error", 1),
        ("timeout-before-delivery", 1),
        ("timeout-after-delivery", 2),
        ("token-revoked", 1),
    ],
)
def test_a_webhook_loses_nothing_and_marks_what_it_may_repeat(
    outbox: MemoryOutbox,
    clock: VirtualClock,
    slack: SlackStandIn,
    notice: MakeNotice,
    fault: str,
    messages: int,
) -> None:
    webhook = SlackWebhook(Secret(slack.webhook_url), clock=clock, timeout=timedelta(seconds=0.4))
    slack.faults.inject(fault, method="webhook", times=1)
    outbox.add(notice())
    Desk(outbox, webhook, clock).deliver_until_done()
    assert len(slack.messages()) == messages
    assert outbox.deliveries[0].possibly_repeated is ("timeout" in fault or fault == "server-error")
