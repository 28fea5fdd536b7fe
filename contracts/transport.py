"""One request over the wire: an answer, or the kind of failure it ended with.

No policy: what may be sent, and with which headers, is decided by the client.
"""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import requests
from urllib3 import HTTPConnectionPool, HTTPResponse, Timeout

from contracts.connections import STOPWATCH, Stopwatch, TimedAdapter
from contracts.errors import ConfigurationError
from contracts.exchanges import FailureKind, Headers, Response, TransportFailure
from contracts.failures import BROKEN, BodyTooLargeError, detail_of, kind_of
from contracts.redaction import redact, redact_bytes

LARGEST_BODY: Final = 16 << 20
"""Bytes, unpacked. The largest pages (150 contacts with all their attributes) stay below 1 MiB."""

LONGEST_IDLE: Final = timedelta(seconds=45)
"""Load balancers of AWS, where Intercom lives, drop a connection that was idle for 60 s; asking on
one that is being dropped would look like an outage."""

ENCODINGS: Final = "gzip, deflate"
"""What is asked for."""

SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "set-cookie", "cookie"})
"""Headers that never leave this module."""

_UNDERSTOOD: Final = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_PIECE: Final = 1 << 18  # bytes; most answers of Intercom fit into one


class Transport:
    """Connections to one origin, kept alive between requests; safe to share between threads.

    Proxies and certificate authorities come from the environment as requests reads them. A `.netrc`
    is never read, since it could replace the token.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: timedelta,
        read_timeout: timedelta,
        largest_body: int = LARGEST_BODY,
        ca_bundle: Path | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._timeout = Timeout(
            connect=connect_timeout.total_seconds(), read=read_timeout.total_seconds()
        )
        self._largest_body = largest_body
        self._secrets = secrets
        self._base = base_url
        self._proxies, self._verify = _surroundings(base_url, ca_bundle)
        self._adapter = TimedAdapter()
        self._pool: HTTPConnectionPool | None = None
        self._last_used: float | None = None

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        watch: Stopwatch,
    ) -> Response | TransportFailure:
        """Send one request to `url` exactly as it is, and read the whole answer. Secrets are taken
        out of both."""
        self._drop_idle_connections(watch.now())
        token = STOPWATCH.set(watch)
        try:
            pool = self._pool or self._connect()
            # Not by way of requests: preparing would normalise the path (`%2e%2e` to `..`) after it
            # was checked, and costs as much as all the rest of the call.
            raw = cast(
                HTTPResponse,
                pool.urlopen(
                    method,
                    _target(url, pool),
                    body,
                    headers,
                    retries=self._adapter.max_retries,
                    redirect=False,
                    assert_same_host=False,
                    timeout=self._timeout,
                    preload_content=False,
                    decode_content=False,
                ),
            )
            content = self._read(raw)
        except BROKEN as error:
            is_sent = watch.deadline is not None
            return TransportFailure(
                kind=kind_of(error, is_sent=is_sent),
                detail=redact(detail_of(error, is_sent=is_sent), self._secrets),
            )
        finally:
            STOPWATCH.reset(token)
            self._last_used = watch.now()
        public = self._public(raw)
        if public.get("content-encoding", "").strip().lower() not in _UNDERSTOOD:
            return TransportFailure(
                kind=FailureKind.ENCODING, detail="the body is in an encoding nobody asked for"
            )
        return Response.of(raw.status, public, redact_bytes(content, self._secrets))

    def close(self) -> None:
        """Close every connection. The next request opens a new one."""
        self._pool = None
        self._adapter.close()

    def _connect(self) -> HTTPConnectionPool:
        """Let requests say how the origin is reached: by which proxy, trusting whom."""
        prepared = requests.PreparedRequest()
        prepared.url = self._base
        # urllib3 has pools of nothing else for the web; requests' types are wider.
        pool = cast(
            HTTPConnectionPool,
            self._adapter.get_connection_with_tls_context(
                prepared, self._verify, proxies=self._proxies
            ),
        )
        self._adapter.cert_verify(pool, self._base, self._verify, None)  # type: ignore[no-untyped-call]
        self._pool = pool
        return pool

    def _drop_idle_connections(self, now: float) -> None:
        if self._last_used is not None and now - self._last_used > LONGEST_IDLE.total_seconds():
            self.close()

    def _read(self, raw: HTTPResponse) -> bytes:
        """Read and unpack a body, piece by piece: a few kilobytes can unpack to gigabytes."""
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := raw.read(_PIECE, decode_content=True):
                size += len(piece)
                if size > self._largest_body:
                    raise BodyTooLargeError(
                        f"the body is larger than {self._largest_body} bytes", packed=_packed(raw)
                    )
                pieces.append(piece)
        except BROKEN:
            raw.close()  # what is left unread would be taken for the next answer
            raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _public(self, raw: HTTPResponse) -> Headers:
        """The header fields that are nobody's secret."""
        fields = [
            (name, value)
            for name, value in raw.headers.iteritems()
            if name.lower() not in SECRET_HEADERS
        ]
        everything = "\n".join(value for _, value in fields)
        if redact(everything, self._secrets) != everything:
            fields = [(name, redact(value, self._secrets)) for name, value in fields]
        return Headers(fields)


def _packed(raw: HTTPResponse) -> int | None:
    """Return how many bytes of a compressed body were received; None where it is not compressed."""
    is_packed = raw.headers.get("content-encoding", "identity").strip().lower() != "identity"
    return raw.tell() if is_packed else None


def _target(url: str, pool: HTTPConnectionPool) -> str:
    """Return what is asked for: the whole URL of a proxy that forwards, or its path and query."""
    parts = urlsplit(url)
    if pool.proxy is not None and parts.scheme != "https":
        return url
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _surroundings(base_url: str, ca_bundle: Path | None) -> tuple[dict[str, str], bool | str]:
    """Return the proxies, and whether or by which authorities to verify."""
    with requests.Session() as session:
        found = session.merge_environment_settings(
            base_url, {}, None, str(ca_bundle) if ca_bundle else None, None
        )
    verify = found["verify"]
    if isinstance(verify, str) and not Path(verify).exists():
        raise ConfigurationError(
            f"There are no certificate authorities at {verify}: correct the setting, or the "
            "variables REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
        )
    # What runs on this machine is reached directly, whatever the environment says of proxies.
    is_near = is_loopback(urlsplit(base_url).hostname or "")
    return {} if is_near else dict(found["proxies"]), True if verify is None else verify


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
