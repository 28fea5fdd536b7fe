"""A run that writes is killed at many moments; cleaning up leaves nothing of it.

A real `intercheck contract` with writes allowed, against a sandbox in another process, gets a
SIGKILL a seeded number of requests and microseconds after it began to write; in one round of four
the cleaning is killed as well, and repeated. What is left is counted at the sandbox. `--check`
exits 1 where anything is.
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

from contracts.clock import SystemClock
from contracts.resources import RESOURCES
from sandbox.intercom import Sandbox
from sandbox.intercom.store import KINDS as STORED

PROGRAM: Final = Path(sys.executable).with_name("intercheck")
KINDS: Final = tuple(one.kind for one in RESOURCES if one.kind in STORED)
LONGEST: Final = 90.0  # seconds for a run to get where it is killed
MOST_DELAY: Final = 0.004  # seconds: a request to the sandbox takes about one or two thousandths
MOST_WRITES: Final = 12  # what a run of the embedded contract sends, in all lives together
CLEANINGS_KILLED: Final = 0.25  # share of the rounds


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
    return {kind: len(sandbox.store().all(kind)) for kind in KINDS}


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


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit 1 where anything is left")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    left: Counter[str] = Counter()
    killed = held = cleanings = failed = 0
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(latency=False, clock=SystemClock(), rate_limit=1_000_000) as sandbox,
    ):
        folder = Path(name)
        (folder / "intercheck.yaml").write_text(
            f"workspaces:\n  - name: test\n    token: {sandbox.token}\n"
            f"    base-url: {sandbox.url}\n    app-id: sbx1main\n    writes: test-workspace\n"
        )
        before = counted(sandbox)
        for _ in range(given.kills):
            run = start(folder, ["--phases", "stateful", "--max-requests", "200"])
            number, delay = chance.randint(1, MOST_WRITES), chance.uniform(0, MOST_DELAY)
            killed += kill_after(run, sandbox, number, delay)
            held += counted(sandbox) != before
            if chance.random() < CLEANINGS_KILLED:
                cleaning = start(folder, ["--clean-up"])
                cleanings += kill_after(cleaning, sandbox, 1, chance.uniform(0, MOST_DELAY / 4))
            failed += start(folder, ["--clean-up"]).wait(LONGEST) != 0
            left += Counter(counted(sandbox)) - Counter(before)
    print(
        f"{killed} of {given.kills} runs killed while they ran, {held} of them left something; "
        f"{cleanings} cleanings killed too. After cleaning up: {sum(left.values())} objects left "
        f"{dict(left) or ''}, {failed} cleanings failed"
    )
    keeps = not left and not failed and killed >= given.kills // 2 and held > 0
    print(f"bar: nothing is left: {'ok' if keeps else 'MISSED'}")
    return int(given.check and not keeps)


if __name__ == "__main__":
    sys.exit(main())
