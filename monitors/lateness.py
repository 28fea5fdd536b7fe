"""Which of the latest answers of an operation took longer than somebody waits.

One answer that comes too late is a spike. How many are trouble, and when it is over, is the
policy's to say (`monitors.policies`), as of any other failure that may be a blip.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from monitors.policies import HEALTHY, SEEN

REMEMBERED: Final = 100
"""Answers: the widest window that a policy may ask for."""

Lateness = Sequence[float | None]
"""By answer, oldest first: when it came, if it was late (Unix time); None where it was in time. It
begins with one that was late."""


def added(lateness: Lateness, at: float, *, is_late: bool) -> Lateness:
    """Return it with one answer more."""
    longer = [*lateness, at if is_late else None][-REMEMBERED:]
    first = next((index for index, one in enumerate(longer) if one is not None), len(longer))
    return tuple(longer[first:])


def record_of(lateness: Lateness) -> str:
    """Return it as a policy reads it."""
    return "".join(HEALTHY if one is None else SEEN for one in lateness)


def lateness_from(form: object) -> Lateness:
    """Read the stored form; what is another is forgotten."""
    lateness: Lateness = ()
    for one in form if isinstance(form, Iterable) else ():
        is_moment = isinstance(one, (int, float)) and math.isfinite(one)
        if one is not None and not is_moment:
            return ()
        lateness = added(lateness, one or 0.0, is_late=one is not None)
    return lateness
