"""The sandbox as Python sees it: an Intercom on loopback, in a thread."""

import hashlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from contracts.clock import Clock
from contracts.spec import Spec
from sandbox.clock import VirtualClock
from sandbox.intercom.application import Application, Log, Seen
from sandbox.intercom.descriptions import descriptions_of
from sandbox.intercom.pacing import CALLS_PER_WINDOW
from sandbox.intercom.service import Service
from sandbox.intercom.store import Store
from sandbox.intercom.switchboard import Faults
from sandbox.intercom.tokens import Tokens
from sandbox.serving import Server
from sandbox.wire import ReachableProtocol


class Sandbox:
    """A running Intercom; a context manager.

    Answers by `spec`, or by the embedded contract in every version it speaks of. Without a `clock`
    it has a virtual one of its own (`.clock`). `token` may do everything, and is the same for the
    same seed; `url` has no trailing slash.
    """

    def __init__(
        self,
        spec: Spec | None = None,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        port: int = 0,
        latency: bool = True,
        rate_limit: int = CALLS_PER_WINDOW,
        region: str = "us",
    ) -> None:
        self.clock: Clock = clock if clock is not None else VirtualClock()
        self._tokens = Tokens(host_region=region)
        self._log = Log()
        self._service = Service(
            descriptions_of(spec),
            seed=seed,
            clock=self.clock,
            latency=latency,
            rate_limit=rate_limit,
            tokens=self._tokens,
        )
        digest = hashlib.sha256(f"intercheck sandbox {seed}".encode()).hexdigest()
        self.token = f"sandbox_{digest[:40]}"
        self.add_token(self.token, region=region)
        application = Application(self._service, clock=self.clock, log=self._log)
        self._server = Server(application, port=port, protocol=ReachableProtocol)
        self.url = self._server.url
        self._service.url = self.url

    @property
    def faults(self) -> Faults:
        """What is made to go wrong: `.add(Fault(...))`, `.remove(...)`, `.clear()`."""
        return self._service.faults

    @property
    def requests(self) -> list[Seen]:
        """Every request that was seen, in order; the sandbox's own controls left out."""
        return self._log.all()

    def store(self, app_id: str = "sbx1main") -> Store:
        """The stored objects of an app's workspace."""
        return self._service.store(app_id)

    def add_token(
        self,
        token: str,
        *,
        scopes: Iterable[str] | None = None,
        plan: str = "full",
        app_id: str = "sbx1main",
        region: str = "us",
    ) -> None:
        """Let a token exist; see `tokens` for the scopes and plans there are."""
        self._tokens.add(token, scopes=scopes, plan=plan, app_id=app_id, region=region)

    def reset(self) -> None:
        """Go back to the beginning: stored objects, counters, chance, faults and requests."""
        self._service.reset()
        self._log.clear()

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
