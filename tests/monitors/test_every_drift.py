"""Every kind of drift that issue and description speak of, from passes over real answers to a
finding at its place: three days of a workspace that is well, and then one that is not."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from contracts.conformance import Conformance
from contracts.exchanges import Headers, Response
from contracts.spec import parse_spec
from monitors.detectors import Context, detect
from monitors.memory import Memory

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

GOOD, BAD = 30, 15
PER_DAY = 10
"""Objects: enough to learn from, and half of that to tell by."""

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
ITEM = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "type": STRING,
        "id": STRING,
        "name": STRING,
        "size": INTEGER,
        "state": {"type": "string", "enum": ["open", "closed"]},
        "at": INTEGER,
        "opened_at": INTEGER,
        "link": STRING,
        "note": {"type": "string", "nullable": True},
        "tags": {"type": "array", "items": STRING},
    },
}
SPEC = parse_spec(
    {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "2.15"},
        "paths": {
            "/things": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "ok",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {
                                            "type": STRING,
                                            "data": {"type": "array", "items": ITEM},
                                        },
                                    }
                                }
                            },
                        }
                    }
                }
            }
        },
    },
    source="things",
)
PUBLISHED = Conformance(SPEC)
Body = dict[str, Any]


def body(first: int) -> Body:
    return {
        "type": "list",
        "data": [
            {
                "type": "thing",
                "id": str(number),
                "name": "x",
                "size": number,
                "state": ("open", "closed")[number % 2],
                "at": 1_700_000_000 + number,
                "opened_at": 1_700_000_000 + number,
                "link": f"https://example.com/{number}",
                "note": None if number % 2 else "x",
                "tags": ["a"],
            }
            for number in range(first, first + PER_DAY)
        ],
    }


def each(change: Callable[[Body], object]) -> Callable[[Body], Body]:
    """Change every item of a list."""

    def changed(whole: Body) -> Body:
        for item in whole["data"]:
            change(item)
        return whole

    return changed


DRIFT: dict[str, tuple[Callable[[Body], object], str, str]] = {
    "type changed": (each(lambda i: i.update(size="1")), "schema-type", "/data/*/size"),
    "null where never": (each(lambda i: i.update(name=None)), "schema-null", "/data/*/name"),
    "null from now on": (each(lambda i: i.update(note=None)), "schema-null", "/data/*/note"),
    "unknown value": (each(lambda i: i.update(state="new")), "schema-enum", "/data/*/state"),
    "required missing": (each(lambda i: i.pop("name")), "schema-required", "/data/*/name"),
    "vanished though optional": (
        each(lambda i: i.pop("size")),
        "schema-required",
        "/data/*/size",
    ),
    "field added": (each(lambda i: i.update(fresh=1)), "schema-undocumented", "/data/*/fresh"),
    "container changed": (each(lambda i: i.update(tags={})), "schema-type", "/data/*/tags"),
    "renamed": (
        each(lambda i: i.update(amount=i.pop("size"))),
        "schema-required",
        "/data/*/size",
    ),
    "format of a string": (each(lambda i: i.update(link="x")), "schema-format", "/data/*/link"),
    "milliseconds, by what was usual": (
        each(lambda i: i.update(at=i["at"] * 1000)),
        "schema-format",
        "/data/*/at",
    ),
    "milliseconds, by name": (
        each(lambda i: i.update(opened_at=i["opened_at"] * 1000)),
        "schema-format",
        "/data/*/opened_at",
    ),
    "another envelope": (
        lambda whole: {"type": "list", "things": whole["data"]},
        "schema-required",
        "/data",
    ),
    "a bare list": (lambda whole: whole["data"], "schema-type", "/"),
    "empty body": (lambda whole: b"", "body-empty", "body"),
    "no JSON": (lambda whole: b"<html>", "body-not-json", "body"),
    "JSON cut off": (lambda whole: json.dumps(whole).encode()[:-9], "body-not-json", "body"),
    "wrong media type": (lambda whole: ("text/plain", whole), "body-media-type", "media-type"),
    "status undocumented": (lambda whole: (203, whole), "status-undocumented", "status"),
}


@pytest.mark.parametrize("kind", [*DRIFT, "nothing"])
def test_each_kind_of_drift_is_found_at_its_place(
    an_exchange: "ExchangeFactory", kind: str
) -> None:
    change, rule, location = DRIFT.get(kind, (lambda whole: whole, "", ""))
    documents: dict[str, Any] = {}

    def passed(day: int, answered: object) -> set[tuple[str, str]]:
        """Take one answer as a pass does, by a process of its own."""
        memory = Memory.of("acme", documents, reference="things", new_key=lambda: "a key")
        status, media_type = 200, "application/json"
        if isinstance(answered, tuple):
            head, answered = answered
            status, media_type = (head, media_type) if head == 203 else (status, head)
        content = answered if isinstance(answered, bytes) else json.dumps(answered).encode()
        exchange = an_exchange("GET /things")
        exchange = replace(
            exchange,
            response=Response.of(status, Headers({"content-type": media_type}), content),
            started_at=exchange.started_at + timedelta(days=day),
        )
        identity = "GET /things"
        context = Context(
            published=PUBLISHED,
            known=memory.census.known(identity),
            changed=memory.compare(exchange),
        )
        findings = detect(exchange, context)
        memory.census.take(identity, findings)
        for (name, _), document in memory.changes().items():
            documents[name] = json.loads(json.dumps(document))
        return {(one.rule.name, one.location) for one in findings}

    for day in range(GOOD):
        assert passed(day, body(day * PER_DAY)) == set()
    found: set[tuple[str, str]] = set()
    for day in range(GOOD, GOOD + BAD):
        found |= passed(day, change(deepcopy(body(day * PER_DAY))))
    if kind == "nothing":
        assert found == set()
    else:
        assert (rule, location) in found
