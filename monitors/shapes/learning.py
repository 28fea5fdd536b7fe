"""Learn the shape of an operation's answers, and say what has changed in it.

Learning and judging are one walk. A kind of value that was there with the first object of its group
is normal; one that comes later is young, and is counted by distinct objects until `chance` says
that it is a change, or there have been so many without that it is normal as well. There is no
learning phase: the tests themselves say when there is enough.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from contracts.explanation import is_field_name
from contracts.pointers import escape
from monitors.shapes.chance import has_appeared, has_vanished
from monitors.shapes.changes import Change, change_of
from monitors.shapes.kinds import PLAIN, SAYS_NOTHING, base_of, kind_of
from monitors.shapes.shares import ABSORBED_DAYS, Share
from monitors.shapes.state import (
    ABSENT,
    MOST_FIELDS,
    MOST_GROUPS,
    MOST_VALUES,
    NULL,
    Field,
    Group,
    Seen,
    State,
)

SETTLED: Final = 40
"""Objects with something young after which it is normal, if nothing said that it is a change."""
AS_OLD: Final = 4
"""How many times as many objects have come since something as before it, when it is normal: the
beginning of what is known, not a change."""
WAIT_DAYS: Final = 1
"""Days after its last sight before a sparse field may be gone: whole batches lack it, of one
import say, and are over with the day."""
MOST_OF_A_LIST: Final = 16
"""Values a field may have to be a list of them (an enum); more are free."""
LONGEST_VALUE: Final = 40
"""Characters; the longest value in a published enum has 39."""
DEEPEST: Final = 12
"""Objects inside one another; Intercom's stay under eight."""
# Keys of these are a customer's, and values: what comes and goes there is no drift. All that the
# published descriptions open.
_CUSTOMERS_OWN: Final = frozenset(
    {
        "attributes",
        "changes",
        "collected_data",
        "custom_attributes",
        "metadata",
        "ticket_attributes",
    }
)
_CUSTOMERS_IDS: Final = frozenset({"company_id", "external_id", "user_id"})
"""Texts that a customer's own system chooses: their form is no promise of Intercom's."""
_OTHER_TYPES: Final = "*"
_MOST_TYPES: Final = 12  # groups at one place; more types share one
_ROOT_OBJECTS_A_DAY: Final = 8  # an envelope has no id: so many of a day are told apart
_REMEMBERED: Final = 4096  # hashes kept in memory: types and listed values come again and again

Hash = Callable[[str], str]


def keyed_hash(key: str) -> Hash:
    """Return a hash that nobody without `key` can guess values from; 32 bits tell a few hundred
    objects apart."""
    keyed = hashlib.blake2b(key=key.encode()[:64], digest_size=4)

    @lru_cache(maxsize=_REMEMBERED)
    def hashed(text: str) -> str:
        copy = keyed.copy()  # the key is worked in once
        copy.update(text.encode("utf-8", "surrogatepass"))
        return copy.hexdigest()

    return hashed


def digest(body: bytes, *, key: str) -> str:
    """Hash a whole answer, so that nobody without `key` can guess what is in it."""
    return hashlib.blake2b(body, key=key.encode()[:64], digest_size=16).hexdigest()


def learn(state: State, document: object, *, day: int, hashed: Hash) -> tuple[Change, ...]:
    """Take the JSON of a successful answer of `day` (any running number of days) into `state`, and
    return what in it has changed. Never raises, whatever JSON it is."""
    walk = _Walk(state, day, hashed)
    if isinstance(document, dict):
        slot, is_first = _root_slot(state, document, day, hashed)
        walk.take_object(document, "", 1 << slot, is_first, 0)
    elif isinstance(document, list):
        walk.take_items(document, "/*", None, 0)
    return walk.changes()


def _root_slot(state: State, document: dict[str, Any], day: int, hashed: Hash) -> tuple[int, bool]:
    """Tell one whole answer from another: by its id, or else by the day and what it lists."""
    name = _id_of(document)
    if name is None:
        listed = [
            str(_id_of(item))
            for items in document.values()
            if isinstance(items, list)
            for item in items
            if isinstance(item, dict)
        ]
        part = int(hashed(" ".join(listed)), 16) % _ROOT_OBJECTS_A_DAY
        name = f"{day} {part}"
    return state.slot_of(hashed(f" {name}"), day)


def _id_of(value: dict[str, Any]) -> str | None:
    found = value.get("id")
    return str(found) if isinstance(found, str) or type(found) is int else None


