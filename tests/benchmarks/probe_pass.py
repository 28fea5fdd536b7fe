"""CPU per probe of a whole pass, against a bare requests loop over the same URLs.

A pass sends, validates against the published description and the contract we rely on, learns shapes
and latencies, detects, folds and records; the loop is `requests.Session.get(...).json()`. Both run
in this process, the sandbox in another, so that only our own work is counted.

Passes are five minutes of the monitor's clock apart, so that what happens by the hour happens here
as well; the ratio is of all of them together, since what only every tenth pass pays is paid. It is
measured three times: on a workspace in which nothing happens, on one where in between people write
(`traffic.living`), and with a monitor and a history newly opened for every pass, as cron has it
(there without the time that Python takes to start). Beside it, where Debian's package is installed,
how many probes a second prometheus-blackbox-exporter makes (reported only).
"""

import argparse
import contextlib
import gc
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from statistics import median
from urllib.parse import urlencode

import requests
from traffic.living import five_minutes

from contracts.exchanges import Exchange
from contracts.overlays import embedded_contract
from contracts.pins import load_published
from contracts.spec import Spec
from contracts.workspaces import Secret, Workspace
from monitors.history import History
from monitors.monitor import Monitor
from monitors.probe_files import load_probes
from monitors.promises import Promises

BAR = 1.8
RUNS = 24
WARM_UP = 12
BETWEEN = timedelta(minutes=5)
SHARED = Path(__file__).parents[3] / "shared" / "intercom-openapi"
SERVER = """
import sys
from pathlib import Path
from contracts.clock import SystemClock
from contracts.pins import load_published
from sandbox.intercom import Sandbox

spec = None
if sys.argv[1]:
    spec = load_published("2.15", spec_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
with Sandbox(spec, clock=SystemClock(), latency=False, rate_limit=1_000_000) as sandbox:
    print(sandbox.url, sandbox.token, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def sandbox(spec_dir: Path | None, cache_dir: Path) -> Iterator[tuple[str, str]]:
    """Serve an Intercom from another process; its URL and token."""
    arguments = [str(spec_dir) if spec_dir else "", str(cache_dir)]
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            url, token = server.stdout.readline().split()
            yield url, token
        finally:
            assert server.stdin
            server.stdin.close()


def cpu_of(work: Callable[[], object]) -> float:
    """Seconds of this process's CPU that `work` takes."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def bare_loop(session: requests.Session, exchanges: list[Exchange]) -> None:
    """Ask the same again, and read the JSON."""
    for exchange in exchanges:
        request = exchange.request
        if request.method == "GET":
            session.get(request.url, timeout=30).json()
        else:
            session.post(request.url, data=request.body, timeout=30).json()


