"""From what was seen in a property test to findings.

Two validators look at every answer: Schemathesis with four of its checks, and `conformance`, which
names places and kinds. Where both see the same the second one speaks, so that a departure has one
identity wherever it is met; what only Schemathesis sees is not lost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import JsonSchemaError, UndefinedStatusCode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contracts.conformance import Conformance, is_operational
from contracts.departures import BODY, MEDIA_TYPE, STATUS, Departure, kind_of
from contracts.exchanges import Exchange, FailureKind
from contracts.findings import Finding
from contracts.rules import RULES, Severity

CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
"""Those of Schemathesis that look at one answer and send nothing again."""

CONNECTION: Final = "connection"
EVERY_OPERATION: Final = "*"

_FAILURES: Final = {
    FailureKind.DNS: ("connection-dns", CONNECTION),
    FailureKind.REFUSED: ("connection-refused", CONNECTION),
    FailureKind.RESET: ("connection-reset", CONNECTION),
    FailureKind.TLS: ("connection-tls", CONNECTION),
    FailureKind.CONNECT_TIMEOUT: ("timeout", CONNECTION),
    FailureKind.READ_TIMEOUT: ("timeout", CONNECTION),
    FailureKind.TRUNCATED: ("body-truncated", BODY),
    FailureKind.TOO_LARGE: ("body-too-large", BODY),
    FailureKind.ENCODING: ("connection-failed", CONNECTION),
    FailureKind.REDIRECT_LOOP: ("connection-redirect-loop", CONNECTION),
    FailureKind.OTHER: ("connection-failed", CONNECTION),
}

_KEYWORDS: Final = {
    "type": "schema-type",
    "enum": "schema-enum",
    "required": "schema-required",
    "additionalProperties": "schema-undocumented",
}
_NAME: Final = re.compile(r"[a-z][a-z_]*\Z")
"""Keys that may be shown: others are, or may be, customers' own."""

_LEFT_TO_CONFORMANCE: Final = frozenset({"format", "anyOf", "oneOf", "allOf", "not"})
"""Keywords on which Schemathesis is not heard: it takes every recorded `request_id` for a broken
UUID, where the project's dialect asserts fewer formats; what may be null it rewrites to `anyOf`."""


class Reads(Protocol):
    """What consumers read, as `contracts.reliance` knows it."""

    def departures(self, exchange: Exchange) -> Sequence[Departure]:
        """Return what is absent though somebody reads it."""
        ...

    def readers(self, identity: str, location: str) -> tuple[str, ...]:
        """Return the consumers that a departure there hurts."""
        ...


class Judge:
    """Says what an exchange of a property test shows."""

    def __init__(self, conformance: Conformance, reliance: Reads | None = None) -> None:
        self._conformance = conformance
        self._reliance = reliance

    def findings(
        self,
        exchange: Exchange,
        failures: Sequence[Failure] = (),
        *,
        exists: bool = False,
        is_plain: bool = False,
    ) -> Iterator[Finding]:
        """Yield findings.

        `failures` are Schemathesis's. `exists` says that what was asked for is known to exist, so
        that a 404 tells something; `is_plain` that the question is meant to work, so that a 400
        does. Otherwise they only say that what was generated does not please.
        """
        status = exchange.response.status if exchange.response else 0
        for departure in self._departures(exchange, failures, exists):
            if status == 400 and departure.rule == "status-undocumented" and not is_plain:
                continue
            yield self._finding(exchange, departure)

    def _departures(
        self, exchange: Exchange, failures: Sequence[Failure], exists: bool
    ) -> Iterator[Departure]:
        if exchange.failure is not None:
            rule, location = _FAILURES[exchange.failure.kind]
            yield Departure(
                rule=rule,
                location=location,
                expected="answer",
                observed=exchange.failure.kind.value,
            )
            return
        response = exchange.response
        if response is None:
            return
        yield from _of_status(response.status, exists)
        departures = self._conformance.departures(exchange)
        yield from departures
        if self._reliance is not None:
            yield from self._reliance.departures(exchange)
        rules = {departure.rule.partition("-")[0] for departure in departures}
        for failure in failures:
            found = _of_failure(failure, exchange)
            # One validator saw the schema broken, the status or the media type undocumented: the
            # other's word for the same answer adds nothing.
            if found is not None and found.rule.partition("-")[0] not in rules:
                yield found

    def _finding(self, exchange: Exchange, departure: Departure) -> Finding:
        rule = RULES[departure.rule]
        # The rate limit is the app's, whichever operation meets it.
        operation = None if rule.name == "rate-limit-exceeded" else exchange.operation
        consumers: tuple[str, ...] = ()
        if self._reliance is not None:
            identity = operation.identity if operation else EVERY_OPERATION
            consumers = self._reliance.readers(identity, departure.location)
        return Finding(
            rule=rule,
            severity=max(rule.severity, Severity.WARNING, key=lambda one: one.rank)
            if consumers
            else rule.severity,
            workspace=exchange.workspace,
            region=exchange.region,
            version=exchange.version,
            operation=operation,
            location=departure.location,
            expected=departure.expected,
            observed=departure.observed,
            message=_message(exchange, departure),
            consumers=consumers,
            request_id=exchange.request_id,
            deployment=exchange.deployment,
            observed_at=exchange.started_at,
        )


