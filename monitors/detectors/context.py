"""What a detector knows beside the exchange, and how it makes a finding."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from contracts.conformance import Conformance
from contracts.consumers import Consumer
from contracts.exchanges import Exchange, Operation
from contracts.findings import Certainty, Course, Finding
from contracts.rules import RULES, Rule, Severity
from contracts.standards import Reads
from monitors.baselines import opening_of
from monitors.connecting import NOBODY
from monitors.latencies import UNJUDGED, Judged
from monitors.policies import Policy, policy_for
from monitors.shapes import Change

LATENCY_LIMIT: Final = timedelta(seconds=10)
"""A third of the time after which the client gives up; the slowest recorded live answer took 0.9
seconds, so what takes ten is broken whatever is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is promised, relied upon, usual and accepted for the operation of an exchange.

    `accepted` says by cause, or by place in a component schema and kind (`contact/owner_id
    integer>string`), why a deviation is accepted. `known` are the causes of the census, what was so
    when this workspace's operation was first looked at; None while it is being taken, and then
    whatever hurts no consumer is only noted. `changed` is what of the exchange is not as earlier
    answers of the operation were, and `renamed` says by a location where what is gone from there
    seems to be now, by what came when it went. `policy` says when trouble of a rule is told.
    """

    published: Conformance | None = None
    relied: Conformance | None = None
    reliance: Reads | None = None
    latency: Judged = UNJUDGED
    latency_limit: timedelta = LATENCY_LIMIT
    policy: Callable[[Rule], Policy] = policy_for
    accepted: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] | None = None
    changed: tuple[Change, ...] = ()
    renamed: Callable[[str], str] = lambda location: ""

    def readers(self, operation: Operation | None, location: str) -> tuple[str, ...]:
        """Return the consumers whom trouble at `location` hurts; everybody where it is no one
        operation's."""
        if self.reliance is None:
            return ()
        return self.reliance.readers(operation.identity if operation else "*", location)

    def users(self, operation: Operation | None) -> Sequence[Consumer]:
        """Return the consumers that use an operation (None: any), with what they say of how long
        they wait."""
        if self.reliance is None:
            return ()
        return self.reliance.users(operation.identity if operation else "*")


def thresholds_of(reliance: Reads | None, operation: Operation | None) -> set[float]:
    """Return the thresholds of consumers' objectives for an operation, in milliseconds."""
    users = reliance.users(operation.identity) if reliance and operation else ()
    return {one.objective.latency.total_seconds() * 1000 for one in users if one.objective}


def waits_of(reliance: Reads | None, operation: Operation | None, limit: timedelta) -> set[float]:
    """Return how long an operation's consumers wait, and the `limit`, in milliseconds."""
    users = reliance.users(operation.identity) if reliance and operation else ()
    waits = (one.timeout for one in users if one.timeout)
    return {one.total_seconds() * 1000 for one in (limit, *waits)}


def late_for(exchange: Exchange, reliance: Reads | None, limit: timedelta) -> dict[str, bool]:
    """Return by consumer that waits for some time whether it would be the connection that took too
    long to open: alone, or for those that use the operation with an answer that came in time; and
    for `NOBODY` the same of the `limit`. Nothing where no connection was opened."""
    opening, timings = opening_of(exchange), exchange.timings
    if opening is None or timings is None:
        return {}
    whole = timings.total_ms
    users = reliance.users(exchange.operation.identity) if reliance and exchange.operation else ()
    waits = {NOBODY: (limit, True)}
    for one in reliance.users("*") if reliance else ():
        if one.timeout:
            waits[one.name] = one.timeout, one in users
    late = {}
    for name, (wait, is_used) in waits.items():
        ms = wait.total_seconds() * 1000
        late[name] = opening > ms or (is_used and whole - opening <= ms < whole)
    return late


Detector = Callable[[Exchange, Context], Iterator[Finding]]


def finding(
    rule: str,
    exchange: Exchange,
    context: Context,
    *,
    location: str,
    expected: str,
    observed: str,
    message: str,
    past: str = "",
    severity: Severity | None = None,
    remedy: str = "",
    certainty: Certainty = Certainty.RECORDED,
    consumers: tuple[str, ...] | None = None,
    stage: int = 0,
    began_at: datetime | None = None,
    first_at: datetime | None = None,
    evidence: str = "",
    course: Course = Course.GOES_ON,
    deprecated_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Finding:
    """Make a finding of an exchange. `severity` defaults to the rule's, `consumers` to those whom
    trouble at `location` hurts."""
    if consumers is None:
        consumers = context.readers(exchange.operation, location)
    return Finding(
        rule=RULES[rule],
        severity=severity or RULES[rule].severity,
        workspace=exchange.workspace,
        region=exchange.region,
        version=exchange.version,
        operation=exchange.operation,
        location=location,
        expected=expected,
        observed=observed,
        message=message,
        past=past,
        remedy=remedy,
        consumers=consumers,
        certainty=certainty,
        stage=stage,
        began_at=began_at,
        first_at=first_at,
        evidence=evidence,
        course=course,
        deprecated_at=deprecated_at,
        ends_at=ends_at,
        request_id=exchange.request_id,
        deployment=exchange.deployment,
        observed_at=exchange.started_at,
    )


def name_of(exchange: Exchange) -> str:
    """Name the operation in a sentence; a path that matches nothing known may hold identifiers."""
    return str(exchange.operation) if exchange.operation else f"A {exchange.request.method} request"
