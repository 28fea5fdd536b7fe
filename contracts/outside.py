"""Ask a host that is not Intercom's API: its status page, or one that shows that our network works.

Nothing of ours goes there: no token, no version, no body. What comes of it is never an error.

    asked = fetch_status(STATUS_URL, clock=clock)
    asked.is_reached      # any answer below 500 came: the network between here and there works
    asked.page            # a StatusPage; None where it could not be fetched or is none
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

from contracts.clock import Clock
from contracts.connections import Stopwatch
from contracts.errors import ConfigurationError
from contracts.exchanges import BodyKind, Response, TransportFailure
from contracts.statuspage import StatusPage, read_status
from contracts.transport import ENCODINGS, Transport

PATIENCE: Final = timedelta(seconds=3)
"""To connect, and for the answer: it is asked while somebody waits for news, and its silence is
news as well."""
LARGEST: Final = 1 << 20
"""Bytes; pages with a dozen incidents have some 100 kB."""
MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking: whether the host was reached, its status page where it is one, and how
    many requests that took."""

    is_reached: bool
    page: StatusPage | None = None
    requests: int = 1


def is_reachable(url: str, *, clock: Clock, patience: timedelta = PATIENCE) -> bool:
    """Whether the host of `url` answers at all; what it answers does not matter, as long as it is
    not that it fails itself."""
    response = _once(url, clock, patience)  # one that redirects is reached
    return response is not None and response.status < 500


def fetch_status(
    url: str,
    *,
    clock: Clock,
    patience: timedelta = PATIENCE,
    most_requests: int = 1 + MOST_REDIRECTS,
) -> Asked:
    """Fetch a status page, following it where it has moved to: one request, and one more for each
    redirect, `most_requests` in all."""
    response, requests = _ask(url, clock, patience, most_requests)
    if response is None or response.status >= 500:
        return Asked(is_reached=False, requests=requests)
    is_readable = response.is_success and response.kind is BodyKind.JSON
    page = read_status(response.document) if is_readable else None
    return Asked(is_reached=True, page=page, requests=requests)


def _ask(url: str, clock: Clock, patience: timedelta, most: int) -> tuple[Response | None, int]:
    """Return the last answer on the way, None where there was none, and the requests sent."""
    response: Response | None = None
    for sent in range(1, most + 1):
        answered = _once(url, clock, patience)
        if answered is None:
            return response, sent
        response = answered
        location = response.headers.get("location")
        if response.status not in _REDIRECTS or not location:
            return response, sent
        target = urljoin(url, location)
        if not _is_no_worse(target, url):
            return response, sent
        url = target
    return response, most


def _once(url: str, clock: Clock, patience: timedelta) -> Response | None:
    if not _is_web(url):
        return None
    try:
        transport = Transport(
            url, connect_timeout=patience, read_timeout=patience, largest_body=LARGEST
        )
    except ConfigurationError:
        return None  # of authorities that are missing the client has told already
    headers = {"Accept": "application/json", "Accept-Encoding": ENCODINGS}
    try:
        outcome = transport.ask(
            "GET", url, headers, None, Stopwatch(clock, patience.total_seconds())
        )
    finally:
        transport.close()
    return None if isinstance(outcome, TransportFailure) else outcome


def _is_no_worse(target: str, url: str) -> bool:
    """Whether a redirect leads to the web, and not from what is encrypted to what is not."""
    return _is_web(target) and not (url.startswith("https:") and target.startswith("http:"))


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
