"""Whose latency is watched, and what of an exchange counts as its latency.

Normal belongs to one operation in one Intercom workspace and region: how many contacts there are,
and how far away, makes more of a difference than the operation.
"""

from contracts.exchanges import Exchange


def place_of(exchange: Exchange) -> str:
    """Name where an exchange went, whatever it asked for."""
    return f"{exchange.workspace} {exchange.region}"


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
    return max(timings.total_ms - (opening_of(exchange) or 0.0), 0.0)


def opening_of(exchange: Exchange) -> float | None:
    """Return how long the connection took to open in milliseconds (DNS, TCP and TLS); None where it
    was open before, or no answer came."""
    timings = exchange.timings
    if timings is None or exchange.response is None:
        return None
    parts = [one for one in (timings.connect_ms, timings.tls_ms) if one is not None]
    return sum(parts) if parts else None
