"""The latencies of many operations, each watched by itself, and what explains them.

What is known of an operation is some 20 kB, and a sample changes it a little: so what is stored is
the whole (`document`) now and then, and in between only what was taken since (`taken`). Taking the
same again from there comes to exactly the same.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

from contracts.exchanges import Exchange
from monitors.baselines import key_of, opening_of, place_of, timed
from monitors.burning import Bucket, Ledger
from monitors.commits import Commits, Deployment
from monitors.connecting import Connecting, Opened
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
    `opened` is what is so of connecting, None where this exchange opened no connection.
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
    slow_beside: frozenset[str] = frozenset()
    """The other operations of the workspace (identities) that were slow when they were asked last,
    where this one is."""
    is_slower: bool | None = None
    told: str = ""
    spent: Mapping[float, Sequence[Bucket]] = field(default_factory=dict)
    late: Mapping[float, Lateness] = field(default_factory=dict)
    opened: Opened | None = None

    @property
    def is_slow(self) -> bool:
        """Whether the operation is slow now: what pauses is not."""
        return self.verdict.kind is not Kind.NOTHING and not self.verdict.pauses


STALE: Final = 3600.0
"""Seconds. What was asked longer ago says nothing of now; the packaged probes ask every quarter."""
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
        self._connecting: dict[str, Connecting] = {}
        self.taken: list[list[Any]] = []
        """What was taken since the last time it was emptied: key, sample and new commit; key and
        how its trouble was told; or of a connection where, when, how long it took to open, how
        long the answer, and for whom that was too long."""

    def __len__(self) -> int:
        """How many operations are watched."""
        return len(self._known)

    def take(
        self,
        exchange: Exchange,
        thresholds: Iterable[float] = (),
        waits: Iterable[float] = (),
        late: Mapping[str, bool] = MappingProxyType({}),
    ) -> Judged:
        """Learn from an exchange and say whether its operation is slower than usual, and why; one
        that failed, or asked nothing known, says nothing. `thresholds` are those of objectives for
        its operation, `waits` how long somebody waits for it, in milliseconds; `late` says for
        whom it was too long with the connection that was opened for it."""
        return replace(
            self._answered(exchange, thresholds, waits), opened=self._open(exchange, late)
        )

    def _open(self, exchange: Exchange, late: Mapping[str, bool]) -> Opened | None:
        ms, timings = opening_of(exchange), exchange.timings
        if ms is None or timings is None:
            return None
        answer = max(timings.total_ms - ms, 0.0)
        taken: list[Any] = [
            place_of(exchange),
            exchange.started_at.timestamp(),
            ms,
            answer,
            dict(late),
        ]
        self.taken.append(taken)
        return self._take_opening(*taken)

    def _take_opening(
        self, place: str, at: float, ms: float, answer_ms: float, late: Mapping[str, bool]
    ) -> Opened:
        if place not in self._connecting:
            self._connecting[place] = Connecting()
        return self._connecting[place].take(at, ms, answer_ms, late)

    def _answered(
        self, exchange: Exchange, thresholds: Iterable[float], waits: Iterable[float]
    ) -> Judged:
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
        """Return the stored form: operations by key, commits and connecting by workspace and
        region."""
        return {
            "operations": {key: packed(one.as_json()) for key, one in self._known.items()},
            "commits": {place: one.as_json() for place, one in self._commits.items()},
            "connecting": {place: one.as_json() for place, one in self._connecting.items()},
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
        latencies._connecting = {
            place: Connecting.from_json(form)
            for place, form in _members(whole.get("connecting")).items()
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
            case [str(place), int() | float() as at, int() | float() as ms, answer, dict(late)]:
                self._take_opening(place, at, ms, answer, late)
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
        if known.told:
            since = known.told_since(sample.at, verdict)
            for ledger in known.ledgers.values():
                ledger.explain(since)
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
            slow_beside=self._slow_beside(key, sample.at) if known.onset else frozenset(),
            is_slower=None if usual is None else sample.total > SLOWER * usual,
            told=known.told,
            spent={ms: tuple(one.buckets) for ms, one in known.ledgers.items()},
            late=known.late,
        )

    def _slow_beside(self, key: str, at: float) -> frozenset[str]:
        place = key.rsplit(" ", 2)[0]
        return frozenset(
            " ".join(other.rsplit(" ", 2)[1:])
            for other, known in self._known.items()
            if other != key
            and other.rsplit(" ", 2)[0] == place
            and known.onset
            and at - known.makeup.last_at < STALE
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
