"""How the relied-upon contract and a published description disagree, and which of it is meant.

`contracts/differences.yaml` is the short list of what is meant, each with its evidence.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from contracts.documents import read_document
from contracts.errors import SpecError

DIFFERENCES: Final = Path(__file__).with_name("differences.yaml")


class Kind(StrEnum):
    """How the two disagree."""

    MISSING = "missing"
    """Ours has it, theirs does not."""
    NARROWER = "narrower"
    """Theirs allows in an answer what ours would call a departure."""
    WIDER = "wider"
    """Ours allows what theirs does not."""
    REQUIRED = "required"
    """Theirs requires in a request what ours does not send."""
    STALE = "stale"
    """A stated difference that does not occur any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One disagreement.

    `place` is where our contract says it: an operation (`GET /contacts`), something of one
    (`GET /contacts query:per_page`), or a place in a component schema (`Contact/email`).
    `operation` and `location` are the first operation and pointer pattern where it shows.
    """

    place: str
    kind: Kind
    operation: str
    location: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return (
            f"{self.place} ({self.operation}, {self.location}): {self.kind}; "
            f"ours {self.ours}, theirs {self.theirs}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A disagreement that is meant. `place` may hold `*`; no `versions` means every one."""

    place: str
    kind: Kind
    evidence: str
    versions: frozenset[str] = frozenset()

    def applies_to(self, version: str | None) -> bool:
        return not self.versions or version in self.versions

    def explains(self, found: Disagreement) -> bool:
        return self.kind == found.kind and fnmatchcase(found.place, self.place)


def read_differences(path: Path = DIFFERENCES) -> tuple[Difference, ...]:
    """Read the stated differences; SpecError with file and line where one is malformed."""
    document = read_document(path)
    if not isinstance(document.value, list):
        raise SpecError(f"{path}: not a list of differences.")
    found = []
    for index, entry in enumerate(document.value):
        try:
            places = entry["place"] if isinstance(entry["place"], list) else [entry["place"]]
            found += [
                Difference(
                    place=str(place),
                    kind=Kind(entry["kind"]),
                    evidence=str(entry["evidence"]),
                    versions=frozenset(entry.get("versions", ())),
                )
                for place in places
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SpecError(
                f"{path}:{document.line(index)}: a difference needs `place` (one or several), "
                "`kind` (missing, narrower, wider or required) and `evidence`."
            ) from None
    return tuple(found)
