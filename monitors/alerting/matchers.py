"""Which incidents are meant: Alertmanager's matchers over an incident's labels.

`rule="timeout"`, `workspace=~"prod-.*"`, `severity!=critical`; a pattern matches the whole value
(https://prometheus.io/docs/alerting/latest/configuration/#matcher). Unlike an alert's, a label here
can have several values: an incident can be in many workspaces.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from contracts.exchanges import Operation
from monitors.records import IncidentState

LABELS: Final = (
    "rule",
    "severity",
    "workspace",
    "operation",
    "tag",
    "consumer",
    "region",
    "version",
    "cause",
)
_WRITTEN: Final = re.compile(r"\s*([A-Za-z_]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)

Labels = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; `operator` is `=`, `!=`, `=~` or `!~`."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.label}{self.operator}"{escaped}"'

    def holds_for_any(self, labels: Labels) -> bool:
        """Whether some value fulfils it (a negative one: whether none is the excluded one)."""
        if self.operator.startswith("!"):
            return self.holds_for_all(labels)
        return any(self._holds(value) for value in _values(labels, self.label))

    def holds_for_all(self, labels: Labels) -> bool:
        """Whether every value fulfils it."""
        return all(self._holds(value) for value in _values(labels, self.label))

    def _holds(self, value: str) -> bool:
        if self.operator in ("=~", "!~"):
            found = _pattern(self.value).fullmatch(value) is not None
        else:
            found = self.value == value
        return found != self.operator.startswith("!")


def parse_matcher(written: str) -> Matcher:
    """Read a matcher; ValueError with a sentence where it is none."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError(f'{written!r} is no matcher: write rule="timeout" or workspace=~"prod.*"')
    label, operator, value = match.groups()
    if label not in LABELS:
        near = difflib.get_close_matches(label, LABELS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(LABELS)}"
        raise ValueError(f"{label!r} is no label of an incident: {hint}")
    if value.startswith('"'):
        quoted = _QUOTED.fullmatch(value)
        if quoted is None:
            raise ValueError(f"{written!r} has a quote that does not end: end it, or leave both")
        value = re.sub(r"\\(.)", r"\1", quoted[1])
    if operator in ("=~", "!~"):
        try:
            _pattern(value)
        except re.error as error:
            raise ValueError(f"{written!r} has no valid pattern ({error})") from None
    return Matcher(label, operator, value)


Tags = Mapping[str, tuple[str, ...]]
"""The tags of operations, by identity, as the contract that we rely on has them."""
NO_TAGS: Final[Tags] = MappingProxyType({})


def labels_of(incident: IncidentState, tags: Tags = NO_TAGS) -> Labels:
    """Return what matchers see of an incident."""
    finding = incident.finding
    operations = incident.operations or ((str(finding.operation),) if finding.operation else ())
    return {
        "cause": (incident.key,),
        "rule": (finding.rule.name,),
        "severity": (incident.severity.value,),
        "workspace": incident.workspaces,
        "operation": operations,
        "tag": tuple(sorted({tag for one in operations for tag in tags.get(_identity(one), ())})),
        "consumer": finding.consumers,
        "region": (finding.region,),
        "version": (finding.version or "",),
    }


def concerns(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all matchers hold for some of the incident: whoever asked wants to hear of it."""
    return all(one.holds_for_any(labels) for one in matchers)


def covers(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all matchers hold for all of the incident: a silence of one workspace must not hide
    that others have the trouble too."""
    return all(one.holds_for_all(labels) for one in matchers)


def _identity(operation: str) -> str:
    try:
        return Operation.parse(operation).identity
    except ValueError:
        return operation


def _values(labels: Labels, label: str) -> tuple[str, ...]:
    return labels.get(label) or ("",)  # a label that is not there is an empty one, as upstream


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(value, re.DOTALL)
