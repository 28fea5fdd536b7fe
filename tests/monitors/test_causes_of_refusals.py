"""Refusals that are not what they look like at first: of a proxy, a wrong address, an unknown
code, one operation alone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.exchanges import Exchange, FailureKind, Operation, Timings, TransportFailure
from contracts.findings import Certainty, Finding
from contracts.overlays import embedded_contract
from contracts.rules import Severity
from contracts.workspaces import Secret, Workspace
from monitors.detectors import Context, detect
from monitors.diagnosis import Diagnosed, Expectation, Observation, confirmations, diagnose
from monitors.diagnosis.scopes import likely_scope
from monitors.probe_files import load_probes

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

ME = "GET /me"
OTHERS = ("GET /tags", "GET /contacts", "GET /contacts/{contact_id}", "GET /companies")
PAGE = b"<html><body>Please sign in</body></html>"
KNOWN = Context(known=frozenset())
APP = {"type": "admin", "app": {"type": "app", "id_code": "acme1", "region": "US"}}


def refused(code: str, message: str = "No.") -> dict[str, Any]:
    return {"type": "error.list", "errors": [{"code": code, "message": message}]}


def told(
    *exchanges: Exchange, context: Context = KNOWN, expected: Expectation | None = None
) -> tuple[Diagnosed, ...]:
    seen = [Observation(exchange=one, findings=detect(one, context)) for one in exchanges]
    return diagnose(seen, expected=expected or Expectation(consumers=("crm", "inbox")))


def only(*exchanges: Exchange, expected: Expectation | None = None) -> Finding:
    (diagnosed,) = told(*exchanges, expected=expected)
    return diagnosed.finding


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (407, {"server": "squid/5.7"}, "credentials of its own"),
        (511, {}, "captive portal"),
        (302, {"location": "https://login.example.net/?from=x"}, "another host"),
    ],
)
def test_what_a_proxy_or_a_portal_answers_is_the_network_and_not_intercom(
    an_exchange: "ExchangeFactory", status: int, headers: dict[str, str], why: str
) -> None:
    every = [
        an_exchange(one, status, PAGE, headers=headers, is_intercoms=False) for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-proxy"
    assert found.severity is Severity.CRITICAL
    assert "never reached Intercom" in found.message
    assert why in found.message
    assert "from=x" not in found.message
    assert ("squid/5.7" in found.message) == ("squid/5.7" in headers.values())


def test_a_proxy_that_wants_credentials_for_a_tunnel_says_the_same(
    an_exchange: "ExchangeFactory",
) -> None:
    failure = TransportFailure(
        kind=FailureKind.PROXY,
        detail="('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Required'))",
    )
    every = [
        replace(an_exchange(one, failure=FailureKind.PROXY), failure=failure)
        for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-proxy"
    assert "credentials of its own (407)" in found.message


@pytest.mark.parametrize("is_intercoms", [True, False])
def test_a_5xx_without_a_request_id_is_not_said_to_be_intercoms(
    an_exchange: "ExchangeFactory", is_intercoms: bool
) -> None:
    every = [an_exchange(one, 502, PAGE, is_intercoms=is_intercoms) for one in (ME, *OTHERS)]
    found = only(*every)
    assert found.rule.name == "server-error"
    assert ("Intercom is failing" in found.message) == is_intercoms
    assert ("or a proxy on the way" in found.message) != is_intercoms


@pytest.mark.parametrize(
    ("body", "said"),
    [(refused("app_suspended"), "app_suspended"), (PAGE, "without an answer of the form")],
)
def test_a_403_of_an_unknown_reason_is_no_missing_permission(
    an_exchange: "ExchangeFactory", body: Any, said: str
) -> None:
    found = only(an_exchange(ME, body=APP), an_exchange("GET /tags", 403, body))
    assert found.rule.name == "status-forbidden"
    assert said in found.message
    assert not found.rule.at_once


def test_a_403_of_an_unknown_reason_on_everything_is_the_app_or_the_workspace(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 403, refused("app_suspended")) for one in (ME, *OTHERS)))
    assert (found.rule.name, found.severity) == ("status-forbidden", Severity.CRITICAL)
    assert "5 of 5 operations were refused with 403 (app_suspended" in found.message


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


def test_a_token_that_one_operation_alone_refuses_is_kept(an_exchange: "ExchangeFactory") -> None:
    others = [an_exchange(one) for one in OTHERS[1:]]
    pass_ = (an_exchange(ME, body=APP), *others)
    found = only(*pass_, an_exchange("GET /tags", 401, refused("token_revoked")))
    assert found.consumers == (), "nobody is known to read tags"
    assert found.remedy.startswith("Keep the token")


def test_a_dead_token_hurts_every_consumer(an_exchange: "ExchangeFactory") -> None:
    found = only(*(an_exchange(one, 401, refused("token_revoked")) for one in (ME, "GET /tags")))
    assert found.consumers == ("crm", "inbox")


def test_a_missing_permission_is_named_as_the_developer_hub_does(
    an_exchange: "ExchangeFactory",
) -> None:
    others = [an_exchange(one) for one in OTHERS[1:]]
    pass_ = (an_exchange(ME, body=APP), *others)
    found = only(*pass_, an_exchange("GET /tags", 401, refused("token_unauthorized")))
    assert found.rule.name == "auth-scope-missing"
    assert "most likely \u201cRead tags\u201d" in found.message
    assert "401 token_unauthorized" in found.message
    assert "\u201cRead tags\u201d" in found.remedy


def test_a_token_that_works_on_me_alone_lacks_every_permission(
    an_exchange: "ExchangeFactory",
) -> None:
    every = [an_exchange(one, 401, refused("token_unauthorized")) for one in OTHERS]
    found = only(an_exchange(ME, body=APP), *every)
    assert "works on /me and on nothing else" in found.message
    assert found.operations == tuple(sorted(OTHERS))
    assert found.place == "4 operations"


def test_a_token_that_may_not_even_ask_for_me_lost_everything(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 401, refused("token_unauthorized")) for one in (ME, *OTHERS)))
    assert found.rule.name == "auth-scope-missing"
    assert "5 of 5 operations were refused with 401 token_unauthorized" in found.message
    assert "/me, which needs no permission, among them" in found.message
    assert found.place == "every operation"


def test_a_dead_token_is_dead_everywhere_however_few_were_asked(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 401, refused("unauthorized")) for one in (ME, "GET /tags")))
    assert "everywhere, by /me as well (401 unauthorized)" in found.message
    assert found.place == "every operation"


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


def test_most_probes_have_a_permission_that_they_most_likely_need() -> None:
    unknown = {one.identity for one in load_probes() if not likely_scope([one.operation])} - {ME}
    # Intercom's list has no permission that would be about reading these.
    assert unknown == {"GET /data_attributes", "GET /teams"}
    assert likely_scope([Operation.parse("POST /tags")]) == "", "one that writes"
    assert likely_scope([Operation.parse("GET /tags"), Operation.parse("GET /admins")]) == ""


def test_what_is_certain_of_a_proxy_is_documented(an_exchange: "ExchangeFactory") -> None:
    every = [an_exchange(one, 407, PAGE, is_intercoms=False) for one in (ME, *OTHERS)]
    assert only(*every).certainty is Certainty.DOCUMENTED


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        ("certificate has expired", "clock"),
        ("Hostname mismatch, certificate is not valid for 'x'", "base URL"),
        ("unable to get local issuer certificate", "REQUESTS_CA_BUNDLE"),
        ("wrong version number", "scheme and port"),
    ],
)
def test_what_is_wrong_with_a_certificate_has_a_remedy_of_its_own(
    an_exchange: "ExchangeFactory", detail: str, advice: str
) -> None:
    failure = TransportFailure(kind=FailureKind.TLS, detail=detail)
    every = [
        replace(an_exchange(one, failure=FailureKind.TLS), failure=failure) for one in (ME, *OTHERS)
    ]
    found = only(*every)
    assert found.rule.name == "connection-tls"
    assert advice in found.remedy
    assert "most likely" not in found.message


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        (FailureKind.TOO_LARGE, "the body is larger than 16777216 bytes", "more than 16 MiB"),
        (FailureKind.REDIRECT_LOOP, "redirected to itself", "the very address that was asked"),
        (FailureKind.REDIRECT_LOOP, "redirected in a circle of 3", "from one of its addresses"),
        (FailureKind.READ_TIMEOUT, "", "nothing came within 0.1 s"),
        (FailureKind.CONNECT_TIMEOUT, "", "did not take the connection within 0.1 s"),
    ],
)
def test_why_there_was_no_answer_is_told_with_what_is_known(
    an_exchange: "ExchangeFactory", kind: FailureKind, detail: str, words: str
) -> None:
    exchange = replace(
        an_exchange(failure=kind), failure=TransportFailure(kind=kind, detail=detail)
    )
    (found,) = detect(exchange, KNOWN)
    assert words in found.message


def test_an_answer_that_began_and_stopped_says_so(an_exchange: "ExchangeFactory") -> None:
    exchange = replace(
        an_exchange(failure=FailureKind.READ_TIMEOUT),
        timings=Timings(total_ms=30_000.0, first_byte_ms=120.0),
    )
    (found,) = detect(exchange, KNOWN)
    assert "an answer began and then stopped: it was not whole after 30.0 s" in found.message


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("text/plain; charset=utf-8", "labelled as text/plain."),
        ("", "no Content-Type"),
        ("<b>evil</b>", "no media type"),
    ],
)
def test_a_wrong_label_is_shown_where_it_is_one(
    an_exchange: "ExchangeFactory", label: str, words: str
) -> None:
    (found,) = detect(an_exchange(body={}, headers={"content-type": label}), KNOWN)
    assert found.rule.name == "body-media-type"
    assert words in found.message


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


def test_a_page_in_intercoms_place_is_said_to_be_one(an_exchange: "ExchangeFactory") -> None:
    headers = {"server": "nginx", "content-type": "text/html"}
    (found,) = detect(an_exchange(body=PAGE, headers=headers, is_intercoms=False), KNOWN)
    assert found.rule.name == "body-not-json"
    assert "by nginx" in found.message
    (own,) = detect(an_exchange(body=PAGE), KNOWN)
    assert "proxy" not in own.message


def test_a_page_on_everything_is_a_portals(an_exchange: "ExchangeFactory") -> None:
    every = [an_exchange(one, body=PAGE, is_intercoms=False) for one in (ME, *OTHERS)]
    found = only(*every)
    assert (found.rule.name, found.certainty) == ("connection-proxy", Certainty.INFERRED)
    assert "5 of 5 operations, /me among them, were answered with a page" in found.message
    own = [an_exchange(one, body=PAGE) for one in (ME, *OTHERS)]
    assert only(*own).rule.name == "body-not-json", "Intercom's own request id says who answered"


@pytest.mark.parametrize(
    ("status", "body", "rule"),
    [
        (401, PAGE, "auth-blocked"),
        (401, {"message": "Unauthorized"}, "auth-blocked"),
        (403, {"message": "Forbidden"}, "auth-blocked"),
        (400, PAGE, "auth-blocked"),
        (404, PAGE, "auth-blocked"),
        (431, PAGE, "auth-blocked"),
        (408, PAGE, "timeout"),
        (404, {}, "deprecation-endpoint-gone"),
    ],
)
def test_a_refusal_without_a_sign_of_intercom_is_not_said_to_be_its(
    an_exchange: "ExchangeFactory", status: int, body: Any, rule: str
) -> None:
    headers = {"server": "nginx/1.18.0", "www-authenticate": "Basic realm=x"}
    (found,) = detect(
        an_exchange("GET /tags", status, body, headers=headers, is_intercoms=False), KNOWN
    )
    assert found.rule.name == rule
    assert ("nginx/1.18.0" in found.message) == (rule != "deprecation-endpoint-gone")
    assert ("credentials of its own" in found.message) == (rule == "auth-blocked")


def test_a_429_of_a_page_is_not_the_apps_limit(an_exchange: "ExchangeFactory") -> None:
    page = an_exchange("GET /tags", 429, PAGE, headers={"server": "edge"}, is_intercoms=False)
    found = only(an_exchange(ME, body=APP), page)
    assert found.rule.name == "rate-limit-exceeded"
    assert "not by Intercom's API" in found.message
    assert found.operation is not None, "it says nothing of the app"


def test_another_service_at_the_address_is_one_finding(an_exchange: "ExchangeFactory") -> None:
    contract = embedded_contract()
    assert contract is not None
    context = Context(relied=Conformance(contract), known=frozenset())
    headers = {"content-type": "application/json"}
    every = [
        an_exchange(one, body={"status": "ok"}, headers=headers, is_intercoms=False)
        for one in (ME, *OTHERS)
    ]
    (one,) = told(*every, context=context)
    assert (one.finding.rule.name, one.finding.observed) == ("connection-proxy", "stranger")
    assert "base-url" in one.finding.remedy
    mocked = [
        an_exchange(one, body=APP if one == ME else {}, headers=headers, is_intercoms=False)
        for one in (ME, *OTHERS)
    ]
    rules = {one.finding.rule.name for one in told(*mocked, context=context)}
    assert "connection-proxy" not in rules, "a mock of Intercom's lacks its ids as well"


def test_a_token_that_others_take_is_alive_though_me_is_down(
    an_exchange: "ExchangeFactory",
) -> None:
    down = an_exchange(ME, 500, refused("server_error"))
    odd = an_exchange("GET /tags", 401, refused("unauthorized"))
    after = an_exchange("GET /contacts")
    rules = [one.finding.rule.name for one in told(down, odd, after)]
    assert sorted(rules) == ["auth-scope-missing", "server-error"]
    rules = [one.finding.rule.name for one in told(down, after, odd)]
    assert "auth-token-refused" in rules, "it may have died in between"


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


def test_what_me_alone_refuses_is_no_dead_token(an_exchange: "ExchangeFactory") -> None:
    others = [an_exchange(one) for one in OTHERS]
    for code, rule in [
        ("unauthorized", "auth-token-refused"),
        ("token_revoked", "auth-token-revoked"),
        ("token_unauthorized", "auth-scope-missing"),
    ]:
        refusal = an_exchange(ME, 401, refused(code))
        (one,) = told(refusal, *others, refusal)
        found = one.finding
        assert found.rule.name == rule
        assert f"/me refuses the token (401 {code}), and 4 other operations" in found.message
        assert found.place == ME
        assert (found.certainty, found.severity) == (Certainty.INFERRED, Severity.WARNING)
        assert found.consumers == (), "nobody here is known to read /me"
        assert found.remedy.startswith("Keep the token")
        assert not one.confirmed, "nobody is told at once"


def test_a_token_that_dies_in_the_middle_of_a_pass_is_dead(
    an_exchange: "ExchangeFactory",
) -> None:
    refusal, well = an_exchange(ME, 401, refused("unauthorized")), an_exchange("GET /contacts")
    found = only(refusal, well, an_exchange("GET /tags", 401, refused("unauthorized")), refusal)
    assert found.rule.name == "auth-token-refused"
    assert "2 of 3 operations, /me among them, and took it on others before" in found.message
    (one,) = told(an_exchange(ME, body=APP), well, refusal)
    assert one.confirmed, "nothing has worked since"
    assert "not a dead token" not in one.finding.message


def test_me_alone_that_is_blocked_is_no_block_of_this_machine(
    an_exchange: "ExchangeFactory",
) -> None:
    blocked = an_exchange(ME, 403, PAGE, is_intercoms=False)
    found = only(blocked, *(an_exchange(one) for one in OTHERS), blocked)
    assert found.remedy.startswith("Others reach Intercom")


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
    for claim in ("lacks", "endpoint itself", "no longer"):
        assert claim not in one.finding.message


def test_what_the_plan_never_had_is_not_asked_again(an_exchange: "ExchangeFactory") -> None:
    exchange = an_exchange("GET /tags", 403, refused("api_plan_restricted"))
    seen = [Observation(exchange=exchange, findings=detect(exchange, KNOWN))]
    assert confirmations(seen) == ()


def test_a_redirect_to_another_port_is_a_portals(an_exchange: "ExchangeFactory") -> None:
    for there, is_away in [
        ("http://api.intercom.io:8080/login?u=x", True),
        ("https://api.intercom.io/other", False),
    ]:
        headers = {"location": there}
        every = [
            an_exchange(one, 302, b"", headers=headers, is_intercoms=False) for one in (ME, *OTHERS)
        ]
        found = only(*every)
        assert (found.rule.name == "connection-proxy") == is_away
    (found,) = detect(
        an_exchange(
            ME,
            302,
            b"",
            headers={"location": "http://api.intercom.io:8080/login"},
            is_intercoms=False,
        ),
        KNOWN,
    )
    assert "to port 8080" in found.message


def test_an_open_scroll_of_another_job_is_waited_for(an_exchange: "ExchangeFactory") -> None:
    found = only(an_exchange(ME, body=APP), an_exchange("GET /tags", 400, refused("scroll_exists")))
    assert found.rule.name == "status-bad-request"
    assert "another job holds the app's one open scroll" in found.message
    assert "Wait about a minute" in found.remedy


@pytest.mark.parametrize(
    ("status", "code", "message", "lacks"),
    [
        (403, "forbidden", "IP not allowed for 10.1.2.3", "most likely lacks"),
        (403, "forbidden", "You do not have the required scope to access this", "lacks"),
        (401, "token_unauthorized", "Not authorized to access resource", "lacks"),
    ],
)
def test_a_permission_that_the_answer_does_not_speak_of_is_likely(
    an_exchange: "ExchangeFactory", status: int, code: str, message: str, lacks: str
) -> None:
    answer = an_exchange("GET /tags", status, refused(code, message))
    found = only(an_exchange(ME, body=APP), an_exchange("GET /contacts"), answer)
    assert found.message.startswith(f"The token {lacks} a permission")
    assert ("which names no permission" in found.message) == (lacks != "lacks")
    assert found.message.count("most likely") == 1


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


@pytest.mark.parametrize(
    ("token", "is_one"),
    [
        ("abc", False),
        ("xoxb-123456789012-abcdefghijkl", False),
        ("ghp_0123456789abcdefghij0123456789abcdef", False),
        ("Bearer abcdefghijklmnop", False),
        ("dG9rOjEyMzQ1Njc4LWFiY2QtNGVmMC04YTFiLTBjZGVmMTIzNDU2NzoxOjA=", True),
        ("sandbox_ae02e60ebade70fb5c7705b694c4b1f37253807e", True),
        ("xoxoxoxoxoxoxoxoxoxo", True),
    ],
)
def test_a_token_of_another_service_or_too_short_is_none_of_intercoms(
    token: str, is_one: bool
) -> None:
    assert Workspace(name="x", token=Secret(token)).token_is_well_formed == is_one


def test_a_compressed_bomb_is_named(an_exchange: "ExchangeFactory") -> None:
    for packed, words in [
        ("", "(more than 16 MiB)"),
        (
            ", unpacked from 3000000",
            "of 3 000 000 bytes unpacks to more than 16 MiB, which is more",
        ),
        (
            ", unpacked from 16000",
            "unpacks to more than 16 MiB, which is more than intercheck reads,"
            " as a compressed bomb does",
        ),
    ]:
        failure = TransportFailure(
            kind=FailureKind.TOO_LARGE, detail=f"the body is larger than 16777216 bytes{packed}"
        )
        exchange = replace(an_exchange(failure=FailureKind.TOO_LARGE), failure=failure)
        (found,) = detect(exchange, KNOWN)
        assert words in found.message
        assert ("bomb" in found.message) == ("16000" in packed)
