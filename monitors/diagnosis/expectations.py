"""What is known of a workspace before a pass, and how refusals are called."""

from dataclasses import dataclass
from typing import Final

REFUSED: Final = "auth-token-refused"
TOKEN_RULES: Final = (
    "auth-token-revoked",
    "auth-token-expired",
    "auth-token-blocked",
    "auth-token-missing",
    REFUSED,
)
"""The most telling first."""
SCOPE: Final = "auth-scope-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the configuration and the history know of the workspace.

    `region` is the one whose host is asked. `worked` are the identities of operations that have
    succeeded before, None where nobody knows. `consumers` are all there are. `is_recorded` says
    that somebody else sent what was observed.
    """

    region: str | None = None
    app_id: str | None = None
    token_is_well_formed: bool = True
    worked: frozenset[str] | None = None
    consumers: tuple[str, ...] = ()
    is_recorded: bool = False


NOTHING_KNOWN: Final = Expectation()
