"""What header fields and refusals of single answers say that cannot be so."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.behaviour.access import (
    again,
    envelope,
    once_more,
    with_wrong_token,
    without_token,
)
from contracts.behaviour.fields import CLOCK_SKEW, LONGEST_WINDOW, Fields
from contracts.behaviour.inquiry import CODES, ENVELOPE, SEARCH, authentication
from contracts.client import Credentials
from contracts.exchanges import Exchange, Headers, Response

Take = Callable[..., set[tuple[str, str]]]


@pytest.fixture
def answer(behind: Any) -> Callable[..., Exchange]:
    """Make an answer of `GET /tags` with other header fields."""
    inquirer = behind()
    exchange: Exchange = inquirer.ask(inquirer.spec.get("GET /tags"))
    now = int(exchange.started_at.timestamp())

    def answer(status: int = 200, *, reset: int = 5, left: int = 50, **fields: str) -> Exchange:
        told = {
            "x-ratelimit-limit": "100",
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(now + reset),
            "content-type": "application/json",
        }
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return replace(exchange, response=Response.of(status, Headers(told | named), b"{}"))

    return answer


@pytest.fixture
def seen(behind: Any) -> Callable[..., set[tuple[str, str, str]]]:
    """Look at answers; return rule, location and what was observed."""
    inquiry = behind().inquiry

    def seen(*exchanges: Exchange) -> set[tuple[str, str, str]]:
        fields = Fields(inquiry)
        for exchange in exchanges:
            fields.take(exchange)
        fields.settle()
        return {
            (one.departure.rule, one.departure.location, one.departure.observed)
            for one in inquiry.confirmed()
        }

    return seen


DEPRECATED = ("deprecation-announced", "header:deprecation", "announced")
ENDS = ("deprecation-sunset", "header:sunset", "announced")
REMAINING, RESET = "header:x-ratelimit-remaining", "header:x-ratelimit-reset"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"left": 100}, None),
        ({"left": 101}, ("rate-limit-incoherent", REMAINING, "incoherent")),
        ({"left": -1}, ("rate-limit-incoherent", REMAINING, "incoherent")),
        ({"reset": -CLOCK_SKEW + 1}, None),
        ({"reset": -CLOCK_SKEW - 1}, ("rate-limit-incoherent", RESET, "incoherent")),
        ({"reset": LONGEST_WINDOW + 1}, ("rate-limit-incoherent", RESET, "incoherent")),
        (
            {"warning": '299 - "Deprecated API"'},
            DEPRECATED,
        ),
        ({"warning": '110 - "Response is Stale"'}, None),
        (
            {"deprecation": "@1688169599"},
            DEPRECATED,
        ),
        ({"deprecation": "false"}, None),
        (
            {"sunset": "Sun, 31 Dec 2028 23:59:59 GMT"},
            ENDS,
        ),
        ({"link": '</contacts/1>; rel="canonical"'}, None),
        (
            {"link": '<https://x.example>; rel="sunset"'},
            ENDS,
        ),
        ({"intercom_version": "2.15"}, None),
        ({"intercom_version": "2.3"}, ("version-mismatch", "header:intercom-version", "2.3")),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_a_header_field_that_cannot_be_so_is_told_whatever_the_status(
    answer: Any, seen: Any, status: int, fields: dict[str, Any], expected: Any
) -> None:
    given = answer(status, x_request_id="a", **fields)
    assert seen(given) == ({expected} if expected else set())


def test_a_reset_is_held_to_the_clock_of_the_server_where_it_tells_it(
    answer: Any, seen: Any
) -> None:
    given = answer(date="Thu, 01 Jan 1970 00:00:00 GMT", x_request_id="a")
    assert {place for _, place, _ in seen(given)} == {RESET}


def test_a_rest_that_rises_a_repeated_id_and_a_refusal_without_one_are_seen(
    answer: Any, seen: Any
) -> None:
    sound = [answer(left=50, x_request_id="a"), answer(left=49, x_request_id="b")]
    assert not seen(*sound)
    others = [
        answer(left=70, x_request_id="b"),
        answer(404, left=48, x_request_id="c"),
        answer(404, left=47, x_request_id=""),
    ]
    assert {(rule, observed) for rule, _, observed in seen(*sound, *others)} == {
        ("rate-limit-incoherent", "rising"),
        ("header-repeated", "repeated"),
        ("header-missing", "absent in 404"),
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"type": "error.list", "errors": [{"code": "x"}]}, None),
        ({"type": "error", "message": "x"}, None),
        ({"error_key": "x", "message": "x"}, None),
        ({"type": "error.list", "errors": []}, ("/errors", "none")),
        ({"type": "error.list", "errors": [{"message": "x"}]}, ("/errors/*/code", "absent")),
        ({"type": "error.list", "errors": [{"code": 404}]}, ("/errors/*/code", "integer")),
        ({"message": "x"}, ("/errors", "absent in 404")),
    ],
)
def test_an_error_has_one_of_the_forms_that_intercoms_errors_have(
    behind: Any, answer: Any, document: Any, expected: Any
) -> None:
    inquiry = behind().inquiry
    inquiry.shown |= {ENVELOPE, CODES}
    body = json.dumps(document).encode()
    given = answer(404)
    envelope(inquiry, replace(given, response=Response.of(404, given.response.headers, body)))
    told = [(one.departure.location, one.departure.observed) for one in inquiry.confirmed()]
    assert told == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("check", "credentials"),
    [(without_token, Credentials.NONE), (with_wrong_token, Credentials.WRONG)],
)
@pytest.mark.parametrize("identity", ["GET /tags", "POST /contacts/search", "GET /teams/{}"])
def test_every_read_refuses_who_has_no_valid_token(
    behind: Any, identity: str, check: Any, credentials: Credentials
) -> None:
    def open_to_all(exchange: Exchange, document: Any) -> Any:
        assert exchange.response is not None
        is_it = exchange.operation is not None and exchange.operation.identity == identity
        if not is_it or exchange.response.status != 401:
            return None
        return Response.of(200, exchange.response.headers, b'{"type": "list", "data": []}')

    for answered, expected in ((None, set()), (open_to_all, {("auth-not-enforced", "status")})):
        inquirer = behind(answered=answered)
        inquirer.inquiry.shown |= {authentication(credentials), SEARCH}
        inquirer.check("GET /teams")
        inquirer.check(identity, check)
        assert {(rule, place) for rule, _, place in inquirer.found} == expected


def test_what_was_answered_twice_is_not_asked_a_second_time(behind: Any) -> None:
    inquirer = behind()
    inquirer.check("GET /tags", again, again)
    assert inquirer.gate.requests == 2
    inquirer.check("GET /teams", once_more, again, again, once_more)
    assert inquirer.gate.requests == 2 + 3
