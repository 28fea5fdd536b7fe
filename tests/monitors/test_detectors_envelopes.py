"""What an error says, in whichever envelope, and what of it may be repeated."""

from typing import TYPE_CHECKING, Any

import pytest

from monitors.detectors import Context, detect

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

from tests.monitors.detected import NOTHING, embedded, only


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"errors": [{"code": "parameter_invalid", "field": "model"}]}, "422 parameter_invalid"),
        ({"errors": {"rating": "must be between 1 and 5"}}, "422"),
        ({"error_key": "bad_phone", "message": "Invalid"}, "bad_phone"),
        ({"type": "error", "message": "Broken"}, "422"),
        ([1, 2], "422"),
        ({"errors": "no"}, "422"),
        (b"<html>", "422"),
    ],
)
def test_every_envelope_of_an_error_is_read(
    an_exchange: "ExchangeFactory", body: Any, field: str
) -> None:
    finding = only(an_exchange(status=422, body=body))
    assert finding.rule.name == "status-unprocessable"
    assert field in finding.message


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"code": "parameter_invalid", "field": "query"}]},
        {"errors": [{"code": "client_error"}, {"code": "parameter_invalid", "field": "query"}]},
        {"errors": {"query": "must be an object"}},
        {"error_key": "invalid", "field": "query", "message": "Invalid"},
        {"type": "error", "code": "invalid", "field": "query", "message": "Invalid"},
    ],
)
def test_the_field_is_named_from_every_envelope_that_has_one(
    an_exchange: "ExchangeFactory", body: Any
) -> None:
    finding = only(an_exchange("POST /contacts/search", 422, body), Context(relied=embedded()))
    assert "(field query)" in finding.message


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("GET /data_attributes", "model"),
        ("PUT /contacts/{contact_id}", "email"),
        ("PUT /contacts/{contact_id}", "custom_attributes"),
        ("POST /contacts/search", "pagination.per_page"),
        ("POST /contacts/{contact_id}/tags", "id"),
    ],
)
def test_a_field_that_the_request_declares_is_named(
    an_exchange: "ExchangeFactory", operation: str, field: str
) -> None:
    body = {"errors": [{"code": "parameter_invalid", "field": field}]}
    finding = only(an_exchange(operation, 422, body), Context(relied=embedded()))
    assert f"(field {field})" in finding.message


@pytest.mark.parametrize("form", ["list", "object"])
@pytest.mark.parametrize(
    "field",
    ["canary_plan", "custom_attributes.canary_plan", "email.canary", "data[0].canary", "canary[0]"],
)
@pytest.mark.parametrize("operation", ["GET /tags", "PUT /contacts/{contact_id}", "GET /calls"])
def test_a_field_that_may_be_a_customers_is_not_named(
    an_exchange: "ExchangeFactory", operation: str, field: str, form: str
) -> None:
    errors = [{"code": "parameter_invalid", "field": field}] if form == "list" else {field: "no"}
    exchange = an_exchange(operation, 422, {"type": "error.list", "errors": errors})
    for context in (NOTHING, Context(relied=embedded(), published=embedded())):
        assert "canary" not in str([one.as_json() for one in detect(exchange, context)])


def test_what_an_error_quotes_of_a_customer_is_not_repeated(an_exchange: "ExchangeFactory") -> None:
    canary = "Jane.Doe+canary@example.com"
    for status in (400, 401, 403, 404, 409, 410, 422, 429, 500):
        body = {"errors": [{"code": canary, "message": canary, "field": canary}]}
        finding = only(an_exchange(status=status, body=body))
        assert "canary" not in str(finding.as_json())
