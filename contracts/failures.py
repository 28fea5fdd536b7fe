"""From the exceptions of four libraries to the kind of failure they mean.

requests wraps urllib3's exceptions, which wrap http.client's, ssl's and the system's: what happened
stands at the bottom, and what it happened to at the top.
"""

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import requests
from urllib3 import exceptions

from contracts.exchanges import FailureKind


class BodyTooLargeError(Exception):
    """A body that goes on where all of Intercom's would have ended. `packed` are the bytes that it
    was unpacked from, where it came compressed."""

    def __init__(self, words: str, *, packed: int | None = None) -> None:
        super().__init__(words if packed is None else f"{words}, unpacked from {packed}")


BROKEN: Final = (
    requests.RequestException,
    exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    BodyTooLargeError,
)
"""Everything that the way to an answer can raise."""

_OBJECT: Final = re.compile(r"^\w+\([^()]*\): ")
"""What urllib3 puts before its sentences: `HTTPConnection(host='…', port=…): `."""


def kind_of(error: BaseException, *, is_sent: bool) -> FailureKind:
    """Say which kind of failure `error` is. `is_sent` says whether the request was on its way: a
    timeout before is one of connecting."""
    return _judge(error, is_sent)[0]


def detail_of(error: BaseException, *, is_sent: bool) -> str:
    """Return the most exact sentence that a library has for it, without the URL."""
    _, exact = _judge(error, is_sent)
    words = _OBJECT.sub("", str(exact)).strip()
    return words or type(exact).__name__


def _judge(error: BaseException, is_sent: bool) -> tuple[FailureKind, BaseException]:
    chain = list(_chain(error))
    for kind, fits in _TABLE:
        for one in chain:
            if fits(one):
                if kind is FailureKind.READ_TIMEOUT and not is_sent:
                    kind = FailureKind.CONNECT_TIMEOUT
                return kind, one
    return FailureKind.OTHER, chain[-1]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and all that it wraps, however it does that, the outermost first."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]


def _is(*types: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, types)


_TABLE: Final = (
    # A proxy that cannot be reached says nothing about Intercom.
    (FailureKind.PROXY, _is(exceptions.ProxyError)),
    (FailureKind.TOO_LARGE, _is(BodyTooLargeError)),
    (FailureKind.DNS, _is(exceptions.NameResolutionError, socket.gaierror)),
    (FailureKind.TLS, _is(exceptions.SSLError, ssl.SSLError, ssl.CertificateError)),
    (FailureKind.REFUSED, _is(ConnectionRefusedError)),
    (FailureKind.TRUNCATED, _is(http.client.IncompleteRead)),
    (FailureKind.ENCODING, _is(exceptions.DecodeError, zlib.error)),
    (
        FailureKind.RESET,
        _is(ConnectionResetError, BrokenPipeError, ConnectionAbortedError),
    ),
    # NewConnectionError inherits from the timeout without being one.
    (
        FailureKind.CONNECT_TIMEOUT,
        lambda error: (
            isinstance(error, exceptions.ConnectTimeoutError)
            and not isinstance(error, exceptions.NewConnectionError)
        ),
    ),
    (FailureKind.READ_TIMEOUT, _is(exceptions.ReadTimeoutError, TimeoutError)),
)
"""The first row that fits anything in the chain wins."""
