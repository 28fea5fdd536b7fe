"""The contract against what is published, and the list of what is meant to differ."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from contracts.comparison import Difference, Disagreement, Kind, compare, read_differences
from contracts.errors import SpecError
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.spec import Spec, parse_spec, read_spec


def description(
    response: dict[str, Any] | None = None,
    *,
    request: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    path: str = "/things",
    version: str = "2.15",
) -> Spec:
    """A description of one operation."""
    answer: dict[str, Any] = {"description": "d"}
    if response is not None:
        answer["content"] = {"application/json": {"schema": response}}
    operation: dict[str, Any] = {"responses": {"200": answer}, "parameters": parameters or []}
    if request is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": request}}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": version},
        "paths": {path: {"post": operation}},
    }
    return parse_spec(document, source="test")


def told(ours: Spec, theirs: Spec, *differences: Difference) -> list[tuple[str, str, str, str]]:
    return [
        (one.location, one.kind.value, one.ours, one.theirs)
        for one in compare(ours, theirs, differences)
    ]


def fields(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


STRING: dict[str, Any] = {"type": "string"}
NULLABLE: dict[str, Any] = {"type": "string", "nullable": True}
INTEGER: dict[str, Any] = {"type": "integer"}


@pytest.fixture(scope="module")
def published(shared_dir: Path) -> Callable[[str], Spec]:
    known: dict[str, Spec] = {}

    def read(version: str) -> Spec:
        if version not in known:
            known[version] = read_spec(shared_dir / "intercom-openapi" / f"{version}.yaml")
        return known[version]

    return read


@pytest.mark.parametrize("version", SUPPORTED)
def test_nothing_disagrees_with_what_is_published_but_what_is_stated(
    published: Callable[[str], Spec], version: str
) -> None:
    contract = embedded_contract(version)
    assert contract is not None
    found = compare(contract, published(version), read_differences())
    assert [str(one) for one in found] == []


@pytest.mark.parametrize(
    ("component", "field", "replacement", "kind"),
    [
        ("Contact", "role", INTEGER, Kind.WIDER),
        ("Contact", "role", {"type": "string", "enum": ["user"]}, Kind.NARROWER),
        ("Contact", "phone", STRING, Kind.NARROWER),
        ("Contact", "invented", STRING, Kind.MISSING),
        ("Team", "admin_ids", {"type": "array", "items": STRING}, Kind.WIDER),
        ("NewTag", "invented", STRING, Kind.MISSING),
        ("NewTag", "name", INTEGER, Kind.WIDER),
    ],
)
def test_a_planted_disagreement_is_found(
    published: Callable[[str], Spec],
    component: str,
    field: str,
    replacement: dict[str, Any],
    kind: Kind,
) -> None:
    contract = embedded_contract()
    assert contract is not None
    document = deepcopy(contract.document)
    document["components"]["schemas"][component]["properties"][field] = replacement
    planted = parse_spec(document, source="planted")
    found = compare(planted, published("2.15"), read_differences())
    assert (f"{component}/{field}", kind) in {
        (one.place.removesuffix("/*"), one.kind) for one in found
    }


def test_an_operation_that_is_not_published_is_found(published: Callable[[str], Spec]) -> None:
    contract = embedded_contract()
    assert contract is not None
    document = deepcopy(contract.document)
    document["paths"]["/invented"] = document["paths"]["/me"]
    found = compare(parse_spec(document, source="p"), published("2.15"), read_differences())
    assert [(one.place, one.kind) for one in found] == [("GET /invented", Kind.MISSING)]


def test_a_contract_agrees_with_itself() -> None:
    contract = embedded_contract()
    assert contract is not None
    assert compare(contract, contract, ()) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "disagreements"),
    [
        (STRING, STRING, []),
        (INTEGER, {"type": "number"}, [("/a", "narrower", "integer", "number")]),
        ({"type": "number"}, INTEGER, [("/a", "wider", "number", "integer")]),
        (NULLABLE, STRING, [("/a", "wider", "string|null", "string")]),
        (STRING, NULLABLE, [("/a", "narrower", "string", "string|null")]),
        ({}, STRING, []),
        (STRING, {}, []),
        (STRING, {"type": "string", "enum": ["x"]}, []),
        (
            {"type": "string", "enum": ["x"]},
            {"type": "string", "enum": ["x", "y"]},
            [("/a", "narrower", "enum", "enum with y")],
        ),
        (
            {"type": "string", "enum": ["x", "y"]},
            {"type": "string", "enum": ["x"]},
            [("/a", "wider", "enum with y", "enum")],
        ),
        ({"type": "string", "enum": ["x"]}, STRING, [("/a", "narrower", "enum", "string")]),
        ({"anyOf": [STRING, INTEGER]}, {"oneOf": [INTEGER, STRING]}, []),
        (
            {"anyOf": [STRING, INTEGER]},
            STRING,
            [("/a", "wider", "integer|string", "string")],
        ),
        (
            {"type": "array", "items": fields(b=STRING)},
            {"type": "array", "items": fields(b=INTEGER)},
            [("/a/*/b", "narrower", "string", "integer"), ("/a/*/b", "wider", "string", "integer")],
        ),
        (fields(b=STRING), {"allOf": [fields(b=STRING), fields(c=STRING)]}, []),
        (fields(b=STRING), {"type": "object", "additionalProperties": STRING}, []),
        (fields(b=STRING), fields(c=STRING), [("/a/b", "missing", "string", "absent")]),
    ],
)
def test_answers_are_compared_as_what_we_accept(
    ours: dict[str, Any], theirs: dict[str, Any], disagreements: list[tuple[str, str, str, str]]
) -> None:
    found = told(description(fields(a=ours)), description(fields(a=theirs)))
    assert found == disagreements


@pytest.mark.parametrize(
    ("ours", "theirs", "disagreements"),
    [
        (fields(a=STRING), fields(a={"anyOf": [STRING, INTEGER]}), []),
        (fields(a=INTEGER), fields(a={"type": "number"}), []),
        (
            fields(a=STRING),
            fields(a=INTEGER),
            [("/a", "wider", "string", "integer")],
        ),
        (fields(a=STRING), fields(a=NULLABLE), []),
        (fields(a=NULLABLE), fields(a=STRING), [("/a", "wider", "string|null", "string")]),
        (
            fields(a=STRING),
            fields(a={"type": "string", "enum": ["x"]}),
            [("/a", "wider", "string", "enum")],
        ),
        (
            fields(a=STRING),
            {**fields(a=STRING, b=STRING), "required": ["b"]},
            [("/", "required", "optional", "required")],
        ),
        (fields(a=STRING), None, [("/", "missing", "a body", "absent")]),
    ],
)
def test_requests_are_compared_as_what_we_send(
    ours: dict[str, Any],
    theirs: dict[str, Any] | None,
    disagreements: list[tuple[str, str, str, str]],
) -> None:
    found = told(description(request=ours), description(request=theirs))
    assert found == disagreements


def parameter(name: str, location: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": location, "schema": schema, **more}


def test_a_parameter_of_the_path_is_found_whatever_its_name() -> None:
    ours = description(path="/a/{one}", parameters=[parameter("one", "path", INTEGER)])
    theirs = description(path="/a/{two}", parameters=[parameter("two", "path", STRING)])
    assert told(ours, theirs) == []  # an integer is text in a URL


def test_text_where_they_take_a_number_is_wider() -> None:
    ours = description(path="/a/{one}", parameters=[parameter("one", "path", STRING)])
    theirs = description(path="/a/{one}", parameters=[parameter("one", "path", INTEGER)])
    assert told(ours, theirs) == [("one", "wider", "string", "integer")]


def test_parameters_that_one_side_lacks_are_found() -> None:
    ours = description(parameters=[parameter("mine", "query", STRING)])
    theirs = description(parameters=[parameter("must", "query", STRING, required=True)])
    assert told(ours, theirs) == [
        ("mine", "missing", "string", "absent"),
        ("must", "required", "absent", "required"),
    ]


def test_a_header_is_the_clients_business() -> None:
    theirs = description(parameters=[parameter("Intercom-Version", "header", STRING)])
    assert told(description(), theirs) == []


def test_a_body_that_they_do_not_describe_is_found() -> None:
    assert told(description(fields(a=STRING)), description()) == [
        ("/", "missing", "a body", "absent")
    ]


def test_a_schema_that_contains_itself_is_compared_to_its_end() -> None:
    tree = fields(child={"$ref": "#/components/schemas/Tree"}, name=STRING)
    ours, theirs = (description({"$ref": "#/components/schemas/Tree"}) for _ in range(2))
    ours.document["components"] = {"schemas": {"Tree": tree}}
    theirs.document["components"] = {"schemas": {"Tree": fields(child=tree["properties"]["child"])}}
    assert told(ours, theirs) == [("/name", "missing", "string", "absent")]


def difference(place: str, kind: Kind, *versions: str) -> Difference:
    return Difference(place=place, kind=kind, evidence="e", versions=frozenset(versions))


def test_a_stated_difference_explains_its_place_and_kind_only() -> None:
    ours, theirs = (
        description(fields(a=NULLABLE, b=NULLABLE)),
        description(fields(a=STRING, b=STRING)),
    )
    (found,) = compare(ours, theirs, [difference("POST /things 200/a", Kind.WIDER)])
    assert (found.place, found.location) == ("POST /things 200/b", "/b")
    assert compare(ours, theirs, [difference("POST /things *", Kind.WIDER)]) == []


def test_a_difference_that_does_not_occur_is_stale() -> None:
    spec = description(fields(a=STRING))
    assert compare(spec, spec, [difference("Thing/a", Kind.WIDER)]) == [
        Disagreement(
            place="Thing/a", kind=Kind.STALE, operation="*", location="*", ours="wider", theirs="-"
        )
    ]


def test_a_difference_of_another_version_is_neither_used_nor_stale() -> None:
    spec = description(fields(a=STRING))
    assert compare(spec, spec, [difference("Thing/a", Kind.WIDER, "2.11")]) == []


def test_every_stated_difference_has_evidence_and_a_version_that_is_supported() -> None:
    stated = read_differences()
    assert 20 < len(stated) < 80
    for one in stated:
        assert len(one.evidence) > 2, one.place
        assert one.versions <= set(SUPPORTED), one.place
        assert one.kind is not Kind.STALE


@pytest.mark.parametrize(
    "entry", ["- place: A/b", "- {place: A/b, kind: bigger, evidence: e}", "- text", "- 7"]
)
def test_a_malformed_difference_is_named_with_its_line(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "differences.yaml"
    path.write_text(f"- {{place: A/a, kind: wider, evidence: e}}\n{entry}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"differences\.yaml:2: a difference needs `place`"):
        read_differences(path)


def test_differences_that_are_no_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "differences.yaml"
    path.write_text("place: A/a\n", encoding="utf-8")
    with pytest.raises(SpecError, match="not a list of differences"):
        read_differences(path)
