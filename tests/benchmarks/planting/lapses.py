"""A second catalogue of bugs that show only under a condition, apart from `conditional`.

It was written before anybody looked at what the checks do, from how paged, searched and written
APIs go wrong. Each lapse says at which operations and places it shows, so that a finding elsewhere
does not count.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from planting.furniture import collections_of, list_key, takes_queries
from planting.servers import Answer, Api, Ask, Documented

from contracts.allowlist import is_allowed
from contracts.resources import NEVER_CREATED

Wrapped = Callable[[Ask, Api], Answer]
ALL_OF_A_SEARCH: Final = b'{"query": {"field": "created_at", "operator": ">", "value": 1}}'
UNLIKE: Final = {"unexpected": True}  # a value that no scalar field may have
NOBODY: Final = "987654321"  # an id that nothing has
PER_OPERATION: Final = 2  # lapses at one operation at most, so that one does not hide another

NULL_LIVE: Final = frozenset({("contact", "email")})
"""Type of object and field that Intercom was recorded to answer with null, whatever it publishes
(case L08 of the recorded drift): a null there is no bug that anybody planted."""
ALONE: Final = frozenset(
    {
        "cursor-ignored",  # no second page, and nothing that shows on one
        "search-cursor-ignored",
        "next-missing",
        "next-never-ends",
        "page-number-stays",
        "error-as-html",  # no error, and nothing that shows in one
        "error-not-a-list",
        "unknown-id-answers",
        "nothing-found-null",  # no empty list, and nothing that shows with one
        "nothing-found-absent",
        "nothing-found-no-content",
        "nothing-found-as-html",
        "created-not-readable",  # no new object, and nothing that shows on one
        "delete-does-nothing",  # nothing deleted, and nothing that shows of it
        "page-2-partial",
    }
)
"""Kinds that would hide others at their path, so that no tester could see those."""

_PARAMETER: Final = re.compile(r"\{[^}]+\}")


RULES: Final[dict[str, tuple[str, ...]]] = {
    "fields": ("schema-",),
    "new fields": ("schema-",),
    "fields read": ("read-",),
    "objects": ("read-", "pagination-incoherent"),
    "pages": ("pagination-",),
    "count": ("pagination-",),
    "type": ("pagination-", "schema-"),
    "filter": ("search-mismatch",),
    "sort": ("search-sort",),
    "lifecycle": ("write-", "read-other", "server-error", "search-stale"),
    "echo": ("read-", "write-"),
    "new in list": ("write-",),
    "new in search": ("write-", "search-stale"),
    "errors": ("body-", "schema-"),
    "error headers": ("header-",),
    "token": ("auth-",),
    "version": ("version-",),
    "rate": ("rate-limit-",),
    "request id": ("header-",),
    "deprecation": ("deprecation-",),
    # Of the third catalogue.
    "list shape": ("pagination-list", "schema-"),
    "list filter": ("search-filter", "search-mismatch"),
    "search loses": ("search-", "pagination-"),
    "list stale": ("write-", "read-differs"),
    "after update": ("schema-",),
    "version header": ("version-", "header-"),
    "statuses": ("status-", "body-empty"),
    "media": ("body-media-type", "body-not-json"),
}
"""What the rule begins with of a finding that has a lapse of a family right."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """The operations on one kind of object, by path as described; None where there is none."""

    name: str
    listing: str | None
    one: str
    search: str | None
    can_create: bool
    can_update: bool
    can_delete: bool
    key: str | None
    search_key: str | None
    is_paged: bool
    sample: dict[str, Any] | None
    """An object as the list shows it; `found` as the search does, `read` as it is read."""
    found: dict[str, Any] | None
    read: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """One bug. `shows`: at which operation and place a finding has it right.

    `family`: of one family only one stands at an operation.
    """

    kind: str
    family: str
    shows: frozenset[tuple[str, str]]
    wrapped: Wrapped
    at: str
    is_alone: bool = False
    """Whether it would hide others at its path."""
    says: tuple[str, ...] = ()
    """What the finding expected, where the same place may be wrong in several ways."""

    @property
    def path(self) -> str:
        """The path at whose operation it stands."""
        return self.at.partition(" ")[2]

    def is_found_by(self, operation: str, location: str, rule: str, kinds: str) -> bool:
        """Whether a finding has it right: operation, place, rule, and what it says."""
        return (
            (operation, location) in self.shows
            and rule.startswith(RULES[self.family])
            # `search >` is expected as well: the kinds are not to be parted at the first `>`.
            and (not self.says or kinds.startswith(tuple(f"{one}>" for one in self.says)))
        )

    def __str__(self) -> str:
        return f"{self.kind:26} {self.at}"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a maker of lapses has to go by."""

    described: Documented
    chance: random.Random

    def field(
        self, method: str, path: str, key: str | None, sample: dict[str, Any] | None
    ) -> str | None:
        """Return a field of the objects that an operation shows: a plain scalar by its schema,
        neither nullable nor null in an example, and in the `sample` that was seen."""
        properties = self.properties(self.described.success(method, path)[1])
        if key:
            properties = self.properties((properties.get(key) or {}).get("items"))
        shown = sample or {}
        names = [
            name
            for name, one in properties.items()
            if one.get("type") in ("string", "integer", "boolean")
            and not one.get("nullable")
            and shown.get(name) is not None
            and not isinstance(shown[name], list | dict)
            and name not in ("id", "type", "object")
            and (shown.get("type"), name) not in self.described.shown_null | NULL_LIVE
        ]
        return self.chance.choice(names) if names else None

    def properties(self, schema: Any) -> dict[str, Any]:
        schema = self.described.resolve(schema) or {}
        found: dict[str, Any] = {}
        for part in schema.get("allOf") or ():
            found |= self.properties(part)
        for name, one in (schema.get("properties") or {}).items():
            found[name] = self.described.resolve(one) or {}
        return found

    def at(self, method: str, path: str, wrapped: Wrapped) -> Wrapped:
        """Keep a wrapper to one operation."""

        def only_there(ask: Ask, api: Api) -> Answer:
            here = ask.method == method and self.described.match(ask) == path
            return wrapped(ask, api) if here else api(ask)

        return only_there


