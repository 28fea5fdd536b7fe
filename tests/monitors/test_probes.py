"""The packaged probes, a user's own, and the order in which a pass asks them."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.allowlist import is_allowed
from contracts.errors import ConfigurationError
from contracts.exchanges import Operation
from contracts.spec import Spec, read_spec
from monitors.probe_files import load_probes
from monitors.probes import (
    Identifier,
    Probe,
    in_order,
    requests_per_minute,
    require_that_it_fits,
    with_sources,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTACT = Identifier(
    name="contact_id", source=Operation.parse("GET /contacts"), pointer="/data/0/id"
)


@pytest.fixture(scope="module")
def embedded() -> Spec:
    return read_spec(Path(str(files("contracts").joinpath("intercom.yaml"))))


def own(folder: Path, text: str) -> Path:
    file = folder / "probes.yaml"
    file.write_text(text)
    return file


def test_the_27_packaged_probes_are_in_the_contract_and_only_read(embedded: Spec) -> None:
    probes = load_probes()
    assert len(probes) == 27
    for probe in probes:
        assert embedded.get(probe.identity), probe.operation
        assert is_allowed(probe.operation.method, probe.operation.path), probe.operation


def test_the_canary_is_asked_first_and_lists_before_what_is_read_from_them() -> None:
    order = [probe.identity for probe in load_probes()]
    assert order[0] == "GET /me"
    assert order.index("GET /contacts") < order.index("GET /contacts/{}/tags")
    assert order.index("POST /companies/list") < order.index("GET /companies/{}")


def test_a_probe_of_the_users_own_replaces_extends_or_drops(tmp_path: Path, embedded: Spec) -> None:
    file = own(
        tmp_path,
        """
        identifiers:
          ticket_id: {from: POST /tickets/search, at: /tickets/0/id}
        probes:
          - {operation: GET /tags, every: 30s}
          - {operation: "GET /tickets/{ticket_id}"}
          - {operation: GET /teams, enabled: false}
        """,
    )
    probes = {probe.identity: probe for probe in load_probes(file, specs=[embedded])}
    assert len(probes) == 27
    assert probes["GET /tags"].every == timedelta(seconds=30)
    assert probes["GET /tickets/{}"].template() == "GET /tickets/{id from POST /tickets/search}"
    assert "GET /teams" not in probes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "probes:\n  - {operation: GET /contact}",
            r":2 probes GET /contact, which is not in .*: did you mean GET /contacts\?",
        ),
        (
            "probes:\n  - {operation: DELETE /contacts/x}",
            r":2 probes DELETE /contacts/x, which is not in",
        ),
        (
            "probes:\n\n  - {operation: POST /contacts}",
            r":3 probes POST /contacts, which is never sent since it is not on the list of reads",
        ),
        ("probes:\n  - {operation: contacts}", r":2 has a wrong value for `probes.0.operation`"),
        (
            "probes:\n  - {operation: GET /tags, evry: 5m}",
            r":2 has the unknown key `evry`: did you mean `every`\?",
        ),
        (
            "probes:\n  - {operation: GET /tags, every: 5}",
            r":2 has a wrong value for `probes.0.every`: write a duration such as 30s",
        ),
        (
            "probes:\n  - {operation: GET /tags, every: 1s}",
            r":2 has a wrong value for .*every`: it .* at least 10s",
        ),
        (
            'probes:\n  - {operation: "GET /tags/{tag_id}"}',
            r":2 needs \{tag_id\}, and no identifier has that name: add it under `identifiers:`",
        ),
        (
            "probes:\n  - {operation: GET /admins, enabled: false}",
            r"probes.yaml:\d+ reads GET /admins/\{admin_id\} with an identifier from GET /admins",
        ),
        ("- just\n- a list", r":1 must be a mapping with `probes:`"),
        ("hello", r":1 must be a mapping with `probes:`"),
        ("probes:\n  - {evry: 5m}", r":2 has the unknown key `evry`"),
        ("probes:\n  - {every: 5m}", r":2 lacks the key `operation`: add it"),
        (
            "probes:\n  - operation: GET /tags\n    query: {a: {agoo: 1d}}",
            r":3 has the unknown key `agoo`: did you mean `ago`\?",
        ),
        (
            "probes:\n  - operation: GET /tags\n    query: {a: [1]}",
            r":3 has a wrong value for `probes.0.query.a`: write text",
        ),
        (
            "identifiers:\n  x: {from: GET /tags, at: foo}",
            r":2 has a wrong value for `identifiers.x.at`: write a JSON Pointer such as /data/0/id",
        ),
        ("probes: [", r":1: not valid YAML .*: mend that line"),
        ("", r"probes.yaml: the file is empty"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(
    tmp_path: Path, embedded: Spec, text: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as error:
        load_probes(own(tmp_path, text), specs=[embedded])
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere.yaml does not exist: check the path"):
        load_probes(tmp_path / "nowhere.yaml")


def test_a_time_ago_is_unix_seconds_when_it_is_sent() -> None:
    probe = Probe(
        operation=Operation.parse("GET /admins/activity_logs"),
        every=timedelta(minutes=15),
        query={"created_at_after": timedelta(days=7), "per_page": "5"},
    )
    week_ago = str(int((NOW - timedelta(days=7)).timestamp()))
    assert probe.query_at(NOW) == {"created_at_after": week_ago, "per_page": "5"}


def test_identifiers_are_text_in_paths_whatever_bodies_make_of_them() -> None:
    assert CONTACT.found_in({"data": [{"id": "6762"}, {"id": 17}, {"id": None}, {}]}) == (
        "6762",
        "17",
    )
    assert CONTACT.found_in({"data": []}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "id", "0", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(document=JSON, pointer=st.sampled_from(["/data/0/id", "/id", "/data", "/0/id", "/data/0"]))
def test_no_answer_makes_the_search_for_an_identifier_fail(document: object, pointer: str) -> None:
    source = Operation.parse("GET /contacts")
    found = Identifier(name="x", source=source, pointer=pointer).found_in(document)
    assert all(isinstance(one, str) for one in found)


def test_a_list_is_asked_too_where_an_identifier_has_to_be_chosen() -> None:
    every = load_probes()
    tags = [probe for probe in every if probe.identity == "GET /contacts/{}/tags"]
    chosen = [probe.identity for probe in with_sources(tags, every, pinned=())]
    assert chosen == ["GET /contacts", "GET /contacts/{}/tags"]
    assert with_sources(tags, every, pinned=["contact_id"]) == tuple(tags)


def test_identifiers_that_lead_in_circles_still_have_an_order() -> None:
    one = Identifier(name="b", source=Operation.parse("GET /b/{b}"), pointer="/id")
    other = Identifier(name="a", source=Operation.parse("GET /a/{a}"), pointer="/id")
    every = timedelta(minutes=5)
    probes = [
        Probe(operation=Operation.parse("GET /a/{a}"), every=every, identifiers=(one,)),
        Probe(operation=Operation.parse("GET /b/{b}"), every=every, identifiers=(other,)),
    ]
    assert len(in_order(probes)) == 2


def test_a_schedule_that_does_not_fit_is_refused_with_the_sum() -> None:
    probes = load_probes()
    assert requests_per_minute(probes) < 10
    require_that_it_fits(probes, workspaces=20, allowed=5000)
    with pytest.raises(ConfigurationError, match=r"20 Intercom workspaces, \d+ together, and may"):
        require_that_it_fits(probes, workspaces=20, allowed=50)
