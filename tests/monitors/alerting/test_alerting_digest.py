"""The digest: when it comes, what it says, and that it comes once; over a real history."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.exchanges import Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.alerting.digest import Digest, Expiring
from monitors.alerting.routes import Route
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import (
    IncidentState,
    Measurement,
    Outcome,
    PassRecord,
    Phase,
    QueuedNotice,
    Telling,
    Transition,
)
from sandbox.clock import VirtualClock
from sandbox.slack import blockkit

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DIGEST = Digest(at=time(9), zone=ZoneInfo("Europe/Berlin"), day=0, to=("#a", "log"))


def noted(rule: str, message: str, workspace: str, at: datetime) -> Finding:
    return Finding(
        rule=RULES[rule],
        severity=Severity.INFO,
        workspace=workspace,
        operation=Operation.parse("GET /tags"),
        location=f"/{message}",
        expected="absent",
        observed="string",
        message=message,
        observed_at=at,
    )


@dataclass
class Week:
    """Passes over one history, opened anew for each: cron's way."""

    path: Path
    clock: VirtualClock
    announcer: Announcer
    passes: int = 0

    def run(
        self, *findings: Finding, missing: str = "", open_now: tuple[Transition, ...] = ()
    ) -> int:
        """Record a pass; how many digests are in the outbox."""
        now = self.clock.now()
        self.passes += 1
        with History.open(f"sqlite:///{self.path}", clock=self.clock) as history:
            incidents = [one.incident for one in open_now]
            said = self.announcer.announce([], ledger=history, incidents=incidents, now=now)
            measured = (
                Measurement(
                    workspace="prod",
                    region="eu",
                    version="2.15",
                    operation=Operation.parse(operation),
                    started_at=now,
                    outcome=Outcome.NOT_MEASURED if operation == missing else Outcome.HEALTHY,
                    why="no tag to read" if operation == missing else "",
                )
                for operation in ("GET /tags/{tag_id}", "GET /tags")
            )
            record = PassRecord(
                id=str(self.passes),
                started_at=now,
                finished_at=now,
                measurements=tuple(measured),
                findings=findings,
                requests=1,
            )
            history.record(record, states=incidents, notices=said.notices, documents=said.documents)
            return len(self.digests(history))

    def digests(self, history: History) -> list[QueuedNotice]:
        return [one for one in history.notices() if one.notice.kind is Telling.DIGEST]

    def last(self) -> tuple[str, str]:
        with History.open(f"sqlite:///{self.path}", clock=self.clock) as history:
            *_, slack, log = (one.notice for one in self.digests(history))
        blocks = "\n".join(str(one["text"]["text"]) for one in slack.blocks)  # type: ignore[index]
        return f"{slack.text}\n{blocks}", str(log.blocks[0]["details"])


@pytest.fixture
def week(tmp_path: Path) -> Week:
    clock = VirtualClock(MONDAY)
    channels = ("#a", "log")
    announcer = Announcer(
        channels=channels,
        fallback=Route(to=channels),
        eventful=frozenset({"log"}),
        digest=replace(
            DIGEST,
            expiring=lambda today: [Expiring(what="email is null", until=today + 3 * DAY)],
        ),
    )
    return Week(tmp_path / "history.sqlite", clock, announcer)


