"""What to ask again before anyone is told."""

from collections.abc import Iterable
from typing import Final

from contracts.exchanges import Operation
from contracts.rules import Severity
from monitors.diagnosis.observations import Observation
from monitors.probes import CANARY

MOST: Final = 6
"""Requests spent on confirming in one pass of one workspace."""
MOST_UNANSWERED: Final = 2
"""Of these, requests that may each cost a whole time-out."""
_TELLS_BY_CANARY: Final = ("auth-token", "auth-scope", "auth-blocked")
_SAYS_ITSELF: Final = ("deprecation-", "version-", "latency-")
"""What a second request would only repeat, or what only time can tell: of an answer that came. One
that failed may be a blip, whatever it says."""
_PLAN: Final = "auth-plan-restricted"


def confirmations(
    observations: Iterable[Observation], *, worked: frozenset[str] | None = None
) -> tuple[Operation, ...]:
    """Return what to ask again now, the canary first; nothing while the rate limit is used up,
    since asking would make it worse.

    Each operation is asked a second time once, so that asking goes on only while there is something
    new: append what came of it and call again until this returns nothing. `worked` are the
    identities of what has succeeded before: what they lost of the plan is news.
    """
    seen = tuple(observations)
    latest = {one.identity: one for one in seen}
    times: dict[str, int] = {}
    for one in seen:
        times[one.identity] = times.get(one.identity, 0) + 1
    if any(one.status == 429 for one in latest.values()):
        return ()
    spent = _spent(seen)
    doubtful = [one for one in latest.values() if _is_doubtful(one, worked or frozenset())]
    wanted: dict[str, Operation] = {}
    if doubtful and _needs_canary(seen, doubtful):
        wanted[CANARY.identity] = CANARY
    unanswered = 0
    for one in doubtful:
        operation = one.exchange.operation
        if operation is None or times[one.identity] > 1 or one.identity in wanted:
            continue
        if one.exchange.failure is not None:
            unanswered += 1
            if unanswered > MOST_UNANSWERED:
                continue
        wanted[one.identity] = operation
    return tuple(wanted.values())[: max(0, MOST - spent)]


def _is_doubtful(observation: Observation, worked: frozenset[str]) -> bool:
    """Whether an exchange shows something that matters and that one exchange cannot decide."""
    if _PLAN in observation.rules() and observation.identity in worked:
        return True
    says_itself = _SAYS_ITSELF if observation.exchange.is_success else ()
    return any(
        finding.severity is not Severity.INFO
        and finding.accepted is None
        and not finding.rule.name.startswith(says_itself)
        for finding in observation.findings
    )


def _spent(seen: tuple[Observation, ...]) -> int:
    """Return how many of the requests already confirmed something: repetitions, and the canary
    where it was not what the pass began with."""
    first: set[str] = set()
    spent = 0
    for at, one in enumerate(seen):
        is_late_canary = one.identity == CANARY.identity and at > 0
        spent += one.identity in first or is_late_canary
        first.add(one.identity)
    return spent


def _needs_canary(seen: tuple[Observation, ...], doubtful: list[Observation]) -> bool:
    """Whether `/me` can tell, and was not asked since the trouble began: a token may die in the
    middle of a pass."""
    identities = {one.identity for one in doubtful if _canary_tells_of(one)}
    trouble = [at for at, one in enumerate(seen) if one.identity in identities and one.findings]
    if not trouble:
        return False
    asked = [at for at, one in enumerate(seen) if one.identity == CANARY.identity]
    return not asked or asked[-1] < trouble[0]


def _canary_tells_of(observation: Observation) -> bool:
    status = observation.status
    is_down = observation.exchange.failure is not None or (status is not None and status >= 500)
    return is_down or any(rule.startswith(_TELLS_BY_CANARY) for rule in observation.rules())
