"""What property tests find of bugs that nobody had in mind when the checks were written.

The bugs (`planting.lapses`) show under a condition only, all at once, and stand in front of one of
two servers that remember: `workspace`, a small one that shares nothing with intercheck, or the
sandbox. Found is what is said at the right operation, place and rule; of what is missed it is said
whether any answer showed it. There are two catalogues, each drawn up before anybody read what the
checks do: `second` (after `conditional`), from how such APIs go wrong, and `third`, from the list
of what is promised. Bugs are planted only where a run may go, and none where another would hide it.
`--check` exits 1 where the bar is missed.
"""

import argparse
import os
import sys
from collections import Counter
from typing import Any, Final

from beside import Flags, told, with_twenty_times
from mutants import (
    CLEANING,
    CONDITIONAL_BAR,
    CONDITIONAL_REQUESTS,
    PLANTED,
    SANDBOX_APP,
    SHARED,
    Said,
    open_description,
    run_ours,
)
from planting.lapses import Lapse, lapsing, plant, resources
from planting.lapses_of_answers import OF_ANSWERS
from planting.lapses_of_objects import OF_OBJECTS
from planting.lapses_of_pages import OF_PAGES
from planting.lapses_of_searches import OF_SEARCHES
from planting.lapses_of_writes import OF_WRITES
from planting.servers import Answer, Api, Ask, Documented, forwarded, serve
from planting.third_of_answers import THIRD_OF_ANSWERS
from planting.third_of_lists import THIRD_OF_LISTS
from planting.third_of_writes import THIRD_OF_WRITES
from planting.workspace import TOKEN, remembering

from contracts.clock import SystemClock
from sandbox.intercom import Sandbox

SECOND: Final = OF_PAGES | OF_SEARCHES | OF_OBJECTS | OF_WRITES | OF_ANSWERS
THIRD: Final = THIRD_OF_LISTS | THIRD_OF_WRITES | THIRD_OF_ANSWERS
CATALOGUES: Final = {"second": SECOND, "third": THIRD, "both": SECOND | THIRD}


def run(
    given: argparse.Namespace, described: Documented, api: Api, token: str
) -> tuple[list[Lapse], Said, int, Counter[str], tuple[Flags, frozenset[str]] | None]:
    """Plant, run, and return the lapses, what was said, the requests that it took, which lapses
    an answer showed, and what `st run` says beside it."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def ask(method: str, path: str, query: str, body: bytes) -> Answer:
        asked: dict[str, Any] = {"method": method, "path": path, "query": query, "body": body}
        return api(Ask(headers=headers | {"intercom-version": given.spec}, **asked))

    found = list(resources(described, ask))
    makers = CATALOGUES[given.catalogue]
    planted = plant(described, makers, found, count=given.count, seed=given.seed)
    shown_by: Counter[str] = Counter()
    with serve(lapsing(api, planted, shown_by)) as serving:
        most = ("--max-requests", str(CONDITIONAL_REQUESTS - CLEANING))
        said, requests, _ = run_ours(
            serving, given.spec, given.seed, token, *most, writes="test-workspace"
        )
        if given.ours_only:
            return planted, said, requests, shown_by, None
        with serve(api) as sound:
            theirs = with_twenty_times(
                serving,
                sound,
                open_description(given.spec).document,
                token=token,
                requests=CONDITIONAL_REQUESTS,
                most_seconds=given.st_seconds,
            )
    return planted, said, requests, shown_by, theirs


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", default="2.15", metavar="VERSION")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--server", choices=("workspace", "sandbox"), default="workspace")
    parser.add_argument("--catalogue", choices=sorted(CATALOGUES), default="both")
    parser.add_argument("--count", type=int, default=PLANTED, help="how many are planted")
    parser.add_argument("--ours-only", action="store_true", help="leave `st run` out")
    parser.add_argument(
        "--st-seconds",
        type=int,
        default=300,
        help="at the most for each of two `st run` with 20 times our requests",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where the bar is missed")
    given = parser.parse_args()
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    spec = open_description(given.spec)
    described = Documented(spec.document)
    if given.server == "workspace":
        api = remembering(described, app_id=SANDBOX_APP, version=given.spec, seed=given.seed)
        planted, said, requests, shown_by, theirs = run(given, described, api, TOKEN)
    else:
        with Sandbox(spec, clock=SystemClock(), latency=False, rate_limit=1_000_000) as sandbox:
            planted, said, requests, shown_by, theirs = run(
                given, described, forwarded(sandbox.url), sandbox.token
            )
    missed = [one for one in planted if not any(one.is_found_by(*what) for what in said)]
    # What follows from a bug, at its own operation, is true as well.
    broken = {operation for one in planted for operation, _ in one.shows}
    false = [what for what in said if what[0] not in broken]
    for one in missed:
        shown = f"shown by {shown_by[str(one)]} answers" if shown_by[str(one)] else "never shown"
        print(f"    missed: {one} ({shown})")
    for what in false:
        print(f"    false flag: {' '.join(what)}")
    beside = 0
    if theirs is not None:
        flags, operations = theirs
        st_found = [one for one in planted if operations & {name for name, _ in one.shows}]
        beside = len(st_found)
        print(told(flags, st_found, len(planted)))
    found, least = len(planted) - len(missed), CONDITIONAL_BAR * given.count // PLANTED
    keeps = found >= least and not false and requests <= CONDITIONAL_REQUESTS
    keeps = keeps and found > beside
    print(
        f"{given.server} {given.spec} seed {given.seed}: found {found} of {len(planted)} "
        f"({len({one.kind for one in planted})} kinds), false flags {len(false)}, {requests} "
        f"requests; bar: {least}, none, {CONDITIONAL_REQUESTS}: {'ok' if keeps else 'MISSED'}"
    )
    return int(given.check and not keeps)


if __name__ == "__main__":
    sys.exit(main())
