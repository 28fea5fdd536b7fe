"""Successful answers whose body cannot be read, or is not what it says it is."""

from collections.abc import Sequence
from typing import Final

from contracts.departures import BODY, MEDIA_TYPE, Departure
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Finding
from contracts.rules import Severity
from monitors.detectors.context import Context, finding, name_of

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
    if _is_known(exchange, context):
        if not any(one.rule.startswith("body-") for one in departures):
            return None
    elif not _is_suspicious(exchange, response):
        return None
    if response.kind is BodyKind.EMPTY:
        rule, location, observed = "body-empty", BODY, "empty"
        words = "an empty body"
    elif response.kind is BodyKind.OTHER:
        rule, location, observed = "body-not-json", BODY, _form_of(response)
        words = f"a body that is {'HTML' if observed == 'html' else 'not JSON'}"
    else:
        rule, location, observed = "body-media-type", MEDIA_TYPE, "other"
        words = "JSON that is labelled as something else"
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


def _form_of(response: Response) -> str:
    start = response.body[:512].lstrip().lower()
    is_html = start.startswith((b"<!doctype html", b"<html")) or "html" in response.media_type
    return "html" if is_html else "other"
