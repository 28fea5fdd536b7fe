"""The Web API methods that the stand-in answers, in the order in which Slack checks things:
token, scope, arguments, channel, content.

Reference: https://docs.slack.dev/reference/methods
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from sandbox.slack.content import Arguments, content, refuse
from sandbox.slack.faults import Faults
from sandbox.slack.workspace import (
    BOT_ID,
    BOT_NAME,
    BOT_USER_ID,
    TEAM_ID,
    TEAM_NAME,
    TS,
    WEBHOOK_ID,
    Channel,
    Message,
    RateLimitedError,
    SlackError,
    SlackWorkspace,
)

MAX_POST_TEXT: Final = 40_000  # characters of `text` in chat.postMessage
MAX_UPDATE_TEXT: Final = 4_000  # and in chat.update
DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 999

LIMITED_PAGE: Final = 15  # messages, for apps outside the marketplace since 2025

DEFAULT_SCOPES: Final = ("chat:write", "channels:history", "channels:read")

Answer = dict[str, object]


@dataclass(slots=True)
class Api:
    """The API over one workspace, with the one bot token and the one app token it accepts;
    `open_socket` returns the address of a WebSocket."""

    workspace: SlackWorkspace
    faults: Faults
    token: str
    app_token: str
    open_socket: Callable[[], str]
    scopes: set[str] = field(default_factory=lambda: set(DEFAULT_SCOPES))
    read_at: float = float("-inf")
    """When a history was read last, of the workspace's clock."""

    def call(self, method: str, token: str | None, arguments: Arguments) -> Answer:
        """Answer one call; SlackError for `ok: false`."""
        handler = METHODS.get(method)
        if handler is None:
            raise SlackError("unknown_method", req_method=method)
        if not token:
            raise SlackError("not_authed")
        is_apps = method in APP_METHODS
        if token == (self.token if is_apps else self.app_token):
            raise SlackError("not_allowed_token_type")
        if token != (self.app_token if is_apps else self.token):
            raise SlackError("invalid_auth")
        with self.workspace.lock:
            return {"ok": True, **handler(self, arguments)}

    def require(self, *scopes: str) -> None:
        """Refuse a token that has none of `scopes`."""
        if not self.scopes.intersection(scopes):
            raise missing_scope(scopes[0], self.scopes)


def missing_scope(scope: str, provided: set[str]) -> SlackError:
    return SlackError("missing_scope", needed=scope, provided=",".join(sorted(provided)))


