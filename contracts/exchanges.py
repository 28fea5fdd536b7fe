"""One request and its answer, or the reason there is none.

An `Exchange` is what everything else judges. It holds no secret (the client takes them out before
it builds one), but it does hold customers' data: it lives in memory only, and its `repr` shows
neither bodies nor queries.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self

_PARAMETER: Final = re.compile(r"\{[^{}/]*\}")
_REQUEST_ID: Final = re.compile(r"[0-9a-z][0-9a-z-]{14,38}[0-9a-z]\Z")
"""Recorded ids are 20 characters of base32, the description promises UUIDs. Whatever has no such
form is not Intercom's, and may be anything: an address, a token."""
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method on a path template, as a description names it.

    Parameter names and operationIds both change between versions of Intercom's API, so neither is
    part of the identity: `GET /contacts/{contact_id}` and `GET /contacts/{id}` are the same
    operation, `GET /contacts/{}`.
    """

    method: str
    path: str

    @property
    def identity(self) -> str:
        """Method and template with the parameter names blanked."""
        return f"{self.method} {_blanked(self.path)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `GET /contacts/{contact_id}`; raises ValueError on anything else."""
        method, _, path = text.strip().partition(" ")
        if not path.startswith("/") or not method.isalpha():
            raise ValueError(f"{text!r} is not an operation such as 'GET /contacts/{{contact_id}}'")
        return cls(method=method.upper(), path=path.strip())

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@lru_cache(maxsize=4096)  # more than all versions have
def _blanked(path: str) -> str:
    return _PARAMETER.sub("{}", path)


class Headers(Mapping[str, str]):
    """Header fields by name, whatever the case; one sent twice is joined by `, `."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        self._fields: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._fields[key] = f"{self._fields[key]}, {value}" if key in self._fields else value

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __repr__(self) -> str:
        return f"Headers({sorted(self._fields)})"


def refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python's reader takes for JSON (`parse_constant`)."""
    raise ValueError(f"{name} is not JSON")


class BodyKind(StrEnum):
    """What the bytes of a body turned out to be."""

    JSON = "json"
    EMPTY = "empty"
    OTHER = "other"
    """Not JSON: HTML of a load balancer, plain text, or JSON that was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that arrived whole."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    kind: BodyKind
    document: object = field(repr=False, default=None)
    """The parsed body where `kind` is JSON, else None."""

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes) -> Self:
        """Build one from what came over the wire (decompressed)."""
        if not body.strip():
            return cls(status=status, headers=headers, body=body, kind=BodyKind.EMPTY)
        try:
            # Of bytes Python guesses the encoding and drops a byte order mark; JSON is UTF-8
            # without one (RFC 8259, 8.1), and other languages' parsers insist.
            text = body.decode("utf-8", "surrogatepass")
            document = json.loads(text, parse_constant=refuse_constant)
        except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
            return cls(status=status, headers=headers, body=body, kind=BodyKind.OTHER)
        return cls(status=status, headers=headers, body=body, kind=BodyKind.JSON, document=document)

    @property
    def is_html(self) -> bool:
        """Whether it is a page: Intercom answers with none, what stands in its place does."""
        is_page = "html" in self.media_type or self.body[:512].lstrip().startswith(b"<")
        return self.kind is BodyKind.OTHER and is_page

    @property
    def media_type(self) -> str:
        """The media type without parameters, lower case; empty where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str | None:
        """`x-request-id`, where it has the form that Intercom's ids have."""
        return _matching(_REQUEST_ID, self.headers.get("x-request-id"))

    @property
    def deployment(self) -> str | None:
        """`x-intercom-version`: the git commit Intercom runs, not the API version; None where it is
        none."""
        return _matching(_COMMIT, self.headers.get("x-intercom-version"))


def _matching(form: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and form.match(text) else None


class FailureKind(StrEnum):
    """How a request can end without an answer."""

    DNS = "dns"
    PROXY = "proxy"
    REFUSED = "refused"
    RESET = "reset"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect-timeout"
    READ_TIMEOUT = "read-timeout"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    ENCODING = "encoding"
    REDIRECT_LOOP = "redirect-loop"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFailure:
    """No whole answer: what kind of failure, and the library's words with secrets taken out."""

    kind: FailureKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked, without the Authorization header."""

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default_factory=Headers)
    body: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long it took, in milliseconds.

    `connect_ms` and `tls_ms` are None on a kept-alive connection: there was nothing to measure
    (`connection_reused` says so). `server_ms` is the server's own `x-runtime`.
    """

    total_ms: float
    first_byte_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    server_ms: float | None = None
    connection_reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer (`response`), or its end without one (`failure`).

    `operation` is None where the request matches nothing the description knows (only replayed
    recordings can). `version` is the API version that was asked for, None where none was.
    """

    workspace: str
    region: str
    version: str | None
    operation: Operation | None
    request: Request
    response: Response | None = None
    failure: TransportFailure | None = None
    started_at: datetime
    timings: Timings | None = None

    def __post_init__(self) -> None:
        if (self.response is None) == (self.failure is None):
            raise ValueError("an exchange has either a response or a failure")

    @property
    def request_id(self) -> str | None:
        return self.response.request_id if self.response else None

    @property
    def deployment(self) -> str | None:
        return self.response.deployment if self.response else None

    @property
    def is_success(self) -> bool:
        """Whether a 2xx answer arrived."""
        return self.response is not None and self.response.is_success
