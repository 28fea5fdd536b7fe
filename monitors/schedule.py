"""Passes on a schedule, until told to stop.

Every Intercom workspace has one job at a time: it asks the probes that are due, and plans itself
anew when it has finished, so that passes of a workspace never overlap and a late one is not caught
up with by a burst. Beside them run the retries of the outbox, retention and the dead-man ping.
"""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from contracts.clock import Clock
from contracts.errors import IntercheckError
from monitors.heartbeat import Heartbeat
from monitors.probes import Probe

JITTER: Final = 0.05
"""Share of an interval by which each turn is moved at random, so that many monitors and many
workspaces do not ask in the same second."""

TOGETHER: Final = 0.1
"""Share of its interval by which a probe may be early to join a pass that begins anyway: what is
asked together can be diagnosed together."""

DELIVERY_INTERVAL: Final = timedelta(seconds=15)
"""How often what waits in the outbox is looked at; Slack's own retry times are longer."""

PRUNE_INTERVAL: Final = timedelta(hours=6)
HEARTBEAT_INTERVAL: Final = timedelta(minutes=1)  # the shortest period healthchecks.io knows
OVERDUE: Final = timedelta(minutes=10)
"""A workspace's pass that is this late is stuck: every timeout of a pass together is less."""


class Passes(Protocol):
    """What the schedule drives: `monitors.monitor.Monitor`."""

    def run_pass(self, names: Sequence[str], probes: Sequence[Probe]) -> object:
        """Run one pass over the workspaces called `names`."""
        ...

    def deliver(self) -> object:
        """Deliver what waits in the outbox."""
        ...

    def prune(self) -> None:
        """Forget what is older than the retention."""
        ...


@dataclass(slots=True)
class Agenda:
    """When each probe of one workspace is to be asked next. All are due at the start: the first
    pass is the first picture."""

    probes: Sequence[Probe]
    chance: random.Random
    start: datetime
    next_at: dict[str, datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.next_at = {probe.identity: self.start for probe in self.probes}

    def due(self, now: datetime) -> tuple[Probe, ...]:
        """Return the probes whose turn has come or nearly has, none where none's has come."""
        if now < self.earliest:
            return ()
        return tuple(
            probe
            for probe in self.probes
            if self.next_at[probe.identity] <= now + probe.every * TOGETHER
        )

    def done(self, probes: Sequence[Probe], now: datetime) -> None:
        """Plan the next turn of probes that were asked now."""
        for probe in probes:
            jitter = self.chance.uniform(1 - JITTER, 1 + JITTER)
            self.next_at[probe.identity] = now + probe.every * jitter

    @property
    def earliest(self) -> datetime:
        """When the next probe is due."""
        return min(self.next_at.values())


class Schedule:
    """Runs passes until it is told to stop. `log` takes one sentence a time."""

    def __init__(
        self,
        passes: Passes,
        *,
        workspaces: Sequence[str],
        probes: Sequence[Probe],
        clock: Clock,
        log: Callable[[str], None],
        chance: random.Random,
        at_a_time: int,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._passes = passes
        self._clock = clock
        self._log = log
        self._heartbeat = heartbeat
        now = clock.now()
        self._agendas = {name: Agenda(probes, chance, now) for name in workspaces}
        self._troubles: dict[str, str] = {}
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(at_a_time), "upkeep": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self, stop: threading.Event) -> None:
        """Probe until `stop` is set; then finish the passes that are running, and return."""
        if self._heartbeat:
            self._heartbeat.start()
        for name in self._agendas:
            self._plan(name)
        for work, interval in (
            (self._deliver, DELIVERY_INTERVAL),
            (self._prune, PRUNE_INTERVAL),
            (self._beat, HEARTBEAT_INTERVAL),
        ):
            self._scheduler.add_job(
                work, "interval", seconds=interval.total_seconds(), executor="upkeep"
            )
        self._scheduler.start()
        try:
            stop.wait()
        finally:
            self._stopping.set()
            self._scheduler.shutdown(wait=True)
        self._deliver()

    def _plan(self, name: str) -> None:
        if not self._stopping.is_set():
            self._scheduler.add_job(
                self._run, "date", run_date=self._agendas[name].earliest, args=[name]
            )

    def _run(self, name: str) -> None:
        agenda = self._agendas[name]
        probes = agenda.due(self._clock.now())

        def one_pass() -> object:
            return self._passes.run_pass([name], probes)

        try:
            if probes and not self._stopping.is_set():
                self._guarded(f"the pass over {name}", one_pass)
        finally:
            agenda.done(probes, self._clock.now())
            self._plan(name)

    def _deliver(self) -> None:
        self._guarded("delivering alerts", self._passes.deliver)

    def _prune(self) -> None:
        self._guarded("forgetting what is old", self._passes.prune)

    def _beat(self) -> None:
        if self._heartbeat is None:
            return
        late = self._clock.now() - OVERDUE
        overdue = [name for name, agenda in self._agendas.items() if agenda.earliest < late]
        if overdue:
            self._heartbeat.fail(f"passes overdue: {len(overdue)} of {len(self._agendas)}")
        elif self._troubles:
            self._heartbeat.fail("\n".join(sorted(set(self._troubles.values()))))
        else:
            self._heartbeat.success(f"Intercom workspaces probed: {len(self._agendas)}")

    def _guarded(self, what: str, work: Callable[[], object]) -> None:
        """Do the work; our own trouble is logged and told to the dead-man service, and the
        schedule goes on."""
        try:
            work()
        except IntercheckError as error:
            self._troubles[what] = str(error)
            self._log(f"{what} failed: {error}")
        except Exception as error:
            # Its text is not shown: an unforeseen error's may hold anything.
            self._troubles[what] = f"{what} failed ({type(error).__name__})."
            self._log(f"{self._troubles[what]} Run with INTERCHECK_DEBUG=1 and report it.")
        else:
            self._troubles.pop(what, None)
