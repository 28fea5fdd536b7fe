"""README promises pictures and files; they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)#:\s]+)\)", TEXT)))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("link", LINKS)
def test_what_the_readme_links_to_is_in_the_repository(link: str) -> None:
    assert (ROOT / link).is_file()


def test_the_first_screen_shows_the_alert_and_the_report_and_says_what_was_never_tested() -> None:
    first = "\n".join(TEXT.splitlines()[:32])
    for picture in ("docs/slack.png", "docs/report.png"):
        assert picture in first
        assert (ROOT / picture).read_bytes().startswith(PNG)
    for said in (
        "make demo",
        "make test",
        "INTERCOM_ACCESS_TOKEN",
        "Never tested against the real",
    ):
        assert said in first
