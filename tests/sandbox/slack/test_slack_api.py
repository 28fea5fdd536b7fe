"""The stand-in is Slack to Slack's own SDK."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import DividerBlock, SectionBlock
from slack_sdk.models.metadata import Metadata

from sandbox.clock import VirtualClock
from sandbox.slack import SlackError, SlackStandIn

ALERTS = "#intercom-alerts"


def refused(call: Callable[..., object], **arguments: Any) -> dict[str, Any]:
    """Make a call that must be refused and return the answer."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    answer = caught.value.response.data
    assert isinstance(answer, dict)
    return answer


def post(client: WebClient, slack: SlackStandIn, text: str, **more: Any) -> str:
    """Post to the alerts' channel, a second after whatever was posted before."""
    slack.workspace.clock.sleep(1)
    return str(client.chat_postMessage(channel=ALERTS, text=text, **more)["ts"])


def test_the_token_is_known(client: WebClient) -> None:
    answer = client.auth_test()
    assert (answer["user"], answer["team"]) == ("intercheck", "Sandbox")
    assert answer.headers["x-oauth-scopes"] == "channels:history,channels:read,chat:write"


def test_a_message_is_posted_updated_and_read_back(client: WebClient, slack: SlackStandIn) -> None:
    blocks = [SectionBlock(text="*Bold*"), DividerBlock()]
    ts = post(client, slack, "first", blocks=blocks)
    slack.workspace.clock.sleep(60)
    channel = slack.workspace.channel(ALERTS).id
    client.chat_update(channel=channel, ts=ts, text="second", blocks=[])
    (message,) = client.conversations_history(channel=channel)["messages"]
    assert (message["ts"], message["text"]) == (ts, "second")
    assert "blocks" not in message
    assert float(message["edited"]["ts"]) > float(ts)
    (record,) = slack.messages()
    assert (record.ts, record.text, record.blocks) == (ts, "second", ())


def test_what_an_update_does_not_mention_stays(client: WebClient, slack: SlackStandIn) -> None:
    metadata = Metadata(event_type="kind", event_payload={"id": 7})
    ts = post(client, slack, "first", blocks=[DividerBlock()], metadata=metadata)
    client.chat_update(channel=slack.workspace.channel(ALERTS).id, ts=ts, text="second")
    (record,) = slack.messages()
    assert record.blocks == ({"type": "divider"},)
    assert record.metadata == {"event_type": "kind", "event_payload": {"id": 7}}


def test_metadata_is_shown_only_when_asked_for(client: WebClient, slack: SlackStandIn) -> None:
    post(client, slack, "x", metadata=Metadata(event_type="kind", event_payload={"id": 7}))
    channel = slack.workspace.channel(ALERTS).id
    (plain,) = client.conversations_history(channel=channel)["messages"]
    (full,) = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert "metadata" not in plain
    assert full["metadata"] == {"event_type": "kind", "event_payload": {"id": 7}}


def test_history_is_newest_first_in_pages_between_two_moments(
    client: WebClient, slack: SlackStandIn
) -> None:
    stamps = [post(client, slack, f"message {number}") for number in range(7)]
    channel = slack.workspace.channel(ALERTS).id
    pages = [
        [message["text"] for message in page["messages"]]
        for page in client.conversations_history(channel=channel, limit=3)
    ]
    assert pages == [
        ["message 6", "message 5", "message 4"],
        ["message 3", "message 2", "message 1"],
        ["message 0"],
    ]
    between = client.conversations_history(channel=channel, oldest=stamps[1], latest=stamps[4])
    assert [message["text"] for message in between["messages"]] == ["message 3", "message 2"]
    closed = client.conversations_history(
        channel=channel, oldest=stamps[1], latest=stamps[1], inclusive=True
    )
    assert [message["ts"] for message in closed["messages"]] == [stamps[1]]


def test_replies_are_in_the_thread_and_not_in_the_channel(
    client: WebClient, slack: SlackStandIn
) -> None:
    parent = post(client, slack, "parent")
    post(client, slack, "quiet", thread_ts=parent)
    post(client, slack, "loud", thread_ts=parent, reply_broadcast=True)
    channel = slack.workspace.channel(ALERTS).id
    shown = client.conversations_history(channel=channel)["messages"]
    assert [message["text"] for message in shown] == ["loud", "parent"]
    assert shown[1]["reply_count"] == 2
    thread = client.conversations_replies(channel=channel, ts=parent)["messages"]
    assert [message["text"] for message in thread] == ["parent", "quiet", "loud"]
    assert [reply.text for reply in slack.messages()[0].replies] == ["quiet", "loud"]
    answer = refused(client.conversations_replies, channel=channel, ts="1.000000")
    assert answer["error"] == "thread_not_found"


