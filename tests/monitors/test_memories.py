"""What is remembered is the same whether it was kept from pass to pass or read back each time."""

import json
from collections import UserDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.exchanges import Exchange
from monitors.history import History
from monitors.memories import Memories
from monitors.memory import BASELINE_SAMPLES, BASELINES, SHAPE_KEY, Memory
from monitors.shapes import State, keyed_hash, learn
from sandbox.clock import VirtualClock

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, 1_700_000_000, "", "open", "closed", "2026-01-01", [], {"a": 1}]
)
ITEMS = st.dictionaries(st.sampled_from(["state", "at", "size"]), VALUES)
LISTS = st.lists(st.tuples(st.integers(0, 12), ITEMS), max_size=6)
ASKED = st.tuples(st.sampled_from(["GET /tags", "GET /contacts"]), LISTS, st.integers(1, 5000))
PASSES = st.lists(
    st.tuples(st.sampled_from([5, 30, 60 * 24, 60 * 24 * 31]), st.lists(ASKED, max_size=3)),
    min_size=2,
    max_size=12,
)


def body(items: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    return {"type": "list", "data": [{"id": f"o{name}", **fields} for name, fields in items]}


def stored(documents: dict[str, Any], memory: Memory) -> dict[tuple[str, str], object]:
    """Bring the documents up to date as a history does."""
    changes = memory.changes()
    for (kind, _), document in changes.items():
        if document is None:
            documents.pop(kind, None)
        else:
            documents[kind] = json.loads(json.dumps(document))
    return changes


def comparable(documents: dict[str, Any]) -> dict[str, Any]:
    """Without the order in which objects were last seen: for that alone nothing is written, and
    only which of more than 384 is forgotten first depends on it."""
    return {
        kind: {**document, "objects": sorted(document["objects"])}
        if kind.startswith("shape 2")
        else document
        for kind, document in documents.items()
    }


@given(passes=PASSES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_memory_that_is_kept_judges_and_stores_as_one_that_is_read_back(
    an_exchange: "ExchangeFactory", passes: list[tuple[int, list[Any]]]
) -> None:
    kept_documents: dict[str, Any] = {SHAPE_KEY: "a key"}
    read_documents: dict[str, Any] = {SHAPE_KEY: "a key"}
    kept = Memory.of("acme", kept_documents, reference="one")
    minutes = 0
    for passed, asked in passes:
        minutes += passed
        read = Memory.of("acme", read_documents, reference="one")
        for turn, (operation, items, ms) in enumerate(asked):
            exchange = an_exchange(
                operation,
                body=body(items),
                total_ms=float(ms),
                at=NOW + timedelta(minutes=minutes, seconds=turn),
            )
            assert kept.compare(exchange) == read.compare(exchange)
            assert kept.learn(exchange) == read.learn(exchange)
        kept = kept.recorded(stored(kept_documents, kept))
        stored(read_documents, read)
        assert comparable(kept_documents) == comparable(read_documents)


@given(
    answers=st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 1, 31]), st.integers(0, 5)), min_size=2, max_size=30
    ),
    lists=st.lists(LISTS, min_size=6, max_size=6),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_an_answer_like_the_last_one_is_judged_as_if_it_were_learned_again(
    an_exchange: "ExchangeFactory",
    answers: list[tuple[int, int]],
    lists: list[list[tuple[int, Mapping[str, Any]]]],
) -> None:
    memory = Memory.of("acme", {SHAPE_KEY: "a key"}, reference="one")
    state, at = State(), NOW
    for days, which in answers:
        at += timedelta(days=days, seconds=1)
        exchange = an_exchange("GET /tags", body=body(lists[which]), at=at)
        learned = learn(state, body(lists[which]), day=at.toordinal(), hashed=keyed_hash("a key"))
        assert memory.compare(exchange) == learned
    changes = {kind: document for (kind, _), document in memory.changes().items()}
    (shape,) = (document for kind, document in changes.items() if kind.startswith("shape 2"))
    stored = {"shape 2": shape}
    assert comparable(stored) == comparable({"shape 2": state.as_json()})


