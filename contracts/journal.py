"""What a run created, on disk before it is sent, so that nothing stays behind.

One JSON object a line: planned, created (with its id), removed. A line is on the disk before the
request it announces leaves the machine; a run killed at any moment is read back from it.

Each run has a journal of its own, and holds a lock on it while it lives: of two runs at once
neither removes what the other is using, and what no run holds any more is what a killed one left.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.clock import Clock, SystemClock
from contracts.errors import ConfigurationError
from contracts.workspaces import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What may still be there. `identifier` is None where the answer never came."""

    kind: str
    name: str
    identifier: str | None = None
    planned_at: float = 0.0
    """Unix time; 0 where the journal does not say."""


@contextmanager
def own_journal(
    workspace: Workspace, folder: Path, run_id: str, *, clock: Clock | None = None
) -> Iterator["Journal"]:
    """Open the journal of a run over an Intercom workspace; it is kept where something is left.

    Raises ConfigurationError where it cannot be written.
    """
    path = folder / "journal" / f"{_prefix(workspace)}-{run_id}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path, os.O_CREAT)
        while descriptor is None:  # who cleans up took it for one that a killed run left empty
            descriptor = _locked(path, os.O_CREAT)
    except OSError as error:
        raise _unwritable(path, error) from None
    journal = Journal(path, clock=clock)
    try:
        yield journal
    finally:
        _close(journal, descriptor)


def abandoned(
    workspace: Workspace, folder: Path, *, clock: Clock | None = None
) -> Iterator["Journal | None"]:
    """Yield the journals of an Intercom workspace that no run holds any more, and None for each
    that one holds."""
    for path in sorted((folder / "journal").glob(f"{_prefix(workspace)}*.jsonl")):
        try:
            descriptor = _locked(path, 0)
        except FileNotFoundError:
            continue  # its run has just ended
        except OSError as error:
            raise _unwritable(path, error) from None
        if descriptor is None:
            yield None
            continue
        journal = Journal(path, clock=clock)
        try:
            yield journal
        finally:
            _close(journal, descriptor)


def _prefix(workspace: Workspace) -> str:
    return hashlib.sha256(f"{workspace.name} {workspace.url}".encode()).hexdigest()[:16]


def _locked(path: Path, flags: int) -> int | None:
    """Open a file and lock it; None where another process holds it."""
    descriptor = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have removed it: then the lock is on nothing.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _close(journal: "Journal", descriptor: int) -> None:
    """Give a journal up; it goes where nothing is left, while it is still locked."""
    if not journal.left():
        journal.path.unlink(missing_ok=True)
    os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be written ({error.strerror or error}), and nothing is created that is not "
        "written down there first: name another folder with `cache-dir:`, or leave out the phase "
        "stateful."
    )


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

    def age(self, left: Left) -> float:
        """Return the seconds since an object was planned."""
        return self._now() - left.planned_at

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
        # A new line first: the one before may have been cut off.
        line = b"\n" + json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(descriptor, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(self.path, error) from None


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
