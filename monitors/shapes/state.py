"""What is learned of the answers of one operation, and the form it is stored in.

An answer is taken apart into objects. One with an `id` counts by that id, so that a contact read
ten thousand times is one; what has none counts with the object it lies in. Objects of one `type` at
one place make a group; a group knows its fields, a field its kinds of values.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Final, Self

from monitors.shapes.shares import Share

SCHEMA: Final = 2
"""The version of the stored form; a state of another version is forgotten and learned anew."""

MOST_OBJECTS: Final = 384
"""Objects told apart, those seen last: a few pages of the longest lists. One that was forgotten
counts as another when it comes again."""
MOST_GROUPS: Final = 64
MOST_FIELDS: Final = 400
"""Of all groups together; the largest answers of Intercom's, conversations, have about 200."""
MOST_VALUES: Final = 240
"""Value hashes of all fields together."""
_EVICTED: Final = 48
"""Objects that are forgotten at once, so that tidying up is rare."""

ABSENT: Final = "absent"
NULL: Final = "null"


@dataclass(slots=True)
class Seen:
    """A kind of value in a field: `integer:seconds`, `null`, `absent`, `=` and a value's hash.

    `before` and `days_before` are how many objects, and how many objects a day, had come before it
    did, and `days` on how many days before that day there were any. `times` counts objects that
    came with it, `turned` such that were seen before without. `met` are the slots of objects that
    have it, while it is young: None once it is normal. `since` is the day from which it is taken
    for a change, None where it is not.
    """

    before: int
    days_before: int
    times: int = 0
    turned: int = 0
    met: int | None = 0
    since: int | None = None
    days: int = 0


@dataclass(slots=True)
class Field:
    """A field of a group. `times` counts the objects that had a value in it, `last` is how many had
    come when one last did, on `day`."""

    location: str
    kinds: dict[str, Seen] = field(default_factory=dict)
    times: int = 0
    last: int = 0
    day: int = 0
    is_plain: bool = False
    """Whether texts are free here: their form says nothing."""
    is_open: bool = False
    """Whether there are too many values for a list of them."""
    share: Share | None = None
    """How many are null, where that is normal."""
    below: str = ""
    """Location of the items of a list."""

    def __post_init__(self) -> None:
        self.below = f"{self.location}/*"


@dataclass(slots=True)
class Group:
    """Objects of one type at one place: how many there were, on how many days each, and who; on how
    many days there were any, from `first_day` to `last_day`."""

    objects: int = 0
    object_days: int = 0
    first_day: int = 0
    days: int = 1
    last_day: int = 0
    seen: int = 0
    fields: dict[str, Field] = field(default_factory=dict)
    # Of the answer at hand only: which objects are in it, and which of them for the first time.
    answer: int = -1
    now: int = 0
    new: int = 0


@dataclass(slots=True)
class State:
    """Everything learned of one operation. `slots` say by hash where an object stands in the sets,
    those seen last at the end; `days` when it was last seen."""

    groups: dict[str, Group] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    fields: int = 0
    values: int = 0
    answers: int = 0
    """Taken since it was read."""
    changed: bool = False

    def slot_of(self, name: str, day: int) -> tuple[int, bool]:
        """Return the slot of an object, and whether this is its first sight today."""
        slot = self.slots.pop(name, None)
        if slot is None:
            if len(self.slots) >= MOST_OBJECTS:
                self._forget_oldest()
            slot = next(one for one in range(MOST_OBJECTS) if one not in self.days)
        self.slots[name] = slot
        is_first = self.days.get(slot) != day
        if is_first:
            self.days[slot] = day
            self.changed = True
        return slot, is_first

    def _forget_oldest(self) -> None:
        kept = 0
        for name in list(self.slots)[:_EVICTED]:
            slot = self.slots.pop(name)
            del self.days[slot]
            kept |= 1 << slot
        kept = ~kept
        for group in self.groups.values():
            group.seen &= kept
            for known in group.fields.values():
                for seen in known.kinds.values():
                    if seen.met:
                        seen.met &= kept

    def as_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {
            "schema": SCHEMA,
            "objects": [[name, slot, self.days[slot]] for name, slot in self.slots.items()],
            "groups": {key: _group_as_json(group) for key, group in self.groups.items()},
        }

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is not one of this version is an empty state."""
        if not isinstance(form, Mapping) or form.get("schema") != SCHEMA:
            return cls()
        groups = {key: _group_from_json(stored) for key, stored in form["groups"].items()}
        fields = [known for group in groups.values() for known in group.fields.values()]
        return cls(
            groups=groups,
            slots={name: slot for name, slot, _ in form["objects"]},
            days={slot: day for _, slot, day in form["objects"]},
            fields=len(fields),
            values=sum(kind.startswith("=") for known in fields for kind in known.kinds),
        )


def _group_as_json(group: Group) -> list[object]:
    fields = {
        name: [
            known.location,
            known.times,
            known.last,
            known.day,
            int(known.is_plain) + 2 * int(known.is_open),
            {kind: _seen_as_json(seen) for kind, seen in known.kinds.items()},
            *([list(astuple(known.share))] if known.share else []),
        ]
        for name, known in group.fields.items()
    }
    days = [group.first_day, group.days, group.last_day]
    return [group.objects, group.object_days, days, f"{group.seen:x}", fields]


def _seen_as_json(seen: Seen) -> object:
    """A count where that is all, which is so of nearly everything."""
    if seen.met is None and seen.since is None and not seen.before:
        return seen.times
    met = None if seen.met is None else f"{seen.met:x}"
    return [seen.before, seen.days_before, seen.times, seen.turned, met, seen.since, seen.days]


def _group_from_json(stored: Any) -> Group:
    objects, object_days, (first_day, days, last_day), seen, fields = stored
    return Group(
        objects=objects,
        object_days=object_days,
        first_day=first_day,
        days=days,
        last_day=last_day,
        seen=int(seen, 16),
        fields={name: _field_from_json(form) for name, form in fields.items()},
    )


def _field_from_json(stored: Any) -> Field:
    location, times, last, day, flags, kinds, *share = stored
    return Field(
        location=location,
        times=times,
        last=last,
        day=day,
        is_plain=bool(flags & 1),
        is_open=bool(flags & 2),
        kinds={kind: _seen_from_json(form) for kind, form in kinds.items()},
        share=Share(*share[0]) if share else None,
    )


def _seen_from_json(stored: Any) -> Seen:
    if isinstance(stored, int):
        return Seen(0, 0, stored, met=None)
    before, days_before, times, turned, met, since, days = stored
    slots = None if met is None else int(met, 16)
    return Seen(before, days_before, times, turned, slots, since, days)
