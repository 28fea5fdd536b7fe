"""What a Slack workspace remembers: channels and the messages in them.

Timestamps (`ts`) are Slack's: seconds since 1970 with six decimals, unique in the workspace, and
the identity of a message in its channel.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from contracts.clock import Clock

TEAM_ID: Final = "T0SANDBOX1"
TEAM_NAME: Final = "Sandbox"
APP_ID: Final = "A0SANDBOX1"
BOT_ID: Final = "B0SANDBOX1"
BOT_USER_ID: Final = "U0SANDBOX1"
BOT_NAME: Final = "intercheck"
WEBHOOK_ID: Final = "B0WEBHOOK1"

POSTS_PER_SECOND: Final = 1.0  # a channel; https://docs.slack.dev/apis/web-api/rate-limits

Document = Mapping[str, object]


class SlackError(Exception):
    """An answer with `ok: false`: Slack's code, and what it says beside it."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class RateLimitedError(SlackError):
    """429: `retry_after` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it stands now."""

    ts: str
    text: str
    blocks: tuple[Document, ...] = ()
    attachments: tuple[Document, ...] = ()
    metadata: Document | None = None
    edited: str | None = None
    """`ts` of the last update."""
    thread_ts: str | None = None
    """`ts` of the message it answers."""
    replies: tuple["Message", ...] = ()
    broadcast: bool = False
    """Whether a reply is shown in the channel too."""
    author: str = BOT_NAME
    bot_id: str = BOT_ID

    @property
    def posted_at(self) -> datetime:
        return at(self.ts)


@dataclass(slots=True)
class Channel:
    """A channel and, by `ts`, what was said in it."""

    id: str
    name: str
    is_member: bool = True
    is_private: bool = False
    is_archived: bool = False
    topic: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    last_post: float | None = None
    whispers: list[tuple[str, str]] = field(default_factory=list)
    """What one member alone was shown: their id, and the text."""


def at(ts: str) -> datetime:
    """Return the moment of a `ts`."""
    return datetime.fromtimestamp(float(ts), UTC)


class SlackWorkspace:
    """All channels; safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._last_ts = 0

    def add(
        self,
        name: str,
        *,
        is_member: bool = True,
        is_private: bool = False,
        is_archived: bool = False,
        topic: str = "",
    ) -> Channel:
        """Create a channel, which gets the next id."""
        with self.lock:
            id = f"C0SANDBOX{len(self._channels) + 1}"
            self._channels[id] = Channel(
                id=id,
                name=name,
                is_member=is_member,
                is_private=is_private,
                is_archived=is_archived,
                topic=topic,
            )
            return self._channels[id]

    @property
    def channels(self) -> tuple[Channel, ...]:
        with self.lock:
            return tuple(self._channels.values())

    def channel(self, reference: str) -> Channel:
        """Find a channel by id or name, with or without `#`; SlackError where there is none."""
        name = reference.removeprefix("#")
        for channel in self.channels:
            if reference == channel.id or name == channel.name:
                return channel
        raise SlackError("channel_not_found")

    def post(self, channel: Channel, message: Message) -> Message:
        """Say something in a channel, or in a thread of it, at most once a second."""
        with self.lock:
            self._pace(channel)
            posted = replace(message, ts=self._next_ts())
            if message.thread_ts is not None and message.thread_ts not in channel.messages:
                raise SlackError("thread_not_found")
            channel.messages[posted.ts] = posted
            return posted

    def update(self, channel: Channel, ts: str, **changes: object) -> Message:
        """Change a message in place."""
        with self.lock:
            message = channel.messages.get(ts)
            if message is None:
                raise SlackError("message_not_found")
            if message.bot_id != BOT_ID:  # an incoming webhook's, or a person's
                raise SlackError("cant_update_message")
            updated: Message = replace(message, edited=self._next_ts(), **changes)  # type: ignore[arg-type]
            channel.messages[ts] = updated
            return updated

    def delete(self, channel: Channel, ts: str) -> None:
        """Take a message away, and what was said in its thread, as a person may."""
        with self.lock:
            if channel.messages.pop(ts, None) is None:
                raise SlackError("message_not_found")
            for other in [one for one in channel.messages.values() if one.thread_ts == ts]:
                del channel.messages[other.ts]

    def timeline(self, channel: Channel) -> tuple[Message, ...]:
        """Return what the channel shows, oldest first, each with the replies in its thread."""
        with self.lock:
            replies: dict[str, list[Message]] = {}
            for message in channel.messages.values():
                if message.thread_ts is not None:
                    replies.setdefault(message.thread_ts, []).append(message)
            return tuple(
                replace(message, replies=tuple(replies.get(message.ts, ())))
                for message in channel.messages.values()
                if message.thread_ts is None or message.broadcast
            )

    def clear(self) -> None:
        """Forget every channel and what was said in it."""
        with self.lock:
            self._channels.clear()

    def _pace(self, channel: Channel) -> None:
        now = self.clock.monotonic()
        if channel.last_post is not None and now - channel.last_post < 1 / POSTS_PER_SECOND:
            raise RateLimitedError(1)
        channel.last_post = now

    def _next_ts(self) -> str:
        moment = int(self.clock.now().timestamp() * 1_000_000)
        self._last_ts = max(moment, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


TS: Final = re.compile(r"\d{1,12}\.\d{6}")
