"""Draw the pictures in docs/alerts/: `python tests/pictures/alerts.py [NAME…]`.

Each is the stand-in's channel page after one scene, as a headless Chromium shows it.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import scenes
from playwright.sync_api import Browser, sync_playwright

from monitors.history import History
from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn

OUT: Final = Path(__file__).parents[2] / "docs" / "alerts"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
WIDTH: Final = 860  # pixels: a channel beside its list on a laptop
_ALONE: Final = (
    "aside, footer { display: none } body { display: block }"
    "main, .feed { display: block; height: auto; overflow: visible }"
    "main > header { display: none }"
)
"""The messages alone: the picture is of them, not of Slack."""


def draw(browser: Browser, name: str, html: str) -> Path:
    """Draw one page; the picture is as high as its messages."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 200})
    page.set_content(html)
    page.add_style_tag(content=_ALONE)
    path = OUT / f"{name}.png"
    page.locator("main").screenshot(path=path)
    page.close()
    return path


def main(names: list[str]) -> None:
    """Draw all pictures, or those named."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    OUT.mkdir(exist_ok=True)
    every = {**scenes.SCENES, **scenes.WEBHOOK_SCENES}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, scene in every.items():
            if names and name not in names:
                continue
            clock = VirtualClock()
            with (
                TemporaryDirectory() as folder,
                SlackStandIn(clock) as slack,
                History.open(f"sqlite:///{folder}/history.sqlite", clock=clock) as history,
            ):
                webhook = name in scenes.WEBHOOK_SCENES
                scene(scenes.stage(slack, clock, history, webhook=webhook))
                path = draw(browser, name, slack.page())
            sys.stdout.write(f"{path}  {path.stat().st_size // 1000} kB\n")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
