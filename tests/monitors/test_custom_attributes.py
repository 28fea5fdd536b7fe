"""What a workspace does to its own attributes is no drift, where /data_attributes tells of it."""

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.diagnosis import Observation, diagnose
from monitors.diagnosis.attributes import reconciled

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

PLAN = {"name": "plan", "data_type": "string", "custom": True, "archived": False}
VIP = {"name": "is_vip", "data_type": "boolean", "custom": True, "archived": False}


def found(name: str, rule: str, expected: str, observed: str) -> Any:
    """Make the finding of a contact's custom attribute."""

    def make(an_exchange: "ExchangeFactory") -> Observation:
        exchange = an_exchange("GET /contacts")
        finding = Finding(
            rule=RULES[rule],
            severity=Severity.CRITICAL,
            workspace="acme",
            operation=exchange.operation,
            location=f"/data/*/custom_attributes/{name}",
            expected=expected,
            observed=observed,
            message="It departs.",
            observed_at=exchange.started_at,
        )
        return Observation(exchange=exchange, findings=(finding,))

    return make


BOOLEAN = found("*", "schema-type", "string", "boolean")
NULL = found("*", "schema-null", "string", "null")
OBJECT = found("*", "schema-type", "string", "object")
GONE = found("plan", "schema-required", "string", "absent")


@pytest.mark.parametrize(
    ("make", "attributes", "severity"),
    [
        (BOOLEAN, [PLAN, VIP], Severity.INFO),
        (BOOLEAN, [PLAN], Severity.CRITICAL),
        (BOOLEAN, [VIP | {"archived": True}], Severity.CRITICAL),
        (BOOLEAN, [VIP | {"custom": False}], Severity.CRITICAL),
        (BOOLEAN, None, Severity.CRITICAL),
        (NULL, [PLAN], Severity.INFO),
        (OBJECT, [PLAN, VIP], Severity.CRITICAL),
        (GONE, [VIP], Severity.WARNING),
        (GONE, [PLAN | {"archived": True}], Severity.WARNING),
        (GONE, [PLAN], Severity.CRITICAL),
        (GONE, None, Severity.CRITICAL),
    ],
)
def test_what_departs_is_held_against_what_the_workspace_declares(
    an_exchange: "ExchangeFactory", make: Any, attributes: list[Any] | None, severity: Severity
) -> None:
    body = {"type": "list", "data": attributes}
    status = 200 if attributes is not None else 503
    declaring = Observation(exchange=an_exchange("GET /data_attributes", status, body))
    (only,) = diagnose(reconciled([make(an_exchange), declaring]))
    assert only.finding.severity is severity
    told = severity is not Severity.CRITICAL or (make is GONE and attributes is None)
    assert ("GET /data_attributes" in only.finding.message) == told
    if make is GONE and attributes is None:
        assert "not known" in only.finding.message
        assert only.finding.remedy.startswith("See in Intercom")
    elif make is GONE and told:
        assert "report it" not in str(only.finding.as_json()["remedy"])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=4),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "name", "data_type", "custom"]), some)
    ),
)


@given(body=ANYTHING)
def test_no_answer_is_too_strange_to_be_held_against(
    an_exchange: "ExchangeFactory", body: Any
) -> None:
    declaring = Observation(exchange=an_exchange("GET /data_attributes", 200, body))
    judged = reconciled([BOOLEAN(an_exchange), declaring])
    assert [len(one.findings) for one in judged] == [1, 0], "what is judged is never dropped"
