"""A third catalogue: lapses of what is written, read again and removed."""

from dataclasses import replace
from typing import Any, Final

from planting.lapses import Ground, Lapse, Maker, Resource, changed, places, showing, shown
from planting.lapses_of_objects import Seen, identifier, object_lapse
from planting.lapses_of_writes import written_texts
from planting.servers import Answer, Api, Ask


def _root(resource: Resource) -> str:
    return resource.one.rpartition("/")[0]


def letters_lost(ground: Ground, resource: Resource) -> Lapse | None:
    """Letters beyond ASCII are lost of what is created."""
    names = resource.can_create and written_texts(ground, "POST", resource.one)
    if not names:
        return None
    seen = Seen(ground, resource)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        seen.note(ask, answer)
        where = seen.template(ask)
        is_new = where == "one" and identifier(ask) in seen.created
        if answer.status >= 300 or not (where == "root" or (is_new and ask.method == "GET")):
            return answer
        return changed(
            answer,
            **{
                name: value.encode("ascii", "replace").decode()
                for name, value in answer.document.items()
                if name in names and isinstance(value, str)
            },
        )

    shows = {
        (operation, f"/{name}")
        for name in names
        for operation in (f"GET {resource.one}", f"POST {_root(resource)}")
    }
    return object_lapse(
        "letters-lost", ground, resource, frozenset(shows), wrapped, family="lifecycle"
    )


def created_not_readable(ground: Ground, resource: Resource) -> Lapse | None:
    """What is created is not there when it is read by its id."""
    if not resource.can_create:
        return None
    seen = Seen(ground, resource)

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        seen.note(ask, answer)
        is_new = seen.template(ask) == "one" and identifier(ask) in seen.created
        if not is_new or ask.method != "GET" or answer.status != 200:
            return answer
        errors = [{"code": "not_found", "message": "Resource Not Found"}]
        document = {"type": "error.list", "request_id": None, "errors": errors}
        return replace(answer, status=404, document=document)

    shows = places(f"GET {resource.one}", "status") | places(f"POST {_root(resource)}", "/id")
    return object_lapse(
        "created-not-readable", ground, resource, shows, wrapped, family="lifecycle"
    )


def list_shows_old(ground: Ground, resource: Resource) -> Lapse | None:
    """After an update the list goes on showing the old text."""
    names = resource.can_update and resource.listing and written_texts(ground, "PUT", resource.one)
    names = {one for one in names or () if isinstance((resource.sample or {}).get(one), str)}
    if not names:
        return None
    old: dict[str, dict[str, Any]] = {}

    def wrapped(ask: Ask, api: Api) -> Answer:
        where = ground.described.match(ask)
        if where == resource.one and ask.method == "PUT":
            before = api(replace(ask, method="GET", body=b""))
            if before.status == 200:
                texts = {name: before.document.get(name) for name in names}
                old.setdefault(identifier(ask), texts)
        answer = api(ask)
        if where != resource.listing or ask.method != "GET" or not old:
            return answer
        found = [
            {**one, **{k: v for k, v in old.get(str(one.get("id")), {}).items() if k in one}}
            for one in shown(answer, resource.key)
        ]
        return showing(answer, resource.key, found) if found else answer

    shows = {
        place
        for name in names
        for place in (
            (f"GET {resource.listing}", f"/{resource.key}/*/{name}"),
            (f"GET {resource.one}", f"/{name}"),
            (f"PUT {resource.one}", f"/{name}"),
        )
    }
    return object_lapse(
        "list-shows-old", ground, resource, frozenset(shows), wrapped, family="list stale", at="PUT"
    )


