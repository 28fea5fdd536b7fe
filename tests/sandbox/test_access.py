"""Whom the sandbox answers, and for which version."""

import pytest
import requests

from contracts.overlays import SUPPORTED
from sandbox.intercom import Sandbox
from tests.sandbox.asked import PATIENCE, ask, code_of


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer nobody", "Basic abc", "nobody"])
def test_without_a_token_that_exists_nothing_is_answered(
    sandbox: Sandbox, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(f"{sandbox.url}/me", headers=headers, timeout=PATIENCE)
    assert code_of(answer) == (401, "unauthorized")
    assert "x-ratelimit-limit" not in answer.headers


def test_a_missing_scope_refuses_one_operation_and_leaves_the_others(sandbox: Sandbox) -> None:
    sandbox.add_token("reader", scopes=["read_contacts"])
    assert ask(sandbox, "GET /contacts", token="reader").status_code == 200
    search = {"query": {"field": "role", "operator": "=", "value": "user"}}
    assert ask(sandbox, "POST /contacts/search", search, token="reader").status_code == 200
    assert code_of(ask(sandbox, "GET /tags", token="reader")) == (401, "token_unauthorized")
    assert code_of(ask(sandbox, "POST /contacts", {}, token="reader"))[0] == 401
    assert ask(sandbox, "GET /me", token="reader").status_code == 200


def test_a_plan_leaves_features_out(sandbox: Sandbox) -> None:
    sandbox.add_token("poor", plan="none")
    assert code_of(ask(sandbox, "GET /conversations", token="poor")) == (403, "api_plan_restricted")
    assert ask(sandbox, "GET /contacts", token="poor").status_code == 200


def test_a_token_says_its_app_and_region_and_sees_its_own_workspace(sandbox: Sandbox) -> None:
    sandbox.add_token("far", app_id="sbx2far", region="eu")
    app = ask(sandbox, "GET /me", token="far").json()["app"]
    assert (app["id_code"], app["region"]) == ("sbx2far", "EU")
    contact = ask(sandbox, "GET /contacts?per_page=1").json()["data"][0]["id"]
    assert ask(sandbox, f"GET /contacts/{contact}", token="far").status_code == 404


def test_a_foreign_token_works_on_the_us_host_and_not_on_another() -> None:
    with Sandbox(latency=False, region="eu") as sandbox:
        sandbox.add_token("foreign", region="us")
        assert ask(sandbox, "GET /me").status_code == 200
        assert code_of(ask(sandbox, "GET /me", token="foreign")) == (401, "unauthorized")


def test_a_scope_plan_or_region_that_is_none_is_an_error(sandbox: Sandbox) -> None:
    for wrong in ({"scopes": ["read_minds"]}, {"plan": "gold"}, {"region": "mars"}):
        with pytest.raises(ValueError, match="no such"):
            sandbox.add_token("wrong", **wrong)


# Versions


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_version_that_is_asked_for_answers_and_is_named(sandbox: Sandbox, version: str) -> None:
    answer = ask(sandbox, "GET /me", **{"Intercom-Version": version})
    assert answer.status_code == 200
    assert answer.headers["intercom-version"] == version


def test_without_a_version_the_app_s_own_answers(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET /me").headers["intercom-version"] == "2.15"


@pytest.mark.parametrize("version", ["2.99", "1.0", "latest", ""])
def test_a_version_that_is_none_is_refused(sandbox: Sandbox, version: str) -> None:
    answer = ask(sandbox, "GET /me", **{"Intercom-Version": version})
    assert code_of(answer) == (400, "intercom_version_invalid")


def test_ids_change_their_type_with_the_version(sandbox: Sandbox) -> None:
    owners = [
        ask(sandbox, "GET /contacts?per_page=1", **{"Intercom-Version": version}).json()["data"][0][
            "owner_id"
        ]
        for version in ("2.15", "2.16")
    ]
    assert [type(one) for one in owners] == [int, str]
    assert str(owners[0]) == owners[1]


def test_what_is_not_there_is_not_found_whatever_the_method(sandbox: Sandbox) -> None:
    for what in ("GET /nowhere", "DELETE /me", "PATCH /contacts", "GET /contacts/", "GET /"):
        assert code_of(ask(sandbox, what)) == (404, "not_found")
