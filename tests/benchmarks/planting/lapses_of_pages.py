"""Lapses of lists and of their pages."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import (
    UNLIKE,
    Ground,
    Lapse,
    Maker,
    Resource,
    changed,
    is_last,
    page_of,
    paging,
    places,
    showing,
    shown,
)
from planting.servers import Answer, Api, Ask

CAP: Final = 10  # objects on a page, of a server that obeys per_page only so far
NTH: Final = 17


def list_lapse(
    kind: str,
    ground: Ground,
    resource: Resource,
    locations: Callable[[str], tuple[str, ...]],
    after: Callable[[Ask, Answer], Answer],
    *,
    before: Callable[[Ask], Ask] = lambda ask: ask,
    family: str = "pages",
) -> Lapse | None:
    """A lapse of a paged list."""
    if not (resource.listing and resource.is_paged and resource.key):
        return None
    operation = f"GET {resource.listing}"

    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(before(ask))
        return after(ask, answer) if shown(answer, resource.key) else answer

    return Lapse(
        kind=kind,
        family=family,
        shows=places(operation, *locations(f"/{resource.key}")),
        wrapped=ground.at("GET", resource.listing, wrapped),
        at=operation,
    )


def page_two_type(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        if page_of(answer) < 2:
            return answer
        found = [{**one, name: UNLIKE} for one in shown(answer, resource.key)]
        return showing(answer, resource.key, found)

    if not name:
        return None
    return list_lapse(
        "page-2-type", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


def nth_item_null(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        size = answer.document["pages"].get("per_page") or 1
        index = NTH - 1 - (page_of(answer) - 1) * size
        found = copy.deepcopy(shown(answer, resource.key))
        if 0 <= index < len(found):
            found[index][str(name)] = None
        return showing(answer, resource.key, found)

    if not name:
        return None
    return list_lapse(
        "17th-item-null", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


def last_page_repeats(ground: Ground, resource: Resource) -> Lapse | None:
    before_last: dict[str, Any] = {}

    def after(ask: Ask, answer: Answer) -> Answer:
        found = shown(answer, resource.key)
        if page_of(answer) > 1 and is_last(answer) and before_last:
            return showing(answer, resource.key, [before_last["one"], *found[1:]])
        before_last["one"] = found[-1]
        return answer

    return list_lapse(
        "last-page-repeats", ground, resource, lambda key: (key, f"{key}/*/id"), after
    )


def page_two_drops(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        found = shown(answer, resource.key)
        return showing(answer, resource.key, found[1:]) if page_of(answer) == 2 else answer

    return list_lapse(
        "page-2-drops",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/total_count", "/pages/total_pages"),
        after,
    )


def per_page_capped(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        return showing(answer, resource.key, shown(answer, resource.key)[:CAP])

    return list_lapse(
        "per-page-capped",
        ground,
        resource,
        lambda key: (key, "/pages/per_page", "/total_count", "/pages/total_pages"),
        after,
    )


def cursor_ignored(ground: Ground, resource: Resource) -> Lapse | None:
    def before(ask: Ask) -> Ask:
        kept = [
            part
            for part in ask.query.split("&")
            if not part.startswith(("starting_after=", "page="))
        ]
        return replace(ask, query="&".join(kept))

    return list_lapse(
        "cursor-ignored",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/pages/page", "/pages/next"),
        lambda ask, answer: answer,
        before=before,
    )


def next_never_ends(ground: Ground, resource: Resource) -> Lapse | None:
    held: dict[str, Any] = {}

    def after(ask: Ask, answer: Answer) -> Answer:
        following = answer.document["pages"].get("next")
        if following is not None:
            held["next"] = following
            return answer
        return paging(answer, next=held["next"]) if held else answer

    return list_lapse(
        "next-never-ends",
        ground,
        resource,
        lambda key: (key, f"{key}/*/id", "/pages/next", "/pages"),
        after,
    )


def next_missing(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        return paging(answer, next=None) if page_of(answer) == 2 else answer

    return list_lapse(
        "next-missing",
        ground,
        resource,
        lambda key: (key, "/pages/next", "/pages/total_pages", "/total_count"),
        after,
    )


def page_number_stays(ground: Ground, resource: Resource) -> Lapse | None:
    return list_lapse(
        "page-number-stays",
        ground,
        resource,
        lambda key: ("/pages/page",),
        lambda ask, answer: paging(answer, page=1),
    )


def total_pages_off(ground: Ground, resource: Resource) -> Lapse | None:
    def after(ask: Ask, answer: Answer) -> Answer:
        total = answer.document["pages"].get("total_pages") or 1
        return paging(answer, total_pages=max(1, total - 1)) if total > 1 else answer

    return list_lapse(
        "total-pages-off", ground, resource, lambda key: ("/pages/total_pages",), after
    )


def total_count_drifts(ground: Ground, resource: Resource) -> Lapse | None:
    example = resource.listing and ground.described.success("GET", resource.listing)[2]
    if not isinstance(example, dict) or "total_count" not in example:
        return None

    def after(ask: Ask, answer: Answer) -> Answer:
        total = len(shown(answer, resource.key))
        return changed(answer, total_count=total) if page_of(answer) > 1 else answer

    return list_lapse(
        "total-count-drifts", ground, resource, lambda key: ("/total_count",), after, family="count"
    )


def last_page_type(ground: Ground, resource: Resource) -> Lapse | None:
    example = resource.listing and ground.described.success("GET", resource.listing)[2]
    if not isinstance(example, dict) or "type" not in example:
        return None

    def after(ask: Ask, answer: Answer) -> Answer:
        return changed(answer, type="page") if is_last(answer) and page_of(answer) > 1 else answer

    return list_lapse(
        "last-page-type", ground, resource, lambda key: ("/type",), after, family="type"
    )


def null_by_condition(ground: Ground, resource: Resource) -> Lapse | None:
    name = resource.listing and ground.field("GET", resource.listing, resource.key, resource.sample)

    def after(ask: Ask, answer: Answer) -> Answer:
        found = [
            {**one, name: None} if str(one.get("id", "0"))[-1] in "159ad" else one
            for one in shown(answer, resource.key)
        ]
        return showing(answer, resource.key, found)

    if not name:
        return None
    return list_lapse(
        "null-in-some", ground, resource, lambda key: (f"{key}/*/{name}",), after, family="fields"
    )


OF_PAGES: Final[dict[str, Maker]] = {
    "page-2-type": page_two_type,
    "17th-item-null": nth_item_null,
    "null-in-some": null_by_condition,
    "last-page-repeats": last_page_repeats,
    "page-2-drops": page_two_drops,
    "per-page-capped": per_page_capped,
    "cursor-ignored": cursor_ignored,
    "next-never-ends": next_never_ends,
    "next-missing": next_missing,
    "page-number-stays": page_number_stays,
    "total-pages-off": total_pages_off,
    "total-count-drifts": total_count_drifts,
    "last-page-type": last_page_type,
}
