"""A finding's identity and its published form."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.exchanges import Operation
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity

words = st.text(st.characters(codec="utf-8"), max_size=30)
operations = st.builds(
    Operation,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.from_regex(r"/[a-z_]{1,10}(/\{[a-z_]{1,8}\})?(/[a-z]{1,8})?", fullmatch=True),
)
findings = st.builds(
    Finding,
    rule=st.sampled_from(list(RULES.values())),
    severity=st.sampled_from(Severity),
    workspace=words,
    region=st.sampled_from(["us", "eu", "au", "-"]),
    version=st.none() | words,
    operation=st.none() | operations,
    location=words,
    expected=words,
    observed=words,
    message=words,
    remedy=words,
    consumers=st.lists(words, max_size=3).map(tuple),
    accepted=st.none() | words,
    certainty=st.sampled_from(Certainty),
    request_id=st.none() | words,
    deployment=st.none() | words,
    stage=st.integers(0, 4),
    deprecated_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    ends_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    observed_at=st.datetimes(timezones=st.just(UTC)),
)


@given(findings)
def test_a_finding_survives_its_published_form(finding: Finding) -> None:
    again = Finding.from_json(json.loads(json.dumps(finding.as_json())))
    assert again == finding
    assert again.cause == finding.cause
    assert again.fingerprint == finding.fingerprint


@given(findings, words, words)
def test_identity_rests_on_no_message_and_on_no_severity(
    finding: Finding, message: str, workspace: str
) -> None:
    form = finding.as_json() | {"message": message, "severity": "info", "workspace": workspace}
    other = Finding.from_json(form)
    assert other.cause == finding.cause
    assert (other.fingerprint == finding.fingerprint) == (workspace == finding.workspace)


def test_renaming_a_path_parameter_changes_nothing() -> None:
    causes = {
        a_finding(Operation.parse(f"GET /contacts/{{{name}}}")).cause for name in ("id", "other")
    }
    assert len(causes) == 1


@pytest.mark.parametrize(
    "change",
    [{"rule": "no-such-rule"}, {"severity": "fatal"}, {"operation": "nowhere"}, {"consumers": 3}],
)
def test_what_is_no_finding_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Finding.from_json(a_finding(None).as_json() | change)


def test_a_missing_member_is_refused() -> None:
    form = a_finding(None).as_json()
    del form["observed"]
    with pytest.raises(ValueError, match="observed"):
        Finding.from_json(form)


def a_finding(operation: Operation | None) -> Finding:
    return Finding(
        rule=RULES["schema-type"],
        severity=Severity.WARNING,
        operation=operation,
        location="/data/*/id",
        expected="string",
        observed="integer",
        message="It departs.",
        observed_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
