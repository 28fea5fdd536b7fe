"""Find a channel, and in its history the message of an incident, which its metadata names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from monitors.alerting.webapi import SlackCallError, SlackWebApi

EVENT_TYPE: Final = "intercheck_incident"
REPLY_TYPE: Final = "intercheck_reply"
PAGE: Final = 100  # messages
CHANNEL_PAGE: Final = 200  # channels; Slack recommends no more
MAX_PAGES: Final = 20
"""How far a channel is read for one message: 2000 messages back, or to the asked moment."""

Receipt = tuple[str, str]
"""Slack's own id of a message: the channel's id and `ts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message of ours in a channel, and which notice of its incident it shows."""

    receipt: Receipt
    sequence: int


class CutOffError(Exception):
    """Slack's limit came between two pages: an app that may read once a minute would begin anew
    each time, and never get to the second."""


def find_channel(api: SlackWebApi, name: str) -> Mapping[str, object] | None:
    """Return the channel of that name or id as `conversations.list` describes it, or None.

    Private channels are looked through where the token may list them. Raises SlackCallError.
    """
    try:
        return _listed(api, name, "public_channel,private_channel")
    except SlackCallError as error:
        if error.code != "missing_scope" or error.needed == "channels:read":
            raise
    return _listed(api, name, "public_channel")


def newest(api: SlackWebApi, channel: str, incident_id: str, *, since: datetime) -> Found | None:
    """Return the incident's message of the highest sequence since then; `channel` is an id.

    Raises SlackCallError where the channel cannot be read, CutOffError where not all of it can.
    """
    pages = _pages(api, "conversations.history", channel, since)
    found = (one for page in pages for one in _ours(page, EVENT_TYPE, channel, incident_id))
    return max(found, key=lambda one: one.sequence, default=None)


def reply(
    api: SlackWebApi, parent: Receipt, incident_id: str, sequence: int, *, since: datetime
) -> Found | None:
    """Return the reply of that sequence in the thread of the incident's message `parent`.

    Raises SlackCallError where the thread cannot be read, CutOffError where not all of it can.
    """
    channel, ts = parent
    for page in _pages(api, "conversations.replies", channel, since, ts=ts):
        for found in _ours(page, REPLY_TYPE, channel, incident_id):
            if found.sequence == sequence:
                return found
    return None


def _pages(
    api: SlackWebApi, method: str, channel: str, since: datetime, **which: str
) -> Iterator[Mapping[str, object]]:
    cursor: str | None = None
    for page in count(1):
        try:
            answer = api.call(
                method,
                channel=channel,
                oldest=f"{since.timestamp():.6f}",
                limit=PAGE,
                include_all_metadata=True,
                cursor=cursor,
                **which,
            )
        except SlackCallError as error:
            if error.retry_after is not None and page > 1:
                raise CutOffError from None
            raise
        yield answer
        cursor = _next_cursor(answer)
        if cursor is None or page == MAX_PAGES:
            return


def _ours(
    answer: Mapping[str, object], event_type: str, channel: str, incident_id: str
) -> Iterator[Found]:
    for message in _items(answer, "messages"):
        metadata = message.get("metadata")
        if not isinstance(metadata, Mapping) or metadata.get("event_type") != event_type:
            continue
        payload = metadata.get("event_payload")
        if not isinstance(payload, Mapping) or payload.get("incident") != incident_id:
            continue
        sequence = payload.get("sequence")
        yield Found(
            receipt=(channel, str(message.get("ts"))),
            sequence=sequence if isinstance(sequence, int) else 0,
        )


def _listed(api: SlackWebApi, name: str, types: str) -> Mapping[str, object] | None:
    cursor: str | None = None
    while True:
        answer = api.call("conversations.list", types=types, limit=CHANNEL_PAGE, cursor=cursor)
        for channel in _items(answer, "channels"):
            if name in (channel.get("id"), channel.get("name"), f"#{channel.get('name')}"):
                return channel
        cursor = _next_cursor(answer)
        if cursor is None:
            return None


def _items(answer: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    items = answer.get(key)
    listed = items if isinstance(items, list) else []
    return [item for item in listed if isinstance(item, Mapping)]


def _next_cursor(answer: Mapping[str, object]) -> str | None:
    metadata = answer.get("response_metadata")
    cursor = metadata.get("next_cursor") if isinstance(metadata, Mapping) else None
    return str(cursor) if cursor else None
