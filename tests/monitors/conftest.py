"""What the tests of monitors share: exchanges as the client would have made them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from contracts.exchanges import (
    Exchange,
    FailureKind,
    Headers,
    Operation,
    Request,
    Response,
    Timings,
    TransportFailure,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ExchangeFactory(Protocol):
    """Makes an exchange; `body` is JSON unless it is bytes."""

    def __call__(
        self,
        operation: str | None = "GET /tags",
        status: int = 200,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        failure: FailureKind | None = None,
        version: str | None = "2.15",
        workspace: str = "acme",
        region: str = "us",
        total_ms: float = 100.0,
        url: str | None = None,
        at: datetime = NOW,
        is_intercoms: bool = True,
    ) -> Exchange: ...


@pytest.fixture(scope="session")
def an_exchange() -> ExchangeFactory:
    """Return a factory of exchanges; answers are Intercom's own unless `is_intercoms` is False."""

    def make(
        operation: str | None = "GET /tags",
        status: int = 200,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        failure: FailureKind | None = None,
        version: str | None = "2.15",
        workspace: str = "acme",
        region: str = "us",
        total_ms: float = 100.0,
        url: str | None = None,
        at: datetime = NOW,
        is_intercoms: bool = True,
    ) -> Exchange:
        known = Operation.parse(operation) if operation else None
        own = (
            {
                "content-type": "application/json; charset=utf-8",
                "x-request-id": "002d37gmte7nhkf9o4eg",
                "intercom-version": version or "2.15",
            }
            if is_intercoms
            else {"server": "awselb/2.0", "content-type": "text/html"}
        )
        changed = {name.lower(): value for name, value in (headers or {}).items()}
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return Exchange(
            workspace=workspace,
            region=region,
            version=version,
            operation=known,
            request=Request(
                method=known.method if known else "GET",
                url=url or f"https://api.intercom.io{known.path if known else '/unknown'}",
            ),
            response=None if failure else Response.of(status, Headers({**own, **changed}), content),
            failure=TransportFailure(kind=failure, detail="") if failure else None,
            started_at=at,
            timings=Timings(total_ms=total_ms),
        )

    return make
