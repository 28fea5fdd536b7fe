"""What a run created, on disk before it is sent, so that nothing stays behind.

One JSON object a line: planned, created (with its id), removed. A line is on the disk before the
request it announces leaves the machine; a run killed at any moment is read back from it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.clock import Clock, SystemClock
from contracts.workspaces import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What may still be there. `identifier` is None where the answer never came."""

    kind: str
    name: str
    identifier: str | None = None
    planned_at: float = 0.0
    """Unix time; 0 where the journal does not say."""


def journal_of(workspace: Workspace, folder: Path) -> "Journal":
    """Return the journal of an Intercom workspace at its host, below `folder`."""
    digest = hashlib.sha256(f"{workspace.name} {workspace.url}".encode()).hexdigest()[:16]
    return Journal(folder / "journal" / f"{digest}.jsonl")


class Journal:
    """The journal of one Intercom workspace; `path` is made when something is first planned."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self.path = path
        self.clock = clock or SystemClock()

    def planned(self, kind: str, name: str) -> None:
        """Note that an object of this name is about to be created."""
        self._write({"planned": kind, "name": name, "at": self._now()})

    def created(self, kind: str, name: str, identifier: str) -> None:
        """Note the id that it got."""
        self._write({"created": kind, "name": name, "id": identifier})

    def removed(self, kind: str, name: str) -> None:
        """Note that it is gone, or never was."""
        self._write({"removed": kind, "name": name})

    def left(self) -> tuple[Left, ...]:
        """Return what was planned and not removed, in that order."""
        found: dict[tuple[str, str], Left] = {}
        for line in self._lines():
            name = str(line.get("name"))
            if "planned" in line:
                kind = str(line["planned"])
                found[kind, name] = Left(kind=kind, name=name, planned_at=_number(line.get("at")))
            elif "created" in line:
                kind = str(line["created"])
                found[kind, name] = Left(kind=kind, name=name, identifier=str(line["id"]))
            elif "removed" in line:
                found.pop((str(line["removed"]), name), None)
        return tuple(found.values())

    def wait_until(self, left: Left, *, seconds: float) -> bool:
        """Let pass what is missing of `seconds` since an object was planned; say whether anything
        was."""
        missing = left.planned_at + seconds - self._now()
        if missing > 0:
            self.clock.sleep(min(missing, seconds))
        return missing > 0

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def _lines(self) -> Iterator[dict[str, object]]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed while it wrote: nothing sent
            if isinstance(entry, dict):
                yield entry

    def _write(self, entry: dict[str, object]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A new line first: the one before may have been cut off.
            os.write(descriptor, b"\n" + line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
