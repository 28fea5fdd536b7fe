"""What one exchange shows."""

from typing import TYPE_CHECKING

from contracts.conformance import Conformance
from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.overlays import embedded_contract
from monitors.detectors import Context, detect

if TYPE_CHECKING:
    pass

NOTHING = Context()


def only(exchange: Exchange, context: Context = NOTHING) -> Finding:
    (finding,) = detect(exchange, context)
    return finding


def embedded() -> Conformance:
    contract = embedded_contract()
    assert contract is not None
    return Conformance(contract)
