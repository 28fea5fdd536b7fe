"""OpenAPI links: which value of an answer is a path parameter of which operation."""

from collections.abc import Iterator
from typing import Final

from contracts.errors import SpecError
from contracts.exchanges import Exchange
from contracts.pointers import follow
from contracts.spec import Spec, SpecOperation

_BODY: Final = "$response.body#"
"""The one runtime expression that tells an id nobody sent."""


class Links:
    """The links of a description. References that lead nowhere are left to `contracts.lint`."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._by_id = {
            one.operation_id: one for one in spec.operations if one.operation_id is not None
        }

    def values(self, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
        """Yield path template, name and value of every path parameter that an answer tells."""
        response = exchange.response
        if exchange.operation is None or response is None or not exchange.is_success:
            return
        operation = self._spec.get(exchange.operation.identity)
        if operation is None:
            return
        for target, name, expression in self._of(operation, response.status):
            try:
                value = follow(response.document, expression.removeprefix(_BODY))
            except (LookupError, ValueError):
                continue
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                yield target.operation.path, name, str(value)

    def _of(
        self, operation: SpecOperation, status: int
    ) -> Iterator[tuple[SpecOperation, str, str]]:
        try:
            links = (operation.response(status) or {}).get("links")
            found = [self._spec.dereference(one) for one in (links or {}).values()]
        except (AttributeError, SpecError):
            return
        for link in found:
            target = self._target(link.get("operationId"), link.get("operationRef"))
            parameters = link.get("parameters")
            if target is None or not isinstance(parameters, dict):
                continue
            for name, expression in parameters.items():
                if isinstance(expression, str) and expression.startswith(_BODY):
                    yield target, str(name).removeprefix("path."), expression

    def _target(self, identifier: object, reference: object) -> SpecOperation | None:
        if isinstance(identifier, str):
            return self._by_id.get(identifier)
        if isinstance(reference, str):
            wanted = reference.partition("#")[2]
            return next((one for one in self._spec.operations if one.pointer == wanted), None)
        return None
