"""What came of a run so far: findings, what was exercised and why not, and whether to go on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from contracts.checks import SUCCESS
from contracts.envelopes import envelope_of
from contracts.exchanges import Exchange, Operation, Response
from contracts.findings import Finding
from contracts.planning import Skip
from contracts.rules import RULES
from contracts.spec import SpecOperation

HOPELESS: Final = 3
"""Operations refused or unanswered, with none that succeeded, after which the rest is not asked."""


OUTAGE: Final = 5
"""Operations in a row without any answer, though others had one before, after which the target
counts as gone and the rest is not asked: more than may be slow at the same time."""


FAILING: Final = 5
"""Operations that fail as no API does (5xx, a redirect, a page of HTML, a list that is not found)
before any has succeeded, after which whatever answers is not the API, or is down."""
LONG_OUTAGE: Final = 10
"""The same in a row after some have succeeded: more than one bug breaks, as a rule."""


class StopError(Exception):
    """The rest of the run would tell nothing."""


class Tally:
    """`answered` counts requests that got any answer; `exercised` are identities."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}
        self.exercised: set[str] = set()
        self.answered = 0
        self._whys: dict[str, str] = {}
        self._refused: dict[str, Exchange] = {}
        self._unanswered: list[Exchange] = []
        self._silent: set[str] = set()
        self._failing: dict[str, str] = {}
        self._said_otherwise = False  # than that the token is refused

    def keep(self, findings: Iterable[Finding]) -> bool:
        """Keep findings, each once; say whether one of them is new."""
        before = len(self.findings)
        for finding in findings:
            self.findings.setdefault(finding.fingerprint, finding)
        return len(self.findings) > before

    def explain(self, identity: str, why: str) -> None:
        """Note why an operation is not exercised, where nothing is known yet."""
        self._whys.setdefault(identity, why)

    def record(self, exchange: Exchange) -> None:
        """Note what an answer with our own token says of its operation.

        Raises StopError where there is no hope left.
        """
        operation = exchange.operation
        assert operation is not None  # noqa: S101 - the gate sends nothing else
        if exchange.response is None:
            self._unanswered.append(exchange)
            self._silent.add(operation.identity)
            self._whys[operation.identity] = "it got no answer"
        else:
            self._silent.clear()
            self._note_failing(operation, exchange.response)
            self._note_answer(operation, exchange, exchange.response)
        self._give_up_without_hope()

    def settle(self) -> None:
        """At the end: where the token was refused and nothing else said, that is the finding."""
        if self._refused and not self._said_otherwise:
            self.keep([_token_refused(list(self._refused.values()))])

    def skips(self, operations: Iterable[SpecOperation], otherwise: str) -> Iterator[Skip]:
        """Say of each operation that was not exercised why; `otherwise` where nothing is known."""
        for found in operations:
            identity = found.operation.identity
            if identity not in self.exercised:
                yield Skip(operation=found.operation, why=self._whys.get(identity, otherwise))

    def _note_answer(self, operation: Operation, exchange: Exchange, response: Response) -> None:
        status, why = response.status, ""
        is_refused = False
        if status in (401, 403):
            code = envelope_of(response).code or "no code"
            why = f"Intercom refuses it to this token ({status} {code})"
            # That code is said of a permission; any other 401 may be said of the token.
            is_refused = status == 401 and code != "token_unauthorized"
        elif response.is_html:
            why = f"it answered {status} with HTML"
        elif not response.is_success:
            why = f"it answered {status}"
        if why:
            self._whys[operation.identity] = why
        else:
            self.exercised.add(operation.identity)
        if is_refused:
            self._refused[operation.identity] = exchange
        else:
            self._said_otherwise = True

    def _note_failing(self, operation: Operation, response: Response) -> None:
        """Note an answer that no API gives, or that nothing is wrong with this one."""
        status = response.status
        is_lost = status in (404, 410) and "{" not in operation.path
        if response.is_html or is_lost or not (status < 300 or 400 <= status < 500):
            form = " with HTML" if response.is_html else ""
            self._failing.setdefault(operation.identity, f"{status}{form}")
        else:
            self._failing.clear()

    def _give_up_without_hope(self) -> None:
        if len(self._failing) >= (LONG_OUTAGE if self.exercised else FAILING):
            said = Counter(self._failing.values()).most_common()
            raise StopError(
                f"{len(self._failing)} operations in a row failed as a whole "
                f"({', '.join(f'{count} answered {what}' for what, count in said)}): see whether "
                "this is the API, at its right address, and up."
            )
        if len(self._silent) >= OUTAGE:
            raise StopError(f"{OUTAGE} operations in a row got no answer.")
        if self._said_otherwise:
            return
        if len(self._unanswered) >= HOPELESS:
            raise StopError(f"The first {HOPELESS} requests got no answer.")
        if len(self._refused) >= HOPELESS:
            self.settle()
            raise StopError("Intercom refuses the token.")


def _token_refused(refused: Sequence[Exchange]) -> Finding:
    exchange = refused[0]
    asked = (
        "every operation that was asked answers"
        if len(refused) < HOPELESS
        else (f"the first {len(refused)} operations answer")
    )
    rule = RULES["auth-token-refused"]
    return Finding(
        rule=rule,
        severity=rule.severity,
        workspace=exchange.workspace,
        region=exchange.region,
        version=exchange.version,
        operation=None,
        location="status",
        expected=SUCCESS,
        observed="401",
        message=f"Intercom refuses the token: {asked} 401.",
        request_id=exchange.request_id,
        deployment=exchange.deployment,
        observed_at=exchange.started_at,
    )
