"""Lapses of single objects that are read by id."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import UNLIKE, Ground, Lapse, Maker, Resource, changed, places, shown
from planting.servers import Answer, Api, Ask

Place = tuple[str, str]


class Seen:
    """What went through the proxy about the objects of one kind."""

    def __init__(self, ground: Ground, resource: Resource) -> None:
        self._described, self._resource = ground.described, resource
        self._root = resource.one.rpartition("/")[0]
        self.created: set[str] = set()
        self.removed: dict[str, dict[str, Any]] = {}
        self.archived: set[str] = set()

    def template(self, ask: Ask) -> str:
        """Return `one`, `list`, `search`, `root` (to create) or nothing."""
        path = self._described.match(ask)
        if path == self._resource.one:
            return "one"
        if path == self._root:
            return "list" if ask.method == "GET" else "root"
        if path and path == self._resource.search:
            return "search"
        if path == f"{self._resource.one}/archive":
            return "archive"
        return ""

    def note(self, ask: Ask, answer: Answer) -> None:
        """Remember what an answer says was done."""
        where = self.template(ask)
        done = 200 <= answer.status < 300 and isinstance(answer.document, dict)
        if done and where == "root" and ask.method == "POST" and "id" in answer.document:
            self.created.add(str(answer.document["id"]))
        if done and where == "archive":
            self.archived.add(ask.path.split("/")[-2])


def identifier(ask: Ask) -> str:
    return ask.path.rpartition("/")[2]


def object_lapse(
    kind: str,
    ground: Ground,
    resource: Resource,
    shows: frozenset[Place],
    wrapped: Callable[[Ask, Api], Answer],
    *,
    family: str = "objects",
    at: str = "GET",
) -> Lapse:
    return Lapse(kind=kind, family=family, shows=shows, wrapped=wrapped, at=f"{at} {resource.one}")


def another_object(ground: Ground, resource: Resource) -> Lapse | None:
    """Every object but the first of the list is answered by its neighbour's document."""
    if not (resource.listing and resource.key):
        return None
    listing, key = resource.listing, resource.key

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if answer.status != 200 or not isinstance(answer.document, dict):
            return answer
        page = api(replace(ask, path=listing, query="", body=b""))
        ids = [one.get("id") for one in shown(page, key)]
        if len(ids) < 2 or str(ids[0]) == identifier(ask):
            return answer
        return changed(answer, id=ids[0])

    return object_lapse(
        "another-object",
        ground,
        resource,
        places(f"GET {resource.one}", "/id"),
        ground.at("GET", resource.one, wrapped),
    )


def detail_differs(ground: Ground, resource: Resource) -> Lapse | None:
    """An object read by id says something else than the list did."""
    if not (resource.listing and resource.key):
        return None
    name = ground.field("GET", resource.one, None, resource.read)
    listed, read = resource.sample or {}, resource.read or {}
    if not name or not (isinstance(listed.get(name), str) and isinstance(read.get(name), str)):
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if answer.status != 200 or not isinstance((answer.document or {}).get(name), str):
            return answer
        return changed(answer, **{name: f"{answer.document[name]} before"})

    return object_lapse(
        "detail-differs",
        ground,
        resource,
        places(f"GET {resource.one}", f"/{name}"),
        ground.at("GET", resource.one, wrapped),
        family="fields read",
    )


def nested_list_cut(ground: Ground, resource: Resource) -> Lapse | None:
    example = ground.described.success("GET", resource.one)[2]
    names = [
        name
        for name, one in (example.items() if isinstance(example, dict) else ())
        if isinstance(one, dict)
        and isinstance(one.get("data"), list)
        and one["data"]
        and isinstance(one.get("total_count"), int)
    ]
    if not names:
        return None
    name = ground.chance.choice(names)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        nested = answer.document.get(name) if isinstance(answer.document, dict) else None
        if answer.status != 200 or not isinstance(nested, dict) or not nested.get("data"):
            return answer
        return changed(answer, **{name: {**nested, "data": nested["data"][:-1]}})

    return object_lapse(
        "nested-list-cut",
        ground,
        resource,
        places(
            f"GET {resource.one}",
            f"/{name}/data",
            f"/{name}/total_count",
            f"/{name}",
            f"/{name}/has_more",
        ),
        ground.at("GET", resource.one, wrapped),
    )


def new_object_type(ground: Ground, resource: Resource) -> Lapse | None:
    """A field is of the wrong type, of objects created just now only."""
    name = ground.field("GET", resource.one, None, resource.read)
    if not (resource.can_create and name):
        return None
    seen = Seen(ground, resource)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        seen.note(ask, answer)
        is_new = seen.template(ask) == "one" and identifier(ask) in seen.created
        if is_new and ask.method == "GET" and answer.status == 200:
            return changed(answer, **{name: UNLIKE})
        return answer

    return object_lapse(
        "new-object-type",
        ground,
        resource,
        places(f"GET {resource.one}", f"/{name}"),
        wrapped,
        family="new fields",
    )


def archived_type(ground: Ground, resource: Resource) -> Lapse | None:
    name = ground.field("GET", resource.one, None, resource.read)
    if f"{resource.one}/archive" not in ground.described.document["paths"] or not name:
        return None
    seen = Seen(ground, resource)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        seen.note(ask, answer)
        is_archived = seen.template(ask) == "one" and identifier(ask) in seen.archived
        if is_archived and ask.method == "GET" and answer.status == 200:
            return changed(answer, **{name: UNLIKE})
        return answer

    return object_lapse(
        "archived-type",
        ground,
        resource,
        places(f"GET {resource.one}", f"/{name}"),
        wrapped,
        family="new fields",
    )


def unknown_answers(ground: Ground, resource: Resource) -> Lapse | None:
    """An id that nothing has is answered as if it had."""

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if answer.status != 404:
            return answer
        document = copy.deepcopy(ground.described.success("GET", resource.one)[2])
        return replace(answer, status=200, document=document)

    if ground.described.success("GET", resource.one)[2] is None:
        return None
    return object_lapse(
        "unknown-id-answers",
        ground,
        resource,
        places(f"GET {resource.one}", "status", "/id"),
        ground.at("GET", resource.one, wrapped),
    )


OF_OBJECTS: Final[dict[str, Maker]] = {
    "another-object": another_object,
    "detail-differs": detail_differs,
    "nested-list-cut": nested_list_cut,
    "new-object-type": new_object_type,
    "archived-type": archived_type,
    "unknown-id-answers": unknown_answers,
}
