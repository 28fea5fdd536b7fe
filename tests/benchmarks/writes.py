"""Nothing off the list is sent where writes are never allowed: counted at the server.

Runs of `intercheck contract` over every description at hand, with all phases and with each alone,
against a server that answers from the examples; modes that send forbidden data, which have to be
refused; and one write that is planted, to see that it would be counted. `--check` exits 1 where a
bar is missed.
"""

import argparse
import os
import subprocess
import sys
from typing import Final

import requests
from mutants import CACHE, PROGRAMS, SHARED, open_description, run_ours
from planting.servers import Documented, Serving, from_examples, serve

from contracts.allowlist import is_allowed
from contracts.phases import Mode, Phase

FEWEST: Final = 2_000  # requests, so that every phase had its turn many times
BUDGET: Final = "900"  # requests of one run: more than all phases ask for
VERSIONS: Final = ("2.7", "2.11", "2.14", "2.15", "2.16")
PLANTED: Final = ("DELETE", "/contacts/1")


def off_the_list(seen: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the requests that may never be sent to production."""
    return [one for one in seen if not is_allowed(*one)]


def is_refused(serving: Serving, version: str, mode: Mode) -> bool:
    """Whether a run that would send forbidden data is refused before the first request."""
    before = len(serving.seen)
    done = subprocess.run(
        [
            PROGRAMS / "intercheck",
            *("contract", "--base-url", serving.url, "--spec", version, "--spec-dir", SHARED),
            *("--mode", mode),
        ],
        env=os.environ | {"INTERCHECK_CACHE_DIR": str(CACHE)},
        cwd=CACHE,
        capture_output=True,
        check=False,
    )
    return done.returncode == 2 and len(serving.seen) == before


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    is_checking = parser.parse_args().check
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    sent = strayed = seen_phases = refused = 0
    caught = True
    for version in VERSIONS:
        api = from_examples(Documented(open_description(version).document))
        with serve(api) as serving:
            spent = {}
            for seed, phases in enumerate((",".join(Phase), *Phase)):
                before = len(serving.seen)
                given = ("--phases", phases, "--max-requests", BUDGET)
                run_ours(serving, version, seed, "none", *given)
                spent[phases] = len(serving.seen) - before
            seen_phases += all(
                spent[phase] > spent[Phase.STATEFUL] for phase in Phase if phase != Phase.STATEFUL
            )
            refused += sum(
                is_refused(serving, version, mode) for mode in Mode if mode.sends_negative
            )
            found = off_the_list(serving.seen)
            print(f"{version:5} {len(serving.seen):6} requests   off the list {len(found)}")
            for method, path in found[:5]:
                print(f"      {method} {path}")
            sent, strayed = sent + len(serving.seen), strayed + len(found)
            method, path = PLANTED
            requests.request(method, f"{serving.url}{path}", timeout=10)
            caught = caught and len(off_the_list(serving.seen)) == len(found) + 1
    modes = sum(mode.sends_negative for mode in Mode) * len(VERSIONS)
    keeps = strayed == 0 and sent >= FEWEST and caught
    keeps = keeps and seen_phases == len(VERSIONS) and refused == modes
    print(
        f"bar: 0 off the list of at least {FEWEST} requests, every phase seen, forbidden data "
        f"refused, a planted write is caught: {sent} sent, {strayed} off the list, every phase "
        f"asked something of {seen_phases} of {len(VERSIONS)} descriptions (stateful asks nothing "
        f"where it may not write), {refused} of {modes} refused, "
        f"{'caught' if caught else 'not caught'}: {'ok' if keeps else 'MISSED'}"
    )
    return int(is_checking and not keeps)


if __name__ == "__main__":
    sys.exit(main())
