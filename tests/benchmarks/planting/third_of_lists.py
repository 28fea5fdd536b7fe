"""A third catalogue: lapses of lists and searches, from the list of what is promised."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import (
    Ground,
    Lapse,
    Maker,
    Resource,
    changed,
    is_last,
    page_of,
    paging,
    places,
    showing,
    shown,
)
from planting.lapses_of_pages import list_lapse
from planting.lapses_of_searches import names_found, operator_lapse, search_lapse
from planting.servers import Answer, Api, Ask

from contracts.overlays import embedded_contract

LOST: Final = 3  # the object, counted from the first of the list, that no search finds


def _without_size_after_first(ask: Ask) -> Ask:
    if not re.search(r"(^|&)(starting_after=|page=(?!1(&|$)))", ask.query):
        return ask
    kept = [part for part in ask.query.split("&") if not part.startswith("per_page=")]
    return replace(ask, query="&".join(kept))


def size_forgotten(ground: Ground, resource: Resource) -> Lapse | None:
    """From the second page on a page has the size that is usual, whichever was asked for."""
    return list_lapse(
        "size-forgotten-on-page-2",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/pages/per_page", "/pages/page", "/total_count"),
        lambda ask, answer: answer,
        before=_without_size_after_first,
    )


def undocumented_on_last(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        if page_of(answer) < 2 or not is_last(answer):
            return answer
        found = [{**one, "legacy_mode": "on"} for one in shown(answer, resource.key)]
        return showing(answer, resource.key, found)

    return list_lapse(
        "undocumented-on-last-page",
        ground,
        resource,
        lambda key: (f"{key}/*/legacy_mode",),
        after,
        family="fields",
    )


def renamed_on_page_two(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        if page_of(answer) < 2:
            return answer
        return showing(answer, resource.key, [_renamed(one, str(name)) for one in _all(answer)])

    def _all(answer: Answer) -> list[dict[str, Any]]:
        return shown(answer, resource.key)

    if not name:
        return None
    return list_lapse(
        "renamed-on-page-2",
        ground,
        resource,
        lambda key: (f"{key}/*/{name}", f"{key}/*/{name}_value"),
        after,
        family="fields",
    )


def _renamed(one: dict[str, Any], name: str) -> dict[str, Any]:
    return {f"{key}_value" if key == name else key: value for key, value in one.items()}


def read_by_consumers(version: str, method: str, path: str) -> set[str]:
    """Return the patterns that the consumers of the relied-upon contract read of an operation;
    none where what is relied on is not known for this version."""
    blank = re.sub(r"\{[^}]+\}", "{}", path)
    read: set[str] = set()
    contract = embedded_contract(version)
    for consumer in contract.document["x-consumers"] if contract else ():
        for operation, patterns in consumer["reads"].items():
            if re.sub(r"\{[^}]+\}", "{}", operation) == f"{method} {blank}":
                read |= set(patterns)
    return read


def read_field_gone(ground: Ground, resource: Resource) -> Lapse | None:
    """A field that a consumer reads is not in every other object of a list."""
    version = ground.described.document["info"]["version"]
    prefix = f"/{resource.key}/*/"
    names = [
        pattern.removeprefix(prefix)
        for pattern in sorted(read_by_consumers(version, "GET", resource.listing or ""))
        if pattern.startswith(prefix) and pattern.count("/") == prefix.count("/")
    ]
    names = [one for one in names if (resource.sample or {}).get(one) is not None and one != "id"]
    if not (names and resource.listing):
        return None
    name = ground.chance.choice(names)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        found = [
            {k: v for k, v in one.items() if k != name or number % 2 == 0}
            for number, one in enumerate(shown(answer, resource.key))
        ]
        return showing(answer, resource.key, found) if found else answer

    return Lapse(
        kind="read-field-gone-in-some",
        family="fields",
        shows=places(f"GET {resource.listing}", f"{prefix}{name}"),
        wrapped=ground.at("GET", resource.listing, wrapped),
        at=f"GET {resource.listing}",
    )


def list_filter_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    """GET /companies may be asked for those of a name."""
    if resource.name != "companies" or not resource.listing:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        kept = [part for part in ask.query.split("&") if not part.startswith("name=")]
        return api(replace(ask, query="&".join(kept)))

    return Lapse(
        kind="list-filter-ignored",
        family="list filter",
        shows=places(f"GET {resource.listing}", "/data", "/data/*/name", "/data/*/id"),
        wrapped=ground.at("GET", resource.listing, wrapped),
        at=f"GET {resource.listing}",
    )


# Searches.


def search_size_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    def wrapped(ask: Ask, api: Api) -> Answer:
        body = ask.document
        if not isinstance(body, dict) or not isinstance(body.get("pagination"), dict):
            return api(ask)
        page = {k: v for k, v in body["pagination"].items() if k != "per_page"}
        return api(replace(ask, body=json.dumps({**body, "pagination": page}).encode()))

    key = f"/{resource.search_key}"
    return search_lapse(
        "search-size-ignored",
        ground,
        resource,
        wrapped,
        *(key, "/pages/per_page"),
        family="pages",
    )


def _of_search(
    kind: str,
    after: Callable[[Resource, Answer], Answer],
    locations: Callable[[str], tuple[str, ...]],
    *,
    family: str,
) -> Maker:
    """A lapse of what a search answers, whatever it was asked."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            has_list = isinstance(answer.document, dict) and isinstance(
                answer.document.get(resource.search_key), list
            )
            return after(resource, answer) if answer.status == 200 and has_list else answer

        where = locations(f"/{resource.search_key}")
        return search_lapse(kind, ground, resource, wrapped, *where, family=family)

    return make


