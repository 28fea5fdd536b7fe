"""The notifiers that the configuration names, each with its secrets read."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import click
from pydantic import SecretStr

from contracts.clock import Clock
from contracts.errors import ConfigurationError
from contracts.workspaces import Secret
from intercheck.settings import Settings
from intercheck.tokens import read_secret
from monitors.alerting.notifiers.alertmanager import Alertmanager
from monitors.alerting.notifiers.mail import Mail
from monitors.alerting.notifiers.pagerduty import PagerDuty
from monitors.alerting.notifiers.settings import (
    AlertmanagerSection,
    EmailSection,
    NotifierSection,
    PagerDutySection,
    WebhookSection,
)
from monitors.alerting.notifiers.stdout import Stdout
from monitors.alerting.notifiers.webhook import Webhook
from monitors.records import Delivery, QueuedNotice

RESERVED: Final = "webhook"
"""What notices call the channel behind Slack's incoming webhook, whose name it does not tell."""


class Notifier(Protocol):
    """A channel that says whether it is there."""

    has_threads: bool
    takes_events: bool
    keeps_state: bool

    def send(self, queued: QueuedNotice) -> Delivery:
        """Deliver it, or raise NotificationError."""
        ...

    def check(self) -> str:
        """Return what is seen of it, without sending; NotificationError where it is not ready."""
        ...


def notifiers_of(settings: Settings, *, clock: Clock) -> dict[str, Notifier]:
    """Return the configured notifiers by name; raises ConfigurationError for one that lacks its
    secret."""
    base = settings.source.parent if settings.source else Path.cwd()
    found: dict[str, Notifier] = {}
    for name, section in settings.alerting.notifiers.items():
        where = f"`alerting: notifiers: {name}:`"
        if name == RESERVED:
            raise ConfigurationError(
                f"{where} has the name that Slack's incoming webhook goes by: choose another."
            )
        found[name] = _notifier(name, section, _Secrets(base, where), clock)
    return found


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Reads the secrets of one notifier, given as values or in files beside `base`."""

    base: Path
    where: str

    def read(self, value: SecretStr | None, path: Path | None, key: str) -> Secret | None:
        written = value.get_secret_value() if value else None
        return read_secret(written, path, self.base, f"{self.where} ({key}-file)")

    def need(self, value: SecretStr | None, path: Path | None, key: str) -> Secret:
        secret = self.read(value, path, key)
        if secret is None or not secret.reveal().strip():
            raise ConfigurationError(
                f"{self.where} lacks its `{key}`: write it as ${{…}}, or name a file with "
                f"`{key}-file:`."
            )
        return secret


def _notifier(name: str, section: NotifierSection, secrets: _Secrets, clock: Clock) -> Notifier:
    match section:
        case AlertmanagerSection():
            authorization = secrets.read(
                section.authorization, section.authorization_file, "authorization"
            )
            return Alertmanager(
                name,
                section.url,
                clock=clock,
                authorization=authorization,
                lifetime=section.lifetime,
                labels=section.labels,
            )
        case PagerDutySection():
            key = secrets.need(section.routing_key, section.routing_key_file, "routing-key")
            return PagerDuty(name, key, clock=clock, base_url=section.base_url)
        case WebhookSection():
            return Webhook(
                name,
                secrets.need(section.url, section.url_file, "url"),
                clock=clock,
                secret=secrets.read(section.secret, section.secret_file, "secret"),
                source=section.source,
            )
        case EmailSection():
            return Mail(
                name,
                clock=clock,
                host=section.host,
                port=section.port,
                sender=section.sender,
                to=section.to,
                encryption=section.encryption,
                username=section.username or "",
                password=secrets.read(section.password, section.password_file, "password"),
            )
        case _:
            return Stdout(name, sys.stderr if _prints_json() else sys.stdout, clock=clock)


def _prints_json() -> bool:
    """Whether the running command promises one JSON object on stdout and nothing else."""
    context = click.get_current_context(silent=True)
    return context is not None and context.params.get("output_format") == "json"