def _required(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        refuse("invalid_arguments", [f"missing required field: {name}"])
    return str(value)


def _whole(arguments: Arguments, name: str, default: int) -> int:
    try:
        return int(str(arguments.get(name, default)))
    except ValueError:
        raise SlackError("invalid_arguments") from None


def is_true(value: object) -> bool:
    """Read a flag: JSON's `true`, or `1`, `true` of a form."""
    return value is True or str(value).lower() in ("1", "true")


def _writable(api: Api, arguments: Arguments) -> Channel:
    channel = api.workspace.channel(_required(arguments, "channel"))
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.is_member and (channel.is_private or "chat:write.public" not in api.scopes):
        raise SlackError("not_in_channel")
    return channel


def _readable(api: Api, arguments: Arguments) -> Channel:
    reference = _required(arguments, "channel")
    channel = api.workspace.channel(reference)
    if channel.id != reference:  # unlike chat.postMessage, reading takes ids only
        raise SlackError("channel_not_found")
    api.require("groups:history" if channel.is_private else "channels:history")
    if not channel.is_member:
        raise SlackError("not_in_channel")
    return channel


def as_json(message: Message, *, with_metadata: bool = False) -> Answer:
    """Return a message as `conversations.history` shows it."""
    shown: Answer = {
        "type": "message",
        "ts": message.ts,
        "text": message.text,
        "bot_id": message.bot_id,
        "username": message.author,
    }
    if message.bot_id == BOT_ID:
        shown["user"] = BOT_USER_ID
    if message.blocks:
        shown["blocks"] = list(message.blocks)
    if message.attachments:
        shown["attachments"] = list(message.attachments)
    if message.edited is not None:
        shown["edited"] = {"user": BOT_USER_ID, "ts": message.edited}
    if message.thread_ts is not None:
        shown["thread_ts"] = message.thread_ts
    elif message.replies:
        shown |= {"thread_ts": message.ts, "reply_count": len(message.replies)}
    if with_metadata and message.metadata is not None:
        shown["metadata"] = dict(message.metadata)
    return shown


def _page(api: Api, messages: list[Message], arguments: Arguments) -> Answer:
    """Cut one page, as `oldest`, `latest`, `inclusive`, `limit` and `cursor` say."""
    limit = _whole(arguments, "limit", DEFAULT_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise SlackError("invalid_limit")
    if pause := api.faults.history_pause:
        now = api.workspace.clock.now().timestamp()
        if now < api.read_at + pause:
            raise RateLimitedError(ceil(api.read_at + pause - now))
        api.read_at, limit = now, min(limit, LIMITED_PAGE)
    cursor = str(arguments.get("cursor") or "0")
    if not cursor.isdigit():
        raise SlackError("invalid_cursor")
    inclusive = is_true(arguments.get("inclusive"))
    youngest = api.workspace.clock.now().timestamp() - api.faults.history_lag
    lagging = api.faults.history_lag > 0
    kept: list[Message] = []
    for message in messages:
        ts = float(message.ts)
        if lagging and ts > youngest:
            continue
        if _is_within(ts, arguments.get("oldest"), arguments.get("latest"), inclusive=inclusive):
            kept.append(message)
    start = int(cursor)
    chosen = kept[start : start + limit]
    more = start + limit < len(kept)
    answer: Answer = {
        "messages": [
            as_json(message, with_metadata=is_true(arguments.get("include_all_metadata")))
            for message in chosen
        ],
        "has_more": more,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": str(start + limit)}
    return answer


def _is_within(ts: float, oldest: object, latest: object, *, inclusive: bool) -> bool:
    try:
        low, high = float(str(oldest or 0)), float(str(latest or "inf"))
    except ValueError:
        raise SlackError("invalid_ts_latest") from None
    return low <= ts <= high if inclusive else low < ts < high


def _auth_test(api: Api, arguments: Arguments) -> Answer:
    return {
        "url": "https://sandbox.slack.example/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _post_message(api: Api, arguments: Arguments) -> Answer:
    api.require("chat:write")
    channel = _writable(api, arguments)
    fields = content(arguments, text_limit=MAX_POST_TEXT)
    thread = arguments.get("thread_ts")
    message = api.workspace.post(
        channel,
        Message(
            ts="",
            thread_ts=thread if isinstance(thread, str) and thread else None,
            broadcast=is_true(arguments.get("reply_broadcast")),
            **fields,  # type: ignore[arg-type]
        ),
    )
    return {"channel": channel.id, "ts": message.ts, "message": as_json(message)}


def _post_ephemeral(api: Api, arguments: Arguments) -> Answer:
    """Show a message to one member alone; it is no message of the channel's."""
    api.require("chat:write")
    channel, user = _writable(api, arguments), _required(arguments, "user")
    text = str(content(arguments, text_limit=MAX_POST_TEXT)["text"])
    channel.whispers.append((user, text))
    return {"message_ts": f"{api.workspace.clock.now().timestamp():.6f}"}


def _update(api: Api, arguments: Arguments) -> Answer:
    api.require("chat:write")
    reference, ts = _required(arguments, "channel"), _required(arguments, "ts")
    channel = api.workspace.channel(reference)
    if channel.id != reference:  # ids only
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    if not TS.fullmatch(ts):
        raise SlackError("message_not_found")
    checked = content(arguments, text_limit=MAX_UPDATE_TEXT)
    # What an update does not mention stays; an empty array takes it away.
    changes = {name: value for name, value in checked.items() if arguments.get(name) is not None}
    message = api.workspace.update(channel, ts, **changes)
    return {"channel": channel.id, "ts": ts, "text": message.text, "message": as_json(message)}


def _list(api: Api, arguments: Arguments) -> Answer:
    kinds = str(arguments.get("types") or "public_channel").replace(" ", "").split(",")
    for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if kind in kinds:
            api.require(scope)
    limit = _whole(arguments, "limit", DEFAULT_PAGE)
    start = _whole(arguments, "cursor", 0) if arguments.get("cursor") else 0
    shown = [
        channel
        for channel in api.workspace.channels
        if ("private_channel" if channel.is_private else "public_channel") in kinds
        and (channel.is_member or not channel.is_private)
        and not (channel.is_archived and is_true(arguments.get("exclude_archived")))
    ]
    more = start + limit < len(shown)
    return {
        "channels": [
            {
                "id": channel.id,
                "name": channel.name,
                "is_channel": not channel.is_private,
                "is_private": channel.is_private,
                "is_archived": channel.is_archived,
                "is_member": channel.is_member,
                "topic": {"value": channel.topic},
            }
            for channel in shown[start : start + limit]
        ],
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _history(api: Api, arguments: Arguments) -> Answer:
    channel = _readable(api, arguments)
    return _page(api, list(reversed(api.workspace.timeline(channel))), arguments)


def _replies(api: Api, arguments: Arguments) -> Answer:
    channel, ts = _readable(api, arguments), _required(arguments, "ts")
    for message in api.workspace.timeline(channel):
        if message.ts == ts:
            return _page(api, [message, *message.replies], arguments)
    raise SlackError("thread_not_found")


def _open_connection(api: Api, arguments: Arguments) -> Answer:
    return {"url": api.open_socket()}


APP_METHODS: Final = frozenset({"apps.connections.open"})
"""What an app calls with its own token, not the bot's."""
METHODS: Final[dict[str, Callable[[Api, Arguments], Answer]]] = {
    "apps.connections.open": _open_connection,
    "auth.test": _auth_test,
    "chat.postEphemeral": _post_ephemeral,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "conversations.history": _history,
    "conversations.list": _list,
    "conversations.replies": _replies,
}


def post_webhook(workspace: SlackWorkspace, channel: Channel, arguments: Arguments) -> None:
    """Take what an incoming webhook was sent; SlackError where Slack would not."""
    with workspace.lock:
        if channel.is_archived:
            raise SlackError("channel_is_archived")
        fields = content(arguments, text_limit=MAX_POST_TEXT)
        thread = arguments.get("thread_ts")
        workspace.post(
            channel,
            Message(
                ts="",
                thread_ts=thread if isinstance(thread, str) and thread else None,
                bot_id=WEBHOOK_ID,
                **fields,  # type: ignore[arg-type]
            ),
        )
