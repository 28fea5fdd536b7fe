"""The life of one incident, observation by observation."""

from datetime import UTC, datetime, timedelta
from itertools import count

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.incidents import (
    acknowledge,
    fold,
)
from monitors.policies import Policy
from monitors.records import IncidentState, Transition, TransitionKind
from monitors.sightings import (
    Observed,
    Sighting,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENT = Policy(at_once=False)
OPENED, RESOLVED, REOPENED, ESCALATED, BLIND, MEASURED, ACKNOWLEDGED, FLAPPING, EXPLAINED = (
    TransitionKind.OPENED,
    TransitionKind.RESOLVED,
    TransitionKind.REOPENED,
    TransitionKind.ESCALATED,
    TransitionKind.BLIND,
    TransitionKind.MEASURED,
    TransitionKind.ACKNOWLEDGED,
    TransitionKind.FLAPPING,
    TransitionKind.EXPLAINED,
)


def a_finding(
    severity: Severity = Severity.WARNING, rule_name: str = "server-error", workspace: str = "acme"
) -> Finding:
    return Finding(
        rule=RULES[rule_name],
        severity=severity,
        workspace=workspace,
        operation=Operation.parse("GET /tags"),
        location="status",
        expected="2xx",
        observed="5xx",
        message="GET /tags was answered with 503.",
        observed_at=START,
    )


def sight(
    severity: Severity = Severity.WARNING, *, confirmed: bool = True, workspace: str = "acme"
) -> Sighting:
    finding = a_finding(severity, workspace=workspace)
    return Sighting(
        finding=finding, workspaces=(workspace,), operations=("GET /tags",), confirmed=confirmed
    )


class Life:
    """One incident, folded minute by minute."""

    def __init__(self, policy: Policy = PATIENT) -> None:
        self.policy = policy
        self.state: IncidentState | None = None
        self.now = START
        self.told: list[Transition] = []
        self._ids = count(1)

    def __call__(self, *observed: Observed) -> list[TransitionKind]:
        before = len(self.told)
        for one in observed:
            self.now += MINUTE
            self.state, transition = fold(
                self.state,
                one,
                policy=self.policy,
                now=self.now,
                new_id=lambda: f"incident-{next(self._ids)}",
            )
            if transition is not None:
                assert transition.incident == self.state
                self.told.append(transition)
        return [transition.kind for transition in self.told[before:]]

    def acknowledge(self, by: str) -> list[TransitionKind]:
        """Somebody takes it on, where there is something to take on."""
        if self.state is None:
            return []
        self.state, transition = acknowledge(self.state, by=by, now=self.now)
        if transition is None:
            return []
        self.told.append(transition)
        return [transition.kind]
