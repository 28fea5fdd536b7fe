"""The faults that are switched on, and which of them a request meets."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from sandbox.intercom.faults import FAULTS, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a condition is held against. `operation` is an identity."""

    operation: str
    page: int
    token: str = field(repr=False)
    app_id: str


@dataclass(slots=True)
class _Active:
    fault: Fault
    met: int = 0
    applied: int = 0


class Faults:
    """The faults that are switched on; safe to change from another thread than the server's."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._active: list[_Active] = []

    def restart(self, random: Random) -> None:
        """Switch all off and begin chance anew."""
        with self._lock:
            self._random = random
            self._active = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        with self._lock:
            self._active.append(_Active(fault))

    def replace(self, faults: Iterable[Fault]) -> None:
        """Switch these on and all others off."""
        with self._lock:
            self._active = [_Active(fault) for fault in faults]

    def remove(self, fault: Fault) -> None:
        """Switch off every fault that equals this one."""
        with self._lock:
            self._active = [one for one in self._active if one.fault != fault]

    def clear(self) -> None:
        """Switch all off."""
        self.replace(())

    @property
    def active(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(one.fault for one in self._active)

    def as_json(self) -> dict[str, object]:
        """Return every name with its meaning, and what is active with how often it was applied."""
        with self._lock:
            active = [{**one.fault.as_json(), "applied": one.applied} for one in self._active]
        return {"names": dict(FAULTS), "active": active}

    def hitting(self, situation: Situation, *, only: bool = False) -> tuple[Fault, ...]:
        """Return the faults that apply to this request, and count it against their conditions; with
        `only`, those alone that name its operation."""
        if not self._active:
            return ()
        with self._lock:
            return tuple(
                one.fault
                for one in self._active
                if not (only and one.fault.operation is None) and self._hits(one, situation)
            )

    def _hits(self, one: _Active, situation: Situation) -> bool:
        fault, when = one.fault, one.fault.when
        if fault.operation not in (None, situation.operation):
            return False
        if when.page not in (None, situation.page) or when.token not in (None, situation.token):
            return False
        if when.app_id not in (None, situation.app_id):
            return False
        one.met += 1
        if one.met <= (when.after or 0) or (when.times is not None and one.applied >= when.times):
            return False
        if when.share is not None and self._random.random() >= when.share:
            return False
        one.applied += 1
        return True
