"""The fleet of `alerting.py`: many Intercom workspaces, and several causes at once."""

import itertools
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

from contracts.client import IntercomClient
from contracts.exchanges import Exchange, FailureKind, Operation, TransportFailure
from contracts.workspaces import Secret, Workspace
from monitors.alerting.extent import extent
from monitors.alerting.slack import SlackBot
from monitors.asking import Asker
from monitors.history import History
from monitors.monitor import Monitor
from monitors.probe_files import load_probes
from monitors.probes import Probe, with_sources
from monitors.promises import Promises
from monitors.records import IncidentState, Phase, TransitionKind
from monitors.settings import MonitorSettings
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.slack import DEFAULT_CHANNEL, SlackStandIn

REGIONS: Final = ("us", "eu", "au")
VERSIONS: Final = ("2.11", "2.14", "2.15", "2.16")
ASKED: Final = (
    "GET /me",
    "GET /admins",
    "GET /contacts",
    "POST /contacts/search",
    "GET /contacts/{}",
    "GET /companies",
    "GET /tags",
    "GET /teams",
)
ROUND: Final = timedelta(minutes=5)
DRIFT: Final = (
    Fault(name="field-removed", operation="GET /contacts", pointer="/data/*/email"),
    Fault(name="field-removed", operation="POST /contacts/search", pointer="/data/*/email"),
    Fault(name="field-removed", operation="GET /contacts/{}", pointer="/email"),
)
FAULTS: Final[Mapping[str, Sequence[Fault]]] = {
    "well": (),
    "down": (Fault(name="503"),),
    "drift": DRIFT,
    "dead": (Fault(name="revoked-token"),),
}
TIMED_OUT: Final = "timed out"
NOBODY: Final = "http://127.0.0.1:9/"
"""In place of the status page: refuses every connection, as if our own network were out."""
MOST_SECONDS: Final = 1.0
"""From the deciding observation to the request at Slack, the median."""

Tapes = dict[tuple[str, str, str], dict[str, Exchange]]
"""By region, version and fault: the answer of each operation."""


def probes_asked() -> tuple[Probe, ...]:
    """Return the probes of the fleet."""
    every = load_probes()
    return with_sources([one for one in every if one.identity in ASKED], every, pinned=())


def record(
    clock: VirtualClock,
    regions: Sequence[str] = REGIONS,
    versions: Sequence[str] = VERSIONS,
    faults_by_name: Mapping[str, Sequence[Fault]] = FAULTS,
) -> Tapes:
    """Ask the sandbox everything once, over HTTP."""
    tapes: Tapes = {}
    probes = probes_asked()
    for region in regions:
        with Sandbox(clock=clock, latency=False, rate_limit=10**6, region=region) as sandbox:
            for version in versions:
                workspace = Workspace(
                    name="tape",
                    token=Secret(sandbox.token),
                    region=region,
                    version=version,
                    base_url=sandbox.url,
                )
                client = IntercomClient(
                    workspace,
                    clock=clock,
                    connect_timeout=timedelta(seconds=5),
                    read_timeout=timedelta(seconds=5),
                )
                known = {one.identity: one for one in probes}
                asker = Asker(sender=client, known=known, clock=clock)
                asker.visit_all(probes)
                for name, faults in faults_by_name.items():
                    sandbox.faults.replace(faults)
                    answers = [asker.again(probe.operation) for probe in probes]
                    tapes[region, version, name] = {
                        one.operation.identity: one for one in answers if one and one.operation
                    }
                    asker.paused_until = None
                sandbox.faults.clear()
                client.close()
    return tapes


@dataclass
class Player:
    """Answers for one workspace as the tapes say; `fault` is what is wrong with it now."""

    workspace: Workspace
    tapes: Tapes
    clock: VirtualClock
    fault: str = "well"

    def send(self, operation: Operation, **ignored: Any) -> Exchange:
        """Return the recorded answer, as if it had come now."""
        place = self.workspace
        name = "well" if self.fault == TIMED_OUT else self.fault
        taped = self.tapes[place.region, place.version, name][operation.identity]
        made = replace(
            taped,
            workspace=place.name,
            region=place.region,
            version=place.version,
            started_at=self.clock.now(),
        )
        if self.fault == TIMED_OUT:
            failure = TransportFailure(kind=FailureKind.READ_TIMEOUT, detail="")
            made = replace(made, response=None, failure=failure)
        return made

    def close(self) -> None:
        """There is nothing open."""


class Taped(Monitor):
    """A monitor whose workspaces answer from tapes."""

    players: Mapping[str, Player]

    def _client(self, workspace: Workspace) -> Any:
        return self.players[workspace.name]


