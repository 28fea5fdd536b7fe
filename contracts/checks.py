"""From what was seen in a property test to findings.

Two validators look at every answer: Schemathesis with four of its checks, and `conformance`, which
names places and kinds. Where both see the same the second one speaks, so that a departure has one
identity wherever it is met; what only Schemathesis sees is not lost.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import JsonSchemaError
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contracts.conformance import is_operational
from contracts.departures import BODY, MEDIA_TYPE, STATUS, WHOLE_BODY, Departure, kind_of
from contracts.exchanges import BodyKind, Exchange, FailureKind, Response
from contracts.findings import Finding
from contracts.rules import RULES, Rule, Severity
from contracts.rules.behaviour import BEHAVIOUR
from contracts.standards import Standard

CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
"""Those of Schemathesis that look at one answer and send nothing again."""

_BEHAVIOUR: Final = frozenset(rule.name for rule in BEHAVIOUR)
CONNECTION: Final = "connection"
SUCCESS: Final = "2xx"
_MISSING: Final = {404: "status-not-found", 410: "status-gone"}

_FAILURES: Final = {
    FailureKind.DNS: ("connection-dns", CONNECTION),
    FailureKind.PROXY: ("connection-proxy", CONNECTION),
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


class Judge:
    """Says what an exchange of a property test shows."""

    def __init__(
        self, standard: Standard, *, on_refusal: Callable[[Exchange, Departure], None] | None = None
    ) -> None:
        """Create it; the form of refusals is left to `on_refusal` where there is one."""
        self._standard = standard
        self._on_refusal = on_refusal

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
        for departure in self._departures(exchange, failures, exists, is_plain):
            if self._on_refusal is not None and _is_form_of_refusal(exchange, departure):
                self._on_refusal(exchange, departure)
            else:
                yield self.finding(exchange, departure)

    def _departures(
        self, exchange: Exchange, failures: Sequence[Failure], exists: bool, is_plain: bool
    ) -> Iterator[Departure]:
        if exchange.failure is not None:
            rule, location = _FAILURES[exchange.failure.kind]
            yield _departure(rule, location, "answer", exchange.failure.kind.value)
            return
        response = exchange.response
        if response is None:
            return
        yield from _of_status(exchange, response, exists)
        seen: set[str] = set()
        for departure in self._standard.departures(exchange):
            seen.add(_family(departure))
            if departure.rule.startswith("body-"):
                yield _of_body(departure, response)
            elif response.status != 400 or departure.location != STATUS:
                yield departure
            elif is_plain:
                yield _departure("status-bad-request", STATUS, SUCCESS, "400")
        for failure in failures:
            found = _of_failure(failure, response)
            # Where one validator saw the schema, the status or the media type broken, the other's
            # word for it adds nothing.
            if found is not None and _family(found) not in seen:
                yield found

    def finding(self, exchange: Exchange, departure: Departure) -> Finding:
        """Make a finding of one departure."""
        rule = RULES[departure.rule]
        # The rate limit is the app's, whichever operation meets it.
        operation = None if rule.name == "rate-limit-exceeded" else exchange.operation
        consumers = self._standard.readers(operation, departure)
        found = Finding(
            rule=rule,
            severity=_severity(rule, departure, consumers),
            workspace=exchange.workspace,
            region=exchange.region,
            version=exchange.version,
            operation=operation,
            asked=exchange.operation if operation is None else None,
            location=departure.location,
            expected=departure.expected,
            observed=departure.observed,
            message=_message(exchange, departure),
            consumers=consumers,
            request_id=exchange.request_id,
            deployment=exchange.deployment,
            observed_at=exchange.started_at,
        )
        why = self._standard.why_accepted(operation, departure, found.cause)
        return replace(found, accepted=why)


def _is_form_of_refusal(exchange: Exchange, departure: Departure) -> bool:
    status = exchange.response.status if exchange.response else 0
    return 400 <= status < 500 and departure.rule.startswith(("schema-", "body-"))


def _severity(rule: Rule, departure: Departure, consumers: tuple[str, ...]) -> Severity:
    """Say how much it matters, by whom it hurts."""
    if not consumers or not departure.rule.startswith(("schema-", "body-")):
        return rule.severity
    return Severity.WARNING if rule.name == "schema-enum" else Severity.CRITICAL


def _family(departure: Departure) -> str:
    return departure.rule.partition("-")[0]


def _of_status(exchange: Exchange, response: Response, exists: bool) -> Iterator[Departure]:
    """What a status says whatever is documented; refusals (401, 403) need the whole run."""
    status = response.status
    if status >= 500:
        yield _departure("server-error", STATUS, SUCCESS, "5xx")
    elif status == 429:
        yield _departure("rate-limit-exceeded", STATUS, SUCCESS, "429")
    elif status in _MISSING and exists:
        names_an_object = exchange.operation is None or "{" in exchange.operation.path
        rule = _MISSING[status] if names_an_object else "deprecation-endpoint-gone"
        yield _departure(rule, STATUS, SUCCESS, str(status))


def _of_body(departure: Departure, response: Response) -> Departure:
    """Name a body that cannot be read as everywhere else: JSON was promised, and something else
    came."""
    if response.kind is BodyKind.EMPTY:
        return _departure("body-empty", BODY, "json", "empty")
    if response.kind is BodyKind.OTHER:
        return _departure("body-not-json", BODY, "json", "html" if response.is_html else "other")
    return _departure("body-media-type", MEDIA_TYPE, "json", "other")


def _of_failure(failure: Failure, response: Response) -> Departure | None:
    """Say in our words what Schemathesis saw; None where it is not ours to report."""
    match failure.code:
        case "ST103" if response.status != 400 and not is_operational(response.status):
            return _departure("status-undocumented", STATUS, "documented", str(response.status))
        case "ST104" | "ST105" | "ST106":
            return _departure("body-media-type", MEDIA_TYPE, "json", "other")
        case "ST108" if isinstance(failure, JsonSchemaError):
            return _of_schema_error(failure)
        case "ST109" | "ST110":
            return _departure("body-not-json", BODY, "json", "other")
        case "ST111":
            return _departure("schema-constraint", WHOLE_BODY, "discriminator", "other")
    return None  # server errors are told by the status


def _of_schema_error(failure: JsonSchemaError) -> Departure | None:
    keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
    if keyword in _LEFT_TO_CONFORMANCE:
        return None
    rule = _KEYWORDS.get(keyword, "schema-constraint")
    observed = kind_of(failure.instance)
    if rule == "schema-type" and observed == "null":
        rule = "schema-null"
    promised = failure.schema.get("type") if keyword == "type" else None
    expected = promised if isinstance(promised, str) else keyword
    return _departure(rule, pattern_of(failure.instance_path), expected, observed)


def pattern_of(path: Iterable[str | int]) -> str:
    """Write an instance path as a pointer pattern; keys that may be customers' own become `*`."""
    steps = [step if isinstance(step, str) and _NAME.match(step) else "*" for step in path]
    return "/" + "/".join(steps)


