"""Whose latency is watched, and what of an exchange counts as its latency.

Normal belongs to one operation in one Intercom workspace and region: how many contacts there are,
and how far away, makes more of a difference than the operation.
"""

from contracts.exchanges import Exchange


def key_of(exchange: Exchange) -> str | None:
    """Name what is normal for an exchange; None where it asked nothing known."""
    if exchange.operation is None:
        return None
    return named(exchange.workspace, exchange.region, exchange.operation.identity)


def named(workspace: str, region: str, operation: str) -> str:
    """Name what is normal for an operation, given by its identity."""
    return f"{workspace} {region} {operation}"


def timed(exchange: Exchange) -> float | None:
    """Return how long a healthy answer took in milliseconds, without the cost of opening a
    connection: which probe happens to come first must not look slow. None for anything but a 2xx
    answer."""
    timings = exchange.timings
    if timings is None or not exchange.is_success:
        return None
    opening = (timings.connect_ms or 0.0) + (timings.tls_ms or 0.0)
    return max(timings.total_ms - opening, 0.0)
