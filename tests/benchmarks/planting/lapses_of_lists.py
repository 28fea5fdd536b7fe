"""Lapses of lists and searches."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import (
    Ground,
    Lapse,
    Maker,
    Resource,
    Wrapped,
    changed,
    is_last,
    page_of,
    paging,
    places,
    showing,
    shown,
)
from planting.servers import Answer, Api, Ask
from planting.workspace import matches

CAP: Final = 10  # objects on a page, of a server that obeys per_page only so far
NTH: Final = 17
UNLIKE: Final = {"unexpected": True}  # a value that no scalar field may have


def _list(
    kind: str,
    ground: Ground,
    resource: Resource,
    locations: Callable[[str], tuple[str, ...]],
    after: Callable[[Ask, Answer], Answer],
    *,
    before: Callable[[Ask], Ask] = lambda ask: ask,
    family: str = "pages",
) -> Lapse | None:
    """A lapse of a paged list."""
    if not (resource.listing and resource.is_paged and resource.key):
        return None
    operation = f"GET {resource.listing}"

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(before(ask))
        return after(ask, answer) if shown(answer, resource.key) else answer

    return Lapse(
        kind=kind,
        family=family,
        shows=places(operation, *locations(f"/{resource.key}")),
        wrapped=ground.at("GET", resource.listing, wrapped),
        at=operation,
    )


def page_two_type(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        if page_of(answer) < 2:
            return answer
        found = [{**one, name: UNLIKE} for one in shown(answer, resource.key)]
        return showing(answer, resource.key, found)

    if not name:
        return None
    return _list(
        "page-2-type", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


def nth_item_null(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        size = answer.document["pages"].get("per_page") or 1
        index = NTH - 1 - (page_of(answer) - 1) * size
        found = copy.deepcopy(shown(answer, resource.key))
        if 0 <= index < len(found):
            found[index][str(name)] = None
        return showing(answer, resource.key, found)

    if not name:
        return None
    return _list(
        "17th-item-null", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


def last_page_repeats(ground: Ground, resource: Resource) -> Lapse | None:
    before_last: dict[str, Any] = {}

    def after(ask: Ask, answer: Answer) -> Answer:
        found = shown(answer, resource.key)
        if page_of(answer) > 1 and is_last(answer) and before_last:
            return showing(answer, resource.key, [before_last["one"], *found[1:]])
        before_last["one"] = found[-1]
        return answer

    return _list("last-page-repeats", ground, resource, lambda key: (key, f"{key}/*/id"), after)


def page_two_drops(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        found = shown(answer, resource.key)
        return showing(answer, resource.key, found[1:]) if page_of(answer) == 2 else answer

    return _list(
        "page-2-drops",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/total_count", "/pages/total_pages"),
        after,
    )


def per_page_capped(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        return showing(answer, resource.key, shown(answer, resource.key)[:CAP])

    return _list(
        "per-page-capped",
        ground,
        resource,
        lambda key: (key, "/pages/per_page", "/total_count", "/pages/total_pages"),
        after,
    )


def cursor_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    def before(ask: Ask) -> Ask:
        kept = [
            part
            for part in ask.query.split("&")
            if not part.startswith(("starting_after=", "page="))
        ]
        return replace(ask, query="&".join(kept))

    return _list(
        "cursor-ignored",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/pages/page", "/pages/next"),
        lambda ask, answer: answer,
        before=before,
    )


def next_never_ends(ground: Ground, resource: Resource) -> Lapse | None:
    held: dict[str, Any] = {}

    def after(ask: Ask, answer: Answer) -> Answer:
        following = answer.document["pages"].get("next")
        if following is not None:
            held["next"] = following
            return answer
        return paging(answer, next=held["next"]) if held else answer

    return _list(
        "next-never-ends",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/pages/next", "/pages"),
        after,
    )


def next_missing(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        return paging(answer, next=None) if page_of(answer) == 2 else answer

    return _list(
        "next-missing",
        ground,
        resource,
        lambda key: (key, "/pages/next", "/pages/total_pages", "/total_count"),
        after,
    )


def page_number_stays(ground: Ground, resource: Resource) -> Lapse | None:
    return _list(
        "page-number-stays",
        ground,
        resource,
        lambda key: ("/pages/page",),
        lambda ask, answer: paging(answer, page=1),
    )


def total_pages_off(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        total = answer.document["pages"].get("total_pages") or 1
        return paging(answer, total_pages=max(1, total - 1)) if total > 1 else answer

    return _list("total-pages-off", ground, resource, lambda key: ("/pages/total_pages",), after)


def total_count_drifts(ground: Ground, resource: Resource) -> Lapse | None:
    example = resource.listing and ground.described.success("GET", resource.listing)[2]
    if not isinstance(example, dict) or "total_count" not in example:
        return None

    def after(ask: Ask, answer: Answer) -> Answer:
        total = len(shown(answer, resource.key))
        return changed(answer, total_count=total) if page_of(answer) > 1 else answer

    return _list(
        "total-count-drifts", ground, resource, lambda key: ("/total_count",), after, family="count"
    )


def last_page_type(ground: Ground, resource: Resource) -> Lapse | None:
    example = resource.listing and ground.described.success("GET", resource.listing)[2]
    if not isinstance(example, dict) or "type" not in example:
        return None

    def after(ask: Ask, answer: Answer) -> Answer:
        return changed(answer, type="page") if is_last(answer) and page_of(answer) > 1 else answer

    return _list("last-page-type", ground, resource, lambda key: ("/type",), after, family="type")


def null_by_condition(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        found = [
            {**one, name: None} if str(one.get("id", "0"))[-1] in "159ad" else one
            for one in shown(answer, resource.key)
        ]
        return showing(answer, resource.key, found)

    if not name:
        return None
    return _list(
        "null-in-some", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


# Searches.


def _search(
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


def _operator_lapse(
    kind: str, change: Callable[[dict[str, Any]], dict[str, Any]], *operators: str
) -> Maker:
    """A lapse of some operators, found where an answer to one of them is wrong."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        key = f"/{resource.search_key}"
        where = (key, f"{key}/*", f"{key}/*/id", "/total_count")
        # A filter is checked at the field that it names, whichever that is.
        names = (
            ground.properties(
                (
                    ground.properties(ground.described.success("POST", resource.search)[1]).get(
                        resource.search_key or ""
                    )
                    or {}
                ).get("items")
            )
            if resource.search
            else {}
        )
        fields = tuple(f"{key}/*/{name}" for name in names)
        says = tuple(f"search {one}" for one in operators)
        return _search(kind, ground, resource, _asking(_deep(change)), *where, *fields, says=says)

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

    make = _operator_lapse("above-takes-in-equal", change, ">")
    return make(ground, resource)


