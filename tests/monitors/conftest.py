"""What the tests of monitors share: exchanges as the client would have made them."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Request,
    Response,
    Timings,
    TransportFailure,
)
from contracts.workspaces import Secret, Workspace
from monitors.alerting.outbox import Channel
from monitors.alerting.slack import SlackBot
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.monitor import Monitor, PassReport
from monitors.probe_files import load_probes
from monitors.promises import Promises
from monitors.settings import MonitorSettings
from sandbox.clock import VirtualClock
from sandbox.intercom import Sandbox
from sandbox.slack import DEFAULT_CHANNEL, Message, SlackStandIn

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=5)
PROBES = load_probes()


class ExchangeFactory(Protocol):
    """Makes an exchange; `body` is JSON unless it is bytes."""

    def __call__(
        self,
        operation: str | None = "GET /tags",
        status: int = 200,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        failure: FailureKind | None = None,
        version: str | None = "2.15",
        workspace: str = "acme",
        region: str = "us",
        total_ms: float = 100.0,
        url: str | None = None,
        at: datetime = NOW,
        is_intercoms: bool = True,
    ) -> Exchange: ...


@pytest.fixture(scope="session")
def an_exchange() -> ExchangeFactory:
    """Return a factory of exchanges; answers are Intercom's own unless `is_intercoms` is False."""

    def make(
        operation: str | None = "GET /tags",
        status: int = 200,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        failure: FailureKind | None = None,
        version: str | None = "2.15",
        workspace: str = "acme",
        region: str = "us",
        total_ms: float = 100.0,
        url: str | None = None,
        at: datetime = NOW,
        is_intercoms: bool = True,
    ) -> Exchange:
        known = Operation.parse(operation) if operation else None
        own = (
            {
                "content-type": "application/json; charset=utf-8",
                "x-request-id": "002d37gmte7nhkf9o4eg",
                "intercom-version": version or "2.15",
            }
            if is_intercoms
            else {"server": "awselb/2.0", "content-type": "text/html"}
        )
        changed = {name.lower(): value for name, value in (headers or {}).items()}
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return Exchange(
            workspace=workspace,
            region=region,
            version=version,
            operation=known,
            request=Request(
                method=known.method if known else "GET",
                url=url or f"https://api.intercom.io{known.path if known else '/unknown'}",
            ),
            response=None if failure else Response.of(status, Headers({**own, **changed}), content),
            failure=TransportFailure(kind=failure, detail="") if failure else None,
            started_at=at,
            timings=Timings(total_ms=total_ms),
        )

    return make


@cache
def promises() -> Promises:
    """The embedded contract alone, compiled once for all tests."""
    return Promises(lambda version: None)


@dataclass(frozen=True)
class Stage:
    """A sandbox, a Slack and a history on one clock."""

    clock: VirtualClock
    intercom: Sandbox
    slack: SlackStandIn
    history: History

    def workspace(self, name: str = "acme", **settings: str) -> Workspace:
        token = Secret(settings.pop("token", self.intercom.token))
        return Workspace(name=name, token=token, base_url=self.intercom.url, **settings)  # type: ignore[arg-type]

    def channels(self) -> Mapping[str, Channel]:
        bot = SlackBot(Secret(self.slack.token), base_url=self.slack.url, clock=self.clock)
        return {DEFAULT_CHANNEL: bot}

    def monitor(
        self,
        *workspaces: Workspace,
        channels: Mapping[str, Channel] | None = None,
        held_to: Promises | None = None,
        settings: Mapping[str, object] | None = None,
        announcer: Announcer | None = None,
    ) -> Monitor:
        ids = itertools.count(len(self.history.passes()) * 1000)
        return Monitor(
            workspaces=workspaces or (self.workspace(),),
            probes=PROBES,
            promises=held_to or promises(),
            history=self.history,
            channels=self.channels() if channels is None else channels,
            announcer=announcer,
            clock=self.clock,
            new_id=lambda: f"id-{next(ids)}",
            settings=MonitorSettings.model_validate({"read-timeout": "5s", **(settings or {})}),
        )

    def passes(self, monitor: Monitor, number: int) -> list[PassReport]:
        reports = []
        for _ in range(number):
            self.clock.advance(BETWEEN)
            reports.append(monitor.run_pass())
        return reports

    def messages(self) -> list[Message]:
        return list(self.slack.messages(DEFAULT_CHANNEL))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    clock = VirtualClock()
    with (
        Sandbox(clock=clock, latency=False) as intercom,
        SlackStandIn(clock=clock) as slack,
        History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as history,
    ):
        yield Stage(clock, intercom, slack, history)
