"""No answers, or only failed ones: our network, all of Intercom, or one endpoint.

Nothing is guessed from one exchange. What fails on most of what was asked has one cause; what fails
on some of it while the rest works is those operations' own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.detectors.connections import reason_of
from monitors.detectors.standins import PROXY, WHY, by_whom, is_before_intercom
from monitors.diagnosis.observations import Diagnosed, Evidence, Explained, across, count
from monitors.diagnosis.outlook import Outlook
from monitors.probes import CANARY

_TLS: Final = "connection-tls"
_NOT_REACHED: Final = frozenset({"connection-dns", "connection-refused", _TLS})
"""The request was never sent to whoever answers for Intercom."""
_DOWN: Final = _NOT_REACHED | {
    "connection-reset",
    "connection-failed",
    "timeout",
    "server-error",
}
_NETWORK: Final = "connection-network"
_INTERCOM_KNOWS: Final = (
    "Intercom knows of it: there is nothing to mend here. Follow www.intercomstatus.com, and tell "
    "whoever waits for the consumers."
)
_PAGE: Final = "page"
_SECOND_HAND: Final = frozenset({"connect-timeout"})


def outages(evidence: Evidence, outlook: Outlook) -> Iterator[Diagnosed]:
    """Yield the one cause why most operations have no answer, and take what it explains."""
    yield from _stopped_on_the_way(evidence)
    yield from _pages_in_its_place(evidence)
    down = evidence.findings(lambda finding: finding.rule.name in _DOWN)
    # What a second request answered is a blip of one operation, not a part of an outage.
    standing = [pair for pair in down if evidence.still_shows(pair[0].identity, pair[1])]
    if not evidence.is_broad(one.identity for one, _ in standing):
        return
    evidence.take(down)
    leading = _leading(standing)
    yield across(
        standing,
        _explained(leading, standing, evidence, outlook),
        confirmed=evidence.lasts(down),
    )


def _stopped_on_the_way(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield what a proxy or a portal did to most requests: nothing is known of Intercom then."""
    stopped = evidence.named(PROXY)
    standing = [pair for pair in stopped if evidence.still_shows(pair[0].identity, pair[1])]
    if not evidence.is_broad(one.identity for one, _ in standing):
        return
    evidence.take(stopped)
    observation, finding = standing[0]
    failure, response = observation.exchange.failure, observation.exchange.response
    why = reason_of(failure) if failure else WHY.get(finding.observed, "")
    status = f" ({response.status}{by_whom(response)})" if response else ""
    yield across(
        standing,
        replace(
            finding,
            message=f"{count(standing, evidence)} never reached Intercom{status}: {why}.",
        ),
        confirmed=evidence.lasts(stopped),
    )


