"""A small Intercom that remembers: a second one, written from the public facts alone.

It shares nothing with the sandbox, so that what the property tests say of one can be held against
the other. Its answers are the examples of a description, overlaid with what the server remembers of
each object: lists page, searches filter, what is written is kept and what is deleted is gone.
"""

import itertools
import json
import random
import time
from typing import Any, Final

from planting.furniture import PARAMETER, Collection, Furniture, collections_of, takes_queries
from planting.queries import Refused, matches
from planting.servers import Answer, Api, Ask, Documented

TOKEN: Final = "workspace-token"
MOST_PER_PAGE: Final = 150
_PER_PAGE: Final = {"contacts": 50, "conversations": 20, "companies": 15}
_PER_PAGE_ELSEWHERE: Final = 10
_BY_CURSOR: Final = frozenset({"contacts", "conversations", "tickets"})
_WINDOW: Final = 10  # seconds for which a rate limit counts
_LIMIT: Final = 5000  # requests in one window


class Workspace:
    """The server's memory, and how it answers."""

    def __init__(self, described: Documented, *, app_id: str, version: str, seed: int) -> None:
        self._described = described
        self._app_id, self._version = app_id, version
        self._serial = itertools.count(1)
        self._window, self._spent = 0, 0
        self._collections: dict[str, Collection] = {}
        self._furniture = Furniture(described, random.Random(f"workspace {seed}"))
        for root, path in collections_of(described).items():
            collection = self._furniture.collection(root, path)
            if collection is not None:
                self._collections[root] = collection

    def __call__(self, ask: Ask) -> Answer:
        serial = next(self._serial)
        request_id = f"{serial:020x}"
        headers = {"x-request-id": request_id, "content-type": "application/json; charset=utf-8"}
        headers["intercom-version"] = ask.headers.get("intercom-version", self._version)
        try:
            if ask.headers.get("authorization") != f"Bearer {TOKEN}":
                raise Refused(401, "unauthorized", "Access Token Invalid")
            headers |= self._rate_limit()
            answer = self._carry_out(ask)
        except Refused as refused:
            errors = [{"code": refused.code, "message": str(refused)}]
            document = {"type": "error.list", "request_id": request_id, "errors": errors}
            answer = Answer(status=refused.status, document=document)
        return Answer(status=answer.status, document=answer.document, headers=headers)

    def _rate_limit(self) -> dict[str, str]:
        window = int(time.time()) // _WINDOW
        if window != self._window:
            self._window, self._spent = window, 0
        self._spent += 1
        return {
            "x-ratelimit-limit": str(_LIMIT),
            "x-ratelimit-remaining": str(_LIMIT - self._spent + 1),
            "x-ratelimit-reset": str((window + 1) * _WINDOW),
        }

    def _carry_out(self, ask: Ask) -> Answer:
        path = self._described.match(ask)
        if path is None:
            raise Refused(404, "not_found", "Requested resource not found")
        blank = PARAMETER.sub("{}", path)
        # The longest root owns the path: /admins/activity_logs is none of /admins.
        owners = [o for o in self._collections if blank == o or blank.startswith(f"{o}/")]
        root = max(owners, key=len, default=None)
        if path == "/me":
            return self._me(ask, path)
        if root is None or not self._collections[root].objects:
            return self._example(ask, path)
        collection, rest = self._collections[root], blank.removeprefix(root)
        if ask.body and ask.document is None:
            raise Refused(400, "parameter_invalid", "The body is not JSON")
        if rest == "" and ask.method == "GET":
            return self._list(ask, path, collection, filtered(ask, collection))
        is_search = rest == "/search" and takes_queries(self._described, path)
        if ask.method == "POST" and rest in ("/list", "/search"):
            found = collection.visible()
            if is_search:
                found = self._searched(ask.document, found)
            return self._list(ask, path, collection, found)
        if rest == "" and ask.method == "POST":
            return self._create(ask, path, root, collection)
        if rest.startswith("/{}"):
            key = ask.path.split("/")[root.count("/") + 1]
            if key not in collection.objects:
                raise Refused(404, f"{collection.name}_not_found", "Resource Not Found")
            return self._one(ask, path, rest, collection, key)
        return self._example(ask, path)

    def _me(self, ask: Ask, path: str) -> Answer:
        answer = self._example(ask, path)
        app = {**answer.document["app"], "id_code": self._app_id}
        return Answer(status=answer.status, document={**answer.document, "app": app})

    def _example(self, ask: Ask, path: str) -> Answer:
        status, schema, example = self._described.success(ask.method, path)
        if example is None:
            if (self._described.resolve(schema) or {}).get("type") == "array":
                return Answer(status=status, document=[])
            parts = self._furniture.properties(schema)
            example = {name: one["example"] for name, one in parts.items() if "example" in one}
        return Answer(status=status, document=json.loads(json.dumps(example, default=str)))

    def _one(self, ask: Ask, path: str, rest: str, collection: Collection, key: str) -> Answer:
        state = collection.objects[key]
        if rest == "/{}" and ask.method == "DELETE":
            answer = self._example(ask, path)
            del collection.objects[key]
            return Answer(status=answer.status, document=overlaid(answer.document, state))
        if rest == "/{}" and ask.method in ("PUT", "PATCH"):
            self._write(state, ask.document)
            if isinstance(state.get("updated_at"), int):
                state["updated_at"] = int(time.time())
        if rest == "/{}/archive":
            collection.archived.add(key)
        if rest == "/{}/unarchive":
            collection.archived.discard(key)
        answer = self._example(ask, path)
        if rest in ("/{}", "/{}/archive", "/{}/unarchive"):
            return Answer(status=answer.status, document=overlaid(answer.document, state))
        return answer

    def _create(self, ask: Ask, path: str, root: str, collection: Collection) -> Answer:
        raw = self._described.document["paths"][path]["post"].get("requestBody") or {}
        media = ((self._described.resolve(raw) or {}).get("content") or {}).get("application/json")
        wanted = self._described.resolve((media or {}).get("schema")) or {}
        body = ask.document if isinstance(ask.document, dict) else {}
        for name in wanted.get("required") or ():
            if name not in body:
                raise Refused(400, "parameter_not_found", f"{name} is required")
        number = len(collection.objects) + next(self._serial)
        state = self._furniture.make(root, collections_of(self._described)[root], number)
        assert state is not None
        for stamp in ("created_at", "updated_at"):
            if isinstance(state.get(stamp), int):
                state[stamp] = int(time.time())
        self._write(state, body)
        collection.objects[str(state["id"])] = state
        answer = self._example(ask, path)
        return Answer(status=answer.status, document=overlaid(answer.document, state))

    def _write(self, state: dict[str, Any], body: Any) -> None:
        for key, value in (body if isinstance(body, dict) else {}).items():
            if key in ("id", "type", "object") or key not in state or value is None:
                continue
            if isinstance(value, list | dict):
                continue
            if state[key] is not None and type(value) is not type(state[key]):
                raise Refused(400, "parameter_invalid", f"{key} is of the wrong type")
            state[key] = value

    # Lists and searches.

    def _list(
        self, ask: Ask, path: str, collection: Collection, found: list[dict[str, Any]]
    ) -> Answer:
        answer = self._example(ask, path)
        key, template = self._furniture.item(ask.method, path)
        if key is None:
            return answer
        document = dict(answer.document)
        total = len(found)
        if collection.paged:
            found = self._sorted(ask, collection, found)
            found, pages = self._page(ask, path, collection, found)
            described = self._furniture.properties(self._described.success(ask.method, path)[1])
            if "pages" in described:
                told = self._furniture.properties(described["pages"]) or pages
                following = self._furniture.properties(told.get("next"))
                if following and isinstance(pages["next"], dict):
                    pages["next"] = {k: v for k, v in pages["next"].items() if k in following}
                document["pages"] = {name: one for name, one in pages.items() if name in told}
        document[key] = [overlaid(template, state) for state in found]
        if "total_count" in document:
            document["total_count"] = total
        return Answer(status=answer.status, document=document)

    def _sorted(
        self, ask: Ask, collection: Collection, found: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        body = ask.document if isinstance(ask.document, dict) else {}
        sort = body.get("sort")
        if ask.path.endswith("/list"):
            is_rising = ask.parameters.get("order") == "asc"
            return sorted(
                found,
                key=lambda one: one.get("last_request_at") or one.get("created_at") or 0,
                reverse=not is_rising,
            )
        if collection.name == "contacts" and isinstance(sort, dict) and sort.get("field"):
            by = sort["field"]
            if found and by not in found[0]:
                raise Refused(400, "parameter_invalid", "invalid sort field")
            is_falling = str(sort.get("order", "")).startswith("desc")
            return sorted(found, key=lambda one: (one[by] is not None, one[by]), reverse=is_falling)
        return found

    def _page(
        self, ask: Ask, path: str, collection: Collection, found: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        given: dict[str, Any] = dict(ask.parameters)
        is_cursor = collection.name in _BY_CURSOR or self._described.asks(path, "starting_after")
        body = ask.document if isinstance(ask.document, dict) else {}
        if ask.path.endswith("/search") and isinstance(body.get("pagination"), dict):
            given, is_cursor = body["pagination"], True
        usual = _PER_PAGE.get(collection.name, _PER_PAGE_ELSEWHERE)
        size = min(_positive(given.get("per_page"), usual), MOST_PER_PAGE)
        if is_cursor:
            after = given.get("starting_after")
            ids = [f"after-{one['id']}" for one in found]
            if after and after not in ids:
                raise Refused(400, "parameter_invalid", "starting_after is not a cursor")
            start = ids.index(after) + 1 if after else 0
        else:
            start = (_positive(given.get("page"), 1) - 1) * size
        total = max(1, -(-len(found) // size))
        number = start // size + 1
        following: Any = None
        if start + size < len(found):
            last = found[start + size - 1]["id"]
            following = {"per_page": size, "starting_after": f"after-{last}"}
            if not is_cursor:
                following = f"http://api.intercom.io{ask.path}?per_page={size}&page={number + 1}"
        pages = {"type": "pages", "page": number, "per_page": size, "total_pages": total}
        return found[start : start + size], pages | {"next": following}

    def _searched(self, body: Any, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        query = body.get("query") if isinstance(body, dict) else None
        if not isinstance(query, dict):
            raise Refused(400, "parameter_not_found", "query is required")
        return [one for one in found if matches(one, query)]


def filtered(ask: Ask, collection: Collection) -> list[dict[str, Any]]:
    """Return what a list shows: companies may be asked for by name, or by the customer's id."""
    found = collection.visible()
    if collection.name == "companies":
        for name in ("name", "company_id"):
            if name in ask.parameters:
                found = [one for one in found if one.get(name) == ask.parameters[name]]
    return found


def _positive(value: Any, otherwise: int) -> int:
    if value is None:
        return otherwise
    if not str(value).isdigit() or int(value) < 1:
        raise Refused(400, "parameter_invalid", "not a positive number")
    return int(value)


def overlaid(example: Any, state: dict[str, Any]) -> Any:
    """Return an example with what the server remembers in its place."""
    if not isinstance(example, dict):
        return example
    return {key: state.get(key, value) for key, value in example.items()}


def remembering(described: Documented, *, app_id: str, version: str, seed: int) -> Api:
    """The API of a fresh workspace."""
    return Workspace(described, app_id=app_id, version=version, seed=seed)
