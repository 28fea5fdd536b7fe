"""`intercheck probe` is killed at random moments; nothing is lost and nothing is told twice.

A real process with a real clock, over HTTP to a sandbox and a local Slack in this one, gets a
SIGKILL anywhere between its first import and its end, while faults come and go. Then it is left
alone until everything that waits had its turn (minutes: what was being sent when it died is asked
after only when Slack's history can be trusted), and the channel has to show every incident once,
as it is now. `--check` exits 1 where it does not.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alerting_told import Told

from contracts.clock import SystemClock
from monitors.history import History
from monitors.records import NoticeStatus, Phase
from sandbox.intercom import Fault, Sandbox
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

ASKED: Final = ("/me", "/admins", "/contacts", "/companies", "/tags")
FAULTS: Final[Sequence[list[Fault]]] = (
    [],
    [Fault(name="503")],
    [Fault(name="revoked-token")],
    [
        Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email"),
        Fault(name="field-removed", operation="GET /contacts/{}", pointer="/email"),
    ],
    [Fault(name="field-retyped", operation="GET /tags", pointer="/data/*/name", value="integer")],
    [Fault(name="500", operation="GET /companies")],
    [Fault(name="non-json-body", operation="GET /admins")],
    [Fault(name="missing-scope", operation="GET /companies")],
    [Fault(name="deprecation", operation="GET /tags")],
)
RATE_LIMIT: Final = 1_000_000  # nothing is to wait for it
LONGEST: Final = 60.0  # seconds for a pass; on a quiet machine it takes about one
SETTLING: Final = 300.0  # seconds: a claim, and an ambiguous attempt after it, are over by then
BETWEEN: Final = 15.0  # seconds between passes while settling
CHANGES: Final = 0.3  # of the rounds: another fault, or none
SPARED: Final = 0.5  # of the rounds: a pass that may end, or nothing is ever told

_PROCESSES: Final = multiprocessing.get_context("forkserver")


def probe(settings: dict[str, str]) -> None:
    """Do what the command line does, with these settings in the environment, silently."""
    from intercheck.cli import main as intercheck

    os.environ.update(settings)
    arguments = [part for path in ASKED for part in ("--include-path", path)]
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        intercheck(["probe", "--report", "", *arguments])


def passed(settings: dict[str, str], after: float | None = None) -> bool:
    """Let one pass begin, and kill it `after` so many seconds; say whether it was still alive."""
    process = _PROCESSES.Process(target=probe, args=(settings,))
    process.start()
    process.join(LONGEST if after is None else after)
    lived = process.exitcode is None
    process.kill()
    process.join()
    return lived


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit 1 where anything is wrong")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    _PROCESSES.set_forkserver_preload(["intercheck.commands.probe"])
    clock = SystemClock()
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(latency=False, clock=clock, rate_limit=RATE_LIMIT) as sandbox,
        SlackStandIn(clock=clock) as slack,
    ):
        settings = {
            "INTERCOM_ACCESS_TOKEN": sandbox.token,
            "INTERCOM_BASE_URL": sandbox.url,
            "INTERCHECK_HISTORY": f"{name}/history.sqlite",
            "INTERCHECK_CACHE_DIR": f"{name}/cache",
            "SLACK_BOT_TOKEN": slack.token,
            "SLACK_CHANNEL": DEFAULT_CHANNEL,
            "SLACK_BASE_URL": slack.url,
        }
        passed(settings)
        began = time.monotonic()
        passed(settings)
        usual = time.monotonic() - began
        killed = rounds = 0
        while killed < given.kills and rounds < 3 * given.kills:
            rounds += 1
            if chance.random() < CHANGES:
                sandbox.faults.replace(chance.choice(FAULTS))
            killed += passed(settings, chance.uniform(0, 1.2 * usual))
            if chance.random() < SPARED:
                passed(settings)
        sandbox.faults.clear()
        until = time.monotonic() + SETTLING
        while True:
            passed(settings)
            with History.open(f"sqlite:///{name}/history.sqlite", clock=clock) as history:
                told = Told.of(history, slack)
                waiting = history.notices(NoticeStatus.PENDING)
                states = history.incident_states().values()
            # What came and went stays open until it has stayed away for an hour.
            is_open = any(one.phase is Phase.OPEN and not one.is_flapping for one in states)
            is_over = not (waiting or told.stale or is_open)
            if is_over or time.monotonic() > until:
                break
            time.sleep(BETWEEN)
    print(f"{killed} of {rounds} passes killed, {len(told.opened)} incidents; {told}")
    wrong = told.wrong()
    wrong += [] if killed >= given.kills else [f"only {killed} passes were killed"]
    wrong += [] if told.opened else ["nothing was told of"]
    wrong += ["an incident stays open"] if is_open else []
    for line in wrong:
        print(f"MISSED  {line}")
    return int(given.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
