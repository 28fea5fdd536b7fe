"""What may stand in a request beside its method: nothing that a server could read as another one.

Rack, which Rails stands on, lets a header, a parameter or a form turn a POST into a DELETE; a line
feed in a header would start a request of its own.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

OVERRIDE_HEADERS: Final = frozenset(
    {"x-http-method-override", "x-http-method", "x-method-override"}
)
"""Headers by which Rack and others let a POST become a DELETE."""

OVERRIDE_PARAMETER: Final = "_method"
"""The same in a query or a body, as Rails reads it."""

_OWN_HEADERS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "intercom-version",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Headers that are the client's to set."""

_PAIRS: Final = re.compile("[&;]")  # older Racks take both
_TEMPLATE: Final = re.compile(r"[{}]")
_WIRE_PATH: Final = re.compile(r"[!-~]+\Z")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]+\Z")
_HEADER_VALUE: Final = re.compile(r"[ -~]*\Z")


def objection(path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> str | None:
    """Say why a request must not go on the wire like this, or None. Path and query are as they go
    there."""
    return _unwritable(path, headers) or _smuggling(query, headers, body)


def _unwritable(path: str, headers: Mapping[str, str]) -> str | None:
    """Say what cannot go on the wire as it is, or None."""
    if _TEMPLATE.search(path):
        return "its path lacks the value of a parameter"
    if not _WIRE_PATH.match(path):
        return "its path has characters that do not belong on the wire"
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS:
            return f"the header {name} is the client's to set"
        if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
            return "a header has characters that do not belong on the wire"
    return None


def _smuggling(query: str, headers: Mapping[str, str], body: bytes | None) -> str | None:
    """Say what beside method and path would make a server do something else, or None.

    `query` is as it goes on the wire.
    """
    if any(not "!" <= character <= "~" or character == "#" for character in query):
        return "its query has characters that do not belong on the wire"
    media_type = "application/json"
    for name, value in headers.items():
        if name.lower().replace("_", "-") in OVERRIDE_HEADERS:
            return f"the header {name} would make it another method"
        if name.lower() == "content-type":
            media_type = value.partition(";")[0].strip().lower()
    for parameter in _PAIRS.split(query):
        if unquote_plus(parameter).strip().lower().startswith(OVERRIDE_PARAMETER):
            return f"the parameter {OVERRIDE_PARAMETER} would make it another method"
    if body is not None and media_type != "application/json":
        # Rack reads the override from forms; nothing on the list takes one.
        return "its body is not JSON"
    if body is not None and f'"{OVERRIDE_PARAMETER}"'.encode() in body:
        return f"{OVERRIDE_PARAMETER} in its body could make it another method"
    return None
