"""Causes that no single workspace can show: every region is out, most tokens died at once, or one
region is unreachable while our network carries answers from another."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.afflicted import LEAST_WITNESSES
from monitors.grouping import ALL_TOKENS, EVERYWHERE, KIN_WITHIN, Level, Places, level_of
from monitors.records import IncidentState, Phase
from monitors.sightings import (
    Healthy,
    Observed,
    Sighting,
)

_NEAR: Final = frozenset(
    {
        "connection-dns",
        "connection-network",
        "connection-proxy",
        "connection-refused",
        "connection-tls",
    }
)
_OUR_NETWORK: Final = "connection-network"
MOST: Final = 0.5
"""Share of the configured tokens that must be refused before they have one cause."""


def broader(
    states: Mapping[str, IncidentState],
    seen: Collection[str],
    places: Places,
    *,
    now: datetime,
) -> dict[str, Observed]:
    """Return, by key, what the incidents after a pass say of the causes above them; `seen` are the
    keys that the pass saw."""
    outages = _open(states, Level.REGION)
    tokens = [
        one for one in _open(states, Level.TOKEN) if one.finding.rule.name.startswith("auth-token-")
    ]
    found: dict[str, Observed] = {}
    if everywhere := _everywhere(states, outages, seen, places, now):
        found[EVERYWHERE] = everywhere
    if all_tokens := _all_tokens(states, tokens, seen, places):
        found[ALL_TOKENS] = all_tokens
    return found


def not_our_network(finding: Finding, answered: Collection[str], places: Places) -> Finding:
    """Return what is to be said of an outage; one workspace alone may have taken it for our
    network's, which carries the answers of those that `answered` since it began."""
    if finding.rule.name != _OUR_NETWORK or not answered:
        return finding
    regions = sorted({places[name].region.upper() for name in answered if name in places})
    return replace(
        finding,
        rule=RULES["connection-failed"],
        observed="no-answer",
        message=f"Intercom's host of the region {finding.region.upper()} cannot be reached, while "
        f"Intercom answers this machine elsewhere ({', '.join(regions)}): it is that region or "
        "the way to it, not the network here.",
        remedy=RULES["timeout"].remedy,
        certainty=Certainty.INFERRED,
    )


def _open(states: Mapping[str, IncidentState], level: Level) -> list[IncidentState]:
    return [one for one in states.values() if one.phase is Phase.OPEN and level_of(one) is level]


def _everywhere(
    states: Mapping[str, IncidentState],
    outages: list[IncidentState],
    seen: Collection[str],
    places: Places,
    now: datetime,
) -> Observed | None:
    regions = {place.region for place in places.values()}
    out = {one.finding.region for one in outages}
    if len(regions) > 1 and regions <= out:
        if not any(one.key in seen for one in outages):
            return None
        return _sighting(EVERYWHERE, outages, _words_of_outage(outages, regions))
    if EVERYWHERE not in states:
        return None
    # Regions come back one after the other; one that stays away has a cause of its own.
    back = [
        one.resolved_at
        for one in states.values()
        if one.resolved_at is not None and level_of(one) is Level.REGION
    ]
    is_over = not out or (bool(back) and now - max(back) > KIN_WITHIN)
    return Healthy(record="") if is_over else None


def _all_tokens(
    states: Mapping[str, IncidentState],
    tokens: list[IncidentState],
    seen: Collection[str],
    places: Places,
) -> Observed | None:
    is_most = len(tokens) >= LEAST_WITNESSES and len(tokens) > MOST * len(places)
    if is_most and any(one.key in seen for one in tokens):
        words = (
            f"Intercom refuses the tokens of {len(tokens)} Intercom workspaces at once: what they "
            "have in common is the app, or whoever manages it"
        )
        return _sighting(ALL_TOKENS, tokens, words)
    if tokens or ALL_TOKENS not in states:
        return None
    return Healthy(record="")


def _words_of_outage(outages: list[IncidentState], regions: set[str]) -> str:
    names = ", ".join(sorted(one.upper() for one in regions))
    if all(one.finding.rule.name in _NEAR for one in outages):
        return (
            f"Intercom's hosts could not be reached in any region ({names}): the trouble is most "
            "likely on this machine's side, in its network, resolver, proxy or certificates"
        )
    return f"Intercom has no usable answers in any region ({names})"


def _sighting(key: str, incidents: list[IncidentState], words: str) -> Sighting:
    worst: Finding = max((one.finding for one in incidents), key=lambda one: one.severity.rank)
    consumers = dict.fromkeys(name for one in incidents for name in one.finding.consumers)
    return Sighting(
        finding=replace(
            worst,
            operation=None,
            severity=Severity.CRITICAL,
            consumers=tuple(consumers),
            message=f"{words}.",
            certainty=Certainty.INFERRED,
        ),
        workspaces=tuple(sorted({name for one in incidents for name in one.workspaces})),
        operations=tuple(sorted({name for one in incidents for name in one.operations})),
        is_wide=True,
        key=key,
    )
