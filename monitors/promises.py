"""What is promised of each API version: the published description, and what consumers rely on."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from contracts.conformance import Conformance
from contracts.examples import accepted_by_examples
from contracts.exchanges import Operation
from contracts.overlays import embedded_contract
from contracts.relying import reads_of
from contracts.spec import Spec
from contracts.standards import Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What one version's answers are held to; None where nothing is said."""

    published: Conformance | None = None
    relied: Conformance | None = None
    reliance: Reads | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Departures that the published description's own examples show, or that a ledger accepts, and
    why."""

    @property
    def reference(self) -> str:
        """The name of what answers are held to."""
        held = [one.spec for one in (self.published, self.relied) if one is not None]
        return " and ".join(f"{spec.source} ({spec.version})" for spec in held)

    def lacks(self, operation: Operation) -> bool:
        """Whether the version is described, and has no such operation."""
        described = [one.spec for one in (self.published, self.relied) if one is not None]
        return bool(described) and not any(spec.get(operation.identity) for spec in described)


def _of_the_contract(relied: Spec | None, published: Spec | None) -> Reads | None:
    return reads_of(relied=relied, published=published)


class Promises:
    """Promises by version, read and compiled once; safe to share between threads.

    `published` returns the description to hold a version to, None where there is no copy of it.
    `accepted` returns what is accepted now; it is asked every time, because acceptance ends.
    `reads` says what consumers read, of the relied-upon contract and the published description.
    """

    def __init__(
        self,
        published: Callable[[str], Spec | None],
        *,
        cache_dir: Path | None = None,
        accepted: Callable[[], Mapping[str, str]] = dict,
        reads: Callable[[Spec | None, Spec | None], Reads | None] = _of_the_contract,
    ) -> None:
        self._published = published
        self._cache_dir = cache_dir
        self._accepted = accepted
        self._reads = reads
        self._made: dict[str, Promise] = {}
        self._lock = threading.Lock()

    def of(self, version: str) -> Promise:
        """Return what is promised of `version`; raises SpecError where a description is broken."""
        with self._lock:
            if version not in self._made:
                self._made[version] = self._make(version)
            made = self._made[version]
        return replace(made, accepted={**made.accepted, **self._accepted()})

    def _make(self, version: str) -> Promise:
        published = self._published(version)
        relied = embedded_contract(version, cache_dir=self._cache_dir)
        held = Conformance(published) if published else None
        return Promise(
            published=held,
            # That a field is relied upon does not mean that no other may be: what else there may be
            # the published description says, where there is one.
            relied=Conformance(relied, close=published is None) if relied else None,
            reliance=self._reads(relied, published),
            accepted=accepted_by_examples(held.spec, held.schemas) if held else {},
        )
