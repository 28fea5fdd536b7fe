"""Recorded exchanges judged like live ones: which of them, as which operation, by what."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlsplit

from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.recordings import BrokenEntry, Untimed, read_recordings
from contracts.rules import Rule
from contracts.spec import PREVIEW
from contracts.workspaces import REGIONS, is_version
from intercheck.rounds import Rounds
from monitors.detectors import LATENCY_LIMIT, Context, detect, late_for, thresholds_of, waits_of
from monitors.diagnosis import (
    Diagnosed,
    Expectation,
    Observation,
    diagnose,
    is_latency,
    reconciled,
)
from monitors.latencies import Latencies
from monitors.memory import Memory
from monitors.policies import Policy, policy_for
from monitors.promises import Promise, Promises

_RECORDED: Final = Expectation(is_recorded=True)
FIRST_SIGHT: Final = timedelta(days=1)
"""How long the first sight of an operation lasts in a recording. A pass asks for the same object
each time, so that one answer says how it departs; a recording has one object after another."""
_INTERCOM: Final = frozenset(urlsplit(url).hostname for url in REGIONS.values())


@dataclass(slots=True, kw_only=True)
class Recording:
    """What the files held: exchanges to judge, in the order they were recorded, and everything
    else by name."""

    exchanges: list[tuple[Exchange, Promise]] = field(default_factory=list)
    broken: list[BrokenEntry] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """Exchanges that are not judged, by reason."""
    notes: list[str] = field(default_factory=list)
    """What should be known of how the others are judged."""
    entries: int = 0


def read_all(paths: Iterable[Path], promises: Promises, *, default_version: str) -> Recording:
    """Read every file and find out what each exchange is held to.

    Its version is the one that was asked for, else the one that answered (`Intercom-Version` comes
    back), else `default_version`.
    """
    recording = Recording()
    found: list[Exchange] = []
    untimed: list[Untimed] = []
    for path in paths:
        for entry in read_recordings(path):
            recording.entries += not isinstance(entry, Untimed)
            if isinstance(entry, BrokenEntry):
                recording.broken.append(entry)
            elif isinstance(entry, Untimed):
                untimed.append(entry)
            else:
                found.append(entry)
    # A browser records everything that its page asked for. Where some of it went to Intercom, the
    # rest did not; where none did, a proxy or a sandbox stood in for it.
    only_intercom = any(_host(exchange) in _INTERCOM for exchange in found)
    stand_ins: set[str] = set()
    for exchange in sorted(found, key=lambda exchange: exchange.started_at):
        if only_intercom and _host(exchange) not in _INTERCOM:
            recording.skipped["not sent to a host of Intercom's"] += 1
            continue
        version = exchange.version or _answered(exchange) or default_version
        # What a recorder put where the version belongs is only repeated when it looks like one.
        if not is_version(version):
            recording.skipped["asked for what is no version of Intercom's API"] += 1
            continue
        promise = promises.of(version)
        known = _identified(exchange, promise)
        if known is not None:
            recording.exchanges.append((known, promise))
            stand_ins.update(_stand_in(version, promise))
        elif promise.published is None and promise.relied is None:
            recording.skipped[
                f"no description of version {version} is at hand: name one with --spec, or run "
                f"`intercheck spec pull {version}`"
            ] += 1
        else:
            recording.skipped[f"no operation that version {version} describes"] += 1
    recording.notes = [*sorted(stand_ins), *_without_times(untimed)]
    return recording


def judge(
    recording: Recording,
    *,
    limit: timedelta = LATENCY_LIMIT,
    limits: Mapping[str, timedelta] = MappingProxyType({}),
    policy: Callable[[Rule], Policy] = policy_for,
) -> tuple[Diagnosed, ...]:
    """Return what is wrong, one diagnosis for each cause in each Intercom workspace. `limits` are
    those of operations, by identity, that have one of their own; `policy` says when trouble of a
    rule is told.

    Nothing is known before the first exchange: what was usual, in shape and latency, is learned
    from those that came before, as passes do. The first day of an operation is its first sight, so
    what hurts no consumer is only noted there; what is new after it is news.
    """
    observed: dict[tuple[str, str], list[Observation]] = {}
    rounds: dict[tuple[str, str], Rounds] = {}
    sights: dict[tuple[str, str, str | None], _Sights] = {}
    latencies = Latencies()
    for exchange, promise in recording.exchanges:
        where = exchange.workspace, exchange.region
        sight = sights.setdefault((*where, exchange.version), _Sights.of(exchange.workspace))
        if rounds.setdefault(where, Rounds(latencies)).before(exchange):
            for one in sights.values():
                one.end_of_round()
        reliance, operation = promise.reliance, exchange.operation
        own = limits.get(operation.identity, limit) if operation else limit
        latency = latencies.take(
            exchange,
            thresholds_of(reliance, operation),
            waits_of(reliance, operation, own),
            late_for(exchange, reliance, own),
        )
        context = Context(
            published=promise.published,
            relied=promise.relied,
            reliance=reliance,
            accepted=promise.accepted,
            latency=latency,
            latency_limit=own,
            policy=policy,
            known=sight.known(exchange),
            changed=sight.memory.compare(exchange),
            renamed=partial(sight.memory.renamed, exchange),
        )
        findings = sight.take(exchange, detect(exchange, context))
        rounds[where].take(Observation(exchange=exchange, findings=findings, latency=latency))
        others = tuple(one for one in findings if not is_latency(one))
        observed.setdefault(where, []).append(Observation(exchange=exchange, findings=others))
    return tuple(
        diagnosed
        for where, observations in observed.items()
        for diagnosed in (
            *diagnose(reconciled(observations), expected=_RECORDED),
            *rounds[where].close(),
        )
    )


@dataclass(slots=True)
class _Sights:
    """What was seen so far of one Intercom workspace in one version."""

    memory: Memory
    first: dict[str, datetime] = field(default_factory=dict)
    """When an operation was first answered with success."""
    begun: dict[str, str] = field(default_factory=dict)
    """By cause, what was said of the deployment that it began with."""

    @classmethod
    def of(cls, workspace: str) -> Self:
        # Hashes are compared within this recording alone and kept nowhere.
        return cls(Memory.of(workspace, {}, reference="", new_key=lambda: "recording"))

    def known(self, exchange: Exchange) -> frozenset[str] | None:
        """Return the causes of the census, None while it is being taken."""
        identity = exchange.operation.identity if exchange.operation else ""
        if exchange.is_success:
            self.first.setdefault(identity, exchange.started_at)
        begun = self.first.get(identity, exchange.started_at)
        if exchange.started_at - begun < FIRST_SIGHT:
            return None
        return self.memory.census.known(identity)

    def take(self, exchange: Exchange, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Note what an exchange showed, and say of it with which deployment it began."""
        if exchange.operation is not None and exchange.is_success:
            self.memory.census.take(exchange.operation.identity, found)
        findings = self.memory.deployments.take(exchange, found)
        for before, one in zip(found, findings, strict=True):
            if one is not before:
                self.begun[one.cause] = one.message.removeprefix(before.message)
        return tuple(
            replace(one, message=f"{before.message}{self.begun[one.cause]}")
            if one.cause in self.begun
            else one
            for before, one in zip(found, findings, strict=True)
        )

    def end_of_round(self) -> None:
        self.memory.deployments = self.memory.deployments.of_the_next_pass()


