"""The kinds of trouble, each with what it means and what to do.

One table, `RULES`, read by `intercheck rules`, by the detectors and by every message. A rule's
`scope` says what one incident of it covers: a refused token is a workspace's own, a field that
changed its type is the API's, however many workspaces see it. `measured_by` says what an answer
must be like before its absence counts as health: a 503 says nothing about whether a field is back.
"""

from types import MappingProxyType
from typing import Final

from contracts.rules.access import ACCESS
from contracts.rules.answers import ANSWERS
from contracts.rules.behaviour import BEHAVIOUR
from contracts.rules.change import CHANGE
from contracts.rules.kinds import Evidence, Rule, Scope, Severity
from contracts.rules.requests import REQUESTS
from contracts.rules.transport import TRANSPORT

__all__ = ["RULES", "Evidence", "Rule", "Scope", "Severity"]

RULES: Final = MappingProxyType(
    {rule.name: rule for rule in (*ACCESS, *ANSWERS, *BEHAVIOUR, *CHANGE, *REQUESTS, *TRANSPORT)}
)
"""Every rule by its name."""