def _pages_in_its_place(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield that most requests, `/me` among them, got a page and no sign of Intercom: a portal
    answers so without saying who it is."""
    pages = [
        (one, finding)
        for one, finding in evidence.named("body-not-json")
        if one.exchange.response is not None
        and one.exchange.response.is_html
        and is_before_intercom(one.exchange.response)
    ]
    identities = {one.identity for one, _ in pages}
    if CANARY.identity not in identities or not evidence.is_broad(identities):
        return
    evidence.take(pages)
    observation, finding = pages[-1]
    response = observation.exchange.response
    yield across(
        pages,
        replace(
            finding,
            rule=RULES[PROXY],
            severity=Severity.CRITICAL,
            location="connection",
            expected="answer",
            observed=_PAGE,
            message=f"{count(pages, evidence)}, /me among them, were answered with a page "
            f"({observation.status}{by_whom(response) if response else ''}) and no sign of "
            "Intercom: something on the way answers in its place, as a portal does for a sign-in.",
            certainty=Certainty.INFERRED,
        ),
        confirmed=evidence.lasts(pages),
    )


def _leading(standing: Explained) -> Finding:
    """Return the finding that stands for all: a server that says it is failing explains timeouts;
    otherwise the most frequent."""
    errors = [finding for _, finding in standing if finding.rule.name == "server-error"]
    if errors:
        return errors[0]
    counted = Counter((finding.rule.name, finding.observed) for _, finding in standing)
    (rule, observed), _ = min(counted.items(), key=lambda item: (-item[1], item[0]))
    return next(
        finding
        for _, finding in standing
        if (finding.rule.name, finding.observed) == (rule, observed)
    )


def _explained(
    leading: Finding, standing: Explained, evidence: Evidence, outlook: Outlook
) -> Finding:
    has_answered = any(one.exchange.response is not None for one in evidence.observations)
    is_near = leading.rule.name in _NOT_REACHED or leading.observed in _SECOND_HAND
    hit = count(standing, evidence)
    if not has_answered and outlook.network_works is False:
        return replace(
            leading,
            rule=RULES[_NETWORK],
            severity=Severity.CRITICAL,
            location="connection",
            expected="answer",
            observed="no-network",
            message=f"Nothing outside can be reached from this machine: {hit} ended without an "
            f"answer ({_words(leading)}), and so did {_asked(outlook)}. It is the network here, "
            "not Intercom.",
            certainty=Certainty.RECORDED,
        )
    certainty = Certainty.INFERRED
    if not has_answered and outlook.network_works:
        words = (
            f"Intercom cannot be reached ({hit}, {_why(leading, standing)}) while "
            f"{_asked(outlook)} can: it is Intercom or the way to it, not the network here"
        )
        certainty = Certainty.RECORDED
    elif leading.rule.name == _TLS and not has_answered:
        words = (
            f"Nothing is sent to Intercom's host, since it cannot be trusted ({hit}): "
            f"{_why(leading, standing)}"
        )
        if leading.remedy:  # then it is known what is wrong with the certificate
            certainty = Certainty.RECORDED
        else:
            words += (
                ". Most likely it is on this machine's side (its clock, its authorities, a proxy "
                "that intercepts TLS), else the host's"
            )
    elif is_near and not has_answered:
        words = (
            f"Intercom's host could not be reached at all ({hit}): the "
            "trouble is most likely on this machine's side, in its network, resolver, proxy or "
            "certificates"
        )
    elif leading.rule.name == "server-error":
        words = _failing(standing, evidence)
    else:
        words = f"Intercom has no usable answer: {hit} ({_why(leading, standing)})"
    return replace(leading, severity=Severity.CRITICAL, message=f"{words}.", certainty=certainty)


def _failing(standing: Explained, evidence: Evidence) -> str:
    """Say that most operations are answered with a 5xx, and as far as it is known by whom."""
    hit = count(standing, evidence)
    failing = [one for one, _ in standing if one.status and one.status >= 500]
    statuses = ", ".join(map(str, sorted({one.status for one in failing if one.status})))
    if any(one.exchange.request_id for one in failing):
        return f"Intercom is failing: {hit} have no usable answer ({statuses})"
    answers = [one.exchange.response for one in failing if one.exchange.response]
    named = next(filter(None, map(by_whom, answers)), "")
    return (
        f"Nothing usable comes from Intercom's host: {hit} were answered with {statuses}{named}, "
        "and without a request id of Intercom's. That is its load balancer, or a proxy on the way "
        "here"
    )


def with_the_page(diagnosed: Diagnosed, outlook: Outlook) -> Diagnosed:
    """Add to what is down what Intercom's status page says of it."""
    finding = diagnosed.finding
    if finding.rule.name not in _DOWN or outlook.page is None:
        return diagnosed
    notice = outlook.notice(finding.observed_at)
    if notice is None:
        said, certainty = "Intercom's status page reports nothing of it so far.", finding.certainty
        remedy = finding.remedy
    else:
        since = f" since {notice.starts_at:%Y-%m-%d %H:%M} UTC" if notice.starts_at else ""
        said = f"Intercom's status page has \u201c{notice.title}\u201d{since}."
        certainty, remedy = finding.certainty, finding.remedy
        if finding.operation is None or notice.names(_resource_of(finding.operation)):
            certainty, remedy = Certainty.DOCUMENTED, _INTERCOM_KNOWS
        else:  # one operation may have trouble of its own meanwhile
            said += " Whether that is the cause is not known."
    return replace(
        diagnosed,
        finding=replace(
            finding, message=f"{finding.message} {said}", certainty=certainty, remedy=remedy
        ),
    )


def _resource_of(operation: Operation) -> str:
    return operation.path.split("/")[1]


def _words(finding: Finding) -> str:
    return finding.observed.replace("-", " ")


def _why(leading: Finding, standing: Explained) -> str:
    """Say of what had no answer why not."""
    for observation, finding in standing:
        if finding is leading and observation.exchange.failure is not None:
            return reason_of(observation.exchange.failure)
    return _words(leading)


def _asked(outlook: Outlook) -> str:
    """Name the hosts outside that decided it: those reached, or else all that were not."""
    hosts = {
        "the control host": outlook.is_control_reached,
        "Intercom's status page": outlook.is_page_reached,
    }
    wanted = outlook.network_works
    return " and ".join(name for name, reached in hosts.items() if reached is wanted)
