"""Overlays: what they change, what they refuse, and how the finished contract is kept."""

import copy
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import overlays
from contracts.errors import SpecError
from contracts.overlays import SUPPORTED, WRITTEN_FOR, apply_overlay, embedded_contract


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does."""
    monkeypatch.setattr(overlays, "_read", {})


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)}


def applied(document: dict[str, Any], *actions: dict[str, Any]) -> dict[str, Any]:
    return apply_overlay(document, overlay(*actions), source="test.yaml")


def property_of(version: str, component: str, name: str) -> dict[str, Any]:
    contract = embedded_contract(version)
    assert contract is not None
    found: dict[str, Any] = contract.document["components"]["schemas"][component]["properties"]
    return dict(found[name])


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_contract_says_the_version_it_was_asked_for(version: str) -> None:
    contract = embedded_contract(version)
    assert contract is not None
    assert contract.version == version
    assert contract.document["info"]["version"] == version


@pytest.mark.parametrize("version", ["2.7", "2.12", "2.13", "2.17", "0", "Preview", ""])
def test_of_any_other_version_it_says_nothing(version: str) -> None:
    assert embedded_contract(version) is None


def test_the_default_is_the_version_it_is_written_for() -> None:
    contract = embedded_contract()
    assert contract is not None
    assert contract.version == WRITTEN_FOR == "2.15"


def test_2_16_retypes_ids() -> None:
    assert property_of("2.15", "Contact", "owner_id")["type"] == "integer"
    assert property_of("2.16", "Contact", "owner_id")["type"] == "string"
    assert property_of("2.15", "Ticket", "admin_assignee_id")["type"] == "string"
    assert property_of("2.16", "Ticket", "admin_assignee_id")["type"] == "integer"
    assert property_of("2.15", "Conversation", "team_assignee_id")["nullable"] is True
    assert property_of("2.16", "Conversation", "team_assignee_id")["nullable"] is False


def test_2_16_has_other_priorities() -> None:
    assert property_of("2.15", "Conversation", "priority")["enum"] == ["priority", "not_priority"]
    priorities = ["none", "low", "medium", "high", "urgent"]
    assert property_of("2.16", "Conversation", "priority")["enum"] == priorities
    assert property_of("2.16", "ConversationListItem", "priority")["enum"] == priorities


@pytest.mark.parametrize(("version", "is_there"), [("2.11", 0), ("2.14", 0), ("2.15", 1)])
def test_a_conversation_has_a_company_since_2_15(version: str, is_there: int) -> None:
    contract = embedded_contract(version)
    assert contract is not None
    fields = contract.document["components"]["schemas"]["Conversation"]["properties"]
    assert ("company" in fields) == bool(is_there)


def test_2_11_has_no_ticket_states_of_its_own() -> None:
    contract = embedded_contract("2.11")
    assert contract is not None
    assert contract.get("GET /ticket_states") is None
    assert property_of("2.11", "Ticket", "ticket_state")["type"] == "string"


def test_an_update_merges_objects_and_appends_to_lists() -> None:
    document = {"a": {"b": 1, "c": {"d": 2}, "e": [1]}, "list": [1]}
    changed = applied(
        document,
        {"target": "$.a", "update": {"b": 9, "c": {"f": 3}, "e": [2]}},
        {"target": "$.list", "update": {"g": 4}},
    )
    assert changed == {"a": {"b": 9, "c": {"d": 2, "f": 3}, "e": [1, 2]}, "list": [1, {"g": 4}]}


def test_a_target_may_be_the_document_a_quoted_name_or_everything_below() -> None:
    document = {"paths": {"/a b/{id}": {"get": {}}, "/c": {"get": {}}}, "list": [{}, {}]}
    changed = applied(
        document,
        {"target": "$", "update": {"x": 1}},
        {"target": "$.paths['/a b/{id}'].get", "update": {"here": True}},
        {"target": "$.paths.*.get", "update": {"all": True}},
        {"target": "$.list[*]", "update": {"item": True}},
    )
    assert changed == {
        "x": 1,
        "paths": {
            "/a b/{id}": {"get": {"here": True, "all": True}},
            "/c": {"get": {"all": True}},
        },
        "list": [{"item": True}, {"item": True}],
    }


def test_removing_every_item_of_a_list_leaves_none() -> None:
    assert applied({"list": [1, 2, 3]}, {"target": "$.list[*]", "remove": True}) == {"list": []}


def test_the_document_that_was_given_is_left_alone() -> None:
    document = {"a": {"b": [1]}}
    before = copy.deepcopy(document)
    applied(
        document,
        {"target": "$.a.b", "update": 2},
        {"target": "$.a", "update": {"c": {}}},
        {"target": "$.a.b", "remove": True},
    )
    assert document == before


@pytest.mark.parametrize(
    "target",
    [
        "$..name",
        "$.list[0]",
        "$.list[1:2]",
        "$.a[?(@.b)]",
        "a.b",
        "$.a.",
        "$a",
        '$["a"]',
        "",
        "$.a,b",
    ],
)
def test_a_target_that_is_not_understood_is_refused(target: str) -> None:
    with pytest.raises(SpecError, match=r"test\.yaml: action 1: the target .* cannot be read"):
        applied({"a": {"b": 1}, "list": [1]}, {"target": target, "remove": True})


def test_a_target_that_selects_nothing_is_refused() -> None:
    with pytest.raises(SpecError, match=r"action 2: \$\.a\.gone selects nothing"):
        applied(
            {"a": {}},
            {"target": "$.a", "update": {"b": 1}},
            {"target": "$.a.gone", "remove": True},
        )


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ({"update": {}}, "no `target`"),
        ({"target": "$.a"}, "either `update` or `remove: true`"),
        ({"target": "$.a", "update": {}, "remove": True}, "either `update` or `remove: true`"),
        ({"target": "$", "remove": True}, "the whole document"),
        ({"target": "$.a.b", "update": {"c": 1}}, "a plain value"),
    ],
)
def test_a_malformed_action_is_refused(action: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        applied({"a": {"b": 1}}, action)


@pytest.mark.parametrize("document", [None, [], {"actions": []}, {"overlay": "2.0.0"}])
def test_what_is_no_overlay_is_refused(document: object) -> None:
    with pytest.raises(SpecError, match=r"test\.yaml is not an overlay"):
        apply_overlay({}, document, source="test.yaml")


def test_an_overlay_without_actions_is_refused() -> None:
    with pytest.raises(SpecError, match="`actions` is not a list"):
        apply_overlay({}, {"overlay": "1.0.0"}, source="test.yaml")


@given(
    document=st.dictionaries(
        st.from_regex(r"[a-z]{1,3}", fullmatch=True),
        st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.integers()),
        min_size=1,
    ),
    value=st.integers(),
)
def test_what_is_added_everywhere_and_removed_everywhere_is_gone(
    document: dict[str, Any], value: int
) -> None:
    added = applied(document, {"target": "$.*", "update": {"ADDED": value}})
    assert all(child["ADDED"] == value for child in added.values())
    assert applied(added, {"target": "$.*.ADDED", "remove": True}) == document


def test_a_kept_contract_is_the_same_and_is_read_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = embedded_contract("2.16", cache_dir=tmp_path)
    assert embedded_contract("2.16", cache_dir=tmp_path) is fresh
    monkeypatch.setattr(overlays, "_read", {})
    monkeypatch.setattr(overlays, "parse_document", None)  # whoever parses again fails
    kept = embedded_contract("2.16", cache_dir=tmp_path)
    assert fresh is not None
    assert kept is not None
    assert kept.document == fresh.document


def test_a_cache_that_was_cut_off_costs_only_time(tmp_path: Path) -> None:
    embedded_contract("2.14", cache_dir=tmp_path)
    overlays._read.clear()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    contract = embedded_contract("2.14", cache_dir=tmp_path)
    assert contract is not None
    assert len(contract.operations) > 60


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    contract = embedded_contract(cache_dir=tmp_path / "file" / "cache")
    assert contract is not None
    assert len(contract.operations) > 60


def test_a_change_of_the_sources_is_not_served_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_contract(cache_dir=tmp_path)
    changed = tmp_path / "changed.yaml"
    text = Path(overlays.CONTRACT).read_text(encoding="utf-8")
    changed.write_text(text.replace("as integrations rely on it", "as it was changed", 1), "utf-8")
    monkeypatch.setattr(overlays, "CONTRACT", changed)
    contract = embedded_contract(cache_dir=tmp_path)
    assert contract is not None
    assert contract.document["info"]["title"].endswith("as it was changed")


def test_the_cache_is_several_times_faster_than_the_sources(tmp_path: Path) -> None:
    embedded_contract(cache_dir=tmp_path)
    cold, warm = (min(seconds(cache) for _ in range(3)) for cache in (None, tmp_path))
    assert warm < cold / 2


def seconds(cache_dir: Path | None) -> float:
    overlays._read.clear()
    started = time.perf_counter()
    embedded_contract(cache_dir=cache_dir)
    return time.perf_counter() - started
