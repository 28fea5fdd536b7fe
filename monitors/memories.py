"""The memories of all workspaces, kept from pass to pass.

To read what was learned takes longer than to probe. So it is read when a pass is the first, when
another process has written, and after a pass that could not be recorded. Where another process
records its pass in the midst of ours, ours is learned again on top of what that one wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from contracts.exchanges import Exchange
from monitors.memory import Memory


class Archive(Protocol):
    """Where memories are between the passes: `monitors.history.History`."""

    def saved_about(self, key: str) -> dict[str, datetime]:
        """Return when the documents with a key were last saved, by kind."""
        ...

    def documents_about(self, key: str) -> Mapping[str, Any]:
        """Return the documents with a key, by kind."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    memory: Memory
    saved: Mapping[str, datetime]


@dataclass(slots=True)
class Memories:
    """Memories by workspace. Safe to share between threads that are at different workspaces."""

    archive: Archive
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _read: dict[str, Mapping[str, datetime]] = field(default_factory=dict)
    """What the archive said when the memory in use was read."""

    def of(self, workspace: str, *, reference: str) -> Memory:
        """Return what is remembered of a workspace. It is to be given back by `recorded`; else it
        is read anew the next time."""
        # Before the documents: what is written in between is then noticed the next time.
        saved = self._read[workspace] = self.archive.saved_about(workspace)
        kept = self._kept.pop(workspace, None)
        if kept is not None and kept.saved == saved and kept.memory.census.reference == reference:
            return kept.memory
        return Memory.of(workspace, self.archive.documents_about(workspace), reference=reference)

    def brought_up_to_date(self, memory: Memory, exchanges: Iterable[Exchange]) -> Memory:
        """Return the memory that learned `exchanges`; where another process has written since it
        was read, on top of what that one knows. To be called where nobody else can write."""
        if self.archive.saved_about(memory.workspace) == self._read[memory.workspace]:
            return memory
        return memory.onto(self.archive.documents_about(memory.workspace), exchanges)

    def recorded(
        self,
        memory: Memory,
        changes: Mapping[tuple[str, str], object],
        saved: Mapping[str, datetime],
    ) -> None:
        """Keep a memory whose `changes` are in the archive, which says `saved` of them."""
        self._kept[memory.workspace] = _Kept(memory.recorded(changes), saved)
