"""Secrets out of text, whatever dress they come in."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.redaction import REDACTED, SHORTEST_SECRET, redact, redact_bytes

TOKEN = "dG9rOmNhbmFyeV8wMTIzNDU2Nzg5PT0="


@pytest.mark.parametrize(
    "form",
    [
        TOKEN,
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        TOKEN.replace("=", "\\u003d"),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(TOKEN.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_is_found_in_every_form_it_may_come_back_in(form: str) -> None:
    assert redact(f"before {form} after", [TOKEN]) == f"before {REDACTED} after"
    assert redact_bytes(f"before {form} after".encode(), [TOKEN]) == (
        f"before {REDACTED} after".encode()
    )


def test_text_without_a_secret_stays_as_it_is() -> None:
    text = "nothing to see"
    assert redact(text, [TOKEN]) is text


def test_a_string_too_short_to_be_a_secret_does_not_tear_holes_into_the_text() -> None:
    assert redact("an apple a day", ["a", ""]) == "an apple a day"


@given(
    st.text(min_size=SHORTEST_SECRET, max_size=40),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_no_secret_survives_wherever_it_stands(secret: str, before: str, after: str) -> None:
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        cleaned = redact(before + form + after, [secret])
        assert secret not in cleaned.replace(REDACTED, "\0")
