"""No answer at all, or not a whole one."""

import re
from collections.abc import Iterator
from typing import Final

from contracts.exchanges import Exchange, FailureKind, Timings, TransportFailure
from contracts.findings import Finding
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.standins import WHY

_FAILURES: Final = {
    FailureKind.DNS: ("connection-dns", "the host name could not be resolved"),
    FailureKind.PROXY: ("connection-proxy", "the proxy that is configured here could not be used"),
    FailureKind.REFUSED: ("connection-refused", "the host refused the connection"),
    FailureKind.RESET: ("connection-reset", "the connection was reset before an answer came"),
    FailureKind.TLS: ("connection-tls", "no trusted TLS connection could be made"),
    FailureKind.CONNECT_TIMEOUT: ("timeout", "the host did not take the connection in time"),
    FailureKind.READ_TIMEOUT: ("timeout", "the request was sent and no answer came"),
    FailureKind.TRUNCATED: ("body-truncated", "the body ended before it was complete"),
    FailureKind.TOO_LARGE: ("body-too-large", "the body is larger than intercheck reads"),
    FailureKind.ENCODING: (
        "connection-failed",
        "the body is compressed in a way that could not be unpacked",
    ),
    FailureKind.REDIRECT_LOOP: ("connection-redirect-loop", "the host kept redirecting"),
    FailureKind.OTHER: (
        "connection-failed",
        "what came was no HTTP answer, or the connection ended in a way that has no name here",
    ),
}
"""Every kind of failure; a kind that is missing here fails a test."""
ANSWERED: Final = frozenset(
    {
        FailureKind.TRUNCATED,
        FailureKind.TOO_LARGE,
        FailureKind.ENCODING,
        FailureKind.REDIRECT_LOOP,
    }
)
"""Failures that are those of an answer."""
_SIGNER: Final = (
    "the host's certificate is signed by nobody known here",
    "If your network intercepts TLS, name the file of its authority in REQUESTS_CA_BUNDLE; if it "
    "does not, bring this machine's certificate authorities up to date. Do not switch the check "
    "off.",
)
_ANOTHER_HOST: Final = (
    "the host's certificate is for another host",
    "Correct the base URL: the certificate is not for the host that it names. If that is one of "
    "Intercom's, a proxy or a portal answers in its place.",
)
_NOT_TLS: Final = (
    "what answered does not speak TLS",
    "Check scheme and port of the base URL. If it is one of Intercom's, a proxy or a portal "
    "answers in its place.",
)
_OF_TLS: Final = (
    (
        "certificate has expired",
        "the host's certificate has expired",
        "Compare this machine's clock with the right time. If it is right, the certificate has "
        "really expired: the host's own (look at www.intercomstatus.com), or that of a proxy which "
        "intercepts TLS.",
    ),
    (
        "certificate is not yet valid",
        "the host's certificate is not valid yet",
        "Set this machine's clock: it is most likely slow. If it is right, see whether a proxy "
        "intercepts TLS.",
    ),
    ("mismatch, certificate is not valid for", *_ANOTHER_HOST),
    ("self-signed certificate", *_SIGNER),
    ("self signed certificate", *_SIGNER),
    ("unable to get local issuer", *_SIGNER),
    ("wrong version number", *_NOT_TLS),
    ("record layer failure", *_NOT_TLS),
)
"""What OpenSSL calls the usual ones (X509_verify_cert_error_string), what they mean, and what to
do."""
_TUNNEL: Final = re.compile(r"Tunnel connection failed: ([1-5]\d\d)\b")
_BYTES: Final = re.compile(r"larger than (\d{1,15}) bytes(?:, unpacked from (\d{1,15}))?")
_MEBIBYTE: Final = 1 << 20
_BOMB: Final = 50
"""Times that a body has grown at least when reading stops. Lists of objects grow by 5 to 20, and
repetition alone by a thousand (deflate's own limit is 1032)."""


def connection_failures(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield how a request ended without an answer. The library's own words stay out: they may name
    hosts and addresses that are nobody's business in a message."""
    if exchange.failure is None:
        return
    rule, _ = _FAILURES[exchange.failure.kind]
    yield finding(
        rule,
        exchange,
        context,
        location="body" if rule.startswith("body-") else "connection",
        expected="answer",
        observed=exchange.failure.kind.value,
        message=f"{name_of(exchange)} had no {_what(exchange.failure)}: "
        f"{reason_of(exchange.failure, exchange.timings)}.",
        remedy=_remedy(exchange.failure),
    )


def _remedy(failure: TransportFailure) -> str:
    """Return what to do, where it is known more exactly than by the rule."""
    if failure.kind is not FailureKind.TLS:
        return ""
    return next((advice for said, _, advice in _OF_TLS if said in failure.detail), "")


def reason_of(failure: TransportFailure, timings: Timings | None = None) -> str:
    """Say why there was no answer, in words of ours."""
    _, words = _FAILURES[failure.kind]
    match failure.kind:
        case FailureKind.TLS:
            return next((meant for said, meant, _ in _OF_TLS if said in failure.detail), words)
        case FailureKind.PROXY:
            return _of_the_proxy(failure, words)
        case FailureKind.TOO_LARGE:
            return _too_large(failure, words)
        case FailureKind.REDIRECT_LOOP if "to itself" in failure.detail:
            return "the host redirects to the very address that was asked"
        case FailureKind.REDIRECT_LOOP if "circle" in failure.detail:
            return "the host redirects from one of its addresses to the next without an end"
        case FailureKind.READ_TIMEOUT | FailureKind.CONNECT_TIMEOUT if timings is not None:
            return _in_time(failure.kind, timings)
    return words


def _what(failure: TransportFailure) -> str:
    return "usable answer" if failure.kind in ANSWERED else "answer"


def _too_large(failure: TransportFailure, words: str) -> str:
    found = _BYTES.search(failure.detail)
    if found is None:
        return words
    limit, packed = int(found[1]), int(found[2] or 0)
    if not packed:
        return f"{words} (more than {_size(limit)})"
    grows = f"the body of {_size(packed)} unpacks to more than {_size(limit)}"
    is_bomb = limit >= packed * _BOMB
    bomb = ", as a compressed bomb does, and no answer of Intercom's" if is_bomb else ""
    return f"{grows}, which is more than intercheck reads{bomb}"


def _of_the_proxy(failure: TransportFailure, words: str) -> str:
    status = _TUNNEL.search(failure.detail)
    if status is None:
        return words
    if status[1] == "407":
        return f"{WHY['407']} (407)"
    return f"the proxy that is configured here does not connect to Intercom's host ({status[1]})"


def _in_time(kind: FailureKind, timings: Timings) -> str:
    """Say how long was waited, and whether an answer had begun."""
    waited = f"{timings.total_ms / 1000:.1f} s"
    if kind is FailureKind.CONNECT_TIMEOUT:
        return f"the host did not take the connection within {waited}"
    if timings.first_byte_ms is None:
        return f"the request was sent, and nothing came within {waited}"
    return f"an answer began and then stopped: it was not whole after {waited}"


def _size(number: int) -> str:
    whole = number % _MEBIBYTE == 0
    return f"{number // _MEBIBYTE} MiB" if whole else f"{number:,} bytes".replace(",", " ")
