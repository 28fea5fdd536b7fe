"""One request to a notifier, and what its failure means for the one who called."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from contracts.errors import NotificationError
from contracts.workspaces import Secret

TIMEOUT: Final = timedelta(seconds=10)  # what takes alerts answers in tenths of a second
DEFAULT_RETRY_AFTER: Final = 30.0  # seconds, where a 429 does not say
UNTRIED: Final = "whether it takes them cannot be seen without sending (`intercheck alerts test`)."
_SETUP: Final = frozenset({401, 403, 404, 405, 407, 410})
"""Statuses that no waiting cures, a person does: the address or the secret is not right."""


def request(
    method: str,
    name: str,
    url: Secret,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str],
    is_idempotent: bool,
    timeout: timedelta = TIMEOUT,
) -> None:
    """Send `body` to the notifier `name`; NotificationError where it was not taken.

    `is_idempotent` says that the other side takes the same message once, however often it comes.
    The address is not repeated in errors, only its host: it may be a secret.
    """
    said = f"the notifier {name} ({host_of(url)})"
    try:
        answer = requests.request(
            method,
            url.reveal(),
            data=body,
            headers={"User-Agent": "intercheck", **headers},
            timeout=timeout.total_seconds(),
            allow_redirects=False,  # an alert goes where it was configured to go, and nowhere else
        )
    except requests.RequestException as error:
        raise NotificationError(
            said, _reason(error), ambiguous=not is_idempotent and _may_have_arrived(error)
        ) from None
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status == 429:
        raise NotificationError(said, "it is too much (429)", retry_after=_retry_after(answer))
    if status >= 500 or status == 408:
        raise NotificationError(
            said, f"it answered {status}", ambiguous=status >= 500 and not is_idempotent
        )
    if status in _SETUP or 300 <= status < 400:
        raise NotificationError(
            said, f"it answered {status}: check its address and its secret", permanent=True
        )
    raise NotificationError(
        said, f"it refuses this message ({status})", permanent=True, concerns_message=True
    )


def host_of(url: Secret) -> str:
    """Return the host of an address, which is no secret."""
    try:
        return urlsplit(url.reveal()).hostname or "no host"
    except ValueError:
        return "no address"


def _reason(error: requests.RequestException) -> str:
    # Not the error's own text: it holds the address.
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return f"the request failed ({type(error).__name__})"


def _may_have_arrived(error: requests.RequestException) -> bool:
    """Whether the request may have been carried out although no answer came."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return False
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectionError | requests.Timeout) and not isinstance(
        reason, NewConnectionError
    )


def _retry_after(answer: requests.Response) -> float:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", DEFAULT_RETRY_AFTER)))
    except ValueError:
        return DEFAULT_RETRY_AFTER
