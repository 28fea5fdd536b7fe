"""Trouble that begins with another deployment of Intercom's says so, once."""

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.rules import RULES, Severity
from monitors.deployments import Deployments

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

OLD, NEW = "a" * 40, "b" * 40


def said(an_exchange: "ExchangeFactory", known: Deployments, deployment: str, *rules: str) -> str:
    exchange = an_exchange("GET /tags", headers={"x-intercom-version": deployment})
    findings = [
        Finding(
            rule=RULES[rule],
            severity=Severity.WARNING,
            operation=exchange.operation,
            location="/a",
            expected="string",
            observed="null",
            message="It is.",
            observed_at=exchange.started_at,
        )
        for rule in rules
    ]
    return " ".join(one.message for one in known.take(exchange, findings))


def test_only_what_came_with_the_deployment_is_laid_to_it(an_exchange: "ExchangeFactory") -> None:
    first = Deployments()
    assert said(an_exchange, first, OLD, "schema-null") == "It is."
    second = Deployments.of(first.document())
    message = said(an_exchange, second, NEW, "schema-null", "schema-type")
    assert message == (
        "It is. It is. It begins with Intercom's deployment bbbbbbbbbb; the last answer without it "
        "came from aaaaaaaaaa."
    )
    third = Deployments.of(second.document())
    assert said(an_exchange, third, "c" * 40, "schema-null", "schema-type") == "It is. It is."


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    )
)
def test_no_document_is_too_strange_to_be_forgotten(document: object) -> None:
    assert Deployments.of(Deployments.of(document).document()) == Deployments.of(document)