def search_total_of_all(ground: Ground, resource: Resource) -> Lapse | None:
    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if not shown(answer, resource.search_key) or "total_count" not in answer.document:
            return answer
        return changed(answer, total_count=answer.document["total_count"] + 3)

    return _search(
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

    return _search(
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

    return _search(
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

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        query = ask.document.get("query") if isinstance(ask.document, dict) else None
        if page_of(answer) < 2 or not isinstance(query, dict) or not resource.listing:
            return answer
        everything = api(replace(ask, method="GET", path=resource.listing, query="", body=b""))
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

    return _search(
        "search-page-2-unfiltered",
        ground,
        resource,
        wrapped,
        key,
        f"{key}/*",
        f"{key}/*/id",
        *(f"{key}/*/{name}" for name in _names(ground, resource)),
        says=("search =",),
    )


def _names(ground: Ground, resource: Resource) -> list[str]:
    if not resource.search:
        return []
    whole = ground.properties(ground.described.success("POST", resource.search)[1])
    return list(ground.properties((whole.get(resource.search_key or "") or {}).get("items")))


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
        fields = (f"{key}/*/{name}" for name in _names(ground, resource))
        return _search(kind, ground, resource, wrapped, key, f"{key}/*", *fields, family="sort")

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


OF_LISTS: Final[dict[str, Maker]] = {
    "page-2-type": page_two_type,
    "17th-item-null": nth_item_null,
    "null-in-some": null_by_condition,
    "last-page-repeats": last_page_repeats,
    "page-2-drops": page_two_drops,
    "per-page-capped": per_page_capped,
    "cursor-ignored": cursor_ignored,
    "next-never-ends": next_never_ends,
    "next-missing": next_missing,
    "page-number-stays": page_number_stays,
    "total-pages-off": total_pages_off,
    "total-count-drifts": total_count_drifts,
    "last-page-type": last_page_type,
    "equal-as-unequal": _operator_lapse("equal-as-unequal", _swap(equal="!="), "=", "AND", "OR"),
    "unequal-as-equal": _operator_lapse("unequal-as-equal", _swap(unequal="="), "!="),
    "above-as-below": _operator_lapse("above-as-below", _swap(above="<", below=">"), ">", "<"),
    "above-takes-in-equal": off_by_one,
    "not-in-as-in": _operator_lapse("not-in-as-in", _swap(NIN="IN"), "NIN"),
    "in-as-not-in": _operator_lapse("in-as-not-in", _swap(IN="NIN"), "IN"),
    "in-takes-first-only": _operator_lapse("in-takes-first-only", _first_only, "IN"),
    "contains-as-starts": _operator_lapse("contains-as-starts", _swap(has="^"), "~"),
    "starts-as-contains": _operator_lapse("starts-as-contains", _swap(starts="~"), "^"),
    "lacks-as-contains": _operator_lapse("lacks-as-contains", _swap(lacks="~"), "!~"),
    "and-as-or": _operator_lapse("and-as-or", _swap(AND="OR"), "AND"),
    "or-as-and": _operator_lapse("or-as-and", _swap(OR="AND"), "OR", "AND"),
    "second-filter-ignored": _operator_lapse("second-filter-ignored", _first_filter_only, "AND"),
    "nested-filter-ignored": _operator_lapse("nested-filter-ignored", _no_nested, "AND"),
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
