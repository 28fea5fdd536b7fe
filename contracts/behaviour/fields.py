"""What the header fields of every answer say: version, request id, rate limit, deprecation."""

import re
from typing import Final

from contracts.announcements import announcement_of
from contracts.behaviour.inquiry import Inquiry
from contracts.dates import parse_http_date
from contracts.exchanges import BodyKind, Exchange, Response

USUAL: Final = 0.5
"""Share of the successful answers that carry a header before its absence is trouble."""
REQUEST_IDS: Final = "request ids"
REFUSAL_IDS: Final = "request ids of refusals"
LONGEST_WINDOW: Final = 3600
"""Seconds until a rate limit's reset; Intercom's windows are ten seconds long."""
CLOCK_SKEW: Final = 120
"""Seconds by which a reset may lie before the answer's own date, or before our own clock."""

_CARRIED: Final = ("x-request-id", "intercom-version", "x-ratelimit-limit")
_RATE: Final = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
RISE: Final = 2
"""Requests by which the rest of a rate limit may rise within one window: two servers that count
together are seldom further apart."""
_MOVING: Final = frozenset({"preview", "unstable", "0"})
_VERSION: Final = re.compile(r"\d{1,3}(?:\.\d{1,3})?\Z")
_INTERCOMS_OWN: Final = (400, 401, 404, 409, 422)


class Fields:
    """Looks at the header fields of every answer of a run."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._answers = 0
        self._carried = dict.fromkeys(_CARRIED, 0)
        self._request_ids: set[str] = set()
        self._left: dict[str, int] = {}

    def take(self, exchange: Exchange) -> None:
        """Look at one answer."""
        response = exchange.response
        if response is None:
            return
        self._request_id(exchange, response)
        self._version(exchange, response)
        self._rate_limit(exchange, response)
        self._deprecation(exchange, response)
        if not response.is_success:
            self._refusal(exchange, response)
            return
        self._answers += 1
        for name in _CARRIED:
            if response.headers.get(name):
                self._carried[name] += 1
                if self._carried[name] > 1:  # one answer is no habit
                    self._inquiry.show(name)
            else:
                self._inquiry.suspect(
                    exchange, "header-missing", f"header:{name}", "present", "absent", needs=(name,)
                )

    def settle(self) -> None:
        """Forget a header that only few answers have: it is no promise."""
        for name, count in self._carried.items():
            self._inquiry.tried.add(name)
            if count < self._answers * USUAL:
                self._inquiry.shown.discard(name)

    def _version(self, exchange: Exchange, response: Response) -> None:
        answered, asked = response.headers.get("intercom-version"), exchange.version
        if not answered or not asked or _normal(answered) == _normal(asked):
            return
        shown = answered if _VERSION.match(answered) else "malformed"
        self._certain(exchange, "version-mismatch", "header:intercom-version", asked, shown)

    def _rate_limit(self, exchange: Exchange, response: Response) -> None:
        told = [response.headers.get(name) for name in _RATE]
        if all(value is None for value in told):
            return
        observed = _incoherence(exchange, response, told)
        if observed is not None:
            self._certain(
                exchange, "rate-limit-incoherent", f"header:{observed}", "coherent", "incoherent"
            )
        elif self._rises(*map(str, told)):
            self._certain(
                exchange, "rate-limit-incoherent", f"header:{_RATE[1]}", "falling", "rising"
            )

    def _rises(self, limit: str, remaining: str, reset: str) -> bool:
        """Whether more is left than an earlier answer of the same window said. The lowest counts:
        answers may overtake each other."""
        left = int(remaining)
        if left >= int(limit) - RISE:
            self._left[reset] = left  # the next window began, and its reset is told a moment later
            return False
        lowest = self._left.setdefault(reset, left)
        self._left[reset] = min(lowest, left)
        return left > lowest + RISE

    def _request_id(self, exchange: Exchange, response: Response) -> None:
        """No two answers have the same id, of a target that gives more than one."""
        told = response.headers.get("x-request-id")
        if not told:
            return
        if told in self._request_ids:
            self._inquiry.suspect(
                exchange,
                "header-repeated",
                "header:x-request-id",
                "unique",
                "repeated",
                needs=(REQUEST_IDS,),
            )
        elif self._request_ids:
            self._inquiry.show(REQUEST_IDS)
        self._request_ids.add(told)

    def _refusal(self, exchange: Exchange, response: Response) -> None:
        """A refusal of Intercom's own has the id that its support asks for."""
        if response.status not in _INTERCOMS_OWN or response.kind is not BodyKind.JSON:
            return  # load balancers refuse as well, and know no such id
        if response.headers.get("x-request-id"):
            self._inquiry.show(REFUSAL_IDS)
        else:
            self._inquiry.suspect(
                exchange,
                "header-missing",
                "header:x-request-id",
                "present",
                f"absent in {response.status}",
                needs=(REFUSAL_IDS,),
            )

    def _deprecation(self, exchange: Exchange, response: Response) -> None:
        """An announcement has the place that it has where a probe meets it."""
        said = announcement_of(response.headers)
        if said.says_something:
            observed = "contradictory" if said.is_contradictory else "announced"
            self._certain(exchange, said.rule, said.place, "absent", observed)

    def _certain(
        self, exchange: Exchange, rule: str, location: str, expected: str, observed: str
    ) -> None:
        self._inquiry.show(rule)
        self._inquiry.suspect(exchange, rule, location, expected, observed, needs=(rule,))


def _incoherence(exchange: Exchange, response: Response, told: list[str | None]) -> str | None:
    """Name the first rate-limit header that cannot be true, None where all can."""
    numbers: list[int] = []
    for name, value in zip(_RATE, told, strict=True):
        if value is None or not value.isdigit():
            return name
        numbers.append(int(value))
    limit, remaining, reset = numbers
    if remaining > limit:
        return _RATE[1]
    # The server's own clock is the one that it counts by; without it there is ours.
    now = parse_http_date(response.headers.get("date", "")) or exchange.started_at
    seconds = reset - now.timestamp()
    return None if -CLOCK_SKEW <= seconds <= LONGEST_WINDOW else _RATE[2]


def _normal(version: str) -> str:
    name = version.strip().lower()
    return "preview" if name in _MOVING else name
