"""Successful answers held to what is published, to what is relied upon, and to what was usual."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from contracts.departures import STATUS, UNDOCUMENTED, WHOLE_BODY, Departure
from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.detectors.bodies import unreadable_body
from monitors.detectors.context import Context, finding, name_of
from monitors.shapes import Change

_NEVER_BREAKING: Final = frozenset({"schema-undocumented", "schema-unresolvable"})
"""A field more hurts nobody who reads the others."""
_CALLED_NON_BREAKING: Final = frozenset({"schema-enum"})
"""Intercom adds values about once a month and calls that compatible; who reads the field should
know, and need not be woken."""

_FORESEEN: Final = frozenset({"schema-null"})
"""What no description forbids here, since it would have been named by it: consumers ought to live
with it, but have not had to so far."""


class _Reference(Enum):
    """What an answer departs from, in words."""

    RELIED = "the relied-upon contract"
    PUBLISHED = "Intercom's published description"
    USUAL = "what was usual"


@dataclass(frozen=True, slots=True)
class _Held:
    """A departure, from what, and what speaks for it where that is not a description."""

    departure: Departure
    reference: _Reference
    evidence: str = ""


def drift(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield what departs from either reference, the same departure from both as one."""
    response = exchange.response
    if response is None or not response.is_success:
        return  # what an error answer says is read by the detectors of errors, and tolerantly
    held = list(_departures(exchange, context))
    body = unreadable_body(exchange, context, [one.departure for one in held])
    if body is not None:
        yield body
        return
    for one in held:
        if not one.departure.rule.startswith("body-"):
            yield _found(exchange, context, one)


def _departures(exchange: Exchange, context: Context) -> Iterator[_Held]:
    """Yield departures, one for each place and kind of observation; what is relied upon names them
    first, since it stays the same from one version of the description to the next, and what was
    usual last, since a description says more."""
    relied: list[Departure] = []
    if context.relied is not None:
        relied += context.relied.departures(exchange)
    if context.reliance is not None:
        relied += context.reliance.departures(exchange)
    published = context.published.departures(exchange) if context.published is not None else ()
    held = [_Held(one, _Reference.RELIED) for one in relied]
    held += [_Held(one, _Reference.PUBLISHED) for one in published]
    held += [_from_usual(one) for one in context.changed]
    seen: set[tuple[str, str]] = set()
    for one in held:
        is_new_field = one.departure.rule == UNDOCUMENTED
        place = one.departure.location, UNDOCUMENTED if is_new_field else one.departure.observed
        if place not in seen:
            seen.add(place)
            yield one


def _from_usual(change: Change) -> _Held:
    departure = Departure(
        rule=change.rule,
        location=change.location,
        expected=change.expected,
        observed=change.observed,
    )
    return _Held(departure, _Reference.USUAL, change.evidence)


def _found(exchange: Exchange, context: Context, held: _Held) -> Finding:
    departure = held.departure
    consumers = _hurt(exchange, context, held)
    made = finding(
        departure.rule,
        exchange,
        context,
        severity=Severity.INFO,
        location=departure.location,
        expected=departure.expected,
        observed=departure.observed,
        message=_sentence(exchange, held),
        consumers=consumers,
    )
    severity = _severity(made, held, context)
    accepted = context.accepted.get(f"{departure.schema_place} {departure.kind}")
    return replace(made, severity=severity, accepted=accepted)


def _hurt(exchange: Exchange, context: Context, held: _Held) -> tuple[str, ...]:
    """Return whom it hurts. What is relied upon says what consumers can live with: where it has no
    objection, a departure from the published description alone hurts nobody."""
    if held.departure.rule in _NEVER_BREAKING:
        return ()
    if held.reference is _Reference.PUBLISHED and _has_a_say(exchange, context):
        return ()
    return context.readers(exchange.operation, held.departure.location)


def _has_a_say(exchange: Exchange, context: Context) -> bool:
    operation = exchange.operation
    if context.relied is None or operation is None:
        return False
    return context.relied.spec.get(operation.identity) is not None


def _severity(made: Finding, held: _Held, context: Context) -> Severity:
    """Say how much it matters, by consequence."""
    rule = made.rule.name
    if rule in _NEVER_BREAKING:
        return Severity.INFO
    if rule in _CALLED_NON_BREAKING:
        return Severity.WARNING if made.consumers else Severity.INFO
    if held.reference is _Reference.USUAL and rule in _FORESEEN:
        return RULES[rule].severity
    if made.consumers:
        return Severity.CRITICAL
    if held.reference is _Reference.USUAL:
        return RULES[rule].severity
    # First sight is a census: what was so from the beginning and hurts nobody is no news.
    if context.known is None or made.cause in context.known:
        return Severity.INFO
    return RULES[rule].severity


def _sentence(exchange: Exchange, held: _Held) -> str:
    departure = held.departure
    reference = held.reference.value
    operation = name_of(exchange)
    if departure.location == STATUS:
        return f"{operation} was answered with {departure.observed}, which {reference} lacks."
    if held.reference is _Reference.USUAL:
        return f"{operation} {_no_longer(departure)}: {held.evidence}."
    where = "the whole body" if departure.location == WHOLE_BODY else departure.location
    times = f" in {departure.count} places" if departure.count > 1 else ""
    if departure.observed == "absent":
        return f"{operation} lacks {where}{times}: {reference} has {departure.expected} there."
    if departure.rule == "schema-undocumented":
        return f"{operation} has {where}{times}, which {reference} does not know."
    if departure.rule == "schema-enum":
        return f"{operation} has a value at {where}{times} that {reference} does not list."
    if departure.rule == "schema-unresolvable":
        return f"{operation} could not be checked at {where}: {reference} has a dangling reference."
    return (
        f"{operation} has {departure.observed} at {where}{times} where {reference} has "
        f"{departure.expected}."
    )


def _no_longer(departure: Departure) -> str:
    where = departure.location
    if departure.observed == "absent":
        return f"no longer has {where}"
    if departure.rule == "schema-undocumented":
        return f"has {where}, which is new"
    if departure.rule == "schema-enum":
        return f"has a value at {where} that never was there"
    return f"has {departure.observed} at {where} where it had {departure.expected}"
