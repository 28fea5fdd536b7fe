"""Buttons, end to end: a press on the local Slack's page, Slack's SDK, the history, the message."""

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.workspaces import Secret
from monitors.alerting import buttons
from monitors.alerting.buttons import ACCEPT, ACKNOWLEDGE, LEASE, SILENCE, Action, actions_in
from monitors.alerting.outbox import deliver
from monitors.alerting.render import Surroundings
from monitors.alerting.routes import Route
from monitors.alerting.slack import SlackBot
from monitors.alerting.socketmode import Socket, openable
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.records import Transition, TransitionKind
from monitors.responding import Responder, notice_deaf_buttons, redraw_buttons
from sandbox.clock import VirtualClock
from sandbox.slack import DEFAULT_CHANNEL, Message, SlackStandIn
from sandbox.slack.sockets import PERSON_ID

CHANNEL = f"#{DEFAULT_CHANNEL}"
PATIENCE = 10.0  # seconds of the machine; what is waited for takes hundredths


class Desk:
    """A history with one open incident, its message, and somebody who listens to its buttons."""

    def __init__(self, history: History, slack: SlackStandIn, bot: SlackBot, clock: VirtualClock):
        self.history, self.slack, self.clock = history, slack, clock
        self.channels = {CHANNEL: bot}
        self.announcer = Announcer(
            channels=(CHANNEL,),
            threaded=frozenset({CHANNEL}),
            fallback=Route(to=(CHANNEL,)),
            surroundings=Surroundings(report_url="https://ci.example/report"),
        )
        self.accepted: list[tuple[str, date, str]] = []
        self.logged: list[str] = []
        self.done = threading.Event()
        self.responder = Responder(
            history=history,
            announcer=self.announcer,
            clock=clock,
            new_id=lambda: "5i1e7ce0",
            accept=self.accept,
            answer=self.answer,
            after=self.deliver,
            log=self.log,
        )

    def accept(self, key: str, until: date, by: str) -> None:
        if until < self.clock.now().date():
            raise ConfigurationError(f"{until} is over.")
        self.accepted.append((key, until, by))

    def log(self, sentence: str) -> None:
        self.logged.append(sentence)
        if "failed" in sentence:
            self.done.set()

    def deliver(self) -> None:
        self.clock.advance(timedelta(seconds=5))
        deliver(self.history, self.channels, clock=self.clock)
        self.done.set()

    def listen(self, *, listens: bool = True) -> None:
        document = buttons.lease(self.clock.now()) if listens else None
        self.history.save_state(LEASE, "serve", document)

    def redraw(self) -> None:
        redraw_buttons(self.history, announcer=self.announcer, clock=self.clock)
        self.deliver()

    def tell(self, told: Transition) -> None:
        said = self.announcer.announce([told], ledger=self.history, now=self.clock.now())
        self.history.record(None, states=[told.incident], transitions=[told], notices=said.notices)
        self.deliver()
        self.done.clear()

    @property
    def message(self) -> Message:
        return self.slack.messages()[0]

    def elements(self) -> list[Any]:
        blocks: Any = self.message.attachments[0]["blocks"]
        return [part for one in blocks if one["type"] == "actions" for part in one["elements"]]

    def answer(self, action: Action, sentence: str) -> None:
        SlackBot.whisper(self.channels[CHANNEL], action, sentence)
        self.done.set()

    def press(self, action_id: str, value: str = "") -> None:
        """Press as the page's form does, and wait until it was dealt with."""
        form = {
            "channel": DEFAULT_CHANNEL,
            "ts": self.message.ts,
            "block_id": "intercheck:incident-1",
            "action_id": action_id,
            "value": value,
        }
        data = urllib.parse.urlencode(form).encode()
        address = self.slack.control_url.replace("/_sandbox", "/_sandbox/press")
        with urllib.request.urlopen(address, data=data) as page:  # noqa: S310 - loopback
            assert page.url == self.slack.page_url
        assert self.done.wait(PATIENCE)
        self.done.clear()


@pytest.fixture
def desk(
    tmp_path: Path,
    slack: SlackStandIn,
    bot: SlackBot,
    clock: VirtualClock,
    transition: Callable[..., Transition],
) -> Iterator[Desk]:
    with History.open(f"sqlite:///{tmp_path}/history.sqlite", clock=clock) as history:
        desk = Desk(history, slack, bot, clock)
        desk.listen()
        desk.tell(transition())
        yield desk


@pytest.fixture
def socket(desk: Desk) -> Iterator[Socket]:
    socket = Socket(
        Secret(desk.slack.app_token),
        base_url=desk.slack.url,
        on_action=desk.responder.act,
        log=desk.log,
    )
    assert socket.connect() == ""
    assert socket.is_connected
    yield socket
    socket.close()


def test_a_press_acknowledges_silences_and_accepts_and_the_message_and_its_thread_say_who(
    desk: Desk, socket: Socket
) -> None:
    assert [one["action_id"] for one in desk.elements()] == [
        ACKNOWLEDGE,
        SILENCE,
        ACCEPT,
        buttons.OPEN_REPORT,
    ]
    desk.press(ACKNOWLEDGE)
    assert "acknowledged by ann" in desk.message.text
    assert "*Acknowledged by ann*" in desk.message.replies[0].text
    assert ACKNOWLEDGE not in [one["action_id"] for one in desk.elements()]
    desk.press(SILENCE, "8h")
    assert "*Silenced for 8 hours by ann*" in desk.message.replies[1].text
    assert "*Silenced*\\nby ann, until" in str(desk.message.attachments)
    (silence,) = desk.history.documents("silence").values()
    assert silence["matchers"][1] == 'severity="critical"'
    desk.press(ACCEPT, "2026-12-24")
    (state,) = desk.history.incident_states().values()
    assert desk.accepted == [(state.key, date(2026, 12, 24), "ann")]


