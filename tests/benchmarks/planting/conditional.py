"""Mutants that show only under a condition: on page 2, after a write, with one operator."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from planting.bugs import (
    ANY,
    ARCHIVED,
    LIST,
    Break,
    Conditional,
    Place,
    any_token_will_do,
    archived_is_broken,
    bare_error,
    cursor_repeats,
    deleted_still_there,
    field_on_page_2,
    filter_ignored,
    header_missing,
    item_17,
    last_item_lost,
    list_key_changes,
    operator_ignored,
    page_size_ignored,
    sort_ignored,
    token_not_needed,
    update_not_kept,
    version_changes,
)
from planting.furniture import list_key
from planting.lapses import ALL_OF_A_SEARCH
from planting.servers import Answer, Api, Ask, Documented

LISTS: Final = (
    "/contacts",
    "/conversations",
    "/articles",
    "/companies",
    "/help_center/collections",
)
SEARCHES: Final = ("/contacts/search", "/conversations/search", "/tickets/search")
READS: Final = ("/tags", "/teams", "/admins", "/segments", "/data_attributes", "/ticket_types")


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

    items, ids = f"/{LIST}", f"/{LIST}/*/id"
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
            f"{items}/*/{ANY}",
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
        at = ((f"GET {path}", "status"), (listing, f"/{ANY}/*/id"))
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
    ARCHIVED.clear()
    for one in planted:
        api = _with_one(api, described, one)

    def respond(ask: Ask) -> Answer:
        answer = api(ask)
        if ask.path.endswith("/archive") and answer.status < 300:
            ARCHIVED.add(ask.path.split("/")[-2])
        return answer

    return respond


def _with_one(api: Api, described: Documented, one: Conditional) -> Api:
    path = template(described, one)

    def respond(ask: Ask) -> Answer:
        if ask.method == one.method and described.match(ask) == path:
            return one.works(one, api, ask)
        return api(ask)

    return respond
