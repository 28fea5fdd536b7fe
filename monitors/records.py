"""What a pass leaves behind: the values that history keeps, alerting sends and reports read.

No bodies, no tokens, no values of customers: measurements, findings (shape only), incidents and
messages.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import Severity


class Outcome(StrEnum):
    """What became of one probe in one pass."""

    HEALTHY = "healthy"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    """The workspace does not have the feature."""
    NOT_MEASURED = "not measured"
    """It could not be asked: no identifier to read, budget spent, another workspace's turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One probe in one pass, in numbers: times in milliseconds, None where there is no figure."""

    workspace: str
    region: str
    version: str | None
    operation: Operation
    started_at: datetime
    outcome: Outcome
    why: str = ""
    """Why it was not measured or does not apply."""
    status: int | None = None
    failure: str | None = None
    """A `FailureKind` where no answer came."""
    total_ms: float | None = None
    first_byte_ms: float | None = None
    server_ms: float | None = None
    request_id: str | None = None
    deployment: str | None = None


class Sample(NamedTuple):
    """One successful answer: when it was asked for and how long it took, in milliseconds. A tuple,
    because every page is made of some 50,000."""

    at: datetime
    total_ms: float
    server_ms: float | None = None
    """The server's own word (`x-runtime`), None where it gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What became of one probe over some time."""

    latest: tuple[Measurement, ...]
    """The last few, oldest first, at least one."""
    healthy: int
    failed: int
    samples: tuple[Sample, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRecord:
    """One pass over one or more Intercom workspaces."""

    id: str
    """A random identifier, the same in the log and in the report."""
    started_at: datetime
    finished_at: datetime
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]
    requests: int
    """Requests sent, with those that confirmed something."""


class Phase(StrEnum):
    """Where an incident is."""

    PENDING = "pending"
    """Seen, not yet often enough to tell anyone."""
    OPEN = "open"
    RESOLVED = "resolved"


class TransitionKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    EXPLAINED = "explained"
    """Its cause became clear: it is another one's symptom, or now known for what it is."""
    SPREAD = "spread"
    """It reaches further, or less far, than was told."""
    FLAPPING = "flapping"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    BLIND = "blind"
    MEASURED = "measured"
    """It was blind, and is measured again: seen, or not seen and not yet over."""


class Telling(StrEnum):
    """What is told without a change of state."""

    REMINDER = "reminder"
    SILENCED = "silenced"
    ACCEPTED = "accepted"
    DIGEST = "digest"
    REDRAWN = "redrawn"
    """The same news: somebody listens to its buttons now, or nobody any more."""