def _departure(rule: str, location: str, expected: str, observed: str) -> Departure:
    return Departure(rule=rule, location=location, expected=expected, observed=observed)


_BODIES: Final = {
    BodyKind.EMPTY.value: "an empty body",
    BodyKind.OTHER.value: "something that is no JSON",
}


def _message(exchange: Exchange, departure: Departure) -> str:
    """One sentence of kinds and places."""
    operation, expected, observed = exchange.operation, departure.expected, departure.observed
    if departure.location == CONNECTION:
        return f"{operation} got no answer: {observed}."
    if departure.location == STATUS and departure.rule not in _BEHAVIOUR:
        undocumented = departure.rule == "status-undocumented"
        return f"{operation} answers {observed}{', which is not documented' * undocumented}."
    if departure.rule in _BEHAVIOUR:
        meaning = RULES[departure.rule].meaning
        return f"{operation}, {departure.location} ({expected}: {observed}). {meaning}"
    if departure.location in (MEDIA_TYPE, BODY):
        seen = _BODIES.get(observed, observed)
        return f"{operation} answers with {seen} where {expected} is promised."
    place = "the body" if departure.location == WHOLE_BODY else departure.location
    if departure.rule == "schema-undocumented":
        return f"{operation}: {place} ({observed}) is not documented."
    return f"{operation}: {place} is {observed} where {expected} is promised."
