"""Months of a few Intercom workspaces: one in which nothing is wrong, and one of faults while Slack
fails in every way and the process dies at random.

The parts are those of `alerting.py`, what is answered is `alerting_lives.py`'s, and what has to be
told of the faults `alerting_causes.py`'s.
"""

import itertools
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from alerting_causes import Trouble, judged, troubles
from alerting_lives import Life, Tape, Weather

from contracts.workspaces import Secret, Workspace
from monitors.alerting.slack import SlackBot
from monitors.history import History
from monitors.monitor import Monitor
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.records import Phase
from monitors.settings import MonitorSettings
from sandbox.clock import VirtualClock
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

MOST_PER_MONTH: Final = 1.0  # channel messages per workspace of a quiet month
BETWEEN: Final = timedelta(minutes=8)  # rounds while something is wrong
HOURLY: Final = timedelta(hours=1)  # while nothing is
AFTERWARDS: Final = 5  # rounds in which it is seen to be over
CALM: Final = (1.5, 6.0)  # hours of each of two rounds until the next: within one it is the same
LEARNING: Final = 72  # rounds before the first: what is usual has to be known
SLACK_TROUBLES: Final = (
    "rate-limited",
    "server-error",
    "internal-error",
    "timeout-before-delivery",
    "timeout-after-delivery",
    "token-revoked",
    "invalid-auth",
    "account-inactive",
    "channel-not-found",
    "not-in-channel",
    "is-archived",
)
METHODS: Final = ("chat.postMessage", "chat.update", None, "conversations.history")
OF_A_CHANNEL: Final = frozenset({"channel-not-found", "not-in-channel"})
UNREADABLE: Final = "missing-scope"
"""In months in which the channel's history cannot be read, or once a minute only."""
TROUBLED: Final = 0.5  # share of the rounds in which Slack has something
CLEARED: Final = 0.3  # share of the rounds at which it has nothing any more
OUT: Final = 0.1  # share of the faults during which Slack is out all the while
LAGGING: Final = 0.4  # share of the troubles with a history that lags
DEATHS: Final = 0.1  # share of what is recorded and sent at which the process dies
SLACK_PATIENCE: Final = timedelta(seconds=0.25)  # real time; the stand-in answers in 0.02 s
LONGEST_BACKOFF: Final = timedelta(minutes=16)

Dies = Callable[[], bool]


def never() -> bool:
    """Say that the process lives."""
    return False


class KilledError(BaseException):
    """The process is no more."""


class Mortal(SlackBot):
    """A bot whose process may die before or after Slack has taken a message."""

    dies: Dies = staticmethod(never)

    def send(self, queued: Any) -> Any:
        if self.dies():
            raise KilledError
        delivery = super().send(queued)
        if self.dies():
            raise KilledError
        return delivery


class Perishable(History):
    """A history whose process may die in the midst of a transaction, or right after it."""

    dies: Dies = staticmethod(never)

    def record(self, *given: Any, **named: Any) -> None:
        super().record(*given, **named)
        if self.dies():
            raise KilledError

    def delivered(self, *given: Any, **named: Any) -> None:
        super().delivered(*given, **named)
        if self.dies():
            raise KilledError


class Living(Monitor):
    """A monitor whose workspaces answer from tapes; it may die before it records what it saw, and
    between recording and sending."""

    lives: dict[str, Life]
    dies: Dies = staticmethod(never)

    def _client(self, workspace: Workspace) -> Any:
        return self.lives[workspace.name]

    def _conclude(self, *given: Any) -> Any:
        if self.dies():
            raise KilledError
        return super()._conclude(*given)

    def deliver(self) -> Any:
        if self.dies():
            raise KilledError
        return super().deliver()


