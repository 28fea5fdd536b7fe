"""How times, durations and figures are written, the same in every report."""

from datetime import UTC, datetime, timedelta


def moment(at: datetime) -> str:
    """Write a time for people, in UTC, to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def duration(span: timedelta) -> str:
    """Write a duration in its two largest units."""
    seconds = int(max(span, timedelta()).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes = rest // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def number_of_ms(value: float | None) -> str:
    """Write milliseconds to the precision that matters; a dash where there is no figure."""
    if value is None:
        return "–"  # noqa: RUF001 - the dash is the figure's place
    if value >= 9_950:
        return f"{value / 1000:.0f} s"
    if value >= 995:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms"


def times(factor: float) -> str:
    """Write how many times as much: `3 times`, `1.6 times`, `12 times`."""
    return (
        f"{factor:.0f} times" if factor >= 9.95 else f"{factor:.1f}".removesuffix(".0") + " times"
    )


def share(value: float | None) -> str:
    """Write a share of 1 as per cent, never rounded up to 100."""
    if value is None:
        return "–"  # noqa: RUF001 - the dash is the figure's place
    return "100 %" if value >= 1 else f"{min(value * 100, 99.9):.1f} %"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
