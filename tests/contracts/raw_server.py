"""A server that answers bytes, or breaks as a network does, and the client that asks it."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from contracts.client import IntercomClient
from contracts.clock import SystemClock
from contracts.exchanges import Exchange, Operation
from contracts.workspaces import Secret, Workspace

TOKEN = "dG9rOmNhbmFyeV8wMTIzNDU2Nzg5PT0="
ME = Operation(method="GET", path="/me")

Handler = Callable[[socket.socket, bytes], None]


def answer(
    body: bytes = b'{"type":"admin"}', *, status: str = "200 OK", headers: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


class RawServer:
    """Reads whole requests and lets a function do with the connection what it likes."""

    def __init__(self, handle: Handler, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._handle = handle
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while request := self._read(connection):
                    self.requests.append(request)
                    self._handle(connection, request)
        except OSError:
            pass  # the client has gone, as it may

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
                while len(body) < length:
                    body += connection.recv(65536)
        return head + b"\r\n\r\n" + body


@contextmanager
def serving(handle: Handler | bytes, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    if isinstance(handle, bytes):
        payload = handle

        def send(connection: socket.socket, _: bytes) -> None:
            connection.sendall(payload)

        handle = send
    server = RawServer(handle, context)
    try:
        yield server
    finally:
        server.close()


def workspace(url: str, **options: object) -> Workspace:
    return Workspace(name="acme", token=Secret(TOKEN), base_url=url, **options)  # type: ignore[arg-type]


def client(url: str, **options: object) -> IntercomClient:
    defaults: dict[str, object] = {
        "clock": SystemClock(),
        "connect_timeout": timedelta(seconds=0.5),
        "read_timeout": timedelta(seconds=0.5),
    }
    return IntercomClient(workspace(url), **(defaults | options))  # type: ignore[arg-type]


def ask(handle: Handler | bytes, **options: object) -> Exchange:
    with serving(handle) as server, client(server.url, **options) as one:
        return one.send(ME)


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def truncate(connection: socket.socket, _: bytes) -> None:
    connection.sendall(answer(b"x" * 100)[:-50])
    connection.close()


def stall(connection: socket.socket, _: bytes) -> None:
    connection.sendall(answer(b"x" * 100)[:-50])
    threading.Event().wait(3)


def close_at_once(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"not http at all\r\n\r\n")
    connection.close()
