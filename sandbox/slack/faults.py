"""What can go wrong at Slack, switched on and off from Python or over HTTP."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

FAULTS: Final = {
    "invalid-auth": "every token is refused (`invalid_auth`)",
    "token-revoked": "the token was revoked",
    "account-inactive": "the bot's account was deactivated",
    "missing-scope": "the token lacks `scope`",
    "channel-not-found": "the channel is gone",
    "not-in-channel": "the bot is not a member",
    "is-archived": "the channel is archived",
    "message-not-found": "the message to update is gone",
    "cant-update-message": "the message may not be updated any more",
    "rate-limited": "429 with `Retry-After: seconds`",
    "server-error": "HTTP 500 with an HTML body",
    "internal-error": "HTTP 200 with `internal_error`",
    "timeout-before-delivery": "the request is swallowed and never answered",
    "timeout-after-delivery": "the request is carried out and never answered",
    "lagging-history": "history and replies show nothing younger than `seconds`",
    "limited-history": "history and replies: 15 messages once in `seconds`, as Slack lets apps "
    "outside its marketplace",
}
"""Every fault by name, with what it does."""

LASTING: Final = frozenset({"lagging-history", "limited-history"})
"""What colours an answer rather than taking its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that is switched on.

    `method` limits it to one API method, or to `webhook`; `times` to so many requests.
    """

    name: str
    method: str | None = None
    times: int | None = None
    seconds: float = 30.0
    scope: str = "chat:write"

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"{self.name!r} is no fault of Slack's; known: {', '.join(FAULTS)}")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault happens at least once")


class Faults:
    """Which faults are on; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: tuple[Fault, ...] = ()

    def inject(
        self,
        name: str,
        *,
        method: str | None = None,
        times: int | None = None,
        seconds: float = 30.0,
        scope: str = "chat:write",
    ) -> Fault:
        """Switch one on; ValueError where there is none of that name."""
        fault = Fault(name=name, method=method, times=times, seconds=seconds, scope=scope)
        self.replace((*self.active, fault))
        return fault

    def replace(self, faults: Iterable[Fault]) -> None:
        """Let exactly these be on."""
        with self._lock:
            self._active = tuple(faults)

    def clear(self, name: str | None = None) -> None:
        """Switch one kind off, or all."""
        self.replace(fault for fault in self.active if name is not None and fault.name != name)

    @property
    def active(self) -> tuple[Fault, ...]:
        with self._lock:
            return self._active

    @property
    def history_lag(self) -> float:
        """Seconds by which history is behind."""
        return self._longest("lagging-history")

    @property
    def history_pause(self) -> float:
        """Seconds between two reads of a history; 0 where nothing limits them."""
        return self._longest("limited-history")

    def _longest(self, name: str) -> float:
        return max((fault.seconds for fault in self.active if fault.name == name), default=0.0)

    def take(self, method: str) -> Fault | None:
        """Return the oldest fault that concerns a request to `method`, and count it."""
        with self._lock:
            for index, fault in enumerate(self._active):
                if fault.name in LASTING or fault.method not in (None, method):
                    continue
                left = None if fault.times is None else fault.times - 1
                rest = [replace(fault, times=left)] if left is None or left > 0 else []
                self._active = (*self._active[:index], *rest, *self._active[index + 1 :])
                return fault
        return None
