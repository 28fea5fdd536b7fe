"""One way an answer departs from its description, as kinds and places, never values."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

WHOLE_BODY: Final = "/"
"""Location of the whole body."""
BODY: Final = "body"
STATUS: Final = "status"
MEDIA_TYPE: Final = "media-type"
UNDOCUMENTED: Final = "schema-undocumented"

_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    int: "integer",
    list: "array",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One way an answer departs from its description.

    `location` is a pointer pattern (`/data/*/email`, `/` for the whole body), or `status`,
    `media-type`, `body`. `expected` and `observed` are kinds (`integer`, `null`, `absent`,
    `enum`...). `schema_place` names the place in a component schema
    (`conversation_statistics/time_to_assignment`) wherever that schema is used, None where the
    schema stands in the operation itself.
    """

    rule: str
    location: str
    expected: str
    observed: str
    schema_place: str | None = None
    count: int = field(default=1, compare=False)
    """How many places in the answer fall under `location`; not part of what it is."""

    @property
    def kind(self) -> str:
        """Expected and observed, as deviations name them: `integer>null`."""
        return f"{self.expected}>{self.observed}"


def kind_of(value: object) -> str:
    """Name the kind of a JSON value; `nan` for what Python's reader takes and JSON has not."""
    if isinstance(value, float):
        return "number" if math.isfinite(value) else "nan"
    return _KINDS.get(type(value), "object")


def collapse(departures: Iterable[Departure]) -> tuple[Departure, ...]:
    """Make one of those that say the same, with their number, in the order of first sight. A field
    that nobody described is one departure whatever is in it, by a kind of value rather than null.
    """
    counts: dict[Departure, int] = {}
    for departure in departures:
        counts[departure] = counts.get(departure, 0) + departure.count
    fields: dict[str, Departure] = {}
    for one in counts:
        if one.rule == UNDOCUMENTED:
            fields[one.location] = min(fields.get(one.location, one), one, key=_in_order)
    merged: dict[Departure, int] = {}
    for one, count in counts.items():
        kept = fields[one.location] if one.rule == UNDOCUMENTED else one
        merged[kept] = merged.get(kept, 0) + count
    return tuple(
        one if count == one.count else replace(one, count=count) for one, count in merged.items()
    )


def _in_order(departure: Departure) -> tuple[bool, str]:
    """By name, so that the order of a list makes no other departure; null tells least."""
    return departure.observed == "null", departure.observed
