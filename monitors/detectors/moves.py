"""What came in the place of what is gone: a field renamed, another envelope around a list.

It is said with a finding and never makes one: which departures there are, and what identifies them,
does not depend on what looks like a move.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.departures import UNDOCUMENTED, WHOLE_BODY, Departure
from contracts.explanation import is_field_name
from contracts.pointers import escape

_ABSENT: Final = "absent"
_SHORTEST: Final = 3
"""Characters of a word that says something of a field: `id` and `at` stand in dozens of names."""
_WORDS: Final = re.compile(r"[_-]|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Move:
    """Where something is now; `is_list` says that it is the list of the answer, whose envelope has
    changed. `place` is empty where the list itself is where it was."""

    place: str
    is_list: bool = False


def moves(
    departures: Sequence[Departure], document: Any, *, told: Callable[[str], str]
) -> dict[str, Move]:
    """Return, by the location of what departs, where it is now as far as one can tell.

    `told` says so by what came when it went, as earlier answers show. Where they do not, a field of
    the same type in as many of the same objects is meant if the names are alike, or if it is the
    list of the answer, and if no third one could be meant.
    """
    gone = [one for one in departures if one.observed == _ABSENT]
    came = [
        one
        for one in departures
        if one.rule == UNDOCUMENTED
        and one.observed != "null"
        and not one.location.endswith("/*")  # a key that is not shown
    ]
    found = {one.location: Move(now) for one in gone if (now := told(one.location))}
    for is_meant in (_are_alike, _is_list):
        left = [one for one in gone if one.location not in found]
        taken = {move.place for move in found.values()}
        free = [one for one in came if one.location not in taken]
        found |= _pairs(left, free, is_meant)
    envelopes = {one.location: move for one in departures if (move := _envelope(one, document))}
    lists = {one.location for one in gone if _is_of_the_answer(one)}
    return envelopes | {
        place: Move(move.place, is_list=place in lists) for place, move in found.items()
    }


def _pairs(
    gone: Iterable[Departure],
    came: Sequence[Departure],
    is_meant: Callable[[Departure, Departure], bool],
) -> dict[str, Move]:
    """Pair what is gone with what came, where neither has another partner."""
    partners = {
        one.location: [
            other.location for other in came if _fits(one, other) and is_meant(one, other)
        ]
        for one in gone
    }
    wanted = [place for places in partners.values() for place in places]
    return {
        place: Move(places[0])
        for place, places in partners.items()
        if len(places) == 1 and wanted.count(places[0]) == 1
    }


def _fits(gone: Departure, came: Departure) -> bool:
    """Whether it is of the same type, in the same objects and in as many of them."""
    kinds = gone.expected.split("|")
    kind = "number" if came.observed == "integer" and "number" in kinds else came.observed
    return (
        gone.location.rpartition("/")[0] == came.location.rpartition("/")[0]
        and gone.count == came.count
        and (kind in kinds or (kind == "string" and "enum" in kinds))
    )


def _are_alike(gone: Departure, came: Departure) -> bool:
    """Whether the names have a word in common, or one holds the other."""
    old, new = (one.location.rpartition("/")[2] for one in (gone, came))
    if len(old) > _SHORTEST < len(new) and (old in new or new in old):
        return True
    words = ({part.lower() for part in _WORDS.split(name)} for name in (old, new))
    return any(len(word) >= _SHORTEST for word in set.intersection(*words))


def _is_list(gone: Departure, came: Departure) -> bool:
    return _is_of_the_answer(gone)


def _is_of_the_answer(gone: Departure) -> bool:
    """Whether the list of the answer is gone, and not one of an object in it."""
    return gone.location.count("/") == 1 and "array" in gone.expected.split("|")


def _envelope(departure: Departure, document: Any) -> Move | None:
    """Return where the list of an answer is that has another envelope than expected."""
    expected, observed, place = departure.expected, departure.observed, departure.location
    if (place, observed) == (WHOLE_BODY, "array") and expected == "object":
        return Move("", is_list=True)
    if observed == "object" and expected == "array":
        steps = [] if place == WHOLE_BODY else place.split("/")[1:]
        value = document
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        inside = _only_list(value, "" if place == WHOLE_BODY else place)
        return Move(inside, is_list=True) if inside else None
    if observed != _ABSENT or not isinstance(document, dict):
        return None
    if _is_of_the_answer(departure):
        below = [
            inside
            for name, value in document.items()
            if is_field_name(name, "") and (inside := _only_list(value, f"/{escape(name)}"))
        ]
        return Move(below[0], is_list=True) if len(below) == 1 else None
    if place == "/type" and _only_list(document, ""):
        return Move("", is_list=True)
    return None


def _only_list(value: Any, place: str) -> str:
    """Return the place of the one list in an object; empty where there is none, or several."""
    if not isinstance(value, dict):
        return ""
    names = [name for name, item in value.items() if isinstance(item, list)]
    if len(names) != 1 or not is_field_name(names[0], place):
        return ""
    return f"{place}/{escape(names[0])}"