def update_reaches_neighbour(ground: Ground, resource: Resource) -> Lapse | None:
    """An update is also written to the first object of the list."""
    names = resource.can_update and resource.listing and written_texts(ground, "PUT", resource.one)
    names = {one for one in names or () if isinstance((resource.sample or {}).get(one), str)}
    if not names:
        return None
    first = str((resource.sample or {}).get("id"))
    written: dict[str, Any] = {}

    def wrapped(ask: Ask, api: Api) -> Answer:
        where = ground.described.match(ask)
        answer = api(ask)
        if answer.status != 200:
            return answer
        if where == resource.one and ask.method == "PUT" and isinstance(ask.document, dict):
            written.update({k: v for k, v in ask.document.items() if k in names})
        if where == resource.one and ask.method == "GET" and identifier(ask) == first:
            return changed(answer, **{k: v for k, v in written.items() if k in answer.document})
        if where == resource.listing and ask.method == "GET" and written:
            found = [
                {**one, **{k: v for k, v in written.items() if k in one}}
                if str(one.get("id")) == first
                else one
                for one in shown(answer, resource.key)
            ]
            return showing(answer, resource.key, found) if found else answer
        return answer

    shows = {
        place
        for name in names
        for place in (
            (f"GET {resource.listing}", f"/{resource.key}/*/{name}"),
            (f"GET {resource.one}", f"/{name}"),
            (f"PUT {resource.one}", f"/{name}"),
        )
    }
    return object_lapse(
        "update-reaches-neighbour",
        ground,
        resource,
        frozenset(shows),
        wrapped,
        family="list stale",
        at="PUT",
    )


def null_after_update(ground: Ground, resource: Resource) -> Lapse | None:
    """A field that may not be null is, once an object was updated."""
    name = ground.field("GET", resource.one, None, resource.read)
    if not (resource.can_update and name):
        return None
    updated: set[str] = set()

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if ground.described.match(ask) != resource.one or answer.status != 200:
            return answer
        if ask.method == "PUT":
            updated.add(identifier(ask))
        if ask.method == "GET" and identifier(ask) in updated and name in answer.document:
            return changed(answer, **{name: None})
        return answer

    return object_lapse(
        "null-after-update",
        ground,
        resource,
        places(f"GET {resource.one}", f"/{name}"),
        wrapped,
        family="after update",
    )


def update_of_deleted(ground: Ground, resource: Resource) -> Lapse | None:
    """What is deleted can be updated all the same."""
    if not (resource.can_delete and resource.can_update):
        return None
    removed: dict[str, dict[str, Any]] = {}

    def wrapped(ask: Ask, api: Api) -> Answer:
        if ground.described.match(ask) != resource.one:
            return api(ask)
        if ask.method == "DELETE":
            was = api(replace(ask, method="GET", body=b""))
            answer = api(ask)
            if was.status == 200 and answer.status < 300:
                removed[identifier(ask)] = was.document
            return answer
        answer = api(ask)
        if ask.method == "PUT" and identifier(ask) in removed and answer.status == 404:
            body = ask.document if isinstance(ask.document, dict) else {}
            kept = removed[identifier(ask)]
            document = kept | {k: v for k, v in body.items() if k in kept}
            return replace(answer, status=200, document=document)
        return answer

    return object_lapse(
        "update-of-deleted",
        ground,
        resource,
        places(f"PUT {resource.one}", "status"),
        wrapped,
        family="lifecycle",
        at="PUT",
    )


def deleted_reads_empty(ground: Ground, resource: Resource) -> Lapse | None:
    """What is deleted is answered with success and nothing in it."""
    if not (resource.can_delete and resource.can_create):
        return None
    gone: set[str] = set()

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if ground.described.match(ask) != resource.one:
            return answer
        if ask.method == "DELETE" and answer.status < 300:
            gone.add(identifier(ask))
        if ask.method == "GET" and identifier(ask) in gone and answer.status == 404:
            return replace(answer, status=200, document={})
        return answer

    return object_lapse(
        "deleted-reads-empty",
        ground,
        resource,
        places(f"GET {resource.one}", "status", "body", "/id"),
        wrapped,
        family="lifecycle",
    )


def delete_says_not(ground: Ground, resource: Resource) -> Lapse | None:
    """The answer to a deletion says that nothing was deleted."""
    example = ground.described.success("DELETE", resource.one)[2] if resource.can_delete else None
    if not isinstance(example, dict) or example.get("deleted") is not True:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        return changed(answer, deleted=False) if answer.status == 200 else answer

    return object_lapse(
        "delete-says-not",
        ground,
        resource,
        places(f"DELETE {resource.one}", "/deleted"),
        ground.at("DELETE", resource.one, wrapped),
        family="echo",
        at="DELETE",
    )


THIRD_OF_WRITES: Final[dict[str, Maker]] = {
    "letters-lost": letters_lost,
    "created-not-readable": created_not_readable,
    "list-shows-old": list_shows_old,
    "update-reaches-neighbour": update_reaches_neighbour,
    "null-after-update": null_after_update,
    "update-of-deleted": update_of_deleted,
    "deleted-reads-empty": deleted_reads_empty,
    "delete-says-not": delete_says_not,
}