def test_who_presses_what_cannot_be_done_hears_why_and_nobody_else_does(
    desk: Desk, socket: Socket
) -> None:
    desk.press(ACCEPT, "2020-11-01")
    assert desk.accepted == []
    (channel,) = (one for one in desk.slack.workspace.channels if one.whispers)
    assert channel.whispers == [(PERSON_ID, "That was not done: 2020-11-01 is over.")]
    assert desk.message.replies == ()


def test_what_is_over_is_left_alone(desk: Desk, transition: Callable[..., Transition]) -> None:
    over = transition(TransitionKind.RESOLVED, 2)
    desk.history.record(None, states=[over.incident], transitions=[over])
    desk.responder.act(Action(incident_id="incident-1", verb=ACKNOWLEDGE, by="ann"))
    assert desk.logged == ["ann pressed a button in Slack of an incident that is over"]


def test_without_a_listener_there_are_no_buttons(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    assert desk.elements()
    desk.clock.advance(buttons.TERM)
    desk.tell(transition(TransitionKind.ESCALATED, 2))
    assert desk.elements() == []
    desk.listen()
    desk.tell(transition(TransitionKind.BLIND, 3))
    assert desk.elements()
    desk.tell(transition(TransitionKind.RESOLVED, 4))
    assert desk.elements() == [], "there is nothing to do any more"


def test_messages_lose_their_buttons_when_the_last_listener_ends(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    desk.history.save_state(LEASE, "another", buttons.lease(desk.clock.now()))
    desk.listen(listens=False)
    desk.redraw()
    assert desk.elements(), "the other one still listens"
    desk.history.save_state(LEASE, "another", None)
    told = desk.message.text
    desk.redraw()
    assert desk.elements() == []
    assert desk.message.text == told
    assert len(desk.slack.messages()) == 1
    desk.clock.advance(timedelta(minutes=1))
    redraw_buttons(desk.history, announcer=desk.announcer, clock=desk.clock)
    assert desk.history.due(desk.clock.now()) == (), "there is nothing left to take away"


def test_messages_get_buttons_when_somebody_begins_to_listen(
    desk: Desk, transition: Callable[..., Transition]
) -> None:
    desk.listen(listens=False)
    desk.tell(transition(TransitionKind.ESCALATED, 2))
    assert desk.elements() == []
    desk.listen()
    desk.redraw()
    assert len(desk.elements()) == 4
    assert desk.message.attachments[0]["blocks"][-1]["type"] == "context"  # type: ignore[index]
    desk.clock.advance(timedelta(minutes=1))
    redraw_buttons(desk.history, announcer=desk.announcer, clock=desk.clock)
    assert desk.history.due(desk.clock.now()) == ()


def test_buttons_of_a_listener_that_crashed_are_taken_away_by_the_next_pass(desk: Desk) -> None:
    notice_deaf_buttons(desk.history, announcer=desk.announcer, clock=desk.clock)
    desk.deliver()
    assert desk.elements(), "it may still live"
    desk.clock.advance(buttons.TERM)
    notice_deaf_buttons(desk.history, announcer=desk.announcer, clock=desk.clock)
    desk.deliver()
    assert desk.elements() == []
    assert desk.history.documents(LEASE) == {}, "it is noticed once"


def test_a_socket_that_cannot_be_opened_says_why(slack: SlackStandIn) -> None:
    assert openable(Secret(slack.app_token), base_url=slack.url) == ""
    for token, said in ((slack.token, "not_allowed_token_type"), ("xapp-canary", "invalid_auth")):
        why = openable(Secret(token), base_url=slack.url)
        assert why == f"Slack does not open a socket ({said})"
    nowhere = "http://127.0.0.1:1/api/"
    assert "cannot be reached" in openable(Secret("xapp-1"), base_url=nowhere)
    socket = Socket(
        Secret("xapp-1"), base_url=nowhere, on_action=lambda _: None, log=lambda _: None
    )
    assert "cannot be reached" in socket.connect()
    assert not socket.is_connected
    socket.close()


def test_a_press_that_nobody_hears_is_shown_as_slack_shows_it(desk: Desk) -> None:
    with pytest.raises(urllib.error.HTTPError, match="504"):
        desk.press(ACKNOWLEDGE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["block_actions", "view_submission"]) | json_values},
        optional={
            "user": st.dictionaries(st.sampled_from(["id", "name", "username"]), json_values)
            | json_values,
            "actions": st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "block_id": st.just("intercheck:1") | json_values,
                        "action_id": st.sampled_from([ACKNOWLEDGE, SILENCE, ACCEPT]) | json_values,
                        "selected_option": st.just({"value": "1h"}) | json_values,
                        "selected_date": st.dates().map(str) | json_values,
                    },
                )
                | json_values,
                max_size=3,
            ),
        },
    )
    | json_values
)
def test_whatever_slack_sends_is_an_action_or_nothing(payload: object) -> None:
    for action in actions_in(payload):
        assert action.by
        assert action.verb == ACKNOWLEDGE or action.span or action.until
        assert replace(action, by="x").incident_id is not None
