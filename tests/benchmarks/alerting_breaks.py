"""Ways to break the pipeline, so that the benchmark can be seen to notice."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from contracts.findings import identify
from monitors import family, incidents
from monitors.alerting.rounds import Round
from monitors.alerting.slack import SlackBot
from monitors.records import TransitionKind


def _told(self: Round, transition: Any) -> None:
    if transition.kind is not TransitionKind.OPENED:
        _TAKE(self, transition)


def _posts(self: SlackBot, queued: Any) -> Any:
    return self._delivery(self._post(queued.notice, is_repeat=False))


def _blind(self: SlackBot, queued: Any) -> tuple[None, bool]:
    return None, True


_TAKE: Final = Round.take

BREAKS: Final[Mapping[str, tuple[tuple[Any, str, Callable[..., Any]], ...]]] = {
    "lose": ((Round, "take", _told),),
    "post": ((SlackBot, "send", _posts),),
    "double": ((SlackBot, "_look", _blind),),
    "merge": ((incidents, "key_of", lambda finding: identify("all")),),
    "split": (
        (incidents, "key_of", lambda finding: identify(finding.fingerprint, finding.message)),
        (family, "explains", lambda broad, narrow, places: False),
    ),
}
"""The openings are told to nobody; every change is a message of its own; an unconfirmed message is
not looked for; all findings are one incident; each has one
of its own, and nothing explains another."""


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