class _Walk:
    """One answer. `bit` is an object's place in the sets, `is_first` whether it was not seen today
    before."""

    def __init__(self, state: State, day: int, hashed: Hash) -> None:
        self._state = state
        self._day = day
        self._hashed = hashed
        state.answers += 1
        self._answer = state.answers
        self._met: dict[tuple[int, str], tuple[Group, Field, str]] = {}

    def take_object(
        self, value: dict[str, Any], place: str, bit: int, is_first: bool, depth: int
    ) -> None:
        group = self._group(place, value.get("type"))
        if group is None or depth > DEEPEST:
            return
        is_new = self._enter(group, bit, is_first)
        fields = group.fields
        for name, item in value.items():
            known = fields.get(name) or self._add_field(group, place, name)
            if known is None:
                continue
            if item is None:
                self._meet(group, known, NULL, bit, is_new)
                self._lose(group, known, NULL, is_new)
                self._weigh(group, known)
                continue
            if known.last != group.objects or known.day != self._day:
                if is_new and known.last != group.objects:
                    known.times += 1
                known.last = group.objects
                known.day = self._day
                self._state.changed = True
            kind = kind_of(item, is_plain=known.is_plain)
            seen = known.kinds.get(kind)
            if seen is None or seen.met is not None:
                self._meet(group, known, kind, bit, is_new)
            elif is_new:  # what is normal is most of all there is
                seen.times += 1
            if kind == "object":
                if name not in _CUSTOMERS_OWN:
                    own = _id_of(item)
                    if own is None:
                        self.take_object(item, known.location, bit, is_first, depth + 1)
                    else:
                        self._take_identified(item, own, known.location, depth + 1)
            elif type(item) is list:
                self.take_items(item, known.below, (bit, is_first), depth + 1)
            elif not known.is_open and type(item) is str:
                self._meet_value(group, known, name, item, bit, is_new)
        if len(fields) > len(value):
            for name in fields.keys() - value.keys():
                self._miss(group, fields[name], bit, is_new)

    def take_items(
        self, items: list[Any], place: str, owner: tuple[int, bool] | None, depth: int
    ) -> None:
        for item in items:
            if type(item) is not dict:
                continue
            own = _id_of(item)
            if own is not None:
                self._take_identified(item, own, place, depth)
            elif owner is not None:
                self.take_object(item, place, owner[0], owner[1], depth)

    def changes(self) -> tuple[Change, ...]:
        """Return what was met that is taken for a change, each once."""
        found: dict[tuple[str, str, str], Change] = {}
        for group, known, kind in self._met.values():
            change = change_of(group, known, kind)
            if change is not None:
                found.setdefault((change.rule, change.location, change.observed), change)
        return tuple(found.values())

    def _take_identified(self, item: dict[str, Any], own: str, place: str, depth: int) -> None:
        slot, is_first = self._state.slot_of(self._hashed(f"{place} {own}"), self._day)
        self.take_object(item, place, 1 << slot, is_first, depth)

    def _group(self, place: str, named: object) -> Group | None:
        groups = self._state.groups
        key = f"{place} {self._hashed(named)}" if type(named) is str and place else place
        group = groups.get(key)
        if group is None:
            if key != place and sum(one.startswith(f"{place} ") for one in groups) >= _MOST_TYPES:
                key = f"{place} {_OTHER_TYPES}"
                if key in groups:
                    return groups[key]
            if len(groups) >= MOST_GROUPS:
                return None
            group = groups[key] = Group(first_day=self._day, last_day=self._day)
        return group

    def _enter(self, group: Group, bit: int, is_first: bool) -> bool:
        """Count an object once for each answer; return whether its group never saw it before."""
        if group.answer != self._answer:
            group.answer, group.now, group.new = self._answer, 0, 0
        if not group.now & bit:
            group.now |= bit
            if not group.seen & bit:
                group.seen |= bit
                group.new |= bit
                group.objects += 1
                self._state.changed = True
            if is_first:
                group.object_days += 1
            if group.last_day != self._day:
                group.last_day = self._day
                group.days += 1
                self._state.changed = True
        return bool(group.new & bit)

    def _add_field(self, group: Group, place: str, name: str) -> Field | None:
        if self._state.fields >= MOST_FIELDS or not is_field_name(name, place):
            return None
        self._state.fields += 1
        known = group.fields[name] = Field(
            location=f"{place}/{escape(name)}", is_plain=name in _CUSTOMERS_IDS
        )
        if group.objects > 1:  # those before had it not, and that was normal
            known.kinds[ABSENT] = Seen(0, 0, group.objects - 1, met=None)
        return known

    def _meet(self, group: Group, known: Field, kind: str, bit: int, is_new: bool) -> None:
        """Take one kind of value in one field of one object."""
        seen = known.kinds.get(kind)
        if seen is None:
            seen = self._add_kind(group, known, kind, is_new)
        met = seen.met
        if met is None:
            if is_new:
                seen.times += 1
            return
        if not met & bit:
            seen.met = met | bit
            self._state.changed = True
            if is_new:
                seen.times += 1
            else:
                seen.turned += 1
            self._judge(group, known, kind, seen)
        if seen.since is not None:
            self._met[id(known), kind] = group, known, kind

    def _add_kind(self, group: Group, known: Field, kind: str, is_new: bool) -> Seen:
        before = group.objects - is_new  # an object that turned was there without
        seen = known.kinds[kind] = Seen(before, group.object_days - 1, days=group.days - 1)
        self._state.changed = True
        if before < 1:
            self._settle(known, kind, seen)
        return seen

    def _judge(self, group: Group, known: Field, kind: str, seen: Seen) -> None:
        if seen.since is not None:
            if self._day - seen.since > ABSORBED_DAYS:
                self._settle(known, kind, seen)
            return
        since = group.objects - seen.before
        if has_appeared(seen.times, before=seen.before, since=max(since, seen.times)):
            seen.since = self._day
        elif kind != "null" and not kind.startswith("="):
            # Values are edited, also many at once; that a field loses its type is no one's edit.
            days = max(group.object_days - seen.days_before, seen.turned)
            if has_appeared(seen.turned, before=seen.days_before, since=days):
                seen.since = self._day
        is_usual = seen.times + seen.turned >= SETTLED or since > AS_OLD * seen.before
        if seen.since is None and is_usual:
            self._settle(known, kind, seen)

    def _settle(self, known: Field, kind: str, seen: Seen) -> None:
        seen.met = seen.since = None
        # A count is all that is stored from here.
        seen.before = seen.days_before = seen.turned = seen.days = 0
        if kind in (ABSENT, NULL):
            known.times = 0  # it is missed only after it came again
        forms = [one for one in known.kinds if base_of(one) == "string"]
        normal = [one for one in forms if known.kinds[one].met is None]
        told = [one for one in normal if one not in SAYS_NOTHING]
        if PLAIN in normal or len(told) > 1:
            known.is_plain = True

    def _meet_value(
        self, group: Group, known: Field, name: str, value: str, bit: int, is_new: bool
    ) -> None:
        """Take a value into the list of values, while it looks like one."""
        if name == "id" or name.endswith("_id") or len(value) > LONGEST_VALUE:
            self._open(known)
            return
        kind = f"={self._hashed(value)}"
        if kind not in known.kinds:
            listed = sum(one.startswith("=") for one in known.kinds)
            if listed >= MOST_OF_A_LIST or self._state.values >= MOST_VALUES:
                self._open(known)
                return
            self._state.values += 1
        self._meet(group, known, kind, bit, is_new)

    def _open(self, known: Field) -> None:
        listed = [one for one in known.kinds if one.startswith("=")]
        for one in listed:
            del known.kinds[one]
        self._state.values -= len(listed)
        known.is_open = True

    def _miss(self, group: Group, known: Field, bit: int, is_new: bool) -> None:
        """Take the absence of a field."""
        self._meet(group, known, ABSENT, bit, is_new)
        self._lose(group, known, ABSENT, is_new)

    def _weigh(self, group: Group, known: Field) -> None:
        """Judge by how many objects are null, where null is normal."""
        nulls, share = known.kinds[NULL], known.share
        if nulls.met is not None or nulls.since is not None:
            return
        if share is None:
            if self._day > group.first_day:
                known.share = Share(self._day, group.objects, nulls.times)
                self._state.changed = True
            return
        if share.look(group.objects, nulls.times, self._day, first_day=group.first_day):
            self._state.changed = True
        if share.since is not None:
            self._met[id(known), NULL] = group, known, NULL

    def _lose(self, group: Group, known: Field, kind: str, is_new: bool) -> None:
        """Judge by how long a field has had no value, where having none is normal: `kind` is how it
        has none now."""
        seen = known.kinds[kind]
        if seen.met is not None:
            return
        if seen.since is None:
            wait = group.objects - known.last
            if (
                not is_new
                or self._day - known.day < WAIT_DAYS
                or not has_vanished(known.times, of=group.objects, since=wait)
            ):
                return
            seen.since, seen.before = self._day, group.objects
        elif known.last >= seen.before:  # there was a value again
            seen.since, seen.before = None, 0
            self._state.changed = True
            return
        elif self._day - seen.since > ABSORBED_DAYS:
            self._settle(known, kind, seen)
            return
        self._met[id(known), kind] = group, known, kind
