"""What every fault of the sandbox is diagnosed as: alone on 1, 5 and all operations, and in pairs.

The rig and the table of right diagnoses are those of the tests, so that the two cannot disagree.
Of a confusion matrix with one row for each fault only what is off the diagonal is printed. A pair
is two faults on two operations of a pass over five and the canary; it is right when neither hides
the other. A rate limit ends a pass, so that in a pair it meets the operation that is asked later;
bodies that stall take real time and are not paired. `--every 10` looks at one pair of ten.

`--check` exits 1 where a bar is missed: everything on the diagonal, and at most six requests spent
on confirming.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, islice
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from contracts.rules import Severity
from monitors.probe_files import load_probes
from monitors.probes import CANARY
from sandbox.intercom.faults import FAULTS, ON_THE_STATUS_PAGE, Fault

RIG: Final = Path(__file__).parents[1] / "monitors" / "test_diagnosis_of_faults.py"
MOST_REQUESTS: Final = 6
STALLS: Final = "stalled-body"
PATIENCE: Final = timedelta(seconds=0.3)
ONE: Final = ("GET /contacts",)
FIVE: Final = ("GET /contacts", "GET /tags", "GET /teams", "GET /admins", "GET /segments")
PAIR: Final = ("GET /contacts", "GET /teams")
"""In the order in which a pass asks them."""


class Scores:
    """What was diagnosed rightly, in which time, at which cost."""

    def __init__(self) -> None:
        self.right = 0
        self.wrong: list[str] = []
        self.spent: list[int] = []
        self.seconds: list[float] = []

    def take(self, case: str, is_right: bool, found: set[str], spent: int, seconds: float) -> None:
        """Note one pass."""
        self.spent.append(spent)
        self.seconds.append(seconds)
        if is_right and spent <= MOST_REQUESTS:
            self.right += 1
        else:
            self.wrong.append(f"{case}: {', '.join(sorted(found)) or 'nothing'}; {spent} requests")

    def report(self, title: str) -> bool:
        """Print, and return whether the bar is kept."""
        total = self.right + len(self.wrong)
        print(
            f"{title:16} {self.right:4} of {total:4} right (bar: all), at most {max(self.spent)} "
            f"requests to confirm (bar {MOST_REQUESTS}), "
            f"{statistics.median(self.seconds) * 1e3:.0f} ms a pass"
        )
        for line in self.wrong:
            print(f"    {line}")
        return not self.wrong


def load_rig() -> ModuleType:
    """Load the module of tests that knows what each fault is."""
    spec = importlib.util.spec_from_file_location("rig", RIG)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{RIG} cannot be loaded: nothing was measured")
    module = importlib.util.module_from_spec(spec)
    sys.modules["rig"] = module
    spec.loader.exec_module(module)
    return module


class Diagnoses:
    """Runs passes under faults, on the tests' rig."""

    def __init__(self, rig: ModuleType, bench: Any) -> None:
        self._rig = rig
        self._bench = bench

    def fault(self, name: str, operation: str | None) -> Fault:
        return Fault(name=name, operation=operation, **self._rig.MORE.get(name, {}))

    def look(self, faults: Sequence[Fault], due: set[str]) -> tuple[set[str], int, float]:
        """Return the rules that a pass comes to, what confirming cost, and the seconds of the pass.
        What is only information counts where it is due."""
        started = time.perf_counter()
        if any(one.name == STALLS for one in faults):
            bench = self._bench
            with self._rig.client_of(bench.sandbox, bench.clock, PATIENCE) as client:
                diagnosed, spent = replace(bench, client=client).look(*faults)
        else:
            diagnosed, spent = self._bench.look(*faults)
        rules = {
            one.finding.rule.name
            for one in diagnosed
            if one.finding.severity is not Severity.INFO or one.finding.rule.name in due
        }
        return rules, spent, time.perf_counter() - started

    def due(self, name: str, *, everywhere: bool) -> str:
        return str(self._rig.EXPECTED[name][everywhere])

    def alone(self, operations: tuple[str, ...] | None) -> Scores:
        """Each fault on some operations; None for all."""
        scores = Scores()
        for name in sorted(FAULTS.keys() - ON_THE_STATUS_PAGE):
            faults = [self.fault(name, one) for one in operations or (None,)]
            due = {self.due(name, everywhere=operations is None)} - {self._rig.NOWHERE}
            found, spent, seconds = self.look(faults, due)
            scores.take(f"{name} is {due}", found == due, found, spent, seconds)
        return scores

    def paired(self, every: int) -> Scores:
        """Each two faults (of every so many pairs one) on two operations of five."""
        scores = Scores()
        pairs = combinations(sorted(FAULTS.keys() - ON_THE_STATUS_PAGE - {STALLS}), 2)
        for one, other in islice(pairs, 0, None, every):
            first, second = (other, one) if one == "429" else (one, other)
            names = zip((first, second), PAIR, strict=True)
            faults = [self.fault(name, at) for name, at in names]
            due = {self.due(name, everywhere=False) for name in (one, other)}
            due -= {self._rig.NOWHERE}
            found, spent, seconds = self.look(faults, due)
            scores.take(f"{first} and {second} are {due}", found == due, found, spent, seconds)
        return scores


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    parser.add_argument("--every", type=int, default=1, help="look at one pair of so many")
    options = parser.parse_args()
    rig = load_rig()
    with contextmanager(rig.a_bench)() as bench:
        diagnoses = Diagnoses(rig, bench)
        kept = [
            diagnoses.alone(ONE).report("on 1 operation"),
            diagnoses.alone(FIVE).report("on 5"),
            diagnoses.alone(None).report(f"on all {len(load_probes())}"),
            Diagnoses(rig, bench.asking({CANARY.identity, *FIVE}))
            .paired(options.every)
            .report("in pairs"),
        ]
    return int(options.check and not all(kept))


if __name__ == "__main__":
    sys.exit(main())
