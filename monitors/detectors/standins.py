"""Answers of whatever stands between here and Intercom, in its place."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from contracts.departures import MEDIA_TYPE
from contracts.envelopes import envelope_of
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Certainty, Finding
from monitors.detectors.context import Context, finding, name_of

PROXY: Final = "connection-proxy"
BLOCKED: Final = "auth-blocked"
_ACCESS: Final = frozenset({401, 403})
_OF_OTHER_RULES: Final = frozenset({408, 429})
"""Statuses that mean the same whoever answers: it took too long, it was too often."""
REDIRECT: Final = "redirect"

WHY: Final = {
    # RFC 9110, 15.5.8: a proxy's alone, whatever the body is.
    "407": "a proxy on the way wants credentials of its own",
    # RFC 6585, 6: of what intercepts requests, never of the server that was meant.
    "511": "this network wants a sign-in first (a captive portal)",
    REDIRECT: "something on the way sends the request to another host or port, as a portal does "
    "for a sign-in",
}
"""By what was observed, why Intercom did not answer."""

_SERVER: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,31}(?:/[A-Za-z0-9._-]{1,16})?")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,98}[A-Za-z0-9])?\Z")


def stand_ins(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield an answer that cannot be Intercom's: of a proxy, or of a portal."""
    response = exchange.response
    if response is None or not is_of_a_stand_in(exchange):
        return
    if _is_turned_away(response):
        yield _turned_away(exchange, response, context)
        return
    status = str(response.status)
    observed = status if status in WHY else REDIRECT
    yield finding(
        PROXY,
        exchange,
        context,
        location="connection",
        expected="answer",
        observed=observed,
        message=f"{name_of(exchange)} was not answered by Intercom, as far as can be told ({status}"
        f"{redirected_to(exchange)}{by_whom(response)}): {WHY[observed]}.",
        certainty=Certainty.INFERRED if observed == REDIRECT else Certainty.DOCUMENTED,
    )


def is_of_a_stand_in(exchange: Exchange) -> bool:
    """Whether only a proxy or a portal answers like this."""
    response = exchange.response
    if response is None:
        return False
    leads_away = bool(redirected_to(exchange)) and is_before_intercom(response)
    return str(response.status) in WHY or leads_away or _is_turned_away(response)


def _is_turned_away(response: Response) -> bool:
    """Whether something before Intercom refuses: without any sign of Intercom, and not only as a
    mock of it might answer."""
    if not 400 <= response.status < 500 or str(response.status) in WHY:
        return False
    if response.status in _OF_OTHER_RULES or not is_before_intercom(response):
        return False
    return response.status in _ACCESS or response.kind is BodyKind.OTHER


def _turned_away(exchange: Exchange, response: Response, context: Context) -> Finding:
    wants = " It wants credentials of its own." if "www-authenticate" in response.headers else ""
    return finding(
        BLOCKED,
        exchange,
        context,
        # Intercom says 401, 403 and 404 too; that the answer is not of its form is what tells.
        location=MEDIA_TYPE,
        expected="json",
        observed="blocked",
        message=f"{name_of(exchange)} was turned away with {response.status}{by_whom(response)}, "
        f"before Intercom saw it: no request id, and no answer of Intercom's form.{wants}",
    )


def is_before_intercom(response: Response) -> bool:
    """Whether a load balancer, firewall or proxy answered in Intercom's place: no request id of
    Intercom's form, and none of its envelopes."""
    return response.request_id is None and not envelope_of(response).is_intercoms


def redirected_to(exchange: Exchange) -> str:
    """Say to which other host or port an answer redirects; nothing where it does not."""
    response = exchange.response
    if response is None or not 300 <= response.status < 400:
        return ""
    asked = exchange.request.url
    try:
        there = urlsplit(urljoin(asked, response.headers.get("location", "")))
        here = urlsplit(asked)
        host, port, own = there.hostname or "", _port(there), _port(here)
    except ValueError:
        return ""
    if not host:
        return ""
    if host != here.hostname:
        return f" to {host}" if _HOST.match(host) else " to another host"
    # Port 80 that leads to 443 is the same host, encrypted.
    return "" if port == own or (own, port) == (80, 443) else f" to port {port}"


def _port(parts: SplitResult) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def by_whom(response: Response) -> str:
    """Say what answered, as it calls itself, where that is not Intercom."""
    named = _SERVER.match(response.headers.get("server", ""))
    return f", by {named[0]}" if named and is_before_intercom(response) else ""
