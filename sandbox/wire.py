"""What a server can do to a connection that HTTP does not allow.

An ASGI application cannot reset a connection or promise more bytes than it sends: it has no hold of
the transport. `ReachableProtocol` gives it one.
"""

import asyncio
import socket
import struct
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT: Final = "sandbox.transport"
_LINGER_AND_DROP: Final = struct.pack("ii", 1, 0)  # close() sends RST instead of FIN

Fields = Iterable[tuple[bytes, bytes]]


class ReachableProtocol(H11Protocol):
    """uvicorn's protocol, which leaves its transport in every scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        served = self.app

        async def reachable(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_TRANSPORT] = transport
            await served(scope, receive, send)

        self.app = reachable


async def reset(scope: Scope, receive: Receive) -> None:
    """End the connection with a TCP reset, without an answer."""
    transport = _transport(scope)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_AND_DROP)
    transport.abort()
    await _until_gone(receive)


async def truncate(
    scope: Scope, receive: Receive, *, status: int, fields: Fields, body: bytes
) -> None:
    """Promise `body` whole, send the first half of it, and close the connection."""
    transport = _transport(scope)
    transport.write(_head(status, fields, len(body)) + body[: len(body) // 2])
    transport.close()
    await _until_gone(receive)


async def stall(
    scope: Scope, receive: Receive, *, status: int, fields: Fields, body: bytes, limit: float
) -> None:
    """Send the head and the first half of `body`, then nothing until the client gives up.

    After `limit` (seconds, of the machine) the connection is closed.
    """
    transport = _transport(scope)
    transport.write(_head(status, fields, len(body)) + body[: len(body) // 2])
    try:
        async with asyncio.timeout(limit):
            await _until_gone(receive)
    except TimeoutError:
        transport.close()
        await _until_gone(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    return cast(asyncio.Transport, scope["extensions"][_TRANSPORT])


def _head(status: int, fields: Fields, length: int) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in fields]
    lines.append(b"content-length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _until_gone(receive: Receive) -> None:
    """Wait until the connection has ended; uvicorn would else answer in the application's place."""
    while (await receive())["type"] != "http.disconnect":
        pass
