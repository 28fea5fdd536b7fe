"""Custom attributes: what a workspace did to its own is no drift of the API.

Their names are a workspace's, and so are their types: `GET /data_attributes` declares both. Where
the same pass has its answer, what departs under `custom_attributes` is held against it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts.exchanges import BodyKind
from contracts.findings import Certainty, Finding
from contracts.rules import Severity
from monitors.diagnosis.observations import Observation

DECLARING: Final = "GET /data_attributes"
_MAP: Final = "custom_attributes"
_LOOK: Final = "See in Intercom (Settings > Data) whether the attribute is archived"
_MEANT: Final = (
    "Ask whoever manages the workspace's attributes (Settings > Data) whether that was meant. If "
    "so, make the consumers do without it; if not, let them restore the attribute."
)
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"string"}),
    "options": frozenset({"string"}),
    "integer": frozenset({"integer"}),
    "float": frozenset({"number", "integer"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"integer"}),
    "datetime": frozenset({"integer"}),
    "relationship": frozenset({"object"}),
    "files": frozenset({"array"}),
}
"""What a value of a declared `data_type` is in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The custom attributes of a workspace: the kinds their values may have, and the names of those
    that are not archived."""

    kinds: frozenset[str]
    names: frozenset[str]


def reconciled(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return the observations in which what a workspace's own attributes explain is said to be so,
    or that it is not known where the pass does not have them."""
    seen = tuple(observations)
    declared = _declared(seen)
    return tuple(
        replace(one, findings=tuple(_judged(finding, declared) for finding in one.findings))
        if any(f"/{_MAP}/" in finding.location for finding in one.findings)
        else one
        for one in seen
    )


def _judged(finding: Finding, declared: Declared | None) -> Finding:
    _, found, name = finding.location.rpartition(f"/{_MAP}/")
    if not found or "/" in name or not finding.rule.name.startswith("schema-"):
        return finding
    name = name.replace("~1", "/").replace("~0", "~")
    if declared is None:
        if finding.observed != "absent":
            return finding
        return replace(
            finding,
            message=f"{finding.message} Whether the workspace has archived that attribute is not "
            f"known: {DECLARING} gave no list of them in this pass.",
            remedy=f"{_LOOK}; if not, {_lowered(finding.remedy or finding.rule.remedy)}",
        )
    if finding.observed == "absent":
        if name in declared.names:
            return finding
        return replace(
            finding,
            severity=min(finding.severity, Severity.WARNING, key=lambda one: one.rank),
            message=f"{finding.message} The workspace has archived that attribute or has none of "
            f"that name ({DECLARING}): it is its doing, and no drift of the API.",
            remedy=_MEANT,
            certainty=Certainty.RECORDED,
        )
    if finding.observed != "null" and finding.observed not in declared.kinds:
        return finding
    return replace(
        finding,
        severity=Severity.INFO,
        message=f"{finding.message} The workspace has a custom attribute of that type "
        f"({DECLARING}).",
        certainty=Certainty.RECORDED,
    )


def _lowered(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}"


def _declared(observations: Iterable[Observation]) -> Declared | None:
    """Return what the latest answer declares; None where there is none, or it is not whole."""
    latest = [one for one in observations if one.identity == DECLARING]
    response = latest[-1].exchange.response if latest else None
    if response is None or not response.is_success or response.kind is not BodyKind.JSON:
        return None
    document: Any = response.document
    listed = document.get("data") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    custom = list(_custom(listed))
    kinds = (
        _KINDS.get(one["data_type"], frozenset())
        for one in custom
        if isinstance(one.get("data_type"), str)
    )
    names = (one["name"] for one in custom if isinstance(one.get("name"), str))
    return Declared(kinds=frozenset().union(*kinds), names=frozenset(names))


def _custom(listed: list[Any]) -> Iterator[dict[str, Any]]:
    for one in listed:
        if isinstance(one, dict) and one.get("custom") is True and one.get("archived") is not True:
            yield one
