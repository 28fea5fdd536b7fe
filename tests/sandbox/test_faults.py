"""Every fault does on the wire what it says, and only where its condition holds."""

import socket
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sandbox.clock import VirtualClock
from sandbox.intercom import Condition, Fault, Sandbox
from tests.sandbox.asked import PATIENCE


def ask(sandbox: Sandbox, path: str = "/tags", **headers: str) -> requests.Response:
    return requests.get(
        sandbox.url + path,
        headers={"Authorization": f"Bearer {sandbox.token}", **headers},
        timeout=PATIENCE,
        allow_redirects=False,
    )


def raw(sandbox: Sandbox, path: str = "/tags") -> socket.socket:
    """Send a request by hand and return the connection."""
    host, port = sandbox.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    request = f"GET {path} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {sandbox.token}\r\n"
    connection.sendall(f"{request}\r\n".encode())
    return connection


def read_to_the_end(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


REFUSALS = [
    (Fault(name="refused-token"), 401, "unauthorized"),
    (Fault(name="revoked-token"), 401, "token_revoked"),
    (Fault(name="expired-token"), 401, "token_expired"),
    (Fault(name="blocked-token"), 401, "token_blocked"),
    (Fault(name="suspended-token"), 401, "token_suspended"),
    (Fault(name="missing-scope"), 401, "token_unauthorized"),
    (Fault(name="missing-scope", status=403), 403, "forbidden"),
    (Fault(name="plan-restriction"), 403, "api_plan_restricted"),
    (Fault(name="wrong-region"), 401, "unauthorized"),
    (Fault(name="endpoint-gone"), 404, "not_found"),
    (Fault(name="endpoint-gone", status=410), 410, "not_found"),
    (Fault(name="endpoint-gone", status=400), 400, "intercom_version_invalid"),
    (Fault(name="422"), 422, "unprocessable_entity"),
    (Fault(name="429"), 429, "rate_limit_exceeded"),
    (Fault(name="500"), 500, "server_error"),
]


@pytest.mark.parametrize(("fault", "status", "code"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_refusal_is_an_error_list(sandbox: Sandbox, fault: Fault, status: int, code: str) -> None:
    sandbox.faults.add(fault)
    answer = ask(sandbox)
    assert answer.status_code == status
    document = answer.json()
    assert document["type"] == "error.list"
    assert document["errors"][0]["code"] == code
    assert document["request_id"] == answer.headers["x-request-id"]


PAGES = [
    (Fault(name="blocked-by-load-balancer"), 403, "awselb/2.0"),
    (Fault(name="502"), 502, "awselb/2.0"),
    (Fault(name="504"), 504, "awselb/2.0"),
    (Fault(name="500", form="html"), 500, "nginx"),
]


@pytest.mark.parametrize(("fault", "status", "server"), PAGES, ids=lambda value: str(value)[:40])
def test_what_stands_before_intercom_answers_with_a_page_and_no_request_id(
    sandbox: Sandbox, fault: Fault, status: int, server: str
) -> None:
    sandbox.faults.add(fault)
    answer = ask(sandbox)
    assert answer.status_code == status
    assert answer.headers["server"] == server
    assert answer.headers["content-type"] == "text/html"
    assert "x-request-id" not in answer.headers
    assert answer.text.startswith("<html>")


def test_a_503_has_an_empty_body(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="503"))
    answer = ask(sandbox)
    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["content-length"] == "0"


def test_in_the_wrong_region_only_me_answers_and_says_which_is_right(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="wrong-region"))
    assert ask(sandbox, "/me").json()["app"]["region"] == "EU"
    assert ask(sandbox, "/contacts").status_code == 401


def test_the_token_may_come_to_speak_for_another_workspace(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="changed-workspace", value="other999"))
    assert ask(sandbox, "/me").json()["app"]["id_code"] == "other999"


