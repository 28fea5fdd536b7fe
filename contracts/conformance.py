"""Hold an exchange to a description.

Two steps: a compiled test of the closed schema, which is all that a faithful answer costs; and
where that fails, a walk that says what departs, where, and as what kind. Nothing in a departure is
a value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from contracts.departures import (
    BODY,
    MEDIA_TYPE,
    STATUS,
    Departure,
    kind_of,
)
from contracts.errors import SpecError
from contracts.exchanges import BodyKind, Exchange, Response
from contracts.explanation import explain
from contracts.schemas import Node, Schemas, kinds_of
from contracts.spec import Spec, SpecOperation
from contracts.validators import compile_closed

__all__ = ["OPERATIONAL", "Conformance", "Departure", "is_operational", "kind_of"]

OPERATIONAL: Final = frozenset({401, 403, 404, 406, 408, 409, 410, 422, 429})
"""Answers to who asks, what for and how often: any operation may give them, documented or not, and
detectors of their own judge them. So do those from 500 on."""
_BODILESS: Final = frozenset({204, 205, 304})
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+*-]{1,40}/[a-z0-9.+*-]{1,60}\Z")


def is_operational(status: int) -> bool:
    """Whether `status` says something of the moment rather than of the contract."""
    return status in OPERATIONAL or status >= 500


@dataclass(frozen=True, slots=True)
class _Promise:
    """What is documented of one operation's answers with one status, ready to be checked."""

    media_types: tuple[str, ...]
    node: Node | None = None
    """The schema of a JSON body, None where there is none."""
    keeps: Callable[[Any], bool] = field(repr=False, default=lambda value: True)
    broken_reference: bool = False


class Conformance:
    """Holds exchanges to one description. Schemas are compiled when first met; safe to share
    between threads. Without `close` fields that it does not name are no departure."""

    def __init__(self, spec: Spec, *, close: bool = True) -> None:
        self.spec = spec
        self._close = close
        self._promises: dict[tuple[str, str], _Promise] = {}
        self._last: dict[tuple[str, str, str], tuple[str, int, tuple[Departure, ...]]] = {}
        self.schemas = Schemas(spec)
        self._reading = Lock()

    def departures(self, exchange: Exchange, *, operational: bool = False) -> tuple[Departure, ...]:
        """Return how the answer departs from the description; nothing where there is no answer, or
        where the description does not know the operation.

        With `operational`, undocumented statuses that other detectors judge (429, 503...) are
        departures as well: for comparing with a description and nothing else.
        """
        response = exchange.response
        if response is None or exchange.operation is None:
            return ()
        operation = self.spec.get(exchange.operation.identity)
        if operation is None:
            return ()
        key = operation.response_key(response.status)
        if key is None:
            if is_operational(response.status) and not operational:
                return ()
            return (_departure("status-undocumented", STATUS, "documented", str(response.status)),)
        if response.status in _BODILESS or exchange.request.method.upper() == "HEAD":
            return ()
        return self._hold_anew(response, operation, key, exchange.workspace)

    def _hold_anew(
        self, response: Response, operation: SpecOperation, key: str, workspace: str
    ) -> tuple[Departure, ...]:
        """Hold a body to its schema, unless it is the same as the last one: most answers are."""
        place = workspace, operation.pointer, key
        media_type, body = response.media_type, hash(response.body)
        last = self._last.get(place)
        if last is None or last[:2] != (media_type, body):
            found = self._hold(response, self._promise(operation, key, response.status))
            last = self._last[place] = media_type, body, found
        return last[2]

    def _hold(self, response: Response, promise: _Promise) -> tuple[Departure, ...]:
        if promise.broken_reference:
            return (_departure("schema-unresolvable", BODY, "schema", "unresolvable"),)
        if not promise.media_types:
            return ()
        if response.kind is BodyKind.EMPTY:
            if promise.node is None:
                return ()
            return (_departure("body-empty", BODY, kinds_of(promise.node), "empty"),)
        found: tuple[Departure, ...] = ()
        if not _is_documented(response.media_type, promise.media_types):
            found = (
                _departure(
                    "body-media-type",
                    MEDIA_TYPE,
                    "|".join(promise.media_types),
                    _shown_media_type(response.media_type),
                ),
            )
        if promise.node is None:
            return found
        if response.kind is BodyKind.OTHER:
            # A wrong media type says it already: what calls itself HTML is not broken JSON.
            return found or (_departure("body-not-json", BODY, "json", "other"),)
        if promise.keeps(response.document):
            return found
        return found + explain(promise.node, response.document, close=self._close)

    def _promise(self, operation: SpecOperation, key: str, status: int) -> _Promise:
        place = (operation.pointer, key)
        promise = self._promises.get(place)
        if promise is None:
            # Nodes are filled as they are read: another thread must not see half of one.
            with self._reading:
                promise = self._promises[place] = self._read_promise(operation, status)
        return promise

    def _read_promise(self, operation: SpecOperation, status: int) -> _Promise:
        try:
            media_types = operation.media_types(status)
            schema = operation.response_schema(status)
        except SpecError:
            return _Promise((), broken_reference=True)
        if schema is None:
            return _Promise(media_types)
        node = self.schemas.node(schema)
        return _Promise(media_types, node, compile_closed(node, close=self._close))


def _is_documented(media_type: str, documented: tuple[str, ...]) -> bool:
    return any(
        name in (media_type, "*/*") or (name.endswith("/*") and media_type.startswith(name[:-1]))
        for name in documented
    )


def _shown_media_type(media_type: str) -> str:
    """The media type where it has the form of one: it comes from outside."""
    if not media_type:
        return "absent"
    return media_type if _MEDIA_TYPE.match(media_type) else "malformed"


def _departure(rule: str, location: str, expected: str, observed: str) -> Departure:
    return Departure(rule=rule, location=location, expected=expected, observed=observed)
