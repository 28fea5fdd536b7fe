"""What people can do from the message itself: the buttons, and what a press of one says.

They are shown only while somebody listens: `serve` holds a lease in the history, renewed while its
socket stands, and without one the next message or update comes without buttons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from monitors.alerting import facts, wording
from monitors.records import IncidentState, Notice, Phase

LEASE: Final = "buttons"
"""The kind of the documents that say, by listener, until when somebody listens."""
TERM: Final = timedelta(minutes=3)
"""How long a lease holds: it is renewed every minute, and two may come late."""
SPANS: Final = {
    "1h": timedelta(hours=1),
    "8h": timedelta(hours=8),
    "7d": timedelta(days=7),
}
"""For how long an incident can be silenced."""
_SPAN_WORDS: Final = {"1h": "1 hour", "8h": "8 hours", "7d": "7 days"}
_BLOCK: Final = "intercheck:"
_MAX_BLOCK_ID: Final = 255
ACKNOWLEDGE, SILENCE, ACCEPT, OPEN_REPORT = (
    f"intercheck-{name}" for name in ("acknowledge", "silence", "accept", "open-report")
)

Block = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody pressed: `verb` is one of the action ids; `span` with SILENCE, `until` with
    ACCEPT. `place` are Slack's ids of the channel and of who pressed, to answer them alone."""

    incident_id: str
    verb: str
    by: str
    span: timedelta | None = None
    until: date | None = None
    place: tuple[str, str] | None = None


def is_leased(leases: Mapping[str, Any], now: datetime) -> bool:
    """Whether somebody listens now."""
    return any(isinstance(until, str) and until > _stamp(now) for until in leases.values())


def lease(now: datetime) -> str:
    """Return the document of a lease that begins now."""
    return _stamp(now + TERM)


def buttons(incident: IncidentState, report_url: str | None) -> Block | None:
    """Return the buttons of an open incident; None where nothing can be done any more."""
    block_id = f"{_BLOCK}{incident.id}"
    if incident.phase is not Phase.OPEN or len(block_id) > _MAX_BLOCK_ID:
        return None
    elements: list[Block] = []
    if not incident.acknowledged_by:
        elements.append(
            {
                "type": "button",
                "action_id": ACKNOWLEDGE,
                "style": "primary",
                "text": _plain("Acknowledge"),
            }
        )
    elements.append(
        {
            "type": "static_select",
            "action_id": SILENCE,
            "placeholder": _plain("Silence for…"),
            "options": [
                {"text": _plain(words), "value": value} for value, words in _SPAN_WORDS.items()
            ],
        }
    )
    elements.append(
        {
            "type": "datepicker",
            "action_id": ACCEPT,
            "placeholder": _plain("Accept until…"),
            "confirm": {
                "title": _plain("Accept this deviation?"),
                "text": _plain(
                    "It is written into the deviations file, and nobody is told of it until then."
                ),
                "confirm": _plain("Accept"),
                "deny": _plain("Cancel"),
            },
        }
    )
    if report_url and facts.link(report_url, "x"):
        elements.append(
            {
                "type": "button",
                "action_id": OPEN_REPORT,
                "text": _plain("Open report"),
                "url": report_url,
            }
        )
    return {"type": "actions", "block_id": block_id, "elements": elements}


def redrawn(notice: Notice, row: Block | None) -> Notice | None:
    """Return a message with `row` for its buttons, None for without; None where that is how it is,
    and where it has no room for them."""
    kept = [one for one in notice.blocks if not _is_ours(one)]
    if row is not None and kept:
        kept.insert(-1, row)  # the small print stays last
    return replace(notice, blocks=tuple(kept)) if tuple(kept) != notice.blocks else None


def _is_ours(block: Block) -> bool:
    return block.get("type") == "actions" and str(block.get("block_id")).startswith(_BLOCK)


def actions_in(payload: object) -> tuple[Action, ...]:
    """Return what an interactive payload of Slack's says; empty where it is none of ours.

    Never raises, whatever it is.
    """
    if not isinstance(payload, Mapping) or payload.get("type") != "block_actions":
        return ()
    user, pressed = payload.get("user"), payload.get("actions")
    by = _name_of(user if isinstance(user, Mapping) else {})
    place = _id_of(payload.get("channel")), _id_of(user)
    read = (_action(one, by) for one in (pressed if isinstance(pressed, list) else ()))
    return tuple(
        replace(one, place=place if all(place) else None) for one in read if one is not None
    )


def _action(pressed: object, by: str) -> Action | None:
    if not isinstance(pressed, Mapping):
        return None
    block_id, verb = pressed.get("block_id"), pressed.get("action_id")
    if not isinstance(block_id, str) or not block_id.startswith(_BLOCK):
        return None
    incident_id = block_id.removeprefix(_BLOCK)
    if verb == ACKNOWLEDGE:
        return Action(incident_id=incident_id, verb=verb, by=by)
    if verb == SILENCE:
        chosen = pressed.get("selected_option")
        value = chosen.get("value") if isinstance(chosen, Mapping) else None
        span = SPANS.get(value) if isinstance(value, str) else None
        return Action(incident_id=incident_id, verb=verb, by=by, span=span) if span else None
    if verb == ACCEPT:
        try:
            until = date.fromisoformat(str(pressed.get("selected_date")))
        except ValueError:
            return None
        return Action(incident_id=incident_id, verb=verb, by=by, until=until)
    return None


def _id_of(what: object) -> str:
    id = what.get("id") if isinstance(what, Mapping) else None
    return id if isinstance(id, str) else ""


def _name_of(user: Mapping[str, Any]) -> str:
    name = user.get("username") or user.get("name") or user.get("id")
    shown = "".join(one for one in name if one.isprintable()) if isinstance(name, str) else ""
    return shown[: wording.MAX_PERSON].strip() or "somebody in Slack"


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
