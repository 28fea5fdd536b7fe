"""Which part of an operation's time has grown, and what of that larger answers explain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from monitors.makeup import Sample
from monitors.sides import FEWEST, Grown, Part, Sides, Usual

MOST: Final = 0.75
"""The share of what was added that makes it one part's; between a quarter and this it is both's."""
SLOWER: Final = 1.12
"""Times the usual: what is slower by less than 12 % is nobody's matter."""
BIGGER: Final = 1.2
"""Times as large: by less an answer varies of itself."""
WRITTEN: Final = 0.005
"""Milliseconds per byte that a server takes at most to put an answer together: an object of a list
has one to three thousand bytes, and takes some milliseconds to be loaded and written out."""
PAIRS: Final = 20
"""Pairs of samples whose sizes differ by `BIGGER` before a price per byte is learned from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """What changed since the onset; None or nothing where nothing tells.

    `server_ms` and `network_ms` are what each part added beyond what its hours add, `part` is which
    of them slowed (`server`, `network`, `both`), `phase` the part of the network that added most.
    `explained_ms` is what larger answers add: `is_priced` where the price of a byte was learned,
    else at most that.
    """

    server_ms: float | None = None
    network_ms: float | None = None
    part: str = ""
    phase: str = ""
    kept_alive: bool = False
    size_before: float = 0.0
    size_now: float = 0.0
    explained_ms: float = 0.0
    is_priced: bool = False


UNTOLD: Final = Slowed()
"""Nothing is known of what slowed."""


def compare(
    before: Sequence[Sample], after: Sequence[Sample], usual: Usual, *, tail: bool = False
) -> Slowed:
    """Say what changed between samples before an onset and after it; with `tail`, of the slow
    answers only. `usual` says what is usual of the whole at a time, in milliseconds."""
    if len(before) < FEWEST or len(after) < FEWEST:
        return UNTOLD
    sides = Sides.of(before, after, usual)
    if tail or sides.apart() < math.log(SLOWER):  # where most are as usual, it is some of them
        sides = sides.slowest()
    server, network = sides.grown(_server), sides.grown(_network)
    waiting, transfer = sides.grown(_wait), sides.grown(_transfer)
    phase = ""
    if waiting is not None and transfer is not None:
        phase = "transfer" if transfer.ms > waiting.ms else "first byte"
    size_before = median(one.sample.size for one in sides.before)
    size_now = median(one.sample.size for one in sides.after)
    explained_ms, is_priced = 0.0, False
    if size_before and size_now > BIGGER * size_before:
        explained_ms, is_priced = _explained(sides, size_before, size_now)
    return Slowed(
        server_ms=None if server is None else server.ms,
        network_ms=None if network is None else network.ms,
        part=_part(server, network),
        phase=phase,
        kept_alive=all(one.opening is None and one.transfer is not None for one in after),
        size_before=size_before,
        size_now=size_now,
        explained_ms=explained_ms,
        is_priced=is_priced,
    )


def _server(one: Sample) -> float | None:
    return one.server


def _network(one: Sample) -> float | None:
    return None if one.server is None else max(one.total - one.server, 0.0)


def _wait(one: Sample) -> float | None:
    return one.wait


def _transfer(one: Sample) -> float | None:
    return one.transfer


def _carried(one: Sample) -> float:
    """Return what of an answer's time goes by its size, as closely as it was measured."""
    if one.transfer is not None:
        return one.transfer
    network = _network(one)
    return one.total if network is None else network


def _rest(one: Sample) -> float:
    return one.total - _carried(one)


def _part(server: Grown | None, network: Grown | None) -> str:
    """Name what slowed; empty where that is not certain."""
    if server is None or network is None:
        return ""
    added, beside = max(server.ms, 0.0), max(network.ms, 0.0)
    if not added + beside:
        return ""
    share = added / (added + beside)
    if 1.0 - MOST < share < MOST:
        return "both" if added > server.margin and beside > network.margin else ""
    name, one, other = "server", server, network
    if share < MOST:
        name, one, other = "network", network, server
    # Not only at best guess: it must be most of it also where both are off.
    return name if one.ms - one.margin > max(other.ms, 0.0) + other.margin else ""


def _price(samples: Sequence[Sample]) -> float | None:
    """Return milliseconds per byte, the median over pairs of unlike sizes (Theil, 1950; Sen, 1968);
    None where sizes did not differ enough to learn it."""
    slopes = [
        (two.total - one.total) / (two.size - one.size)
        for one, two in combinations(samples, 2)
        if max(one.size, two.size) > BIGGER * min(one.size, two.size)
    ]
    return max(median(slopes), 0.0) if len(slopes) >= PAIRS else None


def _explained(sides: Sides, before: float, now: float) -> tuple[float, bool]:
    """Return the milliseconds that larger answers account for, and whether the price of a byte was
    learned: never more than was added, or than in proportion to the size."""
    most = median(one.sample.total for one in sides.before) * (now / before - 1.0)
    price = _price([one.sample for one in sides.known])
    if price is not None:
        return min(price * (now - before), most, _added(sides, lambda one: one.total)), True
    # What is not carrying the bytes goes by their number only a little.
    written = min(WRITTEN * (now - before), _added(sides, _rest))
    return min(_added(sides, _carried) + written, most), False


def _added(sides: Sides, part: Part) -> float:
    grown = sides.grown(part)
    return max(grown.ms, 0.0) if grown else 0.0
