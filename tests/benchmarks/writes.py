"""Nothing off the list is sent where writes are never allowed: counted at the server.

Runs of `intercheck contract` over every description at hand, from several seeds, against a server
that answers from the examples; and one write that is planted, to see that it would be counted.
`--check` exits 1 where a bar is missed.
"""

import argparse
import os
import sys
from typing import Final

import requests
from mutants import SHARED, open_description, run_ours
from planting.servers import Documented, from_examples, serve

from contracts.allowlist import is_allowed

FEWEST: Final = 2_000  # requests, so that every phase had its turn many times
BUDGET: Final = "900"  # requests of one run: more than all phases ask for
VERSIONS: Final = ("2.7", "2.11", "2.14", "2.15", "2.16")
PLANTED: Final = ("DELETE", "/contacts/1")


def off_the_list(seen: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the requests that may never be sent to production."""
    return [one for one in seen if not is_allowed(*one)]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    is_checking = parser.parse_args().check
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    sent = strayed = 0
    caught = True
    for version in VERSIONS:
        api = from_examples(Documented(open_description(version).document))
        with serve(api) as serving:
            for seed in range(2):
                run_ours(serving, version, seed, "none", "--max-requests", BUDGET)
            found = off_the_list(serving.seen)
            print(f"{version:5} {len(serving.seen):6} requests   off the list {len(found)}")
            for method, path in found[:5]:
                print(f"      {method} {path}")
            sent, strayed = sent + len(serving.seen), strayed + len(found)
            method, path = PLANTED
            requests.request(method, f"{serving.url}{path}", timeout=10)
            caught = caught and len(off_the_list(serving.seen)) == len(found) + 1
    keeps = strayed == 0 and sent >= FEWEST and caught
    print(
        f"bar: 0 off the list of at least {FEWEST} requests, a planted write is caught: {sent} "
        f"sent, {strayed} off the list, {'caught' if caught else 'not caught'}: "
        f"{'ok' if keeps else 'MISSED'}"
    )
    return int(is_checking and not keeps)


if __name__ == "__main__":
    sys.exit(main())
