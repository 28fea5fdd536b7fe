"""The page in a real browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reports.summaries import Summary
from reports.writing import write_reports

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but the page: no update checks, no field trials, no background traffic.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"needs one of {', '.join(BROWSERS)} on the PATH"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI has to provide it")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """An open page, and what went on in it."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def visiting(browser: Browser, path: Path, *, dark: bool = False) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light"
    )
    visit = Visit(page=context.new_page())
    visit.page.on("pageerror", lambda error: visit.troubles.append(str(error)))
    visit.page.on(
        "console",
        lambda message: (
            visit.troubles.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    visit.page.on("dialog", lambda dialog: visit.troubles.append(f"dialog: {dialog.message}"))
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.goto(path.as_uri())
    yield visit
    context.close()


def test_the_page_opens_without_an_error_and_without_the_network(
    browser: Browser, summary: Summary, tmp_path: Path
) -> None:
    (path,) = write_reports(summary, ["html"], tmp_path)
    with visiting(browser, path) as visit:
        assert visit.page.inner_text("h1") == summary.headline
        assert visit.page.locator(".incident").count() == 2
        assert visit.page.locator(".matrix tbody tr").count() == 30
        assert visit.requests == [path.as_uri()]
        assert visit.troubles == []


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_runs_over_the_edge(
    browser: Browser, summary: Summary, tmp_path: Path, dark: bool
) -> None:
    (path,) = write_reports(summary, ["html"], tmp_path)
    with visiting(browser, path, dark=dark) as visit:
        for width in (1280, 390):
            visit.page.set_viewport_size({"width": width, "height": 900})
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width


def test_on_a_phone_words_have_the_whole_width_and_the_timeline_can_be_read(
    browser: Browser, summary: Summary, tmp_path: Path
) -> None:
    (path,) = write_reports(summary, ["html"], tmp_path)
    with visiting(browser, path) as visit:
        visit.page.set_viewport_size({"width": 400, "height": 900})
        visit.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        widths = visit.page.evaluate(
            "[...document.querySelectorAll('.stacked td')].map(one => one.offsetWidth)"
        )
        assert min(widths) > 300
        scrolled = "[...document.querySelectorAll('.scroll:has(.stacked)')]"
        assert visit.page.evaluate(f"{scrolled}.every(one => one.scrollWidth == one.clientWidth)")
        letters = visit.page.evaluate(
            "document.querySelector('.narrow .timeline text').getBoundingClientRect().height"
        )
        assert letters >= 10
        cut = visit.page.evaluate(
            """[...document.querySelectorAll('.narrow text')].filter(one => {
                const [word, drawing] = [one, one.closest('svg')].map(it =>
                    it.getBoundingClientRect());
                return word.left < drawing.left - 1 || word.right > drawing.right + 1;
            }).map(one => one.textContent)"""
        )
        assert cut == []


def test_the_chart_is_drawn_when_it_is_opened(
    browser: Browser, summary: Summary, tmp_path: Path
) -> None:
    (path,) = write_reports(summary, ["html"], tmp_path)
    with visiting(browser, path) as visit:
        visit.page.click("#chart summary")
        visit.page.wait_for_selector("#chart-plot .scatterlayer .trace")
        assert visit.page.locator("#chart-plot .scatterlayer .trace").count() == 2
        visit.page.select_option("#chart-probe", index=3)
        library = (tmp_path / "plotly.min.js").as_uri()
        assert visit.requests == [path.as_uri(), library]
        assert visit.troubles == []


def test_a_page_without_the_library_beside_it_says_so(
    browser: Browser, summary: Summary, tmp_path: Path
) -> None:
    (path,) = write_reports(summary, ["html"], tmp_path)
    alone = tmp_path / "mailed" / "report.html"
    alone.parent.mkdir()
    alone.write_bytes(path.read_bytes())
    with visiting(browser, alone) as visit:
        visit.page.click("#chart summary")
        visit.page.wait_for_function(
            "document.getElementById('chart-plot').textContent.includes('beside this page')"
        )
        assert visit.page.locator("#chart-plot .scatterlayer").count() == 0


def test_hostile_words_are_shown_and_not_run(
    browser: Browser, summary: Summary, tmp_path: Path
) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    episode = summary.open[0]
    sight = replace(episode.incident.finding, message=hostile)
    workspace = replace(summary.workspaces[0], name=hostile)
    changed = replace(
        summary,
        open=(replace(episode, incident=replace(episode.incident, finding=sight)),),
        workspaces=(workspace,),
    )
    (path,) = write_reports(changed, ["html"], tmp_path)
    with visiting(browser, path) as visit:
        assert visit.page.inner_text(".incident h3") == hostile
        first = visit.page.text_content("#chart-probe option:first-child")
        assert first is not None
        assert first.startswith(hostile)
        assert visit.requests == [path.as_uri()]
        assert visit.troubles == []
