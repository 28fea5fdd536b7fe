"""What one run of property tests came to, ready to be rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.coverage import Coverage
from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The turn of a selected operation; `why` it was not exercised, empty where it was. `seconds`
    is what all its requests took."""

    operation: Operation
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file. `uri` is relative to where the run was started; where the file `is_outside`
    of that, it is its name alone, and no file of the user's repository."""

    uri: str
    line: int = 1
    is_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `base_url` is the host that was asked, `description` what it was held to.

    `failing` are the fingerprints of the findings that count against it, `places` where each
    finding's promise stands, by fingerprint. `coverage` is what was seen of what is documented,
    `phases` the requests by what they were sent for, `not_measured` what the host never showed that
    it does.
    """

    base_url: str
    description: str
    version: str | None
    finished_at: datetime
    findings: tuple[Finding, ...]
    operations: tuple[Turn, ...]
    requests: int
    seconds: float
    failing: frozenset[str] = frozenset()
    stopped: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)
    coverage: Coverage | None = None
    phases: Mapping[str, int] = field(default_factory=dict)
    not_measured: tuple[str, ...] = ()

    @property
    def exercised(self) -> int:
        return sum(not one.why for one in self.operations)

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """Findings that are shown and fail nothing."""
        return tuple(one for one in self.findings if one.accepted is not None)

    @property
    def open(self) -> tuple[Finding, ...]:
        """Findings that nobody accepted, by falling severity."""
        found = (one for one in self.findings if one.accepted is None)
        return tuple(sorted(found, key=lambda one: -one.severity.rank))

    @property
    def worst(self) -> Severity | None:
        return self.open[0].severity if self.open else None
