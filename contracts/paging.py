"""Where the next page of a list is, as its answer says."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_POSITION: Final = ("page", "per_page", "starting_after")


def next_page(told: object) -> Mapping[str, str] | None:
    """Read `pages.next`, which is an object with a cursor or a URL, as the parameters that ask for
    that page; None where there is none."""
    if isinstance(told, str):
        found = dict(parse_qsl(urlsplit(told).query))
        return {name: found[name] for name in _POSITION if name in found} or None
    if isinstance(told, dict):
        names = [name for name in ("per_page", "starting_after") if told.get(name) is not None]
        return {name: str(told[name]) for name in names} if "starting_after" in names else None
    return None
