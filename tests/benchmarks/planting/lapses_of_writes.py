"""Lapses of what is written and removed."""

from dataclasses import replace
from typing import Any, Final

from planting.lapses import Ground, Lapse, Maker, Resource, changed, places, showing, shown
from planting.lapses_of_objects import Seen, identifier, object_lapse
from planting.servers import Answer, Api, Ask

CUT: Final = 6  # characters that a careless server keeps of a text


def written_texts(ground: Ground, method: str, path: str) -> set[str]:
    """Return the scalar texts that both the body of a write and the object read hold."""
    _, _, example = ground.described.success("GET", path)
    where = path if method == "PUT" else path.rpartition("/")[0]
    operation = ground.described.document["paths"][where][method.lower()]
    raw = ground.described.resolve(operation.get("requestBody") or {}) or {}
    media = (raw.get("content") or {}).get("application/json") or {}
    names = set(ground.properties(media.get("schema")))
    for part in (ground.described.resolve(media.get("schema")) or {}).get("oneOf") or ():
        names |= set(ground.properties(part))
    return {
        name
        for name in names
        if isinstance(example, dict) and isinstance(example.get(name), str) and name != "id"
    }


def create_cuts(ground: Ground, resource: Resource) -> Lapse | None:
    """Of what is created, the texts are cut short."""
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
                name: value[:CUT]
                for name, value in answer.document.items()
                if name in names and isinstance(value, str)
            },
        )

    root = resource.one.rpartition("/")[0]
    shows = {
        (operation, f"/{name}")
        for name in names
        for operation in (f"GET {resource.one}", f"POST {root}")
    }
    return object_lapse(
        "create-cuts-text", ground, resource, frozenset(shows), wrapped, family="lifecycle"
    )


def update_not_kept(ground: Ground, resource: Resource) -> Lapse | None:
    """One text of an update is answered, but not kept."""
    names = resource.can_update and written_texts(ground, "PUT", resource.one)
    if not names:
        return None
    old: dict[str, dict[str, Any]] = {}

    def wrapped(ask: Ask, api: Api) -> Answer:
        if ask.method == "PUT" and isinstance(ask.document, dict):
            before = api(replace(ask, method="GET", body=b""))
            written = sorted(names & ask.document.keys())
            if written and before.status == 200 and identifier(ask) not in old:
                name = written[0]
                old[identifier(ask)] = {name: before.document.get(name)}
        answer = api(ask)
        kept = old.get(identifier(ask))
        return (
            changed(answer, **kept)
            if kept and ask.method == "GET" and (answer.status == 200)
            else answer
        )

    shows = {
        (operation, f"/{name}")
        for name in names
        for operation in (f"GET {resource.one}", f"PUT {resource.one}")
    }

    def there(ask: Ask, api: Api) -> Answer:
        return wrapped(ask, api) if ground.described.match(ask) == resource.one else api(ask)

    return object_lapse(
        "update-not-kept", ground, resource, frozenset(shows), there, family="lifecycle"
    )


def update_resets(ground: Ground, resource: Resource) -> Lapse | None:
    """An update also empties a text that it does not name."""
    names = resource.can_update and written_texts(ground, "PUT", resource.one)
    if not names:
        return None
    emptied: dict[str, str] = {}

    def there(ask: Ask, api: Api) -> Answer:
        if ground.described.match(ask) != resource.one:
            return api(ask)
        if ask.method == "PUT" and isinstance(ask.document, dict):
            others = sorted(names - ask.document.keys())
            if others:
                emptied[identifier(ask)] = others[0]
        answer = api(ask)
        name = emptied.get(identifier(ask))
        if name and answer.status == 200 and ask.method in ("GET", "PUT"):
            return changed(answer, **{name: ""})
        return answer

    shows = {
        (operation, f"/{name}")
        for name in names
        for operation in (f"GET {resource.one}", f"PUT {resource.one}")
    }
    return object_lapse(
        "update-empties-other", ground, resource, frozenset(shows), there, family="lifecycle"
    )


def update_answers_old(ground: Ground, resource: Resource) -> Lapse | None:
    """An update is kept, and answered with what was there before."""
    names = resource.can_update and written_texts(ground, "PUT", resource.one)
    if not names:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        before = api(replace(ask, method="GET", body=b""))
        answer = api(ask)
        if answer.status != 200 or before.status != 200:
            return answer
        return changed(
            answer, **{name: before.document[name] for name in names if name in before.document}
        )

    return object_lapse(
        "update-answers-old",
        ground,
        resource,
        places(f"PUT {resource.one}", *(f"/{name}" for name in names)),
        ground.at("PUT", resource.one, wrapped),
        family="lifecycle",
    )


