"""One cause, one incident: across operations, workspaces and time, each with its reach."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.afflicted import Afflicted
from monitors.asking import Visit
from monitors.diagnosis import Diagnosed, Observation
from monitors.evidence import Look
from monitors.folding import fold_looks
from monitors.grouping import EVERYWHERE, Place, key_of
from monitors.policies import policy_for
from monitors.probe_files import load_probes
from monitors.records import IncidentState, Phase, Transition, TransitionKind

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY = timedelta(minutes=5)
OPERATIONS = ("GET /me", "GET /contacts", "GET /contacts/{contact_id}", "GET /tags")
PROBES = {str(probe.operation): probe for probe in load_probes()}
FLEET = {
    **{f"us{index}": Place(region="us", version="2.15") for index in range(3)},
    **{f"eu{index}": Place(region="eu", version="2.11") for index in range(3)},
}
"""Two regions, each of one version."""
OPENED, RESOLVED, EXPLAINED, ESCALATED, SPREAD = (
    TransitionKind.OPENED,
    TransitionKind.RESOLVED,
    TransitionKind.EXPLAINED,
    TransitionKind.ESCALATED,
    TransitionKind.SPREAD,
)
DOWN = "server-error"


def a_finding(rule_name: str, workspace: str, operation: str | None, **changes: Any) -> Finding:
    finding = Finding(
        rule=RULES[rule_name],
        severity=Severity.CRITICAL,
        workspace=workspace,
        region=FLEET[workspace].region if workspace in FLEET else "us",
        version=FLEET[workspace].version if workspace in FLEET else "2.15",
        operation=Operation.parse(operation) if operation else None,
        location="status",
        expected="2xx",
        observed="5xx",
        message="",
        observed_at=START,
    )
    return replace(finding, **changes)


def answer(operation: str, status: int, workspace: str) -> Exchange:
    """Return an answer of Intercom's own."""
    headers = Headers({"x-request-id": "002d37gmte7nhkf9o4eg", "content-type": "application/json"})
    known = Operation.parse(operation)
    return Exchange(
        workspace=workspace,
        region="us",
        version="2.15",
        operation=known,
        request=Request(method=known.method, url=f"https://api.intercom.io{known.path}"),
        response=Response.of(status, headers, b'{"data": [{"id": "1"}]}'),
        started_at=START,
    )


@dataclass
class Fleet:
    """Workspaces that are looked at in turns; `ill` says what a workspace shows: rules by
    operation, the operation None standing for most of them."""

    places: dict[str, Place] = field(default_factory=lambda: dict(FLEET))
    ill: dict[str, dict[str | None, str]] = field(default_factory=dict)
    states: dict[str, IncidentState] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    told: list[Transition] = field(default_factory=list)
    now: datetime = START
    ids: Any = field(default_factory=count)

    def look(self, name: str) -> Look:
        """What a pass over one workspace comes to."""
        shown = self.ill.get(name, {})
        bad = set(OPERATIONS) if None in shown else set(shown)
        statuses = {one: 503 if one in bad else 200 for one in OPERATIONS}
        exchanges = {one: answer(one, statuses[one], name) for one in OPERATIONS}
        return Look(
            workspace=name,
            visits=[
                Visit(probe=PROBES[one], at=self.now, exchange=exchanges[one]) for one in OPERATIONS
            ],
            observations=[Observation(exchange=one) for one in exchanges.values()],
            diagnosed=[
                Diagnosed(
                    finding=a_finding(
                        rule_name, name, operation, consumers=(f"reads {operation}",)
                    ),
                    operations=(operation,) if operation else OPERATIONS,
                )
                for operation, rule_name in shown.items()
            ],
        )

    def go(self, *names: str, alone: bool = False) -> list[TransitionKind]:
        """One round over the workspaces called `names` (all), in one pass or each in its own."""
        before = len(self.told)
        chosen = names or tuple(self.places)
        for group in [[one] for one in chosen] if alone else [list(chosen)]:
            self.now += EVERY / len(chosen) if alone else EVERY
            afflicted = Afflicted.of(self.documents)
            folded = fold_looks(
                [self.look(one) for one in group],
                self.states,
                afflicted,
                places=self.places,
                policy=lambda finding: policy_for(finding.rule),
                now=self.now,
                new_id=lambda: f"i{next(self.ids)}",
            )
            gone = set(folded.forgotten)
            self.states = {key: one for key, one in self.states.items() if one.id not in gone}
            self.states.update({one.key: one for one in folded.states})
            for key, document in afflicted.changes():
                self.documents.pop(key, None)
                if document is not None:
                    self.documents[key] = document
            self.told += folded.transitions
        return [one.kind for one in self.told[before:] if not one.incident.parent]

    @property
    def roots(self) -> list[IncidentState]:
        """The open incidents that are told of by themselves."""
        return [one for one in self.states.values() if one.phase is Phase.OPEN and not one.parent]

    @property
    def messages(self) -> set[str]:
        """The ids of incidents that have a message of their own."""
        return {one.incident.id for one in self.told if not one.incident.parent}


