"""The ASGI application: Intercom's API, and the sandbox's own controls under `/_sandbox/`."""

import json
import threading
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from contracts.clock import Clock
from sandbox import wire
from sandbox.clock import wait
from sandbox.intercom.answers import Delivery, Reply, Request
from sandbox.intercom.control import CONTROL, Controls
from sandbox.intercom.outside import OUTSIDE, respond
from sandbox.intercom.service import Service

STALL_LIMIT: Final = 120.0  # seconds of the machine; longer than any client waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that arrived. `status` is None where no whole answer was given."""

    method: str
    path: str
    operation: str | None
    status: int | None


class Log:
    """Every request that was seen; read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def add(self, seen: Seen) -> None:
        with self._lock:
            self._seen.append(seen)

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()

    def all(self) -> list[Seen]:
        with self._lock:
            return list(self._seen)

    def as_json(self) -> list[dict[str, object]]:
        return [asdict(one) for one in self.all()]


class Application:
    """Takes requests off the wire and puts answers on it."""

    def __init__(self, service: Service, *, clock: Clock, log: Log) -> None:
        self._service = service
        self._clock = clock
        self._log = log
        self._controls = Controls(service, clock=clock, log=log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        if request.path.startswith(CONTROL):
            status, document = self._controls.respond(request)
            body = b"" if document is None else json.dumps(document).encode()
            fields = (("content-type", "application/json"),)
            await _send(Reply(status=status, fields=fields, body=body), send)
            return
        if request.path.startswith(OUTSIDE):
            reply = respond(request, self._service.faults, self._clock.now())
        else:
            reply = self._service.respond(request)
        self._log.add(
            Seen(
                method=request.method,
                path=request.path,
                operation=reply.operation,
                status=reply.status if reply.delivery is Delivery.WHOLE else None,
            )
        )
        if reply.seconds:
            await wait(self._clock, reply.seconds)
        await _deliver(reply, scope, receive, send)


async def _read(scope: Scope, receive: Receive) -> Request:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=bytes(body),
    )


async def _deliver(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.fields]
    if reply.delivery is Delivery.RESET:
        await wire.reset(scope, receive)
    elif reply.delivery is Delivery.TRUNCATED:
        await wire.truncate(scope, receive, status=reply.status, fields=fields, body=reply.body)
    elif reply.delivery is Delivery.STALLED:
        await wire.stall(
            scope, receive, status=reply.status, fields=fields, body=reply.body, limit=STALL_LIMIT
        )
    else:
        await _send(reply, send)


async def _send(reply: Reply, send: Send) -> None:
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.fields]
    if reply.status != 204:
        fields.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": fields})
    await send({"type": "http.response.body", "body": reply.body})
