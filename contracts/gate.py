"""The one way out for property tests: a WSGI application that Schemathesis takes for the API.

Schemathesis never holds the session. Some of its checks send again through a session of their own,
and what it generates includes methods, versions and credentials that nobody asked for; all of it
ends here. The gate holds the token, the pinned version, the list of what may be sent, both budgets
and the journal. What is generated only reads, in a test workspace too: what writes is written down
before it is sent, and asked for with `ask`. What may not pass raises: a made-up answer would be
judged as if Intercom had given it.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from contracts.allowlist import NotAllowedError
from contracts.budget import BudgetSpentError, RateBudget
from contracts.client import Credentials, IntercomClient
from contracts.clock import Clock
from contracts.exchanges import Exchange, Response
from contracts.spec import Spec, SpecOperation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PASS: Final = {"Authorization": "Bearer the-gate-adds-the-token"}
"""Headers that a case carries when it is to be sent with the token. One without an Authorization is
sent without, one with another is sent with a wrong token: so checks that leave credentials out, or
forge them, test what they mean to, and the token is nowhere but behind the gate."""

_OWN: Final = frozenset({"authorization", "intercom-version"})
_HOP_BY_HOP: Final = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)
"""Headers of the connection to Intercom, which ended here."""


class NoAnswerError(Exception):
    """Intercom gave no answer: a value for us, but Schemathesis has no form for it."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__("the request ended without an answer")
        self.exchange = exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A line of the journal: what was sent, without its values, and what came back (a status, or a
    kind of failure). `seconds` is how long that took."""

    operation: str
    at: datetime
    outcome: str
    seconds: float


class Gate:
    """Forwards what may be sent and refuses the rest; safe to share between threads."""

    def __init__(
        self,
        client: IntercomClient,
        spec: Spec,
        *,
        clock: Clock,
        most_requests: int,
        budget: RateBudget | None = None,
        on_exchange: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        self._client = client
        self._spec = spec
        self._clock = clock
        self._most_requests = most_requests
        self._budget = budget or RateBudget(clock=clock)
        self._on_exchange = on_exchange
        self._lock = threading.Lock()
        self._started = 0
        self.journal: list[Sent] = []

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return len(self.journal)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Forward one request.

        Raises NotAllowedError, BudgetSpentError, or NoAnswerError.
        """
        method = str(environ["REQUEST_METHOD"])
        # PATH_INFO is decoded, and what was an encoded slash would be a slash: only the raw form
        # is what goes on the wire.
        path = str(environ["REQUEST_URI"]).partition("?")[0]
        operation = self._spec.match(method, path)
        if operation is None:
            raise NotAllowedError(f"a {method} request", "its path is not in the description")
        if not self._client.allowlist.is_read(method, path):
            raise NotAllowedError(
                str(operation.operation), "what was generated is only ever sent to what reads"
            )
        length = int(environ.get("CONTENT_LENGTH") or 0)
        exchange = self._send(
            operation,
            path,
            query=str(environ.get("QUERY_STRING", "")),
            body=environ["wsgi.input"].read(length) if length else None,
            headers=dict(_passing_headers(operation, environ)),
            credentials=_credentials(environ.get("HTTP_AUTHORIZATION")),
        )
        if exchange.response is None:
            raise NoAnswerError(exchange)
        start_response(_status_line(exchange.response), _headers(exchange.response))
        return [exchange.response.body]

    def ask(
        self,
        operation: SpecOperation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        credentials: Credentials = Credentials.OWN,
    ) -> Exchange:
        """Send one request that was not generated; `body` is a JSON document.

        Raises NotAllowedError or BudgetSpentError.
        """
        path = operation.operation.path
        for name, value in (path_params or {}).items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return self._send(
            operation,
            path,
            query=urlencode(query) if query else "",
            body=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers={},
            credentials=credentials,
        )

    def _send(
        self,
        operation: SpecOperation,
        path: str,
        *,
        query: str,
        body: bytes | None,
        headers: Mapping[str, str],
        credentials: Credentials,
    ) -> Exchange:
        # Refused before the budgets: what is not sent costs nothing.
        self._client.check(operation.operation, path, query=query, body=body, headers=headers)
        self._budget.wait_for_room()
        self._take_one()
        exchange = self._client.forward(
            operation.operation,
            path,
            query=query,
            body=body,
            headers=headers,
            credentials=credentials,
        )
        self._budget.observe(exchange)
        self.journal.append(
            Sent(
                operation=operation.operation.identity,
                at=exchange.started_at,
                outcome=_outcome(exchange),
                seconds=exchange.timings.total_ms / 1000 if exchange.timings else 0.0,
            )
        )
        self._on_exchange(exchange)
        return exchange

    def _take_one(self) -> None:
        with self._lock:
            if self._started >= self._most_requests:
                raise BudgetSpentError(
                    f"This run has sent all it may ({self._most_requests}): allow more with "
                    "--max-requests."
                )
            self._started += 1


def _credentials(authorization: str | None) -> Credentials:
    if authorization is None:
        return Credentials.NONE
    return Credentials.OWN if authorization == PASS["Authorization"] else Credentials.WRONG


def _passing_headers(
    operation: SpecOperation, environ: "WSGIEnvironment"
) -> Iterator[tuple[str, str]]:
    """The headers that the operation documents; nothing else that was generated passes."""
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]
    for parameter in operation.parameters:
        if parameter.location != "header" or parameter.name.lower() in _OWN:
            continue
        value = environ.get(f"HTTP_{parameter.name.upper().replace('-', '_')}")
        if value is not None:
            yield parameter.name, value


def _outcome(exchange: Exchange) -> str:
    if exchange.response is not None:
        return str(exchange.response.status)
    return exchange.failure.kind.value if exchange.failure else ""


def _status_line(response: Response) -> str:
    try:
        return f"{response.status} {HTTPStatus(response.status).phrase}"
    except ValueError:
        return f"{response.status} Unknown"


def _headers(response: Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.headers.items() if name not in _HOP_BY_HOP]