def test_an_outage_of_one_region_is_one_incident_however_it_shows() -> None:
    fleet = Fleet(ill={"eu0": {None: DOWN}, "eu1": {None: "timeout"}, "eu2": {None: DOWN}})
    for _ in range(3):
        fleet.go(alone=True)
    (only,) = fleet.roots
    assert len(fleet.messages) == 1
    assert only.reach is not None
    assert (only.reach.afflicted, only.reach.measured) == (3, 6)
    assert [(one.name, one.afflicted) for one in only.reach.regions] == [("eu", 3), ("us", 0)]
    fleet.ill.clear()
    assert fleet.go() == []
    assert fleet.go() == [RESOLVED]


def test_every_region_out_is_one_incident_in_one_message() -> None:
    fleet = Fleet(ill={name: {None: DOWN} for name in ("eu0", "eu1", "eu2")})
    assert fleet.go() == [OPENED]
    fleet.ill |= {name: {None: DOWN} for name in ("us0", "us1", "us2")}
    told = fleet.go()
    (only,) = fleet.roots
    assert (only.key, told, len(fleet.messages)) == (EVERYWHERE, [EXPLAINED], 1)
    assert only.reach is not None
    assert (only.reach.afflicted, only.reach.measured) == (6, 6)
    fleet.ill.clear()
    assert fleet.go() + fleet.go() == [RESOLVED]
    assert len(fleet.messages) == 1


def test_a_network_that_reaches_another_region_is_not_what_is_wrong() -> None:
    fleet = Fleet(ill={name: {None: "connection-network"} for name in ("eu0", "eu1", "eu2")})
    for _ in range(3):
        fleet.go(alone=True)
    (only,) = fleet.roots
    assert only.finding.rule.name == "connection-failed"
    assert "region EU cannot be reached" in only.finding.message
    assert "elsewhere (US)" in only.finding.message
    assert len(fleet.messages) == 1
    assert [one.kind for one in fleet.told].count(EXPLAINED) <= 1


def test_a_network_that_reaches_nothing_stays_what_is_wrong() -> None:
    fleet = Fleet(ill={name: {None: "connection-network"} for name in FLEET})
    for _ in range(3):
        fleet.go(alone=True)
    (only,) = fleet.roots
    assert (only.key, only.finding.rule.name) == (EVERYWHERE, "connection-network")


def test_a_cause_that_becomes_clear_later_takes_over_the_message_of_its_symptom() -> None:
    places = {"acme": Place(region="us", version="2.15")}
    fleet = Fleet(places=places, ill={"acme": {"GET /contacts": "latency-limit"}})
    for _ in range(3):
        fleet.go()
    (symptom,) = fleet.roots
    fleet.ill = {"acme": {None: DOWN}}
    for _ in range(3):
        fleet.go()
    (cause,) = fleet.roots
    assert (cause.id, cause.finding.rule.name) == (symptom.id, DOWN)
    assert cause.first_seen_at == symptom.first_seen_at
    assert cause.children == ("latency-limit GET /contacts",)
    assert len(fleet.messages) == 1


