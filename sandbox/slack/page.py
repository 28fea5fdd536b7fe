"""A channel as people would see it: one HTML file that needs nothing else."""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from sandbox.slack import mrkdwn
from sandbox.slack.workspace import TEAM_NAME, Channel, Message, SlackWorkspace, at

DEFAULT_BAR: Final = "#dddddd"  # of an attachment that names no colour

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(workspace: SlackWorkspace, channel: Channel) -> str:
    """Return the page of one channel, its times in UTC and relative to the workspace's clock."""
    now = workspace.clock.now()

    def formatted(text: object) -> Markup:
        """A text object of Block Kit, or the plain string of a message, as HTML."""
        if isinstance(text, Mapping):
            if text.get("type") == "plain_text":
                return mrkdwn.emoji(str(text.get("text", "")))
            text = text.get("text", "")
        return mrkdwn.to_html(str(text or ""), now=now)

    messages = workspace.timeline(channel)
    template = _ENVIRONMENT.get_template("channel.html")
    return template.render(
        team=TEAM_NAME,
        channel=channel,
        channels=workspace.channels,
        days=[
            (_day(day, now), list(said))
            for day, said in groupby(messages, key=lambda message: message.posted_at.date())
        ],
        formatted=formatted,
        bar=_bar,
        clock_time=_clock_time,
    )


def _clock_time(message: Message) -> str:
    return f"{at(message.ts):%H:%M}"


def _day(day: date, now: datetime) -> str:
    if day == now.date():
        return "Today"
    return f"{day:%A}, {day.day} {day:%B}"


def _bar(attachment: Mapping[str, object]) -> str:
    """The colour of an attachment's bar; nothing else may get into a style."""
    names = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
    color = str(attachment.get("color") or "")
    digits = color.removeprefix("#")
    if color in names:
        return names[color]
    is_hex = len(digits) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in digits)
    return f"#{digits}" if is_hex else DEFAULT_BAR
