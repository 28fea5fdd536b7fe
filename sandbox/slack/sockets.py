"""Socket Mode, Slack's side of it: an app opens a WebSocket and hears of what people press.

Each envelope has to be acknowledged within 3 seconds, as Slack wants it; where nobody does, the
page shows what Slack shows then (https://docs.slack.dev/apis/events-api/using-socket-mode/).
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from secrets import token_hex
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack.workspace import APP_ID, TEAM_ID, Channel, Message

PATH: Final = "/_socket"
ACKNOWLEDGED_WITHIN: Final = timedelta(seconds=3)
PERSON_ID: Final = "U0PERSON01"
PERSON: Final = "ann"
"""Who presses the buttons of the page."""

Document = Mapping[str, object]


class Sockets:
    """The connections of the app; everything runs in the server's own loop."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Event] = {}

    @property
    def is_heard(self) -> bool:
        """Whether an app is connected."""
        return bool(self._open)

    def ticket(self) -> str:
        """Return what lets one connection in."""
        ticket = token_hex(8)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, websocket: WebSocket) -> None:
        """Keep one connection until it ends."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await websocket.close()
            return
        self._tickets.remove(ticket)
        await websocket.accept()
        hello = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP_ID}}
        await websocket.send_text(json.dumps(hello))
        self._open.append(websocket)
        try:
            while True:
                self._take(await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self._open.remove(websocket)

    async def press(self, payload: Document) -> bool:
        """Tell the app what was pressed; whether it was acknowledged in time."""
        if not self._open:
            return False
        envelope_id = token_hex(8)
        heard = self._waiting[envelope_id] = asyncio.Event()
        envelope = {
            "type": "interactive",
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": False,
        }
        await self._open[-1].send_text(json.dumps(envelope))
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN.total_seconds()):
                await heard.wait()
        except TimeoutError:
            return False
        finally:
            del self._waiting[envelope_id]
        return True

    def _take(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return
        id = said.get("envelope_id") if isinstance(said, dict) else None
        waiting = self._waiting.get(id) if isinstance(id, str) else None
        if waiting is not None:
            waiting.set()


def pressed(channel: Channel, message: Message, element: Document, value: str) -> Document:
    """Return the payload of pressing an element of a message; `element` has its `block_id` too,
    `value` is the chosen option or date."""
    action: dict[str, object] = {
        "type": element["type"],
        "action_id": element.get("action_id"),
        "block_id": element.get("block_id"),
        "action_ts": message.ts,
    }
    if element["type"] == "static_select":
        action["selected_option"] = {"value": value}
    elif element["type"] == "datepicker":
        action["selected_date"] = value
    else:
        action["value"] = element.get("value", "")
    return {
        "type": "block_actions",
        "user": {"id": PERSON_ID, "username": PERSON, "name": PERSON, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "container": {"type": "message", "message_ts": message.ts, "channel_id": channel.id},
        "channel": {"id": channel.id, "name": channel.name},
        "message": {"ts": message.ts, "text": message.text},
        "actions": [action],
    }


def element_named(message: Message, block_id: str, action_id: str) -> Document | None:
    """Return an element of a message, with its block's id; None where there is none."""
    blocks = [*message.blocks]
    for attachment in message.attachments:
        more = attachment.get("blocks")
        blocks += more if isinstance(more, list) else []
    for block in blocks:
        elements = block.get("elements") if block.get("block_id") == block_id else None
        for element in elements if isinstance(elements, list) else ():
            if element.get("action_id") == action_id:
                return {**element, "block_id": block_id}
    return None
