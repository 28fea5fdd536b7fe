"""Asking the sandbox, as tests do."""

from typing import Any

import requests

from sandbox.intercom import Sandbox

PATIENCE = 10  # seconds


def ask(
    sandbox: Sandbox, what: str, body: Any = None, *, token: str | None = None, **headers: str
) -> requests.Response:
    method, path = what.split(" ")
    return requests.request(
        method,
        sandbox.url + path,
        json=body,
        headers={"Authorization": f"Bearer {token or sandbox.token}"} | headers,
        timeout=PATIENCE,
    )


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]
