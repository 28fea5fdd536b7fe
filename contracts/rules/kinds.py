"""What a rule is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How much it matters, in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0, 1 or 2: the order of the names is not alphabetical."""
        return _RANKS[self]


_RANKS: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class Scope(StrEnum):
    """Whose trouble it is."""

    WORKSPACE = "workspace"
    API = "api"


class Evidence(StrEnum):
    """What must have arrived for the absence of a finding to be health."""

    CONNECTION = "connection"
    """Any answer at all."""
    OPENED = "opened"
    """Any answer over a connection that was opened for it."""
    ANSWER = "answer"
    """An answer of Intercom's below 500."""
    SUCCESS = "success"
    """A 2xx answer."""
    BODY = "body"
    """A 2xx answer with JSON in which the place of the finding's parent exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of trouble."""

    name: str
    severity: Severity
    """The usual one; a finding may be more or less severe by its consequence."""
    scope: Scope
    measured_by: Evidence
    at_once: bool
    """Whether one confirmed sight opens an incident; otherwise thresholds decide."""
    meaning: str
    remedy: str
    example: str
    is_counted: bool = False
    """Whether its detector has held the thresholds to what it saw before it says more than info."""
