"""A local Slack: the Web API, an incoming webhook, the channel's page and the controls."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from numbers import Real
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route, WebSocketRoute

from contracts.clock import Clock, SystemClock
from sandbox.serving import Server
from sandbox.slack import page
from sandbox.slack.api import DEFAULT_SCOPES, Api, missing_scope, post_webhook
from sandbox.slack.faults import FAULTS, Fault, Faults
from sandbox.slack.sockets import PATH, Sockets, element_named, pressed
from sandbox.slack.workspace import (
    TEAM_ID,
    WEBHOOK_ID,
    Message,
    RateLimitedError,
    SlackError,
    SlackWorkspace,
)

TOKEN: Final = "xoxb-sandbox-0000000000"  # noqa: S105 - it opens nothing but this process
APP_TOKEN: Final = "xapp-sandbox-0000000000"  # noqa: S105 - as little
WEBHOOK_PATH: Final = f"/services/{TEAM_ID}/{WEBHOOK_ID}/sandbox0000000000"
DEFAULT_CHANNEL: Final = "intercom-alerts"
STALL: Final = 60.0  # seconds a swallowed request is held at most; clients give up long before
POLL: Final = 0.01  # seconds between looks whether the client gave up

_WEBHOOK_STATUS: Final = {
    "channel_is_archived": 410,
    "channel_not_found": 404,
    "internal_error": 500,
    "invalid_token": 403,
}
"""Statuses of a webhook's plain-text errors; 400 for the rest."""

_WEBHOOK_ERRORS: Final = {
    "is_archived": "channel_is_archived",
    "token_revoked": "invalid_token",
    "invalid_auth": "invalid_token",
    "account_inactive": "invalid_token",
}
"""How a webhook says what the Web API calls otherwise."""


