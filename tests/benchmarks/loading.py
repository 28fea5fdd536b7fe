"""How long it takes to load a description, and to say --help, against the least it could take.

Everything is a ratio to a reference measured in the same run, so that the machine does not matter.
Run it by hand; `--check` exits 1 where a bar is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from contracts.pins import load_published

SHARED: Final = Path(__file__).parents[3] / "shared" / "intercom-openapi"
VERSION: Final = "2.16"
COLD_BAR: Final = 2.0  # times the bare C YAML loader: reading more strictly may cost as much again
CACHED_BAR: Final = 0.1  # times the bare loader: a cache that saves less is not worth having
HELP_BAR: Final = 3.0  # times importing click: nothing but the front door may be loaded
RUNS: Final = 7  # medians of so many; more changes the third digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A median beside the reference's, in milliseconds, and the ratio that is allowed."""

    name: str
    ours_ms: float
    reference: str
    reference_ms: float
    bar: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.reference_ms

    @property
    def keeps_bar(self) -> bool:
        return self.ratio <= self.bar

    def __str__(self) -> str:
        verdict = "ok" if self.keeps_bar else "MISSED"
        return (
            f"{self.name:28} {self.ours_ms:8.1f} ms   {self.reference:28} "
            f"{self.reference_ms:8.1f} ms   {self.ratio:5.2f}x   bar {self.bar:g}x   {verdict}"
        )


def medians(*tasks: Callable[[], object]) -> list[float]:
    """Return the median milliseconds of each task; they take turns, so that a busy moment of the
    machine hits all of them."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(RUNS):
        for task, measured in zip(tasks, times, strict=True):
            started = time.perf_counter()
            task()
            measured.append((time.perf_counter() - started) * 1000)
    return [statistics.median(measured) for measured in times]


def measure_loading() -> list[Measured]:
    """Load 2.16 with an empty cache, from the cache, and with nothing but the library."""
    path = SHARED / f"{VERSION}.yaml"
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        load_published(VERSION, spec_dir=SHARED, cache_dir=warm)
        empty = iter(Path(folder) / str(number) for number in range(RUNS))
        cold_ms, cached_ms, bare_ms = medians(
            lambda: load_published(VERSION, spec_dir=SHARED, cache_dir=next(empty)),
            lambda: load_published(VERSION, spec_dir=SHARED, cache_dir=warm),
            lambda: yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader),
        )
    bare = "yaml.load(CSafeLoader)"
    return [
        Measured(
            name=f"{VERSION} cold",
            ours_ms=cold_ms,
            reference=bare,
            reference_ms=bare_ms,
            bar=COLD_BAR,
        ),
        Measured(
            name=f"{VERSION} from the cache",
            ours_ms=cached_ms,
            reference=bare,
            reference_ms=bare_ms,
            bar=CACHED_BAR,
        ),
    ]


def measure_help() -> Measured:
    """Start the program for --help, and Python for click alone."""
    help_ms, click_ms = medians(
        lambda: subprocess.run(
            [Path(sys.executable).with_name("intercheck"), "--help"],
            check=True,
            stdout=subprocess.DEVNULL,
        ),
        lambda: subprocess.run([sys.executable, "-c", "import click"], check=True),
    )
    return Measured(
        name="intercheck --help",
        ours_ms=help_ms,
        reference='python -c "import click"',
        reference_ms=click_ms,
        bar=HELP_BAR,
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    is_checking = parser.parse_args().check
    found = [measure_help()]
    if (SHARED / f"{VERSION}.yaml").is_file():
        found += measure_loading()
    else:
        print(f"Loading is not measured: {VERSION}.yaml is not in ../shared/intercom-openapi.")
        if os.environ.get("CI"):
            print("CI has to provide it.")
            return 1
    for measured in found:
        print(measured)
    return int(is_checking and not all(measured.keeps_bar for measured in found))


if __name__ == "__main__":
    sys.exit(main())
