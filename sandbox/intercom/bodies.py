"""From what an operation answers to a document that keeps the description."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.errors import SpecError
from contracts.spec import SpecOperation
from sandbox.intercom.answers import Answer, Refusal
from sandbox.intercom.descriptions import Description
from sandbox.intercom.fitting import accepts, fit
from sandbox.intercom.shapes import MISSING, Shape
from sandbox.intercom.store import Record, Store
from sandbox.intercom.views import view

FALLBACK_STATUS: Final = 200
LISTED_AS: Final[Mapping[str, str]] = {
    "GET /conversations": "conversations",
    "GET /ticket_types": "data",
}
"""Where some descriptions name the items of a list otherwise than the API and their own example do
(Intercom-OpenAPI#166, intercom-node#485): served is what the API answers."""
REDIRECTS: Final = range(300, 400)


class Bodies:
    """Builds the documents of one description; what does not change is built once."""

    def __init__(self, description: Description) -> None:
        self._shapes = description.shapes
        self._made: dict[tuple[str, int], Any] = {}

    def success(self, operation: SpecOperation, answer: Answer, store: Store) -> Any:
        """Return the document of a success; MISSING where the description promises no JSON."""
        status = answer.status or success_status(operation)
        shape = self._shape(operation, status)
        if shape is None:
            return MISSING
        if answer.record is not None:
            return self._record(shape, answer.record, store)
        if answer.records is not None:
            return self._listing(operation, shape, answer, store)
        if answer.document is not MISSING:
            return fit(shape, answer.document)
        return self._example(operation, status, shape)

    def error(self, operation: SpecOperation | None, refusal: Refusal, request_id: str) -> Any:
        """Return the error envelope, in the operation's own form where it documents one."""
        envelope = {
            "type": "error.list",
            "request_id": request_id,
            "errors": [{"code": refusal.code, "message": refusal.message}],
            **refusal.details,
        }
        shape = None if operation is None else self._shape(operation, refusal.status)
        if shape is None:
            return envelope
        return envelope if accepts(shape, envelope) else fit(shape, envelope)

    def _record(self, shape: Shape, record: Record, store: Store) -> Any:
        known = record.fitted.get(shape)
        if known is None or known[0] != store.revision:
            known = (store.revision, fit(shape, view(record, store)))
            record.fitted[shape] = known
        return known[1]

    def _listing(self, operation: SpecOperation, shape: Shape, answer: Answer, store: Store) -> Any:
        records = answer.records or ()
        if shape.type == "array":
            return [self._record(shape.items, one, store) for one in records]
        name = shape.list_property
        if name is None:
            return fit(shape, answer.envelope)
        document = fit(shape, {**answer.envelope, name: []})
        items = shape.properties[name].items
        served = LISTED_AS.get(operation.operation.identity, name)
        if served not in shape.properties:
            del document[name]
            items = self._searched(operation, served) or items
        document[served] = [self._record(items, one, store) for one in records]
        return document

    def _searched(self, operation: SpecOperation, name: str) -> Shape | None:
        """Return the items of the search beside a list, None where no such search is described."""
        search = operation.spec.get(f"POST {operation.operation.path}/search")
        shape = None if search is None else self._shape(search, success_status(search))
        listed = None if shape is None else shape.properties.get(name)
        return None if listed is None else listed.items

    def _example(self, operation: SpecOperation, status: int, shape: Shape) -> Any:
        key = (operation.operation.identity, status)
        if key not in self._made:
            self._made[key] = fit(shape, documented_example(operation, status))
        return self._made[key]

    def _shape(self, operation: SpecOperation, status: int) -> Shape | None:
        try:
            schema = operation.response_schema(status)
        except SpecError:  # the answer's definition leads nowhere: it promises nothing
            return None
        return None if schema is None else self._shapes.of(schema)


def success_status(operation: SpecOperation) -> int:
    """Return the first documented status of success, else of redirection, else 200."""
    stated = sorted(int(one) for one in operation.responses if one.isdigit())
    for least, most in ((200, 300), (300, 400)):
        for status in stated:
            if least <= status < most:
                return status
    return FALLBACK_STATUS


def documented_example(operation: SpecOperation, status: int) -> object:
    """Return the description's own example of an answer, MISSING where it gives none."""
    try:
        content = (operation.response(status) or {}).get("content") or {}
    except SpecError:
        return MISSING
    for media in content.values():
        if not isinstance(media, Mapping):
            continue
        if "example" in media:
            return media["example"]
        for example in (media.get("examples") or {}).values():
            if isinstance(example, Mapping) and "value" in example:
                return example["value"]
    return MISSING
