"""The stored objects of one Intercom workspace, in the order they were made.

A record's `fields` are the sandbox's own form of it; `views` turns them into Intercom's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from sandbox.intercom.answers import Refusal
from sandbox.intercom.shapes import Shape

Fields = dict[str, Any]


@dataclass(slots=True, kw_only=True, eq=False)
class Record:
    """One stored object."""

    kind: str
    id: str
    fields: Fields
    fitted: dict[Shape, tuple[int, Any]] = field(default_factory=dict, repr=False)
    """What was last served of it, by shape, with the store's revision at the time."""

    @property
    def is_archived(self) -> bool:
        return self.fields.get("archived") is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How objects of a kind are numbered, and what is said when there is none with an id."""

    new_id: Callable[[Random, int], str]
    code: str = "not_found"
    message: str = "Resource Not Found"


def _hex(random: Random, number: int) -> str:
    """24 hexadecimal digits: 8 of time, 10 random, 6 counting."""
    return f"{0x66000000 + number * 977:08x}{random.getrandbits(40):010x}{number:06x}"


def _from(first: int) -> Callable[[Random, int], str]:
    return lambda random, number: str(first + number * 3)


KINDS: Final = {
    "contact": Kind(new_id=_hex, message="User Not Found"),
    "company": Kind(new_id=_hex, code="company_not_found", message="Company Not Found"),
    "tag": Kind(new_id=_from(9_500_001), code="not_found", message="Resource Not Found"),
    "note": Kind(new_id=_from(17_000_001)),
    "segment": Kind(new_id=_hex, message="Segment Not Found"),
    "admin": Kind(new_id=_from(991_267_001), code="admin_not_found", message="Admin not found"),
    "team": Kind(new_id=_from(814_801), code="team_not_found", message="Team not found"),
    "conversation": Kind(new_id=_from(215_470_001), code="not_found", message="Resource Not Found"),
    "part": Kind(new_id=_from(31_000_001)),
    "ticket": Kind(new_id=_from(603_001), code="ticket_not_found", message="Ticket not found"),
    "ticket_type": Kind(new_id=_from(1_201), message="Ticket type not found"),
    "ticket_state": Kind(new_id=_from(7_601)),
    "article": Kind(new_id=_from(6_871_101)),
    "collection": Kind(new_id=_from(2_511_001)),
    "internal_article": Kind(new_id=_from(7_340_001)),
    "news-item": Kind(new_id=_from(141)),
    "data_attribute": Kind(
        new_id=_from(10_870_001), code="field_not_found", message="Field not found"
    ),
    "subscription_type": Kind(new_id=_from(121)),
    "activity_log": Kind(new_id=_from(3_300_001)),
    "event": Kind(new_id=_hex),
}


NEVER: Final = -1_000_000  # Unix seconds, long before anything


class Store:
    """Every object of one workspace. `revision` counts the changes, `scrolled_at` is when the
    scroll over its companies was opened (Unix seconds)."""

    def __init__(self, random: Random, *, app_id: str) -> None:
        self.app_id = app_id
        self.random = random
        self.revision = 0
        self.scrolled_at = NEVER
        self._records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._counts = dict.fromkeys(KINDS, 0)

    def add(self, kind: str, **fields: Any) -> Record:
        """Store a new object under an id like Intercom's."""
        self._counts[kind] += 1
        identifier = KINDS[kind].new_id(self.random, self._counts[kind])
        record = Record(kind=kind, id=identifier, fields=fields)
        self._records[kind][identifier] = record
        self.revision += 1
        return record

    def change(self, record: Record, **fields: Any) -> Record:
        """Overwrite some of an object's fields."""
        record.fields.update(fields)
        self.revision += 1
        return record

    def remove(self, record: Record) -> None:
        """Delete an object, and what other objects say of it."""
        del self._records[record.kind][record.id]
        self.revision += 1
        for kind in _HOLDERS.get(record.kind, ()):
            for holder in self._records[kind].values():
                held = holder.fields.get(f"{record.kind}_ids")
                if held and record.id in held:
                    holder.fields[f"{record.kind}_ids"] = [one for one in held if one != record.id]

    def all(self, kind: str) -> list[Record]:
        """Return the objects of a kind, the oldest first."""
        return list(self._records[kind].values())

    def find(self, kind: str, identifier: object) -> Record | None:
        """Return the object of an id, which may be text or a number."""
        return self._records[kind].get(str(identifier))

    def get(self, kind: str, identifier: object) -> Record:
        """Return the object of an id; Refusal (404) where there is none."""
        record = self.find(kind, identifier)
        if record is None:
            raise Refusal(404, KINDS[kind].code, KINDS[kind].message)
        return record

    def where(self, kind: str, **fields: Any) -> Iterator[Record]:
        """Yield the objects whose fields have these values."""
        for record in self._records[kind].values():
            if all(record.fields.get(name) == value for name, value in fields.items()):
                yield record

    def linked(self, kind: str, holder: Record) -> list[Record]:
        """Return the objects of a kind that `holder` names by id."""
        found = (self.find(kind, one) for one in holder.fields.get(f"{kind}_ids", ()))
        return [record for record in found if record is not None]

    def link(self, holder: Record, record: Record) -> None:
        """Let `holder` name `record`; once is enough."""
        held = holder.fields.setdefault(f"{record.kind}_ids", [])
        if record.id not in held:
            held.append(record.id)
        self.revision += 1

    def unlink(self, holder: Record, record: Record) -> None:
        """Take `record` off `holder`; Refusal (404) where it was not there."""
        held = holder.fields.get(f"{record.kind}_ids", [])
        if record.id not in held:
            raise Refusal(404, KINDS[record.kind].code, KINDS[record.kind].message)
        held.remove(record.id)
        self.revision += 1


_HOLDERS: Final = {
    "tag": ("contact", "company", "conversation", "ticket", "article"),
    "company": ("contact",),
    "contact": ("conversation", "ticket"),
    "segment": ("contact", "company"),
}
"""Kinds that name others by id."""