class Months:
    """Workspaces, their Slack and their history; what dies is opened anew from the file."""

    def __init__(
        self,
        folder: Path,
        slack: SlackStandIn,
        clock: VirtualClock,
        lives: Sequence[Life],
        probes: Sequence[Probe],
        dies: Dies = never,
    ) -> None:
        self.folder, self.slack, self.clock = folder, slack, clock
        self.lives = {one.workspace.name: one for one in lives}
        self.probes, self.dies = probes, dies
        self.deaths = 0
        self._promises = Promises(lambda version: None)
        self._ids = itertools.count()
        self._open()

    def _open(self) -> None:
        url = f"sqlite:///{self.folder}/months.sqlite"
        self.history = Perishable.open(url, clock=self.clock)
        bot = Mortal(
            Secret(self.slack.token),
            base_url=self.slack.url,
            clock=self.clock,
            timeout=SLACK_PATIENCE,
        )
        self.monitor = Living(
            workspaces=[one.workspace for one in self.lives.values()],
            probes=self.probes,
            promises=self._promises,
            history=self.history,
            channels={DEFAULT_CHANNEL: bot},
            clock=self.clock,
            new_id=lambda: f"{next(self._ids):08x}",
            settings=MonitorSettings.model_validate({"status-url": "off"}),
        )
        self.monitor.lives = self.lives
        self.monitor.dies = bot.dies = self.history.dies = self.dies

    def survive(self, act: Callable[[], object]) -> None:
        """Do it; start again from the file where the process died of it."""
        try:
            act()
        except KilledError:
            self.deaths += 1
            self.history.close()
            self._open()

    def round(self, every: timedelta) -> None:
        """Look at every workspace, and deliver now and then until the next round is due."""
        for name in self.lives:
            self.clock.advance(every / len(self.lives) / 2)
            self.survive(lambda name=name: self.monitor.run_pass([name]))  # type: ignore[misc]
        for _ in range(2):
            self.clock.advance(every / 4)
            self.survive(self.monitor.deliver)

    def settle(self) -> None:
        """Deliver until all that can arrive has."""
        self.dies = never
        self.slack.faults.clear()
        self.history.close()
        self._open()
        for _ in range(12):
            self.clock.advance(LONGEST_BACKOFF)
            self.monitor.deliver()


def quiet(
    folder: Path,
    slack: SlackStandIn,
    clock: VirtualClock,
    tapes: dict[tuple[str, str], list[Tape]],
    probes: Sequence[Probe],
    *,
    workspaces: int,
    days: int,
    every: timedelta,
    seed: int,
) -> list[str]:
    """Play a month in which nothing is wrong; return what is not as it has to be."""
    places = list(itertools.islice(itertools.cycle(tapes), workspaces))
    weather = Weather.of(sorted({region for region, _ in places}), clock.now(), days, seed)
    lives = [
        Life(
            Workspace(name=f"w{index}", token=Secret("t"), region=region, version=version),
            tapes[region, version],
            clock,
            random.Random(f"{seed} {index}"),
            weather=weather,
            offset=index,
        )
        for index, (region, version) in enumerate(places)
    ]
    months = Months(folder, slack, clock, lives, probes)
    progress = Progress("quiet", days)
    begins, rounds = clock.now(), int(timedelta(days=days) / every)
    for _ in range(rounds):
        months.round(every)
        progress.say((clock.now() - begins) / timedelta(days=1), len(_posted(slack)))
    months.settle()
    posted = _posted(slack)
    rate = len(posted) / workspaces / (days / 30)
    noted = {one.rule.name for one in months.history.noted(begins)}
    print(
        f"quiet: {workspaces} workspaces, {days} days, every {every}: {len(posted)} channel "
        f"messages, {rate:.2f} per workspace-month (bar {MOST_PER_MONTH:.0f}); "
        f"{sum(one.broken for one in lives)} answers failed, noted for the digest: "
        f"{', '.join(sorted(noted))}"
    )
    for message in posted:
        print(f"  {message.text[:240]}")
    months.history.close()
    return [f"quiet month: {rate:.2f} messages"] if rate > MOST_PER_MONTH else []


def _posted(slack: SlackStandIn) -> Sequence[Any]:
    return slack.messages(DEFAULT_CHANNEL)


