"""Which findings are one incident, and which incident explains another.

One cause is one incident, wherever it shows: a token by its workspace, whatever refuses it; no
answers by the region; a field that is gone by the kind of object, on every operation that returns
one. What is broader explains what is narrower, in this order: Intercom or the way to
it, a region, most tokens, one token, one operation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from contracts.exchanges import Operation
from contracts.findings import Finding, identify
from contracts.rules import Scope
from monitors.records import IncidentState

KIN_WITHIN: Final = timedelta(minutes=15)
"""What begins within the longest interval of the packaged probes began, for all we can tell, at
the same time."""

AT_ONCE: Final = timedelta(minutes=30)
"""Between onsets of slowness that began together: an onset is known to a quarter of an hour or two.
Two of 27 operations that cry wolf once in twenty weeks each do so within it once in six years."""
SLOWNESS: Final = "latency-regression"

UNANSWERED: Final = frozenset(
    {
        "connection-dns",
        "connection-failed",
        "connection-network",
        "connection-proxy",
        "connection-refused",
        "connection-reset",
        "connection-tls",
        "server-error",
        "timeout",
    }
)
"""Rules that on most operations are an outage."""
_OF_AN_OUTAGE: Final = ("server-error", "timeout", "connection-", "body-", "latency-")
_OF_A_TOKEN: Final = ("auth-scope-missing", "auth-plan-restricted")
_OF_ANOTHER_TOKEN: Final = ("auth-token-", *_OF_A_TOKEN)
_OF_ANOTHER_WORKSPACE: Final = (*_OF_ANOTHER_TOKEN, "status-not-found", "status-gone")
"""What was read in the one workspace is not there in the other."""
_OF_THE_APP: Final = ("status-", "rate-limit-", "version-", *_OF_A_TOKEN)
"""What several Intercom workspaces have from the same moment, they have from the app: its share of
requests, its default version, its permissions, or how it asks."""
_TOKEN: Final = "auth-token-"  # noqa: S105 - the beginning of names of rules
_OTHER: Final = frozenset({"auth-wrong-region", "auth-workspace-changed"})
_NO_RESOURCE: Final = frozenset({"search", "list"})
"""Last segments that say how objects are asked for, and not which."""

_LISTED: Final = re.compile(r"^/[^/*]+/\*/")
"""Where the objects of a list stand in its answer."""

EVERYWHERE: Final = identify("outage")
"""The key of an outage of every region."""
ALL_TOKENS: Final = identify("tokens")
"""The key of what refuses most tokens at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a configured Intercom workspace is, and which version it is asked for."""

    region: str
    version: str


Places = Mapping[str, Place]
"""By the workspace's name."""


class Level(IntEnum):
    """How broad a cause is, the broadest first."""

    INTERCOM = 0
    REGION = 1
    APP = 2
    TOKEN = 3
    ENDPOINT = 4


def key_of(finding: Finding) -> str:
    """Return what makes two findings the same incident."""
    rule = finding.rule.name
    if rule.startswith(_TOKEN):
        return identify("token", finding.workspace)
    if is_outage(finding):
        return outage_key(finding.region)
    if rule.startswith("schema-"):
        return identify(rule, resource_of(finding.operation), *_difference(finding))
    return finding.fingerprint if finding.rule.scope is Scope.WORKSPACE else finding.cause


def outage_key(region: str) -> str:
    """Return the key of an outage of one region."""
    return identify("outage", region)


def is_outage(finding: Finding) -> bool:
    """Whether it says that most operations have no answer."""
    return finding.operation is None and finding.rule.name in UNANSWERED


def resource_of(operation: Operation | None) -> str:
    """Return what an operation is about, such as `contacts`; `*` for all operations."""
    if operation is None:
        return "*"
    names = [
        part
        for part in operation.path.split("/")
        if part and not part.startswith("{") and part not in _NO_RESOURCE
    ]
    return names[-1] if names else "/"


def _difference(finding: Finding) -> tuple[str, str]:
    """Return the place within one object, whatever list it stood in, and what was there."""
    operation, place = finding.operation, finding.location
    is_one_object = operation is not None and operation.path.endswith("}")
    return place if is_one_object else _LISTED.sub("/", place), finding.observed