def _null_when_empty(resource: Resource, answer: Answer) -> Answer:
    if answer.document[resource.search_key]:
        return answer
    return changed(answer, **{str(resource.search_key): None})


def _absent_when_empty(resource: Resource, answer: Answer) -> Answer:
    if answer.document[resource.search_key]:
        return answer
    kept = {k: v for k, v in answer.document.items() if k != resource.search_key}
    return replace(answer, document=kept)


def _drops_on_page_two(resource: Resource, answer: Answer) -> Answer:
    found = shown(answer, resource.search_key)
    if page_of(answer) != 2 or not found:
        return answer
    return showing(answer, resource.search_key, found[1:])


def _one_page_too_many(resource: Resource, answer: Answer) -> Answer:
    pages = answer.document.get("pages")
    if not isinstance(pages, dict) or not isinstance(pages.get("total_pages"), int):
        return answer
    return paging(answer, total_pages=pages["total_pages"] + 1)


def _on_page_two(kind: str, change: Callable[[dict[str, Any], str], dict[str, Any]]) -> Maker:
    """A field of a search's answer is wrong from the second page on."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        if not resource.search:
            return None
        name = ground.field("POST", resource.search, resource.search_key, resource.found)
        if not name:
            return None

        def after(resource: Resource, answer: Answer) -> Answer:
            if page_of(answer) < 2:
                return answer
            found = [change(one, name) for one in shown(answer, resource.search_key)]
            return showing(answer, resource.search_key, found)

        return _of_search(
            kind, after, lambda key: (f"{key}/*/{name}", f"{key}/*/{name}_value"), family="fields"
        )(ground, resource)

    return make


def renamed_when_found(ground: Ground, resource: Resource) -> Lapse | None:
    """A field has another name in what a search finds."""
    if not resource.search:
        return None
    name = ground.field("POST", resource.search, resource.search_key, resource.found)
    if not name:
        return None

    def after(resource: Resource, answer: Answer) -> Answer:
        found = [_renamed(one, name) for one in shown(answer, resource.search_key)]
        return showing(answer, resource.search_key, found)

    return _of_search(
        "renamed-when-found",
        after,
        lambda key: (f"{key}/*/{name}", f"{key}/*/{name}_value"),
        family="fields",
    )(ground, resource)


def search_loses_one(ground: Ground, resource: Resource) -> Lapse | None:
    """One object that the list shows is found by no search."""
    if not (resource.search and resource.listing and resource.key):
        return None
    listing = resource.listing

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        found = shown(answer, resource.search_key)
        if not found:
            return answer
        listed = shown(api(replace(ask, method="GET", path=listing, body=b"")), resource.key)
        lost = listed[LOST - 1]["id"] if len(listed) >= LOST else None
        kept = [one for one in found if one.get("id") != lost]
        if len(kept) == len(found):
            return answer
        total = answer.document.get("total_count")
        less = {"total_count": total - 1} if isinstance(total, int) else {}
        return changed(showing(answer, resource.search_key, kept), **less)

    key = f"/{resource.search_key}"
    return search_lapse(
        "search-loses-one",
        ground,
        resource,
        wrapped,
        *(key, f"{key}/*", f"{key}/*/id", "/total_count", "/pages/total_pages"),
        *(f"{key}/*/{name}" for name in names_found(ground, resource)),
        family="search loses",
    )


def _ends(query: dict[str, Any]) -> dict[str, Any]:
    return {**query, "operator": "~"} if query.get("operator") == "$" else query


def _first_of_or(query: dict[str, Any]) -> dict[str, Any]:
    if query.get("operator") == "OR" and len(query.get("value") or ()) > 1:
        return {**query, "value": query["value"][:1]}
    return query


def _first_of_nin(query: dict[str, Any]) -> dict[str, Any]:
    if query.get("operator") == "NIN" and isinstance(query.get("value"), list):
        return {**query, "value": query["value"][:1]}
    return query


def _sorted_by(
    kind: str, change: Callable[[Resource, dict[str, Any], Answer, Api, Ask], Answer]
) -> Maker:
    def make(ground: Ground, resource: Resource) -> Lapse | None:
        if resource.name != "contacts":  # sorting is documented for contacts only
            return None

        def wrapped(ask: Ask, api: Api) -> Answer:
            body = ask.document
            if not isinstance(body, dict) or not isinstance(body.get("sort"), dict):
                return api(ask)
            return change(resource, body, api(ask), api, ask)

        key = f"/{resource.search_key}"
        fields = (f"{key}/*/{name}" for name in names_found(ground, resource))
        return search_lapse(
            kind, ground, resource, wrapped, key, f"{key}/*", *fields, family="sort"
        )

    return make


def _by_another(
    resource: Resource, body: dict[str, Any], answer: Answer, api: Api, ask: Ask
) -> Answer:
    """Whatever field is named, it sorts by the time of creation."""
    other = {**body, "sort": {**body["sort"], "field": "created_at"}}
    return api(replace(ask, body=json.dumps(other).encode())) if answer.status == 200 else answer


def _each_page(
    resource: Resource, body: dict[str, Any], answer: Answer, api: Api, ask: Ask
) -> Answer:
    """Each page is in order, but they are the pages of an unsorted list."""
    if answer.status != 200:
        return answer
    plain = {k: v for k, v in body.items() if k != "sort"}
    other = api(replace(ask, body=json.dumps(plain).encode()))
    name = str(body["sort"].get("field"))
    falls = str(body["sort"].get("order", "")).startswith("desc")

    def rank(one: dict[str, Any]) -> tuple[bool, str, Any]:
        value = one.get(name)
        return value is not None, type(value).__name__, value if value is not None else 0

    found = sorted(shown(other, resource.search_key), key=rank, reverse=falls)
    return showing(other, resource.search_key, found) if found else other


THIRD_OF_LISTS: Final[dict[str, Maker]] = {
    "size-forgotten-on-page-2": size_forgotten,
    "undocumented-on-last-page": undocumented_on_last,
    "renamed-on-page-2": renamed_on_page_two,
    "read-field-gone-in-some": read_field_gone,
    "list-filter-ignored": list_filter_ignored,
    "search-size-ignored": search_size_ignored,
    "nothing-found-null": _of_search(
        "nothing-found-null", _null_when_empty, lambda key: (key,), family="list shape"
    ),
    "nothing-found-absent": _of_search(
        "nothing-found-absent", _absent_when_empty, lambda key: (key,), family="list shape"
    ),
    "search-page-2-drops": _of_search(
        "search-page-2-drops",
        _drops_on_page_two,
        lambda key: (key, f"{key}/*/id", "/total_count", "/pages/total_pages"),
        family="pages",
    ),
    "search-pages-off": _of_search(
        "search-pages-off", _one_page_too_many, lambda key: ("/pages/total_pages",), family="pages"
    ),
    "search-page-2-null": _on_page_two("search-page-2-null", lambda one, name: {**one, name: None}),
    "search-page-2-renamed": _on_page_two("search-page-2-renamed", _renamed),
    "renamed-when-found": renamed_when_found,
    "search-loses-one": search_loses_one,
    "ends-as-contains": operator_lapse("ends-as-contains", _ends, "$"),
    "or-takes-first-only": operator_lapse("or-takes-first-only", _first_of_or, "OR"),
    "not-in-takes-first-only": operator_lapse("not-in-takes-first-only", _first_of_nin, "NIN"),
    "sorts-by-creation-only": _sorted_by("sorts-by-creation-only", _by_another),
    "sorts-each-page": _sorted_by("sorts-each-page", _each_page),
}
