"""What an upgrade changes, as findings: of two descriptions, and of who reads what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from contracts.consumers import Fields
from contracts.contrasts import ABSENT, OPTIONAL
from contracts.errors import NothingMeasuredError
from contracts.evolution import ENDPOINT, REQUEST, Change, changes_between
from contracts.findings import Certainty, Finding
from contracts.overlays import embedded_contract
from contracts.pins import PINS, is_pinned, pin_of
from contracts.rules import RULES, Severity
from contracts.spec import PREVIEW, Spec
from contracts.standards import Reads
from intercheck.accepting import ledger_of, reads_for
from intercheck.descriptions import open_description
from intercheck.settings import Places, Settings

_FOR_SENDERS: Final = frozenset({"request-required", "request-refused"})
"""Rules about what is sent: who uses the operation may send it, or not."""
AS_BEFORE: Final = "the relied-upon contract of both versions says the same there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two descriptions, and what they are called. `is_embedded` says that both are the relied-upon
    contract, because what is published is not at hand."""

    before: Spec
    after: Spec
    earlier: str
    later: str
    is_embedded: bool = False


def newest() -> str:
    """Return the newest published version that is not a preview."""
    released = (version for version in PINS if version != PREVIEW)
    return max(released, key=lambda version: tuple(map(int, version.split("."))))


def pair_of(earlier: str, later: str, places: Places) -> Pair:
    """Open two descriptions: what is published, or where that has not been pulled the relied-upon
    contract of both versions.

    Raises SpecError and NothingMeasuredError as `open_description` does.
    """
    try:
        before, after = (
            open_description(name, spec_dir=places.spec_dir, cache_dir=places.cache_dir)
            for name in (earlier, later)
        )
    except NothingMeasuredError:
        relied = [embedded_contract(one, cache_dir=places.cache_dir) for one in (earlier, later)]
        if relied[0] is None or relied[1] is None:
            raise
        return Pair(
            before=relied[0], after=relied[1], earlier=earlier, later=later, is_embedded=True
        )
    return Pair(before=before, after=after, earlier=_title(earlier), later=_title(later))


def reads_before(settings: Settings, pair: Pair) -> Reads | None:
    """Return who reads what in the earlier version; None where nothing says so."""
    version = pair.before.version
    relied = embedded_contract(version or "", cache_dir=settings.cache_dir)
    return reads_for(settings)(relied, None if pair.is_embedded else pair.before)


def findings_of(
    pair: Pair,
    reads: Reads | None,
    *,
    accepted: Mapping[str, str],
    at: datetime,
    is_as_before: Callable[[Change], bool] = lambda _: False,
) -> Iterator[tuple[Change, Finding]]:
    """Yield what changes, and the finding that it is. What a consumer reads is critical, what
    nobody is known to use is a warning, what is added is for information."""
    for change in changes_between(pair.before, pair.after):
        # The relied-upon contract says what is relied upon, not everything there is.
        if not (pair.is_embedded and change.expected == ABSENT):
            finding = _finding(change, pair, reads, accepted, at)
            if finding.accepted is None and is_as_before(change):
                finding = replace(finding, accepted=AS_BEFORE)
            yield change, finding


def as_before(pair: Pair, *, cache_dir: Path) -> Callable[[Change], bool]:
    """Return what says that an answer is as before though other things are published of it: the
    relied-upon contract of both versions knows the place, and says the same of it.

    Descriptions are mended without a word; what is recorded of answers stands in the contract.
    """
    before, after = (
        embedded_contract(spec.version or "", cache_dir=cache_dir)
        for spec in (pair.before, pair.after)
    )
    if before is None or after is None or pair.is_embedded:
        return lambda _: False
    changed = {(one.operation.identity, one.location) for one in changes_between(before, after)}
    known = [Fields(before), Fields(after)]

    def says_the_same(change: Change) -> bool:
        place = change.operation.identity, change.location
        return place not in changed and all(_knows(fields, *place) for fields in known)

    return says_the_same


def _knows(fields: Fields, identity: str, location: str) -> bool:
    """Whether a description says anything of a place in an answer, or of a query parameter."""
    if not location.startswith(REQUEST):
        return location.startswith("/") and fields.knows(identity, location)
    operation = fields.spec.get(identity)
    parameters = operation.parameters if operation else ()
    return any(location == f"{REQUEST}{one.location}:{one.name}" for one in parameters)


