"""Serve an ASGI application on loopback from a thread."""

import asyncio
import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

START_TIMEOUT: Final = 10.0  # seconds; a loopback server that needs longer is broken


class Server:
    """A running server; a context manager. `url` has no trailing slash.

    `protocol` replaces uvicorn's own HTTP protocol.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        protocol: type[asyncio.Protocol] | None = None,
    ) -> None:
        # Bound here, not by uvicorn, so that the port is known (and taken) before the thread runs.
        self._socket = socket.create_server((host, port), backlog=128)
        # Inherited by every connection. asyncio sets it only where a socket names its protocol, and
        # without it each body waits 40 ms for the acknowledgement of its header.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        config = uvicorn.Config(
            app,
            http=protocol or "auto",
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def start(self) -> Self:
        """Start the thread and wait until it answers."""
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the server on port {self.port} did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Stop it and wait for the thread to end."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(START_TIMEOUT)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
