"""What the last run of each command found, kept so that it can be accepted.

Findings hold kinds and places, never values, so that they may lie in the cache.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from contracts.errors import NothingMeasuredError
from contracts.exchanges import Operation
from contracts.findings import Finding
from intercheck.settings import Settings
from reports.writing import write_whole

COMMANDS: Final = ("probe", "contract", "replay", "can-i-upgrade")
"""Commands that find something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run found. `exercised` are the identities of the operations that answered."""

    command: str
    at: datetime
    findings: tuple[Finding, ...]
    exercised: frozenset[str]


def keep_found(
    settings: Settings,
    command: str,
    *,
    at: datetime,
    findings: Sequence[Finding],
    exercised: Iterable[Operation],
) -> None:
    """Keep what a run found, in place of what the one before it had found.

    Where that cannot be, it is said, and the run is worth what it is: only `deviations` misses it.
    """
    document = {
        "command": command,
        "at": at.isoformat(),
        "findings": [finding.as_json() for finding in findings],
        "exercised": sorted({operation.identity for operation in exercised}),
    }
    path = _path(settings, command)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(document, indent=1) + "\n")
    except OSError as error:
        click.echo(
            f"Warning: {path} cannot be written ({error.strerror or error}), so `intercheck "
            "deviations` will not know what was found: free space there, or name another folder "
            "with `cache-dir:` or INTERCHECK_CACHE_DIR.",
            err=True,
        )


def last_found(settings: Settings, command: str | None = None) -> Found:
    """Return what the last run found, of any command or of the one that is named; raises
    NothingMeasuredError where there was none."""
    every = [one for name in COMMANDS if (one := _read(_path(settings, name))) is not None]
    chosen = [one for one in every if command in (None, one.command)]
    if not chosen:
        raise NothingMeasuredError(
            f"No run of {command or ', '.join(COMMANDS)} has left findings for "
            f"{settings.deviations}: run "
            f"`intercheck {command or COMMANDS[0]}` first."
        )
    return max(chosen, key=lambda one: one.at)


def all_found(settings: Settings) -> list[Found]:
    """Return what the last run of each command found."""
    return [one for name in COMMANDS if (one := _read(_path(settings, name))) is not None]


def _path(settings: Settings, command: str) -> Path:
    """Keep apart what runs of other ledgers found: it would be accepted, and pruned, in this."""
    ledger = hashlib.sha256(bytes(settings.deviations.resolve())).hexdigest()[:16]
    return settings.cache_dir / "found" / ledger / f"{command}.json"


def _read(path: Path) -> Found | None:
    """Return what a file holds, None where it is not there or from another version of intercheck:
    the next run writes it anew."""
    try:
        form = json.loads(path.read_text("utf-8"))
        return Found(
            command=form["command"],
            at=datetime.fromisoformat(form["at"]),
            findings=tuple(Finding.from_json(one) for one in form["findings"]),
            exercised=frozenset(form["exercised"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