def contacts(sandbox: Sandbox, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(sandbox, f"/contacts?per_page=5{query}").json()["data"]
    return found


def pointed(name: str, pointer: str = "/data/*/email", **more: Any) -> Fault:
    return Fault(name=name, operation="GET /contacts", pointer=pointer, **more)


def test_a_removed_field_is_gone_from_every_item(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("field-removed"))
    assert all("email" not in one for one in contacts(sandbox))
    sandbox.faults.clear()
    assert all("email" in one for one in contacts(sandbox))


def test_a_renamed_field_keeps_its_value(sandbox: Sandbox) -> None:
    before = [one["email"] for one in contacts(sandbox)]
    sandbox.faults.add(pointed("field-renamed", value="mail"))
    after = contacts(sandbox)
    assert [one["mail"] for one in after] == before
    assert all("email" not in one for one in after)


def test_a_retyped_field_has_another_type(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("field-retyped"))
    assert all(type(one["email"]) is int for one in contacts(sandbox))
    sandbox.faults.replace([pointed("field-retyped", value="object")])
    assert all(type(one["email"]) is dict for one in contacts(sandbox))


def test_a_nulled_field_is_null_and_an_added_one_is_there(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("field-nulled"))
    sandbox.faults.add(pointed("field-added", "/data/*/location/planet", value="Earth"))
    for one in contacts(sandbox):
        assert one["email"] is None
        assert one["location"]["planet"] == "Earth"


def test_an_enum_has_a_value_nobody_listed(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("unknown-enum-value", "/data/*/role", value="robot"))
    assert {one["role"] for one in contacts(sandbox)} == {"robot"}


def test_damage_does_not_outlive_its_fault(sandbox: Sandbox) -> None:
    before = contacts(sandbox)
    sandbox.faults.add(pointed("field-removed", "/data/*/location/city"))
    contacts(sandbox)
    sandbox.faults.clear()
    assert contacts(sandbox) == before


def test_a_fault_may_hold_for_one_operation_only(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="500", operation="GET /contacts/{id}"))
    contact = sandbox.store().all("contact")[0].id
    assert ask(sandbox, f"/contacts/{contact}").status_code == 500
    assert ask(sandbox, "/contacts").status_code == 200


def test_a_fault_may_hold_for_the_second_page_only(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("field-removed", when=Condition(page=2)))
    first = ask(sandbox, "/contacts?per_page=5").json()
    cursor = first["pages"]["next"]["starting_after"]
    second = contacts(sandbox, f"&starting_after={cursor}")
    assert all("email" in one for one in first["data"])
    assert all("email" not in one for one in second)


def test_a_fault_may_hold_for_one_item_only(sandbox: Sandbox) -> None:
    sandbox.faults.add(pointed("field-removed", when=Condition(index=3)))
    assert [index for index, one in enumerate(contacts(sandbox)) if "email" not in one] == [3]


def test_a_fault_may_hold_for_archived_contacts_only(sandbox: Sandbox) -> None:
    sandbox.faults.add(
        Fault(
            name="field-removed",
            operation="GET /contacts/{}",
            pointer="/email",
            when=Condition(archived=True),
        )
    )
    everyone = sandbox.store().all("contact")
    archived = next(one for one in everyone if one.is_archived)
    assert "email" not in ask(sandbox, f"/contacts/{archived.id}").json()
    assert "email" in ask(sandbox, f"/contacts/{everyone[0].id}").json()


def test_a_fault_may_hold_for_a_share_of_answers_the_same_for_a_seed(sandbox: Sandbox) -> None:
    statuses = []
    for _ in range(2):
        sandbox.reset()
        sandbox.faults.add(Fault(name="503", when=Condition(share=0.3)))
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {sandbox.token}"
            url = f"{sandbox.url}/tags"
            statuses.append([session.get(url, timeout=PATIENCE).status_code for _ in range(100)])
    assert 15 <= statuses[0].count(503) <= 45
    assert statuses[1] == statuses[0]


def test_a_fault_may_hold_a_number_of_times_after_some_requests(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="500", when=Condition(after=1, times=2)))
    assert [ask(sandbox).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_fault_may_hold_for_one_token_only(sandbox: Sandbox) -> None:
    sandbox.add_token("second", app_id="sbx2second")
    sandbox.faults.add(Fault(name="revoked-token", when=Condition(token="second")))
    assert ask(sandbox, Authorization="Bearer second").status_code == 401
    assert ask(sandbox).status_code == 200


MOMENT = int(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC).timestamp())
HEADERS = [
    (Fault(name="deprecation", at=MOMENT), "deprecation", f"@{MOMENT}"),
    (
        Fault(name="deprecation", form="imf-fixdate", at=MOMENT),
        "deprecation",
        "Tue, 30 Jun 2026 23:59:59 GMT",
    ),
    (Fault(name="deprecation", form="true"), "deprecation", "true"),
    (Fault(name="deprecation", form="boolean"), "deprecation", "?1"),
    (Fault(name="deprecation", form="epoch", at=MOMENT), "deprecation", str(MOMENT)),
    (
        Fault(name="sunset", at="2026-06-30T23:59:59+00:00"),
        "sunset",
        "Tue, 30 Jun 2026 23:59:59 GMT",
    ),
    (Fault(name="sunset", form="utc", at=MOMENT), "sunset", "Tue, 30 Jun 2026 23:59:59 UTC"),
    (Fault(name="sunset", form="rfc850", at=MOMENT), "sunset", "Tuesday, 30-Jun-26 23:59:59 GMT"),
    (Fault(name="sunset", form="asctime", at=MOMENT), "sunset", "Tue Jun 30 23:59:59 2026"),
    (Fault(name="sunset", value="someday"), "sunset", "someday"),
    (Fault(name="warning"), "warning", '299 - "Deprecated API"'),
    (
        Fault(name="deprecation", link="https://example.com/why"),
        "link",
        '<https://example.com/why>; rel="deprecation"; type="text/html"',
    ),
    (Fault(name="version-mismatch", value="2.9"), "intercom-version", "2.9"),
]


