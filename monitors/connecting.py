"""How long connections take to open (DNS, TCP, TLS), of one Intercom workspace and region.

That is the network's or this machine's, whatever is asked over them, and only the first request of
a pass pays for it. So it is watched apart from the operations, in the same way, and told once. It
matters by what it adds to a call: to be twice as slow in connecting alone may be nothing to that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Self

from monitors.lateness import Lateness, added, lateness_from
from monitors.packed import packed, unpacked
from monitors.regression import CALM, Kind, Verdict, Watch

FELT: Final = 1.8
"""Times as long for the whole, connecting and the answer: about twice, measured amid noise."""


class Slow(NamedTuple):
    """A slowness that is felt: since when (Unix time), what was usual and what is, in
    milliseconds."""

    since: float
    usual_ms: float
    now_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is so of connecting after a connection was opened in `ms` milliseconds.

    `is_felt` says whether a call that opens one takes about twice as long, or did since the
    slowness began. `late` says by who waits (`NOBODY`: the limit) which of the latest took longer.
    `settled` is what lasted so long that it is usual now, where it was felt.
    """

    ms: float
    answer_ms: float
    verdict: Verdict = CALM
    is_felt: bool = False
    late: Mapping[str, Lateness] = field(default_factory=dict)
    settled: Slow | None = None

    def beyond(self, times: float) -> bool:
        """Whether a call that opens a connection takes so many times as long as is usual."""
        answer, verdict = self.answer_ms, self.verdict
        return verdict.now_ms + answer >= times * (verdict.usual_ms + answer)


NOBODY: Final = ""
"""The name under which connections count that took longer than the limit of everything."""


class Connecting:
    """What is known of how long connections take to open."""

    __slots__ = ("_late", "_slow", "_watch")

    def __init__(self) -> None:
        self._watch = Watch()
        self._late: dict[str, Lateness] = {}
        self._slow: Slow | None = None

    def take(self, at: float, ms: float, answer_ms: float, late: Mapping[str, bool]) -> Opened:
        """Learn from a connection that was opened in `ms` for an answer of `answer_ms`; `late` says
        of everybody who waits whether it was too long for them."""
        # Who does not wait any more is forgotten.
        self._late = {
            name: added(self._late.get(name, ()), at, is_late=is_late)
            for name, is_late in late.items()
        }
        verdict = self._watch.take(at, ms)
        opened = Opened(ms=ms, answer_ms=answer_ms, verdict=verdict, late=self._late)
        before, self._slow = self._slow, None
        if verdict.kind is Kind.NOTHING:
            return opened if verdict.closed else replace(opened, settled=before)
        is_slow = verdict.kind is Kind.REGRESSION and not verdict.pauses
        if before or (is_slow and opened.beyond(FELT)):
            now = Slow(verdict.since, verdict.usual_ms, verdict.now_ms)
            self._slow = now if is_slow else before
        return replace(opened, is_felt=self._slow is not None)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: exact, since a restart must change nothing."""
        late = {name: list(one) for name, one in self._late.items() if one}
        return {"watch": packed(self._watch.as_json()), "late": late, "slow": self._slow}

    @classmethod
    def from_json(cls, form: object) -> Self:
        """Read the stored form; what is another is forgotten."""
        connecting = cls()
        if isinstance(form, dict):
            connecting._watch = Watch.from_json(unpacked(form.get("watch")))
            connecting._late = dict(_late_in(form.get("late")))
            match form.get("slow"):
                case [float(since), float(usual), float(now)]:
                    connecting._slow = Slow(since, usual, now)
        return connecting


def _late_in(form: object) -> Iterator[tuple[str, Lateness]]:
    for name, one in form.items() if isinstance(form, dict) else ():
        yield str(name), lateness_from(one)
