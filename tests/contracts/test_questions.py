"""Which identifiers stand in which path, and which question comes first."""

from typing import Any

import pytest

from contracts.cases import Cases
from contracts.exchanges import Operation
from contracts.identifiers import Identifiers
from contracts.links import Links
from contracts.spec import parse_spec
from tests.contracts.suite_runs import exchange


def test_a_link_tells_an_identifier_that_no_word_of_a_path_would() -> None:
    ok: dict[str, Any] = {"description": "ok"}
    by_id = {"operationId": "readBook", "parameters": {"isbn": "$response.body#/shelf/0/code"}}
    by_reference = {
        "operationRef": "#/paths/~1book~1{isbn}/get",
        "parameters": {"path.isbn": "$response.body#/newest"},
    }
    links = {"one": by_id, "other": {"$ref": "#/components/links/newest"}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "components": {"links": {"newest": by_reference}},
        "paths": {
            "/shelves": {"get": {"responses": {"200": {**ok, "links": links}}}},
            "/book/{isbn}": {"get": {"operationId": "readBook", "responses": {"200": ok}}},
        },
    }
    known = Identifiers(Links(parse_spec(document, source="books")).values)
    known.learn(exchange("GET /shelves", b'{"shelf":[{"code":7},{"code":8}],"newest":"x"}'))
    assert [known.fill("/book/{isbn}", turn) for turn in range(3)] == [
        {"isbn": "7"},
        {"isbn": "x"},
        {"isbn": "7"},
    ]
    for broken in (b"[]", b'{"shelf":[],"newest":{}}', b"no JSON"):
        nothing = Identifiers(Links(parse_spec(document, source="books")).values)
        nothing.learn(exchange("GET /shelves", broken))
        assert nothing.fill("/book/{isbn}") == {}


def test_identifiers_come_from_lists_and_fit_what_lies_below() -> None:
    known = Identifiers()
    known.learn(exchange("GET /contacts", b'{"data":[{"id":"a"},{"id":"b"},{"id":null}]}'))
    known.learn(exchange("POST /contacts/search", b'{"data":[{"id":"a","external_id":"A-1"}]}'))
    assert known.fill("/contacts/find_by_external_id/{external_id}") == {"external_id": "A-1"}
    known.learn(exchange("POST /tickets/search", b'{"tickets":[{"id":7}],"pages":{}}'))
    known.learn(exchange("GET /teams/{id}", b'{"id":"x","admins":[{"id":"y"}]}'))
    known.learn(exchange("GET /tags", b'{"data":[{"id":"z"}]}', status=500))
    known.learn(exchange("GET /segments", b"[]"))
    assert known.fill("/contacts/{contact_id}/notes") == {"contact_id": "a"}
    assert known.fill("/contacts/{contact_id}/notes", turn=1) == {"contact_id": "b"}
    assert known.fill("/tickets/{id}/tags/{tag_id}") == {"id": "7"}
    assert known.fill("/me") == {}


@pytest.mark.parametrize("word", ["search", "Search", "search.json"])
def test_an_id_that_is_a_word_of_another_path_does_not_stand_there(word: str) -> None:
    known = Identifiers(paths=("/articles", "/articles/{id}", "/articles/search", "/a/{id}/x"))
    body = f'{{"data":[{{"id":"{word}"}},{{"id":"b"}}]}}'.encode()
    known.learn(exchange("GET /articles", body))
    assert known.fill("/articles/{article_id}") == {"article_id": "b"}
    assert known.fill("/brands/{id}/articles/{article_id}") == {"article_id": word}


@pytest.mark.parametrize(
    "hostile",
    [
        "../admins",
        "..",
        "1?a=b",
        "http://127.0.0.1/1",
        "a;b",
        "A 1",
        "%2e%2e",
        "\\ud800",
        "1\\r\\nX: 1",
    ],
)
def test_an_identifier_that_would_ask_for_another_path_is_not_taken(hostile: str) -> None:
    known = Identifiers()
    items = f'[{{"id": "{hostile}"}}, {{"external_id": "{hostile}", "id": "c1@example.com"}}]'
    known.learn(exchange("GET /contacts", f'{{"data": {items}}}'.encode()))
    assert known.fill("/contacts/{id}") == {"id": "c1@example.com"}
    assert known.fill("/contacts/find_by_external_id/{external_id}") == {}


def test_the_first_question_is_the_plainest() -> None:
    spec = parse_spec(
        {
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.15"},
            "paths": {
                "/logs": {
                    "get": {
                        "parameters": [
                            {
                                "name": "after",
                                "in": "query",
                                "required": True,
                                "schema": {"type": "string", "example": "1750000000"},
                            },
                            {"name": "before", "in": "query", "schema": {"type": "string"}},
                            {
                                "name": "word",
                                "in": "query",
                                "required": True,
                                "schema": {"type": "string"},
                            },
                        ],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        },
        source="small",
    )
    cases = Cases(spec, lambda environ, start_response: [], seed=0)
    logs = Operation(method="GET", path="/logs")
    first = cases.opening(logs, {})
    assert first.is_plain
    assert first.case.query == {"after": "1750000000", "word": "1"}
    second = cases.next(logs, {})
    assert second is not None
    assert not second.is_plain