@pytest.mark.parametrize(("fault", "name", "value"), HEADERS)
def test_announcements_come_in_every_published_syntax(
    sandbox: Sandbox, fault: Fault, name: str, value: str
) -> None:
    sandbox.faults.add(fault)
    answer = ask(sandbox)
    assert answer.status_code == 200
    assert answer.headers[name] == value


def test_a_reset_connection_is_a_reset_connection(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="connection-reset"))
    with raw(sandbox) as connection, pytest.raises(ConnectionResetError):
        read_to_the_end(connection)
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(sandbox)
    assert [one.status for one in sandbox.requests] == [None, None]


def test_a_truncated_body_is_shorter_than_it_says(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="truncated-body"))
    with raw(sandbox) as connection:
        head, _, body = read_to_the_end(connection).partition(b"\r\n\r\n")
    length = next(line for line in head.splitlines() if line.startswith(b"content-length"))
    assert 0 < len(body) < int(length.split(b":")[1])
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(sandbox)


def test_a_stalled_body_stalls_until_the_client_gives_up(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="stalled-body"))
    with pytest.raises(requests.exceptions.ConnectionError, match="timed out"):
        requests.get(
            f"{sandbox.url}/tags",
            headers={"Authorization": f"Bearer {sandbox.token}"},
            timeout=(PATIENCE, 0.3),
        )
    with raw(sandbox) as connection:
        connection.settimeout(0.3)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            read_to_the_end(connection)
        assert time.monotonic() - began >= 0.29


def test_a_stalled_answer_holds_up_nobody_else(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="stalled-body", operation="GET /tags"))
    with raw(sandbox):
        assert ask(sandbox, "/teams").status_code == 200


def test_bodies_may_be_anything_but_what_was_promised(sandbox: Sandbox) -> None:
    sandbox.faults.replace([Fault(name="non-json-body")])
    answer = ask(sandbox)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.text.startswith("<html>")
    sandbox.faults.replace([Fault(name="empty-body")])
    assert (ask(sandbox).status_code, ask(sandbox).content) == (200, b"")
    sandbox.faults.replace([Fault(name="wrong-media-type")])
    answer = ask(sandbox)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.json()["type"] == "list"
    sandbox.faults.replace([Fault(name="oversized-body", value=2)])
    assert len(ask(sandbox).content) > 2_000_000
    sandbox.faults.replace([Fault(name="redirect-loop")])
    with pytest.raises(requests.exceptions.TooManyRedirects):
        requests.get(
            f"{sandbox.url}/tags",
            headers={"Authorization": f"Bearer {sandbox.token}"},
            timeout=PATIENCE,
        )


def test_slow_answers_take_time_on_the_clock_and_say_so() -> None:
    clock = VirtualClock()
    with Sandbox(clock=clock) as sandbox:
        usual = _taken(sandbox, clock)
        sandbox.faults.add(Fault(name="slow", factor=10))
        slow = _taken(sandbox, clock)
        sandbox.faults.replace([Fault(name="slow", milliseconds=5_000, form="network")])
        far = _taken(sandbox, clock)
    assert 0.01 < usual[0] < 0.1  # GET /tags is the fastest there is
    assert usual[0] == pytest.approx(usual[1], abs=1e-5)
    assert 0.1 < slow[0] < 1.0
    assert slow[0] == pytest.approx(slow[1], abs=1e-5)
    assert far[0] > 5
    assert far[1] < 0.1


def _taken(sandbox: Sandbox, clock: VirtualClock) -> tuple[float, float]:
    began = clock.monotonic()
    answer = ask(sandbox)
    return clock.monotonic() - began, float(answer.headers["x-runtime"])
