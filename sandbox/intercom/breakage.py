"""What the active faults do to one answer, stage by stage: who asks, whether it is refused, the
document, the time it takes, and the bytes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from contracts.spec import SpecOperation
from sandbox.intercom.answers import Delivery, Refusal, Reply, Request
from sandbox.intercom.damage import damage
from sandbox.intercom.faults import POINTER_FAULTS, Fault
from sandbox.intercom.headers import JSON, announced
from sandbox.intercom.tokens import Token, missing_scope, plan_restricted, scope_for

MEGABYTE: Final = 1_000_000  # bytes
OVERSIZE: Final = 40  # megabytes; more than any answer that was recorded, by far
LARGEST_OVERSIZE: Final = 512

LARGER: Final = 4  # times
NEW_COMMIT: Final = "5e0a1b2c" * 5

ELSEWHERE: Final = {"us": "eu", "eu": "us", "au": "us"}
OTHER_APP: Final = "sbx2other"


def token(faults: Iterable[Fault], given: Token, identity: str) -> Token:
    """Return who asks, as the faults have it."""
    for fault in faults:
        if fault.name == "changed-workspace":
            given = replace(given, app_id=str(fault.value or OTHER_APP))
        elif fault.name == "wrong-region" and identity == "GET /me":
            given = replace(given, region=str(fault.value or ELSEWHERE[given.region]).lower())
    return given


def refuse(faults: Iterable[Fault], operation: SpecOperation, *, limit: int) -> None:
    """Raise the refusal that a fault demands."""
    for fault in faults:
        if fault.name in _REFUSALS:
            raise _REFUSALS[fault.name](fault, operation)
        if fault.name == "429":
            raise too_many(limit, is_fault=True)
        if fault.name == "wrong-region" and operation.operation.identity != "GET /me":
            raise Refusal(401, "unauthorized", "Access Token Invalid")


def too_many(limit: int, *, is_fault: bool = False) -> Refusal:
    """The refusal of one call too many; the message as intercom-ruby#475 shows it."""
    return Refusal(
        429,
        "rate_limit_exceeded",
        f"Exceeded rate limit of {limit} in 10_seconds",
        headers=[("x-ratelimit-remaining", "0")] if is_fault else (),
    )


def document(faults: Iterable[Fault], whole: object, *, archived: Sequence[bool]) -> object:
    """Return the document with every pointer fault in it."""
    for fault in faults:
        if fault.name in POINTER_FAULTS:
            whole = damage(whole, fault, archived=archived)
    return whole


def seconds(faults: Iterable[Fault], drawn: float) -> tuple[float, float]:
    """Return how long the answer takes, and what x-runtime says of it."""
    taken = told = drawn
    for fault in faults:
        if fault.name == "slow":
            taken = taken * fault.factor + fault.milliseconds / 1000
            told = told if fault.form == "network" else taken
    return taken, told


def reply(faults: Iterable[Fault], whole: Reply, *, request: Request, now: datetime) -> Reply:
    """Return the answer with what the faults do to its head, bytes and delivery."""
    for fault in faults:
        if fault.name in ("deprecation", "sunset", "warning"):
            whole = replace(whole, fields=(*whole.fields, *announced(fault, now)))
        elif fault.name in _REPLIES:
            whole = _REPLIES[fault.name](whole, fault, request)
    return whole


def _unauthorized(code: str, message: str) -> Callable[[Fault, SpecOperation], Refusal]:
    return lambda fault, operation: Refusal(401, code, message)


def _scope(fault: Fault, operation: SpecOperation) -> Refusal:
    asked = operation.operation
    scope = scope_for(asked.method, asked.path) or "read_admins"
    return missing_scope(scope, forbidden=fault.status == 403)


def _gone(fault: Fault, operation: SpecOperation) -> Refusal:
    status = fault.status or 404
    if status == 400:
        return Refusal(
            400,
            "intercom_version_invalid",
            "Requested resource is not available in current API version.",
        )
    return Refusal(status, "not_found", "The requested resource was not found")


def _unprocessable(fault: Fault, operation: SpecOperation) -> Refusal:
    return Refusal(422, "unprocessable_entity", "The request could not be processed")


_REFUSALS: Final[Mapping[str, Callable[[Fault, SpecOperation], Refusal]]] = {
    "refused-token": _unauthorized("unauthorized", "Access Token Invalid"),
    "revoked-token": _unauthorized("token_revoked", "Access Token Revoked"),
    "expired-token": _unauthorized("token_expired", "Access Token Expired"),
    "blocked-token": _unauthorized("token_blocked", "Access Token Blocked"),
    "suspended-token": _unauthorized("token_suspended", "Access Token Suspended"),
    "missing-scope": _scope,
    "plan-restriction": lambda fault, operation: plan_restricted(),
    "endpoint-gone": _gone,
    "422": _unprocessable,
}


