"""Bugs that show only under a condition, and where: what `conditional` chooses from."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from planting.servers import Answer, Api, Ask

Break = Callable[["Conditional", Api, Ask], Answer]

_PARAMETER: Final = re.compile(r"\{[^}]+\}")
LIST: Final = "{list}"
"""Stands in a place for the key under which the server lists objects."""
ANY: Final = "{any}"
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
        named = {LIST: self.key, ANY: None}
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


def blanked(operation: str) -> str:
    """Return an operation with the names of its parameters blanked."""
    return _PARAMETER.sub("{}", operation)


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

    is_archived = ask.path.rpartition("/")[2] in ARCHIVED
    return _changed(api(ask), change) if is_archived else api(ask)


ARCHIVED: Final[set[str]] = set()
"""The ids that were archived since the bugs were planted."""


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
