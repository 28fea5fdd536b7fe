"""Alertmanager, PagerDuty, webhook and stdout, each against a server on loopback."""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path_

from contracts.errors import NotificationError
from contracts.rules import Severity
from contracts.workspaces import Secret
from monitors.alerting.notifiers.alertmanager import Alertmanager
from monitors.alerting.notifiers.pagerduty import PagerDuty
from monitors.alerting.notifiers.stdout import Stdout
from monitors.alerting.notifiers.webhook import Webhook
from monitors.alerting.outbox import Channel
from monitors.alerting.routes import Route
from monitors.alerting.sustaining import sustain
from monitors.alerting.telling import Announcer, eventful, stateful
from monitors.history import History
from monitors.records import Transition, TransitionKind
from sandbox.clock import VirtualClock
from sandbox.serving import Server
from tests.monitors.alerting.queueing import MakeQueued, MakeTransition, queueing


@dataclass
class Receiver:
    """A server that takes anything and answers what it is told to."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        said = await request.body()
        self.requests.append((request.url.path, dict(request.headers), said))
        return self.answers.pop(0) if self.answers else Response(status_code=202)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.requests]


@pytest.fixture(scope="module")
def shared_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    routes = [Path_("/{path:path}", receiver.take, methods=["GET", "POST"])]
    with Server(Starlette(routes=routes)) as server:
        receiver.url = server.url
        yield receiver


@pytest.fixture
def receiver(shared_receiver: Receiver) -> Receiver:
    shared_receiver.answers.clear()
    shared_receiver.requests.clear()
    return shared_receiver


@pytest.fixture
def queued(transition: MakeTransition) -> MakeQueued:
    return queueing(transition)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def test_alertmanager_gets_an_alert_that_ends_when_the_incident_does(
    receiver: Receiver, clock: VirtualClock, queued: MakeQueued
) -> None:
    manager = Alertmanager("am", f"{receiver.url}/", clock=clock, labels={"team": "crm"})
    manager.send(queued(workspaces=("prod", "test")))
    manager.send(queued(TransitionKind.RESOLVED, 2, workspaces=("prod", "test")))
    opened, resolved = receiver.documents
    assert {path for path, _, _ in receiver.requests} == {"/api/v2/alerts"}
    firing = [one for one in opened if at(one["endsAt"]) > clock.now()]
    assert [one["labels"]["workspace"] for one in firing] == ["prod", "test"]
    assert firing[0]["labels"] == {
        "alertname": "schema-required",
        "severity": "critical",
        "workspace": "prod",
        "operation": "GET /contacts/{}",
        "cause": firing[0]["labels"]["cause"],
        "service": "intercom",
        "team": "crm",
    }
    annotations = firing[0]["annotations"]
    assert annotations["summary"].startswith("CRITICAL in Intercom workspaces prod, test: The")
    assert annotations["runbook_url"] == "https://run.example/crm"
    assert firing[0]["generatorURL"] == "https://ci.example/report.html"
    assert all(at(one["endsAt"]) <= clock.now() for one in resolved)
    ended = [one["labels"] for one in resolved]
    assert all(one["labels"] in ended for one in firing), "the same labels are the same alert"


def test_alertmanager_is_told_that_the_lesser_alert_ended_when_it_escalates(
    receiver: Receiver, clock: VirtualClock, queued: MakeQueued
) -> None:
    manager = Alertmanager("am", receiver.url, clock=clock)
    manager.send(queued(severity=Severity.WARNING))
    manager.send(queued(TransitionKind.ESCALATED, 2, severity=Severity.CRITICAL))
    opened, escalated = receiver.documents
    assert [one["labels"]["severity"] for one in opened] == ["warning"]
    stands = {one["labels"]["severity"]: at(one["endsAt"]) > clock.now() for one in escalated}
    assert stands == {"warning": False, "critical": True}


def test_what_stands_open_is_sent_again_until_it_is_over(
    receiver: Receiver, clock: VirtualClock, transition: MakeTransition, tmp_path: Path
) -> None:
    channels: dict[str, Channel] = {"am": Alertmanager("am", receiver.url, clock=clock)}
    announcer = Announcer(
        channels=("am",),
        fallback=Route(to=("am",)),
        eventful=eventful(channels),
        stateful=stateful(channels),
    )
    with History.open(f"sqlite:///{tmp_path / 'h.sqlite'}", clock=clock) as history:

        def take(told: Transition) -> None:
            notices = announcer.announce([told], ledger=history, now=clock.now()).notices
            history.record(None, states=[told.incident], transitions=[told], notices=notices)

        def again() -> int:
            receiver.requests.clear()
            assert sustain(announcer, channels, ledger=history, now=clock.now()) == ()
            return len(receiver.requests)

        assert again() == 0
        take(transition())
        assert (again(), again()) == (1, 0), "every minute is enough"
        clock.advance(timedelta(minutes=2))
        receiver.answers.append(Response(status_code=503))
        assert sustain(announcer, channels, ledger=history, now=clock.now()) == (
            "the notifier am (127.0.0.1) did not take the alert: it answered 503",
        )
        clock.advance(timedelta(minutes=2))
        assert again() == 1
        clock.advance(timedelta(minutes=2))
        take(transition(TransitionKind.RESOLVED, 2))
        assert again() == 0


def test_pagerduty_is_triggered_acknowledged_and_resolved_by_our_incident(
    receiver: Receiver, clock: VirtualClock, queued: MakeQueued
) -> None:
    duty = PagerDuty("pd", Secret("routing-key"), clock=clock, base_url=receiver.url)
    parent = duty.send(queued()).receipt
    duty.send(queued(TransitionKind.ACKNOWLEDGED, 2, parent=parent))
    duty.send(queued(TransitionKind.RESOLVED, 3, parent=parent))
    said = receiver.documents
    assert {path for path, _, _ in receiver.requests} == {"/v2/enqueue"}
    assert [one["event_action"] for one in said] == ["trigger", "acknowledge", "resolve"]
    assert {one["dedup_key"] for one in said} == {"incident-1"}
    assert {one["routing_key"] for one in said} == {"routing-key"}
    payload = said[0]["payload"]
    assert (payload["severity"], payload["source"]) == ("critical", "prod")
    assert payload["class"] == "schema-required"
    assert said[0]["links"] == [{"href": "https://run.example/crm", "text": "Runbook of crm-sync"}]


def test_pagerduty_hears_of_what_it_never_heard_without_being_woken_for_what_is_over(
    receiver: Receiver, clock: VirtualClock, queued: MakeQueued
) -> None:
    duty = PagerDuty("pd", Secret("routing-key"), clock=clock, base_url=receiver.url)
    duty.send(queued(TransitionKind.ACKNOWLEDGED, 2))
    duty.send(queued(TransitionKind.RESOLVED, 2))
    said = receiver.documents
    assert [one["event_action"] for one in said] == ["trigger", "acknowledge", "trigger", "resolve"]
    severities = [one["payload"]["severity"] for one in said if "payload" in one]
    assert severities == ["critical", "info"]


@pytest.mark.parametrize("secret", ["plain words", "whsec_" + base64.b64encode(b"key").decode()])
def test_a_webhook_gets_a_cloud_event_that_is_signed(
    receiver: Receiver, clock: VirtualClock, queued: MakeQueued, secret: str
) -> None:
    hook = Webhook("hook", Secret(f"{receiver.url}/in"), clock=clock, secret=Secret(secret))
    hook.send(queued())
    hook.send(replace(queued(), ambiguous=True))
    (_, headers, body), (_, again, _) = receiver.requests
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert event["specversion"] == "1.0"
    assert (event["type"], event["subject"]) == ("intercheck.incident.opened", "incident-1")
    assert event["data"]["location"] == "/email"
    assert event["data"]["consumers"][0]["owner"] == "revops"
    assert headers["webhook-id"] == event["id"] == again["webhook-id"], "the same news, one id"
    key = b"key" if secret.startswith("whsec_") else secret.encode()
    content = f"{event['id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (429, {"Retry-After": "7"}, {"retry_after": 7.0, "permanent": False}),
        (429, {"Retry-After": "soon"}, {"retry_after": 30.0}),
        (503, {}, {"permanent": False, "ambiguous": True}),
        (404, {}, {"permanent": True, "concerns_message": False}),
        (302, {"Location": "/elsewhere"}, {"permanent": True}),
        (400, {}, {"permanent": True, "concerns_message": True}),
    ],
)
def test_what_an_answer_means_is_said_without_the_address(
    receiver: Receiver,
    clock: VirtualClock,
    queued: MakeQueued,
    status: int,
    headers: dict[str, str],
    outcome: dict[str, object],
) -> None:
    receiver.answers.append(Response(status_code=status, headers=headers))
    hook = Webhook("hook", Secret(f"{receiver.url}/canary-in-the-path"), clock=clock)
    with pytest.raises(NotificationError) as caught:
        hook.send(queued())
    assert {name: getattr(caught.value, name) for name in outcome} == outcome
    assert "canary" not in str(caught.value)
    assert len(receiver.requests) == 1, "a redirect is not followed"


def test_what_cannot_be_reached_did_not_get_it(clock: VirtualClock, queued: MakeQueued) -> None:
    hook = Webhook("hook", Secret("http://127.0.0.1:1/secret"), clock=clock)
    with pytest.raises(NotificationError, match="cannot be reached") as caught:
        hook.send(queued())
    assert not caught.value.ambiguous
    assert not caught.value.permanent


def test_stdout_gets_a_line(clock: VirtualClock, queued: MakeQueued) -> None:
    stream = io.StringIO()
    notifier = Stdout("log", stream, clock=clock)
    notifier.send(queued())
    assert stream.getvalue().endswith(
        "Z CRITICAL in Intercom workspace prod: The field email is gone from GET "
        "/contacts/{contact_id}.\n"
    )
    stream.close()
    with pytest.raises(NotificationError, match="cannot be written"):
        notifier.send(queued())
