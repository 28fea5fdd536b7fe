"""What there is in the benchmarks' workspace: objects made from a description's examples."""

import random
import re
from dataclasses import dataclass, field
from typing import Any, Final

from planting.servers import Documented

_SIZES: Final = {"contacts": 137, "conversations": 83, "companies": 64, "tickets": 45}
_SIZE_OF_PAGED: Final = 34
_SIZE_ELSEWHERE: Final = 7
_STARTED: Final = 1_700_000_000
_TEXTS: Final = re.compile(r"name|title|description|body|email|external_id|company_id|phone|url")
PARAMETER: Final = re.compile(r"\{[^}]+\}")


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
    paths = {PARAMETER.sub("{}", path): path for path in described.document["paths"]}
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


class Furniture:
    """Makes objects as the examples of a description show them."""

    def __init__(self, described: Documented, chance: random.Random) -> None:
        self._described, self._chance = described, chance

    def collection(self, root: str, path: str) -> Collection | None:
        """Return the objects of one kind; None of a kind of which nobody could know an id."""
        name = root.rpartition("/")[2]
        document = self._described.document["paths"]
        listing = root if "get" in document.get(root, {}) else None
        found = [f"{root}/list"] if f"{root}/list" in document else []
        found += [f"{root}/search"] if takes_queries(self._described, f"{root}/search") else []
        if not listing and not found:
            return None
        example = self._described.success("GET", listing)[2] if listing else None
        paged = bool(isinstance(example, dict) and isinstance(example.get("pages"), dict))
        paged = paged or bool(found)
        collection = Collection(name=name, paged=paged)
        size = _SIZES.get(name, _SIZE_OF_PAGED if paged else _SIZE_ELSEWHERE)
        for number in range(size):
            made = self.make(root, path, number)
            if made is None:
                break
            collection.objects[str(made["id"])] = made
        return collection

    def _templates(self, root: str, path: str) -> list[dict[str, Any]]:
        """Return the examples of one object of a kind, as each operation shows it."""
        found = []
        asked = [("GET", path), ("GET", root), ("POST", f"{root}/search"), ("POST", f"{root}/list")]
        for method, where in asked:
            if method.lower() not in self._described.document["paths"].get(where, {}):
                continue
            example = self._described.success(method, where)[2]
            shown = example if where == path else self.item(method, where)[1]
            if isinstance(shown, dict):
                found.append(shown)
        return found

    def make(self, root: str, path: str, number: int) -> dict[str, Any] | None:
        """Return what the server remembers of a new object: scalars, and custom attributes."""
        templates = self._templates(root, path)
        if not templates or "id" not in templates[0]:
            return None
        schema = self.properties(self._described.success("GET", path)[1])
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

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object schema, those of its parts among them."""
        schema = self._described.resolve(schema) or {}
        found: dict[str, Any] = {}
        for part in schema.get("allOf") or ():
            found |= self.properties(part)
        for key, one in (schema.get("properties") or {}).items():
            found[key] = self._described.resolve(one) or {}
        return found

    def item(self, method: str, path: str) -> tuple[str | None, Any]:
        """Return where an operation lists objects, and an example of one: where its own example
        is an empty list, that of the list without a search."""
        for how, where in ((method, path), ("GET", path.removesuffix("/search"))):
            if how.lower() in self._described.document["paths"].get(where, {}):
                example = self._described.success(how, where)[2]
                key = list_key(example)
                if key is not None:
                    return key, example[key][0]
        one = collections_of(self._described).get(PARAMETER.sub("{}", path.removesuffix("/search")))
        example = self._described.success(method, path)[2]
        empty = [k for k, v in example.items() if v == []] if isinstance(example, dict) else []
        return (empty[0], self._described.success("GET", one)[2]) if one and empty else (None, None)
