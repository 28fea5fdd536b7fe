"""Mutants that show only under a condition: on page 2, after a write, with one operator."""

import copy
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from planting.furniture import list_key
from planting.lapses import ALL_OF_A_SEARCH
from planting.servers import Answer, Api, Ask, Documented

Break = Callable[["Conditional", Api, Ask], Answer]

LISTS: Final = (
    "/contacts",
    "/conversations",
    "/articles",
    "/companies",
    "/help_center/collections",
)
SEARCHES: Final = ("/contacts/search", "/conversations/search", "/tickets/search")
READS: Final = ("/tags", "/teams", "/admins", "/segments", "/data_attributes", "/ticket_types")
_PARAMETER: Final = re.compile(r"\{[^}]+\}")
_LIST: Final = "{list}"
"""Stands in a place for the key under which the server lists objects."""
_ANY: Final = "{any}"
"""Stands in a place for whatever name."""

Place = tuple[str, str]
"""An operation with the names of its parameters blanked, and a location."""


@dataclass(frozen=True, kw_only=True)
class Conditional:
    """One bug. A finding at one of the places that it `shows` at, with one of the `rules`, has it
    right."""

    kind: str
    method: str
    path: str
    rules: tuple[str, ...]
    works: Break
    shows: tuple[Place, ...]
    says: str = ""
    """What the finding's kinds begin with, where a place has several bugs of a rule."""
    key: str = "data"
    """Where the list that it breaks has its items."""

    @property
    def operations(self) -> frozenset[str]:
        """The operations at which it shows, with the names of their parameters blanked."""
        return frozenset(operation for operation, _ in self.shows)

    def is_found_by(self, operation: str, location: str, rule: str, kinds: str) -> bool:
        """Whether a finding has it right: operation, place, rule, and what it says."""
        return (
            rule in self.rules
            and kinds.startswith(self.says)
            and any(
                blanked(operation) == where and self._is_at(location, shown)
                for where, shown in self.shows
            )
        )

    def _is_at(self, location: str, shown: str) -> bool:
        named = {_LIST: self.key, _ANY: None}
        steps = [named.get(one, one) for one in shown.split("/")]
        found = location.split("/")
        return len(steps) == len(found) and all(
            step in (one, None) for step, one in zip(steps, found, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.kind:24} {self.method} {self.path}"

    @property
    def slot(self) -> str:
        """What it breaks: of two bugs that break the same, one would hide the other."""
        return "paging" if self.works in _PAGING else self.kind


def _changed(answer: Answer, change: Callable[[dict[str, Any]], None]) -> Answer:
    if not isinstance(answer.document, dict) or answer.status >= 300:
        return answer
    document = copy.deepcopy(answer.document)
    change(document)
    return replace(answer, document=document)


def _is_later(ask: Ask) -> bool:
    """Whether a page after the first is asked for."""
    body = ask.document if isinstance(ask.document, dict) else {}
    pagination = body.get("pagination")
    position = pagination if isinstance(pagination, dict) else {}
    return (
        "starting_after" in ask.query
        or "starting_after" in position
        or (int(ask.parameters.get("page", "1") or 1) > 1)
    )


def _first_page(ask: Ask) -> Ask:
    """The same question without its position."""
    query = urlencode(
        [one for one in parse_qsl(ask.query) if one[0] not in ("starting_after", "page")]
    )
    body = ask.body
    if isinstance(ask.document, dict) and isinstance(ask.document.get("pagination"), dict):
        document = copy.deepcopy(ask.document)
        document["pagination"].pop("starting_after", None)
        body = json.dumps(document).encode()
    headers = {**ask.headers, "content-length": str(len(body))}
    return replace(ask, query=query, body=body, headers=headers)


def field_on_page_2(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        for item in document.get(one.key) or []:
            item["created_at"] = "yesterday"

    return _changed(api(ask), change) if _is_later(ask) else api(ask)


def item_17(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        for item in (document.get(one.key) or [])[16:17]:
            item["id"] = None

    return _changed(api(ask), change)


def last_item_lost(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        document[one.key] = (document.get(one.key) or [])[:-1]

    return _changed(api(ask), change) if _is_later(ask) else api(ask)


def cursor_repeats(one: Conditional, api: Api, ask: Ask) -> Answer:
    return api(_first_page(ask))


def page_size_ignored(one: Conditional, api: Api, ask: Ask) -> Answer:
    query = urlencode([pair for pair in parse_qsl(ask.query) if pair[0] != "per_page"])
    return api(replace(ask, query=query))


def list_key_changes(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        if one.key in document:
            document["items"] = document.pop(one.key)

    return _changed(api(ask), change) if _is_later(ask) else api(ask)


def operator_ignored(operator: str) -> Break:
    def works(one: Conditional, api: Api, ask: Ask) -> Answer:
        query = ask.document.get("query") if isinstance(ask.document, dict) else None
        if not isinstance(query, dict) or query.get("operator") != operator:
            return api(ask)
        everything = {"field": "created_at", "operator": ">", "value": "0"}
        body = json.dumps({**ask.document, "query": everything}).encode()
        headers = {**ask.headers, "content-length": str(len(body))}
        return api(replace(ask, body=body, headers=headers))

    return works


def sort_ignored(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        items = document.get(one.key) or []
        items.sort(key=lambda item: str(item.get("id"))[::-1])

    is_sorted = isinstance(ask.document, dict) and "sort" in ask.document
    return _changed(api(ask), change) if is_sorted else api(ask)


def update_not_kept(field: str) -> Break:
    def works(one: Conditional, api: Api, ask: Ask) -> Answer:
        given = ask.document
        if not isinstance(given, dict) or field not in given:
            return api(ask)
        before = api(replace(ask, method="GET", body=b"", headers=_bodiless(ask)))
        body = json.dumps({**given, field: (before.document or {}).get(field)}).encode()
        headers = {**ask.headers, "content-length": str(len(body))}
        answer = api(replace(ask, body=body, headers=headers))
        return _changed(answer, lambda document: document.update({field: given[field]}))

    return works


def deleted_still_there(one: Conditional, api: Api, ask: Ask) -> Answer:
    seen = api(replace(ask, method="GET", body=b"", headers=_bodiless(ask)))
    if seen.status >= 300 or one.path == "/tags/{}":
        return replace(seen, document=None, body=b"")
    kind = str(seen.document["type"])
    receipt = {"id": seen.document["id"], "object": kind, "deleted": True}
    if kind == "contact":
        receipt = {"id": receipt["id"], "type": kind, "external_id": None, "deleted": True}
    return replace(seen, document=receipt)


def archived_is_broken(one: Conditional, api: Api, ask: Ask) -> Answer:
    def change(document: dict[str, Any]) -> None:
        document["role"] = 7

    is_archived = ask.path.rpartition("/")[2] in _ARCHIVED
    return _changed(api(ask), change) if is_archived else api(ask)


_ARCHIVED: Final[set[str]] = set()


def token_not_needed(one: Conditional, api: Api, ask: Ask) -> Answer:
    return _with_kept_token(one, api, ask, lambda asked: "authorization" not in asked.headers)


def any_token_will_do(one: Conditional, api: Api, ask: Ask) -> Answer:
    return _with_kept_token(
        one, api, ask, lambda asked: "wrong" in asked.headers.get("authorization", "")
    )


_KEPT: dict[str, str] = {}


def _with_kept_token(one: Conditional, api: Api, ask: Ask, broken: Callable[[Ask], bool]) -> Answer:
    """Answer as with the last token that worked, where the bug says so."""
    answer = api(ask)
    given = ask.headers.get("authorization", "wrong")
    if answer.status == 200 and "wrong" not in given:
        _KEPT["token"] = given
    if answer.status == 401 and "token" in _KEPT and broken(ask):
        return api(replace(ask, headers={**ask.headers, "authorization": _KEPT["token"]}))
    return answer


_COUNTS: Final[dict[str, int]] = {}


def header_missing(one: Conditional, api: Api, ask: Ask) -> Answer:
    """One answer in two has no request id."""
    answer = api(ask)
    _COUNTS[one.kind + one.path] = _COUNTS.get(one.kind + one.path, 0) + 1
    if _COUNTS[one.kind + one.path] % 2 or answer.status >= 300:
        return answer
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return replace(answer, headers=headers)


def version_changes(one: Conditional, api: Api, ask: Ask) -> Answer:
    """One answer in two comes in another version."""
    answer = api(ask)
    _COUNTS[one.kind + one.path] = _COUNTS.get(one.kind + one.path, 0) + 1
    if _COUNTS[one.kind + one.path] % 2 or answer.status >= 300:
        return answer
    other = "2.8" if answer.headers.get("intercom-version") == "2.7" else "2.7"
    return replace(answer, headers={**answer.headers, "intercom-version": other})


def bare_error(one: Conditional, api: Api, ask: Ask) -> Answer:
    answer = api(ask)
    return replace(answer, document={"error": "x"}) if answer.status == 404 else answer


def filter_ignored(one: Conditional, api: Api, ask: Ask) -> Answer:
    return api(replace(ask, query=""))


def _bodiless(ask: Ask) -> dict[str, str]:
    return {k: v for k, v in ask.headers.items() if k not in ("content-length", "content-type")}


_PAGING: Final = (
    field_on_page_2,
    item_17,
    last_item_lost,
    cursor_repeats,
    page_size_ignored,
    list_key_changes,
)


def _all() -> list[Conditional]:
    """Every bug that there is, of which a seed chooses."""
    found: list[Conditional] = []

    def add(
        kind: str,
        method: str,
        path: str,
        works: Break,
        at: str | tuple[Place, ...],
        *rules: str,
        says: str = "",
    ) -> None:
        shows = ((f"{method} {path}", at),) if isinstance(at, str) else at
        found.append(
            Conditional(
                kind=kind,
                method=method,
                path=path,
                works=works,
                shows=shows,
                rules=rules,
                says=says,
            )
        )

    items, ids = f"/{_LIST}", f"/{_LIST}/*/id"
    for path in LISTS:
        add("field on page 2", "GET", path, field_on_page_2, f"{items}/*/created_at", "schema-type")
        add("last item lost", "GET", path, last_item_lost, items, "pagination-lost")
        add("cursor repeats items", "GET", path, cursor_repeats, ids, "pagination-repeated")
        add("per_page ignored", "GET", path, page_size_ignored, items, "pagination-size")
        add("list key on page 2", "GET", path, list_key_changes, items, "pagination-list")
    for path in ("/contacts", "/conversations"):
        add("17th item", "GET", path, item_17, ids, "schema-null", "schema-type")
    for path in SEARCHES:
        add("cursor repeats items", "POST", path, cursor_repeats, ids, "pagination-repeated")
        add("list key on page 2", "POST", path, list_key_changes, items, "pagination-list")
    operators = [(path, "=") for path in SEARCHES]
    operators += [(SEARCHES[0], one) for one in ("IN", "NIN", "!=", "~", "^", "<", ">")]
    for path, operator in operators:
        add(
            f"operator {operator} ignored",
            "POST",
            path,
            operator_ignored(operator),
            f"{items}/*/{_ANY}",
            "search-mismatch",
            says=f"search {operator}>",
        )
    add(
        "sort ignored",
        "POST",
        "/contacts/search",
        sort_ignored,
        f"{items}/*/created_at",
        "search-sort",
    )
    for path, field in (
        ("/contacts/{}", "name"),
        ("/companies/{}", "name"),
        ("/articles/{}", "title"),
        ("/help_center/collections/{}", "name"),
    ):
        shown = ((f"GET {path}", f"/{field}"),)
        add("update not kept", "PUT", path, update_not_kept(field), shown, "write-lost")
    for path in ("/contacts/{}", "/companies/{}", "/tags/{}", "/articles/{}"):
        listing = f"GET {path.rpartition('/')[0]}"
        at = ((f"GET {path}", "status"), (listing, f"/{_ANY}/*/id"))
        add("deleted still there", "DELETE", path, deleted_still_there, at, "write-undeleted")
    for path in READS:
        for kind, works, token in (
            ("token not needed", token_not_needed, "none"),
            ("any token will do", any_token_will_do, "wrong"),
        ):
            says = f"401 with {token}"
            add(kind, "GET", path, works, "status", "auth-not-enforced", says=says)
        request_id, version = "header:x-request-id", "header:intercom-version"
        add("request id on a share", "GET", path, header_missing, request_id, "header-missing")
        add("version on a share", "GET", path, version_changes, version, "version-mismatch")
    for path in ("/contacts/{}", "/companies/{}", "/articles/{}"):
        add("bare error", "GET", path, bare_error, "/errors", "body-envelope")
    add("archived contact", "GET", "/contacts/{}", archived_is_broken, "/role", "schema-type")
    add("filter ignored", "GET", READS[4], filter_ignored, f"{items}/*/model", "search-filter")
    return found


def blanked(operation: str) -> str:
    """Return an operation with the names of its parameters blanked."""
    return _PARAMETER.sub("{}", operation)


def plant(
    described: Documented, ask: Callable[[str, str, bytes], Answer], *, count: int, seed: int
) -> list[Conditional]:
    """Choose bugs, one for an operation, kinds as evenly as there are; `ask` sends a request
    (method, path, body), which tells where a list has its items."""
    chance = random.Random(f"conditional {seed}")
    possible = [one for one in _all() if template(described, one) is not None]
    chance.shuffle(possible)
    planted: list[Conditional] = []
    counted: dict[str, int] = {}
    taken: set[tuple[str, str, str]] = set()
    while possible and len(planted) < count:
        one = min(possible, key=lambda one: counted.get(one.kind, 0))
        possible.remove(one)
        if (one.method, one.path, one.slot) in taken:
            continue
        taken.add((one.method, one.path, one.slot))
        planted.append(replace(one, key=_key_of(ask, one) or one.key))
        counted[one.kind] = counted.get(one.kind, 0) + 1
    return planted


def _key_of(ask: Callable[[str, str, bytes], Answer], one: Conditional) -> str | None:
    """Return where the server has the items of the list that a bug breaks."""
    if "{}" in one.path:
        return None
    body = ALL_OF_A_SEARCH if one.method == "POST" else b""
    return list_key(ask(one.method, one.path, body).document)


def template(described: Documented, one: Conditional) -> str | None:
    """Return the description's own path of a bug's operation."""
    return described.match(Ask(method=one.method, path=one.path.replace("{}", "1")))


def mutated(api: Api, described: Documented, planted: list[Conditional]) -> Api:
    """The same API with the bugs, one around another."""
    _ARCHIVED.clear()
    for one in planted:
        api = _with_one(api, described, one)

    def respond(ask: Ask) -> Answer:
        answer = api(ask)
        if ask.path.endswith("/archive") and answer.status < 300:
            _ARCHIVED.add(ask.path.split("/")[-2])
        return answer

    return respond


def _with_one(api: Api, described: Documented, one: Conditional) -> Api:
    path = template(described, one)

    def respond(ask: Ask) -> Answer:
        if ask.method == one.method and described.match(ask) == path:
            return one.works(one, api, ask)
        return api(ask)

    return respond
