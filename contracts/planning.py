"""What a run of property tests would ask, in which order, and what it would not."""

from dataclasses import dataclass
from typing import Final

from contracts.client import IntercomClient
from contracts.exchanges import Operation
from contracts.resources import NEVER_CREATED, RESOURCES
from contracts.selection import Selection
from contracts.spec import Spec, SpecOperation
from contracts.tuning import UNTUNED, Tuning

_ORDER: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERYTHING: Final = Selection()
NOT_REMOVED: Final = "it writes what nothing would remove again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """An operation that was not exercised, and why."""

    operation: Operation
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would ask, in this order, and what it would not."""

    operations: tuple[SpecOperation, ...]
    skipped: tuple[Skip, ...]


def plan(
    spec: Spec,
    client: IntercomClient,
    selection: Selection = EVERYTHING,
    tuning: Tuning = UNTUNED,
) -> Plan:
    """Choose the operations that `selection` picks, `client` may send and `tuning` leaves, and put
    them in order: reads first, lists before what they list, deletions last."""
    undone = {one for found in RESOURCES for one in found.writes}
    chosen: list[SpecOperation] = []
    skipped: list[Skip] = []
    for operation in spec.operations:
        if not selection.picks(operation):
            continue
        wanted = operation.operation
        why = client.allowlist.refusal(wanted.method, wanted.path)
        is_write = not client.allowlist.is_read(wanted.method, wanted.path)
        if why is None and is_write and wanted.identity not in undone:
            why = NEVER_CREATED.get(wanted.identity, NOT_REMOVED)
        if why is None and tuning.leaves_out(operation):
            why = "schemathesis.toml turns it off"
        if why is None:
            chosen.append(operation)
        else:
            skipped.append(Skip(operation=wanted, why=why))
    return Plan(operations=tuple(sorted(chosen, key=_turn_of)), skipped=tuple(skipped))


def is_read(operation: Operation) -> bool:
    """Whether what was planned only reads."""
    return operation.method == "GET" or operation.path.endswith(("/search", "/list"))


def _turn_of(operation: SpecOperation) -> tuple[bool, int, int]:
    one = operation.operation
    reads = is_read(one)
    return not reads, 0 if reads else _ORDER.index(one.method), one.path.count("{")
