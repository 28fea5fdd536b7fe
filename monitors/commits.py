"""Which commits Intercom was seen to run (`x-intercom-version`), and which came with an onset."""

from dataclasses import dataclass
from typing import Any, Final, Self

BEFORE: Final = 1800.0
"""Seconds. A new deployment reaches all servers within minutes; a cause comes before its effect."""
AFTER: Final = 1800.0
"""Seconds. It may first be seen with the next probe, and the onset is known to half an hour."""
REMEMBERED: Final = 64
"""Commits. Intercom deploys many times a day; old and new ones answer side by side for a while."""
DAY: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A commit first seen at `at` (Unix time); `in_a_day` are the changes of the 24 h until then,
    it among them: of one among many, coming together with an onset proves little."""

    commit: str
    at: float
    in_a_day: int


class Commits:
    """The commits one Intercom workspace was answered by, by when they were first seen."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, str]] = []

    def take(self, at: float, commit: str | None) -> bool:
        """Note which commit answered; return whether it is new."""
        is_new = bool(commit) and all(commit != one for _, one in self._seen)
        if commit and is_new:
            self._seen = [*self._seen[-REMEMBERED + 1 :], (at, commit)]
        return is_new

    def at_onset(self, since: float) -> Deployment | None:
        """Return the change nearest to the onset; the first commit ever seen is no change."""
        changes = self._seen[1:]
        near = [one for one in changes if since - BEFORE <= one[0] <= since + AFTER]
        if not near:
            return None
        at, commit = min(near, key=lambda one: abs(one[0] - since))
        recent = sum(at - DAY < one <= at for one, _ in changes)
        return Deployment(commit=commit, at=at, in_a_day=recent)

    def as_json(self) -> list[Any]:
        """Return the stored form."""
        return [[at, commit] for at, commit in self._seen]

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is another is forgotten."""
        known = cls()
        try:
            known._seen = [(float(at), str(commit)) for at, commit in form]  # type: ignore[attr-defined]
        except (TypeError, ValueError):
            return cls()
        return known
