"""What `serve --listen` shows: the report, `/healthz` and `/metrics`."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from contracts.clock import Clock
from contracts.errors import ConfigurationError
from monitors.history import History
from monitors.records import NoticeStatus, PassRecord
from reports import html, metrics
from reports.reading import summary_of
from sandbox.serving import Server

FRESH: Final = timedelta(seconds=60)
"""How old a report may be that is shown again: it reads a week of the history."""
LATE: Final = 3
"""Of the longest interval between two looks at a probe: so long after the last pass nothing runs
any more. A pass may be delayed by one that is long, and by the budget."""


class Dashboard:
    """Hears of each pass, and answers over HTTP. `longest` is between two looks at one probe."""

    def __init__(
        self,
        history: History,
        *,
        limits: Mapping[str, timedelta],
        longest: timedelta,
        clock: Clock,
    ) -> None:
        self._history = history
        self._limits = limits
        self._longest = longest
        self._clock = clock
        self._alive_at = clock.now()
        self._metrics = metrics.Metrics()
        self._lock = threading.Lock()
        self._page = ""
        self._page_at: datetime | None = None
        self.app = Starlette(
            routes=[
                Route("/", self._report),
                Route(f"/{html.CHART_LIBRARY}", _chart_library),
                Route("/healthz", self._health),
                Route("/metrics", self._measures),
            ]
        )

    def take(self, record: PassRecord) -> None:
        """Count a pass that has ended."""
        self._alive_at = self._clock.now()
        self._metrics.take(record)

    def _report(self, request: Request) -> Response:
        with self._lock:
            now = self._clock.now()
            if self._page_at is None or now - self._page_at >= FRESH:
                summary = summary_of(self._history, now=now, limits=self._limits)
                self._page, self._page_at = html.render(summary), now
            return HTMLResponse(self._page)

    def _health(self, request: Request) -> Response:
        """200 while passes end, 503 where none has for too long: of this process, not Intercom."""
        silent = self._clock.now() - self._alive_at
        is_alive = silent <= LATE * self._longest
        seen = {
            "status": "ok" if is_alive else "stalled",
            "last_pass_at": self._alive_at.isoformat(timespec="seconds"),
        }
        return JSONResponse(seen, status_code=200 if is_alive else 503)

    def _measures(self, request: Request) -> Response:
        waiting = (NoticeStatus.PENDING, NoticeStatus.UNDELIVERABLE)
        page = self._metrics.render(
            self._history.incident_states().values(),
            [notice for status in waiting for notice in self._history.notices(status)],
        )
        return Response(page, media_type=metrics.MEDIA_TYPE)


def _chart_library(request: Request) -> Response:
    path = resources.files("plotly") / "package_data" / html.CHART_LIBRARY
    return FileResponse(str(path), media_type="text/javascript")


def read_address(written: str) -> tuple[str, int]:
    """Read `[HOST:]PORT`; ConfigurationError where it is none."""
    host, _, port = written.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(
            f"--listen {written!r} is no address: write a port such as 9464, or a host and a port "
            "such as 0.0.0.0:9464."
        )
    return host or "127.0.0.1", int(port)


def listen(dashboard: Dashboard, written: str, log: Callable[[str], None]) -> Server:
    """Return what serves it at `[HOST:]PORT`; ConfigurationError where it cannot be had."""
    host, port = read_address(written)
    try:
        server = Server(dashboard.app, host=host, port=port)
    except OSError as error:
        raise ConfigurationError(
            f"--listen {written} cannot be had ({error.strerror or error}): name another port."
        ) from None
    log(f"the report, /healthz and /metrics are at {server.url}")
    return server
