"""Read what Intercom says in an error answer, whichever of its envelopes it comes in.

Most operations answer `{"type": "error.list", "errors": [{"code", "message"}]}`, but not all:
`{"error_key", "message"}` (phone call redirects), `{"errors": {field: message}}` (fin/csat) and
`{"type": "error", "message"}` (message status) stand in the published descriptions as well.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from contracts.exchanges import BodyKind, Response

MERGED: Final = "contact_merged"
"""The code of a contact that is another one now; the answer's `Link` names that."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")
"""What a code looks like; anything else may hold a customer's data and is not repeated."""
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,63}\Z")
_MOST_FIELDS: Final = 20
"""Errors of one answer whose fields are read; nobody reads more."""
_OF_A_PERMISSION: Final = frozenset({"token_unauthorized", "action_forbidden"})
"""Codes that mean it; `forbidden` is said of other things as well."""
_PERMISSION: Final = re.compile(r"\b(?:scopes?|permissions?|privileges?)\b", re.IGNORECASE)
_SCOPE: Final = re.compile(r"\b((?:read|write|manage|gather|list|create)_[a-z_]{2,48})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEnvelope:
    """The first error of an answer, one with a field before others, and the fields that any of its
    errors names. No message: it may quote what the customer sent."""

    code: str | None = None
    fields: tuple[str, ...] = ()
    """Which fields of the request are meant, where that is said. They may be a customer's own: show
    them only where the description declares them (`contracts.request_fields`)."""
    scope: str | None = None
    """Which permission is missing, where that is said."""
    is_of_a_permission: bool = False
    """Whether it says, by its code or in words, that a permission is missing."""
    is_intercoms: bool = False
    """Whether the answer has one of Intercom's envelopes at all."""


NO_ENVELOPE: Final = ErrorEnvelope()
_LIST: Final = "error.list"
_PARTS: Final = frozenset(
    {"type", "request_id", "errors", "error_key", "message", "code", "field", "data"}
)
"""What stands in an envelope; an answer that has `errors` beside anything else is documented as a
success (`POST /fin/start`)."""


def is_error(response: Response) -> bool:
    """Whether a body is an error and nothing else, whatever the status says."""
    body = response.document
    if not envelope_of(response).is_intercoms or not isinstance(body, dict):
        return False
    return body.get("type") == _LIST or (bool(body.get("errors", True)) and body.keys() <= _PARTS)


def envelope_of(response: Response) -> ErrorEnvelope:
    """Read an answer's envelope; never raises, and never fails for lack of one."""
    if response.kind is not BodyKind.JSON or not isinstance(response.document, dict):
        return NO_ENVELOPE
    body: dict[str, Any] = response.document
    errors = body.get("errors")
    if isinstance(errors, list):
        several = [one for one in errors if isinstance(one, dict)]
        # The first that names a field tells more than one before it that names none.
        first = next((one for one in several if one.get("field")), several[0] if several else {})
        code = _matching(_CODE, first.get("code"))
        scope = _scope(first.get("message"), first.get("data"), body.get("data"))
        return ErrorEnvelope(
            code=code,
            fields=_fields(one.get("field") for one in several),
            scope=scope,
            is_of_a_permission=_is_of_a_permission(code, scope, first.get("message")),
            is_intercoms=True,
        )
    if isinstance(errors, dict):
        return ErrorEnvelope(fields=_fields(errors), is_intercoms=True)
    if "error_key" in body or body.get("type") == "error":
        code = _matching(_CODE, body.get("error_key", body.get("code")))
        scope = _scope(body.get("message"))
        return ErrorEnvelope(
            code=code,
            fields=_fields([body.get("field")]),
            scope=scope,
            is_of_a_permission=_is_of_a_permission(code, scope, body.get("message")),
            is_intercoms=True,
        )
    return NO_ENVELOPE


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.match(value) else None


def _fields(names: Iterable[object]) -> tuple[str, ...]:
    found = (_matching(_FIELD, name) for name in islice(names, _MOST_FIELDS))
    return tuple(dict.fromkeys(name for name in found if name))


def _is_of_a_permission(code: str | None, scope: str | None, message: object) -> bool:
    is_said = isinstance(message, str) and _PERMISSION.search(message) is not None
    return code in _OF_A_PERMISSION or scope is not None or is_said


def _scope(*said: object) -> str | None:
    """Find the permission's name in a message or in `required_permissions`."""
    for one in said:
        permissions = one.get("required_permissions") if isinstance(one, dict) else [one]
        for text in permissions if isinstance(permissions, list) else [permissions]:
            if isinstance(text, str) and (found := _SCOPE.search(text)):
                return found.group(1)
    return None