class SlackStandIn:
    """A context manager: a Slack workspace with one app, one token and one incoming webhook.

    The app is in `#intercom-alerts` and not in `#general`. `url` is the API base for
    `slack_sdk.WebClient(base_url=…)`, `page_url` the channel's page.
    """

    def __init__(self, clock: Clock | None = None, port: int = 0) -> None:
        self.faults = Faults()
        self.workspace = SlackWorkspace(clock or SystemClock())
        self.workspace.add(
            DEFAULT_CHANNEL, topic="What Intercom's API does to us, one message each"
        )
        self.workspace.add("general", is_member=False)
        self.sockets = Sockets()
        self._api = Api(self.workspace, self.faults, TOKEN, APP_TOKEN, self._open_socket)
        self._requests: list[str] = []
        self.reset()
        routes = [
            Route("/", self._show_page),
            Route("/channels/{channel}", self._show_page),
            Route("/api/{method}", self._web_api, methods=["GET", "POST"]),
            Route(WEBHOOK_PATH, self._webhook, methods=["POST"]),
            WebSocketRoute(PATH, self.sockets.serve),
            Route("/_sandbox/press", self._control_press, methods=["POST"]),
            Route("/_sandbox/delete", self._control_delete, methods=["POST"]),
            Route("/_sandbox/faults", self._control_faults, methods=["GET", "PUT", "DELETE"]),
            Route("/_sandbox/requests", self._control_requests),
            Route("/_sandbox/clock", self._control_clock),
            Route("/_sandbox/reset", self._control_reset, methods=["POST"]),
        ]
        self._server = Server(Starlette(routes=routes), port=port)

    @property
    def url(self) -> str:
        return f"{self._server.url}/api/"

    @property
    def token(self) -> str:
        return self._api.token

    @property
    def scopes(self) -> set[str]:
        """The scopes of the token; change them in place."""
        return self._api.scopes

    @property
    def app_token(self) -> str:
        return self._api.app_token

    @property
    def webhook_url(self) -> str:
        return f"{self._server.url}{WEBHOOK_PATH}"

    @property
    def page_url(self) -> str:
        return f"{self._server.url}/channels/{DEFAULT_CHANNEL}"

    @property
    def control_url(self) -> str:
        """Where faults, clock, requests and reset are, under `/_sandbox/`."""
        return f"{self._server.url}/_sandbox"

    @property
    def requests(self) -> tuple[str, ...]:
        """The API method (or `webhook`) of every request so far."""
        return tuple(self._requests)

    def messages(self, channel: str = DEFAULT_CHANNEL) -> tuple[Message, ...]:
        """Return what a channel shows, oldest first, each message with its thread.

        SlackError where there is no such channel.
        """
        return self.workspace.timeline(self.workspace.channel(channel))

    def page(self, channel: str = DEFAULT_CHANNEL) -> str:
        """Return the channel as people would see it: one HTML file that needs nothing else."""
        return page.render(self.workspace, self.workspace.channel(channel))

    def reset(self) -> None:
        """Be as new: the two channels, empty; the default scopes; no faults, no requests."""
        self.workspace.clear()
        self.workspace.add(
            DEFAULT_CHANNEL, topic="What Intercom's API does to us, one message each"
        )
        self.workspace.add("general", is_member=False)
        self.scopes.clear()
        self.scopes.update(DEFAULT_SCOPES)
        self.faults.clear()
        self._requests.clear()

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _web_api(self, request: Request) -> Response:
        method = request.path_params["method"]
        self._requests.append(method)
        arguments = await _arguments(request)
        fault = self.faults.take(method)
        if fault is not None and fault.name == "timeout-before-delivery":
            return await _stall(request)
        if fault is not None and fault.name == "server-error":
            return HTMLResponse("<html><body>Server Error</body></html>", status_code=500)
        try:
            if fault is not None:
                self._raise(fault)
            answer = self._api.call(method, _token(request, arguments), arguments)
        except RateLimitedError as error:
            return JSONResponse(
                {"ok": False, "error": error.code},
                status_code=429,
                headers={"Retry-After": str(error.retry_after)},
            )
        except SlackError as error:
            answer = {"ok": False, "error": error.code, **error.details}
        if fault is not None and fault.name == "timeout-after-delivery":
            return await _stall(request)
        return JSONResponse(answer, headers={"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    async def _webhook(self, request: Request) -> Response:
        self._requests.append("webhook")
        arguments = await _arguments(request)
        fault = self.faults.take("webhook")
        if fault is not None and fault.name == "timeout-before-delivery":
            return await _stall(request)
        if fault is not None and fault.name == "server-error":
            return PlainTextResponse("Server Error", status_code=500)
        try:
            if fault is not None:
                self._raise(fault)
            if not arguments:
                raise SlackError("invalid_payload")
            channel = self.workspace.channel(DEFAULT_CHANNEL)
            post_webhook(self.workspace, channel, arguments)
        except RateLimitedError as error:
            return PlainTextResponse(
                "rate_limited", status_code=429, headers={"Retry-After": str(error.retry_after)}
            )
        except SlackError as error:
            code = _WEBHOOK_ERRORS.get(error.code, error.code)
            return PlainTextResponse(code, status_code=_WEBHOOK_STATUS.get(code, 400))
        if fault is not None and fault.name == "timeout-after-delivery":
            return await _stall(request)
        return PlainTextResponse("ok")

    def _raise(self, fault: Fault) -> None:
        """Answer as the fault says; those of timing are none of this."""
        if fault.name == "rate-limited":
            raise RateLimitedError(max(1, round(fault.seconds)))
        if fault.name == "missing-scope":
            raise missing_scope(fault.scope, self.scopes - {fault.scope})
        if not fault.name.startswith("timeout-"):
            raise SlackError(fault.name.replace("-", "_"))

    async def _show_page(self, request: Request) -> Response:
        try:
            return HTMLResponse(self.page(request.path_params.get("channel", DEFAULT_CHANNEL)))
        except SlackError:
            return PlainTextResponse("There is no such channel.", status_code=404)

    def _open_socket(self) -> str:
        return f"{self._server.url.replace('http', 'ws', 1)}{PATH}?ticket={self.sockets.ticket()}"

    async def _control_press(self, request: Request) -> Response:
        """Press an element of a message as `ann` would: form fields `channel`, `ts`, `block_id`,
        `action_id`, and `value` for an option or a date."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            channel = self.workspace.channel(form.get("channel", ""))
        except SlackError:
            return PlainTextResponse("There is no such channel.", status_code=404)
        message = channel.messages.get(form.get("ts", ""))
        named = form.get("block_id", ""), form.get("action_id", "")
        element = element_named(message, *named) if message else None
        if message is None or element is None:
            return PlainTextResponse("There is nothing of that name to press.", status_code=404)
        heard = await self.sockets.press(pressed(channel, message, element, form.get("value", "")))
        if not heard:
            return PlainTextResponse("The app did not respond.", status_code=504)
        return RedirectResponse(f"/channels/{channel.name}", status_code=303)

    async def _control_delete(self, request: Request) -> Response:
        """Delete a message as a person would: form fields `channel` and `ts`."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            channel = self.workspace.channel(form.get("channel", ""))
            self.workspace.delete(channel, form.get("ts", ""))
        except SlackError as error:
            return JSONResponse({"error": error.code}, status_code=404)
        return JSONResponse({"ok": True})

    async def _control_faults(self, request: Request) -> Response:
        """GET lists them; PUT `{"faults": [{"name", "method", "times", "seconds", "scope"}]}` lets
        exactly these be on, as the Intercom's does; DELETE (`?name=`) switches off."""
        if request.method == "DELETE":
            self.faults.clear(request.query_params.get("name"))
        elif request.method == "PUT":
            try:
                self.faults.replace(_faults_of(await request.body()))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        active = [asdict(fault) for fault in self.faults.active]
        return JSONResponse({"names": FAULTS, "active": active})

    async def _control_requests(self, request: Request) -> Response:
        return JSONResponse({"requests": self._requests})

    async def _control_clock(self, request: Request) -> Response:
        return JSONResponse({"now": self.workspace.clock.now().isoformat()})

    async def _control_reset(self, request: Request) -> Response:
        self.reset()
        return JSONResponse({"ok": True})


def _faults_of(body: bytes) -> list[Fault]:
    """Read what a PUT switches on, whatever the media type; ValueError with what is wrong."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    wanted = document.get("faults") if isinstance(document, Mapping) else None
    if not isinstance(wanted, list) or not all(isinstance(one, Mapping) for one in wanted):
        raise ValueError('the body has to be {"faults": [{"name": …}, …]}')
    known = {field.name for field in fields(Fault)}
    for one in wanted:
        if "name" not in one:
            raise ValueError("a fault needs a name")
        if unknown := sorted(set(one) - known):
            raise ValueError(f"a fault has no {unknown[0]!r}; it has {', '.join(sorted(known))}")
        if not isinstance(one.get("times", 1), int) or not isinstance(one.get("seconds", 1), Real):
            raise ValueError("times is a whole number, seconds a number")
    return [Fault(**one) for one in wanted]


async def _stall(request: Request) -> Response:
    """Hold the connection until the client gives up."""
    waited = 0.0
    while waited < STALL and not await request.is_disconnected():
        await asyncio.sleep(POLL)
        waited += POLL
    return Response(status_code=504)


async def _arguments(request: Request) -> dict[str, object]:
    """Read arguments as Slack does: from the query, a form, a form's `payload`, or JSON."""
    arguments: dict[str, object] = dict(request.query_params)
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type == "application/json":
        try:
            document = json.loads(body)
        except ValueError:
            return {}
        return arguments | dict(document) if isinstance(document, Mapping) else arguments
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "payload" in form:
        try:
            document = json.loads(form["payload"])
        except ValueError:
            return {}
        return arguments | dict(document) if isinstance(document, Mapping) else arguments
    return arguments | form


def _token(request: Request, arguments: Mapping[str, object]) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip()
    token = arguments.get("token")
    return token if isinstance(token, str) else None
