"""Ways to break the pipeline, so that the benchmark can be seen to notice."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from contracts.findings import identify
from monitors import family, incidents
from monitors.alerting.slack import SlackBot
from monitors.records import Delivery, QueuedNotice


def _swallows(self: SlackBot, queued: QueuedNotice) -> Delivery:
    if int(queued.notice.incident_id, 16) % 2:
        return Delivery(receipt=None, at=self._clock.now())
    return _SEND(self, queued)


def _says_twice(self: SlackBot, method: str, *given: Any, **named: Any) -> Any:
    if method == "chat.postMessage":
        _SAY(self, method, *given, **named)
    return _SAY(self, method, *given, **named)


_SEND: Final = SlackBot.send
_SAY: Final = SlackBot._say

BREAKS: Final[Mapping[str, tuple[tuple[Any, str, Callable[..., Any]], ...]]] = {
    "lose": ((SlackBot, "send", _swallows),),
    "post": ((SlackBot, "_update", lambda self, *given, **named: False),),
    "double": ((SlackBot, "_say", _says_twice),),
    "unlooked": ((SlackBot, "_look", lambda self, queued: (None, True)),),
    "merge": ((incidents, "key_of", lambda finding: identify("all")),),
    "split": (
        (incidents, "key_of", lambda finding: identify(finding.fingerprint, finding.message)),
        (family, "explains", lambda broad, narrow, places: False),
    ),
}
"""What half the incidents are told by is swallowed; every change is a message of its own; all that
is posted, in threads too, is posted twice; an unconfirmed message is not looked for; all findings
are one incident; each has one of its own, and nothing explains another."""


@contextmanager
def breaking(name: str | None) -> Iterator[None]:
    """Let the pipeline be broken so."""
    patches = [patch.object(*one) for one in BREAKS[name]] if name else []
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
