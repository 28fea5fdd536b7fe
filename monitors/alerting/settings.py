"""What the configuration says of alerting (the `alerting:` section)."""

import re
from datetime import time, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from monitors.alerting.matchers import Matcher, parse_matcher
from monitors.alerting.notifiers.settings import Notifiers
from monitors.alerting.reminding import Reminders
from monitors.alerting.routes import Route
from monitors.alerting.silences import Maintenance, Window
from monitors.settings import Duration

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_GROUPS: Final = {"@here": "<!here>", "@channel": "<!channel>", "@everyone": "<!everyone>"}
_MEMBER: Final = re.compile(r"[UW][A-Z0-9]{6,}")
_GROUP: Final = re.compile(r"S[A-Z0-9]{6,}")


def _read_matcher(written: object) -> object:
    if isinstance(written, str):
        return parse_matcher(written)
    raise ValueError('write a matcher such as severity="critical"')


def _read_clock(written: object) -> object:
    match = _CLOCK.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError('write a time of day in quotes, such as "22:30"')
    return time(int(match[1]), int(match[2]))


def _read_zone(written: object) -> object:
    try:
        return ZoneInfo(str(written))
    except (KeyError, ValueError, OSError):
        raise ValueError("write a time zone such as UTC or Europe/Dublin") from None


def _read_day(written: object) -> object:
    if written in _DAYS:
        return _DAYS.index(str(written))
    raise ValueError(f"write a day: {', '.join(_DAYS)}")


def _read_mention(written: object) -> object:
    """Turn `@here`, a member's id (U…) or a user group's (S…) into what Slack takes."""
    name = str(written)
    if name in _GROUPS:
        return _GROUPS[name]
    if _MEMBER.fullmatch(name):
        return f"<@{name}>"
    if _GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    raise ValueError("write @here, @channel, or the id of a member (U…) or user group (S…)")


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
    )


_TEXT: Final = WithJsonSchema({"type": "string"})
TimeOfDay = Annotated[time, BeforeValidator(_read_clock), _TEXT]
Zone = Annotated[ZoneInfo, BeforeValidator(_read_zone), _TEXT]
Day = Annotated[int, BeforeValidator(_read_day), WithJsonSchema({"enum": list(_DAYS)})]
Matchers = list[Annotated[Matcher, BeforeValidator(_read_matcher), _TEXT]]
Channels = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Mentions = list[Annotated[str, BeforeValidator(_read_mention)]]


class WindowSection(_Section):
    """A span that comes again, in Gatus's words: `{start: "22:00", duration: 9h}`."""

    start: TimeOfDay
    """When it begins, in quotes: `"22:30"`."""
    duration: Annotated[Duration, Field(le=timedelta(days=1))]
    """How long it lasts, at most a day: `9h`."""
    timezone: Zone = ZoneInfo("UTC")
    """The zone of `start`, such as Europe/Dublin."""
    every: list[Day] = Field(default_factory=lambda: list(range(7)))
    """The days it begins on; every day where it is left out."""

    def window(self) -> Window:
        """Return what it says."""
        return Window(
            start=self.start,
            duration=self.duration,
            zone=self.timezone,
            days=frozenset(self.every),
        )


class MaintenanceSection(WindowSection):
    """A window in which nothing is told of the incidents that all its matchers cover."""

    matchers: Matchers = []
    """What it is about, such as `workspace="prod"`; everything where there are none."""


class RouteSection(_Section):
    """Where the incidents go that its matchers concern."""

    matchers: Matchers = []
    """What it is about, such as `severity="critical"`; everything where there are none."""
    to: Channels
    """The channels that hear of it."""
    mentions: Mentions = []
    """Who is called: @here, @channel, the id of a member (U…) or of a user group (S…)."""
    quiet_hours: WindowSection | None = None
    """When what is less than critical waits for their end."""
    continue_: bool = False
    """Whether the routes after it are asked too."""

    def route(self) -> Route:
        """Return what it says."""
        return Route(
            to=tuple(self.to),
            matchers=tuple(self.matchers),
            mentions=tuple(self.mentions),
            quiet_hours=self.quiet_hours.window() if self.quiet_hours else None,
            goes_on=self.continue_,
        )


class DigestSection(_Section):
    """What can wait, as one message: `{every: week, day: Monday, at: "09:00"}`."""

    every: Literal["day", "week"] = "week"
    """How often; nothing is sent where there is nothing to say."""
    day: Day = 0
    """The day of a weekly one."""
    at: TimeOfDay = time(9, 0)
    """When, in quotes: `"09:00"`."""
    timezone: Zone = ZoneInfo("UTC")
    """The zone of `at`, such as Europe/Dublin."""
    to: list[Annotated[str, Field(min_length=1)]] = []
    """The channels that get it; where there are none, those of what no route concerns."""


class AlertingSettings(_Section):
    """The `alerting:` section of `intercheck.yaml`."""

    routes: list[RouteSection] = []
    """The first that concerns an incident decides; what none concerns goes to the channel of the
    `slack:` section."""
    notifiers: Notifiers = {}
    """Where messages go beside Slack, by the name that `to:` of a route uses. One that no route
    names hears what no route concerns."""
    fallback: Annotated[str, Field(min_length=1)] | None = None
    """The notifier (or Slack channel) that is told what another channel refuses until somebody
    mends it: the token was revoked, the channel is gone. It hears nothing else, unless a route
    names it."""
    mentions: Mentions = []
    """Of what no route concerns."""
    quiet_hours: WindowSection | None = None
    """Of what no route concerns: what is less than critical waits for their end."""
    maintenance: list[MaintenanceSection] = []
    """When trouble is expected, and nothing is told of it unless it outlasts the window."""
    minimum_reminder_interval: Annotated[Duration, Field(ge=timedelta(minutes=5))] | None = (
        timedelta(days=1)
    )
    """How often it is said again, in its thread, that something is open and nobody's; `null` for
    never."""
    reminders_in_channel: bool = False
    """Whether the channel shows reminders too."""
    digest: DigestSection | None = DigestSection()
    """New fields and values, announced ends, small shifts, what is not measured, accepted
    deviations that end soon; `null` for none."""
    maintenance_from_status_page: bool = True
    """Whether what is announced on the status page (`monitoring: status-url:`) counts as
    maintenance for what it can bring about: errors, timeouts, slowness."""
    report_url: str | None = None
    """Where the report can be read; linked in every message."""

    def reminders(self) -> Reminders | None:
        """Return how what stays open is said again."""
        every = self.minimum_reminder_interval
        return Reminders(every=every, in_channel=self.reminders_in_channel) if every else None

    def maintenance_windows(self) -> tuple[Maintenance, ...]:
        """Return the windows in which nothing is told."""
        return tuple(
            Maintenance(window=one.window(), matchers=tuple(one.matchers))
            for one in self.maintenance
        )
