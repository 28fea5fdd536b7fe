"""CPU per probe of a whole pass, against a bare requests loop over the same URLs.

A pass sends, validates against the published description and the contract we rely on, detects,
folds and records; the loop is `requests.Session.get(...).json()`. Both run in this process, the
sandbox in another, so that only our own work is counted. Beside it, where Debian's package is
installed, how many probes a second prometheus-blackbox-exporter makes (reported only).
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
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import requests

from contracts.clock import SystemClock
from contracts.exchanges import Exchange
from contracts.overlays import embedded_contract
from contracts.pins import load_published
from contracts.spec import Spec
from contracts.workspaces import Secret, Workspace
from monitors.history import History
from monitors.monitor import Monitor
from monitors.probe_files import load_probes
from monitors.promises import Promises

BAR = 3.0
GOAL = 1.8
RUNS = 9
WARM_UP = 2
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

        with (
            sandbox(spec_dir, folder) as (url, token),
            History.open(f"sqlite:///{folder}/history.sqlite", clock=SystemClock()) as history,
        ):
            workspace = Workspace(name="bench", token=Secret(token), base_url=url)
            asked: list[Exchange] = []
            ids = iter(range(10**9))
            monitor = Monitor(
                workspaces=[workspace],
                probes=load_probes(),
                promises=Promises(published, cache_dir=folder),
                history=history,
                channels={},
                clock=SystemClock(),
                new_id=lambda: f"id-{next(ids)}",
                on_visit=lambda _, visit: asked.append(visit.exchange) if visit.exchange else None,
            )
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {token}"
            session.headers["Intercom-Version"] = workspace.version
            session.headers["Content-Type"] = "application/json"
            with monitor, session:
                return report(monitor, session, asked, url, folder, options)


def report(
    monitor: Monitor,
    session: requests.Session,
    asked: list[Exchange],
    url: str,
    folder: Path,
    options: argparse.Namespace,
) -> int:
    """Run both in turns and print what came of it."""
    ours: list[float] = []
    bare: list[float] = []
    seconds: list[float] = []
    for run in range(WARM_UP + RUNS):
        asked.clear()
        started = time.perf_counter()
        pass_cpu = cpu_of(monitor.run_pass)
        elapsed = time.perf_counter() - started
        exchanges = list(asked)
        if not exchanges or not all(exchange.is_success for exchange in exchanges):
            raise SystemExit("the sandbox did not answer every probe: nothing was measured")
        loop_cpu = cpu_of(lambda asked=exchanges: bare_loop(session, asked))  # type: ignore[misc]
        if run >= WARM_UP:
            ours.append(pass_cpu / len(exchanges))
            bare.append(loop_cpu / len(exchanges))
            seconds.append(elapsed / len(exchanges))
    ratio = median(mine / its for mine, its in zip(ours, bare, strict=True))
    reference = "published and relied upon" if SHARED.is_dir() else "embedded contract, twice"
    print(f"{len(asked)} probes a pass, median of {RUNS} passes, held to: {reference}")
    print(f"whole pass      {median(ours) * 1e3:7.3f} ms CPU a probe")
    print(f"bare requests   {median(bare) * 1e3:7.3f} ms CPU a probe")
    print(f"ratio           {ratio:7.2f}     (bar {BAR}, goal {GOAL})")
    print(f"our rate        {1 / median(seconds):7.0f} probes a second, one after another")
    rate = blackbox_rate(f"{url}/me", folder)
    print(
        "blackbox        not installed (prometheus-blackbox-exporter)"
        if rate is None
        else f"blackbox        {rate:7.0f} probes a second, one after another"
    )
    if options.profile:
        profile(monitor)
    return 1 if options.check and ratio > BAR else 0


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
