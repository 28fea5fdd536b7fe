"""An announced end is told as it comes nearer, each step once, also by another process."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.overlays import embedded_contract
from contracts.relying import reads_of
from contracts.spec import Spec, parse_spec
from monitors.detectors import Context, detect
from monitors.probe_files import load_probes
from monitors.promises import Promises
from monitors.records import TransitionKind
from sandbox.intercom import Fault

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory, Stage

TOLD = TransitionKind.OPENED, *[TransitionKind.ESCALATED] * 4


def test_an_end_is_told_at_90_30_7_and_0_days_and_each_once(stage: "Stage") -> None:
    end = stage.clock.now() + timedelta(days=100)
    told: list[tuple[int, TransitionKind]] = []
    causes = set()
    stage.intercom.faults.add(Fault(name="sunset", operation="GET /tags", at=int(end.timestamp())))
    for days_left in (100, 91, 89, 60, 29, 10, 6, 1, -1, -5):
        stage.clock.advance(end - timedelta(days=days_left) - stage.clock.now())
        for _ in range(2):  # twice, each time by a process that has just started
            with stage.monitor() as monitor:
                report = monitor.run_pass(probes=TAGS)
            told += [(days_left, one.kind) for one in report.transitions]
            causes |= {one.key for one in report.incidents}
    assert told == list(zip((100, 89, 29, 6, -1), TOLD, strict=True))
    assert len(causes) == 1
    message, *thread = stage.messages()
    assert "was to stop answering" in message.text
    assert "CRITICAL, the end has come," in message.text
    said = " ".join(one.text for one in thread)
    assert "At most 90 days left, warning" in said
    assert "scalated" not in said, "a step is told as what it is, whatever it does to the severity"


def test_each_date_has_its_own_incident_and_countdown(stage: "Stage") -> None:
    now = stage.clock.now()
    days = {"GET /tags": 100, "GET /teams": 200}
    stage.intercom.faults.add(Fault(name="deprecation", at=int(now.timestamp())))
    for operation, left in days.items():
        at = int((now + timedelta(days=left)).timestamp())
        stage.intercom.faults.add(Fault(name="sunset", operation=operation, at=at))
    asked = {*days, "GET /me", "GET /admins", "GET /segments", "GET /contacts"}
    probes = [probe for probe in load_probes() if probe.identity in asked]
    told = {}
    for passed in (0, 11, 71, 111):
        stage.clock.advance(now + timedelta(days=passed) - stage.clock.now())
        with stage.monitor() as monitor:
            report = monitor.run_pass(probes=probes)
        told[passed] = {
            (one.kind, str(one.incident.finding.operation or "*"), one.incident.finding.ends_at)
            for one in report.transitions
            if not one.incident.parent
        }
    ends = {
        name: (now + timedelta(days=left)).replace(microsecond=0) for name, left in days.items()
    }
    opened = {(TransitionKind.OPENED, "*", None)} | {
        (TransitionKind.OPENED, name, end) for name, end in ends.items()
    }
    tags, teams = ((TransitionKind.ESCALATED, name, end) for name, end in ends.items())
    assert told == {0: opened, 11: {tags}, 71: {tags}, 111: {tags, teams}}


def description(text: str, parameters: list[dict[str, Any]] | None = None) -> Spec:
    """A published description of two operations, one of which no probe ever asks."""
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    return parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {
                "/conversations/{id}/run_assignment_rules": {
                    "post": {"description": text, "responses": answer}
                },
                "/tags": {"get": {"parameters": parameters or [], "responses": answer}},
            },
        },
        source="described",
    )


RULES_RUN = "POST /conversations/{id}/run_assignment_rules"
READER = [
    {
        "name": "router",
        "owner": "ops",
        "runbook": "https://example.com",
        "reads": {RULES_RUN: ["/id"]},
    }
]
TAGS = [probe for probe in load_probes() if probe.identity == "GET /tags"]


def test_the_end_of_what_is_used_and_never_asked_is_read_from_the_description(
    stage: "Stage",
) -> None:
    end = stage.clock.now() + timedelta(days=10)
    text = f"It will be permanently removed on {end:%B %d, %Y}."

    def held_to(text: str) -> Promises:
        return Promises(
            lambda version: description(text),
            reads=lambda relied, published: reads_of(
                READER if published else None, relied=relied, published=published
            ),
        )

    with stage.monitor(held_to=held_to(text)) as monitor:
        first, second = (monitor.run_pass(probes=TAGS) for _ in range(2))
    (opened,) = first.transitions
    assert opened.incident.finding.consumers == ("router",)
    assert str(opened.incident.finding.operation) == RULES_RUN
    assert "9 days left" in opened.incident.finding.message
    assert second.transitions == ()
    with stage.monitor(held_to=held_to("Runs the rules.")) as monitor:
        _, taken_back = (monitor.run_pass(probes=TAGS) for _ in range(2))
    assert [one.kind for one in taken_back.transitions] == [TransitionKind.RESOLVED]


def test_the_end_of_what_nobody_uses_is_nobodys_business(stage: "Stage") -> None:
    spec = description("It will be permanently removed on December 31, 2026.")
    with stage.monitor(held_to=Promises(lambda version: spec)) as monitor:
        report = monitor.run_pass(probes=TAGS)
    assert [one for one in report.findings if one.rule.name.startswith("deprecation-")] == []


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"deprecated": True}, True),
        ({"description": "Deprecated. Use after instead."}, True),
        ({"description": "This parameter is now deprecated, use after."}, True),
        ({"description": "The page to begin with. The value old is deprecated."}, False),
        ({}, False),
    ],
)
def test_a_deprecated_parameter_that_is_sent_is_one_finding(
    an_exchange: "ExchangeFactory", definition: dict[str, Any], told: bool
) -> None:
    spec = description("", [{"name": "page", "in": "query", "schema": {}, **definition}])
    context = Context(published=Conformance(spec))
    sent = an_exchange("GET /tags", url="https://api.intercom.io/tags?page=1", at=NOW)
    found = [one for one in detect(sent, context) if one.rule.name == "deprecation-announced"]
    assert [one.location for one in found] == (["query:page"] if told else [])
    silent = an_exchange("GET /tags", at=NOW)
    assert not any(one.location == "query:page" for one in detect(silent, context))


def test_a_parameter_that_the_contract_relies_on_is_told_though_no_probe_sends_it(
    an_exchange: "ExchangeFactory",
) -> None:
    contract = embedded_contract("2.15")
    assert contract is not None
    relied = next(
        one
        for one in contract.operations
        if any(parameter.location == "query" for parameter in one.parameters)
    )
    name = next(one.name for one in relied.parameters if one.location == "query")
    path, method = relied.operation.path, relied.operation.method
    published = parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {
                path: {
                    method.lower(): {
                        "parameters": [{"name": name, "in": "query", "deprecated": True}],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        },
        source="described",
    )
    context = Context(published=Conformance(published), relied=Conformance(contract))
    found = detect(an_exchange(str(relied.operation), at=NOW), context)
    assert f"query:{name}" in {one.location for one in found}


NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
