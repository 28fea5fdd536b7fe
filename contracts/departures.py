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
    """Make one of those that say the same, with their number, in the order of first sight."""
    counts: dict[Departure, int] = {}
    for departure in departures:
        counts[departure] = counts.get(departure, 0) + departure.count
    return tuple(
        departure if count == departure.count else replace(departure, count=count)
        for departure, count in counts.items()
    )