def test_a_child_comes_up_on_its_own_only_where_it_outlives_its_cause() -> None:
    for outlives in (True, False):
        fleet = Fleet(ill={name: {None: DOWN} for name in ("eu0", "eu1", "eu2")})
        fleet.go()
        for name in fleet.ill:
            fleet.ill[name] = {None: DOWN, "GET /tags": "timeout"}
        for _ in range(3):
            assert OPENED not in fleet.go()
        fleet.ill = {name: {"GET /tags": "timeout"} for name in fleet.ill} if outlives else {}
        told = fleet.go() + fleet.go() + fleet.go()
        assert sorted(told) == sorted([RESOLVED, OPENED] if outlives else [RESOLVED])


def test_the_same_trouble_on_several_operations_is_one_incident() -> None:
    places = {"acme": Place(region="us", version="2.15")}
    ill: dict[str | None, str] = {"GET /contacts": DOWN, "GET /tags": DOWN}
    fleet = Fleet(places=places, ill={"acme": ill})
    told = fleet.go() + fleet.go() + fleet.go()
    (only,) = fleet.roots
    assert (told, len(only.children)) == ([OPENED], 1)
    assert set(only.finding.consumers) == {"reads GET /contacts", "reads GET /tags"}


@pytest.mark.parametrize(
    ("rule", "operation"),
    [
        ("rate-limit-exceeded", None),
        ("version-mismatch", None),
        ("auth-scope-missing", "GET /tags"),
        ("status-unprocessable", "GET /tags"),
    ],
)
def test_what_several_workspaces_have_of_their_app_is_one_incident(
    rule: str, operation: str | None
) -> None:
    fleet = Fleet(ill={name: {operation: rule} for name in ("eu0", "us1", "us2")})
    told = [one for _ in range(3) for one in fleet.go(alone=True)]
    (only,) = fleet.roots
    assert told.count(OPENED) == 1
    assert only.reach is not None
    assert only.reach.afflicted == 3
    fleet.now += timedelta(hours=2)
    fleet.ill["eu1"] = {operation: rule}
    for _ in range(3):
        fleet.go()
    assert len(fleet.roots) == 2, "what comes hours later may have another reason"


def test_what_was_read_in_one_workspace_is_not_missed_in_another_that_the_token_speaks_for() -> (
    None
):
    shown: dict[str | None, str] = {
        None: "auth-workspace-changed",
        "GET /contacts/{contact_id}": "status-not-found",
    }
    fleet = Fleet(ill={"eu0": shown})
    for _ in range(4):
        fleet.go()
    (only,) = fleet.roots
    assert only.finding.rule.name == "auth-workspace-changed"
    assert only.children == ("status-not-found GET /contacts/{contact_id}",)


def test_dead_tokens_are_incidents_of_their_own_unless_most_of_them_died() -> None:
    fleet = Fleet(ill={name: {None: "auth-token-revoked"} for name in ("eu0", "us1")})
    assert fleet.go() == [OPENED, OPENED]
    assert all(one.reach is not None and one.reach.afflicted == 1 for one in fleet.roots)
    all_at_once = Fleet(ill={name: {None: "auth-token-revoked"} for name in FLEET})
    assert all_at_once.go() == [OPENED]
    (only,) = all_at_once.roots
    assert only.reach is not None
    assert only.reach.afflicted == 6
    all_at_once.ill.clear()
    all_at_once.go()
    assert all_at_once.go() == [RESOLVED]


def test_a_token_that_is_first_refused_and_then_called_revoked_is_one_incident() -> None:
    fleet = Fleet(ill={"eu0": {None: "auth-token-refused"}})
    fleet.go()
    fleet.ill["eu0"] = {None: "auth-token-revoked"}
    assert fleet.go() == [EXPLAINED]


def test_a_token_that_one_operation_refuses_hides_no_other_trouble() -> None:
    ill: dict[str | None, str] = {"GET /tags": "auth-scope-missing"}
    for refused in ("GET /contacts", "GET /me", None):
        fleet = Fleet(ill={"eu0": {**ill, refused: "auth-token-revoked"}})
        assert fleet.go() == [OPENED] * (2 if refused else 1)


