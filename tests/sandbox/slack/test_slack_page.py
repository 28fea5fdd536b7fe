"""The channel's page: what people would see, and nothing a message could smuggle in."""

import urllib.request
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from slack_sdk import WebClient

from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn
from sandbox.slack.mrkdwn import to_html

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MADE = {"strong", "em", "s", "code", "pre", "a", "span", "time", "br", "blockquote"}


class Tags(HTMLParser):
    """Collects every element and attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(
    ("mrkdwn", "html"),
    [
        ("*bold* and _it_ and ~no~", "<strong>bold</strong> and <em>it</em> and <s>no</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`a*b*` *`c`*", "<code>a*b*</code> <strong><code>c</code></strong>"),
        ("```\nx &lt; 1\n```", "<pre>x &lt; 1</pre>"),
        (
            "<https://a.example/?b=1&amp;c|text>",
            '<a href="https://a.example/?b=1&amp;c" rel="noreferrer">text</a>',
        ),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<!here> <@U1>", '<span class="mention">@here</span> <span class="mention">@U1</span>'),
        ("&amp;lt; &lt;b&gt;", "&amp;lt; &lt;b&gt;"),
        ("one\ntwo", "one<br>two"),
        (":red_circle: :unknown:", '<span class="dot red" title=":red_circle:"></span> :unknown:'),
        ("&gt; said\nanswer", "<blockquote>said</blockquote>answer"),
    ],
)
def test_mrkdwn_is_shown_as_slack_shows_it(mrkdwn: str, html: str) -> None:
    assert to_html(mrkdwn, now=NOW) == html


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("{date_num} {time}", "2026-03-02 09:00"),
        ("{date_short_pretty} at {time}", "today at 09:00"),
        ("{date_long}", "Monday, March 2nd, 2026"),
        ("{ago}", "30 minutes ago"),
    ],
)
def test_dates_are_shown_in_the_form_the_message_asks_for(token: str, shown: str) -> None:
    seconds = int((NOW - timedelta(minutes=30)).timestamp())
    html = to_html(f"<!date^{seconds}^{token}|fallback>", now=NOW)
    assert html == f'<time title="UTC">{shown}</time>'


def test_a_date_that_is_none_shows_its_fallback() -> None:
    assert "some day" in to_html("<!date^soon^{date}|some day>", now=NOW)


@example("<|label>")
@given(st.text() | st.text(alphabet="<>&*_~`:!|^\n\"'/=ab@#"))
def test_a_message_brings_no_element_of_its_own(text: str) -> None:
    seen = Tags(str(to_html(text, now=NOW)))
    assert seen.names <= MADE
    assert all(
        name in {"class", "title", "rel"}
        or (name == "href" and str(value).startswith(("http", "mailto:")))
        for name, value in seen.attributes
    )


def test_the_page_shows_the_channel_and_is_one_file(client: WebClient, slack: SlackStandIn) -> None:
    said = client.chat_postMessage(
        channel="#intercom-alerts",
        text=":red_circle: *Down*",
        attachments=[
            {
                "color": "#d7263d",
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "A header"}},
                    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Since*\nnoon"}]},
                    {"type": "divider"},
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
                    {
                        "type": "actions",
                        "elements": [
                            {
                                "type": "button",
                                "style": "danger",
                                "url": "javascript:alert(1)",
                                "text": {"type": "plain_text", "text": "Silence"},
                            }
                        ],
                    },
                ],
            }
        ],
    )
    slack.workspace.clock.sleep(1)
    client.chat_postMessage(channel="#intercom-alerts", text="noted", thread_ts=said["ts"])
    client.chat_update(channel=said["channel"], ts=said["ts"], text="*Still* down")
    page = slack.page()
    with urllib.request.urlopen(slack.page_url) as answer:  # noqa: S310 - loopback
        assert answer.read().decode() == page
    words = Tags(page).words
    for part in (
        "# intercom-alerts",
        "general",
        "intercheck",
        "APP",
        "Today",
        "Still",
        "(edited)",
        "A header",
        "noon",
        "small",
        "Silence",
        "1 reply",
        "noted",
    ):
        assert part in words
    assert "background:#d7263d" in page
    assert "javascript:" not in page
    assert "<script" not in page
    assert "src=" not in page


def test_a_channel_can_be_empty_and_must_exist(slack: SlackStandIn) -> None:
    assert "Nothing was posted here." in slack.page("general")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{slack.page_url}-not")  # noqa: S310 - loopback


def test_markup_in_names_and_colours_stays_text(slack: SlackStandIn, client: WebClient) -> None:
    client.chat_postMessage(
        channel="#intercom-alerts",
        text="<b>bold</b>",
        attachments=[{"color": "red;}</style>", "text": "<img src=x>", "title": "<script>"}],
    )
    page = slack.page()
    assert Tags(page).names.isdisjoint({"script", "img"})
    assert "red;}" not in page


def test_each_day_has_its_heading(
    client: WebClient, slack: SlackStandIn, slack_clock: VirtualClock
) -> None:
    client.chat_postMessage(channel="#intercom-alerts", text="before")
    first = slack_clock.now()
    slack_clock.advance(timedelta(days=1))
    client.chat_postMessage(channel="#intercom-alerts", text="after")
    assert f"{first:%A}, {first.day} {first:%B}" in slack.page()
    assert "Today" in slack.page()
