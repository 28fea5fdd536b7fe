"""What one exchange shows: refusals, errors, failures, versions, rates, slowness."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.exchanges import FailureKind, TransportFailure
from contracts.findings import Finding
from contracts.overlays import embedded_contract
from contracts.reliance import Reliance, consumers_of
from contracts.rules import Severity
from monitors.detectors import DETECTORS, Context, detect
from monitors.detectors.rate_limit import reset_of
from monitors.diagnosis import Expectation, Observation, confirmations, diagnose, reconciled
from monitors.latencies import Judged
from monitors.regression import Kind, Verdict

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

from tests.monitors.detected import NOTHING, embedded, only

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def envelope(code: str, message: str = "No.") -> dict[str, Any]:
    return {"type": "error.list", "errors": [{"code": code, "message": message}]}


def test_a_healthy_answer_shows_nothing(an_exchange: "ExchangeFactory") -> None:
    assert detect(an_exchange(body={"type": "list", "data": []}), NOTHING) == ()


@pytest.mark.parametrize(
    ("status", "code", "rule"),
    [
        (401, "unauthorized", "auth-token-refused"),
        (401, "token_not_found", "auth-token-revoked"),
        (401, "token_revoked", "auth-token-revoked"),
        (401, "token_expired", "auth-token-expired"),
        (401, "token_blocked", "auth-token-blocked"),
        (401, "token_suspended", "auth-token-blocked"),
        (401, "missing_authorization", "auth-token-missing"),
        (401, "missing_authorization_header", "auth-token-missing"),
        (401, "token_unauthorized", "auth-scope-missing"),
        (401, "something_new", "auth-token-refused"),
        (402, "payment_required", "auth-plan-restricted"),
        (403, "api_plan_restricted", "auth-plan-restricted"),
        (403, "forbidden", "auth-scope-missing"),
        (403, "action_forbidden", "auth-scope-missing"),
        (400, "parameter_invalid", "status-bad-request"),
        (400, "intercom_version_invalid", "version-unavailable"),
        (404, "not_found", "deprecation-endpoint-gone"),
        (408, "request_timeout", "timeout"),
        (409, "resource_conflict", "status-conflict"),
        (410, "not_found", "deprecation-endpoint-gone"),
        (418, "teapot", "status-undocumented"),
        (422, "parameter_invalid", "status-unprocessable"),
        (429, "rate_limit_exceeded", "rate-limit-exceeded"),
        (500, "server_error", "server-error"),
        (504, "server_error", "server-error"),
        (302, "found", "status-undocumented"),
    ],
)
def test_a_refusal_is_one_finding(
    an_exchange: "ExchangeFactory", status: int, code: str, rule: str
) -> None:
    assert only(an_exchange(status=status, body=envelope(code))).rule.name == rule


@pytest.mark.parametrize("is_intercoms", [True, False])
def test_who_is_told_to_give_a_request_id_has_one(
    an_exchange: "ExchangeFactory", is_intercoms: bool
) -> None:
    (found,) = detect(an_exchange(status=502, body=b"", is_intercoms=is_intercoms), Context())
    assert ("no request id" in found.remedy) == (not is_intercoms)


def test_a_missing_permission_is_named_where_intercom_names_it(
    an_exchange: "ExchangeFactory",
) -> None:
    said = "You do not have the required scope (read_conversations) to access this resource."
    finding = only(an_exchange(status=403, body=envelope("forbidden", said)))
    assert finding.expected == "read_conversations"
    assert "read_conversations" in finding.message


def test_a_permission_is_also_read_from_the_extra_detail(an_exchange: "ExchangeFactory") -> None:
    body = envelope("action_forbidden")
    body["errors"][0]["data"] = {"required_permissions": ["read_tickets"]}
    assert only(an_exchange(status=403, body=body)).expected == "read_tickets"


def test_a_403_of_a_load_balancer_is_not_intercoms(an_exchange: "ExchangeFactory") -> None:
    blocked = an_exchange(status=403, body=b"<html>403 Forbidden</html>", is_intercoms=False)
    finding = only(blocked)
    assert (finding.rule.name, finding.location) == ("auth-blocked", "media-type")


def test_a_merged_contact_is_gone_and_nothing_is_deprecated(an_exchange: "ExchangeFactory") -> None:
    finding = only(
        an_exchange(
            "GET /contacts/{contact_id}",
            410,
            envelope("contact_merged"),
            headers={"Link": '</contacts/5f7f0d217289f8d2f4262080>; rel="canonical"'},
        )
    )
    assert finding.rule.name == "status-gone"
    assert "5f7f" not in finding.message


def test_a_missing_object_is_not_a_missing_endpoint(an_exchange: "ExchangeFactory") -> None:
    missing = an_exchange("GET /contacts/{contact_id}", 404, envelope("contact_not_found"))
    assert only(missing).rule.name == "status-not-found"


@pytest.mark.parametrize("kind", FailureKind)
def test_every_way_to_have_no_answer_is_one_finding(
    an_exchange: "ExchangeFactory", kind: FailureKind
) -> None:
    finding = only(an_exchange(failure=kind))
    assert finding.observed == kind.value
    assert finding.rule.name.startswith(("connection-", "timeout", "body-"))


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("[SSL] certificate verify failed: certificate has expired (_ssl.c:1)", "has expired"),
        ("verify failed: IP address mismatch, certificate is not valid for '1.2'", "another host"),
        ("verify failed: Hostname mismatch, certificate is not valid for 'x'.", "another host"),
        ("verify failed: self-signed certificate (_ssl.c:1)", "signed by nobody known here"),
        ("verify failed: unable to get local issuer certificate", "signed by nobody known here"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not speak TLS"),
        ("something else", "no trusted TLS connection"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(
    an_exchange: "ExchangeFactory", detail: str, words: str
) -> None:
    failure = TransportFailure(kind=FailureKind.TLS, detail=detail)
    finding = only(replace(an_exchange(failure=FailureKind.TLS), failure=failure))
    assert words in finding.message
    assert "'1.2'" not in finding.message, "the library's own words stay out"


def test_a_timeout_says_in_which_phase(an_exchange: "ExchangeFactory") -> None:
    connect = only(an_exchange(failure=FailureKind.CONNECT_TIMEOUT))
    read = only(an_exchange(failure=FailureKind.READ_TIMEOUT))
    assert connect.rule is read.rule
    assert connect.cause != read.cause


@pytest.mark.parametrize(
    ("asked", "answered", "is_found"),
    [
        ("2.15", "2.15", False),
        ("2.15", "2.11", True),
        ("Preview", "Unstable", False),
        (None, "2.15", False),
        ("2.15", "", False),
    ],
)
def test_another_version_than_was_asked_for_is_found(
    an_exchange: "ExchangeFactory", asked: str | None, answered: str, is_found: bool
) -> None:
    exchange = an_exchange(version=asked, headers={"Intercom-Version": answered})
    assert any(one.rule.name == "version-mismatch" for one in detect(exchange, NOTHING)) == is_found


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-reset": "1772442010"}, datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)),
        ({"retry-after": "12"}, NOW + timedelta(seconds=12)),
        ({"retry-after": "Mon, 02 Mar 2026 09:01:00 GMT"}, NOW + timedelta(minutes=1)),
        ({"x-ratelimit-reset": "1"}, None),
        ({"x-ratelimit-reset": "soon", "retry-after": "later"}, None),
        ({"x-ratelimit-reset": "9" * 400}, None),
        ({}, None),
    ],
)
def test_it_is_told_when_the_rate_limit_resets(
    headers: dict[str, str], expected: datetime | None
) -> None:
    assert reset_of(headers, NOW) == expected


def test_a_throttled_resource_is_not_the_apps_rate_limit(an_exchange: "ExchangeFactory") -> None:
    app = only(an_exchange(status=429, body=envelope("rate_limit_exceeded")))
    resource = only(an_exchange(status=429, body=envelope("too_many_requests")))
    assert app.cause != resource.cause


def test_an_answer_slower_than_usual_is_one_finding_also_beyond_the_limit(
    an_exchange: "ExchangeFactory",
) -> None:
    since = NOW - timedelta(minutes=48)
    slower = Verdict(
        kind=Kind.REGRESSION,
        since=since.timestamp(),
        usual_ms=100.0,
        now_ms=5_000.0,
        confidence=0.9,
    )
    context = Context(latency=Judged(verdict=slower), latency_limit=timedelta(seconds=1))
    finding = only(an_exchange(body={"a": 1}, total_ms=5_000), context)
    assert finding.rule.name == "latency-regression"
    assert "p50 5000 ms, 50 times the usual 100 ms for Mondays at 09 h" in finding.message
    assert "since 08:12 UTC" in finding.message
    assert "limit of 1000 ms" in finding.message


def test_a_small_shift_is_for_information_unless_the_answer_is_beyond_the_limit(
    an_exchange: "ExchangeFactory",
) -> None:
    shift = Verdict(kind=Kind.SHIFT, usual_ms=100.0, now_ms=140.0, confidence=0.9)
    context = Context(latency=Judged(verdict=shift), latency_limit=timedelta(seconds=1))
    noted = only(an_exchange(body={"a": 1}, total_ms=140), context)
    assert (noted.rule.name, noted.severity) == ("latency-regression", Severity.INFO)
    exchange = an_exchange(body={"a": 1}, total_ms=1_400)
    assert only(exchange, context).rule.name == "latency-regression"  # a single one, so far
    late = {1_000.0: (exchange.started_at.timestamp(),) * 3}
    context = replace(context, latency=Judged(verdict=shift, late=late))
    assert only(exchange, context).rule.name == "latency-limit"


def test_without_anything_learned_only_the_limit_counts(an_exchange: "ExchangeFactory") -> None:
    context = Context(latency_limit=timedelta(seconds=1))
    assert only(an_exchange(body={"a": 1}, total_ms=5_000), context).rule.name == "latency-limit"


@pytest.mark.parametrize(
    ("status", "body", "headers", "rule"),
    [
        (200, b"", {}, "body-empty"),
        (200, b"<html>maintenance</html>", {}, "body-not-json"),
        (200, b'{"cut": "o', {}, "body-not-json"),
        (200, b'{"type": "list"}', {"content-type": "text/plain"}, "body-media-type"),
        (204, b"", {}, None),
    ],
)
def test_a_body_that_cannot_be_read_is_one_finding(
    an_exchange: "ExchangeFactory",
    status: int,
    body: bytes,
    headers: dict[str, str],
    rule: str | None,
) -> None:
    found = detect(an_exchange(status=status, body=body, headers=headers), NOTHING)
    assert [one.rule.name for one in found] == ([rule] if rule else [])


def test_an_accepted_cause_is_marked_with_its_reason(an_exchange: "ExchangeFactory") -> None:
    broken = an_exchange(status=422, body=envelope("x_y"))
    context = Context(accepted={only(broken).cause: "known until May"})
    assert only(broken, context).accepted == "known until May"


def test_a_finding_carries_what_support_asks_for(an_exchange: "ExchangeFactory") -> None:
    finding = only(an_exchange(status=500, headers={"x-intercom-version": "9f26d01b"}))
    assert finding.request_id == "002d37gmte7nhkf9o4eg"
    assert finding.deployment == "9f26d01b"
    assert finding.severity is Severity.CRITICAL


HEADERS = (
    "deprecation sunset link warning retry-after x-ratelimit-reset x-ratelimit-limit "
    "x-ratelimit-remaining x-runtime x-request-id x-intercom-version intercom-version "
    "content-type location server date"
)
header_names = st.sampled_from(HEADERS.split())
header_values = st.one_of(
    st.text(max_size=60),
    st.integers().map(str),
    st.integers().map("@{}".format),
    st.sampled_from(
        (
            *("true", "?1", "?0", "@1e9", '299 - "Deprecated"', "<a>; rel=", '<x>; rel="sunset'),
            *("2.15", "@-99999999999999", "@253402300800", "9" * 400, "-1", "0", "1e309", "nan"),
            *("\xb2", "\u0663", '299 - ""', "Unstable", "text/html"),
            *("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359"),
            *('</contacts/1>; rel="canonical"', "<http://[>; rel=deprecation"),
        )
    ),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "errors", "code", "message", "data", "error_key", "app", "id"])
            | st.sampled_from(["field", "required_permissions", "region", "id_code", "deleted"])
            | st.sampled_from(["custom_attributes", "full_name", "data_type", "model", "name"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


HELD = Context(relied=embedded(), published=embedded(), known=frozenset())
ODD_BODIES = (
    b"",
    b"\xff\xfe\x00",
    b'\xef\xbb\xbf{"type": "list"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"id": ' + b"9" * 10_000 + b"}",
    b'{"created_at": 1e400, "id": NaN}',
    b'{"type": "list", "data": [' + b"null," * 20_000 + b"0]}",
    b'{"name": "\\ud800", "errors": [[]], "errors": {}}',
)
exchanges = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(
            (
                *("GET /me", "GET /tags", "GET /contacts", "GET /contacts/{contact_id}"),
                *("GET /data_attributes", "POST /contacts/search", "POST /x/search", None),
            )
        ),
        "status": st.integers(100, 599) | st.sampled_from([200, 401, 403, 404, 410, 422, 429, 503]),
        "body": documents | st.binary(max_size=60) | st.sampled_from(ODD_BODIES),
        "headers": st.dictionaries(header_names, header_values, max_size=6),
        "failure": st.none() | st.none() | st.sampled_from(FailureKind),
        "total_ms": st.floats(0, 1e6),
        "version": st.none() | st.text(max_size=8),
    }
)


@settings(max_examples=100, deadline=None)
@given(
    pass_=st.lists(exchanges, min_size=1, max_size=6),
    is_held_to_contracts=st.booleans(),
    region=st.sampled_from(["us", "eu", "nowhere"]),
    worked=st.none() | st.just(frozenset({"GET /tags"})),
)
def test_no_exchange_makes_a_detector_or_the_diagnosis_of_its_pass_raise(
    an_exchange: "ExchangeFactory",
    pass_: list[dict[str, Any]],
    is_held_to_contracts: bool,
    region: str,
    worked: frozenset[str] | None,
) -> None:
    context = HELD if is_held_to_contracts else NOTHING
    observations = []
    for one in pass_:
        exchange = an_exchange(**one, region=region)
        found = detect(exchange, context)
        assert len({finding.cause for finding in found}) == len(found)
        observations.append(Observation(exchange=exchange, findings=found))
    expected = Expectation(region=region, app_id="acme1", worked=worked)
    confirmations(observations)
    diagnosed = diagnose(list(reconciled(observations)), expected=expected)
    every = [finding for one in observations for finding in one.findings]
    for finding in [*every, *(one.finding for one in diagnosed)]:
        assert finding.message.endswith(".")
        assert Finding.from_json(finding.as_json()) == finding
    assert every == [] or diagnosed != (), "trouble is never explained away"


def test_every_detector_stands_in_the_table_under_a_name_of_its_own() -> None:
    assert len(set(DETECTORS.values())) == len(DETECTORS) == 10


def test_what_refuses_everybody_hurts_every_consumer(an_exchange: "ExchangeFactory") -> None:
    contract = embedded_contract()
    assert contract is not None
    consumers = consumers_of(contract)
    context = Context(reliance=Reliance(contract, consumers))
    everybody = {consumer.name for consumer in consumers}
    limited = only(an_exchange("GET /me", 429, envelope("rate_limit_exceeded")), context)
    assert set(limited.consumers) == everybody
    throttled = only(an_exchange("GET /me", 429, envelope("too_many_requests")), context)
    assert set(throttled.consumers) < everybody
