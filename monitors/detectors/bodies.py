"""Successful answers whose body cannot be read, or is not what it says it is."""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Final

from contracts.departures import BODY, MEDIA_TYPE, Departure
from contracts.envelopes import envelope_of
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.standins import by_whom, is_before_intercom

_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,30}/[a-z0-9][a-z0-9.+_-]{0,60}\Z")
_FORMS: Final = {
    "html": "is HTML",
    "bom": "begins with a byte order mark, which JSON must not have and many parsers refuse",
    "other": "is not JSON",
}
_ABSENT: Final = "absent"
_BODILESS: Final = frozenset({204, 205})


def unreadable_body(
    exchange: Exchange, context: Context, departures: Sequence[Departure]
) -> Finding | None:
    """Return the one finding of a body that is empty, no JSON, or mislabelled; None of one that is
    as it should be.

    The descriptions decide (a transcript may be text) where they know the operation; elsewhere a
    successful answer of Intercom's is JSON.
    """
    response = exchange.response
    if response is None:
        return None
    has_no_field = _has_no_field(response, departures)
    if _is_known(exchange, context):
        if not has_no_field and not any(one.rule.startswith("body-") for one in departures):
            return None
    elif not has_no_field and not _is_suspicious(exchange, response):
        return None
    if has_no_field:
        rule, location, observed = "body-empty", BODY, "empty-object"
        words = "an object without any field"
    elif response.kind is BodyKind.EMPTY:
        rule, location, observed = "body-empty", BODY, "empty"
        words = "an empty body"
    elif response.kind is BodyKind.OTHER:
        rule, location, observed = "body-not-json", BODY, _form_of(response)
        words = f"a body that {_FORMS[observed]}"
        if is_before_intercom(response):
            words += (
                f"{by_whom(response)}, and no request id of Intercom's: a page of a proxy or a "
                "portal on the way, as far as can be told"
            )
    else:
        rule, location, observed = "body-media-type", MEDIA_TYPE, "other"
        words = f"JSON that is labelled {_label_of(response)}"
    consumers = context.readers(exchange.operation, BODY)
    return finding(
        rule,
        exchange,
        context,
        # A label that is wrong hurts only who looks at it; a body that is none hurts every reader.
        severity=Severity.CRITICAL if consumers and location == BODY else None,
        location=location,
        expected="json",
        observed=observed,
        message=f"{name_of(exchange)} was answered with {response.status} and {words}.",
        consumers=consumers,
    )


def error_as_success(exchange: Exchange, response: Response, context: Context) -> Finding:
    """Return the one finding of an error that is sent as a success: what else is missing from the
    answer is missing for that."""
    consumers = context.readers(exchange.operation, BODY)
    code = envelope_of(response).code
    named = f" ({code})" if code else ""
    return finding(
        "status-mismatch",
        exchange,
        context,
        severity=Severity.CRITICAL if consumers else None,
        location=BODY,
        expected="json",
        observed="error",
        message=f"{name_of(exchange)} was answered with {response.status}, and its body is an "
        f"error{named}.",
        consumers=consumers,
    )


def _has_no_field(response: Response, departures: Sequence[Departure]) -> bool:
    """Whether it is an empty object where several fields are due; one that is missing is told as
    itself."""
    if response.kind is not BodyKind.JSON or response.document != {}:
        return False
    due = {one.location for one in departures if one.observed == _ABSENT}
    return len(due) > 1


def _is_known(exchange: Exchange, context: Context) -> bool:
    operation = exchange.operation
    return operation is not None and any(
        reference is not None and reference.spec.get(operation.identity) is not None
        for reference in (context.published, context.relied)
    )


def _is_suspicious(exchange: Exchange, response: Response) -> bool:
    if response.status in _BODILESS or exchange.request.method.upper() == "HEAD":
        return False
    return response.kind is not BodyKind.JSON or "json" not in response.media_type


def _label_of(response: Response) -> str:
    """Name a media type as it may be shown: it comes from outside."""
    if not response.media_type:
        return "as nothing: it has no Content-Type"
    if _LABEL.match(response.media_type):
        return f"as {response.media_type}"
    return "as what is no media type"


def _form_of(response: Response) -> str:
    start = response.body[:512].lstrip().lower()
    is_html = start.startswith((b"<!doctype html", b"<html")) or "html" in response.media_type
    if response.body.startswith(BOM_UTF8) and not is_html:
        return "bom"
    return "html" if is_html else "other"
