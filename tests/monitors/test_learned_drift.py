"""What is not as it used to be, from the memory of a workspace to a finding."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.exchanges import Exchange
from contracts.overlays import embedded_contract
from contracts.reliance import Reliance, consumers_of
from contracts.rules import Severity
from monitors.detectors import Context, detect
from monitors.memory import Memory
from monitors.shapes import Change

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

OPERATION = "GET /contacts"


def change(rule: str, location: str, expected: str, observed: str) -> Change:
    return Change(
        rule=rule, location=location, expected=expected, observed=observed, evidence="told so"
    )


GONE = change("schema-required", "/data/*/browser", "string", "absent")


def remembered(documents: dict[str, Any]) -> Memory:
    return Memory.of("acme", documents, reference="a test", new_key=lambda: "a key")


def test_a_shape_is_learned_from_pass_to_pass_and_what_changed_is_found(
    an_exchange: "ExchangeFactory",
) -> None:
    documents: dict[str, Any] = {}

    def passed(day: int, **fields: object) -> tuple[Change, ...]:
        memory = remembered(documents)
        items = [{"type": "contact", "id": str(day * 10 + at), **fields} for at in range(10)]
        exchange = an_exchange(OPERATION, body={"type": "list", "data": items})
        found = memory.compare(
            replace(exchange, started_at=exchange.started_at + timedelta(days=day))
        )
        for (kind, workspace), document in memory.changes().items():
            assert workspace == "acme"
            documents[kind] = json.loads(json.dumps(document))
        return found

    for day in range(10):
        assert passed(day, browser="x", os="y") == ()
    (found,) = passed(10, os="y")
    assert (found.rule, found.location) == (GONE.rule, GONE.location)
    assert documents["shape-key"] == "a key"


def test_an_error_that_is_sent_as_a_success_is_no_first_sight(
    an_exchange: "ExchangeFactory",
) -> None:
    memory = remembered({})
    error = an_exchange(OPERATION, 200, {"type": "error.list", "errors": [{"code": "x"}]})
    assert memory.compare(error) == ()
    memory.census.take(OPERATION, detect(error, Context()))
    assert memory.census.known(OPERATION) is None
    assert not any(kind.startswith("shape") for kind, _ in memory.changes())


def test_nothing_is_learned_from_a_failure(an_exchange: "ExchangeFactory") -> None:
    memory = remembered({})
    assert memory.compare(an_exchange(OPERATION, status=404, body={"type": "error.list"})) == ()
    assert memory.compare(an_exchange(OPERATION, body=b"<html>")) == ()
    assert memory.changes() == {}


@pytest.fixture
def faithful(an_exchange: "ExchangeFactory") -> Exchange:
    return an_exchange(OPERATION, body={"type": "list", "data": [], "pages": {}, "total_count": 0})


def context(*changed: Change, known: frozenset[str] | None = frozenset()) -> Context:
    contract = embedded_contract("2.15")
    assert contract is not None
    return Context(
        relied=Conformance(contract),
        reliance=Reliance(contract, consumers_of(contract)),
        known=known,
        changed=changed,
    )


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        (GONE, Severity.WARNING),
        (change("schema-required", "/data/*/email", "string", "absent"), Severity.CRITICAL),
        (change("schema-null", "/data/*/email", "string", "null"), Severity.WARNING),
        (change("schema-enum", "/data/*/browser", "enum", "string"), Severity.INFO),
        (change("schema-undocumented", "/data/*/email", "absent", "string"), Severity.INFO),
    ],
)
def test_what_changed_matters_by_what_it_breaks(
    faithful: Exchange, changed: Change, severity: Severity
) -> None:
    (found,) = (
        one
        for one in detect(faithful, context(changed))
        if (one.rule.name, one.location) == (changed.rule, changed.location)
    )
    assert found.severity is severity
    assert found.message.endswith(": told so.")
    assert bool(found.consumers) == (
        changed.location == "/data/*/email" and changed.rule != "schema-undocumented"
    )


def test_what_a_description_says_already_is_one_finding(an_exchange: "ExchangeFactory") -> None:
    body = {"type": "list", "data": "none", "pages": {}, "total_count": 0}
    changed = change("schema-type", "/data", "array", "string")
    found = [
        one
        for one in detect(an_exchange(OPERATION, body=body), context(changed))
        if one.location == "/data"
    ]
    assert [one.rule.name for one in found] == ["schema-type"]
    assert "the relied-upon contract" in found[0].message
