"""Lapses of answers as such: errors, tokens, headers."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from planting.lapses import Ground, Lapse, Maker, Resource, page_of, places
from planting.servers import Answer, Api, Ask

JUMP: Final = 40  # requests that a rate limit gives back too early
REQUEST_ID: Final = "x-request-id"


def _error(
    kind: str, change: Callable[[Answer], Answer], *locations: str, family: str = "errors"
) -> Maker:
    """A lapse of what one operation answers where there is no such object."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            return change(answer) if answer.status == 404 else answer

        operation = f"GET {resource.one}"
        return Lapse(
            kind=kind,
            family=family,
            shows=places(operation, *locations),
            wrapped=ground.at("GET", resource.one, wrapped),
            at=operation,
        )

    return make


def _number_for_code(answer: Answer) -> Answer:
    errors = [{**one, "code": 404} for one in answer.document["errors"]]
    return replace(answer, document={**answer.document, "errors": errors})


def _without_request_id(answer: Answer) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != REQUEST_ID}
    return replace(answer, headers=headers)


def _as_page(answer: Answer) -> Answer:
    headers = {**answer.headers, "content-type": "text/html"}
    return replace(answer, document=None, body=b"<html>Not Found</html>", headers=headers)


def _listed(
    kind: str,
    wrap: Callable[[], Callable[[Ask, Api], Answer]],
    *locations: str,
    family: str,
    needs_pages: bool = False,
) -> Maker:
    """A lapse of every answer of a list."""

    def make(ground: Ground, resource: Resource) -> Lapse | None:
        if not resource.listing or (needs_pages and not resource.is_paged):
            return None
        operation = f"GET {resource.listing}"
        return Lapse(
            kind=kind,
            family=family,
            shows=places(operation, *locations),
            wrapped=ground.at("GET", resource.listing, wrap()),
            at=operation,
        )

    return make


def lenient(accepts: Callable[[str], bool]) -> Callable[[], Callable[[Ask, Api], Answer]]:
    """Take a request without a good token for one with the last good one."""

    def wrap() -> Callable[[Ask, Api], Answer]:
        good: dict[str, str] = {}

        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            given = ask.headers.get("authorization", "")
            if answer.status != 401:
                good["token"] = given
                return answer
            if good and accepts(given):
                return api(replace(ask, headers={**ask.headers, "authorization": good["token"]}))
            return answer

        return wrapped

    return wrap


def _with_header(
    name: str, value: Callable[[Answer, int], str | None]
) -> Callable[[], Callable[[Ask, Api], Answer]]:
    def wrap() -> Callable[[Ask, Api], Answer]:
        serial = itertools.count(1)

        def wrapped(ask: Ask, api: Api) -> Answer:
            answer = api(ask)
            changed = value(answer, next(serial)) if answer.status == 200 else None
            if changed is None:
                return answer
            return replace(answer, headers={**answer.headers, name: changed})

        return wrapped

    return wrap


def _refusing(answer: Answer) -> Answer:
    return replace(answer, status=403)


def _refuses_oddly() -> Callable[[Ask, Api], Answer]:
    def wrapped(ask: Ask, api: Api) -> Answer:
        answer = api(ask)
        return replace(answer, status=404) if answer.status == 401 else answer

    return wrapped


def _jumping(answer: Answer, serial: int) -> str | None:
    left = answer.headers.get("x-ratelimit-remaining")
    return str(int(left) + JUMP) if left and serial % 2 == 0 else None


def _above(answer: Answer, serial: int) -> str | None:
    limit = answer.headers.get("x-ratelimit-limit")
    return str(int(limit) + 1) if limit else None


REMAINING: Final = "x-ratelimit-remaining"
OF_ANSWERS: Final[dict[str, Maker]] = {
    "error-not-a-list": _error(
        "error-not-a-list",
        lambda answer: replace(answer, document={"error": "not found"}),
        "/errors",
        "/type",
        "/error",
        "body",
        "",
    ),
    "error-code-number": _error("error-code-number", _number_for_code, "/errors/*/code"),
    "error-without-request-id": _error(
        "error-without-request-id",
        _without_request_id,
        f"header:{REQUEST_ID}",
        family="error headers",
    ),
    "error-as-html": _error("error-as-html", _as_page, "media-type", "body", "header:content-type"),
    "no-token-accepted": _listed(
        "no-token-accepted", lenient(lambda given: not given), "status", family="token"
    ),
    "wrong-token-accepted": _listed(
        "wrong-token-accepted", lenient(bool), "status", family="token"
    ),
    "refused-as-not-found": _listed(
        "refused-as-not-found", _refuses_oddly, "status", family="token"
    ),
    "other-version": _listed(
        "other-version",
        _with_header("intercom-version", lambda answer, serial: "2.3"),
        "header:intercom-version",
        family="version",
    ),
    "remaining-rises": _listed(
        "remaining-rises", _with_header(REMAINING, _jumping), f"header:{REMAINING}", family="rate"
    ),
    "remaining-above-limit": _listed(
        "remaining-above-limit",
        _with_header(REMAINING, _above),
        f"header:{REMAINING}",
        "header:x-ratelimit-limit",
        family="rate",
    ),
    "same-request-id": _listed(
        "same-request-id",
        _with_header(REQUEST_ID, lambda answer, serial: "0" * 19 + "1"),
        f"header:{REQUEST_ID}",
        family="request id",
    ),
    "deprecated-on-page-2": _listed(
        "deprecated-on-page-2",
        _with_header(
            "deprecation", lambda answer, serial: "@1688169599" if page_of(answer) > 1 else None
        ),
        "header:deprecation",
        family="deprecation",
        needs_pages=True,
    ),
}
