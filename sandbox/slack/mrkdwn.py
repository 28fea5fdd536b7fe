"""Slack's mrkdwn as HTML.

Reference: https://docs.slack.dev/messaging/formatting-message-text. Whatever is not markup comes
out escaped, so a message cannot bring elements of its own into the page.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Final

from markupsafe import Markup

_TOKEN: Final = re.compile(
    r"```\n?(?P<block>.+?)\n?```|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>|:(?P<emoji>[a-z0-9_+-]+):",
    re.DOTALL,
)
_EMPHASIS: Final = tuple(
    (re.compile(rf"(?<![\w{mark}]){mark}(?=\S)([^{mark}\n]+?)(?<=\S){mark}(?![\w{mark}])"), tag)
    for mark, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
)
_QUOTE: Final = re.compile(r"(?:^&gt; ?.*(?:\n|\Z))+", re.MULTILINE)
_PLACE: Final = re.compile("\ue000(\\d+)\ue001")  # private use: taken out of the text beforehand

_CIRCLES: Final = {
    "red_circle": "red",
    "large_orange_circle": "orange",
    "large_yellow_circle": "yellow",
    "large_green_circle": "green",
    "large_blue_circle": "blue",
    "white_circle": "grey",
}
_DRAWN: Final = frozenset({"bell", "newspaper", "no_bell"})
"""Those that the page draws itself: not every machine has a font that does."""
_EMOJI: Final = {
    "hourglass_flowing_sand": "⏳",
    "repeat": "🔁",
    "rotating_light": "🚨",
    "test_tube": "🧪",
    "warning": "⚠️",
    "white_check_mark": "✅",
}

_DATES: Final[dict[str, Callable[[datetime], str]]] = {
    "date_num": lambda at: f"{at:%Y-%m-%d}",
    "date": lambda at: f"{at:%B} {_ordinal(at.day)}, {at:%Y}",
    "date_short": lambda at: f"{at:%b} {at.day}, {at:%Y}",
    "date_long": lambda at: f"{at:%A}, {at:%B} {_ordinal(at.day)}, {at:%Y}",
    "time": lambda at: f"{at:%H:%M}",
    "time_secs": lambda at: f"{at:%H:%M:%S}",
}
_RELATIVE: Final = {0: "today", 1: "yesterday", -1: "tomorrow"}


def to_html(text: str, *, now: datetime) -> Markup:
    """Render `text` as Slack would, in UTC, for somebody who reads it at `now`."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        html = _token(match, now)
        if html is None:
            return match.group()
        kept.append(html)
        return f"\ue000{len(kept) - 1}\ue001"

    plain = _TOKEN.sub(keep, text.replace("\ue000", "").replace("\ue001", ""))
    html = _escaped(plain)
    for pattern, tag in _EMPHASIS:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    html = _QUOTE.sub(_quote, html).replace("\n", "<br>")
    html = _PLACE.sub(lambda match: kept[int(match.group(1))], html)
    return Markup(html)  # noqa: S704 - everything that came from outside was escaped above


def emoji(text: str) -> Markup:
    """Render plain text, in which only emoji names are markup."""

    def show(match: re.Match[str]) -> str:
        return _emoji(match.group(1)) or match.group()

    html = re.sub(r":([a-z0-9_+-]+):", show, escape(text))
    return Markup(html.replace("\n", "<br>"))  # noqa: S704 - escaped above


def _escaped(text: str) -> str:
    """Escape for HTML what a sender escaped for Slack (`&`, `<` and `>` only)."""
    raw = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return escape(raw)


def _token(match: re.Match[str], now: datetime) -> str | None:
    """Return the HTML of a token, None where it is only text that looks like one."""
    if match["block"] is not None:
        return f"<pre>{_escaped(match['block'])}</pre>"
    if match["code"] is not None:
        return f"<code>{_escaped(match['code'])}</code>"
    if match["emoji"] is not None:
        return _emoji(match["emoji"])
    return _angle(match["angle"], now)


def _emoji(name: str) -> str | None:
    if name in _CIRCLES:
        return f'<span class="dot {_CIRCLES[name]}" title=":{name}:"></span>'
    if name in _DRAWN:
        return f'<span class="emoji {name}" title=":{name}:"></span>'
    return _EMOJI.get(name)


def _angle(inside: str, now: datetime) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return f'<time title="UTC">{_escaped(_date(target, label, now))}</time>'
    if target.startswith(("@", "#", "!")):
        name = label or target[1:].partition("^")[0]
        return f'<span class="mention">{_escaped(("#" if target[0] == "#" else "@") + name)}</span>'
    shown = _escaped(label or target)
    if re.match(r"(?:https?|mailto):", target):
        return f'<a href="{_escaped(target)}" rel="noreferrer">{shown}</a>'
    return _escaped(f"<{inside}>")


def _date(target: str, fallback: str, now: datetime) -> str:
    """Render `!date^SECONDS^FORMAT`; the fallback where it cannot be."""
    _, seconds, form, *_ = [*target.split("^"), "", ""]
    try:
        at = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return fallback

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "ago":
            return _ago((now - at).total_seconds())
        relative = _RELATIVE.get((now.date() - at.date()).days)
        if name.endswith("_pretty") and relative is not None:
            return relative
        show = _DATES.get(name.removesuffix("_pretty"))
        return show(at) if show else match.group()

    return re.sub(r"\{(\w+)\}", fill, form) or fallback


def _ago(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(abs(seconds) // size)
        if count:
            amount = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return "just now"


def _ordinal(day: int) -> str:
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _quote(match: re.Match[str]) -> str:
    lines = [re.sub(r"^&gt; ?", "", line) for line in match.group().rstrip("\n").split("\n")]
    return f"<blockquote>{'<br>'.join(lines)}</blockquote>"
