"""CPU of a whole process of `intercheck probe`, as cron starts it, against one that asks barely.

The other process imports requests, sends the same requests and reads the JSON. Both are measured
from their start to their end, user and system, one after the other; what is printed is the median
and how many times the bare one's it is. Of ours there are four kinds: the second pass over a
history and the first after a week of passes at five minutes, each with the page that a pass writes
and without it (`--report ""`). There is no bar: most of it is what libraries take to be imported.

Python may keep what it has compiled, as an installation does, so PYTHONDONTWRITEBYTECODE counts for
nothing here.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final

import requests
from probe_pass import SHARED, Bench, sandbox

from contracts.clock import SystemClock
from contracts.workspaces import Secret, Workspace
from monitors.history import History
from monitors.promises import Promises

RUNS: Final = 9
EVERY: Final = timedelta(minutes=5)
PASSES: Final = timedelta(days=7) // EVERY
OURS: Final = "import sys; from intercheck.cli import main; main(sys.argv[1:])"
BARE: Final = """
import json, sys
import requests

with requests.Session() as session:
    session.headers.update(json.loads(sys.argv[1]))
    for method, url, body in json.loads(sys.argv[2]):
        answer = session.request(method, url, data=body, timeout=30)
        answer.raise_for_status()
        answer.json()
"""


def cpu_of(arguments: Sequence[str], environment: dict[str, str]) -> float:
    """Seconds of CPU that a process of Python takes, from its start to its end."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    program = [sys.executable, "-c", *arguments]
    process = os.posix_spawn(sys.executable, program, environment, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("a process failed: nothing was measured")
    return used.ru_utime + used.ru_stime


def fill(history: Path) -> None:
    """Put a week of passes before the only one that a history has."""
    with (
        History.open(f"sqlite:///{history}", clock=SystemClock()) as opened,
        opened.transaction(),
    ):
        (last,) = opened.passes()
        for number in range(1, PASSES):
            back = number * EVERY
            opened.record(
                replace(
                    last,
                    id=f"{number}",
                    started_at=last.started_at - back,
                    finished_at=last.finished_at - back,
                    measurements=tuple(
                        replace(one, started_at=one.started_at - back) for one in last.measurements
                    ),
                )
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="processes of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec_dir = SHARED if SHARED.is_dir() else None
        with sandbox(spec_dir, folder) as (url, token), requests.Session() as session:
            report(folder, url, token, session, options.runs)


def report(folder: Path, url: str, token: str, session: requests.Session, runs: int) -> None:
    """Make the histories, measure each kind in turn, and print what came of it."""
    bench = Bench(
        url=url,
        session=session,
        folder=folder,
        workspace=Workspace(name="default", token=Secret(token), base_url=url),
        promises=Promises(lambda version: None, cache_dir=folder),
    )
    with bench.monitor("first") as monitor:
        monitor.run_pass()
    shutil.copy(folder / "first.sqlite", folder / "week.sqlite")
    fill(folder / "week.sqlite")
    headers = {
        "Authorization": f"Bearer {token}",
        "Intercom-Version": bench.workspace.version,
        "Content-Type": "application/json",
    }
    asked = [(one.request.method, one.request.url, _text(one.request.body)) for one in bench.asked]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "INTERCOM_ACCESS_TOKEN": token,
        "INTERCOM_BASE_URL": url,
        "INTERCHECK_CACHE_DIR": str(folder),
        "INTERCHECK_HISTORY": str(folder / "now.sqlite"),
        "INTERCHECK_REPORT_DIR": str(folder / "report"),
    }
    if SHARED.is_dir():
        environment["INTERCHECK_SPEC_DIR"] = str(SHARED)
    bare = [BARE, json.dumps(headers), json.dumps(asked)]
    kinds = {
        "second pass": ("first", [OURS, "probe"]),
        "second, no page": ("first", [OURS, "probe", "--report", ""]),
        "after a week": ("week", [OURS, "probe"]),
        "week, no page": ("week", [OURS, "probe", "--report", ""]),
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    barely: list[float] = []
    for turn in range(runs + 1):
        others = cpu_of(bare, environment)
        if turn:  # the first of each compiles, and fills the cache
            barely.append(others)
        for kind, (history, arguments) in kinds.items():
            for left in folder.glob("now.sqlite*"):
                left.unlink()
            shutil.copy(folder / f"{history}.sqlite", folder / "now.sqlite")
            own = cpu_of(arguments, environment)
            if turn:
                taken[kind].append(own)
    print(f"{'bare':16} {median(barely):.3f} s CPU, {len(asked)} requests, median of {runs}")
    for kind, each in taken.items():
        print(f"{kind:16} {median(each):.3f} s CPU, {median(each) / median(barely):5.1f} times")


def _text(body: bytes | str | None) -> str | None:
    return body.decode() if isinstance(body, bytes) else body


if __name__ == "__main__":
    main()
