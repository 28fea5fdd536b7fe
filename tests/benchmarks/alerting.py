"""The whole pipeline of alerting under the virtual clock: how many messages, about what.

The fleet: Intercom workspaces in 3 regions and 4 versions, asked one after another as `serve` does.
First all of Intercom is out, then, at once, a field is gone in one version, one region is gone and
5 tokens are dead. There have to be as many incidents as causes, each one message in the channel,
each with the right reach.

A quiet month: nothing is wrong, and ordinary life goes on. A month of faults: one after another,
while Slack fails in every way and the process dies at random (`alerting_months.py`).

Real: detectors, confirmation, diagnosis, folding, history (SQLite on disk), outbox, slack-sdk over
HTTP to the local Slack, and the answers, recorded once over HTTP from the sandbox for each region,
version and fault. Not real: each workspace's own HTTP, for which the recorded answers are handed
back with its name and the time; time-outs are made by hand.

`--check` exits 1 where a bar is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import alerting_causes
import alerting_lives
import alerting_months
from alerting_breaks import BREAKS, breaking
from alerting_fleet import ASKED, REGIONS, VERSIONS, fleet

from monitors.probe_files import load_probes
from monitors.probes import Probe
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

LIVED: Final = {
    *ASKED,
    "GET /conversations",
    "POST /conversations/search",
    "GET /conversations/{}",
    "POST /tickets/search",
}
"""What the quiet month asks: every kind of object; all of the packaged probes take an hour."""
TURNS: Final = 8
"""Times that people at work are looked at, for the quiet month."""


def months(options: argparse.Namespace) -> list[str]:
    """Play the two months; return what is not as it has to be."""
    wrong: list[str] = []
    every = load_probes()
    if options.only in (None, "quiet"):
        named = {one.identity for one in every} if options.all_probes else LIVED
        wrong += quiet(options, [one for one in every if one.identity in named])
    if options.only in (None, "faults"):
        probes = [one for one in every if one.identity in LIVED | {*alerting_causes.PAIRED}]
        clock = VirtualClock()
        tapes = alerting_lives.record_faults(clock, probes)
        for seed in range(options.seed, options.seed + options.seeds):
            with (
                breaking(options.broken),
                started(f"seed {seed}") as folder,
                SlackStandIn(clock=clock) as slack,
            ):
                wrong += alerting_months.troubled(
                    folder,
                    slack,
                    clock,
                    tapes,
                    probes,
                    days=options.days,
                    seed=seed,
                    most=options.faults,
                    is_readable=seed % 3 != 2,
                )
    return wrong


def quiet(options: argparse.Namespace, probes: Sequence[Probe]) -> list[str]:
    """Play the month in which nothing is wrong."""
    clock = VirtualClock()
    places = list(zip(REGIONS, VERSIONS, strict=False))[: options.healthy]
    tapes = {
        (region, version): alerting_lives.record_living(
            clock, probes, region=region, version=version, turns=TURNS
        )
        for region, version in places
    }
    with started("quiet") as folder, SlackStandIn(clock=clock) as slack:
        return alerting_months.quiet(
            folder,
            slack,
            clock,
            tapes,
            probes,
            workspaces=options.healthy,
            days=options.days,
            every=timedelta(minutes=options.every),
            seed=options.seed,
        )


@contextmanager
def started(what: str) -> Iterator[Path]:
    """Lend a folder, and say how long it took."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
    print(f"  {what}: {time.perf_counter() - began:.0f} s", flush=True)


def main() -> int:
    """Measure, print, and with --check fail where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--only", choices=("fleet", "quiet", "faults"), help="one scenario")
    parser.add_argument("--workspaces", type=int, default=300, help="size of the fleet (24 to 300)")
    parser.add_argument("--healthy", type=int, default=10, help="workspaces of the quiet month")
    parser.add_argument("--days", type=int, default=30, help="of each month")
    parser.add_argument("--every", type=int, default=60, help="minutes between passes, quiet month")
    parser.add_argument(
        "--broken", choices=sorted(BREAKS), help="what is to fail, months of faults"
    )
    parser.add_argument(
        "--all-probes", action="store_true", help="all that are packaged, quiet month"
    )
    parser.add_argument("--faults", type=int, default=1000, help="at most so many in a month")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=3, help="months of faults")
    options = parser.parse_args()
    wrong = fleet(options.workspaces) if options.only in (None, "fleet") else []
    wrong += months(options)
    for line in wrong:
        print(f"MISSED  {line}")
    return int(options.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
