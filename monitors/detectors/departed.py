"""How a departure is told: from what an answer departs, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from contracts.departures import STATUS, UNDOCUMENTED, WHOLE_BODY, Departure
from contracts.exchanges import Exchange
from contracts.rules.answers import REPORT
from monitors.detectors.context import name_of
from monitors.detectors.moves import Move


class Reference(Enum):
    """What an answer departs from, in words."""

    RELIED = "the relied-upon contract"
    PUBLISHED = "Intercom's published description"
    USUAL = "what was usual"


@dataclass(frozen=True, slots=True)
class Held:
    """A departure, from what, and what speaks for it where that is not a description."""

    departure: Departure
    reference: Reference
    evidence: str = ""


def remedy(departure: Departure, move: Move | None) -> str:
    """Say what to do where something has moved; empty where the rule says it."""
    if move is None or not move.place:
        return ""
    what = "find the list at" if move.is_list else "read"
    return f"Make the consumers {what} {move.place} as well as {departure.location}, then {REPORT}."


def sentence(exchange: Exchange, held: Held, moved: Mapping[str, Move]) -> str:
    """Say what departs from what; `moved` says where it and others seem to be now."""
    departure = held.departure
    move = moved.get(departure.location)
    reference = held.reference.value
    operation = name_of(exchange)
    if departure.location == STATUS:
        return f"{operation} was answered with {departure.observed}, which {reference} lacks."
    if move is not None:
        return f"{operation} {_has_moved(held, move)}."
    if held.reference is Reference.USUAL:
        return f"{operation} {_no_longer(departure)}: {held.evidence}."
    where = "the whole body" if departure.location == WHOLE_BODY else departure.location
    times = f" in {departure.count} places" if departure.count > 1 else ""
    if departure.observed == "absent":
        has = "it" if departure.expected == "any" else f"{departure.expected} there"
        return f"{operation} lacks {where}{times}: {reference} has {has}."
    if departure.rule == UNDOCUMENTED:
        old = [place for place, move in moved.items() if move.place == departure.location]
        instead = f", it seems instead of {old[0]}" if old else ""
        return f"{operation} has {where}{times}, which {reference} does not know{instead}."
    if departure.rule == "schema-enum":
        return f"{operation} has a value at {where}{times} that {reference} does not list."
    if departure.rule == "schema-unresolvable":
        return f"{operation} could not be checked at {where}: {reference} has a dangling reference."
    return (
        f"{operation} has {departure.observed} at {where}{times} where {reference} has "
        f"{departure.expected}."
    )


def _has_moved(held: Held, move: Move) -> str:
    """Say that a field seems to be renamed, or that the envelope of a list has changed."""
    departure, reference = held.departure, held.reference.value
    old = "the whole body" if departure.location == WHOLE_BODY else departure.location
    times = f" in {departure.count} places" if departure.count > 1 else ""
    what = "the list's envelope has changed" if move.is_list else "the field seems to be renamed"
    if held.reference is Reference.USUAL:
        instead = f" and has {move.place} in its place" if move.place else ""
        return f"{_no_longer(departure)}{instead}, {what}: {held.evidence}"
    if not move.is_list:
        return f"has {move.place}{times} where {reference} has {old}: {what}"
    if move.place:
        return f"has the list at {move.place} where {reference} has it at {old}: {what}"
    if departure.observed == "absent":
        return f"lacks {old} around the list, which {reference} has there: {what}"
    return f"is answered with a bare list where {reference} has an object around it: {what}"


def _no_longer(departure: Departure) -> str:
    where = departure.location
    if departure.observed == "absent":
        return f"no longer has {where}"
    if departure.rule == UNDOCUMENTED:
        return f"has {where}, which is new"
    if departure.rule == "schema-enum":
        return f"has a value at {where} that never was there"
    return f"has {departure.observed} at {where} where it had {departure.expected}"
