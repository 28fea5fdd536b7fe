"""Lapses of searches, and of the order in which is answered."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import (
    UNLIKE,
    Ground,
    Lapse,
    Maker,
    Resource,
    Wrapped,
    changed,
    page_of,
    places,
    showing,
    shown,
)
from planting.queries import matches
from planting.servers import Answer, Api, Ask


def search_lapse(
    kind: str,
    ground: Ground,
    resource: Resource,
    wrapped: Wrapped,
    *more: str,
    family: str = "filter",
    says: tuple[str, ...] = (),
) -> Lapse | None:
    if not resource.search:
        return None
    operation = f"POST {resource.search}"
    key = f"/{resource.search_key}"
    return Lapse(
        kind=kind,
        family=family,
        shows=places(operation, *(more or (key, f"{key}/*", f"{key}/*/id", "/total_count"))),
        wrapped=ground.at("POST", resource.search, wrapped),
        at=operation,
        says=says,
    )


def _asking(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrapped:
    """Let the server answer another query than the one that was asked."""

    def wrapped(ask: Ask, api: Api) -> Answer:
        body = ask.document
        if not isinstance(body, dict) or not isinstance(body.get("query"), dict):
            return api(ask)
        other = {**body, "query": change(body["query"])}
        return api(replace(ask, body=json.dumps(other).encode()))

    return wrapped


def _deep(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    def walk(query: Any) -> Any:
        if not isinstance(query, dict):
            return query
        if query.get("operator") in ("AND", "OR") and isinstance(query.get("value"), list):
            query = {**query, "value": [walk(part) for part in query["value"]]}
        return change(query)

    return walk


def operator_lapse(
    kind: str, change: Callable[[dict[str, Any]], dict[str, Any]], *operators: str
) -> Maker:
    """A lapse of some operators, found where an answer to one of them is wrong."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        key = f"/{resource.search_key}"
        where = (key, f"{key}/*", f"{key}/*/id", "/total_count")
        # A filter is checked at the field that it names, whichever that is.
        names = names_found(ground, resource)
        fields = tuple(f"{key}/*/{name}" for name in names)
        says = tuple(f"search {one}" for one in operators)
        return search_lapse(
            kind, ground, resource, _asking(_deep(change)), *where, *fields, says=says
        )

    return make


