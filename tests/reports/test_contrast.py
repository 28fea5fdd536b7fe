"""The page's colours can be read: WCAG 2.2's contrast, 4.5 for text, in light and in dark."""

import re
from pathlib import Path
from typing import Final

import pytest

import reports

STYLE: Final = (Path(reports.__file__).parent / "templates" / "report.css").read_text()
READABLE: Final = 4.5
PAIRS: Final = [
    ("ink", "bg"),
    ("ink", "card"),
    ("ink", "soft"),
    ("muted", "bg"),
    ("muted", "card"),
    ("muted", "soft"),
    ("good", "card"),
    ("good", "soft"),
    ("bad", "card"),
    ("bad", "soft"),
    ("bad", "bad-soft"),
    ("warn", "warn-soft"),
    ("info", "info-soft"),
    ("none", "card"),
    ("accent", "card"),
]


def colors(theme: str) -> dict[str, str]:
    """Return the variables of a theme; dark overrides light."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", light))
    if theme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", dark.partition("}")[0]))
    return found


def luminance(color: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb`."""
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_that_the_guideline_states() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(theme: str, text: str, ground: str) -> None:
    found = colors(theme)
    assert contrast(found[text], found[ground]) >= READABLE
