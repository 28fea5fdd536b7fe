"""Consumers: what they say they read, and what happens when it is gone."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.conformance import Departure
from contracts.errors import ConfigurationError
from contracts.exchanges import Exchange, Headers, Operation, Request, Response
from contracts.overlays import SUPPORTED, embedded_contract
from contracts.reliance import EVERYTHING, Consumer, Reliance, consumers_of, read_consumers
from contracts.spec import Spec, parse_spec

JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.fixture(scope="module")
def contract() -> Spec:
    found = embedded_contract()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def reliance(contract: Spec) -> Reliance:
    return Reliance(contract, consumers_of(contract))


def answered(title: str, body: object, *, status: int = 200) -> Exchange:
    operation = Operation.parse(title)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(
        workspace="-",
        region="-",
        version="2.15",
        operation=operation,
        request=Request(method=operation.method, url="http://127.0.0.1/"),
        response=Response.of(status, Headers(JSON), text),
        started_at=datetime(2026, 5, 7, tzinfo=UTC),
    )


def reader(name: str, reads: Mapping[str, list[Any]], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "owner": "somebody",
        "runbook": "https://example.com/runbook",
        "reads": dict(reads),
        **more,
    }


def relying(contract: Spec, **reads: Mapping[str, list[str]]) -> Reliance:
    entries = [reader(name, what) for name, what in reads.items()]
    return Reliance(contract, read_consumers(entries, contract, source="test"))


def kinds(found: tuple[Departure, ...]) -> list[tuple[str, str, str, str]]:
    return [(one.rule, one.location, one.expected, one.observed) for one in found]


CONTACT: dict[str, Any] = {
    "type": "contact",
    "id": "66d1a0c4e2b7f3958a40c1d2",
    "external_id": None,
    "email": None,
    "name": "Sam",
    "role": "user",
    "owner_id": None,
    "updated_at": 1767323046,
    "custom_attributes": {},
    "avatar": None,
}


def contact_without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CONTACT.items() if key != name}


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_field_that_a_shipped_consumer_reads_exists(version: str) -> None:
    contract = embedded_contract(version)
    assert contract is not None
    consumers = consumers_of(contract)
    assert [one.name for one in consumers] == ["crm-sync", "support-warehouse", "messenger-backend"]
    assert sum(len(patterns) for one in consumers for patterns in one.reads.values()) > 100


def test_shipped_consumers_say_whom_to_ask_and_where_to_look(contract: Spec) -> None:
    for consumer in consumers_of(contract):
        assert consumer.owner
        assert consumer.runbook.startswith("https://example.com/")
        assert consumer.timeout is not None
        assert consumer.timeout >= timedelta(seconds=1)


def test_an_answer_with_everything_that_is_read_has_no_departures(reliance: Reliance) -> None:
    exchange = answered("GET /contacts/{contact_id}", CONTACT)
    assert reliance.departures(exchange) == ()


def test_a_field_that_somebody_reads_and_that_is_gone_departs(reliance: Reliance) -> None:
    exchange = answered("GET /contacts/{contact_id}", contact_without("email"))
    (found,) = reliance.departures(exchange)
    assert found == Departure(
        rule="schema-required",
        location="/email",
        expected="string",
        observed="absent",
        schema_place="Contact/email",
    )


def test_the_parameter_names_of_the_operation_do_not_matter(reliance: Reliance) -> None:
    (found,) = reliance.departures(answered("GET /contacts/{id}", contact_without("role")))
    assert found.location == "/role"


def test_a_field_that_nobody_reads_may_go(reliance: Reliance) -> None:
    exchange = answered("GET /contacts/{contact_id}", CONTACT | {"browser": "firefox"})
    assert reliance.departures(exchange) == ()


def test_one_departure_counts_the_items_that_lack_the_field(reliance: Reliance) -> None:
    lacking = contact_without("owner_id")
    body = {"type": "list", "data": [CONTACT, lacking, lacking], "total_count": 3, "pages": None}
    (found,) = reliance.departures(answered("GET /contacts", body))
    assert (found.location, found.count) == ("/data/*/owner_id", 2)


def test_an_empty_list_lacks_nothing(reliance: Reliance) -> None:
    body = {"type": "list", "data": [], "total_count": 0, "pages": None}
    assert reliance.departures(answered("GET /contacts", body)) == ()


def test_a_list_that_is_read_through_is_missed_itself(contract: Spec) -> None:
    reliance = relying(contract, a={"GET /contacts": ["/data/*/id"]})
    assert kinds(reliance.departures(answered("GET /contacts", {"type": "list"}))) == [
        ("schema-required", "/data", "array", "absent")
    ]


def test_a_parent_that_the_schema_requires_is_missed(contract: Spec) -> None:
    reliance = relying(contract, a={"GET /me": ["/app/region"]})
    assert kinds(reliance.departures(answered("GET /me", {"type": "admin"}))) == [
        ("schema-required", "/app", "object", "absent")
    ]


def test_an_optional_parent_takes_what_is_below_it_along(contract: Spec) -> None:
    reliance = relying(contract, a={"GET /contacts": ["/pages/next/starting_after"]})
    last_page = {"type": "list", "data": [], "total_count": 0, "pages": {"type": "pages"}}
    assert reliance.departures(answered("GET /contacts", last_page)) == ()
    more = {**last_page, "pages": {"type": "pages", "next": {"per_page": 50}}}
    (found,) = reliance.departures(answered("GET /contacts", more))
    assert found.location == "/pages/next/starting_after"


@pytest.mark.parametrize("value", [None, 7, "text", [], {"id": 1}])
def test_nothing_but_absence_departs(contract: Spec, value: object) -> None:
    reliance = relying(contract, a={"GET /me": ["/app"], "GET /tags": ["/data"]})
    assert reliance.departures(answered("GET /me", {"app": value})) == ()
    assert reliance.departures(answered("GET /tags", {"data": value})) == ()


@pytest.mark.parametrize(
    "exchange",
    [
        answered("GET /me", {"type": "error.list", "errors": []}, status=401),
        answered("GET /me", b"<html>"),
        answered("GET /me", b""),
        answered("GET /export/reporting_data", {}),
    ],
    ids=["refused", "not JSON", "empty", "read by nobody"],
)
def test_what_is_no_answer_to_a_reader_has_no_departures(
    reliance: Reliance, exchange: Exchange
) -> None:
    assert reliance.departures(exchange) == ()


def test_an_exchange_of_no_known_operation_has_no_departures(reliance: Reliance) -> None:
    known = answered("GET /me", {})
    unknown = Exchange(
        workspace="-",
        region="-",
        version=None,
        operation=None,
        request=known.request,
        response=known.response,
        started_at=known.started_at,
    )
    assert reliance.departures(known)
    assert reliance.departures(unknown) == ()


NAMES = ("data", "pages", "next", "id", "email", "app", "contacts", "statistics")


@given(
    body=st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_whatever_arrives_only_what_is_read_departs(reliance: Reliance, body: Any) -> None:
    for title in ("GET /contacts", "GET /me", "GET /conversations/{conversation_id}"):
        for found in reliance.departures(answered(title, body)):
            assert found.observed == "absent"
            assert reliance.readers(Operation.parse(title).identity, found.location)


def test_readers_are_those_of_the_place_what_is_inside_and_what_is_around(
    contract: Spec,
) -> None:
    reliance = relying(
        contract,
        email={"GET /contacts": ["/data/*/email"]},
        page={"GET /contacts": ["/pages"]},
        place={"GET /contacts": ["/data/*/location/city"]},
    )
    identity = "GET /contacts"
    assert reliance.readers(identity, "/data/*/email") == ("email",)
    assert reliance.readers(identity, "/pages/next") == ("page",)
    assert reliance.readers(identity, "/data/*/location") == ("place",)
    assert reliance.readers(identity, "/data") == ("email", "place")
    assert reliance.readers(identity, "/data/*/name") == ()
    assert reliance.readers(identity, "/data/*/emails") == ()
    assert reliance.readers("GET /contacts/{}", "/email") == ()


@pytest.mark.parametrize(
    "location", ["/", "status", "media-type", "body", "latency", "connection", "header:deprecation"]
)
def test_what_concerns_a_whole_answer_hurts_all_who_use_the_operation(
    contract: Spec, location: str
) -> None:
    reliance = relying(contract, a={"GET /me": ["/id"]}, b={"GET /tags": ["/data"]})
    assert reliance.readers("GET /me", location) == ("a",)


def test_what_concerns_every_operation_hurts_everybody(contract: Spec) -> None:
    reliance = relying(contract, b={"GET /me": ["/id"]}, a={"GET /tags": ["/data"]})
    assert reliance.readers(EVERYTHING, "status") == ("b", "a")


def test_a_key_of_a_free_form_map_is_read_through_the_pattern_of_any(contract: Spec) -> None:
    reliance = relying(contract, a={"GET /companies/{company_id}": ["/custom_attributes/tier"]})
    assert reliance.readers("GET /companies/{}", "/custom_attributes/*") == ("a",)
    body: dict[str, Any] = {"custom_attributes": {}}
    (found,) = reliance.departures(answered("GET /companies/{company_id}", body))
    assert (found.location, found.expected) == ("/custom_attributes/tier", "any")


def test_two_spellings_of_one_operation_are_one(contract: Spec) -> None:
    entry = reader("a", {"GET /contacts/{id}": ["/id"], "get /contacts/{contact_id}": ["/name"]})
    (consumer,) = read_consumers([entry], contract, source="test")
    assert consumer.reads == {"GET /contacts/{}": ("/id", "/name")}


def test_a_consumer_of_its_own_is_read(contract: Spec) -> None:
    entry = reader("mine", {"GET /me": ["/id"]}, timeout=2.5)
    assert read_consumers([entry], contract, source="test") == (
        Consumer(
            name="mine",
            owner="somebody",
            runbook="https://example.com/runbook",
            timeout=timedelta(seconds=2.5),
            reads={"GET /me": ("/id",)},
        ),
    )


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("text", "consumer 1 is not a mapping"),
        (reader("a", {"GET /contcts": ["/data"]}), "did you mean 'GET /contacts'"),
        (reader("a", {"contacts": ["/data"]}), "is not an operation such as"),
        (
            reader("a", {"GET /me": ["/app/regoin"]}),
            "/app knows no 'regoin'; did you mean 'region'",
        ),
        (reader("a", {"GET /me": ["/nmae"]}), "the answer knows no 'nmae'; did you mean 'name'"),
        (reader("a", {"GET /contacts": ["/data/id"]}), "/data knows no 'id'"),
        (reader("a", {"GET /me": ["/id/more"]}), "/id knows no 'more'"),
        (reader("a", {"DELETE /tags/{tag_id}": ["/id"]}), "answers with no JSON"),
        (reader("a", {"GET /me": ["id"]}), "'id' is not a pointer pattern"),
        (reader("a", {"GET /me": ["/"]}), "'/' is not a pointer pattern"),
        (reader("a", {"GET /me": ["/app//id"]}), "is not a pointer pattern"),
        (reader("a", {"GET /me": ["/a~2b"]}), "is not a pointer pattern"),
        (reader("a", {"GET /me": [7]}), "7 is not a pointer pattern"),
        (reader("a", {"GET /me": []}), "not a list of patterns"),
        (reader("a", {}), "needs `reads`"),
        (reader("", {"GET /me": ["/id"]}), "needs `name`"),
        (reader("a", {"GET /me": ["/id"]}, timeout=0), "`timeout` is a number of seconds above 0"),
        (
            reader("a", {"GET /me": ["/id"]}, objective={"latncy": "1s"}),
            "unknown key 'latncy'; did you mean 'latency'",
        ),
        (
            reader("a", {"GET /me": ["/id"]}, objective={"latency": "800", "target": "99%"}),
            "`objective.latency` is a duration above 0",
        ),
        (
            reader("a", {"GET /me": ["/id"]}, objective={"latency": "1s", "target": 99}),
            "`objective.target` is a percentage",
        ),
        (reader("a", {"GET /me": ["/id"]}) | {"runbook": "the wiki"}, "`runbook` is a URL"),
        (reader("a", {"GET /me": ["/id"]}) | {7: "x"}, "unknown key 7"),
        (reader("a", {"GET /me": ["/id"]}, timeout=True), "`timeout` is a number of seconds"),
        (
            reader("a", {"GET /me": ["/id"]}, runbok="x"),
            "unknown key 'runbok'; did you mean 'runbook'",
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_the_nearest_right_one(
    contract: Spec, entry: object, complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_consumers([entry], contract, source="intercheck.yaml")
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("intercheck.yaml: consumer 1")


def test_two_consumers_of_one_name_are_refused(contract: Spec) -> None:
    entry = reader("a", {"GET /me": ["/id"]})
    with pytest.raises(ConfigurationError, match="two consumers are called 'a'"):
        read_consumers([entry, entry], contract, source="test")


def test_consumers_that_are_no_list_are_refused(contract: Spec) -> None:
    with pytest.raises(ConfigurationError, match="consumers are a list"):
        read_consumers({"a": 1}, contract, source="test")


def test_a_description_without_consumers_has_none() -> None:
    spec = parse_spec({"openapi": "3.0.1", "paths": {}}, source="test")
    assert consumers_of(spec) == ()


def test_holding_a_page_costs_less_than_reading_it_from_json(reliance: Reliance) -> None:
    item = {
        "id": "1",
        "state": "open",
        "created_at": 1,
        "updated_at": 1,
        "admin_assignee_id": None,
        "team_assignee_id": None,
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "x"}] * 3},
        "statistics": {"time_to_admin_reply": 1, "time_to_first_close": 1, "count_reopens": 0},
        "source": {"body": "x" * 2000},
        "custom_attributes": {f"key {number}": number for number in range(40)},
    }
    body = {"type": "conversation.list", "conversations": [item] * 150, "pages": None}
    exchange = answered("GET /conversations", body)
    assert exchange.response is not None
    text = exchange.response.body
    assert reliance.departures(exchange) == ()
    holding = fastest(lambda: reliance.departures(exchange))
    reading = fastest(lambda: json.loads(text))
    assert holding < reading


def fastest(work: Callable[[], object]) -> float:
    """Seconds that the fastest of several runs takes: the others met somebody else's load."""

    def once() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return min(once() for _ in range(7))
