"""A third catalogue: lapses of headers, statuses and errors, from the list of what is promised."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from planting.lapses import Ground, Lapse, Maker, Resource, page_of, places, shown
from planting.lapses_of_answers import REMAINING, REQUEST_ID, lenient
from planting.servers import Answer, Api, Ask

VERSION: Final = "intercom-version"
RESET: Final = "x-ratelimit-reset"
Change = Callable[[Answer], Answer]


def _operation(resource: Resource, where: str) -> tuple[str, str] | None:
    """Return method and path of `list`, `paged list`, `search`, `one` or `create`."""
    if where == "list":
        return ("GET", resource.listing) if resource.listing else None
    if where == "paged list":
        return ("GET", resource.listing) if resource.listing and resource.is_paged else None
    if where == "search":
        return ("POST", resource.search) if resource.search else None
    if where == "create":
        return ("POST", resource.one.rpartition("/")[0]) if resource.can_create else None
    return "GET", resource.one


def _of(
    kind: str,
    where: str,
    when: Callable[[Resource, Answer], bool],
    change: Change,
    *locations: str,
    family: str,
) -> Maker:
    """A lapse of the answers of one operation for which `when` holds."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        found = _operation(resource, where)
        if found is None:
            return None

        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            return change(answer) if when(resource, answer) else answer

        operation = " ".join(found)
        return Lapse(
            kind=kind,
            family=family,
            shows=places(operation, *locations),
            wrapped=ground.at(*found, wrapped),
            at=operation,
        )

    return make


def _lenient(kind: str, where: str, accepts: Callable[[str], bool]) -> Maker:
    """One operation answers without a good token, once it has seen one."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        found = _operation(resource, where)
        if found is None:
            return None
        operation = " ".join(found)
        return Lapse(
            kind=kind,
            family="token",
            shows=places(operation, "status"),
            wrapped=ground.at(*found, lenient(accepts)()),
            at=operation,
        )

    return make


def _with(name: str, value: Callable[[Answer], str]) -> Change:
    return lambda answer: replace(answer, headers={**answer.headers, name: value(answer)})


def _without(name: str) -> Change:
    return lambda answer: replace(
        answer, headers={key: value for key, value in answer.headers.items() if key != name}
    )


def _saying(change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda answer: replace(answer, document=change(answer.document))


def _labelled(media: str) -> Change:
    return _with("content-type", lambda answer: media)


def _is_ok(resource: Resource, answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _is_later_page(resource: Resource, answer: Answer) -> bool:
    return answer.status == 200 and page_of(answer) > 1


def _is_status(status: int) -> Callable[[Resource, Answer], bool]:
    return lambda resource, answer: answer.status == status and isinstance(answer.document, dict)


def _found_nothing(resource: Resource, answer: Answer) -> bool:
    return answer.status == 200 and not shown(answer, resource.search_key)


def _without_codes(document: dict[str, Any]) -> dict[str, Any]:
    errors = [{k: v for k, v in one.items() if k != "code"} for one in document["errors"]]
    return {**document, "errors": errors}


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {"message": "No."}


_NOT_AN_ENVELOPE: Final = ("/errors", "/type", "/message", "body", "")

THIRD_OF_ANSWERS: Final[dict[str, Maker]] = {
    "search-without-token": _lenient("search-without-token", "search", lambda given: not given),
    "read-with-wrong-token": _lenient("read-with-wrong-token", "one", bool),
    "refusal-not-an-envelope": _of(
        "refusal-not-an-envelope",
        "list",
        _is_status(401),
        _saying(_plain),
        *_NOT_AN_ENVELOPE,
        family="errors",
    ),
    "bad-query-not-an-envelope": _of(
        "bad-query-not-an-envelope",
        "search",
        _is_status(400),
        _saying(_plain),
        *_NOT_AN_ENVELOPE,
        family="errors",
    ),
    "no-error-in-list": _of(
        "no-error-in-list",
        "one",
        _is_status(404),
        _saying(lambda document: {**document, "errors": []}),
        "/errors",
        family="errors",
    ),
    "error-without-code": _of(
        "error-without-code",
        "one",
        _is_status(404),
        _saying(_without_codes),
        "/errors/*/code",
        family="errors",
    ),
    "version-lost-on-page-2": _of(
        "version-lost-on-page-2",
        "paged list",
        _is_later_page,
        _without(VERSION),
        f"header:{VERSION}",
        family="version header",
    ),
    "other-version-on-errors": _of(
        "other-version-on-errors",
        "one",
        _is_status(404),
        _with(VERSION, lambda answer: "2.3"),
        f"header:{VERSION}",
        family="version header",
    ),
    "other-version-of-search": _of(
        "other-version-of-search",
        "search",
        _is_ok,
        _with(VERSION, lambda answer: "2.3"),
        f"header:{VERSION}",
        family="version header",
    ),
    "search-without-request-id": _of(
        "search-without-request-id",
        "search",
        _is_ok,
        _without(REQUEST_ID),
        f"header:{REQUEST_ID}",
        family="request id",
    ),
    "create-without-request-id": _of(
        "create-without-request-id",
        "create",
        _is_ok,
        _without(REQUEST_ID),
        f"header:{REQUEST_ID}",
        family="request id",
    ),
    "reset-in-the-past": _of(
        "reset-in-the-past",
        "list",
        _is_ok,
        _with(RESET, lambda answer: str(int(time.time()) - 3600)),
        f"header:{RESET}",
        family="rate",
    ),
    "reset-in-milliseconds": _of(
        "reset-in-milliseconds",
        "one",
        _is_ok,
        _with(RESET, lambda answer: str(int(time.time() * 1000) + 10_000)),
        f"header:{RESET}",
        family="rate",
    ),
    "remaining-below-zero": _of(
        "remaining-below-zero",
        "search",
        _is_ok,
        _with(REMAINING, lambda answer: "-1"),
        f"header:{REMAINING}",
        family="rate",
    ),
    "sunset-on-search": _of(
        "sunset-on-search",
        "search",
        _is_ok,
        _with("sunset", lambda answer: "Sun, 31 Dec 2028 23:59:59 GMT"),
        "header:sunset",
        family="deprecation",
    ),
    "deprecated-on-errors": _of(
        "deprecated-on-errors",
        "one",
        _is_status(404),
        _with("deprecation", lambda answer: "@1688169599"),
        "header:deprecation",
        family="deprecation",
    ),
    "warning-on-create": _of(
        "warning-on-create",
        "create",
        _is_ok,
        _with("warning", lambda answer: '299 - "Deprecated API"'),
        "header:warning",
        "header:deprecation",
        family="deprecation",
    ),
    "page-2-partial": _of(
        "page-2-partial",
        "paged list",
        _is_later_page,
        lambda answer: replace(answer, status=206),
        "status",
        family="statuses",
    ),
    "nothing-found-no-content": _of(
        "nothing-found-no-content",
        "search",
        _found_nothing,
        lambda answer: replace(answer, status=204, document=None, body=b""),
        "status",
        "body",
        family="statuses",
    ),
    "page-2-as-text": _of(
        "page-2-as-text",
        "paged list",
        _is_later_page,
        _labelled("text/plain; charset=utf-8"),
        "media-type",
        "header:content-type",
        family="media",
    ),
    "nothing-found-as-html": _of(
        "nothing-found-as-html",
        "search",
        _found_nothing,
        _labelled("text/html"),
        "media-type",
        "header:content-type",
        family="media",
    ),
    "created-as-html": _of(
        "created-as-html",
        "create",
        _is_ok,
        _labelled("text/html"),
        "media-type",
        "header:content-type",
        family="media",
    ),
}
