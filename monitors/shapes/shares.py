"""In how many objects a field is null, where null is nothing new: whether that share has grown.

New objects are not like old ones (a contact is not seen before it was created), nor Sundays like
Mondays. So the objects of the first day do not count, what came lately is held against no less than
two weeks, and it has to be so day after day.
"""

from dataclasses import dataclass
from typing import Final

from monitors.shapes.chance import has_grown

USUAL_DAYS: Final = 14
"""Days that say what is usual: two of each weekday."""
IN_A_ROW: Final = 4
"""Stretches, of a day or more each: longer than a long weekend."""
LATELY: Final = 20
"""Objects in a stretch; with fewer a share says little."""
TIMES: Final = 2.0
"""A share that is not twice what it was is nobody's matter,"""
POINTS: Final = 0.1
"""nor one that grew by less than ten points."""
ABSORBED_DAYS: Final = 30
"""Days after which a change is normal: whoever has not mended it by then lives with it."""


@dataclass(slots=True)
class Share:
    """Of `of` objects `usually` were null. In the latest `raised` stretches the share was greater:
    `came` of `lately`. The stretch at hand began on `day`, after `objects` objects of which `nulls`
    were null. `looks` counts how often the share was judged, `since` is the day from which it is
    taken for grown, None where it is not."""

    day: int
    objects: int
    nulls: int
    usually: int = 0
    of: int = 0
    raised: int = 0
    came: int = 0
    lately: int = 0
    looks: int = 1
    since: int | None = None

    def look(self, objects: int, nulls: int, day: int, *, first_day: int) -> bool:
        """Judge the stretch at hand if it is long enough, and return whether it was. So many
        objects have come by `day`, with so many nulls."""
        if objects - self.objects < LATELY or day == self.day:
            return False
        self.came += nulls - self.nulls
        self.lately += objects - self.objects
        is_absorbed = self.since is not None and day - self.since > ABSORBED_DAYS
        if self._is_raised(objects, nulls, first_day) and not is_absorbed:
            self.raised += 1
            if self.since is None and self.raised >= IN_A_ROW and self._has_grown():
                self.since = day
        else:
            self.usually += self.came
            self.of += self.lately
            self.raised = self.came = self.lately = 0
            self.since = None
        self.day, self.objects, self.nulls = day, objects, nulls
        return True

    def evidence(self) -> str:
        """Say what speaks for it."""
        return (
            f"it was null in {self.usually / self.of:.0%} of {self.of} objects as they came, and "
            f"is in {self.came / self.lately:.0%} of the last {self.lately}"
        )

    def _is_raised(self, objects: int, nulls: int, first_day: int) -> bool:
        if self.day - first_day < USUAL_DAYS or not self.of:
            return False
        usual = self.usually / self.of
        share = (nulls - self.nulls) / (objects - self.objects)
        return share >= max(TIMES * usual, usual + POINTS)

    def _has_grown(self) -> bool:
        self.looks += 1
        return has_grown(
            self.came, of=self.lately, before=self.usually, of_before=self.of, look=self.looks
        )