def test_what_can_wait_is_told_once_a_week_whoever_comes_first(
    week: Week, transition: Callable[..., Transition]
) -> None:
    at = week.clock.now()
    fields = [
        noted("schema-undocumented", f"a new field {name}", "prod", at) for name in "abcdefghijk"
    ]
    elsewhere = replace(fields[0], workspace="test")
    slower = noted("latency-regression", "GET /tags takes 1.2 times as long", "prod", at)
    told = transition()
    ends = replace(
        told.incident.finding,
        rule=RULES["deprecation-announced"],
        message="GET /tags is deprecated and stops answering on 2026-05-01 (60 days left).",
    )
    sunset = replace(told, incident=replace(told.incident, finding=ends))
    assert week.run(*fields, elsewhere, slower, missing="GET /tags/{tag_id}") == 0
    week.clock.advance(5 * DAY)
    assert week.run(missing="GET /tags/{tag_id}") == 0
    week.clock.advance(2 * DAY)
    assert week.run(open_now=(sunset,)) == 2, "one for each channel, at nine in Berlin"
    week.clock.advance(timedelta(hours=3))
    assert week.run() == 2, "another process has sent it"
    said, plain = week.last()
    assert said.startswith(":newspaper: *Digest* since <!date^")
    for part in (
        "*Upcoming ends*\n• GET /tags is deprecated and stops answering on 2026-05-01 (60 days",
        "*New fields and values*\n• a new field a (prod, test)\n• a new field b (prod)",
        "and 3 more",
        "*Latency*\n• GET /tags takes 1.2 times as long (prod)",
        "*Not measured*\n• no tag to read: `GET /tags/{tag_id}` (prod)",
        "*Accepted deviations that end soon*\n• email is null, until 2026-03-12 (3 days left)",
    ):
        assert part in said
    assert "Upcoming ends\n• GET /tags is deprecated" in plain


def test_where_there_is_nothing_to_say_nothing_is_sent(week: Week) -> None:
    week.announcer = replace(week.announcer, digest=replace(DIGEST, day=None))
    for _ in range(4):
        assert week.run() == 0
        week.clock.advance(DAY)
    week.run(noted("schema-enum", "a new value", "prod", week.clock.now()))
    week.clock.advance(DAY)
    assert week.run() == 2
    week.clock.advance(DAY)
    assert week.run() == 2, "it is told once"


def test_what_an_incident_told_is_not_told_again_as_nothing_urgent(
    week: Week, transition: Callable[..., Transition]
) -> None:
    week.announcer = replace(week.announcer, digest=replace(DIGEST, day=None))
    week.run()
    week.clock.advance(DAY)
    at = week.clock.now()
    first = replace(noted("latency-timeout", "a spike so far", "prod", at), location="latency")
    loud = replace(first, rule=RULES["latency-regression"], severity=Severity.WARNING, began_at=at)
    later = replace(first, message="a spike of the day after", observed_at=at + timedelta(hours=9))
    other = replace(first, operation=Operation.parse("GET /teams"), message="of another operation")
    incident = replace(
        transition().incident,
        finding=loud,
        workspaces=("prod",),
        operations=("GET /tags",),
        first_seen_at=at + timedelta(minutes=10),
        last_seen_at=at + timedelta(hours=1),
        opened_at=at + timedelta(minutes=10),
        resolved_at=at + timedelta(hours=1),
        phase=Phase.RESOLVED,
    )
    told = replace(transition(), incident=incident)
    week.run(first, open_now=(told,))
    week.run(later, other, open_now=(told,))
    week.clock.advance(DAY)
    week.run(open_now=(told,))
    said, _ = week.last()
    assert "a spike so far" not in said
    assert "• a spike of the day after (prod)\n• of another operation (prod)" in said


@given(st.lists(st.text(max_size=300), max_size=30), st.text(min_size=1, max_size=90))
@settings(max_examples=25)
def test_slack_would_take_any_digest(messages: list[str], name: str) -> None:
    class Chronicle:
        def documents(self, kind: str) -> dict[str, object]:
            return {}

        def noted(self, since: datetime) -> list[Finding]:
            rules = (
                "schema-enum",
                "latency-regression",
                "auth-token-blocked",
                "deprecation-sunset",
            )
            return [
                noted(rules[index % 4], message * 20, f"{name}{index}", MONDAY)
                for index, message in enumerate(messages * 3)
            ]

        def incidents(self, since: datetime) -> list[IncidentState]:
            return []

        def unmeasured(self, since: datetime) -> list[tuple[str, str, str]]:
            return [(name, message, message) for message in messages]

    digest = replace(DIGEST, expiring=lambda today: [Expiring(what=name * 20, until=date.max)] * 30)
    for notice in digest.notices(Chronicle(), [], since=MONDAY, now=MONDAY + DAY):
        assert blockkit.problems(list(notice.blocks)) == []
        assert blockkit.text_length(list(notice.blocks)) < blockkit.MAX_ALL_TEXT
