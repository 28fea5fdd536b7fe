"""Recorded exchanges, from a HAR file or from JSON lines.

A HAR file (1.2) is read as browsers and proxies save it; see `contracts.har`. In JSON lines, each
line is one exchange:

    {"method": "GET", "url": "https://api.intercom.io/contacts/{…}", "status": 200,
     "headers": {"content-type": "application/json"}, "body": {"type": "contact", …},
     "started_at": "2026-03-02T09:00:00Z", "elapsed_ms": 141.2, "version": "2.15",
     "workspace": "acme"}

`method` and `url` are required (a path alone will do), and one of `status` and `failure` (a
`FailureKind`, such as `read-timeout`, where no answer came). `body` is the answer: a string is its
text as it came, any other JSON value is the parsed document. `headers` are the answer's, a value
may be a list; `request_headers` and `request_body` are the request's, in the same forms.
`elapsed_ms` is the whole duration (at most a day). What is absent is unknown; an exchange without
`started_at` takes the time of the file.

A broken entry never stops the others: it comes out as a `BrokenEntry` in its place.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contracts.errors import ConfigurationError
from contracts.exchanges import Exchange, FailureKind, Timings, TransportFailure
from contracts.har import exchange_of_entry, lines_of_entries
from contracts.recorded import (
    OFFLINE,
    EntryError,
    exchange_of,
    is_no_duration,
    mapping_of,
    milliseconds_of,
    moment_of,
    server_milliseconds,
    status_of,
    text_or_none,
)

_BEGINS_LIKE_HAR: Final = re.compile(rb'\s*\{\s*"log"')
_HAS_AN_OBJECT: Final = re.compile(rb"^\s*[{\[]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEntry:
    """An entry that could not be read; as a string, one sentence that names it."""

    file: str
    line: int | None
    """From 1; None where no line is known."""
    place: str
    """`log.entries[3]`; empty in JSON lines, where the line is the entry."""
    why: str

    def __str__(self) -> str:
        return self.with_more(0)

    def with_more(self, others: int) -> str:
        """Say it of this one and of so many others that are broken alike."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        place = f": {self.place}" if self.place else ""
        if not others:
            return f"{where}{place} {self.why}; it was left out: mend it or record it again."
        more = "1 more likewise" if others == 1 else f"{others} more likewise"
        return (
            f"{where}{place} {self.why}, and {more}; they were left out: mend them or record them "
            "again."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Untimed:
    """Says of the exchange before it that it has no times: what stands there is no duration."""

    file: str
    line: int | None
    place: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where} {self.place}".rstrip()


Entry = Exchange | BrokenEntry | Untimed


def read_recordings(path: Path) -> Iterator[Entry]:
    """Read a HAR file or JSON lines; the `operation` of every exchange is left open.

    Raises ConfigurationError with file and line where the whole of it cannot be read.
    """
    try:
        content = path.read_bytes()
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise ConfigurationError(
            f"The recording {path} cannot be read ({error.strerror}): name a HAR file or a file "
            "of JSON lines."
        ) from None
    return parse_recordings(content, file=str(path), otherwise=written_at)


def parse_recordings(content: bytes, *, file: str, otherwise: datetime) -> Iterator[Entry]:
    """Read `content`; `file` is its name for messages, `otherwise` the time of exchanges without
    one."""
    content = content.removeprefix(b"\xef\xbb\xbf")  # some Windows recorders begin with a BOM
    if file.lower().endswith(".har") or _BEGINS_LIKE_HAR.match(content):
        return _read_har(content, file, otherwise)
    return _read_lines(content, file, otherwise)


