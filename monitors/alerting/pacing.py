"""At most one message a second in a channel, as Slack allows: who keeps to it is not refused."""

from typing import Final

from contracts.clock import Clock

APART: Final = 1.0  # seconds; https://docs.slack.dev/apis/web-api/rate-limits


class Pace:
    """Waits on `clock` where the last message of a channel was less than a second ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_at: dict[str, float] = {}

    def wait(self, channel: str) -> None:
        """Return when the next message may be posted, which is about to be."""
        early = self._next_at.get(channel, 0.0) - self._clock.monotonic()
        if 0.0 < early <= APART:
            self._clock.sleep(early)
        self._next_at[channel] = self._clock.monotonic() + APART
