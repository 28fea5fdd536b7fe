"""What was seen beside the workspace: whether our own network works, what Intercom says of itself,
and which region's host takes the token.

It is asked within the requests that confirm, and only where it can tell: a pass over a healthy
workspace sends nothing to anybody else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.statuspage import Notice, StatusPage
from monitors.detectors.connections import ANSWERED
from monitors.diagnosis.observations import Observation
from monitors.probes import CANARY

ROUTING_REGION: Final = "us"
"""Its host passes requests on to the region of the token; a refusal there is the token's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """`is_control_reached` and `is_page_reached` are None where nobody was asked; `regions` says by
    region with which status its `/me` answered, None where it did not."""

    is_control_reached: bool | None = None
    is_page_reached: bool | None = None
    page: StatusPage | None = None
    regions: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def network_works(self) -> bool | None:
        """Whether any host outside was reached; None where that is not known."""
        asked = [one for one in (self.is_control_reached, self.is_page_reached) if one is not None]
        return any(asked) if asked else None

    @property
    def home(self) -> str | None:
        """The region whose host takes the token."""
        takers = [region for region, status in self.regions.items() if status == 200]
        return takers[0] if len(takers) == 1 else None

    @property
    def is_refused_elsewhere(self) -> bool:
        """Whether every other region's host was asked and refuses the token too."""
        return bool(self.regions) and set(self.regions.values()) == {401}

    def notice(self, now: datetime) -> Notice | None:
        """Return what Intercom's status page has on its API now."""
        if self.page is None:
            return None
        under_way = [one for one in self.page.maintenances if one.covers(now)]
        return next(
            (one for one in (*self.page.incidents, *under_way) if one.concerns_the_api), None
        )


NOTHING_ASKED: Final = Outlook()


def is_down(observations: Iterable[Observation]) -> bool:
    """Whether hosts outside can tell more of what was seen: something had no answer at all, or one
    that says that Intercom is failing."""
    latest = {one.identity: one for one in observations}
    return any(_is_unanswered(one) for one in latest.values())


def has_answered(observations: Iterable[Observation]) -> bool:
    """Whether any request had an answer: then our network works, and nobody need be asked."""
    return any(one.exchange.response is not None for one in observations)


def _is_unanswered(observation: Observation) -> bool:
    failure = observation.exchange.failure
    if failure is not None:
        return failure.kind not in ANSWERED
    return observation.status is not None and observation.status >= 500


def is_token_or_region(observations: Iterable[Observation], region: str | None) -> bool:
    """Whether other regions' hosts can tell more: `/me` is refused on one that routes nowhere."""
    if region in (None, ROUTING_REGION):
        return False
    latest = {one.identity: one for one in observations}
    canary = latest.get(CANARY.identity)
    return canary is not None and canary.status == 401
