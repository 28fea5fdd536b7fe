"""Send a request to an Intercom workspace and say what came of it.

The one place where a token goes on the wire. Whatever happens there is a value, an `Exchange`, with
every secret already taken out; only what must not be sent raises, before anything is.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlencode, urljoin, urlsplit

from contracts.allowlist import Allowlist, NotAllowedError, shipped_allowlist
from contracts.clock import Clock, SystemClock
from contracts.connections import Stopwatch
from contracts.errors import ConfigurationError
from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Request,
    Response,
    TransportFailure,
)
from contracts.redaction import redact, redact_bytes
from contracts.transport import ENCODINGS, LARGEST_BODY, SECRET_HEADERS, Transport
from contracts.wire import objection
from contracts.workspaces import Workspace

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
"""One lost SYN is sent again after 1 s and then 2 s; who has not answered by then is not there."""

READ_TIMEOUT: Final = timedelta(seconds=30)
"""For the whole answer. The slowest that was recorded took 0.9 s on the server."""

MOST_REDIRECTS: Final = 5
"""Nothing that Intercom documents redirects at all."""

WRONG_TOKEN: Final = "intercheck-wrong-token"  # noqa: S105 - it opens nothing, on purpose

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Credentials(Enum):
    """Which token a request carries."""

    OWN = "own"
    NONE = "none"
    WRONG = "wrong"


class IntercomClient:
    """A connection to one Intercom workspace; a context manager.

    Safe to use from several threads. `ca_bundle` replaces the authorities that are trusted.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        clock: Clock | None = None,
        connect_timeout: timedelta = CONNECT_TIMEOUT,
        read_timeout: timedelta = READ_TIMEOUT,
        allowlist: Allowlist | None = None,
        largest_body: int = LARGEST_BODY,
        ca_bundle: Path | None = None,
    ) -> None:
        self.workspace = workspace
        self._clock = clock or SystemClock()
        self.allowlist = allowlist or shipped_allowlist(writes=workspace.writes)
        self._secrets = (workspace.token.reveal(),)
        self._base = _checked_base(workspace)
        self._origin = _origin(self._base)
        self._headers = self._standing_headers()
        self._answer_limit = read_timeout.total_seconds()
        self._transport = Transport(
            self._base,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            largest_body=largest_body,
            ca_bundle=ca_bundle,
            secrets=self._secrets,
        )
        self._is_proven = False

    def send(
        self,
        operation: Operation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
        authenticate: bool = True,
        versioned: bool = True,
    ) -> Exchange:
        """Send one request. `body` is a JSON document; without `versioned` no version is asked for,
        and the app's default answers.

        Raises NotAllowedError where it may not be sent.
        """
        path = operation.path
        for name, value in (path_params or {}).items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return self.forward(
            operation,
            path,
            query=urlencode(query, doseq=True) if query else "",
            body=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers=headers or {},
            credentials=Credentials.OWN if authenticate else Credentials.NONE,
            versioned=versioned,
        )

    def forward(
        self,
        operation: Operation,
        path: str,
        *,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials = Credentials.OWN,
        versioned: bool = True,
    ) -> Exchange:
        """Send one request to `path` and `query` exactly as they are, percent-encoded. A body
        without a Content-Type is JSON.

        Raises NotAllowedError where it may not be sent.
        """
        headers = headers or {}
        self.check(operation, path, query=query, body=body, headers=headers)
        if not self.allowlist.is_read(operation.method, path):
            self.prove(str(operation))
        wire_headers = self._headers.copy()
        if credentials is Credentials.NONE:
            del wire_headers["authorization"]
        elif credentials is Credentials.WRONG:
            wire_headers["authorization"] = f"Bearer {WRONG_TOKEN}"
        if not versioned:
            del wire_headers["intercom-version"]
        if body is not None:
            wire_headers["content-type"] = "application/json"
            wire_headers["content-length"] = str(len(body))
        for name, value in headers.items():
            wire_headers[name.lower()] = value
        url = f"{self._base}{path}?{query}" if query else f"{self._base}{path}"
        return self._exchange(operation, url, wire_headers, body)

    def check(
        self,
        operation: Operation,
        path: str,
        *,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Raise NotAllowedError where this may not be sent; nothing is sent."""
        headers = headers or {}
        reason = self.allowlist.refusal(operation.method, path) or objection(
            path, query, headers, body
        )
        if reason is not None:
            raise NotAllowedError(str(operation), reason)

    def prove(self, what: str) -> None:
        """Make sure that this is the test workspace that the configuration names: it allows writes,
        and `/me` answers with its app. Raises NotAllowedError, saying `what` was not sent."""
        if self._is_proven:
            return
        name, wanted = self.workspace.name, self.workspace.app_id
        if not self.allowlist.writes:
            raise NotAllowedError(
                what, f"the Intercom workspace {name!r} is not configured as a test workspace"
            )
        if not wanted:
            raise NotAllowedError(
                what,
                f"the Intercom workspace {name!r} names no app-id, so nothing proves that it is "
                "the test workspace",
            )
        answer = self.send(Operation(method="GET", path="/me")).response
        document = answer.document if answer else None
        app = document.get("app") if isinstance(document, dict) else None
        if not isinstance(app, dict) or app.get("id_code") != wanted:
            raise NotAllowedError(
                what,
                f"GET /me does not say that the token of {name!r} belongs to the app that the "
                "configuration names",
            )
        self._is_proven = True

    def close(self) -> None:
        """Close every connection. The next request opens a new one."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"IntercomClient({self.workspace.name!r}, {self._base!r})"

    def _exchange(
        self,
        operation: Operation,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Exchange:
        started_at = self._clock.now()
        started = self._clock.monotonic()
        watch = Stopwatch(self._clock, self._answer_limit)
        outcome = self._follow(operation.method, url, headers, body, watch)
        response = outcome if isinstance(outcome, Response) else None
        return Exchange(
            workspace=self.workspace.name,
            region=self.workspace.region,
            version=self.workspace.version if "intercom-version" in headers else None,
            operation=operation,
            request=Request(
                method=operation.method,
                url=redact(url, self._secrets),
                headers=Headers(
                    (name, value) for name, value in headers.items() if name not in SECRET_HEADERS
                ),
                body=None if body is None else redact_bytes(body, self._secrets),
            ),
            response=response,
            failure=outcome if isinstance(outcome, TransportFailure) else None,
            started_at=started_at,
            timings=watch.timings(started, server_ms=_server_ms(response)),
        )

    def _follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        watch: Stopwatch,
    ) -> Response | TransportFailure:
        """Send, and follow redirects of a GET on the same host to what may be read."""
        outcome = self._transport.ask(method, url, headers, body, watch)
        seen = {url}
        while isinstance(outcome, Response) and (target := self._redirect(method, url, outcome)):
            if target in seen or len(seen) > MOST_REDIRECTS:
                where = "to itself" if len(seen) == 1 else f"in a circle of {len(seen)}"
                return TransportFailure(
                    kind=FailureKind.REDIRECT_LOOP, detail=f"redirected {where}"
                )
            seen.add(target)
            url = target
            outcome = self._transport.ask(method, url, headers, None, watch)
        return outcome

    def _redirect(self, method: str, url: str, response: Response) -> str | None:
        """Return where to go on, or None where this answer is the last."""
        location = response.headers.get("location")
        if method != "GET" or response.status not in _REDIRECTS or not location:
            return None
        target = urljoin(url, location)
        parts = urlsplit(target)
        prefix = urlsplit(self._base).path
        if _origin(target) != self._origin or not parts.path.startswith(prefix):
            return None
        if not self.allowlist.is_read(method, parts.path[len(prefix) :]):
            return None
        return parts._replace(fragment="").geturl()

    def _standing_headers(self) -> dict[str, str]:
        """What every request carries, whatever is asked; by lower-case name."""
        return {
            "authorization": f"Bearer {self.workspace.token.reveal()}",
            "intercom-version": self.workspace.version,
            "accept": "application/json",
            "accept-encoding": ENCODINGS,
            "user-agent": f"intercheck/{_own_version()}",
        }


def _server_ms(response: Response | None) -> float | None:
    """What `x-runtime` says (seconds), None where it says nothing sensible."""
    try:
        seconds = float(response.headers.get("x-runtime", "") if response else "")
    except ValueError:
        return None
    return seconds * 1000 if 0 <= seconds < float("inf") else None


def _checked_base(workspace: Workspace) -> str:
    """Return the base URL; raise where the token must not be sent to it or cannot be sent."""
    no_base = ConfigurationError(
        f"The base URL of the Intercom workspace {workspace.name!r} is no base URL: write it "
        "like https://api.eu.intercom.io."
    )
    try:
        parts = urlsplit(workspace.url)
        _ = parts.port
    except ValueError:
        raise no_base from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise no_base
    if parts.username or parts.password:
        raise ConfigurationError(
            f"The base URL of the Intercom workspace {workspace.name!r} contains a password: the "
            "token is all that is needed."
        )
    if parts.scheme == "http" and parts.hostname.endswith(".intercom.io"):
        raise ConfigurationError(
            f"The base URL of the Intercom workspace {workspace.name!r} would send the token "
            "unencrypted: write https."
        )
    token = workspace.token.reveal()
    if not token or not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigurationError(
            f"The token of the Intercom workspace {workspace.name!r} is empty or has characters "
            "that no token has: copy it again."
        )
    return workspace.url


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or ""), parts.port


@cache
def _own_version() -> str:
    return version("intercheck")
