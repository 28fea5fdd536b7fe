"""Standard output, for containers whose log is where people look."""

from typing import TextIO

from contracts.clock import Clock
from contracts.errors import NotificationError
from monitors.records import Delivery, QueuedNotice


class Stdout:
    """Prints one line a notice: the moment, and what a phone would show."""

    has_threads: bool = False
    takes_events: bool = True
    keeps_state: bool = False

    def __init__(self, name: str, stream: TextIO, *, clock: Clock) -> None:
        self._name = name
        self._stream = stream
        self._clock = clock

    def send(self, queued: QueuedNotice) -> Delivery:
        """Print it; NotificationError where nobody reads any more."""
        now = self._clock.now()
        line = " ".join(queued.notice.text.split())
        try:
            print(f"{now:%Y-%m-%dT%H:%M:%SZ} {line}", file=self._stream, flush=True)
        except (OSError, ValueError) as error:
            reason = f"it cannot be written ({type(error).__name__})"
            raise NotificationError(f"the notifier {self._name}", reason) from None
        return Delivery(receipt=None, at=now)

    def check(self) -> str:
        """Return what there is to say of it."""
        return "Messages are printed, one a line."
