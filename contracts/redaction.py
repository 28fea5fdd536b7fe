"""Take secrets out of text.

A token can come back in another dress than the one it was sent in: percent-encoded in a URL, in
base64 in an echoed header, with JSON's escapes in a body. All of them are taken out.
"""

import base64
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "[redacted]"

SHORTEST_SECRET: Final = 6
"""Characters. A shorter string occurs everywhere by chance, and guards nothing."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret replaced, in every form it may have taken."""
    for secret in secrets:
        for form in _forms(secret):
            if form in text:
                text = text.replace(form, REDACTED)
    return text


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return `body` with every secret replaced; the same object where there was none."""
    for secret in secrets:
        for form in _encoded_forms(secret):
            if form in body:
                body = body.replace(form, REDACTED.encode())
    return body


@lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[str, ...]:
    """How `secret` may be written, longest first so that no form leaves a part of a longer one."""
    if len(secret) < SHORTEST_SECRET:
        return ()
    plain = secret.encode()
    padded = base64.b64encode(plain).decode()
    forms = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        quote(secret, safe="").lower(),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        # Rails escapes these in JSON; Intercom's tokens end in `=`, which other encoders escape.
        secret.replace("=", "\\u003d").replace("&", "\\u0026"),
        padded,
        padded.rstrip("="),
        base64.urlsafe_b64encode(plain).decode().rstrip("="),
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


@lru_cache(maxsize=64)
def _encoded_forms(secret: str) -> tuple[bytes, ...]:
    return tuple(form.encode() for form in _forms(secret))
