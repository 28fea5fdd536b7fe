"""Lists and searches that are broken in one way each, and what the checks of behaviour say."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.behaviour.filters import filters
from contracts.behaviour.inquiry import ENVELOPE, FILTER, PAGES, SEARCH
from contracts.behaviour.likeness import check_alike
from contracts.behaviour.lists import Page, page_of
from contracts.behaviour.orders import order
from contracts.behaviour.pages import walk
from contracts.behaviour.searches import search
from contracts.exchanges import Exchange, Headers, Operation, Response
from sandbox.intercom import Sandbox

CONVERSATIONS, COMPANIES = "GET /conversations", "GET /companies"
CONTACTS = "POST /contacts/search"


def number(document: Any) -> int:
    pages = document.get("pages") if isinstance(document, dict) else None
    return int(pages["page"]) if pages else 0


def of(identity: str, change: Callable[[Any], Any]) -> Callable[[Exchange, Any], Any]:
    """Change the successful answers of one operation."""

    def answered(exchange: Exchange, document: Any) -> Any:
        is_it = exchange.operation is not None and exchange.operation.identity == identity
        return change(document) if is_it and exchange.is_success else None

    return answered


def on_page_two(document: Any, **fields: Any) -> Any:
    return {**document, **fields} if number(document) == 2 else None


def first_dropped(document: Any) -> Any:
    return on_page_two(document, conversations=document["conversations"][1:])


def end_hidden(document: Any) -> Any:
    return on_page_two(document, pages={**document["pages"], "next": None})


def page_too_many(document: Any) -> Any:
    pages = document["pages"]
    return {**document, "pages": {**pages, "total_pages": pages["total_pages"] + 1}}


def capped(document: Any) -> Any:
    return {**document, "conversations": document["conversations"][:7]}


def called_page(document: Any) -> Any:
    return on_page_two(document, type="page")


def elsewhere(document: Any) -> Any:
    moved = {k: v for k, v in document.items() if k != "conversations"}
    return on_page_two(moved, items=document["conversations"])


def counts_page(document: Any) -> Any:
    return on_page_two(document, total_count=3)


def first_again(document: Any) -> Any:
    kept.setdefault("first", document["conversations"][0])
    again = [kept["first"], *document["conversations"][1:]]
    return on_page_two(document, conversations=again)


kept: dict[str, Any] = {}
LIST, ID = "/conversations", "/conversations/*/id"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (first_dropped, {("pagination-lost", LIST), ("pagination-size", LIST)}),
        (first_again, {("pagination-repeated", ID), ("pagination-lost", LIST)}),
        (end_hidden, {("pagination-lost", LIST), ("pagination-incoherent", "/pages/next")}),
        (page_too_many, {("pagination-incoherent", "/pages/total_pages")}),
        (
            capped,
            {
                ("pagination-size", LIST),
                ("pagination-lost", LIST),
                ("pagination-incoherent", "/total_count"),
            },
        ),
        (called_page, {("pagination-list", "/type")}),
        (elsewhere, {("pagination-list", LIST), ("pagination-lost", LIST)}),
        (
            counts_page,
            {
                ("pagination-incoherent", "/total_count"),
                ("pagination-incoherent", "/pages/total_pages"),
            },
        ),
    ],
)
def test_a_list_that_loses_repeats_or_miscounts_says_where(
    behind: Any, change: Callable[[Any], Any], expected: set[tuple[str, str]]
) -> None:
    kept.clear()
    inquirer = behind(answered=of(CONVERSATIONS, change))
    inquirer.check(CONVERSATIONS, walk)
    inquirer.check(COMPANIES, walk)
    assert {(rule, place) for rule, _, place in inquirer.found} == expected
    assert {operation for _, operation, _ in inquirer.found} == {CONVERSATIONS}


def test_a_size_that_later_pages_forget_is_told(behind: Any) -> None:
    class Forgets:
        """Pages after the first have the usual size."""

        def __call__(self, exchange: Exchange, document: Any) -> Any:
            asked = parse_qs(urlsplit(exchange.request.url).query)
            is_it = str(exchange.operation) == CONVERSATIONS and "starting_after" in asked
            if not is_it or asked.get("per_page") in (None, ["20"]):
                return None
            document["pages"]["per_page"] = 20
            return document

    inquirer = behind(answered=Forgets())
    inquirer.check(CONVERSATIONS, walk)
    assert ("pagination-size", CONVERSATIONS, LIST) in inquirer.found


def test_what_others_add_and_remove_while_it_walks_is_no_loss(
    behind: Any, sandbox: Sandbox
) -> None:
    def busy(exchange: Exchange, document: Any) -> Any:
        if str(exchange.operation) == CONVERSATIONS:
            store = sandbox.store()
            store.remove(store.all("conversation")[-1])
        return None

    inquirer = behind(answered=busy)
    inquirer.check(CONVERSATIONS, walk)
    inquirer.check(COMPANIES, walk)
    assert inquirer.found == set()


def test_sound_lists_and_searches_are_not_accused_and_cost_little(behind: Any) -> None:
    inquirer = behind()
    for identity in (CONVERSATIONS, COMPANIES, "GET /contacts"):
        inquirer.check(identity, walk, filters)
    lists = inquirer.gate.requests
    assert lists <= 3 * 10
    for identity in (CONTACTS, "POST /conversations/search", "POST /tickets/search"):
        inquirer.check(identity, walk, search)
    inquirer.check("POST /companies/list", walk, order)
    assert inquirer.found == set()
    assert inquirer.gate.requests - lists <= 130


SWAPPED = {"=": "!=", "NIN": "IN", ">": "<", "^": "~", "$": "~", "OR": "AND"}


def swapping(operator: str) -> Callable[[Operation, Any], Any]:
    def walk_query(query: Any) -> Any:
        if isinstance(query.get("value"), list) and query["operator"] in ("AND", "OR"):
            query["value"] = [walk_query(part) for part in query["value"]]
        if query["operator"] == operator:
            query["operator"] = SWAPPED[operator]
        return query

    def asked(operation: Operation, body: Any) -> Any:
        # What finds everything has to go on doing so.
        is_all = body.get("query", {}).get("field") == "created_at" and operator == ">"
        if operation.identity != CONTACTS or (is_all and body["query"]["value"] == "0"):
            return body
        return {**body, "query": walk_query(copy.deepcopy(body["query"]))}

    return asked


@pytest.mark.parametrize("operator", SWAPPED)
def test_an_operator_that_works_as_another_is_told(behind: Any, operator: str) -> None:
    inquirer = behind(asked=swapping(operator))
    inquirer.inquiry.show(SEARCH)
    inquirer.check(CONTACTS, search)
    told = {one.departure.expected for one in inquirer.inquiry.confirmed()}
    assert f"search {operator}" in told
    assert {operation for _, operation, _ in inquirer.found} == {CONTACTS}


def test_a_search_for_everything_that_finds_nothing_is_told_and_another_is_asked(
    behind: Any,
) -> None:
    def backwards(operation: Operation, body: Any) -> Any:
        query = body.get("query", {})
        return (
            {**body, "query": {**query, "operator": "<"}} if query.get("operator") == ">" else body
        )

    inquirer = behind(asked=backwards)
    inquirer.inquiry.show(SEARCH)
    inquirer.check(CONTACTS, walk, search)
    told = {one.departure.expected for one in inquirer.inquiry.confirmed()}
    assert told == {"search >"}
    assert inquirer.inquiry.walked[CONTACTS].response.document["data"]


def first_only(operator: str) -> Callable[[Operation, Any], Any]:
    def asked(operation: Operation, body: Any) -> Any:
        query = body.get("query", {})
        if query.get("operator") == operator:
            query["value"] = query["value"][:1]
        return body

    return asked


@pytest.mark.parametrize("operator", ["NIN", "OR"])
def test_a_list_of_which_only_the_first_counts_is_told(behind: Any, operator: str) -> None:
    inquirer = behind(asked=first_only(operator))
    inquirer.check(CONTACTS, search)
    told = {one.departure.expected for one in inquirer.inquiry.confirmed()}
    assert f"search {operator}" in told


def test_an_object_that_no_search_finds_is_told(behind: Any) -> None:
    def loses(document: Any) -> Any:
        left = [one for one in document["data"] if one["external_id"] != "user_5002"]
        if len(left) == len(document["data"]):
            return None
        return {**document, "data": left, "total_count": document["total_count"] - 1}

    inquirer = behind(answered=of(CONTACTS, loses))
    inquirer.check("GET /contacts", walk)
    inquirer.check(CONTACTS, walk, search)
    assert ("search-mismatch", CONTACTS, "/data/*/id") in inquirer.found


def by_creation(body: Any) -> Any:
    return {**body, "sort": {**body["sort"], "field": "created_at"}}


def unsorted(body: Any) -> Any:
    return {k: v for k, v in body.items() if k != "sort"}


@pytest.mark.parametrize("change", [by_creation, unsorted])
def test_a_sort_that_is_not_obeyed_is_told(behind: Any, change: Callable[[Any], Any]) -> None:
    inquirer = behind(asked=lambda _, body: change(body) if "sort" in body else body)
    inquirer.check(CONTACTS, search)
    assert {rule for rule, _, _ in inquirer.found} == {"search-sort"}


def test_pages_that_are_in_order_each_and_not_together_are_told(behind: Any) -> None:
    def each(exchange: Exchange, document: Any) -> Any:
        body = json.loads(exchange.request.body or b"{}")
        rises = body.get("sort") == {"field": "created_at", "order": "ascending"}
        if not rises or number(document) != 2:
            return None
        for one in document["data"]:
            one["created_at"] -= 10**8
        return document

    inquirer = behind(answered=each)
    inquirer.check(CONTACTS, search)
    assert {rule for rule, _, _ in inquirer.found} == {"search-sort"}


def test_an_order_and_a_filter_that_are_ignored_are_told(behind: Any) -> None:
    first: dict[str, Any] = {}

    def same(exchange: Exchange, document: Any) -> Any:
        identity = str(exchange.operation)
        is_it = identity in ("POST /companies/list", "GET /data_attributes")
        return first.setdefault(identity, document) if is_it else None

    inquirer = behind(answered=same)
    for ability in (FILTER, "POST /companies/list reacts to what is asked"):
        inquirer.inquiry.show(ability)
    inquirer.check("GET /data_attributes", filters)
    inquirer.check("POST /companies/list", order)
    assert {(rule, operation) for rule, operation, _ in inquirer.found} == {
        ("search-filter", "GET /data_attributes"),
        ("search-sort", "POST /companies/list"),
    }


def test_a_query_that_is_refused_in_another_form_is_told(behind: Any) -> None:
    def plainly(exchange: Exchange, document: Any) -> Any:
        is_refused = exchange.response is not None and exchange.response.status == 400
        return {"message": "no"} if is_refused and str(exchange.operation) == CONTACTS else None

    inquirer = behind(answered=plainly)
    inquirer.inquiry.show(ENVELOPE)
    inquirer.check(CONTACTS, search)
    assert inquirer.found == {("body-envelope", CONTACTS, "/errors")}


def test_items_that_no_schema_describes_are_held_to_the_first_page(behind: Any) -> None:
    inquirer = behind()
    inquirer.inquiry.show(PAGES)
    operation = inquirer.spec.get("GET /contacts")
    exchange = inquirer.ask(operation)

    def page(*items: dict[str, Any]) -> Page:
        body = json.dumps({"data": items}).encode()
        answer = Response.of(200, Headers({"content-type": "application/json"}), body)
        found = page_of(operation, replace(exchange, response=answer))
        assert found is not None
        return found

    first = page({"id": "1", "at": 1, "by": None, "any": 1}, {"id": "2", "at": 2, "any": "text"})
    alike = {"id": "3", "at": None, "by": 7, "any": True, "more": 1}
    check_alike(inquirer.inquiry, first, page(alike))
    check_alike(inquirer.inquiry, first, page({"id": None}))
    check_alike(inquirer.inquiry, page({"id": "1", "at": 1}), page({"id": "2", "at": "text"}))
    assert not inquirer.found
    check_alike(inquirer.inquiry, first, page({"id": "3", "at": "text"}, {"id": None, "at": 4}))
    assert {(rule, place) for rule, _, place in inquirer.found} == {
        ("schema-type", "/data/*/at"),
        ("schema-null", "/data/*/id"),
    }
