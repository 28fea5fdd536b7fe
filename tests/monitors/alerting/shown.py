"""What a message shows to whoever reads it."""

from datetime import UTC, datetime

from monitors.records import (
    Notice,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def every_text(notice: Notice) -> list[str]:
    """The first line and every text of the blocks."""

    def walk(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["text"]] if isinstance(part.get("text"), str) else []
            return own + [text for value in part.values() for text in walk(value)]
        if isinstance(part, list):
            return [text for item in part for text in walk(item)]
        return []

    return [notice.text, *walk(list(notice.blocks))]


def shown(notice: Notice) -> str:
    return "\n".join(every_text(notice))
