"""Slack's Socket Mode: what people press arrives by a WebSocket that we opened, so that no public
address is needed (https://docs.slack.dev/apis/events-api/using-socket-mode/).
"""

import http.client
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from contracts.workspaces import Secret
from monitors.alerting.buttons import Action, actions_in
from monitors.alerting.webapi import DEFAULT_BASE_URL, DEFAULT_TIMEOUT, SILENT

PING: Final = timedelta(seconds=10)  # how soon a dead connection is noticed


class Socket:
    """Listens for what people press. `on_action` is called in a thread of its own, one action at a
    time; `log` takes one sentence."""

    def __init__(
        self,
        app_token: Secret,
        *,
        base_url: str = DEFAULT_BASE_URL,
        on_action: Callable[[Action], None],
        log: Callable[[str], None],
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self._on_action = on_action
        self._log = log
        self._one_at_a_time = threading.Lock()
        self._client = SocketModeClient(
            app_token=app_token.reveal(),
            web_client=_web_client(base_url, timeout),
            logger=SILENT,
            ping_interval=PING.total_seconds(),
            concurrency=2,
        )
        self._client.socket_mode_request_listeners.append(self._take)

    @property
    def is_connected(self) -> bool:
        """Whether Slack could reach us now."""
        return self._client.is_connected()

    def connect(self) -> str:
        """Connect where it is not connected; return why it could not, empty where it is."""
        if self.is_connected:
            return ""
        return _tried(self._client.connect_to_new_endpoint)

    def close(self) -> None:
        """Hang up, and wait for what is being done."""
        self._client.close()

    def _take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        # Acknowledged before the work: Slack waits 3 seconds, and the message shows what came.
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        for action in actions_in(request.payload):
            try:
                with self._one_at_a_time:
                    self._on_action(action)
            except Exception as error:
                # Its text is not shown: an unforeseen error's may hold anything.
                self._log(f"what {action.by} pressed in Slack failed ({type(error).__name__}).")


def openable(
    app_token: Secret, *, base_url: str = DEFAULT_BASE_URL, timeout: timedelta = DEFAULT_TIMEOUT
) -> str:
    """Return why Slack would not open a socket, empty where it would; opens none."""
    client = _web_client(base_url, timeout)
    return _tried(lambda: client.apps_connections_open(app_token=app_token.reveal()))


def _web_client(base_url: str, timeout: timedelta) -> WebClient:
    return WebClient(
        base_url=base_url,
        timeout=timeout.total_seconds(),  # type: ignore[arg-type] # urllib takes fractions
        logger=SILENT,
        retry_handlers=[],
    )


def _tried(work: Callable[[], object]) -> str:
    """Do it; return why it failed, empty where it did not."""
    try:
        work()
    except SlackApiError as error:
        return f"Slack does not open a socket ({error.response.get('error', 'no reason')})"
    except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:
        return f"Slack's socket cannot be reached ({type(error).__name__})"
    return ""
