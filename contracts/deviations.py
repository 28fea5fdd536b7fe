"""The ledger of departures that are accepted on purpose: which, why, and until when.

An entry names a cause, or a place in a component schema and a kind, so that `integer>null` accepted
does not hide `integer>string`. After its end it accepts nothing any more: somebody has to look.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from contracts.documents import Document, read_document
from contracts.errors import ConfigurationError, SpecError

PACKAGED: Final = Path(__file__).with_name("deviations.yaml")
"""Intercom's known mistakes: what the published descriptions say wrongly and live answers show."""

_KEYS: Final = ("cause", "place", "kind", "reason", "link", "until", "seen")
_CAUSE: Final = re.compile(r"v1:[0-9a-f]{16}\Z")
_PLACE: Final = re.compile(r"[^\s/]+(/[^\s/]+)*\Z")
_KIND: Final = re.compile(r"[^\s>]+>[^\s>]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One entry of a ledger.

    `keys` are what it accepts: causes (`v1:…`), or `place kind` (`contact/email string>null`)
    wherever that component schema is used. `until` is its last day. `link` is what Intercom was
    told, or where it was seen; `seen` is what a cause stands for, in words. `where` is its
    `file:line`.
    """

    keys: tuple[str, ...]
    reason: str
    until: date
    link: str = ""
    seen: str = ""
    where: str = ""

    def is_in_force(self, today: date) -> bool:
        return today <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The entries of all files, the user's own last."""

    deviations: tuple[Deviation, ...] = ()

    def accepted(self, today: date) -> dict[str, str]:
        """Return why each key in force is accepted; of two entries the later one speaks."""
        return {
            key: one.reason for one in self.deviations if one.is_in_force(today) for key in one.keys
        }

    def expired(self, today: date) -> tuple[Deviation, ...]:
        """Return the entries that accept nothing any more, less those that were renewed."""
        renewed = self.accepted(today)
        return tuple(
            one
            for one in self.deviations
            if not one.is_in_force(today) and not all(key in renewed for key in one.keys)
        )


def read_ledger(*paths: Path) -> Ledger:
    """Read ledgers one after another; a file that does not exist holds no entry.

    Raises ConfigurationError with file, line and remedy.
    """
    found: list[Deviation] = []
    for path in paths:
        if not path.exists():
            continue
        try:
            document = read_document(path)
        except SpecError as error:
            if _is_empty(path):
                continue
            raise ConfigurationError(str(error)) from None
        found += parse_deviations(document)
    return Ledger(deviations=tuple(found))


def parse_deviations(document: Document) -> tuple[Deviation, ...]:
    """Read the entries of a ledger; ConfigurationError with file, line and remedy."""
    if document.value is None:
        return ()
    if not isinstance(document.value, list):
        raise ConfigurationError(
            f"{document.source}:1: a ledger is a list of entries such as `- cause: v1:…`."
        )
    return tuple(
        _entry(entry, f"{document.source}:{document.line(index) or 1}")
        for index, entry in enumerate(document.value)
    )


def _is_empty(path: Path) -> bool:
    """Whether nothing but comments is left of a file; YAML has no document then."""
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)


def _entry(entry: object, where: str) -> Deviation:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where}: an entry is a mapping with {', '.join(_KEYS[:6])}.")
    for key in entry:
        if key not in _KEYS:
            near = get_close_matches(str(key), _KEYS, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(_KEYS)}."
            raise ConfigurationError(f"{where}: an entry has no `{key}`: {hint}")
    return Deviation(
        keys=_keys_of(entry, where),
        reason=_text(entry, "reason", where, "say why it is accepted"),
        until=_day(entry, where),
        link=_optional(entry, "link", where),
        seen=_optional(entry, "seen", where),
        where=where,
    )


def _keys_of(entry: Mapping[str, object], where: str) -> tuple[str, ...]:
    if ("cause" in entry) == ("place" in entry):
        raise ConfigurationError(
            f"{where}: an entry has either `cause:` (as a finding shows it) or `place:` with "
            "`kind:`."
        )
    if "cause" in entry:
        return _each(entry, "cause", _CAUSE, where, "v1: and 16 hex digits")
    places = _each(entry, "place", _PLACE, where, "a component and a place, such as contact/email")
    kinds = _each(entry, "kind", _KIND, where, "what is documented > what is seen: string>null")
    return tuple(f"{place} {kind}" for place in places for kind in kinds)


def _each(
    entry: Mapping[str, object], key: str, form: re.Pattern[str], where: str, meaning: str
) -> tuple[str, ...]:
    value = entry.get(key)
    values = value if isinstance(value, list) else [value]
    for one in values:
        if not isinstance(one, str) or not form.match(one):
            raise ConfigurationError(f"{where}: `{key}` is {meaning}; it says {one!r}.")
    if not values:
        raise ConfigurationError(f"{where}: `{key}` is {meaning}; the list is empty.")
    return tuple(dict.fromkeys(values))


def _day(entry: Mapping[str, object], where: str) -> date:
    written = _text(entry, "until", where, "name its last day, so that somebody looks again")
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ConfigurationError(
            f"{where}: `until` is a day such as 2027-06-30; it says {written!r}."
        ) from None


def _text(entry: Mapping[str, object], key: str, where: str, remedy: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{where}: an entry needs `{key}`, as text: {remedy}.")
    return " ".join(value.split())


def _optional(entry: Mapping[str, object], key: str, where: str) -> str:
    return _text(entry, key, where, "leave it out or fill it in") if key in entry else ""
