"""How well regressions of latency are found, and what it costs, beside simple methods.

    python tests/benchmarks/latency.py ../shared/latency/series.json.gz --check
    python tests/benchmarks/latency.py --made 40       # series of other families and kinds

Scored by the scorer that lies beside the labelled series. Run it by hand; `--check` exits 1 where
a bar is missed.
"""

import argparse
import hashlib
import importlib.util
import json
import multiprocessing
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.pool import Pool
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import requests

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from latency_methods import METHODS
from latency_reading import Series, WrongInputError, read_series
from latency_series import made_series

from monitors.regression import Kind, Watch

SHARED: Final = Path(__file__).parents[3] / "shared" / "latency"
HOUR: Final = 3600
PROGRESS: Final = 20
"""Series after which the scores so far are printed."""
CALLS: Final = 300  # bare calls whose CPU is the measure: their median changes by a tenth
INTERRUPTED: Final = 130  # as shells have it: 128 and the number of SIGINT


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """What the detector told of one series, as indexes of samples, and what it took."""

    name: str
    opened: list[int]
    closed: list[int]
    loud: list[int]
    """The opening of those that became sustained x2, once each."""
    samples: int
    cpu_s: float
    state: int


@dataclass(slots=True, kw_only=True)
class Told:
    """What the detector told, by series."""

    opened: dict[str, list[int]] = field(default_factory=dict)
    closed: dict[str, list[int]] = field(default_factory=dict)
    loud: dict[str, list[int]] = field(default_factory=dict)
    largest_state: int = 0
    samples: int = 0
    cpu_s: float = 0.0

    def add(self, one: One) -> None:
        """Take what was told of another series."""
        self.opened[one.name], self.closed[one.name] = one.opened, one.closed
        self.loud[one.name] = one.loud
        self.largest_state = max(self.largest_state, one.state)
        self.samples += one.samples
        self.cpu_s += one.cpu_s

    @property
    def cpu_us(self) -> float:
        """CPU microseconds of a sample, amortised."""
        return self.cpu_s / max(self.samples, 1) * 1e6


def watch_one(one: Series) -> One:
    """Run the detector of `probe`, `serve` and `replay` over one series."""
    opened: list[int] = []
    closed: list[int] = []
    loud: list[int] = []
    samples = 0
    watched = Watch()
    begun = time.process_time()
    for index, value in enumerate(one["values"]):
        if value is None:
            continue
        samples += 1
        verdict = watched.take(one["start_epoch"] + index * one["interval_s"], value)
        if verdict.opened:
            opened.append(index)
        if verdict.closed:
            closed.append(index)
        if verdict.kind is Kind.REGRESSION and opened and opened[-1] not in loud:
            loud.append(opened[-1])
    return One(
        name=one["id"],
        opened=opened,
        closed=closed,
        loud=loud,
        samples=samples,
        cpu_s=time.process_time() - begun,
        state=len(json.dumps(watched.as_json())),
    )


def watch(series: Sequence[Series], score: Callable[..., Any], jobs: int) -> Told:
    """Run it over every series, and say on stderr how far it is and what it found so far."""
    told = Told()
    with _pool(jobs) if jobs > 1 else nullcontext() as pool:
        for number, one in enumerate(
            pool.imap(watch_one, series) if pool else map(watch_one, series), 1
        ):
            told.add(one)
            if number % PROGRESS == 0 and number < len(series):
                so_far = score(series[:number], told.opened)
                found = so_far["recall_all"] * sum(so_far["n"].values())
                print(
                    f"{number} of {len(series)} series: {found:.0f} of {sum(so_far['n'].values())} "
                    f"found, {so_far['fa']} false alarms in {so_far['endpoint_weeks']:.0f} weeks",
                    file=sys.stderr,
                    flush=True,
                )
    return told


def _pool(jobs: int) -> Pool:
    """Return processes that leave an interrupt to this one."""
    return multiprocessing.get_context("spawn").Pool(
        jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)
    )


def hours_to_close(series: Sequence[Series], told: Told) -> list[float]:
    """Return how long after its end each regression that was open then was said to be over."""
    hours: list[float] = []
    for one in series:
        changes = sorted(
            [(index, True) for index in told.opened[one["id"]]]
            + [(index, False) for index in told.closed[one["id"]]]
        )
        for event in one["label"]:
            before = [is_open for index, is_open in changes if index <= event["end_index"]]
            after = [
                index for index, is_open in changes if index > event["end_index"] and not is_open
            ]
            if before and before[-1] and after:
                hours.append((after[0] - event["end_index"]) * one["interval_s"] / HOUR)
    return hours


def bare_call_us() -> float:
    """Return the CPU microseconds of one `requests` call on a kept-alive loopback connection; the
    server's share is this process's too, as it is measured by thread."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    times: list[float] = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(CALLS):
            begun = time.thread_time()
            session.get(url, timeout=5)
            times.append(time.thread_time() - begun)
    server.shutdown()
    server.server_close()
    return statistics.median(times) * 1e6


def half_of(name: str) -> str:
    """Return the half that a series belongs to, by a hash of its id."""
    return "AB"[int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2]


def scorer(path: Path) -> ModuleType:
    """Load the scorer that lies beside the labelled series."""
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise WrongInputError(f"there is no scorer at {path}: name one with --scorer")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Something measured and what it must be: at least, or at most."""

    name: str
    value: float | None
    bar: float
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """What does not occur in these series is not held against anybody."""
        if self.value is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def __str__(self) -> str:
        value = "-" if self.value is None else f"{self.value:.3f}"
        bound = "at least" if self.at_least else "at most"
        verdict = "ok" if self.is_kept else "MISSED"
        if self.value is None:
            verdict = "not measured"
        return f"{self.name:34}{value:>10}   {bound} {self.bar:g}   {verdict}"


