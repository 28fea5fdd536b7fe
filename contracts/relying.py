"""Whom an answer may hurt: a user's own consumers, or the examples that the contract names where
the user names none.

What a user's consumers read is held to the relied-upon contract where that knows it, else to the
published description: nobody can rely on what neither of them has.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from contracts.consumers import Consumer, Fields
from contracts.departures import Departure
from contracts.errors import ConfigurationError
from contracts.exchanges import Exchange, Operation
from contracts.reliance import Reliance, consumers_of, read_consumers
from contracts.spec import Spec
from contracts.standards import Reads


class Together:
    """What several parties read, as one."""

    def __init__(self, parties: Iterable[Reads]) -> None:
        self._parties = tuple(parties)

    def departures(self, exchange: Exchange) -> tuple[Departure, ...]:
        """Return what is absent though one of them reads it, each place once."""
        found: dict[str, Departure] = {}
        for party in self._parties:
            for departure in party.departures(exchange):
                found.setdefault(departure.location, departure)
        return tuple(found.values())

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        """Return the consumers that a departure there hurts."""
        names = (name for party in self._parties for name in party.readers(identity, location))
        return tuple(dict.fromkeys(names))

    def users(self, identity: str) -> tuple[Consumer, ...]:
        """Return the consumers that use an operation, each once; everybody for `*`."""
        found = {one.name: one for party in self._parties for one in party.users(identity)}
        return tuple(found.values())


def reads_of(
    own: object = None, *, relied: Spec | None, published: Spec | None = None, source: str = ""
) -> Reads | None:
    """Return what is read by the user's `own` consumers (a list as their file has it, from
    `source`), or where that is None by those of `relied`: examples, whom nothing hurts once the
    user has said who there is. None where nothing says anything.

    Raises ConfigurationError as `read_consumers` does.
    """
    if own is None:
        return Reliance(relied, consumers_of(relied)) if relied is not None else None
    specs = [spec for spec in (relied, published) if spec is not None]
    parties = list(_own_parties(own, specs, source))
    return Together(parties) if len(parties) > 1 else next(iter(parties), None)


def _own_parties(own: object, specs: Sequence[Spec], source: str) -> Iterable[Reliance]:
    if not specs:
        return
    fields = [Fields(spec) for spec in specs]
    for spec, entries in zip(specs, _shared_out(own, fields), strict=True):
        if entries or not isinstance(own, list):
            consumers: Sequence[Consumer] = read_consumers(entries, spec, source=source)
            yield Reliance(spec, consumers)


def _shared_out(own: object, fields: Sequence[Fields]) -> list[Any]:
    """Share the entries out among descriptions, each pattern to the first that knows it. What none
    knows, or what is malformed, goes where the complaint says most."""
    if not isinstance(own, list):
        return [own, *([] for _ in fields[1:])]
    shares: list[list[object]] = [[] for _ in fields]
    for entry in own:
        reads = entry.get("reads") if isinstance(entry, dict) else None
        if not isinstance(reads, dict) or not reads:
            shares[0].append(entry)
            continue
        parts: list[dict[str, list[object]]] = [{} for _ in fields]
        for title, patterns in reads.items():
            for pattern in patterns if isinstance(patterns, list) and patterns else [patterns]:
                index = _first_that_knows(fields, str(title), pattern)
                parts[index].setdefault(str(title), []).append(pattern)
        for share, part in zip(shares, parts, strict=True):
            if part:
                share.append({**entry, "reads": part})
    return shares


def _first_that_knows(fields: Sequence[Fields], title: str, pattern: object) -> int:
    try:
        identity = Operation.parse(title).identity
    except ValueError:
        return 0
    described = [index for index, one in enumerate(fields) if one.spec.get(identity) is not None]
    for index in described:
        operation = fields[index].spec.get(identity)
        try:
            if operation is not None and isinstance(pattern, str):
                fields[index].check(operation, pattern, where="")
                return index
        except ConfigurationError:
            continue
    return described[-1] if described else len(fields) - 1
