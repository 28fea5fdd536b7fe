"""Connections that keep time and keep to it.

urllib3 knows when it connects, shakes hands and receives the first byte, but does not tell. The
connections here do, to the `Stopwatch` of the exchange that uses them; and they hold the whole
answer to one deadline, because a timeout of a socket begins anew with every byte that trickles in.
"""

import io
import socket
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, Final, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from contracts.clock import Clock
from contracts.exchanges import Timings

STOPWATCH: Final[ContextVar["Stopwatch"]] = ContextVar("STOPWATCH")
"""That of the exchange in progress in this thread: connections are pooled, exchanges are not."""


@dataclass(slots=True)
class Stopwatch:
    """When what happened in one exchange, in seconds of the clock; None where it did not."""

    clock: Clock
    answer_limit: float
    """Seconds from the last part of the request being sent to the last byte of the answer."""
    connect_started: float | None = None
    connected: float | None = None
    secured: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    deadline: float | None = None

    def now(self) -> float:
        return self.clock.monotonic()

    def remaining(self) -> float:
        """Seconds left for the answer; raises TimeoutError where there are none."""
        if self.deadline is None:
            return self.answer_limit
        left = self.deadline - self.now()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        return left

    def timings(self, started: float, *, server_ms: float | None) -> Timings:
        """Sum up the exchange that began at `started` and ends now."""
        return Timings(
            total_ms=(self.now() - started) * 1000,
            first_byte_ms=_between(started, self.first_byte),
            connect_ms=_between(self.connect_started, self.connected),
            tls_ms=_between(self.connected, self.secured),
            server_ms=server_ms,
            connection_reused=self.connect_started is None,
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1000


class _PunctualStream(io.RawIOBase):
    """What a socket sends, as long as there is time."""

    def __init__(self, sock: socket.socket, watch: Stopwatch) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        watch = self._watch
        self._socket.settimeout(watch.remaining())
        count = self._raw.readinto(buffer)
        if watch.first_byte is None:
            watch.first_byte = watch.now()
        watch.remaining()  # a virtual clock may have jumped past the deadline meanwhile
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PunctualResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        watch = STOPWATCH.get()
        watch.first_byte = None  # the answer of a proxy to CONNECT is not the one that counts
        # Not from now: the server may be at work, and on its clock, since the request went out.
        watch.deadline = (watch.now() if watch.sent is None else watch.sent) + watch.answer_limit
        self.fp = io.BufferedReader(_PunctualStream(sock, watch))


class _TimedConnection(HTTPConnection):
    response_class = _PunctualResponse

    def _new_conn(self) -> socket.socket:
        watch = STOPWATCH.get()
        watch.connect_started = watch.now()
        sock = super()._new_conn()
        watch.connected = watch.now()
        return sock

    def send(self, data: Any) -> None:
        watch = STOPWATCH.get()
        watch.sent = watch.now()
        super().send(data)


class _TimedSecureConnection(_TimedConnection, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        watch = STOPWATCH.get()
        watch.secured = watch.now()


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSecureConnection


_POOLS: Final = {"http": _TimedPool, "https": _TimedSecurePool}


class TimedAdapter(HTTPAdapter):
    """The adapter of requests over timed connections, for use with `STOPWATCH` set. It never
    retries."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **options)
        cast(PoolManager, self.poolmanager).pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        cast(ProxyManager, manager).pool_classes_by_scheme = _POOLS
        return manager
