"""Tell a dead-man service that the monitor itself is alive: healthchecks.io's protocol.

A monitor that died sends no alerts, which looks like health. The service expects a ping and raises
the alarm when none comes. https://healthchecks.io/docs/http_api/
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import requests

from contracts.workspaces import Secret

TIMEOUT: Final = timedelta(seconds=10)  # what healthchecks.io's own examples use
MOST_TEXT: Final = 10_000  # bytes; the service keeps no more of a ping's body


class Heartbeat:
    """Pings a URL, which is a secret: whoever has it can say that all is well.

    A ping that fails is told to `on_trouble` in one sentence and never stops anything.
    """

    def __init__(
        self, url: Secret, *, on_trouble: Callable[[str], None], timeout: timedelta = TIMEOUT
    ) -> None:
        self._url = url
        self._on_trouble = on_trouble
        self._timeout = timeout.total_seconds()
        self._run = ""  # ties a start to its end, so that the service can tell how long it took

    def start(self) -> None:
        """Say that work has begun."""
        self._run = str(uuid.uuid4())
        self._ping("/start")

    def success(self, text: str = "") -> None:
        """Say that work is done and all is well with the monitor; `text` is kept beside it."""
        self._ping("", text)

    def fail(self, text: str = "") -> None:
        """Say that the monitor itself is in trouble."""
        self._ping("/fail", text)

    def exit_status(self, status: int, text: str = "") -> None:
        """Say with which exit status (0 to 255) the work ended; 0 is success."""
        self._ping(f"/{status}", text)

    def _ping(self, suffix: str, text: str = "") -> None:
        address = f"{self._url.reveal().rstrip('/')}{suffix}"
        try:
            answer = requests.post(
                address,
                params={"rid": self._run} if self._run else None,
                data=text.encode()[:MOST_TEXT],
                timeout=self._timeout,
            )
        except requests.RequestException as error:
            # Neither the error's text nor the path: both hold the secret.
            self._trouble(type(error).__name__)
            return
        if not answer.ok:
            self._trouble(f"it answered {answer.status_code}")

    def _trouble(self, reason: str) -> None:
        try:
            host = urlsplit(self._url.reveal()).hostname
        except ValueError:
            host = None
        self._on_trouble(f"the dead-man ping to {host or 'its address'} failed ({reason}).")