def test_history_lags_on_request(
    client: WebClient, slack: SlackStandIn, slack_clock: VirtualClock
) -> None:
    post(client, slack, "unseen")
    slack.faults.inject("lagging-history", seconds=30)
    channel = slack.workspace.channel(ALERTS).id
    assert client.conversations_history(channel=channel)["messages"] == []
    slack_clock.advance(timedelta(seconds=31))
    assert len(client.conversations_history(channel=channel)["messages"]) == 1


def test_one_message_a_second_goes_into_a_channel(client: WebClient, slack: SlackStandIn) -> None:
    slack.workspace.add("other")
    post(client, slack, "first")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=ALERTS, text="second")
    assert caught.value.response.status_code == 429
    assert caught.value.response["error"] == "ratelimited"
    assert caught.value.response.headers["Retry-After"] == "1"
    client.chat_postMessage(channel="#other", text="another channel has a second of its own")
    slack.workspace.clock.sleep(1)
    client.chat_postMessage(channel=ALERTS, text="second")


def test_channels_are_listed_by_kind_and_scope(client: WebClient, slack: SlackStandIn) -> None:
    slack.workspace.add("hidden", is_private=True)
    slack.workspace.add("old", is_archived=True)
    listed = client.conversations_list(exclude_archived=True)["channels"]
    assert [(channel["name"], channel["is_member"]) for channel in listed] == [
        ("intercom-alerts", True),
        ("general", False),
    ]
    answer = refused(client.conversations_list, types="private_channel")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:read")
    assert answer["provided"] == "channels:history,channels:read,chat:write"
    slack.scopes.add("groups:read")
    private = client.conversations_list(types="private_channel")["channels"]
    assert [channel["name"] for channel in private] == ["hidden"]


@pytest.mark.parametrize(("token", "code"), [("xoxb-other", "invalid_auth"), ("", "not_authed")])
def test_another_token_is_refused(slack: SlackStandIn, token: str, code: str) -> None:
    assert refused(WebClient(token=token, base_url=slack.url).auth_test)["error"] == code


def test_what_cannot_be_posted_to_is_named(client: WebClient, slack: SlackStandIn) -> None:
    slack.workspace.add("old", is_archived=True)
    for channel, code in (
        ("#nowhere", "channel_not_found"),
        ("#general", "not_in_channel"),
        ("#old", "is_archived"),
    ):
        assert refused(client.chat_postMessage, channel=channel, text="x")["error"] == code
    slack.scopes.add("chat:write.public")
    assert client.chat_postMessage(channel="#general", text="x")["ok"]
    slack.scopes.discard("chat:write")
    answer = refused(client.chat_postMessage, channel=ALERTS, text="x")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")


def test_only_own_messages_can_be_updated(client: WebClient, slack: SlackStandIn) -> None:
    channel = slack.workspace.channel(ALERTS).id
    WebhookClient(slack.webhook_url).send(text="from a webhook")
    (theirs,) = slack.messages()
    for ts, code in ((theirs.ts, "cant_update_message"), ("1.000000", "message_not_found")):
        answer = refused(client.chat_update, channel=channel, ts=ts, text="x")
        assert answer["error"] == code
    assert refused(client.chat_update, channel=ALERTS, ts=theirs.ts, text="x")["error"] == (
        "channel_not_found"
    ), "chat.update takes ids only"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "x", "attachments": [{"blocks": [{"type": "x"}]}]}, "invalid_attachments"),
        ({"text": "x", "attachments": [{"text": "y"}] * 101}, "too_many_attachments"),
        ({"text": "x", "metadata": {"event_type": "y"}}, "invalid_metadata_schema"),
        (
            {
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
def test_a_message_slack_would_not_take_is_refused(
    client: WebClient, slack: SlackStandIn, arguments: dict[str, Any], code: str
) -> None:
    answer = refused(
        lambda: client.api_call("chat.postMessage", json={"channel": ALERTS, **arguments})
    )
    assert answer["error"] == code
    assert slack.messages() == ()


def test_an_update_takes_less_text_than_a_post(client: WebClient, slack: SlackStandIn) -> None:
    ts = post(client, slack, "x" * 40_000)
    channel = slack.workspace.channel(ALERTS).id
    answer = refused(client.chat_update, channel=channel, ts=ts, text="x" * 4001)
    assert answer["error"] == "msg_too_long"


def test_a_form_does_what_json_does(client: WebClient, slack: SlackStandIn) -> None:
    form = {"channel": ALERTS, "text": "from a form", "blocks": json.dumps([{"type": "divider"}])}
    client.api_call("chat.postMessage", params=form)
    (message,) = slack.messages()
    assert (message.text, message.blocks) == ("from a form", ({"type": "divider"},))


def test_a_missing_argument_and_an_unknown_method_are_named(client: WebClient) -> None:
    answer = refused(lambda: client.api_call("chat.postMessage", json={"text": "x"}))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
    assert refused(lambda: client.api_call("chat.nothing"))["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("token-revoked", 200, "token_revoked"),
        ("account-inactive", 200, "account_inactive"),
        ("channel-not-found", 200, "channel_not_found"),
        ("internal-error", 200, "internal_error"),
        ("rate-limited", 429, "ratelimited"),
        ("server-error", 500, None),
    ],
)
def test_a_fault_happens_as_often_as_it_was_asked_for(
    client: WebClient, slack: SlackStandIn, name: str, status: int, code: str | None
) -> None:
    slack.faults.inject(name, method="chat.postMessage", times=1)
    assert client.auth_test()["ok"], "other methods are spared"
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=ALERTS, text="x")
    assert caught.value.response.status_code == status
    if code is not None:
        assert caught.value.response["error"] == code
    assert client.chat_postMessage(channel=ALERTS, text="x")["ok"]


