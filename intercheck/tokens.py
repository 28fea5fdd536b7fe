"""Where secrets come from, and what is refused before it is sent anywhere."""

from pathlib import Path
from typing import Final

from contracts.errors import ConfigurationError
from contracts.workspaces import Secret

HOW_TO_GET_ONE: Final = (
    "log in to Intercom, open the Developer Hub, choose your app (or make a new one), open "
    "Configure > Authentication and copy the access token"
)


def check_token(token: Secret, where: str) -> Secret:
    """Refuse what cannot be a token, before it is sent anywhere; never shows it."""
    value = token.reveal()
    if not value.strip():
        raise ConfigurationError(f"{where} is empty: {HOW_TO_GET_ONE}.")
    problem = None
    if value.lower().startswith("bearer "):
        problem = "starts with the word Bearer, which is added when it is sent"
    elif value != value.strip():
        problem = "begins or ends with white space"
    elif not value.isascii() or not value.isprintable() or " " in value:
        problem = "holds characters that no token has"
    elif value[0] in "\"'" or value[-1] in "\"'":
        problem = "is in quotes"
    if problem:
        raise ConfigurationError(
            f"{where} is not a token as the Developer Hub shows it, since it {problem}: copy it "
            "again from Configure > Authentication, exactly as it stands there."
        )
    return token


def read_secret(value: str | None, path: Path | None, base: Path, where: str) -> Secret | None:
    """Return the secret given as `value`, or read from `path` (relative to `base`)."""
    if path is None:
        return None if value is None else Secret(value)
    try:
        return Secret((base / path).read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            f"{where} names the secret file {path}, which cannot be read ({reason}): check the "
            "path and its permissions."
        ) from None
