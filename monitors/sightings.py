"""What a pass says of an incident: seen again and where, well, accepted, pausing, usual now, or not
measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from contracts.findings import Finding
from contracts.rules import Severity
from monitors.grouping import key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The cause was seen. `workspaces` and `operations` (as shown) are where; `confirmed` is
    False where the same pass also saw it not: then nothing is certain at once.

    `record` is that of the workspace where it is worst, this sight at its end; None where the
    incident's own goes on. `is_wide` says that too many workspaces see it for a coincidence. `key`
    names the incident where that is not what its finding alone says.
    """

    finding: Finding
    workspaces: tuple[str, ...]
    operations: tuple[str, ...] = ()
    confirmed: bool = True
    causes: tuple[str, ...] = ()
    record: str | None = None
    is_wide: bool = False
    key: str = ""
    well: tuple[str, ...] = ()
    """Operations that were asked in these workspaces and do not have it, where that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """It would have been seen, and was not; `record` as in a `Sighting`."""

    record: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """It was seen, and is accepted on purpose."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """It is not there now, and may come back: that is no end of what people were told of."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """It did not go away, and is taken for usual now."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """Nothing arrived that could have shown it."""

    why: str = field(default="", compare=False)


Observed = Sighting | Healthy | Accepted | Paused | Settled | NotMeasured


def merge(sightings: Iterable[Sighting]) -> dict[str, Sighting]:
    """Make one sighting of those of one incident, by key: the most severe finding, everywhere it
    was seen. What is accepted or only noted in one workspace says nothing of another."""
    merged: dict[str, Sighting] = {}
    for sighting in sightings:
        key = key_of(sighting.finding)
        other = merged.get(key)
        if other is None or not counts(other.finding):
            merged[key] = sighting
            continue
        if not counts(sighting.finding):
            continue
        worse = max(other, sighting, key=lambda one: _badness(one.finding))
        consumers = dict.fromkeys((*other.finding.consumers, *sighting.finding.consumers))
        merged[key] = Sighting(
            finding=replace(
                worse.finding,
                consumers=tuple(consumers),
                operations=united(other.finding.operations, sighting.finding.operations),
            ),
            workspaces=united(other.workspaces, sighting.workspaces),
            operations=united(other.operations, sighting.operations),
            confirmed=other.confirmed or sighting.confirmed,
            causes=united(causes_of(other), causes_of(sighting)),
            well=united(other.well, sighting.well),
        )
    return merged


def causes_of(sighting: Sighting) -> tuple[str, ...]:
    return sighting.causes or (sighting.finding.cause,)


def _badness(finding: Finding) -> tuple[int, int, int]:
    return finding.severity.rank, finding.stage, len(finding.operations)


def counts(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO and finding.accepted is None


def united(*names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*names)))
