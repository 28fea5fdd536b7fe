"""429: too many requests, and when there may be more."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.dates import parse_http_date
from contracts.envelopes import envelope_of
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Certainty, Finding
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.standins import by_whom, is_before_intercom

RESOURCE_CODE: Final = "too_many_requests"
"""The code of a throttle of one resource (2.17's documentation); `rate_limit_exceeded` is the
app's."""
_LONGEST: Final = 86_400  # seconds; a Retry-After beyond a day is none for a window of 10 seconds


def rate_limiting(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield a used-up rate limit. Whose it is (the app's, one resource's) is told by the code."""
    response = exchange.response
    if response is None or response.status != 429:
        return
    resets_at = reset_of(response.headers, exchange.started_at)
    when = f"it resets at {resets_at:%H:%M:%S} UTC" if resets_at else "no reset is given"
    is_resource = envelope_of(response).code == RESOURCE_CODE
    whose = "this resource is throttled" if is_resource else "the app's rate limit is used up"
    if is_before_intercom(response) and response.kind is BodyKind.OTHER:
        yield _of_a_stand_in(exchange, response, context, when)
        return
    yield finding(
        "rate-limit-exceeded",
        exchange,
        context,
        location="status",
        expected="2xx",
        observed="resource-throttled" if is_resource else "429",
        message=f"{name_of(exchange)} was answered with 429: {whose}, {when}.",
        certainty=Certainty.DOCUMENTED,
        # The limit is the app's, so whoever asks next is refused as well.
        consumers=None if is_resource else context.readers(None, "status"),
    )


def _of_a_stand_in(exchange: Exchange, response: Response, context: Context, when: str) -> Finding:
    """A page of whatever limits requests before Intercom: a proxy, or its content network."""
    return finding(
        "rate-limit-exceeded",
        exchange,
        context,
        location="status",
        expected="2xx",
        observed="stand-in",
        message=f"{name_of(exchange)} was answered with 429{by_whom(response)}, and not by "
        "Intercom's API as far as can be told (no request id, and a page): something before it "
        f"takes no more requests from here, {when}.",
        remedy="See which proxy or firewall stands between here and Intercom, and what else asks "
        "by way of it; the app's own rate limit is not what was reached.",
        certainty=Certainty.INFERRED,
    )


def reset_of(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when requests are taken again: `X-RateLimit-Reset` (Unix seconds), else `Retry-After`
    (seconds or a date), None where neither is there or makes sense."""
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if reset is not None and abs(reset - now.timestamp()) <= _LONGEST:
        return datetime.fromtimestamp(reset, UTC)
    after = headers.get("retry-after")
    if (wait := _seconds(after)) is not None:
        return now + timedelta(seconds=wait) if wait <= _LONGEST else None
    return parse_http_date(after) if after else None


def _seconds(text: str | None) -> int | None:
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return int(text) if len(text.strip()) <= 12 else None
