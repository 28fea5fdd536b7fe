"""What the sandbox is asked and what it answers, before either is bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from contracts.spec import SpecOperation
from sandbox.intercom.shapes import MISSING

if TYPE_CHECKING:
    from sandbox.intercom.store import Record, Store
    from sandbox.intercom.tokens import Token

_UNUSABLE: Final = frozenset({None, "", "null"})


class Refusal(Exception):
    """An answer of the sandbox that is an error: an `error.list` with `status`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = tuple(headers)
        self.details = dict(details or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success: a record, a list of them, or a document, each fitted to the description later.

    `envelope` is what stands around a list. `status` is None for the one that is documented.
    """

    status: int | None = None
    document: object = MISSING
    record: "Record | None" = None
    records: "Sequence[Record] | None" = None
    envelope: Mapping[str, object] = field(default_factory=dict)
    wrote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached its operation. `ids` are the path's parameters in order."""

    operation: SpecOperation
    ids: tuple[str, ...]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    token: "Token"
    store: "Store"
    now: int
    """Unix seconds."""
    url: str
    """The sandbox's own, without a trailing slash."""

    def need(self, name: str) -> Any:
        """Return a member of the body; Refusal where it is missing or null."""
        value = self.body.get(name)
        if value is None:
            raise Refusal(400, "parameter_not_found", f"{name} is required")
        return value

    def text(self, name: str) -> str:
        """Return a member of the body as text; Refusal where it is missing or no text."""
        value = self.need(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value in _UNUSABLE:
            raise Refusal(400, "parameter_invalid", f"{name} is invalid")
        return str(value)

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the query, None where it is absent or empty."""
        return self.query.get(name) or None


Handler = Callable[[Call], Answer]


class Delivery(StrEnum):
    """What becomes of an answer on its way."""

    WHOLE = "whole"
    RESET = "reset"
    TRUNCATED = "truncated"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came in. `path` is as sent, without the query; header names are lower."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer as it goes out, after `seconds` of the clock."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    seconds: float = 0.0
    delivery: Delivery = Delivery.WHOLE
    operation: str | None = None
    """The identity of the operation that was asked, None where the description knows none."""
