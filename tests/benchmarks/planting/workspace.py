"""A small Intercom that remembers: a second one, written from the public facts alone.

It shares nothing with the sandbox, so that what the property tests say of one can be held against
the other. Its answers are the examples of a description, overlaid with what the server remembers of
each object: lists page, searches filter, what is written is kept and what is deleted is gone.
"""

import itertools
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from planting.servers import Answer, Api, Ask, Documented

TOKEN: Final = "workspace-token"
MOST_PER_PAGE: Final = 150
_PER_PAGE: Final = {"contacts": 50, "conversations": 20, "companies": 15}
_PER_PAGE_ELSEWHERE: Final = 10
_BY_CURSOR: Final = frozenset({"contacts", "conversations", "tickets"})
_SIZES: Final = {"contacts": 137, "conversations": 83, "companies": 64, "tickets": 45}
_SIZE_OF_PAGED: Final = 34
_SIZE_ELSEWHERE: Final = 7
_WINDOW: Final = 10  # seconds for which a rate limit counts
_LIMIT: Final = 5000  # requests in one window
_DAY: Final = 86_400
_ZONE: Final = -5 * 3600  # seconds: the workspace's days do not begin at midnight UTC
_STARTED: Final = 1_700_000_000
_TEXTS: Final = re.compile(r"name|title|description|body|email|external_id|company_id|phone|url")
_PARAMETER: Final = re.compile(r"\{[^}]+\}")


class Refused(Exception):
    """A request that the server does not carry out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(kw_only=True)
class Collection:
    """Objects of one kind, in the order in which they were created."""

    name: str
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    paged: bool = False

    def visible(self) -> list[dict[str, Any]]:
        return [one for key, one in self.objects.items() if key not in self.archived]


def collections_of(described: Documented) -> dict[str, str]:
    """Return, for each path that lists or makes objects, the path that reads one of them."""
    paths = {_PARAMETER.sub("{}", path): path for path in described.document["paths"]}
    found = {}
    for blank, path in paths.items():
        root = blank.removesuffix("/{}")
        if (
            blank.endswith("/{}")
            and "{}" not in root
            and "get" in described.document["paths"][path]
        ):
            found[root] = path
    return found


def takes_queries(described: Documented, path: str) -> bool:
    """Return whether an operation takes Intercom's search language, by the example of its body."""
    body = described.asked("POST", path)
    return isinstance(body, dict) and isinstance(body.get("query"), dict)


def list_key(document: Any) -> str | None:
    """Return the key under which an answer lists objects."""
    if not isinstance(document, dict):
        return None
    return next(
        (
            key
            for key, value in document.items()
            if isinstance(value, list) and all(isinstance(one, dict) for one in value) and value
        ),
        None,
    )


