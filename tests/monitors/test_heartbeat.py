"""The dead-man ping, against a real server on loopback."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.workspaces import Secret
from monitors.heartbeat import Heartbeat
from sandbox.serving import Server

CANARY = "8f3c-canary-of-the-ping-url"


class Service:
    """A dead-man service that remembers its pings: path below the check, run id, body."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.pings: list[tuple[str, str | None, str]] = []
        self.app = Starlette(
            routes=[Route("/{check}{rest:path}", self._take, methods=["POST"])],
        )

    async def _take(self, request: Request) -> Response:
        body = (await request.body()).decode()
        ping = (request.path_params["rest"], request.query_params.get("rid"), body)
        self.pings.append(ping)
        return Response(status_code=self.status)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with Server(service.app) as server:
        service.url = f"{server.url}/{CANARY}"
        yield service


def test_a_run_is_told_with_its_start_its_end_and_one_id(service: Service) -> None:
    troubles: list[str] = []
    heartbeat = Heartbeat(Secret(service.url), on_trouble=troubles.append)
    heartbeat.start()
    heartbeat.success("27 probes, 0 findings")
    heartbeat.start()
    heartbeat.exit_status(3)
    heartbeat.fail("the history is locked")

    assert [(path, body) for path, _, body in service.pings] == [
        ("/start", ""),
        ("", "27 probes, 0 findings"),
        ("/start", ""),
        ("/3", ""),
        ("/fail", "the history is locked"),
    ]
    ids = [run for _, run, _ in service.pings]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert troubles == []


def test_a_ping_that_fails_is_told_without_its_address_and_stops_nothing(service: Service) -> None:
    troubles: list[str] = []
    service.status = 404
    Heartbeat(Secret(service.url), on_trouble=troubles.append).success()
    gone = Heartbeat(Secret(f"http://127.0.0.1:1/{CANARY}"), on_trouble=troubles.append)
    gone.success()
    Heartbeat(Secret(f"nonsense/{CANARY}"), on_trouble=troubles.append).start()
    Heartbeat(Secret(f"http://[{CANARY}"), on_trouble=troubles.append).start()

    assert troubles[:2] == [
        "the dead-man ping to 127.0.0.1 failed (it answered 404).",
        "the dead-man ping to 127.0.0.1 failed (ConnectionError).",
    ]
    assert len(troubles) == 4
    assert CANARY not in "".join(troubles)
    assert CANARY not in repr(vars(gone))
