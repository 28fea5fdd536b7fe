"""Nothing is answered without a valid token, and errors come in Intercom's own form."""

from typing import Final

from contracts.behaviour.inquiry import CODES, ENVELOPE, Inquiry, Turn, authentication
from contracts.behaviour.objects import unknown_object
from contracts.behaviour.shown import repeats_example
from contracts.client import Credentials
from contracts.departures import kind_of
from contracts.envelopes import envelope_of
from contracts.exchanges import BodyKind, Exchange, Response

_NOBODY: Final = "999999999"
"""An id that is a number and a text, and that nothing has."""


_OTHER_REFUSALS: Final = (403, 404, 410)
"""Statuses that say something else than that the token is missing or wrong."""


def without_token(inquiry: Inquiry, turn: Turn) -> None:
    """Ask without a token."""
    _refused(inquiry, turn, Credentials.NONE)


def with_wrong_token(inquiry: Inquiry, turn: Turn) -> None:
    """Ask with a token that opens nothing."""
    _refused(inquiry, turn, Credentials.WRONG)


def _refused(inquiry: Inquiry, turn: Turn, credentials: Credentials) -> None:
    ability = authentication(credentials)
    inquiry.tried.add(ability)
    exchange = inquiry.ask(
        turn.operation,
        path_params=turn.path_params,
        query=turn.query,
        body=turn.body,
        credentials=credentials,
    )
    if exchange.response is None:
        return
    if exchange.response.status == 401:
        inquiry.show(ability)
        envelope(inquiry, exchange)
    elif exchange.response.is_success:
        inquiry.suspect(
            exchange,
            "auth-not-enforced",
            "status",
            f"401 with {credentials.value} token",
            "2xx",
            needs=(ability,),
        )
    elif exchange.response.status in _OTHER_REFUSALS:
        inquiry.suspect(
            exchange,
            "auth-refusal-status",
            "status",
            f"401 with {credentials.value} token",
            str(exchange.response.status),
            needs=(ability,),
        )


def again(inquiry: Inquiry, turn: Turn) -> None:
    """Ask what was answered once only a second time: what is so on a share of the answers shows."""
    _until(inquiry, turn, 2)


def once_more(inquiry: Inquiry, turn: Turn) -> None:
    """Ask what was answered twice only a third time."""
    _until(inquiry, turn, 3)


def _until(inquiry: Inquiry, turn: Turn, successes: int) -> None:
    operation = turn.operation.operation
    if operation.method == "GET" and inquiry.successes[operation.identity] < successes:
        inquiry.ask(turn.operation, path_params=turn.path_params, query=turn.query)


def unknown_id(inquiry: Inquiry, turn: Turn) -> None:
    """Ask for an object that does not exist: the refusal has Intercom's form."""
    operation = turn.operation
    path = operation.operation.path
    if operation.operation.method != "GET" or not path.endswith("}"):
        return
    name = path.rpartition("{")[2].rstrip("}")
    path_params = {**turn.path_params, name: _NOBODY}
    exchange = inquiry.ask(operation, path_params=path_params, query=turn.query)
    unknown_object(inquiry, operation, exchange)
    envelope(inquiry, exchange)


def envelope(inquiry: Inquiry, exchange: Exchange) -> None:
    """Hold a refusal to the forms that Intercom's errors have."""
    response = exchange.response
    if response is None or not 400 <= response.status < 500 or response.kind is BodyKind.EMPTY:
        return
    inquiry.tried.add(ENVELOPE)
    if envelope_of(response).is_intercoms:
        operation = inquiry.spec.get(exchange.operation.identity) if exchange.operation else None
        if operation is not None and repeats_example(operation, response):
            return  # a mock says what the description shows
        document = response.document
        told = document.get("request_id") if isinstance(document, dict) else None
        if isinstance(told, str):
            inquiry.refusals.add(told)
        if len(inquiry.refusals) > 1:
            inquiry.show(ENVELOPE)
        _codes(inquiry, exchange, response)
    elif response.kind is BodyKind.OTHER:
        inquiry.suspect(
            exchange,
            "body-envelope",
            "body",
            "json",
            f"other in {response.status}",
            needs=(ENVELOPE,),
        )
    elif response.kind is BodyKind.JSON:
        inquiry.suspect(
            exchange,
            "body-envelope",
            "/errors",
            "errors",
            f"absent in {response.status}",
            needs=(ENVELOPE,),
        )


def _codes(inquiry: Inquiry, exchange: Exchange, response: Response) -> None:
    """Every error of a list has a code that is a text: programs tell errors apart by it."""
    document = response.document
    errors = document.get("errors") if isinstance(document, dict) else None
    if errors == []:
        inquiry.suspect(exchange, "body-envelope", "/errors", "errors", "none", needs=(CODES,))
    for one in errors if isinstance(errors, list) else ():
        code = one.get("code") if isinstance(one, dict) else None
        if isinstance(code, str):
            inquiry.show(CODES)
            continue
        kind = "absent" if code is None else kind_of(code)
        inquiry.suspect(exchange, "body-envelope", "/errors/*/code", "string", kind, needs=(CODES,))
