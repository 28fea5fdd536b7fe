"""What is looked at on every answer of a run, whoever asked for it."""

from contracts.behaviour.counts import check_nested
from contracts.behaviour.fields import Fields
from contracts.behaviour.inquiry import Inquiry, is_json_object
from contracts.exchanges import Exchange


class Watch:
    """Looks at every answer."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._fields = Fields(inquiry)

    def take(self, exchange: Exchange) -> None:
        """Look at one answer."""
        self._fields.take(exchange)
        operation = (
            self._inquiry.spec.get(exchange.operation.identity) if exchange.operation else None
        )
        if operation is not None and exchange.is_success:
            self._inquiry.successes[operation.operation.identity] += 1
        if operation is not None and is_json_object(exchange):
            check_nested(self._inquiry, operation, exchange)

    def settle(self) -> None:
        """Draw the conclusions that need all answers."""
        self._fields.settle()
