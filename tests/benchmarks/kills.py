"""A run that writes is killed at many moments; cleaning up leaves nothing of it.

A real `intercheck contract` with writes allowed creates every kind of object that the sandbox
keeps. It gets a SIGKILL a seeded number of requests and microseconds after it began to write; in
one round of four the answers to creating a kind are lost, in one of four the cleaning is killed as
well, and repeated. What is left is counted at the sandbox. `--check` exits 1 where anything is.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mutants import SHARED, open_description

from contracts.clock import SystemClock
from contracts.resources import RESOURCES
from sandbox.intercom import Fault, Sandbox
from sandbox.intercom.store import KINDS

PROGRAM: Final = Path(sys.executable).with_name("intercheck")
KEPT: Final = tuple(one for one in RESOURCES if one.kind in KINDS)
"""The kinds that the sandbox keeps; what it answers from examples cannot be left behind."""
VERSION: Final = "2.16"  # it has every kind
PATHS: Final = "|".join(sorted({one.create.partition(" /")[2] for one in KEPT}))
ASKED: Final = f"^/(({PATHS})(/{{[^/]*}}(/archive)?)?|contacts/search|admins)$"
"""What creates and removes them, and where their authors come from: the rest takes time only."""
LONGEST: Final = 300.0  # seconds for a run to get where it is killed, or for a cleaning to end
MOST_DELAY: Final = 0.004  # seconds: a request to the sandbox takes about one or two thousandths
MOST_WRITES: Final = sum(len(one.writes) for one in KEPT)  # of all lives together
CLEANINGS_KILLED: Final = 0.25  # share of the rounds
SELECTION: Final = ("--include-path-regex", ASKED, "--max-requests", "250")
ANSWERS_LOST: Final = 0.25  # share of the rounds


def start(folder: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start `intercheck contract` in `folder`."""
    return subprocess.Popen(
        [PROGRAM, "contract", "-c", "intercheck.yaml", *arguments],
        cwd=folder,
        env=os.environ | {"INTERCHECK_CACHE_DIR": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def counted(sandbox: Sandbox) -> dict[str, int]:
    """Count the objects of every kind that a run may create."""
    return {one.kind: len(sandbox.store().all(one.kind)) for one in KEPT}


def writes(sandbox: Sandbox) -> int:
    """Count the requests that wrote; the sandbox keeps one for every request it answered."""
    return sum(
        seen.method in ("PUT", "DELETE")
        or (seen.method == "POST" and not seen.path.endswith(("/search", "/list")))
        for seen in list(sandbox.requests)
    )


def kill_after(
    process: "subprocess.Popen[bytes]", sandbox: Sandbox, number: int, delay: float
) -> bool:
    """Kill the process `delay` seconds after its write number `number`; say whether it lived."""
    before, until = writes(sandbox), time.monotonic() + LONGEST
    while writes(sandbox) - before < number and process.poll() is None:
        if time.monotonic() > until:
            break
        time.sleep(0.0005)
    time.sleep(delay)
    lived = process.poll() is None
    process.kill()
    process.wait()
    return lived


def cleans_up(folder: Path) -> bool:
    """Clean up; say whether that ended well and in time."""
    process = start(folder, ["--clean-up"])
    try:
        return process.wait(LONGEST) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit 1 where anything is left")
    given = parser.parse_args()
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    chance = random.Random(given.seed)
    left: Counter[str] = Counter()
    killed = held = cleanings = failed = lost = 0
    kinds: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(
            open_description(VERSION), latency=False, clock=SystemClock(), rate_limit=1_000_000
        ) as sandbox,
    ):
        folder = Path(name)
        (folder / "intercheck.yaml").write_text(
            f"workspaces:\n  - name: test\n    token: {sandbox.token}\n"
            f"    base-url: {sandbox.url}\n    app-id: sbx1main\n    writes: test-workspace\n"
            f"    version: '{VERSION}'\nspec-dir: {SHARED}\n"
        )
        before = counted(sandbox)
        for _ in range(given.kills):
            if chance.random() < ANSWERS_LOST:
                operation = chance.choice(KEPT).create
                sandbox.faults.add(Fault(name="connection-reset", operation=operation))
                lost += 1
            run = start(folder, ["--spec", VERSION, "--phases", "stateful", *SELECTION])
            number, delay = chance.randint(1, MOST_WRITES), chance.uniform(0, MOST_DELAY)
            killed += kill_after(run, sandbox, number, delay)
            sandbox.faults.clear()
            kept = Counter(counted(sandbox)) - Counter(before)
            held, kinds = held + bool(kept), kinds + kept
            if chance.random() < CLEANINGS_KILLED:
                cleaning = start(folder, ["--clean-up"])
                cleanings += kill_after(cleaning, sandbox, 1, chance.uniform(0, MOST_DELAY / 4))
            failed += not cleans_up(folder)
            left += Counter(counted(sandbox)) - Counter(before)
    print(
        f"{killed} of {given.kills} runs killed while they ran, answers lost in {lost}; "
        f"{held} left something {dict(kinds) or ''}; {cleanings} cleanings killed too\n"
        f"after cleaning up: {sum(left.values())} objects left {dict(left) or ''}; "
        f"{failed} cleanings failed"
    )
    keeps = not left and not failed and killed >= given.kills // 2 and held > 0
    print(f"bar: nothing is left: {'ok' if keeps else 'MISSED'}")
    return int(given.check and not keeps)


if __name__ == "__main__":
    sys.exit(main())
