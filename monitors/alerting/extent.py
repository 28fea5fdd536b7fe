"""How far a trouble goes, in words: `212 of 300 Intercom workspaces, EU only`."""

from collections.abc import Sequence
from typing import Final

from monitors.alerting import phrases
from monitors.records import Reach, Share

MAX_NAME: Final = 40  # characters of a region or version


def extent(reach: Reach) -> str:
    """Return how many of those that were asked have it, and where alone.

    That only one region or version has it is said where others were asked and have it not.
    """
    if reach.afflicted == reach.measured:
        many = f"all {reach.measured}" if reach.measured > 1 else "the only one"
        said = f"{many} Intercom workspace{'s' if reach.measured > 1 else ''}"
    else:
        said = f"{reach.afflicted} of {reach.measured} Intercom workspaces"
    if reach.measured < reach.configured:
        said += f" that could tell so far ({reach.configured} configured)"
    parts = [said]
    if region := _alone(reach.regions):
        parts.append(_only(region.name.upper()))
    if version := _alone(reach.versions):
        parts.append(_only(f"version {version.name}"))
    return ", ".join(parts)


def _alone(shares: Sequence[Share]) -> Share | None:
    """Return the one that has it, where others were asked and have it not."""
    hit = [one for one in shares if one.afflicted]
    return hit[0] if len(hit) == 1 and len(shares) > 1 else None


def _only(name: str) -> str:
    return f"{phrases.escape(name, MAX_NAME)} only"
