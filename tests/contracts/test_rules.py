"""The table of rules is complete and says what it means."""

import re

import pytest

from contracts.rules import RULES, Evidence, Rule, Scope, Severity

NAMES = """
auth-token-missing auth-token-malformed auth-token-refused auth-token-revoked auth-token-expired
auth-token-blocked auth-wrong-region auth-scope-missing auth-plan-restricted auth-blocked
auth-workspace-changed request-required request-refused
schema-type schema-null schema-enum schema-required schema-undocumented
schema-format schema-constraint schema-unresolvable status-undocumented status-bad-request
status-not-found status-gone status-conflict status-unprocessable deprecation-announced
deprecation-sunset deprecation-contradictory deprecation-endpoint-gone version-unavailable
version-mismatch latency-connection latency-regression latency-limit latency-payload
latency-timeout latency-objective rate-limit-exceeded server-error timeout
connection-dns connection-refused connection-reset connection-tls connection-redirect-loop
connection-failed body-empty body-not-json body-media-type body-truncated body-too-large
body-envelope auth-not-enforced pagination-repeated pagination-lost pagination-size pagination-list
search-mismatch search-sort search-filter write-lost write-spread write-undeleted header-missing
rate-limit-incoherent status-invalid-accepted auth-refusal-status read-other read-differs
pagination-incoherent search-stale write-unlisted header-repeated
connection-network connection-proxy version-default version-behind status-forbidden status-mismatch
"""


def test_every_name_that_others_rely_on_is_a_rule() -> None:
    assert set(RULES) == set(NAMES.split())


def test_a_rule_stands_under_its_own_name() -> None:
    assert all(name == rule.name for name, rule in RULES.items())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_explains_itself_in_whole_sentences(rule: Rule) -> None:
    for text in (rule.meaning, rule.remedy, rule.example):
        assert text.endswith(".")
        assert text == text.strip()
        assert "  " not in text
    assert rule.meaning[0].isupper()
    assert rule.remedy[0].isupper()
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)


def test_severities_rise() -> None:
    assert sorted(Severity, key=lambda one: one.rank) == [
        Severity.INFO,
        Severity.WARNING,
        Severity.CRITICAL,
    ]


def test_a_token_is_one_workspaces_and_a_schema_is_everybodys() -> None:
    assert RULES["auth-token-revoked"].scope is Scope.WORKSPACE
    schemas = [rule for rule in RULES.values() if rule.name.startswith("schema-")]
    assert all(rule.scope is Scope.API for rule in schemas)


def test_a_schema_departure_is_over_only_when_its_place_was_seen() -> None:
    schemas = [rule for rule in RULES.values() if rule.name.startswith("schema-")]
    assert all(rule.measured_by is Evidence.BODY for rule in schemas)


def test_what_may_be_a_blip_never_opens_at_once() -> None:
    blips = ("latency-limit", "connection-", "timeout", "server-error", "rate-limit-", "body-")
    assert not any(rule.at_once for rule in RULES.values() if rule.name.startswith(blips))
