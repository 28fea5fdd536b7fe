"""401, 402 and 403: who may not ask, as far as one answer can tell."""

from collections.abc import Iterator
from typing import Final

from contracts.envelopes import ErrorEnvelope, envelope_of
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.findings import Certainty, Finding
from contracts.rules import Severity
from monitors.detectors.context import Context, finding, name_of
from monitors.detectors.standins import is_of_a_stand_in

# https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis/error-codes;
# token_suspended is known from the Ruby SDK only.
_TOKEN_CODES: Final = {
    "token_revoked": ("auth-token-revoked", "has been revoked"),
    "token_not_found": ("auth-token-revoked", "does not exist (any more)"),
    "token_expired": ("auth-token-expired", "has expired"),
    "token_blocked": ("auth-token-blocked", "is blocked"),
    "token_suspended": ("auth-token-blocked", "is suspended"),
    "missing_authorization": ("auth-token-missing", "did not arrive"),
    "missing_authorization_header": ("auth-token-missing", "did not arrive"),
}
_SCOPE_CODES: Final = frozenset({"token_unauthorized", "forbidden", "action_forbidden"})
_LOCATION: Final = "status"
_EXPECTED: Final = "2xx"


def access_refusals(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """Yield what a refusal says of token, permission, plan, or of whoever stands before Intercom.

    Whether a bare 401 is the token's or the permission's is told by other operations: diagnosis.
    """
    response = exchange.response
    if response is None or response.status not in (401, 402, 403) or is_of_a_stand_in(exchange):
        return
    envelope = envelope_of(response)
    code = envelope.code
    if response.status == 402 or code == "api_plan_restricted":
        yield _plan(exchange, context)
    elif response.status == 401:
        yield _unauthorized(exchange, context, envelope)
    elif code in _SCOPE_CODES or envelope.scope:
        yield _scope(exchange, context, envelope)
    else:
        yield _forbidden(exchange, response, context, code)


def _forbidden(
    exchange: Exchange, response: Response, context: Context, code: str | None
) -> Finding:
    """A 403 that says nothing of a permission, and of which nothing else is known."""
    if code:
        why = "a reason that intercheck does not know"
    elif response.kind is BodyKind.JSON:
        why = "without a code that says why"
    else:
        why = "without an answer of the form that Intercom's errors have"
    return finding(
        "status-forbidden",
        exchange,
        context,
        location=_LOCATION,
        expected=_EXPECTED,
        observed="403",
        message=f"{name_of(exchange)} was refused with 403{f' {code}, ' if code else ' '}{why}.",
    )


def _unauthorized(exchange: Exchange, context: Context, envelope: ErrorEnvelope) -> Finding:
    code = envelope.code
    if code in _SCOPE_CODES:
        return _scope(exchange, context, envelope)
    if code in _TOKEN_CODES:
        rule, words = _TOKEN_CODES[code]
        message = f"Intercom says that the token {words} (401 {code})."
        certainty = Certainty.DOCUMENTED
    else:
        rule = "auth-token-refused"
        message = f"{name_of(exchange)} was refused with 401{f' {code}' if code else ''}."
        certainty = Certainty.INFERRED
    return finding(
        rule,
        exchange,
        context,
        location=_LOCATION,
        expected=_EXPECTED,
        observed="401",
        message=message,
        certainty=certainty,
    )


def _scope(exchange: Exchange, context: Context, envelope: ErrorEnvelope) -> Finding:
    scope = envelope.scope
    permission = f"the permission {scope}" if scope else "a permission"
    status = exchange.response.status if exchange.response else 403
    code = f" {envelope.code}" if envelope.code else ""
    lacks = "lacks" if envelope.is_of_a_permission else "most likely lacks"
    return finding(
        "auth-scope-missing",
        exchange,
        context,
        location=_LOCATION,
        expected=scope or _EXPECTED,
        observed=str(status),
        message=f"{name_of(exchange)} was refused with {status}{code}: the token {lacks} "
        f"{permission}.",
        certainty=Certainty.DOCUMENTED if scope else Certainty.INFERRED,
    )


def _plan(exchange: Exchange, context: Context) -> Finding:
    # Whether the workspace ever had the feature is for diagnosis to say; until then it has not.
    return finding(
        "auth-plan-restricted",
        exchange,
        context,
        severity=Severity.INFO,
        location=_LOCATION,
        expected=_EXPECTED,
        observed="restricted",
        message=f"{name_of(exchange)} is not part of this workspace's plan.",
        certainty=Certainty.DOCUMENTED,
    )
