"""One pass end to end, over the sandbox and the Slack stand-in, on one virtual clock."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from contracts.errors import HistoryError
from contracts.overlays import embedded_contract
from contracts.rules import Severity
from monitors.alerting.outbox import Channel, DeliveryReport
from monitors.probe_files import load_probes
from monitors.promises import Promises
from monitors.records import NoticeStatus, Outcome, Phase, TransitionKind
from sandbox.intercom import Condition, Fault

PROBES = load_probes()
BETWEEN = timedelta(minutes=5)
REVOKED = Fault(name="revoked-token")


if TYPE_CHECKING:
    from tests.monitors.conftest import Stage


def test_a_healthy_workspace_is_27_healthy_probes_and_no_word(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        for report in stage.passes(monitor, 3):
            outcomes = [one.outcome for one in report.record.measurements]
            assert outcomes == [Outcome.HEALTHY] * 27
            assert (report.record.findings, report.transitions, report.incidents) == ((), (), ())
    assert stage.messages() == []
    # Once a day one more, to hear which version answers who asks for none.
    assert sorted(one.requests for one in stage.history.passes()) == [27, 27, 28]


def test_a_revoked_token_is_one_incident_and_one_message_resolved_in_place(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(REVOKED)
        (opened, again) = stage.passes(monitor, 2)
        (message,) = stage.messages()
        assert "revoked" in message.text
        stage.intercom.faults.clear()
        (healing, healed) = stage.passes(monitor, 2)

    assert [one.kind for one in opened.transitions] == [TransitionKind.OPENED]
    assert [one.finding.rule.name for one in opened.incidents] == ["auth-token-revoked"]
    assert again.transitions == healing.transitions == ()
    assert [one.kind for one in healed.transitions] == [TransitionKind.RESOLVED]
    (after,) = stage.messages()
    assert (after.ts, after.text == message.text) == (message.ts, False)
    assert "RESOLVED" in after.text
    assert opened.record.requests <= 5  # two refusals, what confirms them, and no more
    why = {one.why for one in opened.record.measurements if one.outcome is Outcome.NOT_MEASURED}
    assert why == {"the token is refused, also by GET /me"}


def test_what_the_diagnosis_named_is_accepted_by_that_name(stage: "Stage") -> None:
    ledger: dict[str, str] = {}
    held_to = Promises(lambda version: None, accepted=lambda: ledger)
    with stage.monitor(held_to=held_to) as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(Fault(name="refused-token"))
        (opened,) = stage.passes(monitor, 1)
        (incident,) = opened.incidents
        assert incident.finding.rule.name == "auth-token-refused", "each answer says less"
        ledger.update(dict.fromkeys(incident.causes, "known"))
        (over, after) = stage.passes(monitor, 2)
    assert [one.kind for one in over.transitions] == [TransitionKind.RESOLVED]
    assert (over.incidents, after.transitions) == ((), ())


def test_a_blip_is_nobodys_business(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(Fault(name="503", operation="GET /tags", when=Condition(times=1)))
        (blip, after) = stage.passes(monitor, 2)
    assert {str(one.operation) for one in blip.record.measurements if one.status == 503} == {
        "GET /tags"
    }
    assert blip.transitions == after.transitions == ()
    assert [(one.rule.name, one.severity) for one in blip.findings if one.operation] == [
        ("server-error", Severity.INFO)
    ]
    assert blip.blips == {one.fingerprint for one in blip.findings}
    assert stage.messages() == []
    assert [one.phase for one in stage.history.incidents()] == [Phase.PENDING]


def test_blips_that_keep_coming_back_are_trouble_of_full_severity(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        reports = []
        for _ in range(4):
            stage.intercom.faults.replace(
                [Fault(name="503", operation="GET /tags", when=Condition(times=1))]
            )
            reports += stage.passes(monitor, 1)
    severities = [one.severity for report in reports for one in report.findings if one.operation]
    assert severities == [Severity.INFO] * 2 + [Severity.CRITICAL] * 2
    assert [len(report.incidents) for report in reports] == [0, 0, 1, 1]


def test_a_failure_that_lasts_is_told_after_three_passes(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(Fault(name="500", operation="GET /tags"))
        kinds = [[one.kind for one in r.transitions] for r in stage.passes(monitor, 4)]
    assert kinds == [[], [], [TransitionKind.OPENED], []]
    assert len(stage.messages()) == 1


def test_a_rate_limit_hides_an_operations_trouble_and_is_never_taken_for_its_end(
    stage: "Stage",
) -> None:
    broken, limited = Fault(name="500", operation="GET /tags"), Fault(name="429")
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(broken)
        stage.passes(monitor, 3)
        stage.intercom.faults.replace([limited, broken])
        stage.passes(monitor, 4)
        told = [(one.incident.finding.rule.name, one.kind) for one in stage.history.transitions()]
        assert told == [
            ("server-error", TransitionKind.OPENED),
            ("rate-limit-exceeded", TransitionKind.OPENED),
            ("server-error", TransitionKind.BLIND),
        ]
        stage.intercom.faults.replace([broken])
        stage.passes(monitor, 3)
    kinds = [(one.incident.finding.rule.name, one.kind) for one in stage.history.transitions()]
    assert kinds[3:] == [
        ("server-error", TransitionKind.MEASURED),
        ("rate-limit-exceeded", TransitionKind.RESOLVED),
    ]
    still, _ = stage.messages()
    assert "NOT MEASURED" not in still.text
    assert "Measured again, still there" in still.replies[-1].text


def test_a_field_that_consumers_read_is_missed_at_once_and_found_again(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        removed = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        stage.intercom.faults.add(removed)
        (missed,) = stage.passes(monitor, 1)
        stage.intercom.faults.clear()
        (_, found) = stage.passes(monitor, 2)
    (incident,) = missed.incidents
    assert (incident.finding.rule.name, incident.finding.location) == (
        "schema-required",
        "/data/*/email",
    )
    assert "crm-sync" in incident.finding.consumers
    assert [one.kind for one in found.transitions] == [TransitionKind.RESOLVED]
    assert len(stage.messages()) == 1


def test_what_one_object_lacks_is_not_over_with_a_page_that_has_none_such(stage: "Stage") -> None:
    one_lacks_it = Fault(
        name="field-removed",
        operation="GET /contacts",
        pointer="/data/*/email",
        when=Condition(index=0),
    )
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        for _ in range(2):
            stage.intercom.faults.add(one_lacks_it)
            stage.passes(monitor, 1)
            stage.intercom.faults.clear()
            stage.passes(monitor, 3)
        stage.clock.advance(timedelta(days=1))
        (over, after) = stage.passes(monitor, 2)
    kinds = [one.kind for one in stage.history.transitions()]
    assert kinds == [TransitionKind.OPENED, TransitionKind.RESOLVED]
    assert (len(stage.messages()), after.transitions) == (1, ())
    assert [one.kind for one in over.transitions] == [TransitionKind.RESOLVED]


def test_an_answer_that_cannot_show_a_field_does_not_heal_it(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        removed = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        stage.intercom.faults.add(removed)
        stage.passes(monitor, 1)
        stage.intercom.faults.replace([Fault(name="503", operation="GET /contacts")])
        reports = stage.passes(monitor, 2)
    assert all(
        "/data/*/email" in [one.finding.location for one in report.incidents] for report in reports
    )


def test_what_was_so_at_first_sight_and_hurts_nobody_is_known_from_then_on(stage: "Stage") -> None:
    odd = Fault(name="field-retyped", operation="GET /teams", pointer="/type", value="integer")
    odder = Fault(name="field-retyped", operation="GET /tags", pointer="/type", value="integer")
    stage.intercom.faults.add(odd)
    with stage.monitor() as monitor:
        (first, second) = stage.passes(monitor, 2)
        stage.intercom.faults.add(odder)
        (third,) = stage.passes(monitor, 1)
    assert first.transitions == second.transitions == ()
    for report in (first, second):
        assert [(str(one.operation), one.location) for one in report.findings] == [
            ("GET /teams", "/type")
        ]
        assert report.record.findings == ()  # the census keeps it, not every pass
    assert [str(one.finding.operation) for one in third.incidents] == ["GET /tags"]


def test_a_description_that_was_not_there_before_is_another_first_sight(stage: "Stage") -> None:
    odd = Fault(name="field-retyped", operation="GET /teams", pointer="/type", value="integer")
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(odd)
        published = embedded_contract("2.14")
        monitor._promises = Promises(lambda version: published)
        (report,) = stage.passes(monitor, 1)
    assert report.transitions == ()
    assert report.findings != ()


def test_two_workspaces_with_a_dead_token_each_are_two_incidents_one_drift_is_one(
    stage: "Stage",
) -> None:
    stage.intercom.add_token("second-token-of-bravo", app_id="sbx2other")
    workspaces = (stage.workspace(), stage.workspace("bravo", token="second-token-of-bravo"))
    with stage.monitor(*workspaces) as monitor:
        (first,) = stage.passes(monitor, 1)
        assert {one.workspace for one in first.record.measurements} == {"acme", "bravo"}
        removed = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        stage.intercom.faults.replace([removed])
        (drift,) = stage.passes(monitor, 1)
        stage.intercom.faults.clear()
        stage.passes(monitor, 2)
        stage.intercom.faults.replace([REVOKED])
        (dead,) = stage.passes(monitor, 1)

    (incident,) = drift.incidents
    assert incident.workspaces == ("acme", "bravo")
    assert [one.workspaces for one in dead.incidents] == [("acme",), ("bravo",)]
    assert len(stage.messages()) == 3


def test_an_incident_of_the_api_lasts_until_the_last_workspace_is_well(stage: "Stage") -> None:
    stage.intercom.add_token("second-token-of-bravo", app_id="sbx2other")
    workspaces = (stage.workspace(), stage.workspace("bravo", token="second-token-of-bravo"))
    with stage.monitor(*workspaces) as monitor:
        stage.passes(monitor, 1)
        removed = Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email")
        stage.intercom.faults.replace([removed])
        stage.passes(monitor, 1)
        stage.intercom.faults.clear()
        for _ in range(4):  # the schedule asks one workspace at a time
            report = monitor.run_pass(["acme"])
            assert len(report.incidents) == 1
        assert monitor.run_pass(["bravo"]).transitions == ()  # once is not enough
        report = monitor.run_pass(["bravo"])
    assert [one.kind for one in report.transitions] == [TransitionKind.RESOLVED]
    assert stage.history.documents("afflicted") == {}


class Killed(BaseException):
    """The process ends here."""


class Dying(Channel):
    """A channel in whose hands the process dies: before sending, or after."""

    def __init__(self, channel: Channel | None = None) -> None:
        self._channel = channel

    def send(self, queued: object) -> object:  # type: ignore[override]
        if self._channel is not None:
            self._channel.send(queued)  # type: ignore[arg-type]
        raise Killed


@pytest.mark.parametrize("was_sent", [False, True])
def test_a_message_survives_a_kill_and_is_told_exactly_once(stage: "Stage", was_sent: bool) -> None:
    stage.intercom.faults.add(REVOKED)
    ((name, bot),) = stage.channels().items()
    with (
        stage.monitor(channels={name: Dying(bot if was_sent else None)}) as monitor,
        pytest.raises(Killed),
    ):
        monitor.run_pass()
    assert len(stage.history.notices(NoticeStatus.PENDING)) == 1

    with stage.monitor() as monitor:
        (report,) = stage.passes(monitor, 1)
    assert report.delivery == DeliveryReport(delivered=1)
    assert len(stage.messages()) == 1


def test_what_cannot_be_recorded_is_not_told_either_and_not_lost(stage: "Stage") -> None:
    stage.intercom.faults.add(REVOKED)
    with stage.monitor() as monitor:
        trouble = HistoryError("the disk is full")
        with (
            patch.object(stage.history, "record", side_effect=trouble),
            pytest.raises(HistoryError),
        ):
            monitor.run_pass()
        assert stage.messages() == []
        stage.passes(monitor, 1)
    assert len(stage.messages()) == 1


def test_a_feature_outside_the_plan_does_not_apply_until_it_has_worked(stage: "Stage") -> None:
    stage.intercom.add_token("token-without-plan", plan="essential", app_id="sbx3small")
    with stage.monitor(stage.workspace(token="token-without-plan")) as monitor:
        reports = stage.passes(monitor, 2)
    for report in reports:
        outcomes = {str(one.operation): one.outcome for one in report.record.measurements}
        assert outcomes["GET /articles"] is Outcome.NOT_APPLICABLE
        assert report.transitions == ()

    with stage.monitor(stage.workspace("bravo")) as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.add(Fault(name="plan-restriction", operation="GET /articles"))
        (lost,) = stage.passes(monitor, 1)
    outcomes = {str(one.operation): one.outcome for one in lost.record.measurements}
    assert outcomes["GET /articles"] is Outcome.FAILED
    assert [one.finding.rule.name for one in lost.incidents] == ["auth-plan-restricted"]


def test_a_slow_operation_is_told_and_forgiven(stage: "Stage") -> None:
    with stage.monitor() as monitor:
        stage.passes(monitor, 8)
        stage.intercom.faults.add(Fault(name="slow", operation="GET /tags", milliseconds=700))
        slow = stage.passes(monitor, 5)
        stage.intercom.faults.clear()
        healed = stage.passes(monitor, 8)
    assert [one.finding.rule.name for one in slow[-1].incidents] == ["latency-regression"]
    told = [one.kind for report in healed for one in report.transitions]
    assert told == [TransitionKind.RESOLVED]


def test_nothing_in_the_history_gives_away_a_token_or_a_customer(
    stage: "Stage", tmp_path: Path
) -> None:
    contact = stage.intercom.store().all("contact")[0]
    stage.intercom.store().change(contact, name="Canary of Customers", email="canary@example.com")
    with stage.monitor() as monitor:
        stage.passes(monitor, 1)
        stage.intercom.faults.replace(
            [
                Fault(
                    name="field-retyped",
                    operation="GET /contacts",
                    pointer="/data/*/email",
                    value="integer",
                ),
                Fault(name="422", operation="POST /contacts/search"),
                Fault(name="503", operation="GET /contacts/{}"),
            ]
        )
        stage.passes(monitor, 3)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    posted = str([(one.text, one.attachments) for one in stage.messages()])
    assert len(stage.messages()) >= 1
    for canary in (stage.intercom.token, stage.slack.token, "Canary", "canary@"):
        assert canary.encode() not in kept
        assert canary not in posted
