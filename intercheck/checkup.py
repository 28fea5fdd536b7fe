"""Walk from nothing to a working set-up, one step at a time.

Each step says what was seen and, where it is not done, exactly what to do. What a workspace may not
call is named with its cause (scope or plan); nothing is recorded and nothing is posted.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.errors import NotificationError
from contracts.exchanges import Exchange
from contracts.findings import Finding
from contracts.rules import Severity
from contracts.workspaces import REGIONS, Secret, Workspace
from intercheck.notifying import notifiers_of
from intercheck.settings import FILE_NAME, Settings
from intercheck.tokens import HOW_TO_GET_ONE
from monitors.alerting.readiness import Step, walk
from monitors.alerting.slack import SlackBot
from monitors.alerting.socketmode import openable
from monitors.evidence import Look
from monitors.history import History
from monitors.looking import Looker, OnVisit
from monitors.memory import Memory
from monitors.probes import CANARY, Probe
from monitors.promises import Promises
from monitors.surroundings import Surroundings

_TOKEN_RULES: Final = ("auth-token-", "auth-wrong-region", "auth-blocked", "auth-workspace-changed")
_CALL_RULES: Final = ("auth-scope-missing", "auth-plan-restricted")
_WHAT_STOPS: Final = ("rate-limit-",)
"""Families of rules that say why nothing could be asked, however severe they are."""

_STEPS: Final = (
    ("auth-wrong-region", "region"),
    ("auth-blocked", "network"),
    ("auth-", "token"),
    ("connection-", "network"),
    ("timeout", "network"),
    ("rate-limit-", "rate limit"),
    ("version-", "version"),
)
"""Which step of the set-up a family of rules is about, the narrower first."""

_OTHERWISE: Final = "Intercom"
"""The step of what is none of the set-up's: Intercom itself is in trouble."""

_OTHER_VERSION: Final = (
    "Set `version:` (or INTERCOM_VERSION) to one that Intercom has, in quotes: "
    "`intercheck spec list` names those that are published."
)
SLACK_STEPS: Final = (
    "at https://api.slack.com/apps make an app, add the bot token scopes chat:write, "
    "channels:read and channels:history, install it, invite it to a channel, and set "
    "SLACK_BOT_TOKEN and SLACK_CHANNEL (or SLACK_WEBHOOK_URL for an incoming webhook)"
)


