"""What the configuration says of notifiers (`alerting: notifiers:`), by the name routes use."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from monitors.alerting.notifiers import alertmanager, pagerduty, webhook
from monitors.settings import Duration

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_ADDRESS: Final = re.compile(r"https?://[^/\s]+\S*")
_EMAIL: Final = re.compile(r"[^\r\n]*[^@\s]+@[^@\s]+")


def _matching(pattern: re.Pattern[str], remedy: str) -> AfterValidator:
    def check(written: str | SecretStr) -> str | SecretStr:
        text = written.get_secret_value() if isinstance(written, SecretStr) else written
        if pattern.fullmatch(text) is None:
            raise ValueError(remedy)
        return written

    return AfterValidator(check)


# A Slack channel begins with `#`, so that a route can tell which is meant.
Name = Annotated[str, _matching(_NAME, "name it in small letters, digits and dashes")]
Address = Annotated[str, _matching(_ADDRESS, "write an address such as https://alerts.example")]
SecretAddress = Annotated[SecretStr, _matching(_ADDRESS, "write an address (https://…)")]
Email = Annotated[str, _matching(_EMAIL, "write an address such as oncall@example.com")]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: {"sender": "from"}.get(name, name.replace("_", "-")),
    )


class AlertmanagerSection(_Section):
    """Alertmanager's v2 API."""

    type: Literal["alertmanager"]
    """Alertmanager: one alert for each Intercom workspace of an incident."""
    url: Address
    """Where it is, such as http://alertmanager:9093."""
    authorization: SecretStr | None = None
    """The Authorization header, where a proxy asks for one: `Bearer ${TOKEN}`."""
    authorization_file: Path | None = None
    """A file that holds the Authorization header."""
    labels: dict[str, str] = {}
    """Labels to add to every alert, for your routes: `{team: integrations}`."""
    lifetime: Annotated[Duration, Field(ge=timedelta(minutes=5))] = alertmanager.LIFETIME
    """How long an alert stands after it was last sent; longer than the time between two passes."""


class PagerDutySection(_Section):
    """PagerDuty's Events API v2."""

    type: Literal["pagerduty"]
    """PagerDuty: an incident is one alert there."""
    routing_key: SecretStr | None = None
    """The integration key of the service, best as `${PAGERDUTY_ROUTING_KEY}`."""
    routing_key_file: Path | None = None
    """A file that holds the integration key."""
    base_url: Address = pagerduty.BASE_URL
    """The Events API's host; https://events.eu.pagerduty.com for accounts in the EU."""


class WebhookSection(_Section):
    """A webhook of one's own."""

    type: Literal["webhook"]
    """CloudEvents 1.0 as JSON, by POST."""
    url: SecretAddress | None = None
    """Where events go, best as `${…}` where the address itself is a secret."""
    url_file: Path | None = None
    """A file that holds the address."""
    secret: SecretStr | None = None
    """With it each request is signed (Standard Webhooks, HMAC-SHA256)."""
    secret_file: Path | None = None
    """A file that holds the secret."""
    source: Annotated[str, Field(min_length=1)] = webhook.SOURCE
    """The event's `source`, a URI reference: which intercheck it comes from."""


class EmailSection(_Section):
    """Mail by SMTP."""

    type: Literal["email"]
    """Mail: one thread for each incident."""
    host: Annotated[str, Field(min_length=1)]
    """The SMTP server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port: 587 for submission, 465 for TLS from the start."""
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` refuses a server that does not offer it."""
    username: str | None = None
    """Where the server wants one."""
    password: SecretStr | None = None
    """Its password, best as `${SMTP_PASSWORD}`."""
    password_file: Path | None = None
    """A file that holds the password."""
    sender: Email
    """The sender's address."""
    to: Annotated[list[Email], Field(min_length=1)]
    """Who gets the mails."""


class StdoutSection(_Section):
    """Standard output."""

    type: Literal["stdout"]
    """One line for each message; on stderr where the command prints JSON."""


NotifierSection = Annotated[
    AlertmanagerSection | PagerDutySection | WebhookSection | EmailSection | StdoutSection,
    Field(discriminator="type"),
]
Notifiers = dict[Name, NotifierSection]
