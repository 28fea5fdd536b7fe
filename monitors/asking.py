"""Ask one Intercom workspace the probes of a pass, one after another, and know when to stop.

Sends and reads no more of an answer than the asking itself needs: identifiers, the rate limit, and
the signs that going on is pointless. What the answers mean is for detectors and diagnosis.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from contracts.allowlist import NotAllowedError
from contracts.budget import RESERVE, is_in_reserve, until_reset
from contracts.clock import Clock
from contracts.exchanges import Exchange, Operation, Response
from monitors.probes import CANARY, SHORTEST_INTERVAL, Identifier, Probe

LONGEST_WAIT: Final = 16.0
"""Seconds. A window of ten has been seen to end up to six later; what asks for longer is not the
window, and the next pass will see."""

UNANSWERED_IN_A_ROW: Final = 3
"""Requests without any answer before the canary decides whether to go on: 27 timeouts of half a
minute each would tell nothing more than three."""

GONE: Final = frozenset({404, 410})


class Sender(Protocol):
    """What sends a request: `contracts.client.IntercomClient`."""

    def send(
        self,
        operation: Operation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        versioned: bool = True,
    ) -> Exchange:
        """Send one request and return what came of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of one probe: an exchange, or the reason why nothing was asked.

    `does_not_apply` says that there is nothing here to ask, rather than no way to ask it now.
    """

    probe: Probe
    at: datetime
    exchange: Exchange | None = None
    why: str = ""
    does_not_apply: bool = False


@dataclass(slots=True, kw_only=True)
class Asker:
    """Asks one workspace. `known` are all probes there are, `pins` the identifiers by name that
    earlier passes read with; both `pins` and `paused_until` are to be kept for the next pass.

    `reserve` is the share of the rate limit that is left to the application itself.
    """

    sender: Sender
    known: Mapping[str, Probe]
    clock: Clock
    pins: dict[str, str] = field(default_factory=dict)
    reserve: float = RESERVE
    paused_until: datetime | None = None
    on_visit: Callable[[Visit], None] = lambda visit: None
    requests: int = 0
    sent: list[Exchange] = field(default_factory=list)
    """Every exchange in its order, less those that only found an object to be gone."""
    _lists: dict[str, Exchange] = field(default_factory=dict)
    _stop: str = ""
    _waited: bool = False
    _canary: Exchange | None = None
    _unanswered: int = 0

    def visit_all(self, probes: Iterable[Probe]) -> list[Visit]:
        """Ask every probe, in the order given."""
        if self.paused_until and self.clock.now() < self.paused_until:
            self._stop = _limited(self.paused_until)
        visits: list[Visit] = []
        for probe in probes:
            visit = self._unasked(probe, self._stop) if self._stop else self._visit(probe)
            visits.append(visit)
            self.on_visit(visit)
        return visits

    def again(self, operation: Operation) -> Exchange | None:
        """Ask an operation once more to confirm something; None where that is pointless now (the
        rate limit) or impossible (no identifier)."""
        if self.paused_until and self.clock.now() < self.paused_until:
            return None
        probe = self.known.get(operation.identity)
        if probe is None:
            probe = Probe(operation=operation, every=SHORTEST_INTERVAL)
        try:
            path_params = self._path_params(probe)
            if path_params is None:
                return None
            exchange = self._exchange(probe, path_params)
        except NotAllowedError:
            return None
        # Whether to go on is whoever confirms to say: the canary is not asked beside it.
        self._heed_the_limit(exchange)
        return exchange

    def ask_default(self) -> Exchange | None:
        """Ask `/me` for no version, so that the app's default answers; None where this pass has not
        seen `/me` to be well, or should ask no more."""
        if self._stop or self._canary is None or not self._canary.is_success:
            return None
        self.requests += 1
        exchange = self.sender.send(CANARY, versioned=False)
        self._heed_the_limit(exchange)
        return exchange

    def _visit(self, probe: Probe) -> Visit:
        try:
            return self._ask(probe)
        except NotAllowedError as error:  # an identifier that makes it another operation
            return self._unasked(probe, f"it may not be sent: {error.reason}")

    def _ask(self, probe: Probe) -> Visit:
        path_params = self._path_params(probe)
        if path_params is None:
            return self._unasked(probe, self._why_not(probe))
        exchange = self._send(probe, path_params)
        if probe.identifiers and _status(exchange) in GONE:
            return self._visit_another(probe, exchange)
        return self._visited(probe, exchange)

    def _visit_another(self, probe: Probe, exchange: Exchange) -> Visit:
        """Read another object where the pinned one is gone; where it is still listed, or another
        is not found either, it is the operation that is not there."""
        for identifier in probe.identifiers:
            candidates = self._candidates(identifier)
            if candidates and self.pins[identifier.name] in candidates:
                continue
            self.sent = [one for one in self.sent if one is not exchange]
            if candidates is None:
                return self._unasked(probe, "what it read is gone, and no list says what is there")
            if not candidates:
                del self.pins[identifier.name]
                return self._unasked(probe, _nothing_to_read(probe))
            self.pins[identifier.name] = candidates[0]
            path_params = {one.name: self.pins[one.name] for one in probe.identifiers}
            return self._visited(probe, self._send(probe, path_params))
        return self._visited(probe, exchange)

    def _visited(self, probe: Probe, exchange: Exchange) -> Visit:
        return Visit(probe=probe, at=exchange.started_at, exchange=exchange)

    def _unasked(self, probe: Probe, why: str) -> Visit:
        return Visit(probe=probe, at=self.clock.now(), why=why)

    def _path_params(self, probe: Probe) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for identifier in probe.identifiers:
            if identifier.name not in self.pins:
                candidates = self._candidates(identifier)
                if not candidates:
                    return None
                self.pins[identifier.name] = candidates[0]
            found[identifier.name] = self.pins[identifier.name]
        return found

    def _candidates(self, identifier: Identifier) -> tuple[str, ...] | None:
        """Return what the list holds, asking for it where this pass has not; None where it could
        not be read."""
        listed = self._lists.get(identifier.source.identity)
        if listed is None and not self._stop:
            source = self.known.get(identifier.source.identity)
            path_params = self._path_params(source) if source else None
            if source is not None and path_params is not None:
                listed = self._send(source, path_params)
        if listed is None or not listed.is_success or listed.response is None:
            return None
        return identifier.found_in(listed.response.document)

    def _why_not(self, probe: Probe) -> str:
        """Say why there is no identifier: a list that is empty, or one that could not be read."""
        for identifier in probe.identifiers:
            listed = self._lists.get(identifier.source.identity)
            if listed is not None and not listed.is_success:
                said = f"answered with {_status(listed)}" if listed.response else "had no answer"
                return f"{identifier.source}, which says what there is to read, {said}"
        return self._stop or _nothing_to_read(probe)

    def _send(self, probe: Probe, path_params: Mapping[str, str]) -> Exchange:
        exchange = self._exchange(probe, path_params)
        self._consider_stopping(probe, exchange)
        return exchange

    def _exchange(self, probe: Probe, path_params: Mapping[str, str]) -> Exchange:
        exchange = self.sender.send(
            probe.operation,
            path_params=path_params,
            query=probe.query_at(self.clock.now()),
            body=probe.body,
        )
        self.requests += 1
        self.sent.append(exchange)
        self._lists[probe.identity] = exchange
        if probe.identity == CANARY.identity:
            self._canary = exchange
        return exchange

    def _consider_stopping(self, probe: Probe, exchange: Exchange) -> None:
        is_canary = probe.identity == CANARY.identity
        if exchange.response is None:
            self._unanswered += 1
            if self._unanswered >= UNANSWERED_IN_A_ROW and not is_canary:
                if self._ask_canary().failure is None:
                    self._unanswered = 0
                else:
                    self._stop = (
                        f"{UNANSWERED_IN_A_ROW} requests in a row and then {CANARY} had no answer"
                    )
            return
        self._unanswered = 0
        if exchange.response.status == 401 and not is_canary:
            # Of a scope that is missing the canary knows nothing; of a dead token it does.
            if _status(self._canary or self._ask_canary()) == 401:
                self._stop = f"the token is refused, also by {CANARY}"
        else:
            self._heed_the_limit(exchange)

    def _heed_the_limit(self, exchange: Exchange) -> None:
        if exchange.response is None:
            return
        if exchange.response.status == 429:
            self._pause(exchange.response)
        else:
            self._spare_the_reserve(exchange.response)

    def _ask_canary(self) -> Exchange:
        probe = self.known.get(CANARY.identity) or Probe(operation=CANARY, every=SHORTEST_INTERVAL)
        return self._send(probe, {})

    def _pause(self, response: Response) -> None:
        wait = until_reset(response, self.clock)
        self.paused_until = self.clock.now() + timedelta(seconds=wait)
        self._stop = _limited(self.paused_until)

    def _spare_the_reserve(self, response: Response) -> None:
        """Wait for the next window, once a pass, where only the application's share is left."""
        if not is_in_reserve(response, self.reserve):
            return
        wait = until_reset(response, self.clock)
        if self._waited or wait > LONGEST_WAIT:
            self._stop = "what is left of the rate limit is reserved for the application"
            return
        self._waited = True
        self.clock.sleep(wait)


def _status(exchange: Exchange) -> int | None:
    return exchange.response.status if exchange.response else None


def _limited(until: datetime) -> str:
    return f"the rate limit is used up until {until:%H:%M:%S} UTC"


def _nothing_to_read(probe: Probe) -> str:
    sources = " and ".join(str(one.source) for one in probe.identifiers)
    return f"{sources} names nothing to read"
