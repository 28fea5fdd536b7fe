"""What Intercom answers in the two months: recorded over HTTP, then lived through.

Recorded are the answers of every packaged probe: once for every fault of the sandbox, and again and
again from a workspace in which people work. What ordinary life adds is made from a seed: how long
answers take (by operation, by the hour, at weekends), blips, half a minute in which Intercom
wobbles, deployments, new fields and values that come in by and by, and what customers do to their
objects and to their own attributes.
"""

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import requests
from diagnosis import load_rig
from traffic.living import five_minutes

from contracts.client import IntercomClient
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
from monitors.asking import Asker
from monitors.probes import Probe
from sandbox.clock import VirtualClock
from sandbox.intercom import Fault, Sandbox
from sandbox.intercom.faults import FAULTS, ON_THE_STATUS_PAGE
from sandbox.intercom.pacing import MEDIAN_SECONDS, MEDIANS

Tape = Mapping[str, Exchange]
"""The answer of each operation, by identity."""

RIG: Final = load_rig()
"""The tests' table of what each fault of the sandbox is."""
TAPED: Final = tuple(sorted(FAULTS.keys() - ON_THE_STATUS_PAGE))
SLOW: Final = "slow"
"""Made by hand: an answer on tape takes no time."""
SLOWER_MS: Final = 900.0
PATIENCE: Final = timedelta(seconds=5)
LITTLE_PATIENCE: Final = timedelta(seconds=0.3)
"""With a body that stalls, which takes real time."""

BLIPS: Final = 0.002
"""Share of requests that fail once and not when they are asked again."""
WOBBLES: Final = timedelta(days=7)
"""Between two moments at which Intercom answers badly, in one region."""
WOBBLE: Final = timedelta(seconds=40)
WOBBLING: Final = 0.4  # share of the requests that fail in it
DEPLOYMENTS: Final = timedelta(hours=7)
"""Between two of Intercom's: it is seen to deploy several times a day."""
NEWS: Final = timedelta(days=4)
"""Between two new fields or values."""
ROLLOUT: Final = timedelta(days=2)
"""Until all objects have what is new."""
SPREAD: Final = 0.2  # sigma of the logarithm of an answer's time
STRAY: Final = 0.003  # share of answers that take several times as long
DAILY: Final = 0.15  # by how much noon is slower than the mean, and midnight quicker
WEEKEND: Final = 0.93  # of a weekday's time
ENUMS: Final = frozenset({"part_type", "delivered_as", "channel_initiated", "object"})
"""Texts that Intercom adds values to, and the contract therefore lists none of."""
DRIFT: Final = ("state", timedelta(days=20), 0.03)
"""A text whose values the contract does list gets another in the end, in a share of the objects:
that is due to be told, once, and is counted like all else."""
EDITED: Final = frozenset({"name", "phone", "avatar", "title", "external_id", "owner_id"})
BODIES: Final = ("", "<html><body><h1>502 Bad Gateway</h1></body></html>")


def record_faults(clock: VirtualClock, probes: Sequence[Probe]) -> dict[str, Tape]:
    """Ask the sandbox everything under every fault; `well` is what it answers without any."""
    tapes = {"well": _taped(clock, probes, ())}
    for name in TAPED:
        given = RIG.MORE.get(name, {})
        patience = LITTLE_PATIENCE if name == "stalled-body" else PATIENCE
        tapes[name] = _taped(clock, probes, [Fault(name=name, **given)], patience)
    return tapes


def _taped(
    clock: VirtualClock,
    probes: Sequence[Probe],
    faults: Sequence[Fault],
    patience: timedelta = PATIENCE,
) -> Tape:
    with (
        Sandbox(clock=clock, latency=False, rate_limit=10**6) as sandbox,
        _client(sandbox, clock, patience) as client,
    ):
        asker = _asker(client, clock, probes)
        sandbox.faults.replace(faults)
        return _asked(asker, probes)


def record_living(
    clock: VirtualClock, probes: Sequence[Probe], *, region: str, version: str, turns: int
) -> list[Tape]:
    """Ask a workspace everything, `turns` times, in which people work."""
    with (
        Sandbox(clock=clock, latency=False, rate_limit=10**6, region=region) as sandbox,
        _client(sandbox, clock, PATIENCE, version) as client,
        requests.Session() as session,
    ):
        session.headers["Authorization"] = f"Bearer {sandbox.token}"
        tapes = []
        for turn in range(turns):
            tapes.append(_asked(_asker(client, clock, probes), probes))
            five_minutes(sandbox.url, session, turn)
    return tapes


def _client(
    sandbox: Sandbox, clock: VirtualClock, patience: timedelta, version: str = "2.15"
) -> IntercomClient:
    return IntercomClient(
        Workspace(name="tape", token=Secret(sandbox.token), version=version, base_url=sandbox.url),
        clock=clock,
        connect_timeout=patience,
        read_timeout=patience,
    )


def _asker(client: IntercomClient, clock: VirtualClock, probes: Sequence[Probe]) -> Asker:
    """Return one that knows what there is to read."""
    asker = Asker(sender=client, known={one.identity: one for one in probes}, clock=clock)
    asker.visit_all(probes)
    return asker