@pytest.mark.parametrize(("when", "arrives"), [("before", False), ("after", True)])
def test_a_timeout_comes_before_or_after_delivery(
    slack: SlackStandIn, when: str, arrives: bool
) -> None:
    hasty = WebClient(token=slack.token, base_url=slack.url, retry_handlers=[])
    hasty.timeout = 0.3  # type: ignore[assignment]
    slack.faults.inject(f"timeout-{when}-delivery", times=1)
    with pytest.raises(TimeoutError):
        hasty.chat_postMessage(channel=ALERTS, text="x")
    assert bool(slack.messages()) is arrives


def test_a_webhook_says_ok_or_why_not(slack: SlackStandIn, slack_clock: VirtualClock) -> None:
    webhook = WebhookClient(slack.webhook_url, retry_handlers=[])
    assert webhook.send(text="hello").body == "ok"
    limited = webhook.send(text="again")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    slack_clock.sleep(1)
    empty = webhook.send(text="")
    assert (empty.status_code, empty.body) == (400, "no_text")
    slack.faults.inject("is-archived", times=1)
    archived = webhook.send(text="x")
    assert (archived.status_code, archived.body) == (410, "channel_is_archived")
    assert [message.text for message in slack.messages()] == ["hello"]


def test_a_webhook_takes_a_form_with_a_payload(slack: SlackStandIn) -> None:
    body = urllib.parse.urlencode({"payload": json.dumps({"text": "the old way"})}).encode()
    with urllib.request.urlopen(slack.webhook_url, data=body) as answer:  # noqa: S310 - loopback
        assert answer.read() == b"ok"
    assert slack.messages()[0].text == "the old way"


def control(slack: SlackStandIn, method: str, path: str, body: object = None) -> Any:
    """Use the sandbox's controls over HTTP."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{slack.control_url}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def test_faults_are_controlled_over_http(client: WebClient, slack: SlackStandIn) -> None:
    known = control(slack, "GET", "faults")
    assert known["active"] == []
    assert "token-revoked" in known["names"]
    wanted = {"faults": [{"name": "token-revoked", "times": 2}]}
    active = control(slack, "PUT", "faults", wanted)["active"]
    assert [fault["name"] for fault in active] == ["token-revoked"]
    assert refused(client.auth_test)["error"] == "token_revoked"
    control(slack, "DELETE", "faults")
    assert client.auth_test()["ok"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"faults": [{"name": "token-eaten"}]}, "'token-eaten' is no fault of Slack's"),
        ({"name": "token-revoked"}, 'the body has to be {"faults"'),
        ({"faults": [{"times": 1}]}, "a fault needs a name"),
        ({"faults": [{"name": "token-revoked", "after": 1}]}, "a fault has no 'after'"),
        ({"faults": [{"name": "token-revoked", "times": "2"}]}, "times is a whole number"),
    ],
)
def test_a_fault_that_is_none_is_refused_with_what_is_wrong(
    slack: SlackStandIn, wanted: object, said: str
) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400") as refusal:
        control(slack, "PUT", "faults", wanted)
    with refusal.value as answer:
        assert said in json.load(answer)["error"]


def test_faults_need_no_media_type_as_curl_sends_none(
    client: WebClient, slack: SlackStandIn
) -> None:
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{slack.control_url}/faults",
        method="PUT",
        data=b'{"faults": [{"name": "token-revoked"}]}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert [one["name"] for one in json.load(answer)["active"]] == ["token-revoked"]
    assert refused(client.auth_test)["error"] == "token_revoked"


def test_requests_clock_and_reset_are_controlled_over_http(
    client: WebClient, slack: SlackStandIn, slack_clock: VirtualClock
) -> None:
    post(client, slack, "x")
    assert control(slack, "GET", "requests")["requests"] == ["chat.postMessage"]
    assert control(slack, "GET", "clock")["now"] == slack_clock.now().isoformat()
    control(slack, "POST", "reset")
    assert slack.messages() == ()
    assert slack.requests == ()


def test_a_channel_that_is_not_there_has_no_messages(slack: SlackStandIn) -> None:
    with pytest.raises(SlackError, match="channel_not_found"):
        slack.messages("#nowhere")
