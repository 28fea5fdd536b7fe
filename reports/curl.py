"""A command that asks again what a finding is about, with nothing of anybody's in it.

The token is named and not written; identifiers stay parameters, because they are customers' data.
"""

import re
import shlex
from typing import Final

from contracts.findings import Finding

TOKEN: Final = "$INTERCOM_ACCESS_TOKEN"  # noqa: S105 - the shell's name of it
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_PARAMETER: Final = re.compile(r"\{[^{}/]*\}")


def curl_of(finding: Finding, base_url: str) -> str:
    """Return the command; of a finding about every operation, the one that was answered so, or
    where that is not known the one that says who asks."""
    operation = finding.operation or finding.asked
    method = operation.method if operation else "GET"
    path = operation.path if operation else "/me"
    words = ["curl -sS -i"]
    if method != "GET":
        words.append(f"-X {method}")
    if "{" in path:
        words.append("--globoff")
    words.append(shlex.quote(f"{base_url.rstrip('/')}{path}"))
    words.extend(_authorization(finding))
    words.append("-H 'Accept: application/json'")
    if finding.version:
        words.append(f"-H {shlex.quote(f'Intercom-Version: {finding.version}')}")
    if method in _WITH_BODY:
        words.append("-H 'Content-Type: application/json' --data @request.json")
    return " ".join(words)


def supply_of(finding: Finding) -> str:
    """Say what whoever runs the command has to put into it first; empty where that is nothing."""
    operation = finding.operation or finding.asked
    if operation is None:
        return ""
    wanted = [f"an id of yours in place of {one}" for one in _PARAMETER.findall(operation.path)]
    if operation.method in _WITH_BODY:
        wanted.append("the body of the request into a file request.json")
    return f"First put {' and '.join(wanted)}." if wanted else ""


def _authorization(finding: Finding) -> list[str]:
    """Return the token to ask with: of a finding about none or a wrong one, that."""
    if not finding.rule.name.startswith("auth-"):
        return [f'-H "Authorization: Bearer {TOKEN}"']
    if "with none token" in finding.expected:
        return []
    if "with wrong token" in finding.expected:
        return ["-H 'Authorization: Bearer wrong'"]
    return [f'-H "Authorization: Bearer {TOKEN}"']