def _swap(**operators: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    names = {
        "equal": "=",
        "unequal": "!=",
        "above": ">",
        "below": "<",
        "has": "~",
        "lacks": "!~",
        "starts": "^",
        "ends": "$",
    }

    def change(query: dict[str, Any]) -> dict[str, Any]:
        for name, other in operators.items():
            if query.get("operator") == names.get(name, name):
                return {**query, "operator": other}
        return query

    return change


def _first_only(query: dict[str, Any]) -> dict[str, Any]:
    if query.get("operator") == "IN" and isinstance(query.get("value"), list):
        return {**query, "value": query["value"][:1]}
    return query


def _first_filter_only(query: dict[str, Any]) -> dict[str, Any]:
    if query.get("operator") == "AND" and len(query.get("value") or ()) > 1:
        return {**query, "value": query["value"][:1]}
    return query


def _no_nested(query: dict[str, Any]) -> dict[str, Any]:
    value = query.get("value")
    if query.get("operator") in ("AND", "OR") and isinstance(value, list):
        flat = [part for part in value if part.get("operator") not in ("AND", "OR")]
        if flat and len(flat) < len(value):
            return {**query, "value": flat}
    return query


def off_by_one(ground: Ground, resource: Resource) -> Lapse | None:
    """`>` takes in what is equal."""

    def change(query: dict[str, Any]) -> dict[str, Any]:
        if query.get("operator") != ">":
            return query
        return {"operator": "OR", "value": [query, {**query, "operator": "="}]}

    make = operator_lapse("above-takes-in-equal", change, ">")
    return make(ground, resource)


def search_total_of_all(ground: Ground, resource: Resource) -> Lapse | None:
    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if not shown(answer, resource.search_key) or "total_count" not in answer.document:
            return answer
        return changed(answer, total_count=answer.document["total_count"] + 3)

    return search_lapse(
        "search-total-wrong",
        ground,
        resource,
        wrapped,
        "/total_count",
        f"/{resource.search_key}",
        family="count",
    )


def search_wrong_type(ground: Ground, resource: Resource) -> Lapse | None:
    if not resource.search:
        return None
    name = ground.field("POST", resource.search, resource.search_key, resource.found)
    if not name:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        found = [{**one, name: UNLIKE} for one in shown(answer, resource.search_key)]
        return showing(answer, resource.search_key, found) if found else answer

    return search_lapse(
        "search-type",
        ground,
        resource,
        wrapped,
        f"/{resource.search_key}/*/{name}",
        family="fields",
    )


def search_cursor_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    key = f"/{resource.search_key}"

    def wrapped(ask: Ask, api: Api) -> Answer:
        body = ask.document
        if not isinstance(body, dict) or not isinstance(body.get("pagination"), dict):
            return api(ask)
        page = {k: v for k, v in body["pagination"].items() if k != "starting_after"}
        other = json.dumps({**body, "pagination": page}).encode()
        return api(replace(ask, body=other))

    return search_lapse(
        "search-cursor-ignored",
        ground,
        resource,
        wrapped,
        key,
        f"{key}/*/id",
        "/pages/page",
        "/pages/next",
        family="pages",
    )


def search_page_two_unfiltered(ground: Ground, resource: Resource) -> Lapse | None:
    key = f"/{resource.search_key}"
    listing = resource.listing
    if listing is None:
        return None  # nothing that a search excludes is known

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        query = ask.document.get("query") if isinstance(ask.document, dict) else None
        if page_of(answer) < 2 or not isinstance(query, dict):
            return answer
        everything = api(replace(ask, method="GET", path=listing, query="", body=b""))
        strangers = []
        for one in shown(everything, resource.key):
            try:
                strangers += [] if matches(one, query) else [one]
            except Exception:
                return answer
        found = shown(answer, resource.search_key)
        if not found or not strangers:
            return answer
        other = {**found[-1], **{k: v for k, v in strangers[0].items() if k in found[-1]}}
        return showing(answer, resource.search_key, [*found[:-1], other])

    return search_lapse(
        "search-page-2-unfiltered",
        ground,
        resource,
        wrapped,
        key,
        f"{key}/*",
        f"{key}/*/id",
        *(f"{key}/*/{name}" for name in names_found(ground, resource)),
        says=("search =",),
    )


def names_found(ground: Ground, resource: Resource) -> list[str]:
    """Return the fields of what a search finds: those described, and those that were seen."""
    if not resource.search:
        return []
    whole = ground.properties(ground.described.success("POST", resource.search)[1])
    described = ground.properties((whole.get(resource.search_key or "") or {}).get("items"))
    return list(dict.fromkeys((*described, *(resource.found or {}))))


def _sort(kind: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Maker:
    def make(ground: Ground, resource: Resource) -> Lapse | None:
        if resource.name != "contacts":  # sorting is documented for contacts only
            return None

        def wrapped(ask: Ask, api: Api) -> Answer:
            body = ask.document
            if not isinstance(body, dict) or not isinstance(body.get("sort"), dict):
                return api(ask)
            return api(replace(ask, body=json.dumps(change(body)).encode()))

        key = f"/{resource.search_key}"
        fields = (f"{key}/*/{name}" for name in names_found(ground, resource))
        return search_lapse(
            kind, ground, resource, wrapped, key, f"{key}/*", *fields, family="sort"
        )

    return make


def _reversed(body: dict[str, Any]) -> dict[str, Any]:
    was = str(body["sort"].get("order", "descending"))
    other = "ascending" if was.startswith("desc") else "descending"
    return {**body, "sort": {**body["sort"], "order": other}}


def order_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    """POST /companies/list has its order in the query."""
    path = "/companies/list"
    if resource.name != "companies" or path not in ground.described.document["paths"]:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        kept = [part for part in ask.query.split("&") if not part.startswith("order=")]
        return api(replace(ask, query="&".join(kept)))

    return Lapse(
        kind="list-order-ignored",
        family="sort",
        shows=places(
            f"POST {path}",
            "/data",
            "/data/*",
            "/data/*/last_request_at",
            "/data/*/created_at",
            "/data/*/id",
        ),
        wrapped=ground.at("POST", path, wrapped),
        at=f"POST {path}",
    )


OF_SEARCHES: Final[dict[str, Maker]] = {
    "equal-as-unequal": operator_lapse("equal-as-unequal", _swap(equal="!="), "=", "AND", "OR"),
    "unequal-as-equal": operator_lapse("unequal-as-equal", _swap(unequal="="), "!="),
    "above-as-below": operator_lapse("above-as-below", _swap(above="<", below=">"), ">", "<"),
    "above-takes-in-equal": off_by_one,
    "not-in-as-in": operator_lapse("not-in-as-in", _swap(NIN="IN"), "NIN"),
    "in-as-not-in": operator_lapse("in-as-not-in", _swap(IN="NIN"), "IN"),
    "in-takes-first-only": operator_lapse("in-takes-first-only", _first_only, "IN"),
    "contains-as-starts": operator_lapse("contains-as-starts", _swap(has="^"), "~"),
    "starts-as-contains": operator_lapse("starts-as-contains", _swap(starts="~"), "^"),
    "lacks-as-contains": operator_lapse("lacks-as-contains", _swap(lacks="~"), "!~"),
    "and-as-or": operator_lapse("and-as-or", _swap(AND="OR"), "AND"),
    "or-as-and": operator_lapse("or-as-and", _swap(OR="AND"), "OR", "AND"),
    "second-filter-ignored": operator_lapse("second-filter-ignored", _first_filter_only, "AND"),
    "nested-filter-ignored": operator_lapse("nested-filter-ignored", _no_nested, "AND"),
    "search-total-wrong": search_total_of_all,
    "search-type": search_wrong_type,
    "search-cursor-ignored": search_cursor_ignored,
    "search-page-2-unfiltered": search_page_two_unfiltered,
    "sort-ignored": _sort(
        "sort-ignored", lambda body: {k: v for k, v in body.items() if k != "sort"}
    ),
    "sort-reversed": _sort("sort-reversed", _reversed),
    "list-order-ignored": order_ignored,
}
