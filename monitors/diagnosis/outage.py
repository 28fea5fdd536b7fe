"""No answers, or only failed ones: our network, all of Intercom, or one endpoint.

Nothing is guessed from one exchange. What fails on most of what was asked has one cause; what fails
on some of it while the rest works is those operations' own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contracts.findings import Certainty, Finding
from contracts.rules import Severity
from monitors.diagnosis.observations import Diagnosed, Evidence, Explained, across, count

_NOT_REACHED: Final = frozenset({"connection-dns", "connection-refused", "connection-tls"})
"""The request was never sent to whoever answers for Intercom."""
_DOWN: Final = _NOT_REACHED | {
    "connection-reset",
    "connection-failed",
    "timeout",
    "server-error",
}
_SECOND_HAND: Final = frozenset({"connect-timeout"})


def outages(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield the one cause why most operations have no answer, and take what it explains."""
    down = evidence.findings(lambda finding: finding.rule.name in _DOWN)
    # What a second request answered is a blip of one operation, not a part of an outage.
    standing = [pair for pair in down if evidence.still_shows(pair[0].identity, pair[1])]
    if not evidence.is_broad(one.identity for one, _ in standing):
        return
    evidence.take(down)
    leading = _leading(standing)
    yield across(
        standing,
        _explained(leading, standing, evidence),
        confirmed=evidence.lasts(down),
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


def _explained(leading: Finding, standing: Explained, evidence: Evidence) -> Finding:
    has_answered = any(one.exchange.response is not None for one in evidence.observations)
    is_near = leading.rule.name in _NOT_REACHED or leading.observed in _SECOND_HAND
    if is_near and not has_answered:
        words = (
            f"Intercom's host could not be reached at all ({count(standing, evidence)}): the "
            "trouble is most likely on this machine's side, in its network, resolver, proxy or "
            "certificates"
        )
    elif leading.rule.name == "server-error":
        words = f"Intercom is failing: {count(standing, evidence)} have no usable answer"
        statuses = sorted({one.status for one, _ in standing if one.status and one.status >= 500})
        if statuses:
            words += f" ({', '.join(map(str, statuses))})"
    else:
        words = (
            f"Intercom does not answer: {count(standing, evidence)} ended without an answer "
            f"({leading.observed.replace('-', ' ')})"
        )
    return replace(
        leading,
        severity=Severity.CRITICAL,
        message=f"{words}.",
        certainty=Certainty.INFERRED,
    )
