"""What Intercom announces about an operation's end, as one finding per operation.

Header fields of the answer and the published description are one announcement: which of them says
it first makes no other trouble. The days that are left make it more severe: a month before the end
for what somebody uses, a week for anything, and three months before it what nobody uses and only
the description speaks of is worth a word at all. Each of `COUNTDOWN` is a stage, and told once.

What consumers use and no probe asks (Intercom's one dated announcement is of a POST) is read from
the description alone: `described_ends`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from contracts.announcements import Announcement, announcement_of
from contracts.exchanges import Exchange
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from contracts.spec import Spec, SpecOperation
from contracts.standards import Reads
from contracts.workspaces import Workspace
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.countdown import (
    READ_THE_DESCRIPTION,
    THE_DESCRIPTION,
    announced,
    contradiction,
    ends,
    remedy,
    severity_of,
    stage_of,
)
from monitors.detectors.descriptions import (
    deprecated_fields,
    deprecated_parameters,
    described_announcement,
)

DESCRIBED: Final = "description"
"""Location of what a description says of an operation."""
USE: Final = "header:deprecation"
"""A location that concerns everybody who uses the operation."""


def deprecation_notices(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield one finding for everything that is said of the operation, however many say it, and one
    for each deprecated field or query parameter that somebody uses.

    Deprecation and Sunset together are one trouble: that Sunset is added later makes it more
    severe, not another one.
    """
    if exchange.response is None:
        return
    operation = _described(exchange, context)
    if operation is not None:
        yield from _fields(exchange, context, operation)
        yield from _parameters(exchange, context, operation)
    said = announcement_of(exchange.response.headers)
    told_by = said.told_by
    described = described_announcement(operation) if operation else Announcement()
    is_only_described = not said.says_something
    if is_only_described:
        said = replace(described, is_deprecated=described.says_something)
    elif said.sunset_at is None and not said.unreadable:
        said = replace(said, sunset_at=described.sunset_at)
    if not said.says_something:
        return
    now, name = exchange.started_at, name_of(exchange)
    consumers = context.readers(exchange.operation, USE)
    rule, location, observed = said.rule, said.place, "announced"
    if said.is_contradictory:
        observed = "contradictory"
        message = f"{name} {contradiction(said)}."
    elif rule == "deprecation-announced":
        by = THE_DESCRIPTION if is_only_described else f"its {told_by.capitalize()} header"
        message = f"{name} {announced(said, now, by=by)}."
    else:
        message = f"{name} {ends(said, now)}."
    if described.says_something and rule == "deprecation-announced":
        location = DESCRIBED  # that answers say so too, later on, makes no other trouble
    severity = severity_of(rule, said, now, is_used=bool(consumers))
    if is_only_described and not consumers and not stage_of(said.sunset_at, now):
        severity = Severity.INFO
    yield finding(
        rule,
        exchange,
        context,
        severity=severity,
        location=location,
        expected="absent",
        observed=observed,
        message=message,
        remedy=READ_THE_DESCRIPTION if is_only_described else remedy(said),
        certainty=Certainty.DOCUMENTED,
        consumers=consumers,
        stage=stage_of(said.sunset_at, now),
        deprecated_at=said.deprecated_at,
        ends_at=said.sunset_at,
    )


def described_ends(
    published: Spec,
    reads: Reads,
    *,
    asked: frozenset[str],
    probed: frozenset[str],
    workspace: Workspace,
    now: datetime,
) -> Iterator[Finding]:
    """Yield what a description announces of operations that somebody uses or probes and that were
    not asked now; `asked` are the identities of those whose own answers tell."""
    for operation in published.operations:
        identity = operation.operation.identity
        said = described_announcement(operation)
        if identity in asked or not said.says_something:
            continue
        consumers = reads.readers(identity, USE)
        if not consumers and identity not in probed:
            continue
        said = replace(said, is_deprecated=True)
        rule, stage = "deprecation-announced", stage_of(said.sunset_at, now)
        severity = severity_of(rule, said, now, is_used=bool(consumers))
        yield Finding(
            rule=RULES[rule],
            severity=severity if consumers or stage else Severity.INFO,
            workspace=workspace.name,
            region=workspace.region,
            version=workspace.version,
            operation=operation.operation,
            location=DESCRIBED,
            expected="absent",
            observed="announced",
            message=f"{operation.operation} {announced(said, now, by=THE_DESCRIPTION)}.",
            remedy=READ_THE_DESCRIPTION,
            consumers=consumers,
            certainty=Certainty.DOCUMENTED,
            stage=stage,
            deprecated_at=said.deprecated_at,
            ends_at=said.sunset_at,
            observed_at=now,
        )


def _described(exchange: Exchange, context: Context) -> SpecOperation | None:
    if context.published is None or exchange.operation is None:
        return None
    return context.published.spec.get(exchange.operation.identity)


def _fields(exchange: Exchange, context: Context, operation: SpecOperation) -> Iterator[Finding]:
    for location in deprecated_fields(operation):
        consumers = context.readers(exchange.operation, location)
        if not consumers:
            continue
        yield finding(
            "deprecation-announced",
            exchange,
            context,
            location=location,
            expected="absent",
            observed="announced",
            message=f"{name_of(exchange)} still has {location}, which Intercom's published "
            "description marks as deprecated.",
            remedy="Read what its description says to use instead, and move those who read it.",
            certainty=Certainty.DOCUMENTED,
            consumers=consumers,
        )


def _parameters(
    exchange: Exchange, context: Context, operation: SpecOperation
) -> Iterator[Finding]:
    """Yield the deprecated parameters that the probe sent or that the contract relies on."""
    deprecated = deprecated_parameters(operation)
    if not deprecated:
        return
    sent = {name for name, _ in parse_qsl(urlsplit(exchange.request.url).query)}
    relied = context.relied.spec.get(operation.operation.identity) if context.relied else None
    relied_on = {one.name for one in relied.parameters} if relied else set()
    for name in deprecated:
        if name not in sent | relied_on:
            continue
        user = "the probe sends" if name in sent else "the relied-upon contract has"
        yield finding(
            "deprecation-announced",
            exchange,
            context,
            location=f"query:{name}",
            expected="absent",
            observed="announced",
            message=f"{name_of(exchange)}: {user} the query parameter {name}, which Intercom's "
            "published description marks as deprecated.",
            remedy="Read what its description says to use instead, and stop sending it.",
            certainty=Certainty.DOCUMENTED,
            consumers=context.readers(exchange.operation, USE),
        )
