"""Nothing is answered without a valid token, and errors come in Intercom's own form."""

from typing import Final

from contracts.behaviour.inquiry import AUTHENTICATION, ENVELOPE, Inquiry, Turn
from contracts.client import Credentials
from contracts.envelopes import envelope_of
from contracts.exchanges import BodyKind, Exchange

_NOBODY: Final = "999999999"
"""An id that is a number and a text, and that nothing has."""


def without_token(inquiry: Inquiry, turn: Turn) -> None:
    """Ask without a token."""
    _refused(inquiry, turn, Credentials.NONE)


def with_wrong_token(inquiry: Inquiry, turn: Turn) -> None:
    """Ask with a token that opens nothing."""
    _refused(inquiry, turn, Credentials.WRONG)


def _refused(inquiry: Inquiry, turn: Turn, credentials: Credentials) -> None:
    if turn.operation.operation.method != "GET":
        return  # the question itself could be refused first
    inquiry.tried.add(AUTHENTICATION)
    exchange = inquiry.ask(turn.operation, path_params=turn.path_params, credentials=credentials)
    if exchange.response is None:
        return
    if exchange.response.status == 401:
        inquiry.show(AUTHENTICATION)
        envelope(inquiry, exchange)
    elif exchange.response.is_success:
        inquiry.suspect(
            exchange,
            "auth-not-enforced",
            "status",
            f"401 with {credentials.value} token",
            "2xx",
            needs=(AUTHENTICATION,),
        )


def again(inquiry: Inquiry, turn: Turn) -> None:
    """Ask the same twice more: what is so on a share of the answers only, shows."""
    if turn.operation.operation.method == "GET":
        for _ in range(2):
            inquiry.ask(turn.operation, path_params=turn.path_params)


def unknown_id(inquiry: Inquiry, turn: Turn) -> None:
    """Ask for an object that does not exist: the refusal has Intercom's form."""
    operation = turn.operation
    path = operation.operation.path
    if operation.operation.method != "GET" or not path.endswith("}"):
        return
    name = path.rpartition("{")[2].rstrip("}")
    exchange = inquiry.ask(operation, path_params={**turn.path_params, name: _NOBODY})
    envelope(inquiry, exchange)


def envelope(inquiry: Inquiry, exchange: Exchange) -> None:
    """Hold a refusal to the forms that Intercom's errors have."""
    response = exchange.response
    if response is None or not 400 <= response.status < 500 or response.kind is BodyKind.EMPTY:
        return
    inquiry.tried.add(ENVELOPE)
    if envelope_of(response).is_intercoms:
        inquiry.show(ENVELOPE)
    elif response.kind is BodyKind.JSON:
        inquiry.suspect(
            exchange,
            "body-envelope",
            "/errors",
            "errors",
            f"absent in {response.status}",
            needs=(ENVELOPE,),
        )
