"""The sandbox is controlled over HTTP: faults, clock, what was asked, and the beginning."""

from datetime import datetime
from typing import Any

import pytest
import requests

from sandbox.intercom import FAULTS, Sandbox
from tests.sandbox.asked import PATIENCE, ask


def contacts(sandbox: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(sandbox, "GET /contacts?per_page=5").json()["data"]
    return found


def control(sandbox: Sandbox, method: str, name: str, body: Any = None) -> requests.Response:
    return requests.request(method, f"{sandbox.url}/_sandbox/{name}", json=body, timeout=PATIENCE)


def test_faults_are_controlled_over_http(sandbox: Sandbox) -> None:
    shown = control(sandbox, "GET", "faults").json()
    assert set(shown["names"]) == set(FAULTS)
    assert shown["active"] == []
    fault = {
        "name": "field-nulled",
        "operation": "GET /contacts",
        "pointer": "/data/*/email",
        "when": {"index": 0},
    }
    assert control(sandbox, "PUT", "faults", {"faults": [fault]}).status_code == 200
    assert [one["email"] is None for one in contacts(sandbox)] == [True, *[False] * 4]
    active = control(sandbox, "GET", "faults").json()["active"]
    assert [(one["name"], one["applied"]) for one in active] == [("field-nulled", 1)]
    assert control(sandbox, "DELETE", "faults").json()["active"] == []
    assert contacts(sandbox)[0]["email"] is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "send"),
        ({"faults": [{"name": "field-lost"}]}, "no fault 'field-lost'"),
        ({"faults": [{"pointer": "/x"}]}, "needs a name"),
        ({"faults": [{"name": "field-removed"}]}, "needs a pointer"),
        ({"faults": [{"name": "500", "colour": "red"}]}, "has no colour"),
        ({"faults": [{"name": "500", "when": {"moon": 1}}]}, "has no moon"),
        ({"faults": [{"name": "500", "operation": "contacts"}]}, "is not an operation"),
        ({"faults": [{"name": "sunset", "form": "roman"}]}, "has no form roman"),
        ({"faults": [{"name": "sunset", "at": "tomorrow"}]}, "tomorrow"),
        ({"faults": [{"name": "503", "when": {"share": "most"}}]}, "share of when"),
        ({"faults": [{"name": "503", "when": {"page": True}}]}, "page of when"),
        ({"faults": [{"name": "sunset", "value": "a\r\nb"}]}, "into a header"),
        ({"faults": [{"name": "endpoint-gone", "status": 200}]}, "has no status 200"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_sentence(
    sandbox: Sandbox, body: dict[str, Any], said: str
) -> None:
    answer = control(sandbox, "PUT", "faults", body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert sandbox.faults.active == ()


def test_the_clock_the_requests_and_the_beginning_are_controlled_over_http(
    sandbox: Sandbox,
) -> None:
    before = datetime.fromisoformat(control(sandbox, "GET", "clock").json()["now"])
    after = control(sandbox, "PUT", "clock", {"advance": 3600}).json()["now"]
    assert (datetime.fromisoformat(after) - before).total_seconds() == 3600
    assert control(sandbox, "PUT", "clock", {"now": "2020-01-01T00:00:00Z"}).status_code == 400
    contact = sandbox.store().all("contact")[0].id
    requests.delete(
        f"{sandbox.url}/contacts/{contact}",
        headers={"Authorization": f"Bearer {sandbox.token}"},
        timeout=PATIENCE,
    )
    assert control(sandbox, "GET", "requests").json()["requests"] == [
        {
            "method": "DELETE",
            "path": f"/contacts/{contact}",
            "operation": "DELETE /contacts/{}",
            "status": 200,
        }
    ]
    assert control(sandbox, "POST", "reset").status_code == 200
    assert control(sandbox, "GET", "requests").json()["requests"] == []
    assert sandbox.store().find("contact", contact) is not None
    assert control(sandbox, "GET", "weather").status_code == 404