def _host(exchange: Exchange) -> str | None:
    """Return the host a request went to, None where only its path was recorded."""
    return urlsplit(exchange.request.url).hostname


def _answered(exchange: Exchange) -> str | None:
    return exchange.response.headers.get("intercom-version") if exchange.response else None


def _stand_in(version: str, promise: Promise) -> Iterator[str]:
    """Yield a sentence where another version's description judges `version`."""
    spec = promise.published.spec if promise.published else None
    if spec is not None and spec.version is not None:
        asked = PREVIEW if not version[0].isdigit() else version
        if spec.version != asked:
            yield f"Version {version} was held to {spec.source}."


def _without_times(untimed: Sequence[Untimed]) -> Iterator[str]:
    if untimed:
        exchanges = "1 exchange" if len(untimed) == 1 else f"{len(untimed)} exchanges"
        yield (
            f"The latency of {exchanges} was left out: what is recorded is no duration (no number, "
            f"not finite, negative, or more than a day); the first is {untimed[0]}."
        )


def _identified(exchange: Exchange, promise: Promise) -> Exchange | None:
    """Give the exchange its operation; None where no description knows it."""
    path = urlsplit(exchange.request.url).path
    for described in (promise.published, promise.relied):
        found = described.spec.match(exchange.request.method, path) if described else None
        if found is not None:
            return replace(exchange, operation=found.operation)
    return None
