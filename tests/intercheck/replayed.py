"""Recordings, and the replaying of them."""

import json

import pytest

from intercheck.cli import main
from sandbox.clock import DEFAULT_START

TOKEN = "canary-dG9rOjEyMzQ1Njc4OTAx"
EMAIL = "canary.customer@example.com"
ATTRIBUTE = "canary_attribute_of_a_customer"
NAME = "Canary Customer"
CANARIES = (TOKEN, EMAIL, ATTRIBUTE, NAME, "canary", "Canary")

HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "intercom-version": "2.15",
    "x-request-id": "000on04msi4jpk7d3u60",
}


def line(
    url: str,
    body: object,
    *,
    status: int = 200,
    host: str = "https://api.intercom.io",
    **more: object,
) -> str:
    """Return one exchange as a JSON line."""
    return json.dumps(
        {
            "method": "GET",
            "url": f"{host}{url}",
            "status": status,
            "headers": HEADERS,
            "body": body,
            "version": "2.15",
            "workspace": "acme",
            "started_at": DEFAULT_START.isoformat(),
            **more,
        }
    )


def tags(**changes: object) -> dict[str, object]:
    tag = {"type": "tag", "id": "123", "name": NAME, **changes}
    return {"type": "list", "data": [{k: v for k, v in tag.items() if v is not ...}]}


def refusal(code: str) -> dict[str, object]:
    return {
        "type": "error.list",
        "request_id": "000on04msi4jpk7d3u60",
        "errors": [{"code": code, "message": "Access Token Invalid"}],
    }


def replay(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", *arguments])
    assert isinstance(ended.value.code, int)
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def replay_json(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, object]]:
    code, out, _ = replay(capsys, *arguments, "--format", "json")
    document = json.loads(out)
    assert isinstance(document, dict)
    return code, document


def rules_of(document: dict[str, object]) -> list[str]:
    findings = document["findings"]
    assert isinstance(findings, list)
    return [finding["rule"] for finding in findings]
