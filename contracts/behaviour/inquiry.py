"""What a check of Intercom's behaviour works with: a way to ask, and a way to suspect.

A suspicion becomes a finding only where the target has shown that it does what is missed at all: a
mock that answers from examples paginates nothing, and that is no trouble of the API. What was never
shown is *not measured*.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from contracts.client import Credentials
from contracts.departures import Departure
from contracts.exchanges import Exchange, Operation
from contracts.spec import Spec, SpecOperation


class Asks(Protocol):
    """The way out: `contracts.gate` as checks see it."""

    def ask(
        self,
        operation: SpecOperation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        credentials: Credentials = Credentials.OWN,
    ) -> Exchange:
        """Send one request; raises NotAllowedError or BudgetSpentError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A departure that counts where any of the `needs` was shown by the target."""

    exchange: Exchange
    departure: Departure
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An operation's first answer, and the path parameters it was asked with."""

    operation: SpecOperation
    exchange: Exchange
    path_params: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        """What was asked in the query: some of it is required."""
        return dict(parse_qsl(urlsplit(self.exchange.request.url).query, keep_blank_values=True))

    @property
    def body(self) -> Any:
        """What was asked in the body, None where nothing was."""
        return json.loads(self.exchange.request.body) if self.exchange.request.body else None


class Inquiry:
    """The state that the checks of one run share.

    `first` are the first successful answers by operation identity; `fill` gives path parameters
    that are known to exist.
    """

    def __init__(
        self, asks: Asks, spec: Spec, *, fill: Callable[[str, int], dict[str, str]], run_id: str
    ) -> None:
        self.spec = spec
        self.run_id = run_id
        self.first: dict[str, Turn] = {}
        self.successes: Counter[str] = Counter()
        """Successful answers by operation identity, whoever asked."""
        self.walked: dict[str, Exchange] = {}
        """The largest page of each list that was walked, by operation identity."""
        self.suspicions: list[Suspicion] = []
        self.shown: set[str] = set()
        self.tried: set[str] = set()
        self.refusals: set[str] = set()
        """What refusals in Intercom's form called themselves: a mock's are all one."""
        self._fill = fill
        self._asks = asks

    def ask(
        self,
        operation: SpecOperation,
        *,
        path_params: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        credentials: Credentials = Credentials.OWN,
    ) -> Exchange:
        """Send one request; raises NotAllowedError or BudgetSpentError."""
        return self._asks.ask(
            operation,
            path_params=path_params,
            query=query,
            body=body,
            credentials=credentials,
        )

    def fill(self, operation: Operation, turn: int = 0) -> dict[str, str] | None:
        """Return values for every path parameter, or None where one is unknown; another `turn`
        gives others where there are any."""
        known = self._fill(operation.path, turn)
        return known if len(known) == operation.path.count("{") else None

    def known(self, path: str) -> str | None:
        """Return an id that fits a path with one parameter, None where none was seen."""
        return next(iter(self._fill(path, 0).values()), None)

    def suspect_refusal(self, exchange: Exchange, departure: Departure) -> None:
        """Note a departure of a refusal, which counts if the target refuses in Intercom's form at
        all: a mock or a gateway has forms of its own, which say nothing of Intercom."""
        one = Suspicion(exchange=exchange, departure=departure, needs=(ENVELOPE,))
        self.suspicions.append(one)

    def show(self, ability: str) -> None:
        """Note that the target does something."""
        self.shown.add(ability)

    def suspect(
        self,
        exchange: Exchange,
        rule: str,
        location: str,
        expected: str,
        observed: str,
        *,
        needs: tuple[str, ...],
    ) -> None:
        """Note a departure that counts if the target has any of the abilities."""
        departure = Departure(rule=rule, location=location, expected=expected, observed=observed)
        self.suspicions.append(Suspicion(exchange=exchange, departure=departure, needs=needs))

    def confirmed(self) -> list[Suspicion]:
        """Return the suspicions that count."""
        return [one for one in self.suspicions if not self.shown.isdisjoint(one.needs)]

    def not_measured(self) -> tuple[str, ...]:
        """Return the abilities that were tried and that the target never showed."""
        return tuple(sorted(self.tried - self.shown))


PAGES: Final = "pages of a list differ"
SIZE: Final = "per_page"
NUMBERS: Final = "pages are numbered"
NESTED: Final = "lists inside objects are counted"
COUNTS: Final = "lists are counted"
OBJECTS: Final = "what does not exist is not found"
SEARCH: Final = "search"
FILTER: Final = "filters"
ENVELOPE: Final = "error envelopes"
CODES: Final = "error codes"
PERSISTENCE: Final = "what was written is read"
LISTED: Final = "what was written is listed"
DELETION: Final = "what was deleted is gone"


def authentication(credentials: Credentials) -> str:
    """The ability to refuse who has no token, or a wrong one."""
    return f"authentication with {credentials.value} token"


def live(operation: SpecOperation) -> str:
    """The ability to react to what is asked, of one operation."""
    return f"{operation.operation.identity} reacts to what is asked"


def is_json_object(exchange: Exchange) -> bool:
    """Whether a success with a JSON object arrived."""
    return exchange.is_success and isinstance(document_of(exchange), dict)


def document_of(exchange: Exchange) -> Any:
    """Return the JSON of the answer, None where there is none."""
    return exchange.response.document if exchange.response else None