def troubled(
    folder: Path,
    slack: SlackStandIn,
    clock: VirtualClock,
    tapes: dict[str, Tape],
    probes: Sequence[Probe],
    *,
    days: int,
    seed: int,
    most: int,
    is_readable: bool,
) -> list[str]:
    """Play `days` of faults (at most `most` of them), while Slack fails and the process dies;
    return what is not as it has to be."""
    chance = random.Random(seed)
    lives = [
        Life(
            Workspace(name=name, token=Secret("t"), region="us", version="2.15"),
            [tapes["well"]],
            clock,
            random.Random(f"{seed} {name}"),
            tapes,
        )
        for name in ("one", "two")
    ]
    months = Months(folder, slack, clock, lives, probes)
    for _ in range(LEARNING):
        months.round(HOURLY)
    months.dies = lambda: chance.random() < DEATHS
    months.survive(_dying)
    progress = Progress(f"faults, seed {seed}", days)
    begins, events = clock.now(), list[Trouble]()
    for event in troubles(probes, chance):
        passed = clock.now() - begins
        if passed > timedelta(days=days) or len(events) == most:
            break
        events.append(event)
        progress.say(passed / timedelta(days=1), len(_posted(slack)))
        _play(months, event, chance, is_readable)
    months.settle()
    wrong = judged(f"faults, seed {seed}", months.history, slack, events, is_readable)
    print(f"  {months.deaths} deaths; {'history readable' if is_readable else 'not readable'}")
    is_open = [one for one in months.history.incident_states().values() if one.phase is Phase.OPEN]
    wrong += [f"{one.finding.rule.name} stays open" for one in is_open]
    months.history.close()
    return wrong


def _dying() -> None:
    raise KilledError


def _play(months: Months, event: Trouble, chance: random.Random, is_readable: bool) -> None:
    """Let it happen, be over, and be calm."""
    slack, event.began = months.slack, months.clock.now()
    event.is_slack_out = chance.random() < OUT
    for name, life in months.lives.items():
        life.faults.update(event.on(name))
    for _ in range(event.rounds):
        _trouble(slack, chance, event.is_slack_out, is_readable)
        months.round(BETWEEN)
    for life in months.lives.values():
        life.heal()
    for _ in range(AFTERWARDS):
        _trouble(slack, chance, False, is_readable)
        months.round(BETWEEN)
    for _ in range(2):
        _trouble(slack, chance, False, is_readable)
        months.round(timedelta(hours=chance.uniform(*CALM)))
    event.ended = months.clock.now()


def _trouble(slack: SlackStandIn, chance: random.Random, is_out: bool, is_readable: bool) -> None:
    """Let Slack have something, or nothing."""
    if is_out:
        slack.faults.clear()
        slack.faults.inject("server-error")
        return
    if chance.random() < CLEARED:
        slack.faults.clear()
    else:
        slack.faults.clear("server-error")
    if chance.random() >= TROUBLED:
        return
    name = chance.choice(SLACK_TROUBLES)
    # What only keeps from reading is for the months in which nothing can be read.
    methods = METHODS[:2] if name in OF_A_CHANNEL else METHODS
    slack.faults.inject(
        name,
        method=chance.choice(methods),
        times=chance.randint(1, 3),
        seconds=chance.choice([1.0, 30.0, 60.0]),
    )
    if chance.random() < LAGGING:
        slack.faults.inject("lagging-history", seconds=30.0)
    if not is_readable and chance.random() < 0.5:
        for method in ("conversations.history", "conversations.replies"):
            slack.faults.inject(UNREADABLE, method=method, scope="channels:history")
    elif not is_readable:
        slack.faults.inject("limited-history", seconds=60.0)


class Progress:
    """Says on stderr how far a month is, once every while."""

    def __init__(self, what: str, days: int) -> None:
        self._what, self._days = what, days
        self._began = self._said = time.monotonic()

    def say(self, day: float, posted: int) -> None:
        """Say it where some time has passed."""
        now = time.monotonic()
        if now - self._said < 20:
            return
        self._said = now
        print(
            f"  {self._what}: day {day:.1f} of {self._days}, {posted} messages, "
            f"{now - self._began:.0f} s",
            file=sys.stderr,
            flush=True,
        )
