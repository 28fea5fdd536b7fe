"""Slack as a channel: by bot token (one message per incident, updated in place), or by webhook."""

import http.client
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from contracts.clock import Clock, SystemClock
from contracts.errors import NotificationError
from contracts.workspaces import Secret
from monitors.alerting import lookup
from monitors.alerting.buttons import Action
from monitors.alerting.pacing import Pace
from monitors.alerting.webapi import (
    DEFAULT_BASE_URL,
    DEFAULT_TIMEOUT,
    GONE_CODES,
    NO_THREAD_CODES,
    SILENT,
    SlackCallError,
    SlackWebApi,
    from_status,
    unanswered,
)
from monitors.records import Delivery, Notice, NoticeForm, QueuedNotice, Telling

if TYPE_CHECKING:
    from slack_sdk import WebhookClient

DELETED: Final = "thread_not_found"
CLOCK_SKEW: Final = timedelta(minutes=10)  # between this machine and Slack, generously
PLAIN_LIMIT: Final = 3000  # characters of a message without blocks; chat.update takes 4000
REPEAT_NOTE: Final = (
    ":repeat: This may repeat an earlier message: Slack did not confirm that one, and the app may "
    "not read the channel's history."
)


class SlackBot:
    """Posts and updates messages with a bot token, in whichever channel a notice names.

    Needs the scope `chat:write`, and `channels:history` (`groups:history` in a private channel) to
    look whether a message that Slack did not confirm has arrived. Where the channel is configured
    by name that look needs `channels:read` (`groups:read`) too.
    """

    has_threads: bool = True
    takes_events: bool = False
    keeps_state: bool = False

    def __init__(
        self,
        token: Secret,
        *,
        base_url: str = DEFAULT_BASE_URL,
        clock: Clock | None = None,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self.api = SlackWebApi(token, base_url=base_url, timeout=timeout)
        self._clock = clock or SystemClock()
        self._ids: dict[str, str] = {}
        self._pace = Pace(self._clock)

    def send(self, queued: QueuedNotice) -> Delivery:
        """Bring the incident's message to what the notice says; NotificationError where not.

        A message that was deleted, or may not be edited any more, is posted again.
        """
        notice = queued.notice
        if notice.is_reply:
            return self._send_reply(queued)
        try:
            if queued.parent is not None and self._update(
                queued.parent, notice, is_repeat=queued.is_repeat
            ):
                return self._delivery(queued.parent)
            is_repeat = False
            if queued.ambiguous:
                found, is_readable = self._look(queued)
                is_repeat = not is_readable
                if found is not None and (
                    found.sequence >= notice.sequence
                    or (found.receipt != queued.parent and self._update(found.receipt, notice))
                ):
                    return self._delivery(found.receipt)
            return self._delivery(self._post(notice, is_repeat=is_repeat), is_repeat=is_repeat)
        except SlackCallError as error:
            raise _as_notification_error(notice.channel, error) from error

    def whisper(self, action: Action, text: str) -> None:
        """Tell whoever pressed something a sentence that nobody else sees; where Slack does not
        take it, it is not told."""
        if action.place is None:
            return
        channel, user = action.place
        with suppress(SlackCallError):
            self.api.call("chat.postEphemeral", channel=channel, user=user, text=text)

    def _send_reply(self, queued: QueuedNotice) -> Delivery:
        notice, parent = queued.notice, queued.parent
        if parent is None:
            raise _no_thread(notice.channel, "its incident has no message there to reply to")
        try:
            is_repeat = False
            if queued.ambiguous:
                found, is_readable = self._look_in_thread(queued, parent)
                is_repeat = not is_readable
                if found is not None:
                    return self._delivery(found.receipt)
            channel, ts = parent
            self._pace.wait(notice.channel)
            answer = self._say(
                "chat.postMessage",
                notice,
                is_repeat=is_repeat,
                channel=channel,
                thread_ts=ts,
                reply_broadcast=notice.form is NoticeForm.BROADCAST or None,
            )
            receipt = str(answer["channel"]), str(answer["ts"])
            return self._delivery(receipt, is_repeat=is_repeat)
        except SlackCallError as error:
            if error.code == DELETED and notice.kind is Telling.REMINDER:
                return self._remind_in_channel(notice)
            if error.code in NO_THREAD_CODES:
                raise _no_thread(notice.channel, str(error)) from error
            raise _as_notification_error(notice.channel, error) from error

    def _remind_in_channel(self, notice: Notice) -> Delivery:
        """Say in the channel that something is still open: somebody deleted its message, so there
        is no thread, and nothing else would show that it is."""
        try:
            return self._delivery(self._post(notice, is_repeat=False))
        except SlackCallError as error:
            raise _as_notification_error(notice.channel, error) from error

    def _delivery(self, receipt: lookup.Receipt, *, is_repeat: bool = False) -> Delivery:
        return Delivery(receipt=receipt, at=self._clock.now(), possibly_repeated=is_repeat)

    def _post(self, notice: Notice, *, is_repeat: bool) -> lookup.Receipt:
        self._pace.wait(notice.channel)
        answer = self._say("chat.postMessage", notice, is_repeat=is_repeat, channel=notice.channel)
        receipt = str(answer["channel"]), str(answer["ts"])
        self._ids[notice.channel] = receipt[0]
        return receipt

    def _update(self, receipt: lookup.Receipt, notice: Notice, *, is_repeat: bool = False) -> bool:
        """Update a message in place; False where it is gone. That it may repeat an earlier one
        goes on being said: nobody can tell which of the two is kept up to date otherwise."""
        channel, ts = receipt
        try:
            self._say("chat.update", notice, is_repeat=is_repeat, channel=channel, ts=ts)
        except SlackCallError as error:
            if error.code in GONE_CODES:
                return False
            raise
        return True

    def _say(
        self, method: str, notice: Notice, *, is_repeat: bool, **place: str | bool | None
    ) -> Mapping[str, object]:
        """Post or update; where Slack refuses the blocks, without them: the news must arrive."""
        payload = {"incident": notice.incident_id, "sequence": notice.sequence}
        event_type = lookup.REPLY_TYPE if notice.is_reply else lookup.EVENT_TYPE
        metadata = {"event_type": event_type, "event_payload": payload}
        try:
            return self.api.call(method, metadata=metadata, **place, **content(notice, is_repeat))
        except SlackCallError as error:
            if not error.blames_message:
                raise
        return self.api.call(
            method,
            metadata=metadata,
            text=notice.text[:PLAIN_LIMIT],
            blocks=[],
            attachments=[],
            **place,
        )

    def _look(self, queued: QueuedNotice) -> tuple[lookup.Found | None, bool]:
        """Look for the incident's message in the channel; False where it cannot be read."""
        try:
            channel = self._channel_id(queued)
            if channel is None:
                return None, False
            since = queued.created_at - CLOCK_SKEW
            incident_id = queued.notice.incident_id
            return lookup.newest(self.api, channel, incident_id, since=since), True
        except lookup.CutOffError:
            return None, False
        except SlackCallError as error:
            if error.is_unreadable:
                return None, False
            raise  # it can be read, only not now

    def _look_in_thread(
        self, queued: QueuedNotice, parent: lookup.Receipt
    ) -> tuple[lookup.Found | None, bool]:
        """Look for a reply in the thread of `parent`; False where it cannot be read."""
        notice, since = queued.notice, queued.created_at - CLOCK_SKEW
        try:
            found = lookup.reply(self.api, parent, notice.incident_id, notice.sequence, since=since)
        except lookup.CutOffError:
            return None, False
        except SlackCallError as error:
            if error.is_unreadable:
                return None, False
            raise  # it can be read, only not now
        return found, True

    def _channel_id(self, queued: QueuedNotice) -> str | None:
        """Return the id that history is read by: posting takes names, reading does not."""
        name = queued.notice.channel
        if queued.parent is not None:
            return queued.parent[0]
        if name not in self._ids:
            channel = lookup.find_channel(self.api, name)
            if channel is None:
                return None
            self._ids[name] = str(channel["id"])
        return self._ids[name]


class SlackWebhook:
    """Posts every notice as a message of its own: a webhook can neither update nor be read back,
    so what it did not confirm may be told twice, and says so."""

    has_threads: bool = False
    takes_events: bool = False
    keeps_state: bool = False

    def __init__(
        self,
        url: Secret,
        *,
        clock: Clock | None = None,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock or SystemClock()
        self._pace = Pace(self._clock)

    @cached_property
    def _client(self) -> "WebhookClient":
        from slack_sdk import WebhookClient

        return WebhookClient(
            self._url.reveal(),
            timeout=self._timeout.total_seconds(),  # type: ignore[arg-type] # urllib takes fractions
            logger=SILENT,
            retry_handlers=[],
        )

    def send(self, queued: QueuedNotice) -> Delivery:
        """Post the notice; NotificationError where it was not taken."""
        notice = queued.notice
        self._pace.wait(notice.channel)
        try:
            self._say(content(notice, queued.ambiguous), notice)
        except SlackCallError as error:
            raise _as_notification_error(notice.channel, error) from error
        return Delivery(receipt=None, at=self._clock.now(), possibly_repeated=queued.ambiguous)

    def _say(self, message: dict[str, object], notice: Notice) -> None:
        try:
            self._send(message)
        except SlackCallError as error:
            if not error.blames_message:
                raise
            self._send({"text": notice.text[:PLAIN_LIMIT]})

    def _send(self, message: dict[str, object]) -> None:
        from slack_sdk.errors import SlackClientError

        try:
            answer = self._client.send_dict(message)
        except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:
            raise unanswered(error) from None
        if answer.status_code != 200:
            code = answer.body.strip()
            is_code = code.replace("_", "").isalnum() and len(code) < 50
            raise from_status(answer.status_code, code if is_code else "", answer.headers)


def content(notice: Notice, is_repeat: bool) -> dict[str, object]:
    """Return the message: its first line, and the rest beside a coloured bar."""
    blocks: list[dict[str, object]] = list(notice.blocks)
    if is_repeat:
        note = {"type": "mrkdwn", "text": REPEAT_NOTE}
        blocks.append({"type": "context", "elements": [note]})
    bar = {"color": notice.color, "blocks": blocks, "fallback": notice.text}
    return {
        "text": notice.text,
        "attachments": [bar] if blocks else [],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _no_thread(channel: str, reason: str) -> NotificationError:
    return NotificationError(
        f"Slack channel {channel}", reason, permanent=True, concerns_message=True
    )


def _as_notification_error(channel: str, error: SlackCallError) -> NotificationError:
    return NotificationError(
        f"Slack channel {channel}",
        str(error),
        permanent=error.is_setup or error.blames_message,
        retry_after=error.retry_after,
        ambiguous=error.ambiguous,
        concerns_message=error.blames_message,
    )
