"""Words for a message: escaped, folded, short enough; moments and durations as people say them.

Slack reads `&`, `<` and `>` as markup (https://docs.slack.dev/messaging/formatting-message-text);
whatever comes from outside passes through `escape` or `code` exactly once.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CUT: Final = "…"


def escape(text: str, limit: int) -> str:
    """Return `text` on one line, escaped, in at most `limit` characters.

    Pairs of backticks stay the code they mean; an odd one would turn the rest of the line into it.
    """
    pieces: list[str] = []
    length = 0
    # Bounded before the work, not after: a message may come from a body of any size.
    for character in _one_line(text[: limit * 2]):
        piece = _ENTITIES.get(character, character)
        if length + len(piece) > limit - len(_CUT):
            pieces.append(_CUT)
            break
        pieces.append(piece)
        length += len(piece)
    escaped = "".join(pieces)
    return escaped.replace("`", "'") if escaped.count("`") % 2 else escaped


def code(text: str, limit: int) -> str:
    """Return `text` as inline code in at most `limit` characters; no text stays no code."""
    inside = escape(text.replace("`", "'"), limit - 2)
    return f"`{inside}`" if inside else "-"


def _one_line(text: str) -> str:
    """Drop what Slack cannot take (lone surrogates, controls) and collapse white space."""
    clean = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in clean).split())


def fold(items: Sequence[str], limit: int) -> str:
    """Join ready pieces with commas; of a long list the first `limit`, `and 24 more`."""
    shown = ", ".join(items[:limit])
    rest = len(items) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def count(number: int, noun: str) -> str:
    """Return `1 answer`, `2 answers`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(span: timedelta) -> str:
    """Return the two largest units, such as `2 hours 5 minutes`; never negative."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return count(seconds, "second")
    parts: list[str] = []
    for noun, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(count(number, noun))
    return " ".join(parts[:2])


def moment(at: datetime) -> str:
    """Return a moment that each reader's Slack shows in their own time zone."""
    return (
        f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{at:%Y-%m-%d %H:%M} UTC>"
    )


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago, kept true by Slack while the message stands."""
    return f"<!date^{int(at.timestamp())}^{{ago}}|{duration(now - at)} ago>"


_DATE: Final = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_LINK: Final = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
_MENTION: Final = re.compile(r"\s*<[@!#][^>]*>")
_EMOJI: Final = re.compile(r"(?:^|(?<=\s)):[a-z0-9_+-]+: ?", re.MULTILINE)
_BOLD: Final = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")


def plain(text: str) -> str:
    """Return what we wrote for Slack as plain text: no markup, no mentions, dates in UTC."""
    text = _LINK.sub(r"\2: \1", _DATE.sub(r"\1", text))
    text = _BOLD.sub(r"\1", _EMOJI.sub("", _MENTION.sub("", text)))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