Maker = Callable[[Ground, Resource], Lapse | None]


def places(operation: str, *locations: str) -> frozenset[tuple[str, str]]:
    return frozenset((operation, location) for location in locations)


def resources(described: Documented, ask: Callable[..., Answer]) -> Iterator[Resource]:
    """Return the kinds of objects that can be listed or searched, and read by id, on this server.

    `ask(method, path, query, body)` sends a request. A list that never has a second page has no
    lapse on its second page, and what cannot be removed again may not be created by a test.
    """
    paths = described.document["paths"]
    for root, one in collections_of(described).items():
        if not is_allowed("GET", one):
            continue
        listed = ask("GET", root, "per_page=2", b"") if "get" in paths.get(root, {}) else None
        key = list_key(listed.document) if listed else None
        search = f"{root}/search" if takes_queries(described, f"{root}/search") else None
        search_key = None
        if search:
            everything = ask("POST", search, "", ALL_OF_A_SEARCH)
            search_key = list_key(everything.document)
        if not key and not search_key:
            continue
        sample = listed.document[key][0] if listed and key else None
        found = everything.document[search_key][0] if search_key else None
        identifier = (sample or found or {}).get("id")
        read = ask("GET", f"{one.rpartition('/')[0]}/{identifier}", "", b"")
        blank = _PARAMETER.sub("{}", one)
        if ask("GET", blank.replace("{}", NOBODY), "", b"").status != 404:
            continue  # it answers whatever it is asked for
        is_removed = "post" in paths.get(root, {}) and "delete" in paths[one]
        # What the users are promised that no run creates, shows no tester what happens to it.
        is_removed = is_removed and f"POST {root}" not in NEVER_CREATED
        is_removed = is_removed and _lives(described, root, ask)
        yield Resource(
            name=root.rpartition("/")[2],
            listing=root if key else None,
            one=one,
            search=search if search_key else None,
            can_create=is_removed,
            can_update=is_removed and "put" in paths[one],
            can_delete=is_removed,
            key=key,
            search_key=search_key,
            # Which page it is has to be said: most lapses of pages go by it.
            is_paged=bool(listed and key and not is_last(listed) and _says_number(listed)),
            sample=sample,
            found=found,
            read=read.document if read.status == 200 else None,
        )


