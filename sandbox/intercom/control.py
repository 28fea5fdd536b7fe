"""The sandbox's own controls, under `/_sandbox/`: faults, clock, requests, reset."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from contracts.clock import Clock
from sandbox.clock import MovableClock
from sandbox.intercom.answers import Request
from sandbox.intercom.faults import Fault
from sandbox.intercom.service import Service

CONTROL: Final = "/_sandbox/"

Outcome = tuple[int, object]
"""Status and document."""


class Requests(Protocol):
    """Where the requests that were seen are kept."""

    def as_json(self) -> list[dict[str, object]]: ...

    def clear(self) -> None: ...


class Controls:
    """Answers `/_sandbox/…`."""

    def __init__(self, service: Service, *, clock: Clock, log: Requests) -> None:
        self._service = service
        self._clock = clock
        self._log = log
        self._routes: Mapping[tuple[str, str], Callable[[Any], Outcome]] = {
            ("GET", "faults"): self._show_faults,
            ("PUT", "faults"): self._set_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "clock"): self._show_clock,
            ("PUT", "clock"): self._move_clock,
            ("GET", "requests"): lambda body: (200, {"requests": self._log.as_json()}),
            ("POST", "reset"): self._reset,
            ("PUT", "reset"): self._reset,
        }

    def respond(self, request: Request) -> Outcome:
        """Return what a control answers; a wrong request is a 400 with one sentence."""
        route = self._routes.get((request.method, request.path.removeprefix(CONTROL)))
        if route is None:
            there = ", ".join(f"{method} {CONTROL}{name}" for method, name in self._routes)
            return 404, {"error": f"there is no such control; there are {there}"}
        try:
            body = json.loads(request.body) if request.body.strip() else {}
            return route(body)
        except (ValueError, TypeError) as error:
            return 400, {"error": str(error)}

    def _show_faults(self, body: object) -> Outcome:
        return 200, self._service.faults.as_json()

    def _set_faults(self, body: object) -> Outcome:
        given = body.get("faults") if isinstance(body, Mapping) else None
        if not isinstance(given, list):
            raise ValueError('send {"faults": [{"name": …}, …]}')
        self._service.faults.replace([Fault.parse(one) for one in given])
        return self._show_faults(None)

    def _clear_faults(self, body: object) -> Outcome:
        self._service.faults.clear()
        return self._show_faults(None)

    def _show_clock(self, body: object) -> Outcome:
        return 200, {"now": self._clock.now().isoformat()}

    def _move_clock(self, body: object) -> Outcome:
        if not isinstance(self._clock, MovableClock):
            raise ValueError("this clock cannot be moved: it is the machine's")
        if not isinstance(body, Mapping) or not body.keys() & {"advance", "now"}:
            raise ValueError('send {"advance": seconds} or {"now": "2026-03-02T09:00:00+00:00"}')
        if "advance" in body:
            ahead = float(body["advance"])
        else:
            moment = datetime.fromisoformat(str(body["now"]))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            ahead = (moment - self._clock.now()).total_seconds()
        if ahead < 0:
            raise ValueError("a clock never goes backwards")
        self._clock.skip(ahead)
        return self._show_clock(None)

    def _reset(self, body: object) -> Outcome:
        self._service.reset()
        self._log.clear()
        return 200, {"reset": True}
