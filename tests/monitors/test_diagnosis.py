"""From the findings of a pass to their causes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.exchanges import Exchange, FailureKind, TransportFailure
from contracts.findings import Certainty
from contracts.rules import Severity
from monitors.detectors import Context, detect
from monitors.diagnosis import (
    MOST,
    Diagnosed,
    Expectation,
    Observation,
    confirmations,
    diagnose,
)
from monitors.latencies import Judged
from monitors.regression import Kind, Verdict

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

ME = "GET /me"
OTHERS = (
    "GET /tags",
    "GET /contacts",
    "GET /contacts/{contact_id}",
    "GET /companies",
    "GET /teams",
)
KNOWN = Context(known=frozenset())
SLOW = Context(
    latency=Judged(
        verdict=Verdict(kind=Kind.REGRESSION, usual_ms=100.0, now_ms=2_000.0, confidence=0.9)
    ),
    known=frozenset(),
)


def seen(*exchanges: Exchange, context: Context = KNOWN) -> list[Observation]:
    return [Observation(exchange=one, findings=detect(one, context)) for one in exchanges]


def refused(code: str) -> dict[str, Any]:
    return {"type": "error.list", "errors": [{"code": code, "message": "No."}]}


def me(region: str = "US", app: str = "acme1") -> dict[str, Any]:
    return {"type": "admin", "app": {"type": "app", "id_code": app, "region": region}}


def rules(diagnosed: Sequence[Diagnosed]) -> list[str]:
    return [one.finding.rule.name for one in diagnosed]


def test_a_healthy_pass_has_no_cause(an_exchange: "ExchangeFactory") -> None:
    assert diagnose(seen(an_exchange(ME, body=me()), *map(an_exchange, OTHERS))) == ()


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("unauthorized", "auth-token-refused"),
        ("token_revoked", "auth-token-revoked"),
        ("token_expired", "auth-token-expired"),
        ("token_blocked", "auth-token-blocked"),
        ("missing_authorization", "auth-token-missing"),
    ],
)
def test_a_refused_token_is_one_critical_finding(
    an_exchange: "ExchangeFactory", code: str, rule: str
) -> None:
    pass_ = seen(*(an_exchange(one, 401, refused(code)) for one in (ME, *OTHERS)))
    (only,) = diagnose(pass_)
    assert (only.finding.rule.name, only.finding.severity) == (rule, Severity.CRITICAL)
    assert only.finding.operation is None
    assert only.operations == tuple(sorted((ME, *OTHERS)))
    assert only.confirmed


def test_a_token_that_dies_in_the_middle_of_a_pass_is_one_cause(
    an_exchange: "ExchangeFactory",
) -> None:
    body = refused("token_revoked")
    before = [an_exchange(ME, body=me()), an_exchange("GET /tags")]
    after = [an_exchange("GET /contacts", 401, body)]
    assert confirmations(seen(*before, *after))[0].path == "/me"
    assert rules(diagnose(seen(*before, *after, an_exchange(ME, 401, body)))) == [
        "auth-token-revoked"
    ]


def test_a_token_that_does_not_look_like_one_is_malformed(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(an_exchange(ME, 401, refused("unauthorized")))
    expected = Expectation(token_is_well_formed=False)
    assert rules(diagnose(pass_, expected=expected)) == ["auth-token-malformed"]


def test_on_a_regional_host_a_refusal_may_be_the_token_or_the_region(
    an_exchange: "ExchangeFactory",
) -> None:
    pass_ = seen(an_exchange(ME, 401, refused("unauthorized"), region="eu"))
    (only,) = diagnose(pass_, expected=Expectation(region="eu"))
    assert "another region than EU" in only.finding.message
    assert only.finding.certainty is Certainty.INFERRED


@pytest.mark.parametrize(("status", "code"), [(401, "token_unauthorized"), (403, "forbidden")])
def test_a_refusal_while_me_works_is_a_missing_permission(
    an_exchange: "ExchangeFactory", status: int, code: str
) -> None:
    broken = ("GET /contacts", "GET /contacts/{contact_id}")
    pass_ = seen(
        an_exchange(ME, body=me()),
        *(an_exchange(one) for one in OTHERS if one not in broken),
        *(an_exchange(one, status, refused(code)) for one in broken),
    )
    (only,) = diagnose(pass_)
    assert only.finding.rule.name == "auth-scope-missing"
    assert only.operations == broken


def test_a_bare_401_while_me_works_is_a_missing_permission_too(
    an_exchange: "ExchangeFactory",
) -> None:
    pass_ = seen(an_exchange(ME, body=me()), an_exchange("GET /tags", 401, refused("unauthorized")))
    assert rules(diagnose(pass_)) == ["auth-scope-missing"]


def test_two_permissions_are_two_findings(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, body=me()),
        *(an_exchange(one) for one in OTHERS[1:]),
        an_exchange("GET /tags", 403, refused("forbidden")),
        an_exchange("GET /tickets/{id}", 403, refused("forbidden")),
    )
    causes = {one.finding.cause for one in diagnose(pass_)}
    assert len(causes) == 2


def test_what_was_never_allowed_is_a_warning(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(an_exchange(ME, body=me()), an_exchange("GET /tags", 403, refused("forbidden")))
    never, lost = (
        diagnose(pass_, expected=Expectation(worked=worked))[0].finding.severity
        for worked in (frozenset[str](), frozenset({"GET /tags"}))
    )
    assert (never, lost) == (Severity.WARNING, Severity.CRITICAL)


def test_a_feature_that_never_worked_is_not_applicable_and_one_that_did_is_lost(
    an_exchange: "ExchangeFactory",
) -> None:
    body = refused("api_plan_restricted")
    pass_ = seen(
        an_exchange(ME, body=me()),
        *(an_exchange(one, 403, body) for one in ("GET /tags", "GET /teams")),
    )
    assert {one.finding.severity for one in diagnose(pass_)} == {Severity.INFO}
    worked = Expectation(worked=frozenset({"GET /tags", "GET /teams"}))
    (only,) = diagnose(pass_, expected=worked)
    assert (only.finding.severity, only.finding.operation) == (Severity.CRITICAL, None)


def test_another_region_explains_the_refusals(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, body=me("EU")),
        *(an_exchange(one, 401, refused("unauthorized")) for one in OTHERS),
    )
    (only,) = diagnose(pass_, expected=Expectation(region="us", consumers=("crm", "warehouse")))
    assert (only.finding.rule.name, only.finding.severity) == (
        "auth-wrong-region",
        Severity.CRITICAL,
    )
    assert only.finding.consumers == ("crm", "warehouse"), "a token hurts whoever uses it"


def test_another_region_that_works_all_the_same_is_only_noted(
    an_exchange: "ExchangeFactory",
) -> None:
    (only,) = diagnose(
        seen(an_exchange(ME, body=me("EU")), an_exchange()), expected=Expectation(region="us")
    )
    assert only.finding.severity is Severity.INFO


def test_a_token_of_another_workspace_is_told_without_naming_it(
    an_exchange: "ExchangeFactory",
) -> None:
    (only,) = diagnose(
        seen(an_exchange(ME, body=me(app="other9"))), expected=Expectation(app_id="acme1")
    )
    assert only.finding.rule.name == "auth-workspace-changed"
    assert "other9" not in str(only.finding.as_json())


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_intercom_down_is_one_cause(an_exchange: "ExchangeFactory", status: int) -> None:
    pass_ = seen(*(an_exchange(one, status, b"") for one in (ME, *OTHERS)))
    (only,) = diagnose(pass_)
    assert (only.finding.rule.name, only.finding.operation) == ("server-error", None)
    assert "6 of 6 operations" in only.finding.message


def test_an_outage_that_shows_in_several_ways_is_one_cause(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, 503, b""),
        an_exchange("GET /tags", failure=FailureKind.READ_TIMEOUT),
        an_exchange("GET /teams", 502, b"<html>"),
        an_exchange("GET /contacts", failure=FailureKind.RESET),
    )
    assert rules(diagnose(pass_)) == ["server-error"]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (FailureKind.DNS, "connection-dns"),
        (FailureKind.REFUSED, "connection-refused"),
        (FailureKind.TLS, "connection-tls"),
        (FailureKind.CONNECT_TIMEOUT, "timeout"),
    ],
)
def test_a_host_that_is_never_reached_is_most_likely_our_side(
    an_exchange: "ExchangeFactory", kind: FailureKind, rule: str
) -> None:
    pass_ = seen(*(an_exchange(one, failure=kind) for one in (*OTHERS[:3], ME)))
    (only,) = diagnose(pass_)
    assert (only.finding.rule.name, only.finding.operation) == (rule, None)
    assert "this machine's side" in only.finding.message


def test_one_endpoint_down_is_that_endpoints(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, body=me()), *map(an_exchange, OTHERS[1:]), an_exchange("GET /tags", 503)
    )
    (only,) = diagnose(pass_)
    assert str(only.finding.operation) == "GET /tags"


def test_what_a_second_request_does_not_show_is_not_confirmed(
    an_exchange: "ExchangeFactory",
) -> None:
    pass_ = seen(an_exchange(ME, body=me()), an_exchange("GET /tags", 503), an_exchange())
    (only,) = diagnose(pass_)
    assert not only.confirmed


@pytest.mark.parametrize("repeated", [2, len(OTHERS)])
def test_a_burst_of_failures_that_is_over_when_asked_again_is_one_unconfirmed_cause(
    an_exchange: "ExchangeFactory", repeated: int
) -> None:
    first = [an_exchange(one, 503) for one in OTHERS]
    again = [an_exchange(one) for one in OTHERS[:repeated]]
    (only,) = diagnose(seen(*first, an_exchange(ME, body=me()), *again))
    assert only.finding.operation is None
    assert not only.confirmed


def test_a_used_up_rate_limit_is_the_apps(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, body=me()), an_exchange("GET /tags", 429, refused("rate_limit_exceeded"))
    )
    (only,) = diagnose(pass_)
    assert (only.finding.operation, only.operations) == (None, ("GET /tags",))
    assert confirmations(pass_) == ()


def test_slowness_of_most_operations_is_one_cause(an_exchange: "ExchangeFactory") -> None:
    answers = [an_exchange(one, body=me(), total_ms=2_000) for one in (ME, *OTHERS)]
    pass_ = seen(*answers, context=SLOW)
    (only,) = diagnose(pass_)
    assert (only.finding.rule.name, only.finding.operation) == ("latency-regression", None)


def test_an_object_that_is_still_listed_and_not_found_means_that_the_endpoint_is_gone(
    an_exchange: "ExchangeFactory",
) -> None:
    listed = an_exchange("GET /contacts", body={"data": [{"id": "7"}]})
    url = "https://api.intercom.io/contacts/"
    found = {
        identifier: rules(
            diagnose(
                seen(
                    an_exchange(ME, body=me()),
                    listed,
                    an_exchange("GET /contacts/{contact_id}", 404, url=url + identifier),
                )
            )
        )
        for identifier in ("7", "8")
    }
    assert found == {"7": ["deprecation-endpoint-gone"], "8": ["status-not-found"]}


def test_a_merged_contact_that_is_still_listed_is_no_endpoint_gone(
    an_exchange: "ExchangeFactory",
) -> None:
    listed = an_exchange("GET /contacts", body={"data": [{"id": "7"}]})
    merged = an_exchange(
        "GET /contacts/{contact_id}",
        410,
        refused("contact_merged"),
        url="https://api.intercom.io/contacts/7",
    )
    assert rules(diagnose(seen(an_exchange(ME, body=me()), listed, merged))) == ["status-gone"]


def test_an_outage_by_a_certificate_says_what_is_wrong_with_it(
    an_exchange: "ExchangeFactory",
) -> None:
    expired = TransportFailure(kind=FailureKind.TLS, detail="certificate has expired (_ssl.c:1)")
    pass_ = seen(
        *(
            replace(an_exchange(one, failure=FailureKind.TLS), failure=expired)
            for one in (ME, *OTHERS)
        )
    )
    (only,) = diagnose(pass_)
    assert only.finding.rule.name == "connection-tls"
    assert "the host's certificate has expired" in only.finding.message


def test_unrelated_trouble_survives_a_broader_cause(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(
        an_exchange(ME, 401, refused("unauthorized")),
        *(an_exchange(one, 401, refused("unauthorized")) for one in OTHERS[1:]),
        an_exchange("GET /tags", headers={"deprecation": "true"}),
    )
    assert sorted(rules(diagnose(pass_))) == ["auth-token-refused", "deprecation-announced"]


def test_confirming_asks_the_canary_and_the_same_operation(an_exchange: "ExchangeFactory") -> None:
    pass_ = seen(an_exchange("GET /tags", 500), an_exchange("GET /teams"))
    assert [str(one) for one in confirmations(pass_)] == [ME, "GET /tags"]


@pytest.mark.parametrize(
    "headers", [{"deprecation": "@1688169599"}, {"intercom-version": "2.11"}, {}]
)
def test_what_is_certain_needs_no_second_request(
    an_exchange: "ExchangeFactory", headers: dict[str, str]
) -> None:
    assert confirmations(seen(an_exchange(ME, headers=headers), an_exchange(headers=headers))) == ()


answers = st.sampled_from([200, 200, 200, 401, 403, 404, 410, 422, 429, 500, 503])


@settings(max_examples=150)
@given(
    statuses=st.lists(answers, min_size=1, max_size=25),
    failing=st.none() | st.sampled_from(FailureKind),
    code=st.sampled_from(["unauthorized", "token_revoked", "forbidden", "api_plan_restricted"]),
)
def test_confirming_ends_within_its_budget_and_every_cause_is_told_once(
    an_exchange: "ExchangeFactory", statuses: list[int], failing: FailureKind | None, code: str
) -> None:
    observations = seen(
        *(
            an_exchange(f"GET /thing{at}" if at else ME, status, refused(code))
            for at, status in enumerate(statuses)
        )
    )
    begun = len(observations)
    while wanted := confirmations(observations):
        observations += seen(*(an_exchange(str(one), 500, failure=failing) for one in wanted))
    assert len(observations) - begun <= MOST
    diagnosed = diagnose(observations)
    causes = [one.finding.cause for one in diagnosed]
    assert len(causes) == len(set(causes))
    assert diagnose(observations) == diagnosed
    assert bool(diagnosed) == any(one.findings for one in observations)
