"""From the parts of a recording to an `Exchange`, secrets out.

Recordings come from browsers, proxies and other people's loggers: nothing about them is certain,
and they hold what the recorder saw, tokens and cookies included. What goes in here is any JSON
value; what comes out is an `Exchange` without secrets, or an `EntryError` that says what is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, unquote_plus, urlsplit, urlunsplit

from contracts.exchanges import Exchange, Headers, Request, Response, Timings, TransportFailure
from contracts.redaction import REDACTED, SHORTEST_SECRET, redact, redact_bytes
from contracts.workspaces import REGIONS

OFFLINE: Final = "-"
"""The Intercom workspace and region of an exchange that names none."""

LONGEST: Final = 86_400_000.0
"""Milliseconds, a day: nobody waits for an answer longer, and a clock that was set back may."""

# Header fields, query parameters and cookies that carry a credential. Words are enough: a name
# too many costs nothing, because no detector reads any of them.
_SECRET_NAME: Final = re.compile(
    r"auth|cookie|token|secret|session|signature|password|passwd|credential|api[-_]?key", re.I
)
_HOSTS: Final = {urlsplit(url).hostname: region for region, url in REGIONS.items()}


class EntryError(ValueError):
    """One entry of a recording that cannot be used; the message completes "this entry …"."""


def exchange_of(
    *,
    method: object,
    url: object,
    request_headers: Iterable[tuple[str, str]],
    request_body: bytes | None,
    outcome: tuple[int, list[tuple[str, str]], bytes] | TransportFailure,
    started_at: datetime,
    timings: Timings | None,
    version: str | None = None,
    workspace: str = OFFLINE,
) -> Exchange:
    """Build the exchange, its `operation` left open.

    `outcome` is status, header fields and (decoded) body of the answer, or why there is none.
    `version` defaults to the request's `Intercom-Version`.
    """
    if not isinstance(method, str) or not method.isalpha() or not method.isascii():
        raise EntryError("has no request method")
    sent = list(request_headers)
    secrets = set(_secrets_in(sent))
    parts = _split(url)
    clean_url = _without_secrets(parts, secrets)
    headers = _clean(sent, secrets)
    response, failure = None, None
    if isinstance(outcome, TransportFailure):
        failure = TransportFailure(kind=outcome.kind, detail=redact(outcome.detail, secrets))
    else:
        status, fields, body = outcome
        response = Response.of(status, _clean(fields, secrets), redact_bytes(body, secrets))
    return Exchange(
        workspace=workspace,
        region=_HOSTS.get(parts.hostname, OFFLINE),
        version=version or headers.get("intercom-version") or None,
        operation=None,
        request=Request(
            method=method.upper(),
            url=redact(clean_url, secrets),
            headers=headers,
            body=None if request_body is None else redact_bytes(request_body, secrets),
        ),
        response=response,
        failure=failure,
        started_at=started_at,
        timings=timings,
    )


def status_of(value: object) -> int:
    """Read an HTTP status; 0 and -1 are how recorders write that no answer came."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise EntryError("has no numeric response status")
    if value in (0, -1):
        return 0
    if not 100 <= value <= 599:
        raise EntryError(f"has the response status {value:.6g}, which HTTP does not know")
    return value


def moment_of(value: object, otherwise: datetime) -> datetime:
    """Read an ISO 8601 time (one without a zone is UTC); absent is `otherwise`."""
    if value is None:
        return otherwise
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise EntryError("has a start time that is not ISO 8601") from None


def milliseconds_of(value: object) -> float | None:
    """Read a duration, also one that is written as a string; None where it is absent or none: not
    finite, negative (HAR's "does not apply"), or longer than a day."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if 0 <= number <= LONGEST else None


def is_no_duration(value: object) -> bool:
    """Whether something stands where a duration is due, and is none; -1 is how recorders write that
    none applies."""
    return value not in (None, -1) and milliseconds_of(value) is None


def server_milliseconds(headers: Iterable[tuple[str, str]]) -> float | None:
    """Read `x-runtime`, the server's own time, which it states in seconds."""
    for name, value in headers:
        if name.lower() == "x-runtime":
            try:
                seconds = float(value)
            except ValueError:
                return None
            return seconds * 1000 if 0 <= seconds * 1000 <= LONGEST else None
    return None


def text_or_none(value: object, what: str) -> str | None:
    """Accept a string or nothing."""
    if value is None or isinstance(value, str):
        return value or None
    raise EntryError(f"has a {what} that is not a string")


def mapping_of(value: object, what: str) -> Mapping[str, object]:
    """Accept a JSON object."""
    if not isinstance(value, dict):
        raise EntryError(f"has no {what}")
    return value


def _secrets_in(headers: Iterable[tuple[str, str]]) -> Iterable[str]:
    for name, value in headers:
        if _SECRET_NAME.search(name):
            # "Bearer abc", "a=1; session=abc": every word of it, with and without its name.
            for word in re.split(r"[\s;,]+", value):
                yield from (one for one in (word, word.partition("=")[2]) if _is_secret(one))


def _is_secret(text: str) -> bool:
    # What cannot be printed (a lone surrogate, say) never went over the wire as a credential.
    return len(text) >= SHORTEST_SECRET and text.isprintable()


def _split(url: object) -> SplitResult:
    if not isinstance(url, str):
        raise EntryError("has no request URL")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        raise EntryError("has a request URL that cannot be read") from None
    if not parts.path.startswith("/"):
        if parts.path or not parts.netloc:
            raise EntryError("has a request URL without a path")
        parts = parts._replace(path="/")
    return parts


def _without_secrets(parts: SplitResult, secrets: set[str]) -> str:
    """Return the URL without user, password and credentials in its query, which join `secrets`."""
    host = parts.netloc.rpartition("@")[2]
    secrets.update(one for one in (parts.username, parts.password) if one and _is_secret(one))
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    hidden = [_SECRET_NAME.search(name) is not None for name, _, _ in pairs]
    for (_, _, value), is_hidden in zip(pairs, hidden, strict=True):
        if is_hidden:
            secrets.update(filter(_is_secret, (value, unquote_plus(value))))
    query = "&".join(
        f"{name}{equals}{REDACTED if is_hidden else value}"
        for (name, equals, value), is_hidden in zip(pairs, hidden, strict=True)
    )
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def _clean(fields: Iterable[tuple[str, str]], secrets: Iterable[str]) -> Headers:
    """Drop HTTP/2 pseudo fields (`:status`) and every field that carries a credential."""
    return Headers(
        (name, redact(value, secrets))
        for name, value in fields
        if not name.startswith(":") and not _SECRET_NAME.search(name)
    )