def _lives(described: Documented, root: str, ask: Callable[..., Answer]) -> bool:
    """Return whether the server makes an object, keeps it, and removes it again."""
    body = described.asked("POST", root)
    made = ask("POST", root, "", json.dumps(body).encode())
    document = made.document if isinstance(made.document, dict) else {}
    path = f"{root}/{document.get('id')}"
    if made.status >= 300 or ask("GET", path, "", b"").status != 200:
        return False
    return ask("DELETE", path, "", b"").status < 300 and ask("GET", path, "", b"").status == 404


def page_of(answer: Answer) -> int:
    pages = answer.document.get("pages") if isinstance(answer.document, dict) else None
    page = pages.get("page") if isinstance(pages, dict) else None
    return page if isinstance(page, int) else 1


def _says_number(answer: Answer) -> bool:
    return isinstance(answer.document["pages"].get("page"), int)


def is_last(answer: Answer) -> bool:
    pages = answer.document.get("pages") if isinstance(answer.document, dict) else None
    return not (isinstance(pages, dict) and pages.get("next"))


def shown(answer: Answer, key: str | None) -> list[dict[str, Any]]:
    if not isinstance(answer.document, dict) or answer.status != 200:
        return []
    found = answer.document.get(key or "")
    return found if isinstance(found, list) else []


def showing(answer: Answer, key: str | None, found: list[dict[str, Any]]) -> Answer:
    return replace(answer, document={**answer.document, key or "": found})


def paging(answer: Answer, **changed: Any) -> Answer:
    pages = {**answer.document["pages"], **changed}
    return replace(answer, document={**answer.document, "pages": pages})


def changed(answer: Answer, **fields: Any) -> Answer:
    return replace(answer, document={**answer.document, **fields})


def plant(
    described: Documented, makers: dict[str, Maker], found: list[Resource], *, count: int, seed: int
) -> list[Lapse]:
    """Choose `count` lapses: kinds as evenly as there is room, one of a family at an operation."""
    chance = random.Random(f"lapses {seed}")
    kinds = list(makers)
    planted: list[Lapse] = []
    while len(planted) < count:
        before = len(planted)
        chance.shuffle(kinds)
        for kind in kinds:
            if len(planted) == count:
                break
            for resource in chance.sample(found, len(found)):
                ground = Ground(described=described, chance=chance)
                made = makers[kind](ground, resource)
                if made is None:
                    continue
                lapse = replace(made, is_alone=kind in ALONE)
                there = [one for one in planted if one.at == lapse.at]
                beside = [one for one in planted if one.path == lapse.path]
                if beside and any(one.is_alone for one in (lapse, *beside)):
                    continue
                families = {one.family for one in there}
                if lapse.family in families or len(there) >= PER_OPERATION:
                    continue
                planted.append(lapse)
                break
        if len(planted) == before:
            break
    return planted


def lapsing(api: Api, planted: list[Lapse], shown_by: Counter[str]) -> Api:
    """The same API with every lapse in it.

    `shown_by` counts, by what a lapse says of itself, the answers that were otherwise because of
    it: a lapse that no answer showed was not provoked, one that some did was overlooked.
    """
    for lapse in planted:
        api = _around(api, lapse, shown_by)
    return api


def _around(api: Api, lapse: Lapse, shown_by: Counter[str]) -> Api:
    def respond(ask: Ask) -> Answer:
        plain: list[Answer] = []

        def inner(other: Ask) -> Answer:
            answer = api(other)
            if other == ask:
                plain.append(answer)
            return answer

        answer = lapse.wrapped(ask, inner)
        shown_by[str(lapse)] += not any(answer is one or answer == one for one in plain)
        return answer

    return respond
