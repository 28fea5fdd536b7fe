"""The learned shape: what it takes for a change, what not, and what it keeps."""

import json
import random
from collections.abc import Callable
from functools import cache
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.shapes import State, learn, successor
from monitors.shapes.chance import ERROR, has_appeared, has_vanished
from monitors.shapes.state import MOST_OBJECTS
from tests.monitors.things import HASHED, Item, changes, learned, page, thing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "type", "data", "a"]) | st.text(), inner)
    ),
    max_leaves=25,
)


@pytest.mark.parametrize(
    ("change", "rule", "location", "kinds"),
    [
        (lambda i: i.update(size="1"), "schema-type", "/data/*/size", "integer>string"),
        (lambda i: i.update(size=None), "schema-null", "/data/*/size", "integer>null"),
        (lambda i: i.update(kind="z"), "schema-enum", "/data/*/kind", "enum>string"),
        (lambda i: i.pop("size"), "schema-required", "/data/*/size", "integer>absent"),
        (
            lambda i: i["label"].pop("text"),
            "schema-required",
            "/data/*/label/text",
            "string>absent",
        ),
        (lambda i: i.update(new=1), "schema-undocumented", "/data/*/new", "absent>integer"),
        (lambda i: i.update(label=[]), "schema-type", "/data/*/label", "object>array"),
        (lambda i: i.update(teams=["7"]), "schema-type", "/data/*/teams/*", "number>string"),
        (lambda i: i.update(links=["x"]), "schema-type", "/data/*/links/*", "object>string"),
        (lambda i: i.update(url="/1"), "schema-format", "/data/*/url", "uri>string"),
        (
            lambda i: i.update(created_at=i["created_at"] * 1000),
            "schema-format",
            "/data/*/created_at",
            "unix-time>milliseconds",
        ),
    ],
)
def test_each_kind_of_change_is_named_at_its_place_as_a_description_would(
    change: Callable[[Item], object], rule: str, location: str, kinds: str
) -> None:
    (found,) = changes(learned(), change)
    assert (found.rule, found.location, f"{found.expected}>{found.observed}") == (
        rule,
        location,
        kinds,
    )


def test_a_new_value_is_nothing_where_the_same_answer_shows_that_all_are_free() -> None:
    state = learned()
    items = [thing(1000 + at) | {"kind": "z" if at < 10 else f"v{at}"} for at in range(30)]
    assert learn(state, page(items), day=100, hashed=HASHED) == ()


def test_a_field_that_vanished_is_told_with_its_evidence() -> None:
    (found,) = changes(learned(), lambda item: item.pop("size"))
    assert found.evidence.startswith("until now in 200 of 200 objects over 20 days, now missing")


@pytest.mark.parametrize("is_mixed", [False, True])
def test_the_evidence_counts_objects_and_days_that_were_as_usual(is_mixed: bool) -> None:
    state = State()
    items = [thing(number) for number in range(10)]
    for day in (0, 1, 2, 5, 6):  # on two days nobody asked
        assert learn(state, page(items), day=day, hashed=HASHED) == ()
    if is_mixed:  # some of the day's answer are as they were
        items = [*(thing(number) for number in range(100, 103)), *items]
    for item in items[-10:]:
        del item["size"]
    (found,) = learn(state, page(items), day=7, hashed=HASHED)
    of = 13 if is_mixed else 10
    assert found.evidence == f"until now in {of} of {of} objects over 5 days, now missing in 10"


def test_ids_of_another_form_are_a_change_and_a_customers_own_are_none() -> None:
    def identified(number: int) -> Item:
        named = {"external_id": f"{number:024x}", "company_id": str(number)}
        return thing(number) | {"id": f"{number:024x}"} | named

    def renew(item: Item) -> None:
        item["external_id"] = item["company_id"] = item["id"] = str(UUID(int=int(item["id"])))

    found = changes(learned(make=identified), renew)
    assert [(one.rule, one.location, f"{one.expected}>{one.observed}") for one in found] == [
        ("schema-format", "/data/*/id", "hex24>string")
    ]


