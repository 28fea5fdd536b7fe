"""Which Intercom workspace to talk to, and with what.

An Intercom workspace is a token, the app it belongs to, a region and an API version. The token is
wrapped so that no `repr`, log or traceback can show it.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Self

REGIONS: Final = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
"""The three `servers` of every published description."""

_VERSION: Final = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}|preview|unstable", re.IGNORECASE)


def is_version(text: str) -> bool:
    """Whether `text` is written like a version of Intercom's API: `2.15`, `Preview`."""
    return _VERSION.fullmatch(text) is not None


_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What can follow `Bearer` (RFC 6750, b64token)."""
_LEAST: Final = 16
"""Characters. Intercom publishes no form; what is shorter can be guessed, and nobody's token is."""
_OF_OTHERS: Final = re.compile(
    r"xox[a-z]-|xapp-|xwfp-|gh[oprsu]_|github_pat_|glpat-|sk_(?:live|test)_|AKIA[0-9A-Z]{16}\Z"
)
"""How tokens begin that others publish the form of: Slack, GitHub, GitLab, Stripe, AWS."""


class Secret:
    """A string that does not show itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string; call it where the secret goes on the wire and nowhere else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One Intercom workspace as the configuration names it.

    `app_id` is the `id_code` of the app that `/me` answers with, where the configuration pins it.
    `writes` is True only for a test workspace whose app the configuration names.
    """

    name: str
    token: Secret = field(repr=False)
    region: str = "us"
    version: str = "2.15"
    base_url: str = ""
    """Another host than the region's, such as the sandbox's."""
    app_id: str | None = None
    writes: bool = False

    @property
    def url(self) -> str:
        """The base URL without a trailing slash."""
        return (self.base_url or REGIONS[self.region]).rstrip("/")

    @property
    def token_is_well_formed(self) -> bool:
        """Whether the token could be one of Intercom's."""
        token = self.token.reveal()
        is_token = len(token) >= _LEAST and _TOKEN.fullmatch(token) is not None
        return is_token and _OF_OTHERS.match(token) is None
