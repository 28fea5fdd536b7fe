"""Rules of getting an answer at all, and in time."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity


def _connection(
    name: str,
    *,
    meaning: str,
    remedy: str,
    example: str,
    measured_by: Evidence = Evidence.CONNECTION,
) -> Rule:
    """No answer: a single one is a blip, so thresholds decide; any answer is health."""
    return Rule(
        name=name,
        severity=Severity.CRITICAL,
        scope=Scope.API,
        measured_by=measured_by,
        at_once=False,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


def _latency(
    name: str,
    *,
    meaning: str,
    remedy: str,
    example: str,
    at_once: bool = False,
    severity: Severity = Severity.WARNING,
    is_counted: bool = False,
    measured_by: Evidence = Evidence.SUCCESS,
) -> Rule:
    """Slowness: only successful answers are timed, and one slow answer is none."""
    return Rule(
        name=name,
        severity=severity,
        scope=Scope.API,
        measured_by=measured_by,
        at_once=at_once,
        meaning=meaning,
        remedy=remedy,
        example=example,
        is_counted=is_counted,
    )


TRANSPORT: Final = (
    Rule(
        name="server-error",
        severity=Severity.CRITICAL,
        scope=Scope.API,
        measured_by=Evidence.ANSWER,
        at_once=False,
        meaning="Intercom failed to answer a correct request.",
        remedy="Look at www.intercomstatus.com; if nothing is reported there, give Intercom's "
        "support the request id and the time.",
        example='503 with an empty body ("Back-end server is at capacity").',
    ),
    _connection(
        "timeout",
        meaning="No answer came within the time a consumer would wait.",
        remedy="Look at www.intercomstatus.com, and compare with other hosts from this machine.",
        example="connected, then nothing for 30 seconds.",
    ),
    _connection(
        "connection-dns",
        meaning="The host name could not be resolved.",
        remedy="Check this machine's resolver and network, then the configured base URL.",
        example="no address for api.intercom.io.",
    ),
    _connection(
        "connection-refused",
        meaning="The host refused the connection.",
        remedy="Check firewalls and proxies on the way, then the configured base URL.",
        example="connection refused on port 443.",
    ),
    _connection(
        "connection-reset",
        meaning="The connection was closed before an answer was complete.",
        remedy="Check proxies on the way; if other hosts work, look at www.intercomstatus.com.",
        example="connection reset by peer.",
    ),
    _connection(
        "connection-tls",
        meaning="No trusted encrypted connection could be made.",
        remedy="Check this machine's clock and certificates, and whether a proxy intercepts TLS.",
        example="the certificate has expired.",
    ),
    _connection(
        "connection-network",
        meaning="No host outside can be reached from this machine, Intercom's or another.",
        remedy="Check this machine's network, resolver and proxy; nothing is known of Intercom "
        "until they work.",
        example="connection refused by Intercom's host, and the control host has no answer either.",
    ),
    _connection(
        "connection-proxy",
        meaning="Something between here and Intercom answered in its place: a proxy that wants "
        "credentials or refuses, or a network that wants a sign-in first.",
        remedy="Mend it where the request was stopped, not at Intercom: give the proxy its "
        "credentials (HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT), have it let Intercom's hosts "
        "through, or sign in to the network's portal. Until then nothing is known of Intercom.",
        example="407 from a forward proxy, 511 from a captive portal.",
        measured_by=Evidence.ANSWER,
    ),
    _connection(
        "connection-redirect-loop",
        meaning="The host kept redirecting.",
        remedy="Check the configured base URL and any proxy on the way.",
        example="more redirects than the client follows.",
    ),
    _connection(
        "connection-failed",
        meaning="The request ended without an answer in a way that fits no other rule.",
        remedy="Read the detail in the report, then check the network between here and Intercom.",
        example="the answer was not HTTP.",
    ),
    _latency(
        "latency-limit",
        is_counted=True,
        meaning="The operation answers more slowly than the configured limit; a single answer is "
        "only noted.",
        remedy="Check whether consumers' own timeouts still hold; look at www.intercomstatus.com.",
        example="GET /conversations took 6 s against a limit of 5 s, 3 times in a row.",
    ),
    _latency(
        "latency-timeout",
        severity=Severity.CRITICAL,
        is_counted=True,
        meaning="Answers take longer than a consumer of the operation waits: its calls fail. A "
        "single answer is only noted.",
        remedy="Give the consumer more time if it can wait, and look at www.intercomstatus.com.",
        example="GET /conversations: 6000 ms, and messenger-backend waits 5000 ms (3 of 3 answers "
        "since 13:42 UTC were so late).",
    ),
    _latency(
        "latency-objective",
        at_once=True,  # two windows have waited for it
        meaning="So many answers are slow that a consumer's objective will not be met.",
        remedy="Look at www.intercomstatus.com, and at what else the report says of the operation; "
        "change the consumer's `objective` if it asks for more than it needs.",
        example="GET /contacts: 9 of 12 answers in 1 h took more than 800 ms (objective of "
        "crm-sync: 99 % within it).",
    ),
    _latency(
        "latency-payload",
        meaning="The operation takes longer because its answers have become larger.",
        remedy="Ask for less at a time (`per_page`), or find out what has been added; nothing is "
        "wrong with Intercom.",
        example="GET /contacts: p50 600 ms, 3.0 times the usual 200 ms, answers 3 times as large.",
        severity=Severity.INFO,
    ),
    _latency(
        "latency-connection",
        is_counted=True,
        measured_by=Evidence.OPENED,
        meaning="Opening a connection to Intercom (DNS, TCP, TLS) takes markedly longer than it "
        "used to here, or longer than a consumer waits, whatever is asked over it.",
        remedy="Intercom's own time has no part in it: check the resolver, proxies, firewalls and "
        "the network between here and Intercom, and how busy this machine is.",
        example="p50 3000 ms, 50 times the usual 60 ms for Tuesdays at 14 h, to open a connection.",
    ),
    _latency(
        "latency-regression",
        at_once=True,  # the detector has waited for four samples and a quarter of an hour itself
        meaning="The operation has become markedly slower than it used to be here.",
        remedy="Compare the server's own time with the total: if both rose, look at "
        "www.intercomstatus.com; if only the total did, check the network on the way.",
        example="GET /contacts: p50 900 ms, 6.0 times the usual 150 ms for Tuesdays at 14 h.",
    ),
)
