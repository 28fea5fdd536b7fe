"""Rules of announced change: deprecations and versions."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity


def _announced(
    name: str, *, meaning: str, remedy: str, example: str, severity: Severity = Severity.WARNING
) -> Rule:
    """What Intercom says about its own future: the API's, and certain as soon as it is said."""
    return Rule(
        name=name,
        severity=severity,
        scope=Scope.API,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


CHANGE: Final = (
    _announced(
        "deprecation-announced",
        meaning="Intercom announces that this operation, or a field that is read, is deprecated.",
        remedy="Find out from Intercom's changelog (developers.intercom.com) what takes its place, "
        "and plan the move.",
        example='Deprecation: @1688169599, Warning: 299 - "Deprecated API", or "is deprecated" in '
        "the description.",
    ),
    _announced(
        "deprecation-sunset",
        meaning="Intercom announces when this operation stops answering.",
        remedy="Move every consumer to the successor before that date.",
        example="Sunset: Thu, 31 Dec 2026 23:59:59 GMT.",
    ),
    _announced(
        "deprecation-contradictory",
        meaning="The announcement contradicts itself or cannot be read as a date.",
        remedy="Ask Intercom which of the dates holds; assume the earlier one until then.",
        example="a Sunset that lies before its Deprecation.",
    ),
    _announced(
        "deprecation-endpoint-gone",
        severity=Severity.CRITICAL,
        meaning="The endpoint itself no longer exists.",
        remedy="Move its consumers to the successor, or ask for a version that still has it.",
        example="404 on a collection such as GET /tags, which has no object to be missing.",
    ),
    _announced(
        "version-unavailable",
        severity=Severity.CRITICAL,
        meaning="The API version asked for does not offer this operation, or does not exist.",
        remedy="Check the version that the workspace is configured with against the versions "
        "Intercom lists, and where the operation first appeared.",
        example="400 intercom_version_invalid.",
    ),
    Rule(
        name="version-mismatch",
        severity=Severity.WARNING,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning="Intercom answered in another API version than the one asked for.",
        remedy="Check that the Intercom-Version header arrives unchanged; in the Developer Hub "
        "open your app, then Configure > API version, to see the app's default.",
        example="asked for 2.15, answered in 2.11.",
    ),
    Rule(
        name="version-default",
        severity=Severity.WARNING,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning="The app answers in another version by default than it did before.",
        remedy="Find out who changed it (Developer Hub > your app > Configure > API version), and "
        "let every integration ask for its version with the Intercom-Version header: some SDKs "
        "send none.",
        example="/me without a version was answered in 2.14 and is now in 2.16.",
    ),
    Rule(
        name="version-behind",
        severity=Severity.INFO,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning="Newer versions of the API have been released than the one that is asked for.",
        remedy="Nothing by itself; read what changed in between before you move.",
        example="2.11 is asked for, and 2.16 is the newest.",
    ),
)
