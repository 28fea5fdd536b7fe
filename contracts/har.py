"""HAR 1.2, the form in which browsers and proxies save what went over the wire.

http://www.softwareishard.com/blog/har-12-spec/ says what an entry holds. What recorders make of it:
Chrome writes `_error` and status 0 where no answer came, leaves bodies out unless it is asked to
keep them, and names HTTP/2 pseudo headers; -1 in `timings` means "does not apply".
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from contracts.exchanges import Exchange, FailureKind, Timings, TransportFailure
from contracts.recorded import (
    EntryError,
    exchange_of,
    mapping_of,
    milliseconds_of,
    moment_of,
    server_milliseconds,
    status_of,
    text_or_none,
)

# Chrome's net error names; the first pattern that is found decides.
_ERRORS: Final = (
    (re.compile(r"NAME_NOT_RESOLVED|DNS"), FailureKind.DNS),
    (re.compile(r"CONNECTION_REFUSED"), FailureKind.REFUSED),
    (re.compile(r"CONNECTION_TIMED_OUT"), FailureKind.CONNECT_TIMEOUT),
    (re.compile(r"TIMED_OUT"), FailureKind.READ_TIMEOUT),
    (re.compile(r"CONNECTION_(RESET|CLOSED|ABORTED)|EMPTY_RESPONSE"), FailureKind.RESET),
    (re.compile(r"CERT|SSL"), FailureKind.TLS),
    (re.compile(r"TOO_MANY_REDIRECTS"), FailureKind.REDIRECT_LOOP),
    (re.compile(r"CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED"), FailureKind.TRUNCATED),
    (re.compile(r"CONTENT_DECODING"), FailureKind.ENCODING),
)
# These answers have no body, so that none is recorded says nothing against the recording.
_BODILESS: Final = (204, 205, 304)
_OF_THE_ANSWER: Final = ("dns", "connect", "send", "wait", "receive")
"""The phases of an entry that are not the recorder's own; `ssl` is part of `connect`."""
_ENTRIES: Final = re.compile(r'"entries"\s*:\s*\[\s*')
_BETWEEN: Final = re.compile(r"[\s,]*")  # matches everywhere

Fields = list[tuple[str, str]]


def exchange_of_entry(entry: object, *, otherwise: datetime) -> Exchange:
    """Read one of `log.entries`; raises EntryError. `otherwise` stands for a missing start time."""
    holder = mapping_of(entry, "request: it is not a JSON object")
    request = mapping_of(holder.get("request"), "`request`")
    response = mapping_of(holder.get("response"), "`response`")
    received = _fields(response.get("headers"), "response")
    status = status_of(response.get("status"))
    outcome: tuple[int, Fields, bytes] | TransportFailure
    if status:
        body, media_type = _body(response, request.get("method"), status)
        if media_type and not any(name.lower() == "content-type" for name, _ in received):
            received.append(("content-type", media_type))
        outcome = status, received, body
    else:
        outcome = _failure(response, holder)
    post = request.get("postData")
    sent_text = post.get("text") if isinstance(post, dict) else None
    return exchange_of(
        method=request.get("method"),
        url=request.get("url"),
        request_headers=_fields(request.get("headers"), "request"),
        request_body=_encoded(sent_text) if isinstance(sent_text, str) else None,
        outcome=outcome,
        started_at=moment_of(holder.get("startedDateTime"), otherwise),
        timings=_timings(holder, received),
    )


def lines_of_entries(text: str, count: int) -> list[int]:
    """Return the line (from 1) on which each of the `count` entries of a valid HAR file begins;
    nothing where the list of entries is not found."""
    decoder = json.JSONDecoder()
    for opening in _ENTRIES.finditer(text):
        starts: list[int] = []
        position = opening.end()
        while position < len(text) and text[position] != "]":
            starts.append(position)
            _, position = decoder.raw_decode(text, position)
            position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
        if len(starts) == count:
            return [text.count("\n", 0, start) + 1 for start in starts]
    return []


def _fields(value: object, side: str) -> Fields:
    if value is None:
        return []
    if not isinstance(value, list):
        raise EntryError(f"has {side} headers that are not a list")
    return [_field(one, side) for one in value]


def _field(value: object, side: str) -> tuple[str, str]:
    if isinstance(value, dict):
        name, content = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(content, str | int | float):
            return name, str(content)
    raise EntryError(f"has a {side} header without a name or a value")


def _body(response: Mapping[str, object], method: object, status: int) -> tuple[bytes, str]:
    """Return the decoded body and the media type that the recorder noted."""
    content = response.get("content")
    if content is None:
        content = {}
    holder = mapping_of(content, "`response.content`")
    media_type = text_or_none(holder.get("mimeType"), "`mimeType`") or ""
    if media_type == "x-unknown":  # Chrome's word for none
        media_type = ""
    text = holder.get("text")
    if text is None:
        if holder.get("size") == 0 or status in _BODILESS or method == "HEAD":
            return b"", media_type
        # An answer nobody kept is not an empty answer.
        raise EntryError("was saved without the answer's body: save the HAR with content")
    if not isinstance(text, str):
        raise EntryError("has a `content.text` that is not a string")
    encoding = holder.get("encoding")
    if encoding is None or encoding == "":
        return _encoded(text), media_type
    if encoding != "base64":
        raise EntryError("has a body in an encoding other than base64")
    try:
        return base64.b64decode("".join(text.split()), validate=True), media_type
    except ValueError:
        raise EntryError("has a body that is not the base64 it says it is") from None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _failure(response: Mapping[str, object], entry: Mapping[str, object]) -> TransportFailure:
    said = response.get("_error") or entry.get("_error") or ""
    detail = said if isinstance(said, str) else ""
    kind = next((kind for pattern, kind in _ERRORS if pattern.search(detail)), FailureKind.OTHER)
    return TransportFailure(kind=kind, detail=detail or "the recording holds no answer")


def _timings(entry: Mapping[str, object], received: Fields) -> Timings | None:
    total = milliseconds_of(entry.get("time"))
    if total is None:
        return None
    value = entry.get("timings")
    phases: Iterator[tuple[str, object]] = iter(value.items() if isinstance(value, dict) else ())
    times = {name: milliseconds_of(one) for name, one in phases}
    blocked, others = times.pop("blocked", None), [times.get(one) for one in _OF_THE_ANSWER]
    if blocked:  # in the recorder's own queue; some leave that out of `time`
        total = min(total, max(total - blocked, sum(one for one in others if one is not None)))
    # `connect` includes `ssl` in HAR, and not `dns`; ours are apart, and with it.
    connect, tls, receive = times.get("connect"), times.get("ssl"), times.get("receive")
    if connect is not None:
        connect += times.get("dns") or 0.0
    return Timings(
        total_ms=total,
        first_byte_ms=None if receive is None else max(0.0, total - receive),
        connect_ms=None if connect is None else max(0.0, connect - (tls or 0.0)),
        tls_ms=tls,
        server_ms=server_milliseconds(received),
        connection_reused=bool(times) and connect is None,
    )