NoticeKind = TransitionKind | Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those that were asked have a trouble: in all, in one region, of one version."""

    name: str = ""
    afflicted: int
    measured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a trouble goes among the Intercom workspaces that could have shown it.

    `regions` and `versions` are sorted by name, and only those that were measured.
    """

    afflicted: int
    measured: int
    configured: int
    regions: tuple[Share, ...] = ()
    versions: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentState:
    """A cause over time.

    `key` is the finding's `cause` or `fingerprint`, by the scope of its rule. `id` is new with
    every opening, so that a message belongs to one occurrence. `finding` is the latest sight of it.
    """

    key: str
    id: str
    phase: Phase
    finding: Finding
    severity: Severity
    """The highest so far in this occurrence, or since it came back."""
    workspaces: tuple[str, ...]
    """Sorted; all that were seen with it in this occurrence, or since it came back."""
    operations: tuple[str, ...]
    """Sorted, as shown; for a cause across operations, those it was seen on, as `workspaces`."""
    failures: int = 0
    """Sights in a row."""
    successes: int = 0
    """Healthy observations in a row."""
    unmeasured: int = 0
    """Observations in a row that could not tell."""
    sights: int = 0
    """All sights of this occurrence."""
    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None = None
    """When it was told that it is there; of one that came back, when it was back."""
    resolved_at: datetime | None = None
    sequence: int = 0
    """Transitions of this occurrence so far."""
    acknowledged_by: str = ""
    """Who has taken it on; nobody again after it got worse or came back."""
    acknowledged_at: datetime | None = None
    reopenings: int = 0
    """How often this occurrence came back."""
    is_flapping: bool = False
    """Whether it comes and goes: then it is over only after a longer calm."""
    is_blind: bool = False
    """Whether people were told that it is not measured any more: whatever else happens to it, that
    stays so until it is measured again."""
    record: str = ""
    """The latest observations where it is worst (see `monitors.policies`)."""
    causes: tuple[str, ...] = ()
    """Sorted; the `cause` of every finding that it stands for."""
    reach: Reach | None = None
    """How far it goes; None where only one Intercom workspace is looked at."""
    told: str = ""
    """A mark of the reach and the children as they were told last."""
    told_at: datetime | None = None
    """When something was told last."""
    parent: str = ""
    """The id of the incident that explains this one; while that is open this one is listed in it,
    and nobody is told of it by itself."""
    children: tuple[str, ...] = ()
    """What it explains, as rule and place, sorted."""
    accepted: str = ""
    """Why and until when it is accepted: then it ended by a decision, not because it is gone."""
    was_accepted: str = ""
    """The same of one that is told again because its acceptance has ended."""

    @property
    def onset_at(self) -> datetime:
        """When it began for the first time: what is measured over time began before it was seen."""
        known = self.finding.began_at
        return self.first_seen_at if known is None else min(known, self.first_seen_at)

    @property
    def is_back(self) -> bool:
        """Whether it was over, and came back."""
        return bool(self.reopenings and self.opened_at)

    @property
    def began_at(self) -> datetime:
        """When it began; of one that came back, when it was back."""
        return self.opened_at if self.reopenings and self.opened_at else self.onset_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of state, to be recorded and then told."""

    kind: TransitionKind
    at: datetime
    incident: IncidentState
    """The state after the change."""


class NoticeForm(StrEnum):
    """How a notice is shown where messages have threads."""

    MESSAGE = "message"
    """The incident's one message: the first is posted, later ones update that post in place."""
    REPLY = "reply"
    """A line in the thread of that message."""
    BROADCAST = "broadcast"
    """A line in the thread that the channel shows too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message as it is to be sent, rendered when the transition was recorded.

    `channel` is where it goes (a Slack channel, or `webhook`). `incident_id`, `sequence` and
    whether it belongs into the thread make it one of its kind; the sequence of what is no change of
    state is negative. `blocks` are Block Kit, or one document for what takes documents.
    """

    channel: str
    incident_id: str
    sequence: int
    kind: NoticeKind
    text: str
    """What a notification shows, and what is read where blocks cannot be."""
    blocks: tuple[dict[str, object], ...] = ()
    color: str = ""
    """`#rrggbb` of the bar beside the message."""
    form: NoticeForm = NoticeForm.MESSAGE

    @property
    def is_reply(self) -> bool:
        """Whether it belongs into the thread of the incident's message."""
        return self.form is not NoticeForm.MESSAGE


class NoticeStatus(StrEnum):
    """What became of a notice."""

    PENDING = "pending"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotice:
    """A notice in the outbox.

    `parent` is the channel's own id of the incident's first message (Slack's `channel` and `ts`),
    once it is known; `is_repeat` says that this one may repeat an earlier message. `ambiguous` says
    that the last attempt may have arrived.
    """

    id: int
    notice: Notice
    status: NoticeStatus = NoticeStatus.PENDING
    attempts: int = 0
    next_attempt_at: datetime
    created_at: datetime
    ambiguous: bool = False
    error: str = ""
    parent: tuple[str, str] | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice that arrived: where (channel id, ts; None by an incoming webhook) and when."""

    receipt: tuple[str, str] | None
    at: datetime
    possibly_repeated: bool = field(default=False)
