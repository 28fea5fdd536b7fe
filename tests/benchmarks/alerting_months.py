"""Months of one or a few Intercom workspaces: one in which nothing is wrong, and one of faults
while Slack fails in every way and the process dies at random.

The parts are those of `alerting.py`, whose tapes are played; what ordinary life does to an answer
(deployments, new fields and values, customers' edits, blips, latency) is made from a seed.
"""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from alerting_told import Told

from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Response,
    Timings,
    TransportFailure,
)
from contracts.workspaces import Secret, Workspace
from monitors.alerting.slack import SlackBot
from monitors.history import History
from monitors.monitor import Monitor
from monitors.probe_files import load_probes
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.settings import MonitorSettings
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

Tape = Mapping[str, Mapping[str, Exchange]]
"""By fault: the answer of each operation."""

TIMED_OUT: Final = "timed out"
FAULTS: Final[Mapping[str, Sequence[Fault]]] = {
    "well": (),
    "down": (Fault(name="503"),),
    "dead": (Fault(name="revoked-token"),),
    "drift": (
        Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email"),
        Fault(name="field-removed", operation="POST /contacts/search", pointer="/data/*/email"),
        Fault(name="field-removed", operation="GET /contacts/{}", pointer="/email"),
    ),
    "retyped": (
        Fault(name="field-retyped", operation="GET /tags", pointer="/data/*/name", value="integer"),
    ),
    "gone": (Fault(name="endpoint-gone", operation="GET /contacts/{}"),),
    "one down": (Fault(name="500", operation="GET /companies"),),
    "html": (Fault(name="non-json-body", operation="GET /admins"),),
    "scope": (Fault(name="missing-scope", operation="GET /companies"),),
    "deprecated": (Fault(name="deprecation", operation="GET /tags"),),
}
"""What the sandbox is recorded with; `TIMED_OUT` is made by hand."""
BLIPS: Final = 0.002
"""Share of requests that fail once and not when they are asked again."""
DEPLOYMENTS: Final = timedelta(hours=7)
"""Between two of Intercom's: it is seen to deploy several times a day."""
NEWS: Final = timedelta(days=4)
"""Between two new fields or values."""
USUAL_MS: Final = 180.0  # of an answer
SPREAD: Final = 0.25  # sigma of its logarithm
MOST_PER_MONTH: Final = 1.0  # channel messages per workspace of a quiet month
MOST_PER_INCIDENT: Final = 1.2  # channel messages
CALM: Final = timedelta(hours=3)
"""Between two faults at least: what comes back within an hour is the same incident."""
SLACK_TROUBLES: Final = (
    "rate-limited",
    "server-error",
    "internal-error",
    "timeout-before-delivery",
    "timeout-after-delivery",
    "token-revoked",
    "not-in-channel",
)
TROUBLED: Final = 0.5  # share of the rounds in which Slack has something
LAGGING: Final = 0.4  # share of the troubles with a history that lags
DEATHS: Final = 0.15  # share of what is sent, and of what is recorded, at which the process dies
SLACK_PATIENCE: Final = timedelta(seconds=0.5)  # real time; the stand-in answers in 0.02 s