class Workspace:
    """The server's memory, and how it answers."""

    def __init__(self, described: Documented, *, app_id: str, version: str, seed: int) -> None:
        self._described = described
        self._app_id, self._version = app_id, version
        self._chance = random.Random(f"workspace {seed}")
        self._serial = itertools.count(1)
        self._window, self._spent = 0, 0
        self._from_example: Callable[[Ask, str], Answer] = self._example
        self._collections: dict[str, Collection] = {}
        for root, path in collections_of(described).items():
            self._furnish(root, path)

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

    # What there is.

    def _furnish(self, root: str, path: str) -> None:
        name = root.rpartition("/")[2]
        document = self._described.document["paths"]
        listing = root if "get" in document.get(root, {}) else None
        found = [f"{root}/list"] if f"{root}/list" in document else []
        found += [f"{root}/search"] if takes_queries(self._described, f"{root}/search") else []
        if not listing and not found:
            return  # nobody could know an id
        example = self._described.success("GET", listing)[2] if listing else None
        paged = bool(isinstance(example, dict) and isinstance(example.get("pages"), dict))
        paged = paged or bool(found)
        collection = Collection(name=name, paged=paged)
        self._collections[root] = collection
        size = _SIZES.get(name, _SIZE_OF_PAGED if paged else _SIZE_ELSEWHERE)
        for number in range(size):
            made = self._make(root, path, number)
            if made is None:
                return
            collection.objects[str(made["id"])] = made

    def _templates(self, root: str, path: str) -> list[dict[str, Any]]:
        """Return the examples of one object of a kind, as each operation shows it."""
        found = []
        asked = [("GET", path), ("GET", root), ("POST", f"{root}/search"), ("POST", f"{root}/list")]
        for method, where in asked:
            if method.lower() not in self._described.document["paths"].get(where, {}):
                continue
            example = self._described.success(method, where)[2]
            shown = example if where == path else self._item(method, where)[1]
            if isinstance(shown, dict):
                found.append(shown)
        return found

    def _make(self, root: str, path: str, number: int) -> dict[str, Any] | None:
        """Return what the server remembers of a new object: scalars, and custom attributes."""
        templates = self._templates(root, path)
        if not templates or "id" not in templates[0]:
            return None
        schema = self._schema(self._described.success("GET", path)[1])
        state: dict[str, Any] = {}
        for key in dict.fromkeys(key for one in templates for key in one):
            values = [one[key] for one in templates if key in one]
            if len({type(value) for value in values}) > 1 or isinstance(values[0], list | dict):
                continue
            state[key] = self._varied(key, values[0], schema.get(key, {}), number)
        state["id"] = self._identifier(templates[0]["id"], number)
        return state

    def _identifier(self, example: Any, number: int) -> Any:
        if isinstance(example, int):
            return 4000 + number
        if re.fullmatch(r"\d+", str(example)):
            return str(4000 + number)
        if re.fullmatch(r"[0-9a-f]{8}-.*", str(example)):
            return f"{self._chance.getrandbits(32):08x}-0000-4000-8000-{number:012x}"
        return f"{self._chance.getrandbits(64):016x}{number:08x}"

    def _varied(self, key: str, value: Any, schema: dict[str, Any], number: int) -> Any:
        if key in ("type", "object", "workspace_id", "app_id", "id_code"):
            return value
        choices = [one for one in schema.get("enum") or () if isinstance(one, type(value))]
        if choices:
            return self._chance.choice(choices)
        if isinstance(value, bool):
            return self._chance.random() < 0.5
        if isinstance(value, int) and key.endswith("_at"):
            return _STARTED + number * 7 * 3600 + self._chance.randrange(3600)
        if isinstance(value, str) and value and _TEXTS.search(key):
            if "@" in value:
                return f"person.{number}@{self._chance.choice(('acme', 'initech'))}.example"
            return value if "://" in value else f"{value} {number}"
        return value

    def _schema(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object schema, those of its parts among them."""
        schema = self._described.resolve(schema) or {}
        found: dict[str, Any] = {}
        for part in schema.get("allOf") or ():
            found |= self._schema(part)
        for key, one in (schema.get("properties") or {}).items():
            found[key] = self._described.resolve(one) or {}
        return found

    # What it does.

    def _carry_out(self, ask: Ask) -> Answer:
        path = self._described.match(ask)
        if path is None:
            raise Refused(404, "not_found", "Requested resource not found")
        blank = _PARAMETER.sub("{}", path)
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
            parts = self._schema(schema)
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
        state = self._make(root, collections_of(self._described)[root], number)
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
        key, template = self._item(ask.method, path)
        if key is None:
            return answer
        document = dict(answer.document)
        total = len(found)
        if collection.paged:
            found = self._sorted(ask, collection, found)
            found, pages = self._page(ask, collection, found)
            if "pages" in self._schema(self._described.success(ask.method, path)[1]):
                document["pages"] = pages
        document[key] = [overlaid(template, state) for state in found]
        if "total_count" in document:
            document["total_count"] = total
        return Answer(status=answer.status, document=document)

    def _item(self, method: str, path: str) -> tuple[str | None, Any]:
        """Return where an operation lists objects, and an example of one: where its own example
        is an empty list, that of the list without a search."""
        for how, where in ((method, path), ("GET", path.removesuffix("/search"))):
            if how.lower() in self._described.document["paths"].get(where, {}):
                example = self._described.success(how, where)[2]
                key = list_key(example)
                if key is not None:
                    return key, example[key][0]
        one = collections_of(self._described).get(
            _PARAMETER.sub("{}", path.removesuffix("/search"))
        )
        example = self._described.success(method, path)[2]
        empty = [k for k, v in example.items() if v == []] if isinstance(example, dict) else []
        return (empty[0], self._described.success("GET", one)[2]) if one and empty else (None, None)

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
        self, ask: Ask, collection: Collection, found: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        given: dict[str, Any] = dict(ask.parameters)
        is_cursor = collection.name in _BY_CURSOR
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


def matches(one: dict[str, Any], query: Any, depth: int = 0) -> bool:
    """Return whether an object is among those that a query asks for."""
    if not isinstance(query, dict) or depth > 2:
        raise Refused(400, "parameter_invalid", "not a query")
    operator, value = query.get("operator"), query.get("value")
    if operator in ("AND", "OR"):
        if not isinstance(value, list) or not value or len(value) > 15:
            raise Refused(400, "parameter_invalid", "not a list of filters")
        held = [matches(one, part, depth + 1) for part in value]
        return all(held) if operator == "AND" else any(held)
    name = query.get("field")
    if not isinstance(name, str) or name not in one:
        raise Refused(400, "field_not_found", "There is no such field")
    return _compared(one[name], str(operator), value, is_date=name.endswith("_at"))


def _compared(kept: Any, operator: str, value: Any, *, is_date: bool) -> bool:
    if is_date:
        if operator not in ("=", "<", ">") or not str(value).lstrip("-").isdigit():
            raise Refused(400, "parameter_invalid", "Dates take =, < and >")
        if kept is None:
            return False
        left, right = ((int(each) + _ZONE) // _DAY for each in (kept, value))
        return {"=": left == right, "<": left < right, ">": left > right}[operator]
    if operator in ("IN", "NIN"):
        if not isinstance(value, list):
            raise Refused(400, "parameter_invalid", "IN takes a list")
        return (_text(kept) in [_text(each) for each in value]) == (operator == "IN")
    if operator in ("=", "!="):
        return (_text(kept) == _text(value)) == (operator == "=")
    if operator in ("<", ">"):
        if isinstance(kept, bool) or not isinstance(kept, int | float):
            raise Refused(400, "parameter_invalid", "not a number")
        return kept < float(value) if operator == "<" else kept > float(value)
    has, wanted = _text(kept).lower(), _text(value).lower()
    if operator in ("~", "!~"):
        return (wanted in has) == (operator == "~")
    if operator in ("^", "$"):
        return has.startswith(wanted) if operator == "^" else has.endswith(wanted)
    raise Refused(400, "parameter_invalid", "There is no such operator")


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else "" if value is None else str(value)


def overlaid(example: Any, state: dict[str, Any]) -> Any:
    """Return an example with what the server remembers in its place."""
    if not isinstance(example, dict):
        return example
    return {key: state.get(key, value) for key, value in example.items()}


def remembering(described: Documented, *, app_id: str, version: str, seed: int) -> Api:
    """The API of a fresh workspace."""
    return Workspace(described, app_id=app_id, version=version, seed=seed)
