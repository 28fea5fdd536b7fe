"""Statuses that a healthy probe never gets, apart from those of access and rate."""

from collections.abc import Iterator
from typing import Final

from contracts.envelopes import MERGED, ErrorEnvelope, envelope_of
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Certainty, Finding
from contracts.request_fields import is_declared
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.standins import (
    by_whom,
    is_before_intercom,
    is_of_a_stand_in,
    redirected_to,
)
from monitors.detectors.versions import INVALID_VERSION

_JUDGED_ELSEWHERE: Final = frozenset({401, 402, 403, 429})
_REQUEST_TIMEOUT: Final = 408
_UNPROCESSABLE: Final = 422
_MOST_NAMED: Final = 3  # fields in a sentence
_NO_FIELD: Final = (
    "Compare the probe's parameters and body with the contract of the version asked for; the "
    "answer names no field that it knows. Either the probe is misconfigured or Intercom has added "
    "a validation."
)
_SCROLL: Final = "scroll_exists"
_WAIT_FOR_THE_SCROLL: Final = (
    "Wait about a minute and ask again: an app has one open scroll, which ends a minute after it "
    "was last used. If it stays, find the job that never comes to the end of its scroll."
)
_STATUSES: Final = {
    400: ("status-bad-request", "Intercom calls the request wrong"),
    404: ("status-not-found", "what was asked for was not found"),
    409: ("status-conflict", "the request conflicts with the present state"),
    410: ("status-gone", "what was asked for is gone"),
    422: ("status-unprocessable", "Intercom refuses what the request says"),
}
_SERVER: Final = {
    500: "an internal error",
    502: "a bad gateway",
    503: "service unavailable",
    504: "a gateway timeout",
}

_WITHOUT_A_REQUEST_ID: Final = (
    "Look at www.intercomstatus.com; if nothing is reported there, give Intercom's support the "
    "time and the operation. The answer has no request id of the form that Intercom's have."
)
_BEFORE_INTERCOM: Final = (
    "Look at www.intercomstatus.com; if nothing is reported there, give Intercom's support the "
    "time and the operation. The answer has no request id of Intercom's: it comes from what stands "
    "before its application, or from a proxy on the way."
)


def error_answers(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield what an unsuccessful status says."""
    response = exchange.response
    if response is None or response.is_success or response.status in _JUDGED_ELSEWHERE:
        return
    if is_of_a_stand_in(exchange):
        return
    if response.status >= 500:
        yield _server_error(exchange, response, context)
    elif response.status == _REQUEST_TIMEOUT:
        yield finding(
            "timeout",
            exchange,
            context,
            location="status",
            expected="answer",
            observed="408",
            message=f"{name_of(exchange)} was answered with 408{by_whom(response)}: "
            f"{'what stands before Intercom' if is_before_intercom(response) else 'Intercom'} gave "
            "up on the request.",
        )
    else:
        envelope = envelope_of(response)
        if envelope.code != INVALID_VERSION:  # the versions' own
            yield _refused(exchange, response, envelope, context)


def _server_error(exchange: Exchange, response: Response, context: Context) -> Finding:
    words = _SERVER.get(response.status, "an error")
    empty = " and an empty body" if response.kind is BodyKind.EMPTY else ""
    return finding(
        "server-error",
        exchange,
        context,
        location="status",
        expected="2xx",
        observed="5xx",
        message=f"{name_of(exchange)} was answered with {response.status}, {words}{empty}"
        f"{by_whom(response)}.",
        remedy=_whom_to_ask(response),
    )


def _whom_to_ask(response: Response) -> str:
    """Return the remedy where the rule's cannot be followed for lack of a request id."""
    if response.request_id:
        return ""
    return _BEFORE_INTERCOM if is_before_intercom(response) else _WITHOUT_A_REQUEST_ID


def _refused(
    exchange: Exchange, response: Response, envelope: ErrorEnvelope, context: Context
) -> Finding:
    status = response.status
    if _is_endpoint_itself(exchange, response, envelope):
        return finding(
            "deprecation-endpoint-gone",
            exchange,
            context,
            location="status",
            expected="2xx",
            observed=str(status),
            message=f"{name_of(exchange)} was answered with {status}: there is no object in its "
            "path that could be missing, so the endpoint itself is.",
            certainty=Certainty.INFERRED,
        )
    rule, words = _STATUSES.get(status, ("status-undocumented", "no contract knows that status"))
    code = f" {envelope.code}" if envelope.code else redirected_to(exchange)
    fields = _declared_fields(exchange, envelope, context)
    remedy = _NO_FIELD if status == _UNPROCESSABLE and not fields else ""
    if envelope.code == _SCROLL:
        words, remedy = "another job holds the app's one open scroll", _WAIT_FOR_THE_SCROLL
    several = "fields" if len(fields) > 1 else "field"
    place = f" ({several} {', '.join(fields)})" if fields else ""
    return finding(
        rule,
        exchange,
        context,
        location="status",
        expected="2xx",
        observed=" ".join([str(status), *fields]),
        message=f"{name_of(exchange)} was answered with {status}{code}: {words}{place}.",
        remedy=remedy,
        certainty=Certainty.DOCUMENTED if envelope.code else Certainty.RECORDED,
    )


def _declared_fields(
    exchange: Exchange, envelope: ErrorEnvelope, context: Context
) -> tuple[str, ...]:
    """Return the fields that the errors name and a description declares: any other may be a
    customer's, the key of a custom attribute."""
    if not envelope.fields or exchange.operation is None:
        return ()
    known = [
        found
        for one in (context.published, context.relied)
        if one and (found := one.spec.get(exchange.operation.identity)) is not None
    ]
    declared = (name for name in envelope.fields if any(is_declared(one, name) for one in known))
    return tuple(sorted(declared)[:_MOST_NAMED])


def _is_endpoint_itself(exchange: Exchange, response: Response, envelope: ErrorEnvelope) -> bool:
    """Whether the endpoint is gone and not an object: the path names none."""
    if response.status not in (404, 410) or envelope.code == MERGED:
        return False
    return exchange.operation is not None and "{" not in exchange.operation.path
