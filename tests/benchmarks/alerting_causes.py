"""Faults in a row, what has to be told of each, and whether it was.

Every fault of the sandbox comes in turn: on one operation, on all of them, or beside another on
another operation; in one Intercom workspace or in both. The tests' table says what each is. A cause
is told once, alone, where it stands and nowhere else; what is only information is not told.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from alerting_lives import RIG, SLOW, TAPED
from alerting_told import Told

from contracts.exchanges import Operation
from contracts.rules import RULES, Scope, Severity
from monitors.history import History
from monitors.probes import CANARY, Probe
from monitors.records import IncidentState
from sandbox.slack import SlackStandIn

MOST_PER_INCIDENT: Final = 1.2  # channel messages
ROUNDS: Final = (6, 10)  # in which it holds
LATENCY_ROUNDS: Final = 14
BOTH: Final = ("one", "two")
ALONE: Final = frozenset({"429"})
"""A rate limit ends a pass: nothing is known of what is asked after it."""
PAIRED: Final = (
    "GET /admins/activity_logs",
    "GET /tags",
    "GET /teams",
    "GET /segments",
    "GET /articles",
    "GET /help_center/collections",
    "GET /ticket_types",
)
"""Operations that no other needs for an identifier: what is wrong on one hides none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A fault, where it is, and the rule it is told as; empty where it is not told."""

    fault: str
    operation: str | None
    workspaces: tuple[str, ...]
    rule: str

    def __str__(self) -> str:
        where = f"on {self.operation}" if self.operation else "everywhere"
        return f"{self.fault} {where} in {' and '.join(self.workspaces)}"

    def is_told_by(self, incident: IncidentState, rules: set[str]) -> bool:
        """Whether an incident is this cause's, which it was called by at some time, and covers no
        more and no less than it."""
        operations = {_blanked(one) for one in incident.operations}
        is_here = self.operation is None or operations == {self.operation}
        return self.rule in rules and is_here and incident.workspaces == self.workspaces


@dataclass(slots=True, kw_only=True)
class Trouble:
    """One cause or two, for so many rounds."""

    causes: tuple[Cause, ...]
    rounds: int
    began: datetime = field(init=False)
    ended: datetime = field(init=False)
    is_slack_out: bool = False

    def on(self, workspace: str) -> dict[str, frozenset[str] | None]:
        """Return the faults of one workspace."""
        return {
            one.fault: frozenset({one.operation}) if one.operation else None
            for one in self.causes
            if workspace in one.workspaces
        }

    def __str__(self) -> str:
        out = ", Slack out" if self.is_slack_out else ""
        return f"{' and '.join(map(str, self.causes))} at {self.began:%d %H:%M}{out}"


def troubles(probes: Sequence[Probe], chance: random.Random) -> Iterator[Trouble]:
    """Yield troubles without end: every fault in turn, then again in another order."""
    singles = [one.identity for one in probes if one.identity != CANARY.identity]
    while True:
        for name in chance.sample(TAPED, len(TAPED)):
            where = chance.random()
            if where < 0.35:
                causes = [_cause(name, None, chance)]
            elif where < 0.7 or name in ALONE:
                causes = [_cause(name, chance.choice(singles), chance)]
            else:
                other = chance.choice([one for one in TAPED if one not in {name, *ALONE}])
                here, there = chance.sample(PAIRED, 2)
                causes = [_cause(name, here, chance), _cause(other, there, chance)]
            told = [one.rule for one in causes if one.rule]
            if len(set(told)) < len(told):
                continue  # two of one kind are told as one where they may have one cause
            is_slow = any(one.fault == SLOW for one in causes)
            rounds = LATENCY_ROUNDS if is_slow else chance.randint(*ROUNDS)
            yield Trouble(causes=tuple(causes), rounds=rounds)


def _cause(name: str, operation: str | None, chance: random.Random) -> Cause:
    rule = RIG.EXPECTED[name][operation is None]
    is_told = rule != RIG.NOWHERE and RULES[rule].severity is not Severity.INFO
    is_own = is_told and RULES[rule].scope is Scope.WORKSPACE
    workspaces = (chance.choice(BOTH),) if is_own or chance.random() < 0.5 else BOTH
    return Cause(
        fault=name,
        operation=operation,
        workspaces=workspaces,
        rule=rule if is_told else "",
    )


def judged(
    title: str,
    history: History,
    slack: SlackStandIn,
    events: Sequence[Trouble],
    is_readable: bool,
) -> list[str]:
    """Compare the channel with what happened; print, and return what is not as it has to be."""
    told = Told.of(history, slack)
    rules = _rules(history)
    newest = {one.id: one for one in history.incidents()}
    left = dict(told.opened)
    wrong: list[str] = []
    untold = grouped = 0
    for event in events:
        here = {id: newest[id] for id, one in left.items() if event.began <= one.at <= event.ended}
        for id in here:
            del left[id]
        for cause in (one for one in event.causes if one.rule):
            found = next((i for i, one in here.items() if cause.is_told_by(one, rules[i])), None)
            if found is None:
                untold += 1
                wrong.append(f"{event}: not told as {cause.rule}")
            else:
                del here[found]
        grouped += len(here)
        wrong += [f"{event}: {_said(one)} is no cause of its own" for one in here.values()]
    wrong += [f"{_said(newest[id])} at {one.at:%d %H:%M} for nothing" for id, one in left.items()]
    grouped += len(left)
    rate = len(told.posted) / max(1, len(told.opened))
    causes = [one for event in events for one in event.causes]
    print(
        f"{title}: {len(causes)} faults of {len({one.fault for one in causes})} kinds (of "
        f"{len(TAPED)}), {len(told.opened)} incidents, {len(told.posted)} channel messages "
        f"({rate:.2f} an incident, bar {MOST_PER_INCIDENT}); untold {untold}, {told}, wrongly "
        f"grouped {grouped}"
    )
    wrong += told.wrong()
    if is_readable and told.marked:
        wrong.append(f"{sum(told.marked.values())} messages say that they may be repeated")
    wrong += [f"{rate:.2f} channel messages an incident"] if rate > MOST_PER_INCIDENT else []
    return wrong


def _rules(history: History) -> Mapping[str, set[str]]:
    """Return, by incident, the rules that it was called by."""
    found: dict[str, set[str]] = {}
    for one in history.transitions():
        found.setdefault(one.incident.id, set()).add(one.incident.finding.rule.name)
    return found


def _said(incident: IncidentState) -> str:
    operations = ", ".join(incident.operations[:3])
    return f"{incident.finding.rule.name} ({operations}; {', '.join(incident.workspaces)})"


def _blanked(shown: str) -> str:
    return Operation.parse(shown).identity