class KilledError(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """Answers for one workspace: as taped for `fault`, and changed by ordinary life where
    `chance` is given."""

    workspace: Workspace
    tape: Tape
    clock: VirtualClock
    chance: random.Random | None = None
    fault: str = "well"
    began: Any = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def send(self, operation: Operation, **ignored: Any) -> Exchange:
        """Return an answer as if it had come now."""
        name = "well" if self.fault == TIMED_OUT else self.fault
        made = replace(
            self.tape[name][operation.identity],
            workspace=self.workspace.name,
            started_at=self.clock.now(),
        )
        if self.fault == TIMED_OUT:
            return _unanswered(made)
        return self._lived(made, self.chance) if self.chance is not None else made

    def close(self) -> None:
        """There is nothing open."""

    def _lived(self, made: Exchange, chance: random.Random) -> Exchange:
        assert made.response is not None
        age = self.clock.now() - self.began
        total = USUAL_MS * chance.lognormvariate(0.0, SPREAD)
        timings = Timings(total_ms=total, first_byte_ms=total - 2, server_ms=total * 0.8)
        if chance.random() < BLIPS:
            if chance.random() < 0.5:
                return _unanswered(made)
            broken = Response.of(503, made.response.headers, b"")
            return replace(made, response=broken, timings=timings)
        document = _edited(made.response.document, age // NEWS, chance)
        commit = f"{age // DEPLOYMENTS:040x}"
        headers = Headers({**made.response.headers, "x-intercom-version": commit})
        lived = replace(made.response, headers=headers, document=document)
        return replace(made, response=lived, timings=timings)

    def heal(self) -> None:
        """Let nothing be wrong."""
        self.fault = "well"


def _unanswered(made: Exchange) -> Exchange:
    failure = TransportFailure(kind=FailureKind.READ_TIMEOUT, detail="")
    return replace(made, response=None, failure=failure, timings=None)


def _edited(document: Any, news: int, chance: random.Random) -> Any:
    """Return a copy with the new fields and values so far, and what customers made of their own
    attributes."""
    if isinstance(document, list):
        return [_edited(item, news, chance) for item in document]
    if not isinstance(document, dict):
        return document
    copied = {key: _edited(value, news, chance) for key, value in document.items()}
    if "id" in copied:
        copied.update({f"added_{number}": "new" for number in range(news) if number % 2 == 0})
    if "role" in copied and news > 1 and chance.random() < 0.3:
        copied["role"] = f"role_{chance.randrange(news)}"
    attributes = copied.get("custom_attributes")
    if isinstance(attributes, dict):
        for key in list(attributes):
            if chance.random() < 0.2:
                attributes[key] = chance.choice([None, attributes[key]])
        if chance.random() < 0.3:
            attributes[f"own_{chance.randrange(20)}"] = chance.choice([1, "text", True, None])
    return copied


class Mortal(SlackBot):
    """A bot whose process may die before or after Slack has taken a message."""

    dies: Callable[[], bool] = staticmethod(lambda: False)

    def send(self, queued: Any) -> Any:
        if self.dies():
            raise KilledError
        delivery = super().send(queued)
        if self.dies():
            raise KilledError
        return delivery


class Living(Monitor):
    """A monitor whose workspaces answer from tapes; it may die between recording and sending."""

    lives: Mapping[str, Life]
    dies: Callable[[], bool] = staticmethod(lambda: False)

    def _client(self, workspace: Workspace) -> Any:
        return self.lives[workspace.name]

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
        dies: Callable[[], bool],
    ) -> None:
        self.folder, self.slack, self.clock = folder, slack, clock
        self.lives = {one.workspace.name: one for one in lives}
        self.probes, self.dies = probes, dies
        self.deaths = 0
        self._ids = itertools.count()
        self._open()

    def _open(self) -> None:
        self.history = History.open(f"sqlite:///{self.folder}/months.sqlite", clock=self.clock)
        bot = Mortal(
            Secret(self.slack.token),
            base_url=self.slack.url,
            clock=self.clock,
            timeout=SLACK_PATIENCE,
        )
        self.monitor = Living(
            workspaces=[one.workspace for one in self.lives.values()],
            probes=load_probes(),
            promises=Promises(lambda version: None),
            history=self.history,
            channels={DEFAULT_CHANNEL: bot},
            clock=self.clock,
            new_id=lambda: f"{next(self._ids):08x}",
            settings=MonitorSettings.model_validate({"status-url": "off"}),
        )
        self.monitor.lives = self.lives
        self.monitor.dies = bot.dies = self.dies

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
            self.survive(lambda name=name: self.monitor.run_pass([name], self.probes))  # type: ignore[misc]
        for _ in range(2):
            self.clock.advance(every / 4)
            self.survive(self.monitor.deliver)

    def settle(self) -> None:
        """Deliver until all that can arrive has: the longest backoff is a quarter of an hour."""
        self.dies = self.monitor.dies = staticmethod(lambda: False)
        self.slack.faults.clear()
        self.history.close()
        self._open()
        for _ in range(12):
            self.clock.advance(timedelta(minutes=16))
            self.monitor.deliver()


def quiet(
    folder: Path,
    slack: SlackStandIn,
    clock: VirtualClock,
    tape: Tape,
    probes: Sequence[Probe],
    *,
    workspaces: int,
    days: int,
    every: timedelta,
    seed: int,
) -> list[str]:
    """Play a month in which nothing is wrong; return what is not as it has to be."""
    lives = [
        Life(
            Workspace(name=f"w{index}", token=Secret("t"), region="us", version="2.15"),
            tape,
            clock,
            random.Random(f"{seed} {index}"),
        )
        for index in range(workspaces)
    ]
    months = Months(folder, slack, clock, lives, probes, lambda: False)
    rounds = int(timedelta(days=days) / every)
    for _ in range(rounds):
        months.round(every)
    months.settle()
    posted = slack.messages(DEFAULT_CHANNEL)
    rate = len(posted) / workspaces / (days / 30)
    print(
        f"quiet: {workspaces} workspaces, {days} days, every {every}: {len(posted)} channel "
        f"messages, {rate:.2f} per workspace-month (bar {MOST_PER_MONTH:.0f})"
    )
    for message in posted:
        print(f"  {message.text[:200]}")
    months.history.close()
    return [f"quiet month: {rate:.2f} messages"] if rate > MOST_PER_MONTH else []


def troubled(
    folder: Path,
    slack: SlackStandIn,
    clock: VirtualClock,
    tape: Tape,
    probes: Sequence[Probe],
    *,
    days: int,
    seed: int,
    most: int,
) -> list[str]:
    """Play `days` of faults (at most `most` of them), one after another, while Slack fails and the
    process dies; return what is not as it has to be."""
    chance = random.Random(seed)
    place = Workspace(name="w", token=Secret("t"), region="us", version="2.15")
    life = Life(place, tape, clock)
    months = Months(folder, slack, clock, [life], probes, lambda: chance.random() < DEATHS)
    every = timedelta(minutes=8)
    for _ in range(3):
        months.round(every)
    names = [name for name in (*tape, TIMED_OUT) if name != "well"]
    ends = clock.now() + timedelta(days=days)
    events: list[tuple[str, Any, Any]] = []
    while clock.now() < ends and len(events) < most:
        life.fault, began = chance.choice(names), clock.now()
        name = life.fault
        for index in range(chance.randint(4, 7) + 4):
            if index == 6:
                life.heal()
            _trouble(slack, chance)
            months.round(every)
        life.heal()
        for _ in range(5):
            _trouble(slack, chance)
            months.round(every)
        events.append((name, began, clock.now()))
        clock.advance(CALM + timedelta(hours=chance.uniform(0, 12)))
    months.settle()
    wrong = _judged(months, events)
    months.history.close()
    return wrong


def _trouble(slack: SlackStandIn, chance: random.Random) -> None:
    """Let Slack have something, or nothing."""
    if chance.random() < 0.3:
        slack.faults.clear()
    if chance.random() >= TROUBLED:
        return
    slack.faults.inject(
        chance.choice(SLACK_TROUBLES),
        method=chance.choice([None, "chat.postMessage", "chat.update", "conversations.history"]),
        times=chance.randint(1, 3),
        seconds=chance.choice([1.0, 30.0, 60.0]),
    )
    if chance.random() < LAGGING:
        slack.faults.inject("lagging-history", seconds=30.0)


def _judged(months: Months, events: Sequence[tuple[str, Any, Any]]) -> list[str]:
    """Compare the channel with what happened."""
    told = Told.of(months.history, months.slack)
    opened, posted = told.opened, told.posted
    wrong: list[str] = []
    grouped = 0
    untold = 0
    for name, began, ended in events:
        within = [one for one in opened.values() if began <= one.at <= ended]
        untold += not within
        grouped += max(0, len(within) - 1)
        if len(within) != 1:
            rules = ", ".join(one.incident.finding.rule.name for one in within) or "nothing"
            wrong.append(f"{name} at {began:%d %H:%M} was told as {rules}")
    grouped += sum(
        not any(began <= one.at <= ended for _, began, ended in events) for one in opened.values()
    )
    rate = len(posted) / max(1, len(opened))
    print(
        f"faults: {len(events)} in sequence, {months.deaths} deaths, {len(opened)} incidents, "
        f"{len(posted)} channel messages ({rate:.2f} an incident, bar {MOST_PER_INCIDENT}); "
        f"untold {untold}, {told}, wrongly grouped {grouped}"
    )
    wrong += told.wrong()
    wrong += [f"{rate:.2f} channel messages an incident"] if rate > MOST_PER_INCIDENT else []
    return wrong
