"""What may be sent. These tests hold the promise not to write by accident."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.allowlist import is_allowed, shipped_allowlist
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.spec import Spec
from contracts.wire import objection

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.mark.parametrize(
    "operation",
    [
        "GET /me",
        "GET /contacts/{contact_id}",
        "GET /contacts/63a07ddf05a32042dffac965",
        "POST /contacts/search",
        "POST /companies/list",
        "POST /conversations/search",
        "POST /tickets/search",
        "GET /messages/status",
    ],
)
def test_a_read_is_allowed(operation: str) -> None:
    method, _, path = operation.partition(" ")
    assert is_allowed(method, path)


@pytest.mark.parametrize(
    "operation",
    [
        "POST /contacts",
        "DELETE /contacts/63a07ddf05a32042dffac965",
        "PUT /contacts/{contact_id}",
        "POST /contacts/merge",
        "POST /events/summaries",
        "GET /nothing/we/know",
        "HEAD /me",
        "OPTIONS /me",
        "TRACE /me",
        "get /me",
        "GET  /me",
        "GET me",
        "GET ",
    ],
)
def test_what_is_not_on_the_list_is_refused(operation: str) -> None:
    method, _, path = operation.partition(" ")
    assert not is_allowed(method, path)


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize(
    "operation",
    [
        "GET /companies/scroll",
        "GET /companies/Scroll",
        "GET /companies/scroll.json",
        "GET /companies/%73croll",
        "GET /companies/scroll/contacts",
        "GET /companies/\uff53croll",
        "GET /export/content/data/1",
        "POST /export/content/data",
        "GET /download/content/data/1",
        "GET /EXPORT/workflows/1",
        "GET /calls/1/recording",
        "GET /calls/1/transcript",
        "POST /messages",
        "POST /phone_call_redirects",
        "PUT /ip_allowlist",
    ],
)
def test_some_things_are_never_sent_even_to_a_test_workspace(operation: str, writes: bool) -> None:
    method, _, path = operation.partition(" ")
    assert not shipped_allowlist(writes=writes).is_allowed(method, path)


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/contacts/../export/content/data/1",
        "/contacts/%2e%2e/companies",
        "/contacts/.",
        "/contacts//notes",
        "//contacts",
        "/contacts/",
        "/contacts/a%2Fb",
        "/contacts/a%5cb",
        "/contacts/a\\b",
        "/contacts/a%252Fb",
        "/contacts/a;b",
        "/contacts/a%3Fb",
        "/contacts/a?b",
        "/contacts/a#b",
        "/contacts/a%00b",
        "/contacts/a%0d%0ab",
        "/contacts/a%20b",
        "/contacts/%E2%80%A4%E2%80%A4",
        "/contacts/a%EF%BC%8Fb",
        "/contacts/%ff",
        "/contacts/%2",
        "/Contacts/1",
        "/contacts/1/Notes",
        "/contacts/1/notes.json",
        "contacts/1",
        "http://elsewhere.example/contacts/1",
    ],
)
def test_a_path_that_can_be_read_in_two_ways_is_refused(path: str, writes: bool) -> None:
    assert not shipped_allowlist(writes=writes).is_allowed("GET", path)


def test_a_proven_test_workspace_may_be_written_to() -> None:
    allowlist = shipped_allowlist(writes=True)
    assert allowlist.is_allowed("POST", "/contacts")
    assert allowlist.is_allowed("DELETE", "/contacts/63a07ddf05a32042dffac965")
    assert not allowlist.is_read("POST", "/contacts")


@given(
    st.sampled_from(("GET", *WRITES)),
    st.lists(
        st.one_of(
            st.sampled_from(
                ["companies", "scroll", "contacts", "export", "download", "search", "calls"]
            ),
            st.text(alphabet="aA.%2eEfF/\\;?#scrolexpt \t\u212a\uff0f\u2024", max_size=8),
            st.text(max_size=6),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_no_spelling_of_a_path_gets_around_the_list(
    method: str, segments: list[str], writes: bool
) -> None:
    path = "/" + "/".join(segments)
    if not shipped_allowlist(writes=writes).is_allowed(method, path):
        return
    # What is allowed reads the same to the most forgiving router.
    seen = unquote(unquote(path)).lower()
    assert ".." not in seen.split("/")
    assert "\\" not in seen
    assert seen.count("/") == path.count("/")
    assert not seen.startswith(("/companies/scroll", "/export", "/download"))
    assert writes or method == "GET" or path.endswith(("/search", "/list"))


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "x_http_method_override"])
def test_a_header_that_changes_the_method_is_refused(header: str) -> None:
    assert objection("/me", "", {header: "DELETE"}, None)


@pytest.mark.parametrize(
    "query",
    ["_method=delete", "a=1&_method=delete", "a=1;_METHOD=put", "%5Fmethod=delete", "_method[]=x"],
)
def test_a_parameter_that_changes_the_method_is_refused(query: str) -> None:
    assert objection("/me", query, {}, None)


@pytest.mark.parametrize("query", ["a=b c", "a=b\r\nX: y", "a=\u00e9", "a#b"])
def test_a_query_that_is_not_encoded_is_refused(query: str) -> None:
    assert objection("/me", query, {}, None)


def test_a_body_that_changes_the_method_is_refused() -> None:
    assert objection("/me", "", {}, b'{"_method": "delete"}')
    assert objection(
        "/me", "", {"Content-Type": "application/x-www-form-urlencoded"}, b"_method=delete"
    )
    assert objection("/me", "", {"Content-Type": "text/plain"}, b"x")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere.test"},
        {"Authorization": "Bearer x"},
        {"Intercom-Version": "1.0"},
        {"X-Trace": "a\r\nX-Other: b"},
        {"X-Trace": "\u20ac"},
        {"X\nTrace": "a"},
        {"": "a"},
    ],
)
def test_a_header_that_is_not_the_callers_is_refused(headers: dict[str, str]) -> None:
    assert objection("/me", "", headers, None)


@pytest.mark.parametrize("path", ["/contacts/{contact_id}", "/contacts/\u00e9", "/contacts/a b"])
def test_a_path_that_is_not_ready_for_the_wire_is_refused(path: str) -> None:
    assert objection(path, "", {}, None)


def test_an_honest_question_is_no_smuggling() -> None:
    body = b'{"query": {"field": "custom_attributes.payment_method", "value": "x"}}'
    assert (
        objection("/me", "per_page=5&filter%5Bx%5D=1", {"Accept": "application/json"}, body) is None
    )


def test_the_contract_keeps_all_its_reads() -> None:
    for version in SUPPORTED:
        spec = embedded_contract(version)
        assert spec is not None
        for found in spec.operations:
            operation = found.operation
            is_read = operation.method == "GET" or operation.path.endswith(("/search", "/list"))
            assert is_allowed(operation.method, operation.path) is is_read, operation


def test_every_published_get_is_on_the_list_or_refused_for_a_reason(
    shared_dir: Path, published: Callable[[str], Spec]
) -> None:
    allowlist = shipped_allowlist()
    unlisted = set()
    for path in sorted((shared_dir / "intercom-openapi").glob("*.yaml")):
        for found in published(f"intercom-openapi/{path.name}").operations:
            operation = found.operation
            reason = allowlist.refusal(operation.method, operation.path)
            if operation.method == "GET" and reason and "not on the list" in reason:
                unlisted.add(operation.path)
            if operation.method != "GET" and reason is None:
                assert operation.path.endswith(("/search", "/list")), (path.name, operation)
    assert not unlisted
