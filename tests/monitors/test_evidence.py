"""What counts as health, what the census knows, and who still suffers."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Exchange, Operation
from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.afflicted import Afflicted
from monitors.alerting.extent import extent
from monitors.asking import Visit
from monitors.census import Census
from monitors.diagnosis import Observation
from monitors.evidence import Health, Look, health, is_evidence
from monitors.grouping import Place
from monitors.policies import Policy
from monitors.probe_files import load_probes
from monitors.records import IncidentState, Phase, Share
from monitors.sightings import (
    Healthy,
    Sighting,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROBES = {probe.identity: probe for probe in load_probes()}
CONTACTS = Operation.parse("GET /contacts")


def a_finding(rule: str = "schema-required", **changes: Any) -> Finding:
    finding = Finding(
        rule=RULES[rule],
        severity=Severity.INFO,
        workspace="acme",
        operation=CONTACTS,
        location="/data/*/email",
        expected="string",
        observed="absent",
        message="",
        observed_at=NOW,
    )
    return replace(finding, **changes)


def an_incident(
    finding: Finding, *workspaces: str, operations: tuple[str, ...] = ()
) -> IncidentState:
    return IncidentState(
        key="k",
        id="i",
        phase=Phase.OPEN,
        finding=finding,
        severity=Severity.CRITICAL,
        workspaces=workspaces or ("acme",),
        operations=operations,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )


def a_look(
    exchange: Exchange | None, *, workspace: str = "acme", asked: str = "GET /contacts"
) -> Look:
    visit = Visit(probe=PROBES[asked], at=NOW, exchange=exchange)
    observations = [Observation(exchange=exchange)] if exchange else []
    return Look(workspace=workspace, visits=[visit], observations=observations)


@pytest.mark.parametrize(
    ("rule", "status", "body", "counts"),
    [
        ("schema-required", 200, {"data": [{"id": "1"}]}, True),
        ("schema-required", 200, {"data": []}, False),  # nobody's email can be missing
        ("schema-required", 200, {"data": None}, False),
        ("schema-required", 200, {"other": []}, False),
        ("schema-required", 200, b"", False),
        ("schema-required", 200, b"<html>", False),
        ("schema-required", 503, b"", False),
        ("server-error", 503, b"", False),
        ("server-error", 404, {"type": "error.list"}, True),
        ("timeout", 503, b"", True),
        ("auth-token-revoked", 404, {"type": "error.list"}, False),
        ("auth-token-revoked", 200, {"type": "list"}, True),
    ],
)
def test_only_what_could_have_shown_it_is_health(
    an_exchange: Any, rule: str, status: int, body: object, counts: bool
) -> None:
    exchange = an_exchange("GET /contacts", status, body)
    assert is_evidence(a_finding(rule), exchange) is counts


def test_an_answer_in_front_of_intercom_is_no_word_of_intercoms(an_exchange: Any) -> None:
    refused = an_exchange("GET /contacts", 403, b"<html>", is_intercoms=False)
    assert not is_evidence(a_finding("server-error"), refused)


POINTERS = st.lists(st.sampled_from(["data", "*", "id", "0", "a~1b"]), min_size=1, max_size=5)
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "id", "a/b"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(steps=POINTERS, document=JSON)
def test_no_answer_makes_the_search_for_evidence_fail(
    an_exchange: Any, steps: list[str], document: object
) -> None:
    finding = a_finding(location="/" + "/".join(steps))
    assert is_evidence(finding, an_exchange("GET /contacts", 200, document)) in (True, False)


def test_an_operation_that_was_not_asked_says_nothing(an_exchange: Any) -> None:
    incident = an_incident(a_finding("server-error"))
    assert health(incident, a_look(an_exchange("GET /tags"), asked="GET /tags")) is Health.NOT_ASKED
    assert health(incident, a_look(None)) is Health.UNKNOWN
    assert health(incident, a_look(an_exchange("GET /contacts"))) is Health.OVER


def test_a_permission_is_back_only_where_it_was_missed(an_exchange: Any) -> None:
    finding = a_finding("auth-scope-missing", operation=None, location="status")
    incident = an_incident(finding, operations=("GET /contacts", "GET /contacts/{contact_id}"))
    assert health(incident, a_look(an_exchange("GET /tags"), asked="GET /tags")) is Health.NOT_ASKED
    assert health(incident, a_look(an_exchange("GET /contacts"))) is Health.OVER


ONCE = Policy(at_once=True, success_threshold=1)
BOTH = {name: Place(region="us", version="2.15") for name in ("acme", "bravo")}


def test_it_is_over_when_the_last_workspace_is_well(an_exchange: Any) -> None:
    finding = a_finding("server-error")
    incident = an_incident(finding, "acme", "bravo")
    afflicted = Afflicted()
    sighting = Sighting(finding=finding, workspaces=("acme", "bravo"))
    assert afflicted.seen("k", sighting, ONCE, BOTH).record == "x"
    well = an_exchange("GET /contacts")

    assert afflicted.observe(incident, [a_look(well)], ONCE, BOTH) is None
    remembered = Afflicted.of({key: names for key, names in afflicted.changes() if names})
    look = a_look(well, workspace="bravo")
    assert remembered.observe(incident, [look], ONCE, BOTH) == Healthy(record="x.")


def test_a_workspace_that_is_no_longer_configured_holds_nothing_open(an_exchange: Any) -> None:
    incident = an_incident(a_finding("server-error"), "acme", "gone")
    well = a_look(an_exchange("GET /contacts"))
    left = {"acme": BOTH["acme"]}
    assert Afflicted().observe(incident, [well], ONCE, left) == Healthy(record="x.")


def test_blips_of_many_workspaces_are_not_a_row_of_one(an_exchange: Any) -> None:
    places = {f"w{index}": Place(region="us", version="2.15") for index in range(20)}
    policy, afflicted = Policy(at_once=False), Afflicted()
    taken = [
        afflicted.seen(
            "k", Sighting(finding=a_finding("timeout"), workspaces=(f"w{index}",)), policy, places
        )
        for index in range(4)
    ]
    assert [one.record for one in taken] == ["x"] * 4
    assert [one.is_wide for one in taken] == [False, False, False, True]  # a fifth of them all


def test_blips_that_were_over_at_once_are_nothing_wide(an_exchange: Any) -> None:
    places = {f"w{index}": Place(region="us", version="2.15") for index in range(4)}
    policy, afflicted = Policy(at_once=False), Afflicted()
    incident = an_incident(a_finding("timeout"), *places)
    incident = replace(incident, phase=Phase.PENDING)
    for name in places:
        seen = Sighting(finding=a_finding("timeout"), workspaces=(name,))
        assert not afflicted.seen("k", seen, policy, places).is_wide
        look = a_look(an_exchange("GET /contacts"), workspace=name)
        afflicted.observe(incident, [look], policy, places)


def test_how_far_it_goes_counts_those_that_were_asked(an_exchange: Any) -> None:
    places = {
        "acme": Place(region="eu", version="2.11"),
        "bravo": Place(region="eu", version="2.15"),
        "never-asked": Place(region="au", version="2.15"),
    }
    incident = an_incident(a_finding("server-error"), "acme")
    afflicted = Afflicted()
    afflicted.look_around(incident, [a_look(an_exchange("GET /contacts"), workspace="bravo")])
    reach = afflicted.reach([incident], places)
    assert (reach.afflicted, reach.measured, reach.configured) == (1, 2, 3)
    assert reach.regions == (Share(name="eu", afflicted=1, measured=2),)
    assert extent(reach) == (
        "1 of 2 Intercom workspaces that could tell so far (3 configured), version 2.11 only"
    )


def test_the_census_is_taken_once_and_forgets_when_the_reference_changes() -> None:
    census = Census.of(None, "2.15")
    first, hurting = a_finding(), a_finding(location="/data/*/id", consumers=("crm-sync",))
    census.take("GET /contacts", [first, hurting])
    assert census.known("GET /contacts") == frozenset({first.cause})
    assert not census.is_news(first)
    assert census.is_news(hurting)

    again = Census.of(census.document(), "2.15")
    assert again.known("GET /contacts") == frozenset({first.cause})
    assert not again.changed
    later = a_finding("schema-undocumented", location="/data/*/new", observed="undocumented")
    alarming = a_finding(location="/data/*/x", severity=Severity.WARNING)
    again.take("GET /contacts", [first, later, alarming])
    assert again.is_news(later)  # in this pass, and in no later one
    assert again.is_news(alarming)
    third = Census.of(again.document(), "2.15")
    assert not third.is_news(later)
    assert third.is_news(alarming)

    other = Census.of(third.document(), "2.16")
    assert other.known("GET /contacts") is None
    assert other.worked == {"GET /contacts"}


@given(operations=JSON)
def test_a_census_of_another_form_is_an_empty_one(operations: object) -> None:
    assert Census.of(operations, "2.15").causes == {}
    census = Census.of({"reference": "2.15", "operations": operations}, "2.15")
    assert all(isinstance(causes, frozenset) for causes in census.causes.values())
