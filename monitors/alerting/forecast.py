"""Maintenance that Intercom's status page announces: what it makes expected is not told.

The page is asked only where something is wrong that a maintenance could explain, and before the
history is written to. A page that cannot be reached, or says nothing, holds nothing back.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.clock import Clock
from contracts.outside import Asked, fetch_status
from contracts.statuspage import Notice, StatusPage
from monitors.alerting.matchers import Matcher
from monitors.alerting.silences import Maintenance

EXPLAINED: Final = r"server-error|timeout|connection-.*|latency-.*|body-.*|status-.*|rate-limit-.*"
"""Rules of what a maintenance can bring about: not a refused token, not another schema."""
FRESH: Final = timedelta(minutes=10)
"""How long an answer counts: a maintenance is announced days before, and ends within hours."""
_EXPLAINED: Final = re.compile(EXPLAINED)


@dataclass(frozen=True, slots=True)
class Announced:
    """A window that a status page announces."""

    notice: Notice

    def is_active(self, now: datetime) -> bool:
        """Whether it is on."""
        return self.notice.covers(now)


class Forecast:
    """What the status page at `url` announces. Safe to share between threads: an answer is
    replaced, never changed."""

    def __init__(
        self, url: str, *, clock: Clock, fetch: Callable[..., Asked] = fetch_status
    ) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch
        self._asked_at: datetime | None = None
        self._windows: tuple[Maintenance, ...] = ()

    def foresee(self, rules: Iterable[str], *, page: StatusPage | None = None) -> None:
        """Ask the page where one of `rules` (of what is wrong now) could be explained by it; `page`
        is what it has just said to somebody else."""
        now = self._clock.now()
        if self._is_fresh(now) or not any(_EXPLAINED.fullmatch(rule) for rule in rules):
            return
        page = page or self._fetch(self._url, clock=self._clock).page
        self._windows = tuple(
            Maintenance(window=Announced(notice), matchers=(Matcher("rule", "=~", EXPLAINED),))
            for notice in (page.maintenances if page else ())
            if notice.concerns_the_api
        )
        self._asked_at = now

    def windows(self, now: datetime) -> tuple[Maintenance, ...]:
        """Return what was announced, if that is not too long ago."""
        return self._windows if self._is_fresh(now) else ()

    def _is_fresh(self, now: datetime) -> bool:
        return self._asked_at is not None and now - self._asked_at < FRESH
