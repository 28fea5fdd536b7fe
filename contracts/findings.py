"""One observation of trouble, and what makes two of them the same.

Identity never rests on a message or a value: `cause` says which departure, wherever it is seen;
`fingerprint` says in which Intercom workspace. Both are the same in Slack, JUnit, SARIF, JSON and
HTML.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

from contracts.exchanges import Operation
from contracts.rules import RULES, Rule, Severity

IDENTITY_VERSION: Final = "v1"
SHOWN: Final = 3
"""Operations that are named before they are counted."""
_DATES: Final = ("first_at", "began_at", "ended_at", "deprecated_at", "ends_at")


class Certainty(StrEnum):
    """What a diagnosis rests on."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


class Course(StrEnum):
    """Whether trouble that is measured over time goes on."""

    GOES_ON = "goes on"
    PAUSES = "pauses"
    """It is as usual now, and may come back, as it did before."""
    SETTLED = "settled"
    """It lasted so long that it is taken for usual now: it did not go away."""


@lru_cache(maxsize=4096)  # the causes that there are come again with every pass
def identify(*parts: str) -> str:
    """Hash `parts` to the project's identity form, `v1:` and 16 hex digits."""
    compact = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return f"{IDENTITY_VERSION}:{hashlib.sha256(compact.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way the API, or the way to it, departed from what we rely on.

    `operation` is None for what concerns all of them (shown and hashed as `*`). `location` is a
    pointer pattern (`/data/*/email`), or `status`, `media-type`, `body`, `header:<name>`,
    `latency`, `connection`. `expected` and `observed` are kinds (`integer`, `null`, `absent`),
    never values. `consumers` are those whose reads it breaks.
    """

    rule: Rule
    severity: Severity
    workspace: str = "-"
    region: str = "-"
    version: str | None = None
    operation: Operation | None
    asked: Operation | None = None
    """What was asked when a finding about all operations was seen, where that is known; no part of
    what it is."""
    operations: tuple[str, ...] = ()
    """Where a finding that is no one operation's was seen, as shown; no part of what it is."""
    location: str
    expected: str
    observed: str
    message: str
    remedy: str = ""
    """What to do about this one, where that is more exact than the rule's remedy."""
    stage: int = 0
    """How near an announced end has come, in steps; no part of what it is. Each step is told once,
    as a severity that rises is."""
    deprecated_at: datetime | None = None
    ends_at: datetime | None = None
    """Which dates are announced; no part of what it is, but what ends on another day is told of by
    itself."""
    began_at: datetime | None = None
    """Since when it is so, where that is known better than by when it was first seen; no part of
    what it is."""
    first_at: datetime | None = None
    """When it began for the first time, where it was over since and has come back. No part of what
    it is."""
    ended_at: datetime | None = None
    """When it was over, where what is told is past: in a recording. No part of what it is."""
    evidence: str = ""
    """What was seen, in numbers, where the kinds say too little; no part of what it is."""
    course: Course = Course.GOES_ON
    """No part of what it is."""
    past: str = ""
    """What to say of it once it is over, where that is more than the last `message`."""
    is_partial: bool = False
    """Whether other objects of the same answer do not show it; no part of what it is."""
    consumers: tuple[str, ...] = ()
    accepted: str | None = None
    """Why the deviation is accepted, where it is."""
    certainty: Certainty = Certainty.RECORDED
    request_id: str | None = None
    deployment: str | None = None
    observed_at: datetime

    @property
    def difference(self) -> str:
        """Say what was seen instead of what: in numbers where there are any, else by kind."""
        return self.evidence or f"{self.expected} → {self.observed}"

    @property
    def last_day(self) -> str:
        """The day of the end that is announced; empty where there is none."""
        return self.ends_at.date().isoformat() if self.ends_at else ""

    @property
    def cause(self) -> str:
        """Identity of the departure, the same in every workspace."""
        return identify(*self._parts())

    @property
    def fingerprint(self) -> str:
        """Identity of the departure in one workspace."""
        return identify(self.workspace, *self._parts())

    @property
    def place(self) -> str:
        """Name the operation, or where it was seen instead, for people."""
        if self.operation is not None:
            return str(self.operation)
        if not self.operations:
            return "every operation"
        if len(self.operations) <= SHOWN:
            return ", ".join(self.operations)
        return f"{len(self.operations)} operations"

    def _parts(self) -> tuple[str, str, str, str]:
        operation = self.operation.identity if self.operation else "*"
        return self.rule.name, operation, self.location, f"{self.expected}>{self.observed}"

    def as_json(self) -> dict[str, object]:
        """Return the published form (schema 1 of `--format json`)."""
        return {
            "rule": self.rule.name,
            "severity": self.severity.value,
            "workspace": self.workspace,
            "region": self.region,
            "version": self.version,
            "operation": str(self.operation) if self.operation else "*",
            "location": self.location,
            "expected": self.expected,
            "observed": self.observed,
            "cause": self.cause,
            "fingerprint": self.fingerprint,
            "message": self.message,
            "remedy": self.remedy or self.rule.remedy,
            "consumers": list(self.consumers),
            "accepted": self.accepted,
            "certainty": self.certainty.value,
            **({"stage": self.stage} if self.stage else {}),
            **{
                name: moment.isoformat()
                for name in _DATES
                if (moment := getattr(self, name)) is not None
            },
            **({"evidence": self.evidence} if self.evidence else {}),
            **({"course": self.course.value} if self.course is not Course.GOES_ON else {}),
            **({"asked": str(self.asked)} if self.asked else {}),
            **({"operations": list(self.operations)} if self.operations else {}),
            "request_id": self.request_id,
            "deployment": self.deployment,
            "observed_at": self.observed_at.isoformat(),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned; ValueError where it is something else.

        A remedy that is the rule's own is left to the rule; a parameter of the path keeps its name.
        """
        try:
            rule = RULES[form["rule"]]
            finding = cls(
                rule=rule,
                severity=Severity(form["severity"]),
                workspace=form["workspace"],
                region=form["region"],
                version=form["version"],
                operation=None if form["operation"] == "*" else Operation.parse(form["operation"]),
                asked=Operation.parse(form["asked"]) if "asked" in form else None,
                operations=tuple(form.get("operations", ())),
                location=form["location"],
                expected=form["expected"],
                observed=form["observed"],
                message=form["message"],
                remedy="" if form["remedy"] == rule.remedy else form["remedy"],
                consumers=tuple(form["consumers"]),
                accepted=form["accepted"],
                certainty=Certainty(form["certainty"]),
                stage=int(form.get("stage", 0)),
                began_at=_moment(form.get("began_at")),
                first_at=_moment(form.get("first_at")),
                ended_at=_moment(form.get("ended_at")),
                evidence=form.get("evidence", ""),
                course=Course(form.get("course", Course.GOES_ON)),
                deprecated_at=_moment(form.get("deprecated_at")),
                ends_at=_moment(form.get("ends_at")),
                request_id=form["request_id"],
                deployment=form["deployment"],
                observed_at=datetime.fromisoformat(form["observed_at"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no finding: {error!r}") from None
        return finding


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