def _of_status(status: int, exists: bool) -> Iterator[Departure]:
    """What a status says whatever is documented; refusals (401, 403) need the whole run."""
    if status >= 500:
        rule, expected = "server-error", "answer"
    elif status == 429:
        rule, expected = "rate-limit-exceeded", "success"
    elif status == 404 and exists:
        rule, expected = "status-not-found", "success"
    elif status == 410 and exists:
        rule, expected = "status-gone", "success"
    else:
        return
    yield Departure(rule=rule, location=STATUS, expected=expected, observed=str(status))


def _of_failure(failure: Failure, exchange: Exchange) -> Departure | None:
    """Say in our words what Schemathesis saw; None where it is not ours to report."""
    status = exchange.response.status if exchange.response else 0
    match failure.code:
        case "ST103":
            if not isinstance(failure, UndefinedStatusCode) or is_operational(status):
                return None
            return _departure("status-undocumented", STATUS, "documented", str(status))
        case "ST104" | "ST105" | "ST106":
            return _departure("body-media-type", MEDIA_TYPE, "documented", "other")
        case "ST108" if isinstance(failure, JsonSchemaError):
            return _of_schema_error(failure)
        case "ST109" | "ST110":
            return _departure("body-not-json", BODY, "json", "other")
        case "ST111":
            return _departure("schema-constraint", BODY, "discriminator", "other")
    return None  # server errors are told by the status


def _of_schema_error(failure: JsonSchemaError) -> Departure | None:
    keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
    if keyword in _LEFT_TO_CONFORMANCE:
        return None
    rule = _KEYWORDS.get(keyword, "schema-constraint")
    observed = kind_of(failure.instance)
    if rule == "schema-type" and observed == "null":
        rule = "schema-null"
    return _departure(rule, pattern_of(failure.instance_path), keyword, observed)


def pattern_of(path: Iterable[str | int]) -> str:
    """Write an instance path as a pointer pattern; keys that may be customers' own become `*`."""
    steps = [step if isinstance(step, str) and _NAME.match(step) else "*" for step in path]
    return "/" + "/".join(steps)


def _departure(rule: str, location: str, expected: str, observed: str) -> Departure:
    return Departure(rule=rule, location=location, expected=expected, observed=observed)


def _message(exchange: Exchange, departure: Departure) -> str:
    """One sentence of kinds and places."""
    operation, expected, observed = exchange.operation, departure.expected, departure.observed
    if departure.location == CONNECTION:
        return f"{operation} got no answer: {observed}."
    if departure.location == STATUS:
        undocumented = departure.rule == "status-undocumented"
        return f"{operation} answers {observed}{', which is not documented' * undocumented}."
    if departure.location in (MEDIA_TYPE, BODY):
        return f"{operation} answers with {observed} where {expected} is promised."
    if departure.rule == "schema-undocumented":
        return f"{operation}: {departure.location} ({observed}) is not documented."
    return f"{operation}: {departure.location} is {observed} where {expected} is promised."
