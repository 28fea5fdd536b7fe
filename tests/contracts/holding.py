"""Small descriptions and answers, and what departs in them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from contracts.conformance import Conformance, Departure
from contracts.exchanges import (
    Exchange,
    Headers,
    Operation,
    Request,
    Response,
)
from contracts.spec import Spec, parse_spec

JSON: Final = "application/json; charset=utf-8"
PATH: Final = "/things/{id}"


def spec_of(
    schema: object,
    components: Mapping[str, Any] | None = None,
    responses: Mapping[str, object] | None = None,
) -> Spec:
    """A description of `GET /things/{id}` that answers 200 with `schema`."""
    answers: dict[str, object] = {"200": {"content": {"application/json": {"schema": schema}}}}
    return parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"version": "2.15"},
            "paths": {PATH: {"get": {"responses": {**answers, **(responses or {})}}}},
            "components": {"schemas": dict(components or {})},
        },
        source="test",
    )


def answer(body: bytes, *, status: int = 200, content_type: str = JSON) -> Exchange:
    headers = Headers({"content-type": content_type} if content_type else {})
    return exchange_of(Response.of(status, headers, body))


def exchange_of(response: Response, operation: str = f"GET {PATH}") -> Exchange:
    parsed = Operation.parse(operation)
    return Exchange(
        workspace="test",
        region="us",
        version="2.15",
        operation=parsed,
        request=Request(method=parsed.method, url="http://127.0.0.1/"),
        response=response,
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def departures(
    schema: object, value: object, components: Mapping[str, Any] | None = None
) -> tuple[Departure, ...]:
    conformance = Conformance(spec_of(schema, components))
    return conformance.departures(answer(json.dumps(value).encode()))


def shown(found: tuple[Departure, ...]) -> list[tuple[str, str, str]]:
    return [(one.rule.removeprefix("schema-"), one.location, one.kind) for one in found]


def obj(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


INTEGER: Final = {"type": "integer"}
STRING: Final = {"type": "string"}


COMPONENTS: Final[dict[str, Any]] = {
    "contact": {
        **obj(
            id=STRING,
            owner={"$ref": "#/components/schemas/admin"},
            avatar={"$ref": "#/components/schemas/avatar", "nullable": True},
            tags={"type": "array", "items": {"$ref": "#/components/schemas/tag"}},
            custom_attributes={"type": "object", "additionalProperties": STRING},
        ),
        "required": ["id"],
    },
    "admin": obj(id=STRING),
    "avatar": obj(type=STRING),
    "tag": obj(name=STRING, at={**INTEGER, "format": "date-time"}),
}
CONTACT: Final = {"$ref": "#/components/schemas/contact"}