def delete_does_nothing(ground: Ground, resource: Resource) -> Lapse | None:
    if not (resource.can_delete and resource.can_create):
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        there = api(replace(ask, method="GET", body=b""))
        if there.status != 200:
            return api(ask)
        status, _, example = ground.described.success("DELETE", resource.one)
        document = dict(example) if isinstance(example, dict) else {}
        if "id" in document:
            document["id"] = there.document.get("id")
        return Answer(status=status, document=document, headers=there.headers)

    shows = (
        places(f"DELETE {resource.one}", "status", "/deleted")
        | places(f"GET {resource.one}", "status")
        | places(f"GET {resource.listing}", f"/{resource.key}", f"/{resource.key}/*/id")
    )
    return object_lapse(
        "delete-does-nothing",
        ground,
        resource,
        shows,
        ground.at("DELETE", resource.one, wrapped),
        family="lifecycle",
        at="DELETE",
    )


def _still(kind: str, where: str) -> Maker:
    """What is deleted is in the list (or in what is found) all the same."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        path = resource.listing if where == "list" else resource.search
        key = resource.key if where == "list" else resource.search_key
        if not (path and key and resource.can_delete and resource.can_create):
            return None
        seen = Seen(ground, resource)

        def wrapped(ask: Ask, api: Api) -> Answer:
            if seen.template(ask) == "one" and ask.method == "DELETE":
                was = api(replace(ask, method="GET", body=b""))
                answer = api(ask)
                if was.status == 200 and answer.status < 300:
                    seen.removed[identifier(ask)] = was.document
                return answer
            answer = api(ask)
            if seen.template(ask) != where or not seen.removed or ask.method == "DELETE":
                return answer
            example = (resource.sample if where == "list" else resource.found) or {}
            ghosts = [
                {name: one.get(name, value) for name, value in example.items()}
                for one in seen.removed.values()
            ]
            return (
                showing(answer, key, [*ghosts, *answer.document[key]])
                if (answer.status == 200)
                else answer
            )

        method = "GET" if where == "list" else "POST"
        shows = places(f"{method} {path}", f"/{key}", f"/{key}/*/id", f"/{key}/*") | places(
            f"DELETE {resource.one}", "status"
        )
        return object_lapse(kind, ground, resource, shows, wrapped, family="lifecycle", at="DELETE")

    return make


def _new_not(kind: str, where: str) -> Maker:
    """What is created is not in the list (or not found)."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        path = resource.listing if where == "list" else resource.search
        key = resource.key if where == "list" else resource.search_key
        if not (path and key and resource.can_create):
            return None
        seen = Seen(ground, resource)

        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            seen.note(ask, answer)
            if seen.template(ask) != where:
                return answer
            found = shown(answer, key)
            kept = [one for one in found if str(one.get("id")) not in seen.created]
            return showing(answer, key, kept) if len(kept) < len(found) else answer

        method = "GET" if where == "list" else "POST"
        shows = places(f"{method} {path}", f"/{key}", f"/{key}/*/id", f"/{key}/*", "/total_count")
        return object_lapse(kind, ground, resource, shows, wrapped, family=f"new in {where}")

    return make


def delete_echoes_other(ground: Ground, resource: Resource) -> Lapse | None:
    example = ground.described.success("DELETE", resource.one)[2] if resource.can_delete else None
    if not isinstance(example, dict) or "id" not in example or not resource.can_create:
        return None

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if answer.status != 200 or not isinstance(answer.document, dict):
            return answer
        other = answer.document.get("id")
        return changed(answer, id=other + 1 if isinstance(other, int) else f"{other}0")

    return object_lapse(
        "delete-echoes-other",
        ground,
        resource,
        places(f"DELETE {resource.one}", "/id"),
        ground.at("DELETE", resource.one, wrapped),
        family="echo",
        at="DELETE",
    )


def deleted_breaks(ground: Ground, resource: Resource) -> Lapse | None:
    """Reading what was deleted is a server error."""
    if not (resource.can_delete and resource.can_create):
        return None
    gone: set[str] = set()

    def there(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        if ground.described.match(ask) != resource.one:
            return answer
        if ask.method == "DELETE" and answer.status < 300:
            gone.add(identifier(ask))
        if ask.method == "GET" and identifier(ask) in gone:
            return replace(answer, status=500)
        return answer

    return object_lapse(
        "deleted-breaks",
        ground,
        resource,
        places(f"GET {resource.one}", "status"),
        there,
        family="lifecycle",
    )


OF_WRITES: Final[dict[str, Maker]] = {
    "create-cuts-text": create_cuts,
    "update-not-kept": update_not_kept,
    "update-empties-other": update_resets,
    "update-answers-old": update_answers_old,
    "delete-does-nothing": delete_does_nothing,
    "deleted-still-listed": _still("deleted-still-listed", "list"),
    "deleted-still-found": _still("deleted-still-found", "search"),
    "new-not-listed": _new_not("new-not-listed", "list"),
    "new-not-found": _new_not("new-not-found", "search"),
    "delete-echoes-other": delete_echoes_other,
    "deleted-breaks": deleted_breaks,
}
