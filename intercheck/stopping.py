"""SIGTERM as Ctrl-C is: what was begun is ended in order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""What shells say of Ctrl-C."""
TERMINATED: Final = 143
"""What shells say of SIGTERM."""


class TerminatedError(KeyboardInterrupt):
    """Somebody sent SIGTERM: a CI that cancels a job, a service manager, a container's host."""


class Stopping:
    """Which signal came: SIGTERM, or the one of Ctrl-C."""

    def __init__(self) -> None:
        self.was_terminated = False

    @property
    def exit_code(self) -> int:
        return TERMINATED if self.was_terminated else INTERRUPTED


@contextmanager
def sigterm_like_ctrl_c() -> Iterator[Stopping]:
    """Let SIGTERM raise what Ctrl-C raises, as long as this is open."""
    stopping = Stopping()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.was_terminated = True
        raise TerminatedError

    if threading.current_thread() is not threading.main_thread():
        yield stopping  # only the main thread may say what signals do
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGTERM, before)
