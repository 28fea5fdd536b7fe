"""One call to Slack, and what its failure means for the one who called.

slack_sdk does the talking; its own retries are off, because the outbox decides when to try again,
and its logging too, because it would write webhook addresses into the log. It is imported when
something is said: most passes have nothing to say.
"""

import http.client
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.error import URLError

from contracts.workspaces import Secret

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

DEFAULT_BASE_URL: Final = "https://slack.com/api/"
DEFAULT_TIMEOUT: Final = timedelta(
    seconds=10
)  # Slack answers in tenths of a second or is in trouble
DEFAULT_RETRY_AFTER: Final = 30.0  # seconds, where a 429 does not say

SILENT: Final = logging.Logger("slack_sdk", level=logging.CRITICAL + 1)

SETUP_CODES: Final = {
    "access_denied": "the app may not do that in this workspace",
    "account_inactive": "the bot's account is deactivated: install the app again",
    "action_prohibited": "an administrator has restricted the webhook",
    "channel_is_archived": "the channel is archived: unarchive it or configure another",
    "channel_not_found": "there is no such channel, or the app is not in it: /invite the app",
    "channel_type_not_supported": "this kind of channel takes no messages from apps",
    "invalid_auth": "the token is not valid: copy the bot token again",
    "invalid_token": "the webhook is not valid any more: create it again",
    "is_archived": "the channel is archived: unarchive it or configure another",
    "missing_scope": "the token lacks a scope",
    "no_service": "the webhook was removed: create it again",
    "no_team": "the webhook's Slack workspace is gone",
    "not_allowed_token_type": "this needs a bot token (xoxb-…)",
    "not_authed": "no token was sent: configure the bot token",
    "not_in_channel": "the app is not in the channel: /invite the app",
    "org_login_required": "the Slack workspace is being migrated",
    "restricted_action": "the Slack workspace restricts who may post in the channel",
    "team_access_not_granted": "the app is not granted access to this Slack workspace",
    "team_disabled": "the Slack workspace is disabled",
    "token_expired": "the token has expired: install the app again",
    "token_revoked": "the token was revoked: install the app again and configure the new one",
    "user_not_found": "the webhook's owner is gone: create it again",
}
"""Codes that no waiting cures, a person does; with what they mean."""

UNREADABLE_CODES: Final = frozenset(
    {
        "access_denied",
        "channel_not_found",
        "channel_type_not_supported",
        "missing_scope",
        "not_in_channel",
    }
)
"""Codes that say that a channel's history cannot be read, whatever may be posted there; a token
that is refused is refused for both."""

MESSAGE_CODES: Final = frozenset(
    {
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_payload",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
"""Codes that blame this one message."""

GONE_CODES: Final = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})
"""Codes that say that a message cannot be updated any more."""

NO_THREAD_CODES: Final = frozenset(
    {"cannot_reply_to_message", "restricted_action_thread_locked", "thread_not_found"}
)
"""Codes that say that a message takes no replies (any more)."""

RATE_LIMIT_CODES: Final = frozenset({"rate_limited", "ratelimited"})

UNCERTAIN_CODES: Final = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}
)
"""Codes after which part of the work may have been done, as Slack's reference says of them."""


class SlackCallError(Exception):
    """A call that failed: Slack's `code`, or `http-503`, `timeout`, `connection`, `not-json`.

    `needed` is the missing scope, `retry_after` seconds; `ambiguous` says that the call may have
    been carried out.
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after: float | None = None,
        ambiguous: bool = False,
        needed: str = "",
    ) -> None:
        meaning = SETUP_CODES.get(code, "")
        scope = f" {needed}" if needed else ""
        super().__init__(f"{code} ({meaning}{scope})" if meaning else code)
        self.code = code
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.needed = needed

    @property
    def is_setup(self) -> bool:
        return self.code in SETUP_CODES

    @property
    def is_unreadable(self) -> bool:
        return self.code in UNREADABLE_CODES

    @property
    def blames_message(self) -> bool:
        return self.code in MESSAGE_CODES


class SlackWebApi:
    """The Web API with one bot token; raises SlackCallError and nothing else."""

    def __init__(
        self,
        token: Secret,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self._token = token
        self._base_url = base_url
        self._timeout = timeout

    @cached_property
    def _client(self) -> "WebClient":
        from slack_sdk import WebClient

        return WebClient(
            token=self._token.reveal(),
            base_url=self._base_url,
            timeout=self._timeout.total_seconds(),  # type: ignore[arg-type] # urllib takes fractions
            logger=SILENT,
            retry_handlers=[],
        )

    def call(self, method: str, **arguments: object) -> Mapping[str, object]:
        """Call `method` with the arguments that are not None; returns the answer."""
        return self.call_with_scopes(method, **arguments)[0]

    def call_with_scopes(
        self, method: str, **arguments: object
    ) -> tuple[Mapping[str, object], frozenset[str] | None]:
        """Call `method`; returns the answer and the token's scopes, None where Slack named none."""
        from slack_sdk.errors import SlackApiError, SlackClientError

        sent = {name: value for name, value in arguments.items() if value is not None}
        # chat.* take structures, so JSON; the reading methods take forms only.
        takes_json = method.startswith("chat.")
        try:
            response = self._client.api_call(
                method, json=sent if takes_json else None, params=None if takes_json else sent
            )
        except SlackApiError as error:
            raise _refused(error) from None
        except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:
            raise unanswered(error) from None
        answer = response.data
        if not isinstance(answer, dict):
            raise SlackCallError("not-json", ambiguous=True)
        listed = _header(response.headers, "x-oauth-scopes")
        scopes = frozenset(listed.replace(" ", "").split(",")) if listed is not None else None
        return answer, scopes


def unanswered(error: Exception) -> SlackCallError:
    """Say what it means that no answer came.

    urllib wraps what fails before the whole request is sent in a URLError; what fails afterwards
    (a timeout, a reset) comes as it is, and then the request may have been carried out.
    """
    if isinstance(error, URLError):
        late = isinstance(error.reason, TimeoutError)
        return SlackCallError("timeout" if late else "connection")
    if isinstance(error, TimeoutError):
        return SlackCallError("timeout", ambiguous=True)
    return SlackCallError("connection", ambiguous=True)


def from_status(status: int, code: str, headers: Mapping[str, object]) -> SlackCallError:
    """Say what an unsuccessful answer means; `code` is empty where it named none."""
    if status == 429 or code in RATE_LIMIT_CODES:
        return SlackCallError("ratelimited", retry_after=_retry_after(headers))
    if status >= 500:
        return SlackCallError(f"http-{status}", ambiguous=True)
    return SlackCallError(code or f"http-{status}", ambiguous=code in UNCERTAIN_CODES)


def _refused(error: "SlackApiError") -> SlackCallError:
    response = error.response
    answer = response.data if isinstance(response.data, dict) else {}
    code = str(answer.get("error") or "")
    if " " in code:  # slack_sdk puts its own sentence here when the body is not JSON
        code = "not-json"
    if code == "missing_scope":
        return SlackCallError(code, needed=str(answer.get("needed") or ""))
    if code == "not-json" and response.status_code < 400:
        return SlackCallError(code, ambiguous=True)
    return from_status(response.status_code, code, response.headers)


def _retry_after(headers: Mapping[str, object]) -> float:
    try:
        return max(0.0, float(_header(headers, "retry-after") or DEFAULT_RETRY_AFTER))
    except ValueError:
        return DEFAULT_RETRY_AFTER


def _header(headers: Mapping[str, object], name: str) -> str | None:
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0]) if isinstance(value, list) and value else str(value)
    return None