def accepted_in(settings: Settings, at: datetime) -> dict[str, str]:
    """Return why each cause or place is accepted, by the packaged and the user's own ledger."""
    return ledger_of(settings, at.date()).accepted(at.date())


def _finding(
    change: Change,
    pair: Pair,
    reads: Reads | None,
    accepted: Mapping[str, str],
    at: datetime,
) -> Finding:
    rule = RULES[change.rule]
    readers = _readers(change, reads)
    finding = Finding(
        rule=rule,
        severity=_severity(change, is_read=bool(readers)),
        version=pair.after.version,
        operation=change.operation,
        location=change.location,
        expected=change.expected,
        observed=change.observed,
        message=_message(change, pair),
        remedy=_remedy(change, pair),
        consumers=readers,
        certainty=Certainty.DOCUMENTED,
        observed_at=at,
    )
    place = f"{change.place} {change.expected}>{change.observed}"
    return replace(finding, accepted=accepted.get(finding.cause) or accepted.get(place))


def _readers(change: Change, reads: Reads | None) -> tuple[str, ...]:
    """Return the consumers it concerns."""
    if reads is None or change.rule in ("schema-undocumented", "schema-enum"):
        return ()
    identity = change.operation.identity
    if change.location == ENDPOINT or change.rule in _FOR_SENDERS:
        return tuple(one.name for one in reads.users(identity))
    return reads.readers(identity, change.location)


def _severity(change: Change, *, is_read: bool) -> Severity:
    usual = RULES[change.rule].severity
    if usual is Severity.INFO:
        return usual
    if change.rule in _FOR_SENDERS:
        return Severity.WARNING
    if change.observed == OPTIONAL:
        return Severity.INFO  # what descriptions require says little: most require nothing
    return Severity.CRITICAL if is_read else Severity.WARNING


def _message(change: Change, pair: Pair) -> str:
    later, earlier = pair.later, pair.earlier
    where = _where(change.location)
    values = ", ".join(change.values)
    match change.rule, change.observed:
        case "deprecation-endpoint-gone", _:
            return f"{later} has no such operation."
        case "schema-undocumented", "operation":
            return f"{later} adds this operation."
        case "schema-undocumented", _:
            return f"{later} adds {where} ({change.observed})."
        case "schema-required", "absent":
            return f"{later} has no {where} ({change.expected} in {earlier})."
        case "schema-required", _:
            return f"{later} does not promise {where} any more, {earlier} does."
        case "schema-null", _:
            return f"{where} may be null in {later}."
        case "schema-enum", "enum":
            return f"{where} may also be {values} in {later}."
        case "schema-enum", _:
            return f"{later} does not list the values of {where} any more."
        case "status-undocumented", _:
            return f"A success is {change.observed} in {later}, and {change.expected} in {earlier}."
        case "body-empty", _:
            return f"A success has no body in {later}."
        case "request-required", _:
            return f"{later} requires {where} to be sent."
        case "request-refused", "absent":
            return f"{later} does not list {where} any more."
        case "request-refused", "enum" if change.values:
            return f"{later} does not take {values} as {where} any more."
        case "schema-type", _:
            return f"{where} may be {change.observed} in {later}: {change.expected} in {earlier}."
        case _:
            return f"{where} is {change.observed} in {later}, and {change.expected} in {earlier}."


def _where(location: str) -> str:
    if location == "/":
        return "the answer"
    if location == f"{REQUEST}/":
        return "the body"
    where = location.removeprefix(REQUEST)
    return f"{where.removeprefix('query:')} in the query" if where.startswith("query:") else where


def _remedy(change: Change, pair: Pair) -> str:
    if change.rule == "request-required":
        return f"Send it before you ask for {pair.later}."
    if change.rule == "request-refused":
        return f"If you send it, change that before you ask for {pair.later}."
    if change.expected == ABSENT:
        return "Nothing: what is added breaks nobody."
    if change.rule == "schema-enum":
        return (
            f"Let what reads it cope with values it does not know before you ask for {pair.later}."
        )
    if change.rule == "deprecation-endpoint-gone":
        return f"Move what uses it to its successor before you ask for {pair.later}."
    return f"Change what reads it before you ask for {pair.later}."


def _title(name: str) -> str:
    return pin_of(name).title if is_pinned(name) else Path(name).name
