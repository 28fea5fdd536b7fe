"""Refusals that are not what they look like at first: of a proxy, a wrong address, an unknown
code, one operation alone."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contracts.conformance import Conformance
from contracts.findings import Finding
from contracts.overlays import embedded_contract
from contracts.rules import Severity
from monitors.detectors import Context, detect
from monitors.diagnosis import Expectation, Observation, confirmations

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

from tests.monitors.causes import APP, KNOWN, ME, OTHERS, PAGE, only, refused, told


@pytest.mark.parametrize("is_intercoms", [True, False])
def test_404_on_everything_and_me_is_the_wrong_address(
    an_exchange: "ExchangeFactory", is_intercoms: bool
) -> None:
    every = [
        an_exchange(
            one, 404, refused("not_found") if is_intercoms else PAGE, is_intercoms=is_intercoms
        )
        for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert (found.rule.name, found.severity) == ("status-not-found", Severity.CRITICAL)
    assert "base-url" in found.remedy
    assert "api.intercom.io" in found.message
    assert ("Intercom answers at" in found.message) == is_intercoms


def test_404_on_one_collection_alone_is_still_an_endpoint_that_is_gone(
    an_exchange: "ExchangeFactory",
) -> None:
    others = [an_exchange(one) for one in OTHERS[1:]]
    found = only(an_exchange(ME, body=APP), *others, an_exchange("GET /tags", 404, refused("x_y")))
    assert found.rule.name == "deprecation-endpoint-gone"


def test_another_version_on_one_operation_is_shown_there(an_exchange: "ExchangeFactory") -> None:
    odd = an_exchange("GET /tags", headers={"intercom-version": "2.11"})
    found = only(an_exchange(ME, body=APP), odd)
    assert found.place == "GET /tags"
    assert found.message.endswith("on GET /tags alone.")
    other = an_exchange("GET /contacts", headers={"intercom-version": "2.11"})
    both = only(an_exchange(ME, body=APP), other)
    assert both.fingerprint == found.fingerprint, "where it was seen is no part of what it is"


@pytest.mark.parametrize(
    "written", ["<b>x</b>", "A" * 3000, "evil\x1b[31m", "3f2504e0-4f89-11d3-9a0c-0305e82c330G"]
)
def test_a_request_id_of_another_form_is_not_repeated(
    an_exchange: "ExchangeFactory", written: str
) -> None:
    exchange = an_exchange(status=500, headers={"x-request-id": written})
    found = only(an_exchange(ME, body=APP), exchange)
    assert written not in str(found.as_json())
    assert found.request_id is None
    assert "no request id of" in found.remedy


@pytest.mark.parametrize(
    "written", ["002d37gmte7nhkf9o4eg", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
)
def test_a_request_id_of_intercoms_form_is_kept(
    an_exchange: "ExchangeFactory", written: str
) -> None:
    assert an_exchange(headers={"x-request-id": written}).request_id == written


def test_a_deployment_that_is_no_commit_is_not_repeated(an_exchange: "ExchangeFactory") -> None:
    assert an_exchange(headers={"x-intercom-version": "<script>"}).deployment is None


def test_fields_that_are_refused_are_causes_of_their_own(an_exchange: "ExchangeFactory") -> None:
    contract = embedded_contract()
    assert contract is not None
    context = Context(relied=Conformance(contract), known=frozenset())

    def refusing(*fields: str) -> Finding:
        errors = [{"code": "parameter_invalid", "field": one} for one in fields]
        body = {"type": "error.list", "errors": errors}
        (found,) = detect(an_exchange("GET /contacts", 422, body), context)
        return found

    page, size, both = refusing("starting_after"), refusing("per_page"), refusing("per_page", "x")
    assert "(field starting_after)" in page.message
    assert page.cause != size.cause == both.cause
    assert "fields per_page, starting_after" in refusing("starting_after", "per_page").message
    none = refusing("jane_doe")
    assert "jane" not in str(none.as_json())
    assert "names no field" in none.remedy
    assert "names no field" not in page.remedy


def test_one_path_that_is_blocked_is_no_block_of_this_machine(
    an_exchange: "ExchangeFactory",
) -> None:
    blocked = an_exchange("GET /tags", 404, PAGE, is_intercoms=False)
    found = only(an_exchange(ME, body=APP), an_exchange("GET /contacts"), blocked)
    assert found.remedy.startswith("Others reach Intercom")
    every = [an_exchange(one, 403, PAGE, is_intercoms=False) for one in (ME, *OTHERS)]
    assert only(*every).remedy == "", "the rule's own"


def test_what_is_likely_is_said_to_be_so_once(an_exchange: "ExchangeFactory") -> None:
    bare = an_exchange("GET /tags", 401, refused("unauthorized"))
    found = only(an_exchange(ME, body=APP), an_exchange("GET /contacts"), bare)
    assert found.message.count("most likely") == 1
    assert "\u201cRead tags\u201d" in found.message


@pytest.mark.parametrize(
    ("operation", "status", "code", "rule"),
    [
        ("GET /tags", 404, "not_found", "deprecation-endpoint-gone"),
        ("GET /tags", 410, "gone", "deprecation-endpoint-gone"),
        ("GET /tags", 403, "api_plan_restricted", "auth-plan-restricted"),
        ("GET /tags", 400, "intercom_version_invalid", "version-unavailable"),
        ("GET /tags", 401, "token_unauthorized", "auth-scope-missing"),
        ("GET /tags", 500, "server_error", "server-error"),
        (ME, 401, "unauthorized", "auth-token-refused"),
    ],
)
def test_what_answers_well_when_asked_again_is_told_as_a_blip(
    an_exchange: "ExchangeFactory", operation: str, status: int, code: str, rule: str
) -> None:
    first = an_exchange(operation, status, refused(code))
    others = [an_exchange(one) for one in (ME, "GET /contacts", "GET /tags") if one != operation]
    worked = frozenset({"GET /tags"})
    pass_ = [first, *others]
    seen = [Observation(exchange=one, findings=detect(one, KNOWN)) for one in pass_]
    assert operation in {str(one) for one in confirmations(seen, worked=worked)}
    (one,) = told(*pass_, an_exchange(operation), expected=Expectation(worked=worked))
    assert one.finding.rule.name == rule
    assert not one.confirmed
    assert f"{operation} was answered" in one.finding.message
    assert one.finding.message.endswith("Asked again, it answered well (200): a blip.")
    assert one.finding.severity is not one.so_far.severity is Severity.INFO
    often = told(*[first] * 3, *others, an_exchange(operation), expected=Expectation(worked=worked))
    assert not any(found.is_blip for found in often)  # a recording may hold more of it
    for claim in ("lacks", "endpoint itself", "no longer"):
        assert claim not in one.finding.message


def test_an_open_scroll_of_another_job_is_waited_for(an_exchange: "ExchangeFactory") -> None:
    found = only(an_exchange(ME, body=APP), an_exchange("GET /tags", 400, refused("scroll_exists")))
    assert found.rule.name == "status-bad-request"
    assert "another job holds the app's one open scroll" in found.message
    assert "Wait about a minute" in found.remedy


def test_410_on_everything_and_me_is_the_wrong_address(an_exchange: "ExchangeFactory") -> None:
    found = only(*(an_exchange(one, 410, refused("gone")) for one in (ME, *OTHERS)))
    assert (found.rule.name, found.observed) == ("status-not-found", "410")
    assert "5 of 5 operations were answered with 410" in found.message
    assert "base-url" in found.remedy


def test_an_address_that_was_not_recorded_is_not_named(an_exchange: "ExchangeFactory") -> None:
    every = [an_exchange(one, 404, refused("not_found")) for one in (ME, *OTHERS)]
    bare = [replace(one, request=replace(one.request, url="/x")) for one in every]
    assert "Intercom answers, but its API" in only(*bare).message


def test_of_a_recording_intercheck_has_sent_nothing(an_exchange: "ExchangeFactory") -> None:
    answer = an_exchange(
        "GET /tags", 429, refused("rate_limit_exceeded"), headers={"x-ratelimit-limit": "83"}
    )
    found = only(answer, expected=Expectation(is_recorded=True))
    assert "the recording has 1 in these 10 seconds." in found.message
    assert "intercheck" not in found.message
    assert "intercheck sent 1" in only(answer).message


def test_the_region_to_set_is_named(an_exchange: "ExchangeFactory") -> None:
    body = {"type": "admin", "app": {"type": "app", "id_code": "acme1", "region": "EU"}}
    found = only(an_exchange(ME, body=body), expected=Expectation(region="au"))
    assert found.rule.name == "auth-wrong-region"
    assert "region to eu" in found.remedy
