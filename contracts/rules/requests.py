"""Rules about what a client may send, as one description has it and another has not."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity


def _sent(name: str, *, meaning: str, remedy: str, example: str) -> Rule:
    """What descriptions say of requests: no answer shows it."""
    return Rule(
        name=name,
        severity=Severity.WARNING,
        scope=Scope.API,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


REQUESTS: Final = (
    _sent(
        "request-required",
        meaning="A version requires something of a request that an earlier one does not.",
        remedy="Send it before you ask for that version.",
        example="POST /contacts requires external_id in the later version.",
    ),
    _sent(
        "request-refused",
        meaning="A version does not take what could be sent to an earlier one.",
        remedy="Look at what you send, and change it before you ask for that version.",
        example="2.16 takes owner_id as a text, where 2.15 takes an integer.",
    ),
)
