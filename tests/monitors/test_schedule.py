"""Passes on a schedule: each probe in its turn, no overlap, and an end that finishes what runs."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from contracts.clock import SystemClock
from contracts.errors import HistoryError
from contracts.exchanges import Operation
from monitors import schedule
from monitors.probes import Probe
from monitors.schedule import JITTER, Agenda, Schedule

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def probe(path: str, every: timedelta) -> Probe:
    return Probe(operation=Operation(method="GET", path=path), every=every)


FAST = probe("/me", timedelta(minutes=1))
SLOW = probe("/tags", timedelta(minutes=15))


class Recorder:
    """Stands where the monitor is: remembers what ran when, for how long, and how many at once."""

    def __init__(self, work: Callable[[], None] = lambda: None) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.running: dict[str, int] = {}
        self.overlapped = False
        self.runs: list[tuple[str, tuple[str, ...]]] = []
        self.finished = 0
        self.deliveries = 0
        self.prunings = 0

    def run_pass(self, names: Sequence[str], probes: Sequence[Probe]) -> None:
        (workspace,) = names
        with self._lock:
            self.running[workspace] = self.running.get(workspace, 0) + 1
            self.overlapped |= self.running[workspace] > 1
            self.runs.append((workspace, tuple(one.operation.path for one in probes)))
        try:
            self._work()
            self.finished += 1
        finally:
            with self._lock:
                self.running[workspace] -= 1

    def deliver(self) -> None:
        self.deliveries += 1

    def prune(self) -> None:
        self.prunings += 1


class Pings:
    """Stands where the dead-man service is."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def start(self) -> None:
        self.said.append("start")

    def success(self, text: str = "") -> None:
        self.said.append(f"success: {text}")

    def fail(self, text: str = "") -> None:
        self.said.append(f"fail: {text}")


def run_for(
    seconds: float,
    passes: Recorder,
    probes: Sequence[Probe],
    *,
    pings: Pings | None = None,
    workspaces: Sequence[str] = ("acme",),
) -> list[str]:
    """Run a schedule for a while; return what it logged."""
    log: list[str] = []
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    Schedule(
        passes,
        workspaces=workspaces,
        probes=probes,
        clock=SystemClock(),
        log=log.append,
        chance=random.Random(7),
        at_a_time=4,
        heartbeat=pings,  # type: ignore[arg-type]
    ).run(stop)
    timer.join()
    return log


def test_everything_is_due_at_the_start_and_then_in_its_own_time() -> None:
    agenda = Agenda([FAST, SLOW], random.Random(1), START)
    assert agenda.due(START) == (FAST, SLOW)
    agenda.done((FAST, SLOW), START)
    assert agenda.due(START + timedelta(seconds=30)) == ()
    assert agenda.due(START + timedelta(seconds=64)) == (FAST,)


def test_over_a_day_each_probe_is_asked_as_often_as_it_says() -> None:
    agenda = Agenda([FAST, SLOW], random.Random(1), START)
    asked = {FAST.identity: 0, SLOW.identity: 0}
    now, passes = START, 0
    while now < START + timedelta(days=1):
        due = agenda.due(now)
        for one in due:
            asked[one.identity] += 1
        passes += bool(due)
        agenda.done(due, now)
        now = max(agenda.earliest, now)
    assert asked[FAST.identity] == pytest.approx(1440, rel=JITTER)
    assert asked[SLOW.identity] == pytest.approx(96, rel=0.12)  # it may be early to join a pass
    assert passes < 1.05 * asked[FAST.identity]  # and so most passes serve both


def test_passes_of_a_workspace_never_overlap_and_workspaces_do_not_wait_for_each_other() -> None:
    passes = Recorder(lambda: time.sleep(0.12))
    quick = [probe("/me", timedelta(milliseconds=50)), probe("/tags", timedelta(milliseconds=70))]
    run_for(0.6, passes, quick, workspaces=("acme", "bravo"))
    assert not passes.overlapped
    by_workspace = {name: sum(run[0] == name for run in passes.runs) for name in ("acme", "bravo")}
    assert min(by_workspace.values()) >= 3


def test_told_to_stop_it_finishes_the_pass_that_runs_and_delivers() -> None:
    passes = Recorder(lambda: time.sleep(0.4))
    run_for(0.1, passes, [FAST])
    assert (len(passes.runs), passes.finished, passes.deliveries) == (1, 1, 1)


def test_our_own_trouble_is_logged_told_to_the_dead_man_service_and_survived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "HEARTBEAT_INTERVAL", timedelta(milliseconds=60))
    troubles = iter([HistoryError("the history is locked."), ValueError("canary-in-an-error")])

    def work() -> None:
        for trouble in troubles:
            raise trouble

    passes, pings = Recorder(work), Pings()
    log = run_for(0.5, passes, [probe("/me", timedelta(milliseconds=90))], pings=pings)

    assert log[0] == "the pass over acme failed: the history is locked."
    assert log[1].startswith("the pass over acme failed (ValueError).")
    assert "canary" not in "".join(log + pings.said)
    assert passes.finished >= 1
    assert pings.said[0] == "start"
    assert "fail: the history is locked." in pings.said
    assert pings.said[-1] == "success: Intercom workspaces probed: 1"


def test_a_pass_that_is_stuck_is_told_to_the_dead_man_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "HEARTBEAT_INTERVAL", timedelta(milliseconds=50))
    monkeypatch.setattr(schedule, "OVERDUE", timedelta(milliseconds=100))
    pings = Pings()
    run_for(0.3, Recorder(lambda: time.sleep(0.35)), [FAST], pings=pings)
    assert "fail: passes overdue: 1 of 1" in pings.said
