"""The latencies of many operations, each watched by itself, and what explains them.

What is known of an operation is some 20 kB, and a sample changes it a little: so what is stored is
the whole (`document`) now and then, and in between only what was taken since (`taken`). Taking the
same again from there comes to exactly the same.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from contracts.exchanges import Exchange
from monitors.baselines import key_of, timed
from monitors.burning import Bucket, Ledger
from monitors.commits import Commits, Deployment
from monitors.lateness import Lateness, added
from monitors.makeup import Makeup, Sample, sample_of
from monitors.packed import packed, unpacked
from monitors.regression import CALM, Kind, Verdict, Watch
from monitors.slowed import SLOWER, UNTOLD, Slowed
from monitors.troubles import Troubles, followed
from monitors.watched import Known, Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is so of an operation's latency after an exchange.

    `is_slower` says whether this answer alone took longer than usual by what matters, None where
    nobody knows what is usual. `told` is how the trouble that goes on was told: the name of a
    rule, or `TOGETHER`; empty where it was not. `spent` counts, by threshold in milliseconds, the
    answers that took longer; `late` says by how long somebody waits which of the latest did.
    """

    verdict: Verdict = CALM
    slowed: Slowed = UNTOLD
    deployment: Deployment | None = None
    onset: float = 0.0
    """When it became slow for the last time (Unix time), where it is slow now: later than `since`
    where it was as usual in between."""
    paused_factor: float = 0.0
    """How many times the usual it took when it was last slow, where it pauses."""
    slow_at: float = 0.0
    """When the last slow answer came (Unix time), where it pauses."""
    settled: Settled | None = None
    is_slower: bool | None = None
    told: str = ""
    spent: Mapping[float, Sequence[Bucket]] = field(default_factory=dict)
    late: Mapping[float, Lateness] = field(default_factory=dict)

    @property
    def is_slow(self) -> bool:
        """Whether the operation is slow now: what pauses is not."""
        return self.verdict.kind is not Kind.NOTHING and not self.verdict.pauses


UNJUDGED: Final = Judged()
TOGETHER: Final = "together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What is known of an operation's latency, to be looked at."""

    watch: Watch
    troubles: Troubles
    objectives: tuple[float, ...]
    """Their latencies in milliseconds."""