def kinship(finding: Finding) -> tuple[str, ...]:
    """Return what the same trouble has in common on all operations; what ends on another day has a
    countdown of its own."""
    return finding.rule.name, *_difference(finding), finding.last_day


def level_of(incident: IncidentState) -> Level:
    """Return how broad an incident's cause is."""
    if incident.key == EVERYWHERE:
        return Level.INTERCOM
    if incident.key == ALL_TOKENS:
        return Level.APP
    if is_outage(incident.finding):
        return Level.REGION
    rule = incident.finding.rule.name
    # A token that one operation refuses, be it /me, and that works elsewhere explains nothing else.
    is_refused = rule.startswith(_TOKEN) and incident.finding.operation is None
    return Level.TOKEN if is_refused or rule in _OTHER else Level.ENDPOINT


def explains(broad: IncidentState, narrow: IncidentState, places: Places) -> bool:
    """Whether `broad`, being open, is why there is `narrow`."""
    if broad.key == narrow.key:
        return False
    rule = narrow.finding.rule.name
    shared = set(broad.workspaces) & set(narrow.workspaces)
    match level_of(broad):
        case Level.INTERCOM:
            return rule.startswith(_OF_AN_OUTAGE)
        case Level.REGION if level_of(narrow) is Level.REGION:
            # Two regions that go together have, for all we can tell, one cause.
            began_together = narrow.first_seen_at - broad.first_seen_at <= KIN_WITHIN
            return _rank(broad) < _rank(narrow) and began_together
        case Level.REGION:
            region = broad.finding.region
            regions = {places[name].region for name in narrow.workspaces if name in places}
            is_narrower = level_of(narrow) is Level.ENDPOINT and rule.startswith(_OF_AN_OUTAGE)
            return is_narrower and bool(shared) and regions <= {region}
        case Level.APP:
            return rule.startswith(_OF_ANOTHER_TOKEN) and set(narrow.workspaces) == shared
        case Level.TOKEN:
            is_other = broad.finding.rule.name in _OTHER
            explained = _OF_ANOTHER_WORKSPACE if is_other else _OF_A_TOKEN
            return rule.startswith(explained) and set(narrow.workspaces) == shared
        case Level.ENDPOINT if broad.finding.operation is None and rule == SLOWNESS:
            return bool(shared) and is_part_of(narrow.finding, broad.finding)
        case Level.ENDPOINT:
            return _are_kin(broad, narrow)


def is_part_of(narrow: Finding, broad: Finding) -> bool:
    """Whether slowness of one operation is what several became, begun together."""
    if (narrow.rule.name, broad.rule.name) != (SLOWNESS, SLOWNESS):
        return False
    if narrow.operation is None or broad.operation is not None:
        return False
    if narrow.began_at is None or broad.began_at is None:
        return False
    return abs(narrow.began_at - broad.began_at) <= AT_ONCE


def _are_kin(elder: IncidentState, younger: IncidentState) -> bool:
    """Whether two are the same trouble on two operations (of a workspace's own: in two
    workspaces), begun together."""
    if level_of(younger) is not Level.ENDPOINT or elder.severity.rank < younger.severity.rank:
        return False
    if _rank(elder) >= _rank(younger):
        return False
    one, other = elder.finding, younger.finding
    if is_part_of(one, other):  # then it is the other way round
        return False
    is_timed = one.began_at is not None and other.began_at is not None
    apart = abs(younger.onset_at - elder.onset_at)
    if apart > (AT_ONCE if is_timed else KIN_WITHIN):
        return False
    if kinship(one) != kinship(other):
        return False
    if one.rule.scope is Scope.WORKSPACE and one.workspace != other.workspace:
        return one.cause == other.cause and one.rule.name.startswith(_OF_THE_APP)
    return bool(set(elder.workspaces) & set(younger.workspaces))


def _rank(incident: IncidentState) -> tuple[object, ...]:
    return incident.first_seen_at, incident.key
