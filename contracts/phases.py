"""The phases of a run of property tests, and the kinds of data that it sends, by their names."""

from collections.abc import Iterable
from enum import StrEnum

from contracts.errors import ConfigurationError


class Phase(StrEnum):
    """What a run does after it has asked every operation once, plainly; in this order. All but the
    first are called as Schemathesis calls them."""

    BEHAVIOUR = "behaviour"
    """Our own checks over several answers: pages, searches, filters, order, tokens."""
    STATEFUL = "stateful"
    """Create, read, update, archive, delete, read again: where writes are allowed."""
    EXAMPLES = "examples"
    """What the description shows as examples."""
    COVERAGE = "coverage"
    """Every documented parameter, value of an enum and boundary, one at a time."""
    FUZZING = "fuzzing"
    """Random data that the description allows."""


EVERY_PHASE = frozenset(Phase)
GENERATED = frozenset({Phase.EXAMPLES, Phase.COVERAGE, Phase.FUZZING})
"""Those whose questions Schemathesis makes."""


class Mode(StrEnum):
    """Which data is sent, in Schemathesis's words: what the description allows, what it forbids, or
    both."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    ALL = "all"

    @property
    def sends_negative(self) -> bool:
        return self is not Mode.POSITIVE


def phases_named(names: Iterable[str]) -> frozenset[Phase]:
    """Return the phases of these names. Raises ConfigurationError for one that nobody knows."""
    found = set()
    for name in names:
        try:
            found.add(Phase(name.strip().lower()))
        except ValueError:
            raise ConfigurationError(
                f"{name.strip()!r} is no phase: choose from {', '.join(Phase)}."
            ) from None
    return frozenset(found)
