"""The sandbox behaves as Intercom is known to: pages, search, tokens, versions, limits, headers."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.spec import read_spec
from sandbox.clock import VirtualClock
from sandbox.intercom import Sandbox
from tests.sandbox.asked import PATIENCE, ask, code_of

# Pages


@pytest.mark.parametrize(
    ("path", "key", "total"),
    [("/contacts", "data", 44), ("/conversations", "conversations", 32)],
)
def test_a_cursor_leads_through_every_item_once(
    sandbox: Sandbox, path: str, key: str, total: int
) -> None:
    seen: list[str] = []
    query, page = "", 1
    while True:
        document = ask(sandbox, f"GET {path}?per_page=20{query}").json()
        assert document["total_count"] == total
        assert document["pages"]["page"] == page
        assert document["pages"]["total_pages"] == -(-total // 20)
        seen += [one["id"] for one in document[key]]
        following = document["pages"].get("next")
        if following is None:
            break
        query, page = f"&starting_after={following['starting_after']}", page + 1
    assert len(seen) == len(set(seen)) == total


def test_a_cursor_survives_the_deletion_of_its_item(sandbox: Sandbox) -> None:
    first = ask(sandbox, "GET /contacts?per_page=5").json()
    cursor = first["pages"]["next"]["starting_after"]
    ask(sandbox, f"DELETE /contacts/{first['data'][-1]['id']}")
    second = ask(sandbox, f"GET /contacts?per_page=5&starting_after={cursor}").json()
    assert not {one["id"] for one in second["data"]} & {one["id"] for one in first["data"]}


def test_articles_say_the_next_page_as_a_url_that_works(sandbox: Sandbox) -> None:
    first = ask(sandbox, "GET /articles?per_page=20").json()
    following = first["pages"]["next"]
    assert following.startswith(f"{sandbox.url}/articles?")
    second = ask(sandbox, "GET " + following.removeprefix(sandbox.url)).json()
    assert second["pages"]["page"] == 2
    assert len(first["data"]) + len(second["data"]) == first["total_count"]
    assert second["pages"].get("next") is None


@pytest.mark.parametrize(
    "query",
    ["per_page=0", "per_page=151", "per_page=many", "starting_after=?", "starting_after=e30="],
)
def test_a_page_that_cannot_be_is_refused(sandbox: Sandbox, query: str) -> None:
    assert code_of(ask(sandbox, f"GET /contacts?{query}")) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    "what",
    [
        "GET /contacts",
        "GET /companies",
        "GET /conversations",
        "GET /articles",
        "GET /help_center/collections",
        "POST /companies/list",
    ],
)
def test_there_are_two_pages_of_everything_at_twenty_a_page(sandbox: Sandbox, what: str) -> None:
    assert ask(sandbox, f"{what}?per_page=20").json()["pages"]["total_pages"] >= 2


def test_there_is_one_scroll_at_a_time(shared_dir: Path) -> None:
    spec = read_spec(shared_dir / "intercom-openapi" / "2.15.yaml")
    clock = VirtualClock()
    with Sandbox(spec, clock=clock, latency=False) as sandbox:
        first = ask(sandbox, "GET /companies/scroll").json()
        assert len(first["data"]) == 24
        assert code_of(ask(sandbox, "GET /companies/scroll")) == (400, "scroll_exists")
        more = f"GET /companies/scroll?scroll_param={first['scroll_param']}"
        assert ask(sandbox, more).json()["data"] == []
        assert ask(sandbox, more).status_code == 404
        assert ask(sandbox, "GET /companies/scroll").status_code == 200
        clock.sleep(61)
        assert ask(sandbox, "GET /companies/scroll").status_code == 200


# Search


def found(sandbox: Sandbox, field: str, operator: str, value: Any) -> list[dict[str, Any]]:
    query = {"field": field, "operator": operator, "value": value}
    body = {"query": query, "pagination": {"per_page": 150}}
    items: list[dict[str, Any]] = ask(sandbox, "POST /contacts/search", body).json()["data"]
    return items


@pytest.mark.parametrize(
    ("field", "operator", "value", "holds"),
    [
        ("role", "=", "lead", lambda one: one["role"] == "lead"),
        ("role", "!=", "lead", lambda one: one["role"] != "lead"),
        ("role", "IN", ["lead", "none"], lambda one: one["role"] == "lead"),
        ("role", "NIN", ["lead", "none"], lambda one: one["role"] != "lead"),
        ("custom_attributes.seats", ">", 30, lambda one: one["custom_attributes"]["seats"] > 30),
        ("custom_attributes.seats", "<", 30, lambda one: one["custom_attributes"]["seats"] < 30),
        ("custom_attributes.seats", ">=", 30, lambda one: one["custom_attributes"]["seats"] >= 30),
        ("custom_attributes.seats", "<=", 30, lambda one: one["custom_attributes"]["seats"] <= 30),
        ("name", "~", "an", lambda one: "an" in one["name"].lower()),
        ("name", "!~", "an", lambda one: "an" not in one["name"].lower()),
        ("name", "^", "ada", lambda one: one["name"].lower().startswith("ada")),
        ("email", "$", "0@example.com", lambda one: one["email"].endswith("0@example.com")),
        ("location.city", "=", "Tokyo", lambda one: one["location"]["city"] == "Tokyo"),
        ("external_id", "=", None, lambda one: one["external_id"] is None),
    ],
)
def test_each_operator_finds_what_it_says_and_nothing_else(
    sandbox: Sandbox, field: str, operator: str, value: Any, holds: Any
) -> None:
    everyone = ask(sandbox, "GET /contacts?per_page=150").json()["data"]
    wanted = {one["id"] for one in everyone if holds(one)}
    assert 0 < len(wanted) < len(everyone)
    assert {one["id"] for one in found(sandbox, field, operator, value)} == wanted


def test_contacts_compare_dates_by_calendar_day(sandbox: Sandbox) -> None:
    contact = sandbox.store().all("contact")[10]
    created = contact.fields["created_at"]
    midnight = created - created % 86_400
    assert contact.id in {one["id"] for one in found(sandbox, "created_at", "=", midnight)}
    assert contact.id not in {one["id"] for one in found(sandbox, "created_at", ">", midnight)}


def test_a_tag_finds_its_contacts(sandbox: Sandbox) -> None:
    contact = sandbox.store().all("contact")[0]
    tag = contact.fields["tag_ids"][0]
    assert contact.id in {one["id"] for one in found(sandbox, "tag_id", "=", tag)}
    conversation = sandbox.store().all("conversation")[0]
    query = {
        "field": "contact_ids",
        "operator": "=",
        "value": conversation.fields["contact_ids"][0],
    }
    answer = ask(sandbox, "POST /conversations/search", {"query": query}).json()
    assert conversation.id in {one["id"] for one in answer["conversations"]}


def nested(levels: int) -> dict[str, Any]:
    query: dict[str, Any] = {"field": "role", "operator": "=", "value": "user"}
    for _ in range(levels):
        query = {"operator": "AND", "value": [query]}
    return query


@pytest.mark.parametrize(
    "query",
    [
        None,
        [],
        {},
        {"field": "role", "operator": "==", "value": "user"},
        {"field": "role", "operator": "="},
        {"field": "shoe_size", "operator": "=", "value": 1},
        {"field": "role", "operator": "IN", "value": "user"},
        {"field": "created_at", "operator": ">=", "value": 1},
        {"operator": "AND", "value": []},
        {"operator": "AND", "value": "role"},
        {"operator": "OR", "value": [nested(0)] * 16},
        nested(3),
    ],
)
def test_a_query_that_is_none_is_refused(sandbox: Sandbox, query: Any) -> None:
    answer = ask(sandbox, "POST /contacts/search", {"query": query})
    assert answer.status_code == 400
    assert answer.json()["type"] == "error.list"


def test_two_levels_and_fifteen_filters_are_allowed(sandbox: Sandbox) -> None:
    query = {"operator": "OR", "value": [nested(1)] * 15}
    assert ask(sandbox, "POST /contacts/search", {"query": query}).status_code == 200


# What is written


def test_bodies_that_are_no_json_object_are_refused(sandbox: Sandbox) -> None:
    for body in (b"{", b"[1]", b'"text"', b"\xff"):
        answer = requests.post(
            f"{sandbox.url}/contacts",
            data=body,
            headers={"Authorization": f"Bearer {sandbox.token}"},
            timeout=PATIENCE,
        )
        assert code_of(answer) == (400, "parameter_invalid")


def test_a_second_contact_with_the_same_external_id_is_a_conflict(sandbox: Sandbox) -> None:
    first = ask(sandbox, "POST /contacts", {"external_id": "twice"})
    assert first.status_code == 200
    assert "recent_write=" in first.headers["set-cookie"]
    assert code_of(ask(sandbox, "POST /contacts", {"external_id": "twice"})) == (409, "conflict")


def test_a_conversation_is_replied_to_assigned_and_closed(sandbox: Sandbox) -> None:
    store = sandbox.store()
    admin, contact = store.all("admin")[1].id, store.all("contact")[0].id
    begun = ask(
        sandbox, "POST /conversations", {"from": {"type": "user", "id": contact}, "body": "Hello"}
    ).json()
    path = f"/conversations/{begun['conversation_id']}"
    reply = {"message_type": "comment", "type": "admin", "admin_id": admin, "body": "Yes?"}
    assert ask(sandbox, f"POST {path}/reply", reply).status_code == 200
    part = {"type": "admin", "admin_id": admin}
    assign = {**part, "message_type": "assignment", "assignee_id": admin}
    assert ask(sandbox, f"POST {path}/parts", assign).status_code == 200
    assert ask(sandbox, f"POST {path}/parts", {**part, "message_type": "close"}).status_code == 200
    shown = ask(sandbox, f"GET {path}").json()
    assert (shown["state"], str(shown["admin_assignee_id"])) == ("closed", admin)
    parts = shown["conversation_parts"]["conversation_parts"]
    assert [one["part_type"] for one in parts] == ["comment", "assignment", "close"]
    assert ask(sandbox, f"POST {path}/reply", {"body": "x"}).status_code == 400


def test_a_list_of_conversations_never_holds_their_parts(sandbox: Sandbox) -> None:
    listed = ask(sandbox, "GET /conversations").json()["conversations"]
    assert all("conversation_parts" not in one for one in listed)


def test_a_ticket_is_made_found_changed_and_read(sandbox: Sandbox) -> None:
    store = sandbox.store()
    body = {
        "ticket_type_id": store.all("ticket_type")[0].id,
        "contacts": [{"id": store.all("contact")[0].id}],
        "ticket_attributes": {"_default_title_": "Broken"},
    }
    ticket = ask(sandbox, "POST /tickets", body).json()
    changed = ask(sandbox, f"PUT /tickets/{ticket['id']}", {"open": False}).json()
    assert changed["open"] is False
    query = {"field": "open", "operator": "=", "value": False}
    page = {"per_page": 150}
    found = ask(sandbox, "POST /tickets/search", {"query": query, "pagination": page}).json()
    assert ticket["id"] in {one["id"] for one in found["tickets"]}
    assert code_of(ask(sandbox, "GET /tickets/1")) == (404, "ticket_not_found")


def test_merging_moves_what_hung_on_the_lead(sandbox: Sandbox) -> None:
    store = sandbox.store()
    lead, user = next(store.where("contact", role="lead")), store.all("contact")[0]
    tags = set(lead.fields["tag_ids"])
    merged = ask(sandbox, "POST /contacts/merge", {"from": lead.id, "into": user.id})
    assert merged.json()["id"] == user.id
    assert tags <= set(user.fields["tag_ids"])
    assert ask(sandbox, f"GET /contacts/{lead.id}").status_code == 404


# Limits, time and headers


def test_a_window_of_ten_seconds_allows_so_many_calls_per_app() -> None:
    clock = VirtualClock()
    with Sandbox(clock=clock, latency=False, rate_limit=3) as sandbox:
        sandbox.add_token("other", app_id="sbx2other")
        left = [ask(sandbox, "GET /me").headers["x-ratelimit-remaining"] for _ in range(3)]
        assert left == ["3", "2", "1"]  # the first of a window has not been counted yet
        refused = ask(sandbox, "GET /me")
        assert code_of(refused) == (429, "rate_limit_exceeded")
        message = refused.json()["errors"][0]["message"]
        assert message == "Exceeded rate limit of 3 in 10_seconds"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert "retry-after" not in refused.headers
        assert ask(sandbox, "GET /me", token="other").status_code == 200
        reset = int(refused.headers["x-ratelimit-reset"])
        assert reset % 10 == 0
        clock.sleep(reset - clock.now().timestamp())
        assert ask(sandbox, "GET /me").headers["x-ratelimit-remaining"] == "3"


def test_headers_are_those_that_were_recorded(sandbox: Sandbox) -> None:
    headers = ask(sandbox, "GET /tags").headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["status"] == "200 OK"
    assert re.fullmatch(r"[0-9a-v]{20}", headers["x-request-id"])
    assert re.fullmatch(r"[0-9a-f]{40}", headers["x-intercom-version"])
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', headers["etag"])
    assert headers["cache-control"] == "max-age=0, private, must-revalidate"
    assert headers["server"] == "nginx"
    assert float(headers["x-runtime"]) > 0
    assert headers["x-request-queueing"].isdigit()
    assert "deprecation" not in headers
    assert "set-cookie" not in headers


def test_the_same_seed_gives_the_same_intercom_and_another_seed_another() -> None:
    bodies = []
    for seed in (7, 7, 8):
        with Sandbox(seed=seed) as sandbox:
            answers = [ask(sandbox, f"GET {path}") for path in ("/contacts", "/conversations")]
            bodies.append([(one.content, one.headers["x-runtime"]) for one in answers])
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_latency_is_log_normal_around_what_was_recorded() -> None:
    clock = VirtualClock()
    with Sandbox(clock=clock) as sandbox, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.token}"
        runtimes = sorted(
            float(session.get(f"{sandbox.url}/teams", timeout=PATIENCE).headers["x-runtime"])
            for _ in range(200)
        )
    assert runtimes[100] == pytest.approx(0.150, rel=0.1)
    assert runtimes[10] > 0.09
    assert runtimes[189] < 0.25
    assert clock.monotonic() == pytest.approx(sum(runtimes), rel=1e-3)
