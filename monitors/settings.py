"""What the configuration says of probing and alerting (the `monitoring:` section)."""

import difflib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
)

from contracts.budget import RESERVE
from contracts.objectives import read_span
from contracts.rules import RULES, Rule
from monitors.policies import Policy, policy_for

CALLS_PER_MINUTE: Final = 10_000
"""What Intercom allows an app where it has not agreed on more (developers.intercom.com, rate
limiting)."""

OFF: Final = "off"
"""What is written for no status page."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds
_DURATION: Final = re.compile(r"([1-9]\d{0,5})([smhd])\Z")


def read_duration(written: object) -> object:
    """Read `30s`, `5m`, `1h` or `7d`; ValueError for anything that is no duration."""
    if isinstance(written, timedelta):
        return written
    match = _DURATION.match(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError("write a duration such as 30s, 5m, 1h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def write_duration(span: timedelta) -> str:
    """Write a duration as `read_duration` reads it, in the largest unit that fits."""
    seconds = int(span.total_seconds())
    unit = max(
        (unit for unit, size in _UNITS.items() if seconds % size == 0),
        key=lambda unit: _UNITS[unit],
    )
    return f"{seconds // _UNITS[unit]}{unit}"


Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,5}[smhd]$"}),
]
"""A span of time as people write it."""


def _response_time(written: object) -> object:
    span = written if isinstance(written, timedelta) else read_span(written)
    if span is None or isinstance(written, (int, float)):
        raise ValueError("write a duration such as 800ms or 10s")
    return span


ResponseTime = Annotated[
    timedelta,
    BeforeValidator(_response_time),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m)$"}),
]
"""How long an answer may take, as people write it."""


def _url(written: str) -> str:
    try:
        parts = urlsplit(written)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole URL such as https://example.com/")
    return written


Url = Annotated[str, AfterValidator(_url)]
"""A URL that can be asked: one that cannot would look like a network that is down."""


def _url_or_off(written: object) -> object:
    # YAML reads an unquoted `off` as false.
    if written is False or written == OFF:
        return OFF
    try:
        return _url(written) if isinstance(written, str) else written
    except ValueError as error:
        raise ValueError(f"{error}, or `{OFF}`") from None


UrlOrOff = Annotated[str, BeforeValidator(_url_or_off), WithJsonSchema({"type": "string"})]
"""A URL that can be asked, or `off`."""


class RulePolicy(BaseModel):
    """When incidents of one rule open and end, where that differs from all others."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    at_once: bool | None = None
    """Whether one confirmed sight opens an incident; the rule's own way where it is left out."""
    failure_threshold: Annotated[int, Field(ge=1, le=100)] | None = None
    """Sights that open one: in a row, or of the latest `out-of` observations."""
    out_of: Annotated[int, Field(ge=1, le=100)] | None = None
    """The latest observations that `failure-threshold` counts in."""
    failure_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the latest `rate-window` observations that opens one; 1 for never."""
    rate_window: Annotated[int, Field(ge=2, le=100)] | None = None
    """Observations that the share is taken of."""
    success_threshold: Annotated[int, Field(ge=1)] | None = None
    """Healthy observations in a row before it is resolved."""
    keep_firing_for: Duration | None = None
    """How long it has not been seen, before it is resolved."""

    def policy(self, usual: Policy) -> Policy:
        """Return the usual policy with what is said here."""
        return replace(usual, **self.model_dump(exclude_none=True))


def _read_rule(written: object) -> object:
    if written in RULES:
        return written
    near = difflib.get_close_matches(str(written), RULES, n=1, cutoff=0.5)
    hint = f"the nearest is `{near[0]}`" if near else "`intercheck rules` lists them"
    raise ValueError(f"there is no rule {written!r}: {hint}")


RuleName = Annotated[str, BeforeValidator(_read_rule), WithJsonSchema({"type": "string"})]


class MonitorSettings(BaseModel):
    """The `monitoring:` section of `intercheck.yaml`; durations as `30s`, `5m`, `1h`, `7d`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    failure_threshold: Annotated[int, Field(ge=1, le=100)] = 3
    """Sights in a row before something that may be a blip opens an incident."""
    success_threshold: Annotated[int, Field(ge=1)] = 2
    """Healthy observations in a row before an incident is resolved."""
    rules: dict[RuleName, RulePolicy] = {}
    """By a rule's name, when its incidents open and end."""
    connect_timeout: Duration = timedelta(seconds=5)
    """How long a connection to Intercom may take to stand."""
    read_timeout: Duration = timedelta(seconds=30)
    """How long Intercom may say nothing before it counts as a timeout."""
    maximum_response_time: ResponseTime = timedelta(seconds=10)
    """How long an answer may take (`800ms`, `10s`), whatever is usual; a probe may have its own.
    The default is a third of `read-timeout`, eleven times the slowest recorded live answer."""
    probes: Path | None = None
    """A file of probes of the user's own, in the form of the packaged `probes.yaml`."""
    workspaces_at_a_time: Annotated[int, Field(ge=1, le=64)] = 4
    """Intercom workspaces that are asked in parallel; each is asked one thing after another."""
    rate_limit: Annotated[int, Field(ge=1)] = CALLS_PER_MINUTE
    """Calls a minute that Intercom allows your app; a schedule has to fit into what `rate-reserve`
    leaves of it."""
    rate_reserve: Annotated[float, Field(ge=0, lt=1)] = RESERVE
    """Share of the rate limit that is left to your own application."""
    confirmation_requests: Annotated[int, Field(ge=0, le=20)] = 6
    """Requests a pass may add for one workspace to confirm what it saw."""
    status_url: UrlOrOff | None = None
    """A status page as JSON (`/api/v2/summary.json`), asked while something is down, within
    `confirmation-requests`. Default: Intercom's own, where Intercom's own hosts are asked; `off`
    asks none."""
    control_url: Url | None = None
    """Any URL outside that is up whenever your network is, asked while something is down: it tells
    your network from Intercom. Default: none; the status page then has to do."""
    region_urls: dict[Literal["us", "eu", "au"], Url] = {}
    """The hosts of the other regions, for sandboxes: a token that a regional host refuses is shown
    to them. Default: Intercom's own, where Intercom's own hosts are asked."""
    retention: Annotated[Duration, Field(ge=timedelta(days=1))] = timedelta(days=90)
    """How long passes and resolved incidents are kept."""
    heartbeat_url: SecretStr | None = None
    """A dead-man ping URL (healthchecks.io's protocol), pinged while the monitor is alive."""
    heartbeat_url_file: Path | None = None
    """A file that holds it."""

    def policy(self, rule: Rule, *, is_partial: bool = False) -> Policy:
        """Return when trouble of a rule is told and over; `is_partial` as `policy_for` has it."""
        usual = policy_for(
            rule,
            failure_threshold=self.failure_threshold,
            success_threshold=self.success_threshold,
            is_partial=is_partial,
        )
        own = self.rules.get(rule.name)
        return own.policy(usual) if own else usual
