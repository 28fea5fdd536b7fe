"""What stands in a description, read apart from the code that is tested."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jsonschema_rs

from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.spec import Spec

KEPT_OUT_OF_SCHEMAS = frozenset({"example", "examples", "enum", "default"})


def expressions(value: Any) -> Iterator[str]:
    """The runtime expressions anywhere in the value of a link."""
    if isinstance(value, str):
        if value.startswith("$"):
            yield value
    elif isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from expressions(child)


def contracts_by_version() -> Iterator[tuple[str, Spec]]:
    for version in SUPPORTED:
        found = embedded_contract(version)
        assert found is not None
        yield version, found


def recorded(case: dict[str, Any], version: str) -> Exchange:
    operation = Operation(method=case["operation"]["method"], path=case["operation"]["path"])
    answer = case["response"]
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    return Exchange(
        workspace="-",
        region="-",
        version=version,
        operation=operation,
        request=Request(method=operation.method, url="http://127.0.0.1/"),
        response=Response.of(
            answer["status"], Headers({"content-type": answer["content_type"]}), body.encode()
        ),
        started_at=datetime(2026, 5, 7, tzinfo=UTC),
    )


def schemas(value: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that looks like a schema, properties named like keywords included."""
    if isinstance(value, dict):
        if {"type", "$ref", "anyOf", "oneOf", "properties", "nullable"} & set(value) and not (
            pointer.endswith("/properties")
        ):
            yield pointer, value
        for key, child in value.items():
            if key not in KEPT_OUT_OF_SCHEMAS or pointer.endswith("/properties"):
                yield from schemas(child, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from schemas(child, f"{pointer}/{index}")


def examples(contract: Spec) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Each example with the schema it has to keep: of schemas, media types and parameters."""
    yield from _examples(contract.document, "")


def _examples(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any], Any]]:
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _examples(child, f"{pointer}/{index}")
    if not isinstance(value, dict):
        return
    names_fields = pointer.endswith("/properties")
    if not names_fields:
        schema = value.get("schema", value)
        if "example" in value:
            yield pointer, schema, value["example"]
        for name, example in (value.get("examples") or {}).items():
            yield f"{pointer}/{name}", schema, example["value"]
    for key, child in value.items():
        if names_fields or key not in KEPT_OUT_OF_SCHEMAS:
            yield from _examples(child, f"{pointer}/{key}")


def validator(contract: Spec, schema: dict[str, Any] | None) -> jsonschema_rs.Draft4Validator:
    """A validator made here, apart from the project's own: null where `nullable` says so."""
    assert schema is not None
    text = json.dumps(schema)
    return _compiled(text, _components(contract) if "$ref" in text else "{}")


@cache
def _compiled(schema: str, components: str) -> jsonschema_rs.Draft4Validator:
    document = {
        "components": json.loads(components),
        "allOf": [honour_nullable(json.loads(schema))],
    }
    return jsonschema_rs.Draft4Validator(document)


@cache
def _components(contract: Spec) -> str:
    return json.dumps({"schemas": honour_nullable(contract.document["components"]["schemas"])})


def honour_nullable(value: Any) -> Any:
    if isinstance(value, list):
        return [honour_nullable(child) for child in value]
    if not isinstance(value, dict):
        return value
    converted = {key: honour_nullable(child) for key, child in value.items()}
    if converted.pop("nullable", False) is True:
        return {"anyOf": [converted, {"type": "null"}]}
    return converted
