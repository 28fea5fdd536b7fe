"""A run of property tests, from its plan to its report."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.budget import RateBudget
from contracts.cleaning import Cleaned, clean_up
from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.conformance import Conformance
from contracts.coverage import Coverage
from contracts.findings import Finding
from contracts.journal import Journal
from contracts.phases import EVERY_PHASE, Mode, Phase
from contracts.planning import EVERYTHING, Plan, Skip, plan
from contracts.running import Progress, Run
from contracts.scheduler import Order, promise
from contracts.selection import Selection
from contracts.spec import Spec
from contracts.standards import Reads, Standard, with_contradictions
from contracts.tally import HOPELESS
from contracts.tuning import UNTUNED, Tuning

__all__ = [
    "HOPELESS",
    "MOST_PER_OPERATION",
    "MOST_REQUESTS",
    "SuiteReport",
    "default_budget",
    "run_suite",
]

MOST_REQUESTS: Final = 1000
"""Default budget: every phase has its turn over the largest description."""
MOST_PER_OPERATION: Final = 10
"""Requests for each operation without a budget that somebody asked for: of the embedded contract
nearly seven go to what comes before generated questions, and a small selection is not asked
hundreds of times."""
INTERRUPTED: Final = "The run was stopped from outside."


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport:
    """What a run found and what it covered. `answered` counts requests that got any answer."""

    findings: tuple[Finding, ...]
    selected: int
    exercised: int
    skipped: tuple[Skip, ...]
    requests: int
    answered: int
    seconds: float
    coverage: Coverage
    not_measured: tuple[str, ...] = ()
    """What the target never showed that it does, so that its absence was not judged."""
    stopped: str = ""
    """Why it ended before every operation had its turn, where it did."""
    unreached: tuple[Phase, ...] = ()
    """Phases that were asked for, and that the budget left nothing for."""
    phases: Mapping[str, int] = field(default_factory=dict)
    """Requests by what they were sent for: the opening, each phase, cleaning up."""
    parameters: tuple[int, int] = (0, 0)
    """Documented parameters of reads, and values of theirs, that generated questions had, of all
    that there are."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Requests by operation identity, without those for cleaning up."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Seconds that those requests took, by operation identity."""
    cleaned: Cleaned = field(default_factory=Cleaned)
    """What became of what it created and had not removed by its end."""
    is_interrupted: bool = False
    """Whether somebody ended it before its time."""


def run_suite(
    spec: Spec,
    client: IntercomClient,
    *,
    clock: Clock,
    most_requests: int | None = None,
    seed: int = 0,
    selection: Selection = EVERYTHING,
    phases: frozenset[Phase] = EVERY_PHASE,
    mode: Mode = Mode.POSITIVE,
    tuning: Tuning = UNTUNED,
    relied: Spec | None = None,
    reads: Reads | None = None,
    accepted: Mapping[str, str] | None = None,
    budget: RateBudget | None = None,
    journal: Journal | None = None,
    run_id: str = "run",
    order: Order = promise,
    on_progress: Progress = lambda requests, operation: None,
) -> SuiteReport:
    """Hold the API to `spec` with at most `most_requests` requests; the same `seed` asks the same.

    With a `journal`, and where the client may write, objects named after `run_id` are created,
    changed and deleted again. What is left of them is removed at its end, also where somebody
    interrupts it: then what was found so far is reported.

    A `mode` that sends negative data needs a client that may write, and a `/me` that proves it:
    else NotAllowedError. `tuning` is what a user of Schemathesis chose.

    What is `relied` upon is held against its answers too, and what somebody `reads` of them.
    `accepted` says by cause, or by place and kind, why a departure is accepted; what the
    description's own examples contradict is accepted anyway.
    `order` says how much an operation's next turn promises. `on_progress` is told the number of
    requests so far and the operation whose turn it is.
    """
    planned = plan(spec, client, selection, tuning)
    if mode.sends_negative:
        client.prove("negative data")
    standard = with_contradictions(
        Standard(
            tested=Conformance(spec),
            relied=Conformance(relied) if relied and relied is not spec else None,
            reads=reads,
            accepted=accepted or {},
        )
    )
    run = Run(
        spec,
        client,
        clock=clock,
        most_requests=default_budget(planned) if most_requests is None else most_requests,
        seed=seed,
        standard=standard,
        budget=budget,
        run_id=run_id,
        phases=phases,
        mode=mode,
        tuning=tuning,
        order=order,
        on_progress=on_progress,
    )
    started = clock.monotonic()
    is_interrupted = False
    cleaned = Cleaned()
    try:
        stopped = run.work(planned.operations, journal)
    except KeyboardInterrupt:
        stopped, is_interrupted = INTERRUPTED, True
    finally:
        if journal is not None:
            clean_up(client, journal, budget=budget, cleaned=cleaned)
    cleaning = cleaned.requests
    took: dict[str, float] = {}
    for sent in run.gate.journal:
        took[sent.operation] = took.get(sent.operation, 0.0) + sent.seconds
    return SuiteReport(
        findings=tuple(run.all_findings()),
        selected=len(planned.operations) + len(planned.skipped),
        exercised=len(run.tally.exercised),
        skipped=planned.skipped + tuple(run.skips(planned.operations)),
        requests=run.gate.requests + cleaning,
        answered=run.tally.answered,
        seconds=clock.monotonic() - started,
        coverage=run.sightings.coverage(planned.operations),
        not_measured=run.inquiry.not_measured(),
        stopped=stopped,
        unreached=run.unreached(),
        phases={**run.spent, **({"cleaning up": cleaning} if cleaning else {})},
        parameters=run.tried(planned.operations),
        asked=Counter(one.operation for one in run.gate.journal),
        took=took,
        cleaned=cleaned,
        is_interrupted=is_interrupted,
    )


def default_budget(planned: Plan) -> int:
    """Return how many requests a plan gets where nobody said."""
    return min(MOST_REQUESTS, MOST_PER_OPERATION * max(1, len(planned.operations)))
