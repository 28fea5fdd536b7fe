"""From the outbox to Slack and back, over real HTTP with the real slack_sdk."""

from datetime import timedelta

import pytest

from contracts.workspaces import Secret
from monitors.alerting.outbox import GIVE_UP_AFTER, Channel, DeliveryReport, deliver
from monitors.alerting.slack import REPEAT_NOTE, SlackBot, SlackWebhook
from monitors.records import Delivery, Notice, NoticeStatus, QueuedNotice, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.slack import Message, SlackStandIn
from tests.monitors.alerting.desks import CHANNEL, Desk, MakeNotice, MemoryOutbox, statuses


@pytest.fixture
def outbox(clock: VirtualClock) -> MemoryOutbox:
    return MemoryOutbox(clock)


@pytest.fixture
def desk(outbox: MemoryOutbox, bot: SlackBot, clock: VirtualClock) -> Desk:
    return Desk(outbox, bot, clock)


def test_an_incident_is_one_message_that_is_updated_and_resolved_in_place(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    outbox.add(notice())
    desk.deliver()
    (opened,) = slack.messages()
    desk.clock.advance(timedelta(minutes=42))
    outbox.add(notice(TransitionKind.RESOLVED, 2))
    assert desk.deliver().delivered == 1
    (resolved,) = slack.messages()
    assert resolved.ts == opened.ts
    assert resolved.edited is not None
    assert statuses(slack) == ["RESOLVED after 42 minutes. Was critical"]
    assert resolved.metadata == {
        "event_type": "intercheck_incident",
        "event_payload": {"incident": "incident-1", "sequence": 2},
    }


@pytest.mark.parametrize(
    ("fault", "times", "lag"),
    [
        ("rate-limited", 3, 0),
        ("server-error", 3, 0),
        ("server-error", 1, 30),
        ("internal-error", 1, 30),
        ("timeout-before-delivery", 2, 0),
        ("timeout-before-delivery", 1, 30),
        ("timeout-after-delivery", 2, 0),
        ("timeout-after-delivery", 1, 30),
        ("token-revoked", 3, 0),
        ("not-in-channel", 1, 0),
        ("missing-scope", 1, 0),
    ],
)
def test_whatever_slack_does_an_incident_is_told_once(
    desk: Desk,
    outbox: MemoryOutbox,
    slack: SlackStandIn,
    notice: MakeNotice,
    fault: str,
    times: int,
    lag: int,
) -> None:
    slack.faults.inject("lagging-history", seconds=lag)
    slack.faults.inject(fault, method="chat.postMessage", times=times)
    outbox.add(notice())
    desk.deliver_until_done()
    assert statuses(slack) == ["CRITICAL"]

    slack.faults.inject(fault, method="chat.update", times=times)
    outbox.add(notice(TransitionKind.RESOLVED, 2))
    desk.deliver_until_done()
    assert len(slack.messages()) == 1
    assert statuses(slack)[0].startswith("RESOLVED")
    assert {queued.status for queued in outbox.notices} == {NoticeStatus.DELIVERED}
    assert not any(delivery.possibly_repeated for delivery in outbox.deliveries.values())


def test_an_unconfirmed_message_is_found_even_when_the_token_fails_in_between(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    outbox.add(notice())
    desk.deliver()
    slack.faults.inject("token-revoked")
    desk.clock.advance(timedelta(minutes=2))
    assert desk.deliver().undeliverable == 1
    slack.faults.clear()
    desk.clock.advance(timedelta(minutes=2))
    assert desk.deliver().delivered == 1
    assert statuses(slack) == ["CRITICAL"]


@pytest.mark.parametrize("trouble", ["rate-limited", "server-error"])
def test_a_history_that_cannot_be_read_just_now_is_waited_for(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice, trouble: str
) -> None:
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    slack.faults.inject(trouble, method="conversations.history", times=2, seconds=60)
    outbox.add(notice())
    desk.deliver_until_done()
    assert statuses(slack) == ["CRITICAL"]
    assert not outbox.deliveries[0].possibly_repeated


def test_a_lost_message_is_found_among_hundreds_of_others(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    outbox.add(notice())
    desk.deliver()
    channel = slack.workspace.channel(CHANNEL)
    for number in range(250):
        desk.clock.sleep(1)
        slack.workspace.post(channel, Message(ts="", text=f"chatter {number}"))
    desk.deliver_until_done()
    assert len([message for message in slack.messages() if message.metadata]) == 1


@pytest.mark.parametrize(("others", "messages"), [(5, 1), (40, 2)])
def test_an_app_that_may_read_once_a_minute_tells_again_what_it_cannot_look_for_and_says_so(
    desk: Desk,
    outbox: MemoryOutbox,
    slack: SlackStandIn,
    notice: MakeNotice,
    others: int,
    messages: int,
) -> None:
    slack.faults.inject("limited-history", seconds=60)
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    outbox.add(notice())
    desk.deliver()
    channel = slack.workspace.channel(CHANNEL)
    for number in range(others):
        desk.clock.sleep(1)
        slack.workspace.post(channel, Message(ts="", text=f"chatter {number}"))
    desk.deliver_until_done()
    ours = [message for message in slack.messages() if message.metadata]
    assert len(ours) == messages
    assert (REPEAT_NOTE in str(ours[-1].attachments)) is (messages == 2)


def test_a_channel_that_cannot_be_read_is_told_again_and_says_so(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.scopes.discard("channels:history")
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    outbox.add(notice())
    desk.deliver_until_done()
    first, second = slack.messages()
    assert REPEAT_NOTE not in str(first.attachments)
    assert REPEAT_NOTE in str(second.attachments)
    assert outbox.deliveries[0].possibly_repeated


def test_a_token_that_is_refused_while_the_history_is_asked_is_no_reason_to_tell_again(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("timeout-after-delivery", method="chat.postMessage", times=1)
    outbox.add(notice())
    desk.deliver()
    slack.faults.inject("token-revoked", method="conversations.history", times=1)
    desk.deliver_until_done()
    assert len(slack.messages()) == 1


def test_a_process_killed_after_slack_took_the_message_does_not_send_it_twice(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, bot: SlackBot, notice: MakeNotice
) -> None:
    class Killed(BaseException):
        pass

    class DiesAfterSending:
        has_threads = True
        takes_events = False
        keeps_state = False

        def send(self, queued: QueuedNotice) -> Delivery:
            bot.send(queued)
            raise Killed

    outbox.add(notice())
    with pytest.raises(Killed):
        deliver(outbox, {CHANNEL: DiesAfterSending()}, clock=desk.clock)
    assert not desk.deliver().delivered, "it is claimed: another process may be at it"
    desk.clock.advance(timedelta(minutes=3))
    assert desk.deliver().delivered == 1
    assert statuses(slack) == ["CRITICAL"]


def test_what_opened_and_was_resolved_while_slack_was_down_is_told_once(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("server-error")
    outbox.add(notice())
    desk.deliver()
    outbox.add(notice(TransitionKind.RESOLVED, 2))
    desk.clock.advance(timedelta(minutes=20))
    desk.deliver()
    slack.faults.clear()
    desk.deliver_until_done()
    assert len(slack.messages()) == 1
    assert statuses(slack)[0].startswith("RESOLVED")
    assert len(outbox.deliveries) == 2


def test_a_later_notice_waits_for_the_earlier_one_of_its_incident(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("rate-limited", method="chat.postMessage", times=1, seconds=600)
    outbox.add(notice())
    assert desk.deliver().postponed == 1
    outbox.add(notice(TransitionKind.ESCALATED, 2))
    desk.clock.advance(timedelta(minutes=1))
    assert desk.deliver() == DeliveryReport()
    desk.clock.advance(timedelta(minutes=10))
    assert desk.deliver().delivered == 2
    assert statuses(slack) == ["CRITICAL, escalated,"]


def test_the_limit_of_one_message_a_second_is_waited_out_in_the_same_pass(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    for number in range(4):
        outbox.add(notice(id=f"incident-{number}"))
    began = desk.clock.monotonic()
    assert desk.deliver().delivered == 4
    assert 3 <= desk.clock.monotonic() - began < 5
    ids = [
        message.metadata["event_payload"]["incident"]  # type: ignore[index]
        for message in slack.messages()
    ]
    assert ids == [f"incident-{number}" for number in range(4)], "in the order they were recorded"


def test_a_failing_channel_holds_back_its_own_notices_only(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.workspace.add("quiet", is_archived=True)
    desk.channels["#quiet"] = desk.channels[CHANNEL]
    outbox.add(notice(channel="#quiet", id="a"))
    outbox.add(notice(channel="#quiet", id="b"))
    outbox.add(notice(id="c"))
    report = desk.deliver()
    assert (report.delivered, report.undeliverable, report.postponed) == (1, 1, 1)
    assert slack.requests.count("chat.postMessage") == 2


def test_a_channel_nobody_configured_is_an_error_that_names_it(
    desk: Desk, outbox: MemoryOutbox, notice: MakeNotice
) -> None:
    outbox.add(notice(channel="#elsewhere"))
    outbox.add(notice(channel="#elsewhere", id="incident-2"))
    report = desk.deliver()
    assert report.undeliverable == 2
    assert report.errors == (
        "#elsewhere did not take the alert: no channel of this name is configured any more, so it "
        "is dropped",
    )
    desk.clock.advance(timedelta(minutes=5))
    assert desk.deliver().is_complete, "it is said once"


def test_what_nobody_mends_for_days_becomes_undeliverable(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("token-revoked")
    outbox.add(notice())
    desk.deliver()
    assert outbox.pending
    assert "token was revoked" in outbox.notices[0].error
    desk.clock.advance(GIVE_UP_AFTER)
    assert desk.deliver().undeliverable == 1
    assert outbox.notices[0].status is NoticeStatus.UNDELIVERABLE


def test_blocks_that_slack_refuses_cost_the_layout_and_not_the_alert(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    slack.faults.inject("cant-update-message", method="chat.update", times=1)
    broken = notice()
    header: dict[str, object] = {
        "type": "header",
        "text": {"type": "plain_text", "text": "x" * 151},
    }
    outbox.add(
        Notice(
            channel=broken.channel,
            incident_id=broken.incident_id,
            sequence=1,
            kind=broken.kind,
            text=broken.text,
            blocks=(header,),
        )
    )
    assert desk.deliver().delivered == 1
    assert slack.messages()[0].text == broken.text
    assert slack.messages()[0].attachments == ()


def test_a_message_that_may_not_be_edited_any_more_is_posted_anew(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    outbox.add(notice())
    desk.deliver()
    desk.clock.advance(timedelta(minutes=1))
    slack.faults.inject("message-not-found", method="chat.update", times=1)
    outbox.add(notice(TransitionKind.RESOLVED, 2))
    desk.deliver()
    assert [status.split()[0] for status in statuses(slack)] == ["CRITICAL", "RESOLVED"]
    outbox.add(notice(TransitionKind.REOPENED, 3))
    desk.clock.advance(timedelta(minutes=1))
    desk.deliver()
    assert statuses(slack)[1] == "CRITICAL again", "the new message is the one that lives on"


def test_nothing_is_begun_after_the_end_of_the_pass(
    desk: Desk, outbox: MemoryOutbox, slack: SlackStandIn, notice: MakeNotice
) -> None:
    for number in range(3):
        outbox.add(notice(id=f"incident-{number}"))
    until = desk.clock.now() + timedelta(seconds=1)
    report = deliver(outbox, desk.channels, clock=desk.clock, until=until)
    assert (report.delivered, report.postponed) == (2, 1)
    assert len(slack.messages()) == 2


def test_no_error_and_no_log_shows_the_token_or_the_webhook(
    outbox: MemoryOutbox,
    clock: VirtualClock,
    notice: MakeNotice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    outbox.add(notice())
    outbox.add(notice(channel="webhook"))
    with SlackStandIn(clock) as slack:
        bot = SlackBot(Secret(slack.token), base_url=slack.url, clock=clock)
        webhook = SlackWebhook(Secret(slack.webhook_url), clock=clock)
        channels: dict[str, Channel] = {CHANNEL: bot, "webhook": webhook}
        slack.faults.inject("server-error")
        refused = deliver(outbox, channels, clock=clock)
    clock.advance(timedelta(hours=1))
    unreachable = deliver(outbox, channels, clock=clock)
    said = " ".join((*refused.errors, *unreachable.errors, caplog.text, repr(bot), repr(webhook)))
    assert len(refused.errors) == len(unreachable.errors) == 2
    assert slack.token not in said
    assert "/services/" not in said
