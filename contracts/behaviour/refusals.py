"""What the description forbids is refused: asked only where negative data may be sent."""

from typing import Final

from contracts.behaviour.access import envelope
from contracts.behaviour.inquiry import Inquiry
from contracts.exchanges import Exchange

REFUSAL: Final = "what the description forbids is refused"
_REFUSED: Final = (400, 422)
"""Statuses with which Intercom refuses data; a 404 may be said of the path."""


def forbidden_data(inquiry: Inquiry, exchange: Exchange, part: str, *, is_accepted: bool) -> None:
    """Look at the answer to data that the description forbids in `part`. `is_accepted` is
    Schemathesis's word for a success that should have been a refusal; it counts where the target
    refuses such data at all. A 5xx is told by its status."""
    inquiry.tried.add(REFUSAL)
    if exchange.response is not None and exchange.response.status in _REFUSED:
        inquiry.show(REFUSAL)
    envelope(inquiry, exchange)
    if is_accepted and exchange.is_success:
        inquiry.suspect(
            exchange,
            "status-invalid-accepted",
            "status",
            "4xx",
            f"2xx for {part}",
            needs=(REFUSAL,),
        )
