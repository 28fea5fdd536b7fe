"""Successful answers held to what is published, to what is relied upon, and to what was usual."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from contracts.departures import MEDIA_TYPE, UNDOCUMENTED, Departure
from contracts.envelopes import is_error
from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.pointers import holders
from contracts.rules import RULES, Severity
from monitors.detectors.bodies import error_as_success, unreadable_body
from monitors.detectors.context import Context, finding
from monitors.detectors.departed import Held, Reference, remedy, sentence
from monitors.detectors.moves import Move, moves
from monitors.shapes import Change

_NEVER_BREAKING: Final = frozenset({"schema-undocumented", "schema-unresolvable"})
"""A field more hurts nobody who reads the others."""
_CALLED_NON_BREAKING: Final = frozenset({"schema-enum"})
"""Intercom adds values about once a month and calls that compatible; who reads the field should
know, and need not be woken."""

_FORESEEN: Final = frozenset({"schema-null"})
"""What no description forbids here, since it would have been named by it: consumers ought to live
with it, but have not had to so far."""


def drift(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield what departs from either reference, the same departure from both as one."""
    response = exchange.response
    if response is None or not response.is_success:
        return  # what an error answer says is read by the detectors of errors, and tolerantly
    if is_error(response):
        yield error_as_success(exchange, response, context)
        return
    held = list(_departures(exchange, context))
    body = unreadable_body(exchange, context, [one.departure for one in held])
    if body is not None:
        yield body
        if body.location != MEDIA_TYPE:
            return  # what is only labelled otherwise can be read all the same
    held = [one for one in held if not one.departure.rule.startswith("body-")]
    moved = _moved(exchange, context, [one.departure for one in held])
    for one in held:
        yield _found(exchange, context, one, moved)


def _moved(
    exchange: Exchange, context: Context, departures: Sequence[Departure]
) -> dict[str, Move]:
    """Say where what is gone seems to be now."""
    if not departures or exchange.response is None:
        return {}
    return moves(departures, exchange.response.document, told=context.renamed)


def _departures(exchange: Exchange, context: Context) -> Iterator[Held]:
    """Yield departures, one for each place and kind of observation; what is relied upon names them
    first, since it stays the same from one version of the description to the next, and what was
    usual last, since a description says more."""
    relied: list[Departure] = []
    if context.relied is not None:
        relied += context.relied.departures(exchange)
    if context.reliance is not None:
        relied += context.reliance.departures(exchange)
    published = context.published.departures(exchange) if context.published is not None else ()
    held = [Held(one, Reference.RELIED) for one in relied]
    held += [Held(one, Reference.PUBLISHED) for one in published]
    held += [_from_usual(one) for one in context.changed]
    seen: set[tuple[str, str]] = set()
    for one in held:
        is_new_field = one.departure.rule == UNDOCUMENTED
        place = one.departure.location, UNDOCUMENTED if is_new_field else one.departure.observed
        if place not in seen:
            seen.add(place)
            yield one


def _from_usual(change: Change) -> Held:
    departure = Departure(
        rule=change.rule,
        location=change.location,
        expected=change.expected,
        observed=change.observed,
    )
    return Held(departure, Reference.USUAL, change.evidence)


def _found(exchange: Exchange, context: Context, held: Held, moved: Mapping[str, Move]) -> Finding:
    departure = held.departure
    made = _made(
        exchange,
        context,
        departure,
        message=sentence(exchange, held, moved),
        remedy=remedy(departure, moved.get(departure.location)),
        consumers=_hurt(exchange, context, held),
    )
    severity = _severity(made, held, context)
    accepted = context.accepted.get(f"{departure.schema_place} {departure.kind}")
    is_partial = severity is not Severity.INFO and _is_partial(exchange, held)
    return replace(made, severity=severity, accepted=accepted, is_partial=is_partial)


def _made(
    exchange: Exchange,
    context: Context,
    departure: Departure,
    *,
    message: str,
    remedy: str = "",
    consumers: tuple[str, ...] = (),
) -> Finding:
    return finding(
        departure.rule,
        exchange,
        context,
        severity=Severity.INFO,
        location=departure.location,
        expected=departure.expected,
        observed=departure.observed,
        message=message,
        remedy=remedy,
        consumers=consumers,
    )


def _is_partial(exchange: Exchange, held: Held) -> bool:
    """Whether other objects of the answer do not show a departure from a description."""
    place, response = held.departure.location, exchange.response
    if held.reference is Reference.USUAL or "/*/" not in place or response is None:
        return False
    return held.departure.count < holders(response.document, place)


def _hurt(exchange: Exchange, context: Context, held: Held) -> tuple[str, ...]:
    """Return whom it hurts. What is relied upon says what consumers can live with: where it has no
    objection, a departure from the published description alone hurts nobody."""
    if held.departure.rule in _NEVER_BREAKING:
        return ()
    if held.reference is Reference.PUBLISHED and _has_a_say(exchange, context):
        return ()
    return context.readers(exchange.operation, held.departure.location)


def _has_a_say(exchange: Exchange, context: Context) -> bool:
    operation = exchange.operation
    if context.relied is None or operation is None:
        return False
    return context.relied.spec.get(operation.identity) is not None


def _severity(made: Finding, held: Held, context: Context) -> Severity:
    """Say how much it matters, by consequence."""
    rule = made.rule.name
    if rule in _NEVER_BREAKING:
        return Severity.INFO
    if rule in _CALLED_NON_BREAKING:
        return Severity.WARNING if made.consumers else Severity.INFO
    if held.reference is Reference.USUAL and rule in _FORESEEN:
        return RULES[rule].severity
    if made.consumers:
        return Severity.CRITICAL
    if held.reference is Reference.USUAL:
        return RULES[rule].severity
    # First sight is a census: what was so from the beginning and hurts nobody is no news.
    if context.known is None or made.cause in context.known:
        return Severity.INFO
    return RULES[rule].severity