def _page(status: int, title: str, server: str) -> Callable[[Reply, Fault, Request], Reply]:
    """A machine before Intercom answers in its place, with HTML and none of Intercom's headers."""
    html = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>"
        "</center>\r\n</body>\r\n</html>\r\n"
    )

    def answer(whole: Reply, fault: Fault, request: Request) -> Reply:
        date = [field for field in whole.fields if field[0] == "date"]
        fields = (*date, ("server", server), ("content-type", "text/html"))
        return replace(whole, status=status, fields=fields, body=html.encode())

    return answer


def _server_error(whole: Reply, fault: Fault, request: Request) -> Reply:
    if fault.form == "html":
        return _page(500, "500 Internal Server Error", "nginx")(whole, fault, request)
    identifier = dict(whole.fields).get("x-request-id", "")
    body = (
        f'{{"type":"error.list","request_id":"{identifier}","errors":'
        '[{"code":"server_error","message":"Internal Server Error"}]}'
    )
    fields = _without(whole, "status", "content-type", "etag", "set-cookie")
    fields += (("status", "500 Internal Server Error"), ("content-type", JSON))
    return replace(whole, status=500, fields=fields, body=body.encode())


def _unavailable(whole: Reply, fault: Fault, request: Request) -> Reply:
    fields = tuple(field for field in whole.fields if field[0] == "date")
    return replace(whole, status=503, fields=fields, body=b"")


def _not_json(whole: Reply, fault: Fault, request: Request) -> Reply:
    body = b"<html><body><h1>We will be back soon</h1></body></html>"
    return replace(whole, status=200, body=body, fields=_typed(whole, JSON))


def _empty(whole: Reply, fault: Fault, request: Request) -> Reply:
    return replace(whole, status=200, body=b"")


def _mistyped(whole: Reply, fault: Fault, request: Request) -> Reply:
    return replace(whole, fields=_typed(whole, str(fault.value or "text/html; charset=utf-8")))


def _oversized(whole: Reply, fault: Fault, request: Request) -> Reply:
    size = fault.value if isinstance(fault.value, int) else OVERSIZE
    blank = b" " * (min(size, LARGEST_OVERSIZE) * MEGABYTE)
    return replace(whole, body=whole.body + blank)  # white space after JSON is JSON still


def _enlarged(whole: Reply, fault: Fault, request: Request) -> Reply:
    times = fault.value if isinstance(fault.value, int) and fault.value > 1 else LARGER
    added = min(len(whole.body) * (times - 1), LARGEST_OVERSIZE * MEGABYTE)
    # White space after JSON is JSON still.
    body = whole.body + b" " * added
    return replace(
        whole, body=body, seconds=whole.seconds + fault.milliseconds / 1000 * added / 1000
    )


def _deployed(whole: Reply, fault: Fault, request: Request) -> Reply:
    commit = ("x-intercom-version", str(fault.value or NEW_COMMIT))
    return replace(whole, fields=(*_without(whole, "x-intercom-version"), commit))


def _redirected(whole: Reply, fault: Fault, request: Request) -> Reply:
    fields = (*_without(whole, "content-type", "etag"), ("location", request.path))
    return replace(whole, status=302, fields=fields, body=b"")


def _versioned(whole: Reply, fault: Fault, request: Request) -> Reply:
    fields = _without(whole, "intercom-version")
    return replace(whole, fields=(*fields, ("intercom-version", str(fault.value or "2.7"))))


def _delivered(how: Delivery) -> Callable[[Reply, Fault, Request], Reply]:
    return lambda whole, fault, request: replace(whole, delivery=how)


def _without(whole: Reply, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in whole.fields if field[0] not in names)


def _typed(whole: Reply, media_type: str) -> tuple[tuple[str, str], ...]:
    return (*_without(whole, "content-type"), ("content-type", media_type))


_REPLIES: Final[Mapping[str, Callable[[Reply, Fault, Request], Reply]]] = {
    "blocked-by-load-balancer": _page(403, "403 Forbidden", "awselb/2.0"),
    "500": _server_error,
    "502": _page(502, "502 Bad Gateway", "awselb/2.0"),
    "503": _unavailable,
    "504": _page(504, "504 Gateway Time-out", "awselb/2.0"),
    "non-json-body": _not_json,
    "empty-body": _empty,
    "wrong-media-type": _mistyped,
    "oversized-body": _oversized,
    "larger-answers": _enlarged,
    "new-deployment": _deployed,
    "redirect-loop": _redirected,
    "version-mismatch": _versioned,
    "connection-reset": _delivered(Delivery.RESET),
    "truncated-body": _delivered(Delivery.TRUNCATED),
    "stalled-body": _delivered(Delivery.STALLED),
}
