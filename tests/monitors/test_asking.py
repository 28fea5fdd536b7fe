"""Asking one workspace, against the sandbox: identifiers, the reserve, and when to stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from contracts.allowlist import is_allowed
from contracts.client import IntercomClient
from contracts.workspaces import Secret, Workspace
from monitors.asking import Asker, Visit
from monitors.probe_files import load_probes
from sandbox.clock import VirtualClock
from sandbox.intercom import Condition, Fault, Sandbox

PROBES = load_probes()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def sandbox(clock: VirtualClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock, latency=False) as sandbox:
        yield sandbox


@contextmanager
def asker(sandbox: Sandbox, clock: VirtualClock, **settings: object) -> Iterator[Asker]:
    workspace = Workspace(name="acme", token=Secret(sandbox.token), base_url=sandbox.url)
    with IntercomClient(workspace, clock=clock, read_timeout=timedelta(seconds=10)) as client:
        yield Asker(
            sender=client,
            known={probe.identity: probe for probe in PROBES},
            clock=clock,
            **settings,  # type: ignore[arg-type]
        )


def statuses(visits: list[Visit]) -> dict[str, int | None]:
    return {
        visit.probe.identity: visit.exchange.response.status
        for visit in visits
        if visit.exchange and visit.exchange.response
    }


def whys(visits: list[Visit]) -> set[str]:
    return {visit.why for visit in visits if visit.exchange is None}


def test_a_pass_over_a_healthy_workspace_is_one_request_a_probe(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    assert set(statuses(visits).values()) == {200}
    assert len(visits) == it.requests == len(sandbox.requests) == 27
    assert set(it.pins) == {"admin_id", "contact_id", "company_id", "conversation_id"}


def test_the_same_objects_are_read_in_the_next_pass(sandbox: Sandbox, clock: VirtualClock) -> None:
    with asker(sandbox, clock) as it:
        it.visit_all(PROBES)
    pins = dict(it.pins)
    last = sandbox.store().all("contact")[-1].id
    with asker(sandbox, clock, pins={**pins, "contact_id": last}) as it:
        visits = it.visit_all(PROBES)
    assert it.pins["contact_id"] == last
    assert set(statuses(visits).values()) == {200}
    assert f"/contacts/{last}/tags" in {seen.path for seen in sandbox.requests}


def test_another_object_is_read_when_the_pinned_one_is_gone(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    with asker(sandbox, clock, pins={"contact_id": "0123456789abcdef01234567"}) as it:
        visits = it.visit_all(PROBES)
    assert set(statuses(visits).values()) == {200}
    assert (it.requests, len(it.sent)) == (28, 27)  # less the one that found it gone


@pytest.mark.parametrize("odd", ["search", "../me", "a/b", "", "?x=1", "scroll"])
def test_an_identifier_that_would_be_another_operation_is_never_sent(
    sandbox: Sandbox, clock: VirtualClock, odd: str
) -> None:
    with asker(sandbox, clock, pins={"contact_id": odd, "company_id": odd}) as it:
        visits = it.visit_all(PROBES)
    assert len(visits) == 27  # and nothing was raised
    for seen in sandbox.requests:
        assert is_allowed(seen.method, seen.path)
        assert seen.path != "/companies/scroll"


def test_an_operation_that_is_gone_is_not_taken_for_an_object_that_is(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="endpoint-gone", operation="GET /contacts/{}", status=404))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    answered = statuses(visits)
    assert answered["GET /contacts/{}"] == 404
    assert answered["GET /contacts/{}/tags"] == 200
    assert it.requests == 27


def test_what_nothing_is_listed_of_is_not_measured(sandbox: Sandbox, clock: VirtualClock) -> None:
    store = sandbox.store()
    for conversation in store.all("conversation"):
        store.remove(conversation)
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    assert whys(visits) == {"GET /conversations names nothing to read"}
    assert len(statuses(visits)) == 26


def test_a_list_that_is_refused_is_not_taken_for_an_empty_one(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="missing-scope", operation="GET /conversations", status=403))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    assert whys(visits) == {
        "GET /conversations, which says what there is to read, answered with 403"
    }


def test_a_dead_token_is_refused_twice_and_then_left_alone(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="revoked-token"))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    assert statuses(visits) == {"GET /me": 401, "GET /admins": 401}
    assert whys(visits) == {"the token is refused, also by GET /me"}


def test_a_missing_scope_costs_its_operations_and_no_others(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="missing-scope", operation="GET /conversations"))
    with asker(sandbox, clock, pins={"conversation_id": "1"}) as it:
        visits = it.visit_all([probe for probe in PROBES if probe.identity != "GET /me"])
    answered = statuses(visits)
    assert [identity for identity, status in answered.items() if status == 401] == [
        "GET /conversations"
    ]
    assert [str(exchange.operation) for exchange in it.sent].count("GET /me") == 1


def test_a_429_ends_the_pass_and_the_next_one_until_the_window_is_over(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="429", operation="GET /tags"))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
        sent = len(sandbox.requests)
        assert it.again(PROBES[0].operation) is None
    assert list(statuses(visits).values())[-1] == 429
    assert {why.partition(" until")[0] for why in whys(visits)} == {"the rate limit is used up"}

    with asker(sandbox, clock, paused_until=it.paused_until) as it:
        assert statuses(it.visit_all(PROBES)) == {}
        assert len(sandbox.requests) == sent
    sandbox.faults.clear()
    clock.advance(timedelta(seconds=17))
    with asker(sandbox, clock, paused_until=it.paused_until) as it:
        assert len(statuses(it.visit_all(PROBES))) == 27


def test_half_of_the_rate_limit_is_left_to_the_application(clock: VirtualClock) -> None:
    with Sandbox(clock=clock, latency=False, rate_limit=30) as sandbox:
        start = clock.now()
        with asker(sandbox, clock) as it:
            visits = it.visit_all(PROBES)
    answered = statuses(visits)
    assert set(answered.values()) == {200}
    assert timedelta(0) < clock.now() - start <= timedelta(seconds=16)  # it waited once


def test_a_workspace_that_does_not_answer_costs_four_requests(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    sandbox.faults.add(Fault(name="connection-reset"))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    assert it.requests == 4
    assert whys(visits) == {"3 requests in a row and then GET /me had no answer"}


def test_operations_that_do_not_answer_do_not_hide_the_others(
    sandbox: Sandbox, clock: VirtualClock
) -> None:
    for operation in ("GET /contacts", "POST /contacts/search", "GET /companies"):
        sandbox.faults.add(Fault(name="connection-reset", operation=operation))
    with asker(sandbox, clock) as it:
        visits = it.visit_all(PROBES)
    failed = [visit for visit in visits if visit.exchange and visit.exchange.failure]
    assert len(failed) == 3
    assert len(statuses(visits)) >= 18  # less what could not be read for want of a contact


def test_what_is_asked_again_is_asked_like_its_probe(sandbox: Sandbox, clock: VirtualClock) -> None:
    fault = Fault(name="503", operation="GET /contacts/{}", when=Condition(times=1))
    with asker(sandbox, clock) as it:
        it.visit_all(PROBES[:4])
        sandbox.faults.add(fault)
        contact = next(probe for probe in PROBES if probe.identity == "GET /contacts/{}")
        first, second = it.again(contact.operation), it.again(contact.operation)
    assert [one.response.status for one in (first, second) if one and one.response] == [503, 200]
