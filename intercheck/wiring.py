"""Put the parts together as the settings say."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from contracts.clock import Clock, SystemClock
from contracts.errors import ConfigurationError
from contracts.findings import identify
from contracts.overlays import embedded_contract
from contracts.spec import Spec
from contracts.statuspage import STATUS_URL
from intercheck.accepting import LiveLedger, contacts_for, expiring_of, reads_for
from intercheck.notifying import RESERVED, notifiers_of
from intercheck.published import published_description
from intercheck.settings import Settings
from monitors.alerting.digest import Digest
from monitors.alerting.forecast import Forecast
from monitors.alerting.outbox import Channel
from monitors.alerting.render import Surroundings
from monitors.alerting.routes import Route
from monitors.alerting.slack import SlackBot, SlackWebhook
from monitors.alerting.telling import Announcer, eventful, stateful, threaded
from monitors.probe_files import load_probes
from monitors.probes import Probe
from monitors.promises import Promises
from monitors.settings import OFF

WEBHOOK: Final = RESERVED


def probes_of(settings: Settings, named: Spec | None = None) -> tuple[Probe, ...]:
    """Return the probes to ask, the packaged ones and the user's own, checked against the
    description that was named, else against the embedded contract."""
    contract = embedded_contract(cache_dir=settings.cache_dir)
    specs = [spec for spec in (named, contract) if spec is not None]
    return load_probes(settings.monitoring.probes, specs=specs)


def limits_of(settings: Settings, probes: Sequence[Probe]) -> dict[str, timedelta]:
    """Return how long an answer may take, by the identity of a probe's operation."""
    usual = settings.monitoring.maximum_response_time
    return {one.operation.identity: one.maximum_response_time or usual for one in probes}


def promises_of(
    settings: Settings,
    *,
    spec_dir: Path | None = None,
    named: Spec | None = None,
    clock: Clock | None = None,
) -> Promises:
    """Return what each version is held to: the description that was named, else the published one
    where there is a copy of it (nothing is downloaded), and the contract we rely on, less what the
    ledgers accept by `clock` (default: the system's)."""

    def published(version: str) -> Spec | None:
        return named or published_description(
            version, spec_dir=spec_dir or settings.spec_dir, cache_dir=settings.cache_dir
        )

    now = (clock or SystemClock()).now
    ledger = LiveLedger(settings, lambda: now().date())
    return Promises(
        published,
        cache_dir=settings.cache_dir,
        accepted=ledger.accepted,
        reads=reads_for(settings),
    )


def channels_of(settings: Settings, *, clock: Clock) -> dict[str, Channel]:
    """Return the channels that notices go to, by the name they carry; empty where nobody is told.

    Raises ConfigurationError for a route that leads nowhere.
    """
    channels: dict[str, Channel] = {**notifiers_of(settings, clock=clock)}
    routed = [name for route in settings.alerting.routes for name in route.to]
    routed += [settings.alerting.fallback] if settings.alerting.fallback else []
    elsewhere = [name for name in dict.fromkeys(routed) if name not in channels]
    slack = settings.slack
    if slack is None:
        if elsewhere:
            raise ConfigurationError(
                f"`alerting:` leads to {elsewhere[0]}, which is no notifier, and no Slack "
                "is configured: name it under `alerting: notifiers:`, or set SLACK_BOT_TOKEN."
            )
        return channels
    if slack.token is not None:
        bot = SlackBot(slack.token, base_url=slack.base_url, clock=clock)
        return {**dict.fromkeys([slack.channel, *elsewhere], bot), **channels}
    if any(name != WEBHOOK for name in elsewhere):
        raise ConfigurationError(
            "`alerting:` leads to Slack channels, and an incoming webhook has only its own:"
            f" configure a bot token (SLACK_BOT_TOKEN), or write `to: [{WEBHOOK}]`."
        )
    assert slack.webhook_url is not None  # noqa: S101 - the settings have one of the two
    return {WEBHOOK: SlackWebhook(slack.webhook_url, clock=clock), **channels}


def configuration_of(settings: Settings) -> str:
    """Return what tells this configuration from others over the same history: where it stands."""
    return identify("configuration", str(settings.source.resolve()) if settings.source else "")


def announcer_of(settings: Settings, channels: Mapping[str, Channel]) -> Announcer:
    """Return who writes the messages, as the settings say where they go."""
    alerting = settings.alerting
    routed = {name for route in alerting.routes for name in route.to} | {alerting.fallback}
    slack = settings.slack
    own = [slack.channel if slack.token else WEBHOOK] if slack else []  # a webhook has its own
    unrouted = [name for name in alerting.notifiers if name not in routed]
    quiet = alerting.quiet_hours
    return Announcer(
        channels=tuple(channels),
        threaded=threaded(channels),
        eventful=eventful(channels),
        stateful=stateful(channels),
        fallback=Route(
            to=(*own, *unrouted),
            mentions=tuple(alerting.mentions),
            quiet_hours=quiet.window() if quiet else None,
        ),
        substitute=alerting.fallback or "",
        workspaces=frozenset(one.name for one in settings.workspaces),
        routes=tuple(route.route() for route in alerting.routes),
        maintenance=alerting.maintenance_windows(),
        reminders=alerting.reminders(),
        tags=_tags(settings),
        forecast=_forecast(settings),
        digest=_digest(settings, (*own, *unrouted), channels),
        surroundings=Surroundings(report_url=alerting.report_url, contacts=contacts_for(settings)),
    )


def _digest(
    settings: Settings, unrouted: Sequence[str], channels: Mapping[str, Channel]
) -> Digest | None:
    """Return the digest; raises ConfigurationError where it is to go to nobody, or to a pager."""
    section = settings.alerting.digest
    if section is None:
        return None
    for name in section.to:
        if name not in channels or channels[name].keeps_state:
            raise ConfigurationError(
                f"`alerting: digest: to:` names {name}, which "
                + ("takes incidents only." if name in channels else "no route leads to.")
                + " Name a Slack channel of a route, or a notifier that takes messages."
            )
    to = section.to or [one for one in unrouted if not channels[one].keeps_state]
    return Digest(
        at=section.at,
        zone=section.timezone,
        day=section.day if section.every == "week" else None,
        to=tuple(to),
        expiring=lambda today: expiring_of(settings, today),
    )


def _tags(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the tags of the operations that we rely on, by identity."""
    contract = embedded_contract(cache_dir=settings.cache_dir)
    described = contract.operations if contract else ()
    return {one.operation.identity: tuple(one.tags) for one in described}


def _forecast(settings: Settings) -> Forecast | None:
    """Return what asks the status page for maintenance; Intercom's own speaks of its own hosts."""
    url = settings.monitoring.status_url
    if url is None and any(not one.base_url for one in settings.workspaces):
        url = STATUS_URL
    if url is None or url == OFF or not settings.alerting.maintenance_from_status_page:
        return None
    return Forecast(url, clock=SystemClock())