def test_a_field_that_vanished_as_another_came_is_renamed() -> None:
    state = learned()
    assert successor(state, "/data/*/size") == ""
    changes(state, lambda item: item.update(amount=item.pop("size")))
    assert successor(state, "/data/*/size") == "/data/*/amount"


def test_a_list_that_is_called_otherwise_is_a_change_of_the_envelope() -> None:
    state = learned(400)
    found: set[tuple[str, str]] = set()
    for at in range(10):
        body = {"type": "list", "things": [thing(2000 + at)], "pages": None}
        found |= {
            (one.rule, one.location) for one in learn(state, body, day=100 + at, hashed=HASHED)
        }
    assert ("schema-required", "/data") in found


def test_one_object_read_ten_thousand_times_is_one() -> None:
    state = learned()
    odd = thing(1000)
    del odd["size"]
    for poll in range(10_000):
        assert learn(state, page([odd]), day=100 + poll // 500, hashed=HASHED) == ()


def test_few_objects_that_have_been_read_for_long_tell_by_turning_all_at_once() -> None:
    state = State()
    items = [thing(number) for number in range(4)]
    for day in range(60):
        assert learn(state, page(items), day=day, hashed=HASHED) == ()
    for item in items:
        del item["size"]
    (found,) = learn(state, page(items), day=60, hashed=HASHED)
    assert (found.rule, found.location) == ("schema-required", "/data/*/size")


def test_a_change_is_over_when_the_answer_is_as_it_was() -> None:
    state = learned()
    assert changes(state, lambda item: item.pop("size"))
    assert changes(state, lambda item: None, first=3000) == []


def test_a_change_that_stays_is_normal_after_a_month() -> None:
    state = learned()
    assert changes(state, lambda item: item.pop("size"))
    items = [thing(5000 + at) for at in range(10)]
    for item in items:
        del item["size"]
    learn(state, page(items), day=131, hashed=HASHED)
    assert learn(state, page(items), day=132, hashed=HASHED) == ()


def test_a_sparse_field_is_missed_after_a_day_and_enough_objects() -> None:
    def sparse(number: int) -> Item:
        return thing(number) | ({"avatar": "x"} if number % 10 < 4 else {})

    state = learned(400, sparse)
    found = changes(state, lambda item: None, count=30, first=4000)
    assert [(one.rule, one.location) for one in found] == [("schema-required", "/data/*/avatar")]


def test_a_field_that_is_null_from_now_on_is_missed_though_it_was_null_at_times() -> None:
    def at_times(number: int) -> Item:
        return thing(number) | {"email": None if number % 10 < 6 else "x"}

    state = learned(400, at_times)
    few = changes(state, lambda item: item.update(email=None), count=4, first=4000)
    assert few == []
    found = changes(state, lambda item: item.update(email=None), count=30, first=5000)
    assert [(one.rule, one.location, one.observed) for one in found] == [
        ("schema-null", "/data/*/email", "null")
    ]
    assert found[0].evidence == "it had a value in 160 of 400 objects, and has none in the 34 since"
    assert changes(state, lambda item: item.update(email="x"), first=6000) == []


def test_objects_of_another_type_are_no_change() -> None:
    state = learned()
    others = [{"type": "other", "id": str(at), "size": "big"} for at in range(50)]
    assert learn(state, page(others), day=100, hashed=HASHED) == ()


def test_custom_attributes_are_no_drift_and_are_not_kept() -> None:
    state = learned()
    found = changes(
        state, lambda item: item.update(custom_attributes={f"secret{item['id']}": None})
    )
    assert {one.location for one in found} == {"/data/*/custom_attributes"}
    assert "secret" not in json.dumps(state.as_json())


def test_no_value_and_no_identifier_is_kept() -> None:
    state = State()
    item = {"id": "canary-id", "kind": "canary-value", "mail": "canary@example.com"}
    learn(state, page([item]), day=1, hashed=HASHED)
    assert "canary" not in json.dumps(state.as_json())


def test_a_state_that_was_stored_goes_on_as_it_was() -> None:
    state = learned()
    changes(state, lambda item: item.pop("size"), count=2)
    again = State.from_json(json.loads(json.dumps(state.as_json())))
    assert again.as_json() == state.as_json()
    assert changes(again, lambda item: item.pop("size"), first=2000)


@pytest.mark.parametrize("form", [None, {}, {"schema": 0}, [], "x"])
def test_a_state_of_another_form_is_learned_anew(form: object) -> None:
    assert State.from_json(form).groups == {}


def test_more_objects_than_are_told_apart_leave_a_state_that_still_tells() -> None:
    state = learned(MOST_OBJECTS * 3 // 10 * 10)
    assert len(state.slots) <= MOST_OBJECTS
    assert changes(state, lambda item: item.pop("size"), first=50_000)


@settings(max_examples=150)
@given(st.lists(JSON, min_size=1, max_size=6))
def test_no_json_makes_it_raise_or_grow_a_state_that_cannot_be_stored(
    documents: list[object],
) -> None:
    state = State()
    for day, document in enumerate(documents):
        learn(state, document, day=day, hashed=HASHED)
        stored = json.loads(json.dumps(state.as_json()))
        state = State.from_json(stored)
        assert json.loads(json.dumps(state.as_json())) == stored


_EDITS: dict[str, Callable[[Item, int], object]] = {
    "none": lambda item, at: None,
    "null": lambda item, at: item.update(size=None, url=None),
    "absent": lambda item, at: [item.pop(name) for name in ("size", "kind", "label")],
    "type": lambda item, at: item.update(size="x", label=[at], url={"a": at}),
    "value": lambda item, at: item.update(kind="new"),
    "values": lambda item, at: item.update(kind=f"v{at}"),
    "time": lambda item, at: item.update(created_at=1_700_000_000_000 + at),
    "field": lambda item, at: item.update({"more": at, f"more_{at % 3}": None}),
    "same": lambda item, at: item.update(id="1"),
    "group": lambda item, at: item.update(type=f"t{at}"),
}
PAGES = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 1, 40]),
        st.lists(st.sampled_from(sorted(_EDITS)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(pages=PAGES)
def test_whatever_changes_in_what_is_known_it_never_raises(
    pages: list[tuple[int, list[str]]],
) -> None:
    state, day = State.from_json(json.loads(_known())), 100
    for number, (days, edits) in enumerate(pages):
        day += days
        items = [thing(1000 + 30 * number + at) for at in range(30)]
        for at, item in enumerate(items):
            _EDITS[edits[at * len(edits) // 30]](item, at)
        for change in learn(state, page(items), day=day, hashed=HASHED):
            assert change.expected != change.observed
            assert change.evidence
        state = State.from_json(json.loads(json.dumps(state.as_json())))


@cache
def _known() -> str:
    return json.dumps(learned().as_json())


def test_what_always_was_rare_is_taken_for_new_no_oftener_than_said() -> None:
    chance = random.Random(4)
    wrong = 0
    for _ in range(1500):
        rate = chance.choice((0.003, 0.01, 0.05, 0.2))
        first, times = None, 0
        for number in range(1, 600):
            if chance.random() >= rate:
                continue
            first = first or number
            times += 1
            if has_appeared(times, before=first - 1, since=number - first + 1):
                wrong += 1
                break
    assert wrong / 1500 <= 3 * ERROR


def test_half_of_the_objects_missing_for_long_is_no_chance() -> None:
    assert not has_vanished(100, of=200, since=10)
    assert has_vanished(100, of=200, since=20)
    assert not has_vanished(0, of=200, since=200)
