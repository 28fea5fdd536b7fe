"""Listen to the buttons of messages while `serve` runs, and leave word that somebody does."""

from collections.abc import Callable
from datetime import date
from typing import Final, Protocol

from contracts.clock import Clock
from contracts.errors import ConfigurationError, HistoryError
from intercheck.accepting import accept_incident, over
from intercheck.probing import new_id
from intercheck.settings import Settings
from monitors.alerting.buttons import LEASE, TERM, lease
from monitors.alerting.slack import SlackBot
from monitors.alerting.socketmode import Socket
from monitors.alerting.telling import Announcer
from monitors.history import History
from monitors.responding import Responder, end_accepted, redraw_buttons

RENEWAL: Final = TERM / 3  # two may come late


class Ears(Protocol):
    """What `serve` keeps open."""

    def keep(self) -> None:
        """Connect where it is not connected, and renew the lease where it is time."""
        ...

    def close(self) -> None:
        """Stop listening: from now on messages come without buttons."""
        ...


class Deaf:
    """No app token is configured: there are no buttons."""

    def keep(self) -> None:
        """There is nothing to keep."""

    def close(self) -> None:
        """There is nothing to close."""


class Listening:
    """Listens by Socket Mode, and holds the lease that shows the buttons."""

    def __init__(
        self,
        socket: Socket,
        history: History,
        *,
        announcer: Announcer,
        clock: Clock,
        after: Callable[[], object],
        log: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._announcer = announcer
        self._after = after
        self._history = history
        self._clock = clock
        self._log = log
        self._id = new_id()
        self._renewed_at: float | None = None
        self._trouble = ""

    def keep(self) -> None:
        """Connect where it is not connected, and renew the lease where it is time. The messages of
        open incidents get their buttons with the first."""
        trouble = self._socket.connect()
        if trouble != self._trouble:
            self._log(f"{trouble}: messages have no buttons." if trouble else "buttons work again")
            self._trouble = trouble
        now = self._clock.monotonic()
        is_early = self._renewed_at is not None and now - self._renewed_at < RENEWAL.total_seconds()
        if trouble or is_early:
            return
        self._history.save_state(LEASE, self._id, lease(self._clock.now()))
        is_first, self._renewed_at = self._renewed_at is None, now
        if is_first:
            self._redraw()

    def _redraw(self) -> None:
        redraw_buttons(self._history, announcer=self._announcer, clock=self._clock)
        self._after()

    def close(self) -> None:
        """Stop listening: messages lose their buttons, and come without from now on."""
        self._socket.close()
        try:
            self._history.save_state(LEASE, self._id, None)
            self._redraw()
        except HistoryError as error:
            self._log(str(error))  # the lease ends by itself


def ears_of(
    settings: Settings,
    history: History,
    announcer: Announcer,
    *,
    clock: Clock,
    after: Callable[[], object],
    log: Callable[[str], None],
) -> Ears:
    """Return what listens to buttons, as the settings say."""
    slack = settings.slack
    if slack is None or slack.token is None or slack.app_token is None:
        return Deaf()

    def accept(key: str, until: date, by: str) -> None:
        if sentence := over(until, clock.now().date()):
            raise ConfigurationError(sentence)
        reason = f"accepted in Slack by {by}"
        accept_incident(settings, history, key, until=until, reason=reason)
        end_accepted(history, key, until=until, by=by, why=reason, announcer=announcer, clock=clock)

    responder = Responder(
        history=history,
        announcer=announcer,
        clock=clock,
        new_id=new_id,
        accept=accept,
        answer=SlackBot(slack.token, base_url=slack.base_url, clock=clock).whisper,
        after=after,
        log=log,
    )
    socket = Socket(slack.app_token, base_url=slack.base_url, on_action=responder.act, log=log)
    return Listening(socket, history, announcer=announcer, clock=clock, after=after, log=log)
