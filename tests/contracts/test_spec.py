"""A description read as operations."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.documents import parse_document
from contracts.errors import SpecError
from contracts.spec import Spec, parse_spec, read_spec

MINIMAL = """\
openapi: 3.0.1
info: {title: T, version: '2.15'}
paths:
  /contacts/{contact_id}:
    parameters:
    - {name: contact_id, in: path, required: true, schema: {type: string}}
    get:
      operationId: ShowContact
      tags: [Contacts]
      parameters:
      - $ref: '#/components/parameters/version'
      - {name: contact_id, in: path, required: true, schema: {type: integer}}
      responses:
        200:
          description: yes
          content:
            application/json; charset=utf-8: {schema: {$ref: '#/components/schemas/contact'}}
        4XX: {description: no}
        default: {$ref: '#/components/responses/error'}
    delete: {responses: {'200': {description: gone}}}
  /contacts/search:
    post:
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {}
  /contacts/{contact_id}/notes: {get: {responses: {}}}
components:
  parameters: {version: {name: Intercom-Version, in: header, schema: {type: string}}}
  responses: {error: {description: e, content: {text/plain: {}}}}
  schemas:
    contact: {type: object, properties: {example: {$ref: '#/components/schemas/name'}}}
    name: {type: string}
"""


def minimal() -> Spec:
    return parse_spec(parse_document(MINIMAL, source="m").value, source="m")


def with_paths(paths: dict[str, Any], **more: Any) -> Spec:
    document = {"openapi": "3.0.1", "info": {"version": "2.15"}, "paths": paths, **more}
    return parse_spec(document, source="test")


def test_an_operation_knows_its_parameters_those_of_the_path_overridden_by_its_own() -> None:
    operation = minimal().get("GET /contacts/{}")
    assert operation is not None
    assert [(p.name, p.location, p.required, p.schema) for p in operation.parameters] == [
        ("contact_id", "path", True, {"type": "integer"}),
        ("Intercom-Version", "header", False, {"type": "string"}),
    ]
    assert operation.operation_id == "ShowContact"
    assert operation.tags == ("Contacts",)
    assert operation.pointer == "/paths/~1contacts~1{contact_id}/get"


def test_an_answer_falls_under_its_status_then_its_class_then_the_default() -> None:
    operation = minimal().get("GET /contacts/{id}")
    assert operation is not None
    assert [operation.response_key(status) for status in (200, 404, 503)] == [
        "200",
        "4XX",
        "default",
    ]
    assert operation.response(503) == {"description": "e", "content": {"text/plain": {}}}
    assert operation.media_types(503) == ("text/plain",)
    assert operation.response_schema(503) is None
    assert operation.response_schema(200) == {"$ref": "#/components/schemas/contact"}
    assert operation.media_types(200) == ("application/json",)


def test_an_answer_that_is_not_documented_is_none() -> None:
    operation = minimal().get("DELETE /contacts/{}")
    assert operation is not None
    assert operation.response(404) is None
    assert operation.response_schema(404) is None
    assert operation.media_types(404) == ()


def test_the_schema_of_a_request_is_that_of_its_json_body() -> None:
    search, show = minimal().get("POST /contacts/search"), minimal().get("GET /contacts/{}")
    assert search is not None
    assert show is not None
    assert search.request_schema == {"type": "object"}
    assert show.request_schema is None


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("get", "/contacts/12", "GET /contacts/{contact_id}"),
        ("POST", "/contacts/search", "POST /contacts/search"),
        ("GET", "/contacts/search", "GET /contacts/{contact_id}"),
        ("GET", "/contacts/12/notes?page=2", "GET /contacts/{contact_id}/notes"),
        ("GET", "/contacts/{contact_id}", "GET /contacts/{contact_id}"),
        ("GET", "/contacts/", None),
        ("GET", "/contacts//notes", None),
        ("PATCH", "/contacts/12", None),
        ("GET", "contacts/12", None),
        ("GET", "/", None),
    ],
)
def test_a_concrete_path_belongs_to_one_operation(
    method: str, path: str, expected: str | None
) -> None:
    found = minimal().match(method, path)
    assert (str(found.operation) if found else None) == expected


def test_a_literal_segment_wins_and_a_dead_end_is_walked_back() -> None:
    spec = with_paths(
        {
            "/a/{x}/c": {"get": {"responses": {}}},
            "/a/b/d": {"get": {"responses": {}}},
            "/a/b/": {"get": {"responses": {}}},
            "/a/b": {"get": {"responses": {}}},
        }
    )
    matched = {path: spec.match("GET", path) for path in ("/a/b/c", "/a/b/d", "/a/b", "/a/b/")}
    assert {path: found and found.operation.path for path, found in matched.items()} == {
        "/a/b/c": "/a/{x}/c",
        "/a/b/d": "/a/b/d",
        "/a/b": "/a/b",
        "/a/b/": "/a/b/",
    }


def test_a_reference_is_followed_to_its_end() -> None:
    spec = with_paths(
        {},
        components={
            "schemas": {
                "a": {"$ref": "#/components/schemas/b"},
                "b": {"$ref": "#/components/schemas/c~1d"},
                "c/d": {"type": "string"},
            },
            "lists": [{"x": 1}],
        },
    )
    assert spec.resolve("#/components/schemas/a") == {"type": "string"}
    assert spec.resolve("#/components/lists/0/x") == 1


@pytest.mark.parametrize(
    "ref",
    [
        "#/components/schemas/gone",
        "#/components/lists/7",
        "#/components/schemas/loop",
        "other.yaml#/components/schemas/a",
        "https://elsewhere.invalid/a",
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error_and_listed(ref: str) -> None:
    spec = with_paths(
        {},
        components={
            "schemas": {
                "bad": {"properties": {"p": {"$ref": ref}}},
                "loop": {"$ref": "#/components/schemas/loop"},
            },
            "lists": [],
        },
    )
    with pytest.raises(SpecError, match="reference"):
        spec.resolve(ref)
    assert ref in spec.unresolvable


def test_what_an_example_holds_is_no_reference_but_a_property_called_example_is() -> None:
    spec = minimal()
    assert spec.unresolvable == frozenset()
    spec = with_paths(
        {},
        components={
            "schemas": {
                "a": {"example": {"$ref": "#/nowhere"}, "default": {"$ref": "#/nowhere"}},
                "b": {"properties": {"example": {"$ref": "#/gone"}}},
            }
        },
    )
    assert spec.unresolvable == {"#/gone"}


def test_a_parameter_that_leads_nowhere_does_not_stop_the_reading() -> None:
    spec = with_paths({"/a/{b}": {"get": {"parameters": [{"$ref": "#/gone"}], "responses": {}}}})
    assert spec.operations[0].parameters == ()
    assert spec.unresolvable == {"#/gone"}


def test_every_name_of_preview_is_version_0() -> None:
    for name in ("Preview", "Unstable", "0"):
        document = {"openapi": "3.0.1", "info": {"version": name}, "paths": {}}
        assert parse_spec(document, source="t").version == "0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 3.0.1\ninfo:\n  version: 2.10\npaths: {}", ":3: .*quotes.*write '2.10'"),
        ("openapi: 3.0.1\ninfo: {version: '2.1'}\npaths: {}\npaths: {}", ":4: .*'paths'.*twice"),
        ("openapi: 3.0.1\ninfo: [a\npaths: {", ":[34]: not valid YAML.*cut off"),
        ("swagger: '2.0'\npaths: {}", "not an OpenAPI description"),
        ("openapi: 3.1.0\npaths: {}", "3.1.0.*only OpenAPI 3.0"),
        ("openapi: 3.0.1\ninfo: {}", "no `paths`"),
        ("openapi: 3.0.1\npaths: {contacts: {}}", "slash"),
        ("openapi: 3.0.1\npaths: {/a: []}", "not an object"),
        ("openapi: 3.0.1\npaths: {/a: {get: 1}}", "not an object"),
        ("openapi: 3.0.1\npaths: {/a: {get: {responses: 1}}}", "not an object"),
        ("just text", "not an OpenAPI description"),
        ("", "empty"),
        ("a: &x [*x]", ":1: .*contains itself"),
        ("a: !!python/object:os.system {}", "no meaning|not an OpenAPI|not valid"),
        ("a: .inf", ":1: "),
        ('{"openapi": "3.0.1", "info": {"version": 2.1}, "paths": {}}', "not text but a number"),
        ('{"openapi": "3.0.1",\n "paths": {},\n "paths": {}}', ":3: .*'paths'.*twice"),
        ("? [a, b]\n: c", ":1: .*write it as text"),
        ("[" * 5000, "YAML|nested"),
    ],
)
def test_a_file_that_is_no_description_is_refused_in_one_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message) as caught:
        read_spec(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.yaml does not exist"):
        read_spec(tmp_path / "gone.yaml")
    with pytest.raises(SpecError, match="cannot be read"):
        read_spec(tmp_path)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    with pytest.raises(SpecError, match="YAML"):
        read_spec(path)


def test_keys_are_text_and_dates_stay_text() -> None:
    document = parse_document("200: a\non: b\nday: 2020-01-02\nyes: no", source="t").value
    assert document == {"200": "a", "on": "b", "day": "2020-01-02", "yes": False}


def test_a_document_knows_its_lines() -> None:
    document = parse_document("a:\n  b:\n  - x\n  - y\n", source="t")
    assert document.line("a", "b", 1) == 4
    assert document.line("a", "c") is None


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    for text in (json.dumps({"a": value}), json.dumps([value], ensure_ascii=False, indent=1)):
        assert parse_document(text, source="t").value == json.loads(text)


@given(JSON_VALUES)
def test_any_document_is_a_description_or_refused(value: Any) -> None:
    for document in (value, {"openapi": "3.0.0", "paths": value}):
        with suppress(SpecError):
            assert isinstance(parse_spec(document, source="t"), Spec)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("parameters", "responses", "requestBody", "tags", "operationId"), JSON_VALUES
        ),
    )
)
def test_any_operation_is_read_or_refused(definition: dict[str, Any]) -> None:
    operation = None
    with suppress(SpecError):
        operation = with_paths({"/a/{b}": {"get": definition}}).operations[0]
    if operation is None:
        return
    assert operation.operation.identity == "GET /a/{}"
    for status in (200, 404):
        with suppress(SpecError):
            assert isinstance(operation.response_schema(status), dict | bool | None)
            assert all(isinstance(one, str) for one in operation.media_types(status))


@pytest.mark.parametrize(
    ("version", "operations"),
    [("2.7", 98), ("2.10", 108), ("2.11", 108), ("2.12", 118), ("2.14", 150), ("2.15", 162)],
)
def test_the_published_descriptions_are_read_whole(
    shared_dir: Path, version: str, operations: int
) -> None:
    spec = read_spec(shared_dir / "intercom-openapi" / f"{version}.yaml")
    assert (spec.version, len(spec.operations)) == (version, operations)
    for operation in spec.operations:
        for status in operation.responses:
            operation.response(int(status) if status.isdigit() else 200)
    # 2.7 to 2.11 hold one that leads nowhere.
    expected = {"#/components/schemas/custom_attributes"} if operations <= 108 else set()
    assert spec.unresolvable == expected


@pytest.mark.parametrize(
    ("beginning", "level"),
    [("", "["), ("", '{"a":'), ("a: ", "["), ("a: ", "{a: "), ("", "- "), ("", "? "), ("", " ")],
)
def test_an_abyss_of_levels_is_one_sentence_and_not_the_end_of_the_process(
    beginning: str, level: str
) -> None:
    with pytest.raises(SpecError, match="x: nested too deep") as error:
        parse_document(beginning + level * 100_000, source="x")
    assert "\n" not in str(error.value)