def _read_har(content: bytes, file: str, otherwise: datetime) -> Iterator[Entry]:
    document = _parse(content, file)
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise ConfigurationError(
            f"{file} is not a HAR file (it has no list `log.entries`): save one with the network "
            "panel of a browser or a recording proxy."
        )
    lines: list[int] = []
    for index, entry in enumerate(entries):
        try:
            yield exchange_of_entry(entry, otherwise=otherwise)
            if is_no_duration(entry.get("time")):
                yield Untimed(file=file, line=None, place=f"log.entries[{index}]")
        except EntryError as error:
            lines = lines or lines_of_entries(content.decode(), len(entries))
            yield BrokenEntry(
                file=file,
                line=lines[index] if lines else None,
                place=f"log.entries[{index}]",
                why=str(error),
            )


def _parse(content: bytes, file: str) -> object:
    remedy = "record or copy the file again."
    try:
        text = content.decode()
        return json.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}:{line} is not UTF-8 text: {remedy}") from None
    except json.JSONDecodeError as error:
        cut_off = not text[error.pos :].strip() or "Unterminated" in error.msg
        why = "it ends too early" if cut_off else error.msg
        raise ConfigurationError(
            f"{file}:{error.lineno} is not valid JSON ({why}): {remedy}"
        ) from None
    except (ValueError, RecursionError):  # Python reads no number of more than 4300 digits
        raise ConfigurationError(
            f"{file} cannot be read (nested too deep, or with a number of thousands of digits): "
            f"{remedy}"
        ) from None


def _read_lines(content: bytes, file: str, otherwise: datetime) -> Iterator[Entry]:
    if content.strip() and not _HAS_AN_OBJECT.search(content):
        raise ConfigurationError(
            f"{file}:1 is neither a HAR file nor JSON lines (no line begins with a JSON object): "
            "name a recording."
        )
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = _entry_of_line(line)
            yield _exchange_of_line(entry, otherwise)
            if is_no_duration(entry.get("elapsed_ms")):
                yield Untimed(file=file, line=number, place="")
        except EntryError as error:
            yield BrokenEntry(file=file, line=number, place="", why=str(error))


def _entry_of_line(line: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise EntryError("is not valid JSON (one exchange is due on each line)") from None
    return mapping_of(value, "exchange: it is not a JSON object")


def _exchange_of_line(entry: Mapping[str, object], otherwise: datetime) -> Exchange:
    received = _fields(entry.get("headers"))
    elapsed = milliseconds_of(entry.get("elapsed_ms"))
    sent = entry.get("request_body")
    return exchange_of(
        method=entry.get("method"),
        url=entry.get("url"),
        request_headers=_fields(entry.get("request_headers")),
        request_body=None if sent is None else _body(sent),
        outcome=_outcome(entry, received),
        started_at=moment_of(entry.get("started_at"), otherwise),
        timings=None
        if elapsed is None
        else Timings(total_ms=elapsed, server_ms=server_milliseconds(received)),
        version=text_or_none(entry.get("version"), "`version`"),
        workspace=text_or_none(entry.get("workspace"), "`workspace`") or OFFLINE,
    )


def _outcome(
    entry: object, received: list[tuple[str, str]]
) -> tuple[int, list[tuple[str, str]], bytes] | TransportFailure:
    holder = mapping_of(entry, "exchange")
    failure = holder.get("failure")
    if failure is not None:
        known = [kind.value for kind in FailureKind]
        if failure not in known:
            raise EntryError(f"has an unknown `failure` (known: {', '.join(known)})")
        return TransportFailure(kind=FailureKind(failure), detail="recorded without an answer")
    status = status_of(holder.get("status"))
    if status == 0:
        return TransportFailure(kind=FailureKind.OTHER, detail="recorded without an answer")
    return status, received, _body(holder.get("body"))


def _body(value: object) -> bytes:
    """Return a string as it is, nothing as no bytes, any other value as JSON."""
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()


def _fields(value: object) -> list[tuple[str, str]]:
    if value is None:
        return []
    pairs: list[tuple[str, str]] = []
    for name, content in mapping_of(value, "headers: they are not a JSON object").items():
        for one in content if isinstance(content, list) else [content]:
            if not isinstance(one, str | int | float):
                raise EntryError("has a header whose value is not a string")
            pairs.append((name, str(one)))
    return pairs