class Latencies:
    """One watch for every operation, Intercom workspace and region that exchanges came from."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._commits: dict[str, Commits] = {}
        self.taken: list[list[Any]] = []
        """What was taken since the last time it was emptied: key, sample and new commit, or key and
        how its trouble was told."""

    def __len__(self) -> int:
        """How many operations are watched."""
        return len(self._known)

    def take(
        self, exchange: Exchange, thresholds: Iterable[float] = (), waits: Iterable[float] = ()
    ) -> Judged:
        """Learn from an exchange and say whether its operation is slower than usual, and why; one
        that failed, or asked nothing known, says nothing. `thresholds` are those of objectives for
        its operation, `waits` how long somebody waits for it, in milliseconds."""
        key, ms = key_of(exchange), timed(exchange)
        if key is None or ms is None:
            return UNJUDGED
        sample = sample_of(exchange, ms)
        is_new = self._commits_of(key).take(sample.at, exchange.deployment)
        asked, waited = sorted(set(thresholds)), sorted(set(waits))
        commit = exchange.deployment if is_new else None
        self.taken.append([key, list(sample), commit, asked, waited])
        return self._take(key, sample, asked, waited)

    def tell(self, exchange: Exchange, told: str) -> None:
        """Remember how an operation's trouble was told, so that it stays one incident; empty where
        there is none."""
        key = key_of(exchange)
        if key in self._known and self._known[key].told != told:
            self._known[key].told = told
            self.taken.append([key, told])

    def usual(self, key: str) -> Usual | None:
        """Return what is known of an operation (`baselines.named`); None where nothing is."""
        known = self._known.get(key)
        if known is None:
            return None
        return Usual(watch=known.watch, troubles=known.troubles, objectives=tuple(known.ledgers))

    def __iter__(self) -> Iterator[str]:
        """Yield the names (`baselines.named`) of what is watched."""
        yield from self._known

    def forget(self, key: str) -> None:
        """Forget everything of an operation."""
        del self._known[key]

    def document(self) -> dict[str, Any]:
        """Return the stored form: operations by key, and commits by workspace and region."""
        return {
            "operations": {key: packed(one.as_json()) for key, one in self._known.items()},
            "commits": {place: one.as_json() for place, one in self._commits.items()},
        }

    @classmethod
    def of(cls, document: object, taken: Iterable[object] = ()) -> Self:
        """Read the stored form, and take what was taken after it; what is missing or of another
        form is forgotten."""
        latencies = cls()
        whole = _members(document)
        # At first the operations were the whole document.
        forms = _members(whole["operations"]) if "operations" in whole else whole
        latencies._known = {key: Known.of(_unpacked(form)) for key, form in forms.items()}
        latencies._commits = {
            place: Commits.from_json(form) for place, form in _members(whole.get("commits")).items()
        }
        latencies.take_again(taken)
        latencies.taken = []
        return latencies

    def take_again(self, taken: Iterable[Any]) -> None:
        """Take what was taken elsewhere."""
        for one in taken:
            self._take_again(one)
            self.taken.append(one)

    def _take_again(self, taken: Any) -> None:
        match taken:
            case [str(key), [*parts], commit, [*asked], *rest] if len(parts) == len(Sample._fields):
                sample = Sample(*parts)
                self._commits_of(key).take(sample.at, commit)
                self._take(key, sample, asked, rest[0] if rest else ())
            case [str(key), str(told)]:
                self._known_of(key).told = told
            case _:  # written by something else
                pass

    def _take(
        self, key: str, sample: Sample, thresholds: Sequence[float], waits: Sequence[float] = ()
    ) -> Judged:
        known = self._known_of(key)
        # What nobody asks for any more is forgotten.
        known.ledgers = {ms: known.ledgers.get(ms) or Ledger() for ms in thresholds}
        for ms, ledger in known.ledgers.items():
            ledger.take(sample.at, is_slow=sample.total > ms)
        known.late = {
            ms: added(known.late.get(ms, ()), sample.at, is_late=sample.total > ms) for ms in waits
        }
        usual = known.watch.usual_ms(sample.at)
        verdict = known.watch.take(sample.at, sample.total)
        is_calm = verdict.kind is Kind.NOTHING
        known.makeup.take(sample, is_calm=is_calm)
        known.follow(verdict, sample.at)
        commits, settled, paused_factor = self._commits_of(key), None, 0.0
        troubles = known.troubles
        first = None if is_calm else commits.at_onset(verdict.since)
        known.troubles = followed(troubles, sample.at, verdict, first)
        if known.troubles is not troubles and known.troubles[-1].settled:
            known.makeup = Makeup()  # what was before is usual no more
            settled = known.settled(usual or 0.0, sample.at)
        if verdict.pauses:
            then = known.watch.usual_ms(verdict.paused_since) or 1.0
            now = known.watch.usual_ms(sample.at) or 1.0
            paused_factor = verdict.slow_ms * now / (max(verdict.usual_ms, 1.0) * then)
        return Judged(
            verdict=verdict,
            slowed=known.slowed(verdict) if known.onset else UNTOLD,
            deployment=commits.at_onset(known.onset) if known.onset else None,
            onset=known.onset,
            paused_factor=paused_factor,
            slow_at=known.slow_at if verdict.pauses else 0.0,
            settled=settled,
            is_slower=None if usual is None else sample.total > SLOWER * usual,
            told=known.told,
            spent={ms: tuple(one.buckets) for ms, one in known.ledgers.items()},
            late=known.late,
        )

    def _known_of(self, key: str) -> Known:
        # Not `setdefault`: what knows nothing yet takes longer to make than to learn from a sample.
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Known()
        return known

    def _commits_of(self, key: str) -> Commits:
        place = key.rsplit(" ", 2)[0]
        return self._commits.setdefault(place, Commits())


def _unpacked(form: object) -> object:
    """Return a stored form unpacked; one that cannot be is of nothing."""
    try:
        return unpacked(form)
    except (ValueError, IndexError, zlib.error):
        return None


def _members(form: object) -> Mapping[str, Any]:
    return form if isinstance(form, dict) else {}
