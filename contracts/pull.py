"""Download a published description, and believe it only when its sha256 is the pinned one."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import requests
from urllib3.exceptions import ReadTimeoutError

from contracts.clock import Clock, SystemClock
from contracts.errors import ConfigurationError, NothingMeasuredError, SpecError
from contracts.parsed import write_atomically
from contracts.pins import Pin, load_published, pulled_file

RAW_HOST: Final = "https://raw.githubusercontent.com"
CONNECT_TIMEOUT: Final = timedelta(seconds=10)
READ_TIMEOUT: Final = timedelta(seconds=30)  # between two pieces, not for the whole
TOTAL_TIMEOUT: Final = timedelta(minutes=5)  # 1.5 MB on a line as slow as 40 kbit/s
LARGEST: Final = 32 * 1024 * 1024  # bytes, twenty times the largest published description
_HOST: Final = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?\Z")
_PIECE: Final = 64 * 1024  # bytes


def pull(
    pin: Pin,
    *,
    cache_dir: Path,
    host: str = RAW_HOST,
    connect_timeout: timedelta = CONNECT_TIMEOUT,
    read_timeout: timedelta = READ_TIMEOUT,
    total_timeout: timedelta = TOTAL_TIMEOUT,
    clock: Clock | None = None,
) -> Path:
    """Download the file of `pin` into the cache, with its parsed form beside it; return its path.

    Raises NothingMeasuredError where it cannot be had, SpecError where something else than the
    pinned file came, ConfigurationError where the cache cannot be written to. A file that was there
    before stays until the new one is whole and verified.
    """
    if not _HOST.match(host):
        raise ConfigurationError(
            "--host is no address of a mirror: write it like https://mirror.example.com."
        )
    url = f"{host.rstrip('/')}/{pin.repository}/{pin.commit}/{pin.path}"
    try:
        content = _download(
            url,
            timeout=(connect_timeout.total_seconds(), read_timeout.total_seconds()),
            limit=total_timeout,
            clock=clock or SystemClock(),
        )
    except requests.RequestException as error:
        raise NothingMeasuredError(
            f"Intercom's description of {pin.title} could not be downloaded from {host} "
            f"({_reason(error)}): try again, or get {url} another way and name its directory with "
            "--spec-dir."
        ) from error
    if not pin.keeps(content):
        raise SpecError(
            f"{url} is not the pinned description of {pin.title} (its sha256 differs): nothing was "
            "kept; is a proxy answering instead of GitHub?"
        )
    place = pulled_file(cache_dir, pin)
    try:
        write_atomically(place, content)
    except OSError as error:
        raise ConfigurationError(
            f"{place} cannot be written ({error.strerror}): make room, or choose another folder "
            "with INTERCHECK_CACHE_DIR."
        ) from error
    load_published(pin.version, cache_dir=cache_dir)
    return place


def _download(url: str, *, timeout: tuple[float, float], limit: timedelta, clock: Clock) -> bytes:
    """Return the bytes of `url`; a `requests` exception where they do not all come in time."""
    deadline = clock.monotonic() + limit.total_seconds()
    received = bytearray()
    with requests.get(url, timeout=timeout, stream=True) as answer:
        answer.raise_for_status()
        for piece in answer.iter_content(_PIECE):
            received += piece
            if len(received) > LARGEST:
                raise requests.RequestException(f"more than {LARGEST} bytes")
            if clock.monotonic() > deadline:
                raise requests.Timeout(f"not done after {limit}")
    return bytes(received)


def _reason(error: requests.RequestException) -> str:
    """Say in a few words what went wrong; the library's own text is a chain of reprs."""
    if isinstance(error, requests.TooManyRedirects):
        return "it leads in circles"
    if error.response is not None:
        return f"it answered {error.response.status_code}"
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    # While the body is read, requests wraps a timeout as a lost connection.
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return "it stopped answering"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, ValueError):  # an address that requests cannot use
        return "the address cannot be used"
    return str(error) or type(error).__name__