def test_the_message_is_brought_up_to_date_while_it_spreads() -> None:
    fleet = Fleet(ill={"eu0": {"GET /tags": "deprecation-endpoint-gone"}})
    assert fleet.go("eu0", alone=True) == [OPENED]
    fleet.ill["eu1"] = fleet.ill["eu0"]
    assert fleet.go("eu1", alone=True) == [SPREAD]
    assert fleet.go("eu0", "eu1", alone=True) == []


def test_a_field_is_the_same_wherever_its_object_is_returned() -> None:
    places = {
        "GET /contacts": "/data/*/email",
        "POST /contacts/search": "/data/*/email",
        "GET /contacts/{contact_id}": "/email",
        "GET /companies/{company_id}/contacts": "/data/*/email",
    }
    keys = {
        key_of(a_finding("schema-required", "eu0", operation, location=location))
        for operation, location in places.items()
    }
    assert len(keys) == 1
    others = [
        a_finding("schema-required", "eu0", "GET /admins", location="/admins/*/email"),
        a_finding("schema-required", "eu0", "GET /contacts", location="/data/*/tags/data/*/email"),
        a_finding("schema-type", "eu0", "GET /contacts", location="/data/*/email"),
    ]
    assert len(keys | {key_of(one) for one in others}) == 4


class FleetMachine(RuleBasedStateMachine):
    """Whatever happens to a fleet: nothing is told twice, and nothing that lasts is untold."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet()

    @rule(
        name=st.sampled_from(sorted(FLEET)),
        operation=st.sampled_from([None, "GET /contacts", "GET /tags"]),
        rule_name=st.sampled_from([DOWN, "timeout", "auth-token-revoked", "latency-limit"]),
    )
    def fall_ill(self, name: str, operation: str | None, rule_name: str) -> None:
        if rule_name.startswith("auth-"):
            operation = None
        self.fleet.ill.setdefault(name, {})[operation] = rule_name

    @rule(name=st.sampled_from(sorted(FLEET)))
    def recover(self, name: str) -> None:
        self.fleet.ill.pop(name, None)

    @rule()
    def recover_all(self) -> None:
        self.fleet.ill.clear()

    @rule(alone=st.booleans())
    def go(self, alone: bool) -> None:
        self.fleet.go(alone=alone)

    @invariant()
    def each_message_counts_on_from_one(self) -> None:
        by_id: dict[str, list[int]] = {}
        for one in self.fleet.told:
            by_id.setdefault(one.incident.id, []).append(one.incident.sequence)
        assert all(seen == list(range(1, len(seen) + 1)) for seen in by_id.values())

    @invariant()
    def no_two_incidents_share_an_id(self) -> None:
        ids = [one.id for one in self.fleet.states.values()]
        assert len(ids) == len(set(ids))

    @invariant()
    def who_is_listed_in_another_is_listed_in_one_that_is_told(self) -> None:
        by_id = {one.id: one for one in self.fleet.states.values()}
        for one in by_id.values():
            if one.phase is Phase.OPEN and (parent := by_id.get(one.parent)):
                assert not parent.parent or parent.phase is not Phase.OPEN

    def teardown(self) -> None:
        """After three rounds everything that is ill is told, after a long calm nothing is open."""
        for _ in range(4):
            self.fleet.go()
        seen = {key for key, one in self.fleet.states.items() if one.last_seen_at == self.fleet.now}
        told = self.fleet.messages
        by_id = {one.id: one for one in self.fleet.states.values()}
        for key in seen:
            one = self.fleet.states[key]
            assert one.phase is Phase.OPEN
            assert one.id in told or by_id[one.parent].id in told
        self.fleet.ill.clear()
        self.fleet.now += timedelta(hours=2)
        for _ in range(21):
            self.fleet.go()
        assert not [one for one in self.fleet.states.values() if one.phase is Phase.OPEN]


FleetMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=8, deadline=None)
TestWhateverHappensToAFleet = FleetMachine.TestCase