RECALLS: Final = {
    "step_1.2": 0.65,
    "step_1.5": 0.97,
    "step_2": 1.0,
    "step_5": 1.0,
    "ramp": 1.0,
    "tail": 0.95,
    "variance": 0.95,
    "intermittent": 1.0,
}
DELAYS: Final = {"step_1.5": 16.0, "step_2": 6.0, "step_5": 3.0}


def bars(
    scored: Any, loud: Any, told: Told, closing: Sequence[float], call: float
) -> Iterator[Bar]:
    """Yield everything that is asked for."""
    yield Bar(name="false alarms / endpoint-week", value=scored["fa_per_week"], bar=0.05)
    yield Bar(name="loud false alarms / endpoint-week", value=loud["fa_per_week"], bar=0.005)
    for kind, bar in RECALLS.items():
        value = scored["recall"].get(kind)
        yield Bar(name=f"recall {kind}", value=value, bar=bar, at_least=True)
    for kind, bar in DELAYS.items():
        value = scored["delay_med"].get(kind)
        yield Bar(name=f"median delay {kind}, samples", value=value, bar=bar)
    yield Bar(name="repeats per hit", value=scored["repeats_per_hit"], bar=0.2)
    median = statistics.median(closing) if closing else None
    yield Bar(name="median time to close, hours", value=median, bar=1.0)
    yield Bar(name=f"CPU of a call ({call:.0f} us) per sample", value=told.cpu_us / call, bar=0.1)
    yield Bar(name="state per endpoint, kB", value=told.largest_state / 1024, bar=64.0)


def line(name: str, scored: Any, cpu_us: float) -> str:
    """Return one row of the table of methods."""
    recalls = "".join(f"{scored['recall'].get(kind, float('nan')):>8.2f}" for kind in RECALLS)
    return (
        f"{name:32}{scored['fa_per_week']:>8.3f}{scored['recall_all']:>8.2f}{recalls}"
        f"{scored['repeats_per_hit']:>9.2f}{cpu_us:>9.1f}"
    )


def compared(series: Sequence[Series], score: Callable[..., Any]) -> Iterator[str]:
    """Yield the table's rows for the simple methods."""
    for name, method in METHODS.items():
        begun = time.process_time()
        alerts = {one["id"]: method(one["values"], one["interval_s"]) for one in series}
        spent = time.process_time() - begun
        samples = sum(len(one["values"]) for one in series)
        yield line(name, score(series, alerts), spent / samples * 1e6)


def at_least_one(written: str) -> int:
    """Read a number of at least 1."""
    number = int(written)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


at_least_one.__name__ = "whole number"  # argparse names it where it was none


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        return run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def run(arguments: Sequence[str] | None) -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("series", type=Path, nargs="?", help="labelled series, gzipped JSON")
    parser.add_argument("--made", type=at_least_one, help="make so many series of each family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--half",
        choices=("A", "B"),
        help="half of the series by a hash of their id: to look at one and measure on the other",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    parser.add_argument("--alone", action="store_true", help="leave the simple methods out")
    parser.add_argument("--jobs", type=at_least_one, default=1, help="processes, one for each core")
    parser.add_argument("--scorer", type=Path, help="score.py (default: beside the series)")
    chosen = parser.parse_args(arguments)
    if chosen.series is None and not chosen.made:
        chosen.series = SHARED / "series.json.gz"
        if not chosen.series.is_file():
            parser.error("name a file of labelled series, or --made N")
    series: list[Series] = []
    try:
        if chosen.series is not None:
            series += read_series(chosen.series)
        beside = chosen.series.parent / "score.py" if chosen.series else SHARED / "score.py"
        score = scorer(chosen.scorer or beside)
    except WrongInputError as error:
        parser.error(str(error))
    if chosen.made:
        series += made_series(chosen.made, seed=chosen.seed)
    if chosen.half:
        series = [one for one in series if half_of(one["id"]) == chosen.half]
    if not series:
        parser.error("there is no series to score: name another file, or --made N")
    shown: Iterable[str] = ()
    told = watch(series, score.score, chosen.jobs)
    scored = score.score(series, told.opened)
    loud = score.score(series, told.loud)
    score.show(scored)
    print()
    kinds = "".join(f"{kind.removeprefix('step_')[:7]:>8}" for kind in RECALLS)
    print(f"{'':32}{'fa/week':>8}{'recall':>8}{kinds}{'repeats':>9}{'us/smp':>9}")
    print(line("intercheck", scored, told.cpu_us))
    shown = () if chosen.alone else compared(series, score.score)
    for row in shown:
        print(row)
    print()
    held = list(bars(scored, loud, told, hours_to_close(series, told), bare_call_us()))
    for bar in held:
        print(bar)
    return 1 if chosen.check and not all(bar.is_kept for bar in held) else 0


if __name__ == "__main__":
    sys.exit(main())
