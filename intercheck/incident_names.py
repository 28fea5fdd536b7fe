"""Which incident a person means: its id, its identity, or enough of either to tell it apart."""

import difflib
from collections.abc import Sequence
from typing import Final

from contracts.errors import ConfigurationError
from monitors.records import IncidentState, Phase

_LISTED: Final = 5  # candidates named in a refusal
_CUTOFF: Final = 0.5  # of difflib; below it nothing is near
SHORT: Final = 8
"""Characters of an id that are shown; enough to tell a hundred thousand incidents apart."""


def incident_named(incidents: Sequence[IncidentState], word: str) -> IncidentState:
    """Return the incident that `word` names, its latest occurrence where several had the cause.

    `word` is an id, a cause or a fingerprint (with or without `v1:`), or the beginning of one.
    ConfigurationError where it names none, or several causes.
    """
    wanted = word.strip().lower()
    told = [one for one in incidents if one.phase is not Phase.PENDING]
    found = [one for one in told if wanted and any(name.startswith(wanted) for name in _names(one))]
    causes = {one.key for one in found}
    if len(causes) == 1:
        return max(found, key=lambda one: one.first_seen_at)
    if causes:
        listed = ", ".join(sorted(one.id[:SHORT] for one in found)[:_LISTED])
        raise ConfigurationError(f"{word!r} may be {len(found)} incidents ({listed}): write more.")
    raise ConfigurationError(f"There is no incident {word!r}: {_hint(told, wanted)}")


def _names(incident: IncidentState) -> tuple[str, ...]:
    finding = incident.finding
    identities = (incident.key, finding.cause, finding.fingerprint)
    return (incident.id, *identities, *(one.partition(":")[2] for one in identities))


def _hint(incidents: Sequence[IncidentState], wanted: str) -> str:
    # Compared with as much of each id as was written: a typo in a prefix is near that prefix.
    beginnings = {one.id[: max(len(wanted), 1)]: one for one in incidents}
    near = difflib.get_close_matches(wanted, beginnings, n=1, cutoff=_CUTOFF)
    if near:
        one = beginnings[near[0]]
        return f"did you mean {one.id[:SHORT]} ({one.finding.rule.name})?"
    return "`intercheck incidents list` shows those there are."
