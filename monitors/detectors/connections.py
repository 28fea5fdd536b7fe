"""No answer at all, or not a whole one."""

from collections.abc import Iterator
from typing import Final

from contracts.exchanges import Exchange, FailureKind, TransportFailure
from contracts.findings import Finding
from monitors.detectors.context import Context, finding, name_of

_FAILURES: Final = {
    FailureKind.DNS: ("connection-dns", "the host name could not be resolved"),
    FailureKind.REFUSED: ("connection-refused", "the host refused the connection"),
    FailureKind.RESET: ("connection-reset", "the connection was reset before an answer came"),
    FailureKind.TLS: ("connection-tls", "no trusted TLS connection could be made"),
    FailureKind.CONNECT_TIMEOUT: ("timeout", "the host did not take the connection in time"),
    FailureKind.READ_TIMEOUT: ("timeout", "the request was sent and no whole answer came in time"),
    FailureKind.TRUNCATED: ("body-truncated", "the body ended before it was complete"),
    FailureKind.TOO_LARGE: ("body-too-large", "the body is larger than intercheck reads"),
    FailureKind.ENCODING: ("connection-failed", "the body could not be unpacked"),
    FailureKind.REDIRECT_LOOP: ("connection-redirect-loop", "the host kept redirecting"),
    FailureKind.OTHER: ("connection-failed", "it ended in a way that has no name here"),
}
"""Every kind of failure; a kind that is missing here fails a test."""
_OF_TLS: Final = (
    ("certificate has expired", "the host's certificate has expired"),
    ("certificate is not yet valid", "the host's certificate is not valid yet"),
    ("mismatch, certificate is not valid for", "the host's certificate is for another host"),
    ("self-signed certificate", "the host's certificate is signed by nobody known here"),
    ("self signed certificate", "the host's certificate is signed by nobody known here"),
    ("unable to get local issuer", "the host's certificate is signed by nobody known here"),
    ("wrong version number", "what answered does not speak TLS"),
    ("record layer failure", "what answered does not speak TLS"),
)
"""What OpenSSL calls the usual ones (X509_verify_cert_error_string), and what they mean."""


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
        message=f"{name_of(exchange)} had no answer: {reason_of(exchange.failure)}.",
    )


def reason_of(failure: TransportFailure) -> str:
    """Say why there was no answer, in words of ours."""
    _, words = _FAILURES[failure.kind]
    if failure.kind is not FailureKind.TLS:
        return words
    return next((meant for said, meant in _OF_TLS if said in failure.detail), words)