class State(StrEnum):
    """How a step stands."""

    DONE = "done"
    MISSING = "missing"
    """Has to be done before intercheck can do its job."""
    OPTIONAL = "optional"
    """Not set up; intercheck works without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckupStep:
    """One step. `operations` are those it is about, where it is not about all."""

    name: str
    state: State
    detail: str
    remedy: str = ""
    operations: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "state": self.state.value,
            "detail": self.detail,
            "remedy": self.remedy,
            "operations": list(self.operations),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceCheckup:
    """What was seen of one workspace."""

    steps: tuple[CheckupStep, ...]
    findings: tuple[Finding, ...]
    requests: int
    answered: int


def no_token() -> CheckupStep:
    """The step of whoever has not got a token."""
    return CheckupStep(
        name="Intercom token",
        state=State.MISSING,
        detail="No Intercom token is configured.",
        remedy=f"{HOW_TO_GET_ONE[0].upper()}{HOW_TO_GET_ONE[1:]}; then set INTERCOM_ACCESS_TOKEN, "
        f"or name it in {FILE_NAME}.",
    )


def check_workspace(
    workspace: Workspace,
    *,
    probes: Sequence[Probe],
    promises: Promises,
    settings: Settings,
    clock: Clock,
    on_visit: OnVisit,
) -> WorkspaceCheckup:
    """Ask every probe once and say what the answers mean for the set-up."""
    with IntercomClient(
        workspace,
        clock=clock,
        connect_timeout=settings.monitoring.connect_timeout,
        read_timeout=settings.monitoring.read_timeout,
    ) as client:
        look = Looker(
            workspace=workspace,
            sender=client,
            promise=promises.of(workspace.version),
            known={probe.identity: probe for probe in probes},
            clock=clock,
            reserve=settings.monitoring.rate_reserve,
            most_confirmations=settings.monitoring.confirmation_requests,
            limit=settings.monitoring.maximum_response_time,
            policy=settings.monitoring.policy,
            surroundings=Surroundings(
                workspace=workspace, settings=settings.monitoring, clock=clock
            ),
            on_visit=on_visit,
        ).look(probes, Memory(workspace=workspace.name))
    return WorkspaceCheckup(
        steps=tuple(_workspace_steps(workspace, look)),
        findings=tuple(one.so_far for one in look.diagnosed),
        requests=look.requests,
        answered=sum(one.exchange.response is not None for one in look.observations),
    )


def _workspace_steps(workspace: Workspace, look: Look) -> Iterator[CheckupStep]:
    name = f"Intercom workspace {workspace.name}"
    exchanges = [one.exchange for one in look.observations]
    blocking = [
        one.finding
        for one in look.diagnosed
        if one.finding.rule.name.startswith((*_TOKEN_RULES, *_WHAT_STOPS))
        or _is_everywhere(one.finding)
    ]
    identity = _identity(exchanges)
    for finding in blocking:
        yield _from_finding(
            f"{name}: {_step_of(finding)}", finding, remedy=_remedy(finding, identity)
        )
    if identity is None and not blocking:
        yield _silent(name, look)
    if identity is not None:
        yield CheckupStep(
            name=f"{name}: token",
            state=State.DONE,
            detail=f"It works, and speaks for the app {identity.get('name') or 'without a name'} "
            f"(app-id {identity.get('id_code')}) in region {identity.get('region')}.",
        )
        yield _version_step(name, workspace, exchanges)
    for one in look.diagnosed:
        if one.finding.rule.name.startswith(_CALL_RULES):
            step = _from_finding(f"{name}: permissions", one.finding)
            yield CheckupStep(
                name=step.name,
                state=State.OPTIONAL,
                detail=step.detail,
                remedy=step.remedy,
                operations=tuple(one.operations),
            )
    if identity is None:
        return
    asked = [visit for visit in look.visits if visit.exchange is not None]
    working = [visit for visit in asked if visit.exchange and visit.exchange.is_success]
    yield CheckupStep(
        name=f"{name}: probes",
        state=State.DONE if working else State.MISSING,
        detail=f"{len(working)} of {len(look.visits)} probes answer.",
        operations=tuple(
            f"{visit.probe.operation}: {visit.why}" for visit in look.visits if visit.why
        ),
    )
    if (left := _rate_limit(exchanges)) is not None:
        yield CheckupStep(name=f"{name}: rate limit", state=State.DONE, detail=left)


def _is_everywhere(finding: Finding) -> bool:
    return finding.operation is None and finding.severity is Severity.CRITICAL


def _step_of(finding: Finding) -> str:
    rule = finding.rule.name
    return next((step for family, step in _STEPS if rule.startswith(family)), _OTHERWISE)


def _remedy(finding: Finding, identity: dict[str, Any] | None) -> str:
    """What to write where, if that is known; empty where the rule's own remedy has to do."""
    if finding.rule.name == "version-unavailable":
        return _OTHER_VERSION
    region = str((identity or {}).get("region") or "").lower()
    if finding.rule.name == "auth-wrong-region" and region in REGIONS:
        return f"Set `region: {region}` for this Intercom workspace (or INTERCOM_REGION={region})."
    return ""


def _silent(name: str, look: Look) -> CheckupStep:
    """The step of a workspace of which nothing is known, and no finding says why."""
    whys = dict.fromkeys(visit.why for visit in look.visits if visit.why)
    said = "; ".join(whys) or f"{CANARY} did not say which workspace the token speaks for"
    return CheckupStep(
        name=f"{name}: probes",
        state=State.MISSING,
        detail=f"None of {len(look.visits)} probes told anything: {said}.",
        remedy="Run `intercheck doctor` again; if it stays, `intercheck probe` records what comes.",
    )


def _from_finding(name: str, finding: Finding, *, remedy: str = "") -> CheckupStep:
    return CheckupStep(
        name=name,
        state=State.MISSING,
        detail=finding.message,
        remedy=remedy or finding.remedy or finding.rule.remedy,
    )


def _identity(exchanges: Iterable[Exchange]) -> dict[str, Any] | None:
    """Return the app that `/me` answered with."""
    for exchange in exchanges:
        if exchange.operation == CANARY and exchange.is_success and exchange.response:
            document = exchange.response.document
            app = document.get("app") if isinstance(document, dict) else None
            if isinstance(app, dict):
                return app
    return None


def _version_step(name: str, workspace: Workspace, exchanges: Iterable[Exchange]) -> CheckupStep:
    answered = {
        version
        for exchange in exchanges
        if exchange.response and (version := exchange.response.headers.get("intercom-version"))
    }
    said = f"answers as {', '.join(sorted(answered))}" if answered else "does not say its version"
    return CheckupStep(
        name=f"{name}: version",
        state=State.DONE if answered <= {workspace.version} else State.MISSING,
        detail=f"intercheck asks for {workspace.version}, and Intercom {said}.",
        remedy=""
        if answered <= {workspace.version}
        else "Set `version:` (or INTERCOM_VERSION) to what it answers, in quotes.",
    )