def blackbox_rate(url: str, folder: Path) -> float | None:
    """Probes a second of prometheus-blackbox-exporter, None where it is not installed."""
    program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    if program is None:
        return None
    configuration = folder / "blackbox.yml"
    configuration.write_text("modules: {http_2xx: {prober: http, timeout: 5s}}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            program,
            f"--config.file={configuration}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    ) as exporter:
        try:
            probe = f"http://127.0.0.1:{port}/probe?{urlencode({'target': url})}"
            with requests.Session() as session:
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline:
                    with contextlib.suppress(requests.ConnectionError):
                        session.get(probe, timeout=10)
                        break
                    time.sleep(0.05)
                started = time.perf_counter()
                for _ in range(100):
                    session.get(probe, timeout=10).raise_for_status()
                return 100 / (time.perf_counter() - started)
        finally:
            exporter.terminate()


@dataclass(slots=True)
class LaterClock:
    """The machine's clock, set ahead by what has passed between the passes."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The sandbox, the session that asks it barely, and what monitors are made of."""

    url: str
    session: requests.Session
    folder: Path
    workspace: Workspace
    promises: Promises
    clock: LaterClock = field(default_factory=LaterClock)
    asked: list[Exchange] = field(default_factory=list)

    @contextlib.contextmanager
    def monitor(self, name: str) -> Iterator[Monitor]:
        """A monitor with the history called `name`."""
        with (
            History.open(f"sqlite:///{self.folder}/{name}.sqlite", clock=self.clock) as history,
            Monitor(
                workspaces=[self.workspace],
                probes=load_probes(),
                promises=self.promises,
                history=history,
                channels={},
                clock=self.clock,
                new_id=lambda: token_hex(8),
                on_visit=lambda _, visit: (
                    self.asked.append(visit.exchange) if visit.exchange else None
                ),
            ) as monitor,
        ):
            yield monitor

    def measure(self, run_pass: Callable[[], object], between: Callable[[int], None]) -> float:
        """Print and return the CPU of passes as a multiple of the bare loop's."""
        ours: list[float] = []
        bare: list[float] = []
        requests = 0
        for turn in range(WARM_UP + RUNS):
            self.clock.ahead += BETWEEN
            between(turn)
            self.asked.clear()
            pass_cpu = cpu_of(run_pass)
            exchanges = list(self.asked)
            if not exchanges or not all(exchange.is_success for exchange in exchanges):
                raise SystemExit("the sandbox did not answer every probe: nothing was measured")
            loop_cpu = cpu_of(lambda asked=exchanges: bare_loop(self.session, asked))  # type: ignore[misc]
            if turn >= WARM_UP:
                ours.append(pass_cpu)
                bare.append(loop_cpu)
                requests += len(exchanges)
        ratio = sum(ours) / sum(bare)
        middle = median(mine / its for mine, its in zip(ours, bare, strict=True))
        print(
            f"{ratio:6.2f} (median pass {middle:.2f}): {sum(ours) / requests * 1e3:.3f} ms CPU a "
            f"probe, bare {sum(bare) / requests * 1e3:.3f} ms, {RUNS} passes of {len(exchanges)}"
        )
        return ratio


def main() -> int:
    """Measure, print, and with --check fail where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when the bar is missed")
    parser.add_argument("--profile", action="store_true", help="show where a pass spends its time")
    options = parser.parse_args()
    spec_dir = SHARED if SHARED.is_dir() else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def published(version: str) -> Spec | None:
            if spec_dir is None:
                return embedded_contract(version)
            return load_published(version, spec_dir=spec_dir, cache_dir=folder)

        with sandbox(spec_dir, folder) as (url, token), requests.Session() as session:
            workspace = Workspace(name="bench", token=Secret(token), base_url=url)
            session.headers["Authorization"] = f"Bearer {token}"
            session.headers["Intercom-Version"] = workspace.version
            session.headers["Content-Type"] = "application/json"
            bench = Bench(
                url=url,
                session=session,
                folder=folder,
                workspace=workspace,
                promises=Promises(published, cache_dir=folder),
            )
            return report(bench, options)


def report(bench: Bench, options: argparse.Namespace) -> int:
    """Measure each kind of traffic and print what came of it."""
    reference = "published and relied upon" if SHARED.is_dir() else "embedded contract, twice"
    print(f"CPU of a pass as a multiple of the bare loop's (bar {BAR}), held to: {reference}")

    def live(turn: int) -> None:
        # Not the session that is measured: it would collect cookies, and be slower for them.
        with requests.Session() as people:
            people.headers.update(bench.session.headers)
            five_minutes(bench.url, people, turn)

    def one_of_cron() -> None:
        with bench.monitor("cron") as monitor:
            monitor.run_pass()

    with bench.monitor("still") as monitor:
        print("unchanged answers", end=" ")
        still = bench.measure(monitor.run_pass, lambda turn: None)
        if options.profile:
            profile(monitor)
    with bench.monitor("alive") as monitor:
        print("answers that vary", end=" ")
        alive = bench.measure(monitor.run_pass, live)
    print("the same by cron ", end=" ")
    bench.measure(one_of_cron, lambda turn: live(WARM_UP + RUNS + turn))
    rate = blackbox_rate(f"{bench.url}/me", bench.folder)
    print(
        "blackbox        not installed (prometheus-blackbox-exporter)"
        if rate is None
        else f"blackbox        {rate:7.0f} probes a second, one after another"
    )
    return 1 if options.check and max(still, alive) > BAR else 0


def profile(monitor: Monitor) -> None:
    """Show where ten passes spend their time."""
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(10):
        monitor.run_pass()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    sys.exit(main())