def test_of_an_answer_like_the_last_one_not_even_the_shape_is_read(
    an_exchange: "ExchangeFactory",
) -> None:
    documents: dict[str, Any] = {}
    exchange = an_exchange("GET /tags", body=body([(1, {"state": "open"})]))
    memory = Memory.of("acme", documents, reference="one")
    for _ in range(2):  # what is taught first is known the second time
        memory.compare(exchange)
    stored(documents, memory)

    class Watched(UserDict[str, Any]):
        def __getitem__(self, kind: str) -> Any:
            asked.append(kind)
            return super().__getitem__(kind)

    def read(exchange: Exchange) -> bool:
        asked.clear()
        again = Memory.of("acme", Watched(documents), reference="one")
        assert again.compare(exchange) == ()
        return any(kind.startswith("shape 2") for kind in asked)

    asked: list[str] = []
    assert not read(exchange)
    assert read(an_exchange("GET /tags", body=body([(2, {"state": "open"})])))
    assert read(replace(exchange, started_at=NOW + timedelta(days=1)))

    del documents["shape 2.15 GET /tags"]
    anew = Memory.of("acme", documents, reference="one")
    anew.compare(exchange)
    assert ("shape 2.15 GET /tags", "acme") in anew.changes()


def test_latencies_are_written_whole_only_now_and_then(an_exchange: "ExchangeFactory") -> None:
    documents: dict[str, Any] = {}
    memory = Memory.of("acme", documents, reference="one")
    whole = 0
    for turn in range(4 * BASELINE_SAMPLES):
        memory.learn(an_exchange(total_ms=100.0 + turn % 7, at=NOW + timedelta(minutes=5 * turn)))
        changes = stored(documents, memory)
        memory = memory.recorded(changes)
        whole += (BASELINES, "acme") in changes
        assert sum(kind.startswith(BASELINES) for kind in documents) <= BASELINE_SAMPLES
    assert whole == 4
    assert Memory.of("acme", documents, reference="one").latencies.document() == (
        memory.latencies.document()
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def history(tmp_path: Path, clock: VirtualClock) -> Iterator[History]:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as history:
        yield history


def test_a_memory_is_read_anew_where_another_has_written(
    history: History, clock: VirtualClock
) -> None:
    ours, theirs = Memories(history), Memories(history)

    def a_pass(memories: Memories, **changed: object) -> Memory:
        clock.advance(timedelta(microseconds=1))
        memory = memories.of("acme", reference="one")
        memory.pins.update({name: str(value) for name, value in changed.items()})
        changes = memory.changes()
        with history.transaction():
            history.record(None, documents=changes)
            saved = history.saved_about("acme")
        memories.recorded(memory, changes, saved)
        return memory

    a_pass(ours, contact_id=1)
    a_pass(theirs, company_id=2)
    again = a_pass(ours)
    assert again.pins == {"contact_id": "1", "company_id": "2"}


def test_what_another_process_learned_in_the_midst_of_a_pass_is_not_lost(
    history: History, clock: VirtualClock, an_exchange: "ExchangeFactory"
) -> None:
    def begin() -> tuple[Memories, Memory]:
        memories = Memories(history)
        return memories, memories.of("acme", reference="one")

    def conclude(memories: Memories, memory: Memory, *ids: int) -> None:
        clock.advance(timedelta(microseconds=1))
        exchanges = [
            an_exchange("GET /tags", body=body([(one, {"a": 1})]), at=clock.now()) for one in ids
        ]
        for exchange in exchanges:
            memory.compare(exchange)
            memory.learn(exchange)
        memory.census.take(f"GET /{ids}", ())
        with history.transaction():
            memory = memories.brought_up_to_date(memory, exchanges)
            changes = memory.changes()
            history.record(None, documents=changes)
            saved = history.saved_about("acme")
        memories.recorded(memory, changes, saved)

    conclude(*begin(), 1)
    ours, theirs = begin(), begin()
    conclude(*theirs, 2, 3)
    conclude(*ours, 4)
    memories, _ = ours
    for memory in (memories.of("acme", reference="one"), begin()[1]):
        documents = {kind: history.state(kind, "acme") for kind in history.saved_about("acme")}
        assert documents["shape 2.15 GET /tags"]["groups"]["/data/*"][0] == 4
        assert sum(len(documents[kind]) for kind in documents if kind.startswith(BASELINES)) == 4
        assert memory.latencies.usual("acme us GET /tags") is not None
        assert set(memory.census.causes) == {"GET /(1,)", "GET /(2, 3)", "GET /(4,)"}


def test_what_could_not_be_recorded_is_forgotten(history: History) -> None:
    memories = Memories(history)
    memories.of("acme", reference="one").pins["contact_id"] = "1"  # and the pass breaks off
    assert memories.of("acme", reference="one").pins == {}