class Watched(SlackBot):
    """The bot, with the real moment of each request."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.sent_at: list[float] = []

    def send(self, queued: Any) -> Any:
        self.sent_at.append(time.perf_counter())
        return super().send(queued)


class Fleet:
    """The fleet, its Slack and its history."""

    def __init__(self, folder: Path, slack: SlackStandIn, clock: VirtualClock, size: int) -> None:
        self.clock, self.slack = clock, slack
        tapes = record(clock)
        places = itertools.cycle(itertools.product(REGIONS, VERSIONS))
        self.workspaces = [
            Workspace(name=f"w{index:03}", token=Secret("t"), region=region, version=version)
            for index, (region, version) in zip(range(size), places, strict=False)
        ]
        self.players = {one.name: Player(one, tapes, clock) for one in self.workspaces}
        self.history = History.open(f"sqlite:///{folder}/fleet.sqlite", clock=clock)
        self.bot = Watched(Secret(slack.token), base_url=slack.url, clock=clock)
        ids = itertools.count()
        self.monitor = Taped(
            workspaces=self.workspaces,
            probes=load_probes(),
            promises=Promises(lambda version: None),
            history=self.history,
            channels={DEFAULT_CHANNEL: self.bot},
            clock=clock,
            new_id=lambda: f"{next(ids):08x}",
            settings=MonitorSettings.model_validate({"status-url": NOBODY}),
        )
        self.monitor.players = self.players
        self.probes = probes_asked()
        self.seconds: list[float] = []

    def rounds(self, number: int) -> None:
        """Ask every workspace, one after another, so many times."""
        for _ in range(number):
            for one in self.workspaces:
                self.clock.advance(ROUND / len(self.workspaces))
                before, began = len(self.bot.sent_at), time.perf_counter()
                report = self.monitor.run_pass([one.name], self.probes)
                kinds = [each.kind for each in report.transitions if not each.incident.parent]
                if TransitionKind.OPENED in kinds and len(self.bot.sent_at) > before:
                    self.seconds.append(self.bot.sent_at[before] - began)

    def roots(self) -> list[IncidentState]:
        """Return the open incidents that are told of by themselves."""
        states = self.history.incident_states().values()
        return [one for one in states if one.phase is Phase.OPEN and not one.parent]

    def hit(self, fault: str, chosen: Sequence[Workspace]) -> None:
        """Let something be wrong with some workspaces."""
        for one in chosen:
            self.players[one.name].fault = fault

    def heal(self) -> None:
        """Let nothing be wrong."""
        self.hit("well", self.workspaces)


def fleet(size: int) -> list[str]:
    """Play the scenario; return what is not as it has to be."""
    clock = VirtualClock()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name, SlackStandIn(clock=clock) as slack:
        one = Fleet(Path(name), slack, clock, size)
        started = time.perf_counter()
        one.rounds(3)
        wrong += expect("while all is well", one, {})
        half = size // 2
        one.hit("down", one.workspaces[:half])
        one.hit(TIMED_OUT, one.workspaces[half:])
        one.rounds(4)
        wrong += expect("all of Intercom out", one, {"outage": (size, "")})
        one.heal()
        one.rounds(4)
        wrong += expect("healed", one, {})
        clock.advance(timedelta(hours=3))
        gone = [each for each in one.workspaces if each.region == "au"]
        drift = [each for each in one.workspaces if each not in gone and each.version == "2.11"]
        dead = [each for each in one.workspaces if each not in gone and each not in drift][:5]
        one.hit(TIMED_OUT, gone)
        one.hit("drift", drift)
        one.hit("dead", dead)
        posted = len(slack.messages(DEFAULT_CHANNEL))
        one.rounds(4)
        due = {
            "region": (len(gone), "AU only"),
            "drift": (len(drift), "version 2.11 only"),
            **{f"token {each.name}": (1, "") for each in dead},
        }
        wrong += expect("three causes at once", one, due, posted)
        wrong += [
            f"the network here is blamed for {', '.join(each.workspaces)}"
            for each in one.roots()
            if each.finding.rule.name == "connection-network"
        ]
        one.heal()
        one.rounds(5)
        wrong += expect("healed again", one, {})
        total = len(slack.messages(DEFAULT_CHANNEL))
        print(f"{size} workspaces, {total} messages in the channel for 8 causes")
        print(
            f"{time.perf_counter() - started:.0f} s; a deciding pass to the request at Slack: "
            f"median {median(one.seconds or [0.0]):.3f} s (bar {MOST_SECONDS})"
        )
        if total != 8:
            for each in slack.messages(DEFAULT_CHANNEL):
                print(f"  {each.text[:150]}")
            wrong.append(f"{total} messages in the channel for 8 causes")
        if median(one.seconds or [9.0]) > MOST_SECONDS:
            wrong.append("Slack hears of it too late")
        one.history.close()
    return wrong


def expect(
    moment: str, one: Fleet, due: Mapping[str, tuple[int, str]], posted: int | None = None
) -> list[str]:
    """Compare the open incidents with the causes there are, and how far each goes."""
    left = dict(due)
    wrong: list[str] = []
    for incident in one.roots():
        reach = incident.reach
        said = extent(reach) if reach else ""
        found = next(
            (
                cause
                for cause, (number, words) in left.items()
                if reach and reach.afflicted == number and words in said
            ),
            None,
        )
        print(f"  {moment}: {incident.finding.rule.name}: {said}{'' if found else '   WRONG'}")
        if found is None:
            wrong.append(f"{moment}: {incident.finding.rule.name} ({said}) is no cause of its own")
        else:
            del left[found]
    wrong += [f"{moment}: nobody was told of {cause}" for cause in left]
    if posted is not None and len(one.slack.messages(DEFAULT_CHANNEL)) - posted != len(due):
        wrong.append(f"{moment}: {len(one.slack.messages(DEFAULT_CHANNEL)) - posted} messages")
    return wrong
