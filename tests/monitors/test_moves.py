"""What came in the place of what is gone."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.departures import Departure
from monitors.detectors.moves import Move, moves


def gone(place: str, kinds: str = "string", count: int = 1) -> Departure:
    return Departure(
        rule="schema-required", location=place, expected=kinds, observed="absent", count=count
    )


def came(place: str, kind: str = "string", count: int = 1) -> Departure:
    return Departure(
        rule="schema-undocumented", location=place, expected="absent", observed=kind, count=count
    )


def nothing(location: str) -> str:
    return ""


def moved(*departures: Departure, told: Callable[[str], str] = nothing) -> dict[str, str]:
    return {place: move.place for place, move in moves(departures, None, told=told).items()}


def test_a_field_of_the_same_type_and_a_like_name_in_as_many_objects_came_in_its_place() -> None:
    lost = gone("/data/*/email", count=3)
    assert moved(lost, came("/data/*/email_address", count=3)) == {
        "/data/*/email": "/data/*/email_address"
    }


@pytest.mark.parametrize(
    "other",
    [
        came("/data/*/email_address", "integer"),
        came("/data/*/email_address", "null"),
        came("/data/*/email_address", count=2),
        came("/data/*/label"),
        came("/email_address"),
        came("/data/*/*"),
    ],
    ids=["another type", "no value", "elsewhere too", "another name", "elsewhere", "not shown"],
)
def test_what_is_not_like_it_is_something_else(other: Departure) -> None:
    assert moved(gone("/data/*/email"), other) == {}


def test_an_id_is_not_another_id() -> None:
    assert moved(gone("/owner_id"), came("/admin_id")) == {}


def test_where_two_could_be_meant_none_is() -> None:
    assert moved(gone("/name"), came("/full_name"), came("/nickname")) == {}
    assert moved(gone("/name"), gone("/email"), came("/full_name"), came("/mail")) == {
        "/name": "/full_name",
        "/email": "/mail",
    }


def test_what_earlier_answers_tell_counts_first() -> None:
    known = {"/email": "/label"}
    found = moved(
        gone("/email"), came("/label"), came("/email_address"), told=lambda it: known.get(it, "")
    )
    assert found == known


LIST = [{"id": "1"}]


@pytest.mark.parametrize(
    ("departures", "document", "expected"),
    [
        ([gone("/data", "array"), came("/items", "array")], {"items": LIST}, "/items"),
        ([gone("/data", "array")], {"contacts": {"data": LIST}}, "/contacts/data"),
        ([gone("/data", "array")], {"a": {"data": LIST}, "b": {"data": LIST}}, None),
        ([gone("/data", "array")], {"canary@example.com": {"data": LIST}}, None),
        ([gone("/type", "string")], {"data": LIST}, ""),
        ([gone("/type", "string")], {"id": "1"}, None),
        ([("/", "object", "array")], LIST, ""),
        ([("/", "array", "object")], {"type": "list", "data": LIST}, "/data"),
        ([("/data", "array", "object")], {"data": {"data": LIST}}, "/data/data"),
        ([("/data/*/tags", "array", "object")], {"data": [{"tags": {"data": LIST}}]}, None),
    ],
)
def test_a_list_may_have_another_envelope(
    departures: list[Any], document: Any, expected: str | None
) -> None:
    made = [
        one
        if isinstance(one, Departure)
        else Departure(rule="schema-type", location=one[0], expected=one[1], observed=one[2])
        for one in departures
    ]
    found = moves(made, document, told=nothing)
    wanted = {} if expected is None else {made[0].location: Move(expected, is_list=True)}
    assert found == wanted


NAMES = st.sampled_from(["data", "items", "email", "mail", "type", "*", "a_b", "", "~0"])
PLACES = st.lists(NAMES, max_size=3).map(lambda steps: "/" + "/".join(steps))
KINDS = st.sampled_from(["string", "array", "object", "enum", "any", "absent", "null", "a|b"])
DEPARTURES = st.builds(
    Departure,
    rule=st.sampled_from(["schema-required", "schema-undocumented", "schema-type"]),
    location=PLACES,
    expected=KINDS,
    observed=KINDS,
    count=st.integers(1, 2),
)
DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.lists(DEPARTURES, max_size=6), DOCUMENTS)
def test_only_what_departs_moves_and_no_two_fields_to_one_place(
    departures: list[Departure], document: Any
) -> None:
    found = moves(departures, document, told=nothing)
    assert found.keys() <= {one.location for one in departures}
    fields = [move.place for move in found.values() if not move.is_list]
    assert len(fields) == len(set(fields))