def _asked(asker: Asker, probes: Sequence[Probe]) -> Tape:
    tape: dict[str, Exchange] = {}
    for probe in probes:
        asker.paused_until = None  # under a rate limit every operation has to be asked too
        exchange = asker.again(probe.operation)
        if exchange is not None and exchange.operation is not None:
            tape[exchange.operation.identity] = exchange
    return tape


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to all workspaces alike, by region: when Intercom wobbles."""

    wobbles: Mapping[str, Sequence[datetime]]

    @classmethod
    def of(cls, regions: Sequence[str], begins: datetime, days: int, seed: int) -> "Weather":
        """Draw it."""
        wobbles = {}
        for region in regions:
            chance = random.Random(f"{seed} {region}")
            many = max(1, round(timedelta(days=days) / WOBBLES))
            wobbles[region] = [begins + timedelta(days=days) * chance.random() for _ in range(many)]
        return cls(wobbles=wobbles)

    def is_bad(self, region: str, at: datetime) -> bool:
        """Whether Intercom wobbles now."""
        return any(began <= at < began + WOBBLE for began in self.wobbles.get(region, ()))


@dataclass
class Life:
    """Answers for one workspace.

    `tapes` are what it answers while all is well, one after the other, and `faulty` what under
    each fault. `faults` are those that hold now, by name: the operations, None for all. Ordinary
    life (`weather`) changes what is answered where it is given.
    """

    workspace: Workspace
    tapes: Sequence[Tape]
    clock: VirtualClock
    chance: random.Random
    faulty: Mapping[str, Tape] = field(default_factory=dict)
    weather: Weather | None = None
    offset: int = 0
    faults: dict[str, frozenset[str] | None] = field(default_factory=dict)
    broken: int = 0
    """Answers that ordinary life has spoilt."""
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def send(self, operation: Operation, **ignored: Any) -> Exchange:
        """Return an answer as if it had come now."""
        identity, now = operation.identity, self.clock.now()
        names = [name for name, those in self.faults.items() if those is None or identity in those]
        named = next((name for name in names if name != SLOW), None)
        made = replace(
            (self.faulty[named] if named else self._tape(now))[identity],
            workspace=self.workspace.name,
            region=self.workspace.region,
            version=self.workspace.version,
            started_at=now,
        )
        timings = self._timings(identity, now, SLOWER_MS if SLOW in names else 0.0)
        if made.response is None:
            return replace(made, timings=None)
        if self.weather is not None:
            return self._lived(replace(made, timings=timings), now)
        return replace(made, timings=timings)

    def close(self) -> None:
        """There is nothing open."""

    def heal(self) -> None:
        """Let nothing be wrong."""
        self.faults.clear()

    def _tape(self, now: datetime) -> Tape:
        # To and fro, so that objects come and go and none jump.
        period = max(1, 2 * len(self.tapes) - 2)
        at = (self.offset + (now - self.began) // timedelta(hours=1)) % period
        return self.tapes[min(at, period - at)]

    def _timings(self, identity: str, now: datetime, more: float) -> Timings:
        usual = MEDIANS.get(identity, MEDIAN_SECONDS) * 1e3
        usual *= 1 + DAILY * math.sin((now.hour + now.minute / 60 - 6) / 24 * math.tau)
        usual *= WEEKEND if now.weekday() > 4 else 1.0
        took = usual * self.chance.lognormvariate(0.0, SPREAD)
        if self.chance.random() < STRAY:
            took *= self.chance.uniform(3, 12)
        took += more
        return Timings(total_ms=took + 30, first_byte_ms=took + 28, server_ms=took)

    def _lived(self, made: Exchange, now: datetime) -> Exchange:
        response, chance = made.response, self.chance
        assert response is not None
        assert self.weather is not None
        is_bad = self.weather.is_bad(self.workspace.region, now)
        if chance.random() < (WOBBLING if is_bad else BLIPS):
            return self._broken(made)
        age = now - self.began
        document = self._edited(response.document, age)
        headers = {**response.headers, "x-intercom-version": f"{age // DEPLOYMENTS:040x}"}
        body = json.dumps(document).encode()
        return replace(
            made,
            response=replace(response, headers=Headers(headers), body=body, document=document),
        )

    def _broken(self, made: Exchange) -> Exchange:
        self.broken += 1
        kinds = (FailureKind.READ_TIMEOUT, FailureKind.RESET, FailureKind.TRUNCATED)
        if self.chance.random() < 0.5:
            failure = TransportFailure(kind=self.chance.choice(kinds), detail="")
            return replace(made, response=None, failure=failure, timings=None)
        assert made.response is not None
        body = self.chance.choice(BODIES)
        headers = Headers({"content-type": "text/html", "server": "awselb/2.0"})
        status = self.chance.choice((500, 502, 503, 504))
        return replace(made, response=Response.of(status, headers, body.encode()))

    def _edited(self, document: Any, age: timedelta) -> Any:
        """Return a copy with what is new by now, and with what customers made of it."""
        if isinstance(document, list):
            return [self._edited(item, age) for item in document]
        if not isinstance(document, dict):
            return document
        chance = self.chance
        copied = {key: self._edited(value, age) for key, value in document.items()}
        if "id" in copied:
            for number in range(age // NEWS):
                share = min(1.0, (age - (number + 1) * NEWS) / ROLLOUT)
                if chance.random() < share:
                    copied[f"added_{number}"] = number if number % 2 else "new"
        for key in ENUMS & copied.keys():
            if age > NEWS and chance.random() < 0.05:
                copied[key] = f"new_{chance.randrange(age // NEWS)}"
        key, late, share = DRIFT
        if key in copied and age > late and chance.random() < share:
            copied[key] = "unheard_of"
        for key in EDITED & copied.keys():
            if isinstance(copied[key], str) and chance.random() < 0.05:
                copied[key] = f"edited {chance.randrange(100)}"
        own = copied.get("custom_attributes")
        if isinstance(own, dict):
            for key in list(own):
                if chance.random() < 0.2:
                    own[key] = chance.choice([None, 3, "text", True])
                elif chance.random() < 0.1:
                    del own[key]
            if chance.random() < 0.3:
                own[f"own_{chance.randrange(20)}"] = chance.choice([1, "text", True, None])
        return copied