def _rate_limit(exchanges: Sequence[Exchange]) -> str | None:
    for exchange in reversed(exchanges):
        headers = exchange.response.headers if exchange.response else {}
        limit, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
        if limit and left:
            return f"{left} of {limit} calls were left in the window of the last answer."
    return None


def check_slack(settings: Settings, clock: Clock) -> Iterator[CheckupStep]:
    """Whether alerts would arrive; nothing is posted."""
    slack = settings.slack
    if slack is None and settings.alerting.notifiers:
        return
    if slack is None:
        yield CheckupStep(
            name="Slack",
            state=State.OPTIONAL,
            detail="No Slack is configured: findings are printed and reported, nobody is told.",
            remedy=f"{SLACK_STEPS[0].upper()}{SLACK_STEPS[1:]}.",
        )
    elif slack.token is not None:
        bot = SlackBot(slack.token, base_url=slack.base_url, clock=clock)
        identity, *own = walk(bot, slack.channel)
        yield from _slack_steps([identity, *own])
        for name in _led_to(settings) if identity.is_done else ():
            # The token was asked already; each channel is walked as the own one is.
            yield from _slack_steps(walk(bot, name)[1:], of=name, known=settings.alerting.notifiers)
        if slack.app_token is not None:
            yield _buttons_step(slack.app_token, slack.base_url)
    else:
        yield CheckupStep(
            name="Slack webhook",
            state=State.DONE,
            detail="An incoming webhook is configured; whether it works cannot be seen without "
            "posting, and its messages cannot be updated.",
        )


def _led_to(settings: Settings) -> list[str]:
    """Return the Slack channels that routes and the fallback lead to, beside the own one."""
    alerting = settings.alerting
    names = [name for route in alerting.routes for name in route.to]
    names += [alerting.fallback] if alerting.fallback else []
    own = settings.slack.channel.removeprefix("#") if settings.slack else ""
    return [
        name
        for name in dict.fromkeys(names)
        if name not in alerting.notifiers and name.removeprefix("#") != own
    ]


def _slack_steps(
    steps: Iterable[Step], *, of: str = "", known: Iterable[str] = ()
) -> Iterator[CheckupStep]:
    """Yield steps of Slack's, those of another channel than the own one with its name; it may be
    a mistyped notifier of those that are `known`."""
    near = difflib.get_close_matches(of, known, n=1) if of else []
    for step in steps:
        meant = f"If it was to be a notifier, did you mean `{near[0]}`? " if near else ""
        yield CheckupStep(
            name=f"{step.name} {of}".rstrip(),
            state=State.DONE if step.is_done else State.MISSING,
            detail=step.detail,
            remedy=step.remedy if step.is_done else f"{meant}{step.remedy}",
        )


def _buttons_step(app_token: Secret, base_url: str) -> CheckupStep:
    trouble = openable(app_token, base_url=base_url)
    return CheckupStep(
        name="Slack buttons",
        state=State.MISSING if trouble else State.DONE,
        detail=f"{trouble}." if trouble else "`intercheck serve` can listen to them.",
        remedy="At https://api.slack.com/apps choose the app: Socket Mode has to be on, and an "
        "app-level token (Basic Information) needs the scope connections:write."
        if trouble
        else "",
    )


def check_notifiers(settings: Settings, clock: Clock) -> Iterator[CheckupStep]:
    """Whether the notifiers are there, as far as that is seen without sending anything."""
    for name, notifier in notifiers_of(settings, clock=clock).items():
        try:
            state, detail, remedy = State.DONE, notifier.check(), ""
        except NotificationError as error:
            state, detail = State.MISSING, f"{error}."
            remedy = f"Mend `alerting: notifiers: {name}:`, or what it leads to."
        yield CheckupStep(name=f"Notifier {name}", state=state, detail=detail, remedy=remedy)


def check_history(settings: Settings, clock: Clock) -> CheckupStep:
    """Open the history, which creates it where there is none; raises HistoryError."""
    with History.open(settings.history_url, clock=clock) as history:
        passes = len(history.passes(1))
    scheme, _, address = settings.history_url.partition("://")
    # What follows the third slash of an SQLite URL is the path as the system has it.
    place = address[1:] if scheme.startswith("sqlite") else f"a {scheme.partition('+')[0]} server"
    return CheckupStep(
        name="History",
        state=State.DONE,
        detail=f"It is kept in {place}" + ("." if passes else ", which is empty as yet."),
    )
