"""What to ask, in which order, and where the identifiers for it come from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from contracts.errors import ConfigurationError
from contracts.exchanges import Operation

CANARY: Final = Operation(method="GET", path="/me")
"""Answers to any token that lives, whatever its scopes."""

SHORTEST_INTERVAL: Final = timedelta(seconds=10)
"""One of Intercom's rate-limit windows: asking more often than it counts tells nothing more."""

_PATH_PARAMETER: Final = re.compile(r"\{([^{}/]+)\}")
_DEEPEST: Final = 5  # an identifier from a list that is itself read by an identifier, and so on


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Where the value of a path parameter comes from: a JSON Pointer into a list's answer."""

    name: str
    source: Operation
    pointer: str

    def found_in(self, document: object) -> tuple[str, ...]:
        """Return the identifiers that a list's answer holds, the one pointed to first.

        Every item of the list that the pointer's first index leads into is a candidate, so that
        there is another when the first is gone.
        """
        steps = [step.replace("~1", "/").replace("~0", "~") for step in self.pointer.split("/")[1:]]
        index = next((at for at, step in enumerate(steps) if step.isdigit()), len(steps))
        items = _at(document, steps[:index])
        if index == len(steps):
            items, rest = [items], []
        elif isinstance(items, list):
            items, rest = items[int(steps[index]) :], steps[index + 1 :]
        else:
            return ()
        found = (_at(item, rest) for item in items)
        # Bodies name objects by text or by number; in a path both are the same.
        return tuple(
            str(one) for one in found if isinstance(one, (str, int)) and not isinstance(one, bool)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One operation to ask, and how. `identifiers` are those of its path's parameters."""

    operation: Operation
    every: timedelta
    query: Mapping[str, str | timedelta] = field(default_factory=dict)
    """A `timedelta` stands for the Unix time that long before the pass."""
    body: object = None
    identifiers: tuple[Identifier, ...] = ()
    maximum_response_time: timedelta | None = None
    """How long an answer may take; None is what the configuration says for all."""

    @property
    def identity(self) -> str:
        """The operation's identity; no two probes of a pass share one."""
        return self.operation.identity

    def query_at(self, now: datetime) -> dict[str, str]:
        """Return the query as it is sent at `now`."""
        return {
            name: str(int((now - value).timestamp())) if isinstance(value, timedelta) else value
            for name, value in self.query.items()
        }

    def template(self) -> str:
        """Show what is sent, and where its identifiers come from."""
        path = self.operation.path
        for one in self.identifiers:
            path = path.replace(f"{{{one.name}}}", f"{{id from {one.source}}}")
        query = "&".join(
            f"{name}={{{value.total_seconds():.0f} s ago}}"
            if isinstance(value, timedelta)
            else f"{name}={value}"
            for name, value in self.query.items()
        )
        return f"{self.operation.method} {path}{'?' if query else ''}{query}"


def path_parameters(operation: Operation) -> tuple[str, ...]:
    """Return the names of the parameters in an operation's path."""
    return tuple(_PATH_PARAMETER.findall(operation.path))


def in_order(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """Return the probes in the order of a pass: the canary, then lists before what is read by an
    identifier from them."""
    by_identity = {probe.identity: probe for probe in probes}

    def depth(probe: Probe, seen: int = 0) -> int:
        sources = [by_identity.get(one.source.identity) for one in probe.identifiers]
        if not sources or seen > _DEEPEST:
            return 0
        return 1 + max(depth(source, seen + 1) if source else 0 for source in sources)

    return tuple(
        sorted(
            by_identity.values(),
            key=lambda probe: (probe.identity != CANARY.identity, depth(probe)),
        )
    )


def with_sources(
    selected: Iterable[Probe], every: Iterable[Probe], *, pinned: Iterable[str]
) -> tuple[Probe, ...]:
    """Add to `selected` the lists that identifiers have to be taken from, since none of their name
    is `pinned` yet; in the order of a pass."""
    known = {probe.identity: probe for probe in every}
    have = set(pinned)
    chosen = {probe.identity: probe for probe in selected}
    waiting = list(chosen.values())
    while waiting:
        for identifier in waiting.pop().identifiers:
            source = known.get(identifier.source.identity)
            if identifier.name in have or source is None or source.identity in chosen:
                continue
            chosen[source.identity] = source
            waiting.append(source)
    return in_order(chosen.values())


def requests_per_minute(probes: Iterable[Probe]) -> float:
    """Return how many requests a minute a schedule of these probes sends to one workspace."""
    return sum(60 / probe.every.total_seconds() for probe in probes)


def require_that_it_fits(probes: Iterable[Probe], *, workspaces: int, allowed: float) -> None:
    """Raise ConfigurationError where a schedule needs more than `allowed` requests a minute.

    All workspaces count together: their tokens may belong to one app, which has one limit.
    """
    each = requests_per_minute(probes)
    if each * workspaces > allowed:
        raise ConfigurationError(
            f"the schedule needs {each:.1f} requests a minute for each of {workspaces} Intercom "
            f"workspaces, {each * workspaces:.0f} together, and may use {allowed:.0f}: ask less "
            "often (`every:` of the probes), or probe fewer workspaces."
        )


def _at(document: object, steps: Iterable[str]) -> object:
    for step in steps:
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document
