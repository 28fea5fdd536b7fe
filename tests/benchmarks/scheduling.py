"""Does the order of turns pay? What runs see of what is documented, by promise and in plain rounds.

Each description is served by a sandbox of its own; the same budget goes in the order of
`contracts.scheduler.promise` and in rounds, one turn of each operation after the other.
`--check` exits 1 where the order sees less than rounds do.
"""

import argparse
import os
import sys
from collections import Counter
from typing import Final

from mutants import SHARED, open_description

from contracts.client import IntercomClient
from contracts.clock import SystemClock
from contracts.overlays import embedded_contract
from contracts.phases import GENERATED
from contracts.planning import plan
from contracts.scheduler import Prospect, promise
from contracts.spec import Spec
from contracts.suite import run_suite
from contracts.workspaces import Secret, Workspace
from sandbox.intercom import Sandbox

VERSIONS: Final = ("embedded", "2.11", "2.14", "2.15", "2.16")
TURNS: Final = (1.5, 3.0)  # requests for each operation: a small budget and a larger one


def rounds(one: Prospect) -> float:
    """The order that it is measured against."""
    return -one.turns


def seen(
    spec: Spec, sandbox: Sandbox, budget: int, seed: int, *, by_promise: bool
) -> tuple[int, int]:
    """Return how many documented fields and values of enums a run sees, and how many documented
    parameters and values of theirs it sends."""
    with IntercomClient(workspace_of(spec, sandbox), clock=sandbox.clock) as client:
        report = run_suite(
            spec,
            client,
            clock=sandbox.clock,
            seed=seed,
            phases=GENERATED,
            most_requests=budget,
            order=promise if by_promise else rounds,
        )
    return report.coverage.fields[0] + report.coverage.values[0], report.parameters[0]


def workspace_of(spec: Spec, sandbox: Sandbox) -> Workspace:
    """Return what leads to the sandbox, at the version of the description."""
    return Workspace(
        name="a",
        token=Secret(sandbox.token),
        base_url=sandbox.url,
        version=spec.version or "2.15",
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", default=",".join(VERSIONS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit 1 where rounds see more")
    given = parser.parse_args()
    if not SHARED.is_dir():
        print("Nothing is measured: ../shared/intercom-openapi is not here.")
        return int(bool(os.environ.get("CI")))
    ours, theirs = Counter[str](), Counter[str]()
    for version in given.versions.split(","):
        spec = embedded_contract() if version == "embedded" else open_description(version)
        assert spec is not None
        with Sandbox(spec, clock=SystemClock(), latency=False, rate_limit=1_000_000) as sandbox:
            with IntercomClient(workspace_of(spec, sandbox)) as client:
                reads = len(plan(spec, client).operations)
            for turns in TURNS:
                for seed in range(given.seeds):
                    budget = round(turns * reads)
                    by, plain = (
                        seen(spec, sandbox, budget, seed, by_promise=way) for way in (True, False)
                    )
                    ours += Counter(seen=by[0], sent=by[1])
                    theirs += Counter(seen=plain[0], sent=plain[1])
                    print(
                        f"{version:9} seed {seed} {budget:4} requests   seen by promise {by[0]:5} "
                        f"in rounds {plain[0]:5}   sent by promise {by[1]:4} in rounds "
                        f"{plain[1]:4}",
                        flush=True,
                    )
    keeps = all(ours[name] >= theirs[name] for name in ours)
    print(
        f"bar: no less than rounds: {dict(ours)} and {dict(theirs)}: {'ok' if keeps else 'MISSED'}"
    )
    return int(given.check and not keeps)


if __name__ == "__main__":
    sys.exit(main())
