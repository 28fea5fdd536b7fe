"""Refusals: the region, the workspace, the token, its permissions, or the plan.

`/me` answers to any token that lives, whatever its permissions: the canary. A 401 elsewhere while
it works is a missing permission; a 401 there is the token.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from contracts.exchanges import BodyKind
from contracts.findings import Certainty, Finding
from contracts.rules import RULES, Severity
from monitors.diagnosis.canary import KEEP_USING_IT, refused_by_me_alone
from monitors.diagnosis.expectations import REFUSED, SCOPE, TOKEN_RULES, Expectation
from monitors.diagnosis.observations import (
    Diagnosed,
    Evidence,
    Explained,
    Observation,
    across,
    code_of,
    count,
    shown,
)
from monitors.diagnosis.outlook import ROUTING_REGION, Outlook
from monitors.diagnosis.permissions import forbidden, lost_features, missing_permissions
from monitors.probes import CANARY

_REGIONS: Final = frozenset({"us", "eu", "au"})

_OR_SET_THE_REGION: Final = (
    f"{RULES[REFUSED].remedy} If it is the same, set the workspace's region to where it is hosted "
    "(us, eu or au)."
)


def refusals(evidence: Evidence, expected: Expectation, outlook: Outlook) -> Iterator[Diagnosed]:
    """Yield one diagnosis for each cause of refusals, and take what it explains."""
    yield from _other_workspace(evidence, expected)
    yield from _other_region(evidence, expected)
    yield from refused_by_me_alone(evidence)
    yield from _token(evidence, expected, outlook)
    yield from forbidden(evidence)
    yield from missing_permissions(evidence, expected)
    yield from lost_features(evidence, expected)


def _other_workspace(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    seen = _app(evidence).get("id_code")
    if expected.app_id is None or not isinstance(seen, str) or seen == expected.app_id:
        return
    yield _of_canary(
        evidence,
        "auth-workspace-changed",
        location="/app/id_code",
        expected="same",
        observed="other",
        message="The token now speaks for another Intercom workspace than the one it is "
        "configured, or was last seen, for.",
        severity=Severity.CRITICAL,
        consumers=expected.consumers,
    )


def _other_region(evidence: Evidence, expected: Expectation) -> Iterator[Diagnosed]:
    said = _app(evidence).get("region")
    seen = said.lower() if isinstance(said, str) else ""
    if expected.region not in _REGIONS or seen not in _REGIONS or seen == expected.region:
        return
    refused = evidence.named(REFUSED)
    evidence.take(refused)
    if refused:
        words, severity = f", and refuses {count(refused, evidence)}", Severity.CRITICAL
    elif expected.region == ROUTING_REGION:
        # https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis: the host
        # of the US routes to the right region. It works, and takes a detour.
        words, severity = "; it works, since requests are passed on", Severity.INFO
    else:
        words, severity = "", Severity.WARNING
    yield _of_canary(
        evidence,
        "auth-wrong-region",
        location="/app/region",
        expected=expected.region or "",
        observed=seen,
        message=f"The workspace is hosted in {seen.upper()} and the host of "
        f"{(expected.region or '').upper()} is asked{words}.",
        severity=severity,
        consumers=expected.consumers if severity is not Severity.INFO else (),
        others=refused,
        remedy=_set_the_region(seen),
    )


def _token(evidence: Evidence, expected: Expectation, outlook: Outlook) -> Iterator[Diagnosed]:
    refused = evidence.named(*TOKEN_RULES)
    if evidence.token_works:
        yield from _contradicted(evidence)
        return
    if not refused:
        return
    if _is_refused(evidence.canary):
        refused += [pair for pair in evidence.named(SCOPE) if pair[1].observed == "401"]
    evidence.take(refused)
    if outlook.home is not None:
        yield _of_other_host(evidence, expected, outlook.home, refused)
        return
    observation, telling = min(refused, key=lambda pair: _telling(pair[1]))
    code = code_of(observation)
    confirmed = _is_refused(evidence.canary)
    identities = {one.identity for one, _ in refused}
    where = "everywhere, by /me as well" if confirmed else f"on {count(refused, evidence)}"
    if confirmed and any(one.exchange.is_success for one in evidence.latest.values()):
        where = f"on {count(refused, evidence)}, /me among them, and took it on others before"
    said = f" (401 {code})" if code else " (401)"
    is_certain = confirmed or telling.rule.name != REFUSED
    if telling.rule.name == REFUSED and not expected.token_is_well_formed:
        telling = replace(telling, rule=RULES["auth-token-malformed"])
        words = (
            f"Intercom refuses the token {where}{said}, and it does not look like one of its own"
        )
    elif telling.rule.name == REFUSED:
        doubt = _or_region(expected, outlook)
        words = f"Intercom refuses the token {where}{said}{doubt}"
        if doubt and not outlook.is_refused_elsewhere:
            telling = replace(telling, remedy=_OR_SET_THE_REGION)
    else:
        words = f"{telling.message.rstrip('.')}; it is refused {where}"
    told = across(
        refused,
        replace(
            telling,
            message=f"{words}.",
            severity=Severity.CRITICAL,
            certainty=telling.certainty if is_certain else Certainty.INFERRED,
        ),
        confirmed=confirmed or evidence.is_broad(identities),
    )
    hurt = expected.consumers if is_certain else ()  # a dead token is dead for whoever uses it
    yield replace(told, finding=replace(told.finding, consumers=hurt or told.finding.consumers))


def _contradicted(evidence: Evidence) -> Iterator[Diagnosed]:
    """Yield what an operation says of the token by a code of its own while `/me` takes it: told as
    it is, since neither of the two is a guess of ours."""
    said = evidence.findings(
        lambda finding: finding.rule.name in TOKEN_RULES and finding.rule.name != REFUSED
    )
    evidence.take(said)
    for observation, finding in {one.identity: (one, finding) for one, finding in said}.values():
        operation = observation.exchange.operation
        yield Diagnosed(
            finding=replace(
                finding,
                message=f"{finding.message.rstrip('.')} on {operation}, and yet it works on "
                f"{'/me' if evidence.canary_works else 'others'}.",
                remedy=KEEP_USING_IT,
                certainty=Certainty.INFERRED,
            ),
            operations=shown([operation]),
            confirmed=evidence.still_shows(observation.identity, finding),
        )


def _telling(finding: Finding) -> int:
    name = finding.rule.name
    return TOKEN_RULES.index(name) if name in TOKEN_RULES else len(TOKEN_RULES)


def _or_region(expected: Expectation, outlook: Outlook) -> str:
    """A token of another region and a dead one look the same on a regional host."""
    if expected.region in (None, ROUTING_REGION):
        return ""
    if outlook.is_refused_elsewhere:
        hosts = " and ".join(region.upper() for region in outlook.regions)
        return f", also by the hosts of {hosts}: it is the token, not the region"
    return (
        f"; token or region: it may also belong to another region than "
        f"{str(expected.region).upper()}"
    )


def _of_other_host(
    evidence: Evidence, expected: Expectation, home: str, refused: Explained
) -> Diagnosed:
    """Say that another region's host takes the token that this one refuses."""
    return _of_canary(
        evidence,
        "auth-wrong-region",
        location="/app/region",
        expected=expected.region or "",
        observed=home,
        message=f"The host of {(expected.region or '').upper()} refuses the token "
        f"({count(refused, evidence)}), and that of {home.upper()} takes it: the workspace is "
        f"hosted in {home.upper()}.",
        severity=Severity.CRITICAL,
        consumers=expected.consumers,
        others=refused,
        remedy=_set_the_region(home),
    )


def _set_the_region(home: str) -> str:
    return f"Set the workspace's region to {home} (`region: {home}` in intercheck.yaml)."


def _is_refused(canary: Observation | None) -> bool:
    return canary is not None and canary.status == 401


def _app(evidence: Evidence) -> dict[str, Any]:
    """Return the app of the latest `/me`; empty where it did not answer with one."""
    response = evidence.canary.exchange.response if evidence.canary else None
    if response is None or not response.is_success or response.kind is not BodyKind.JSON:
        return {}
    document = response.document
    app = document.get("app") if isinstance(document, dict) else None
    return app if isinstance(app, dict) else {}


def _of_canary(
    evidence: Evidence,
    rule: str,
    *,
    location: str,
    expected: str,
    observed: str,
    message: str,
    severity: Severity,
    consumers: tuple[str, ...],
    others: Explained = (),
    remedy: str = "",
) -> Diagnosed:
    canary = evidence.canary
    if canary is None:
        raise ValueError("there is no /me to diagnose from")
    exchange = canary.exchange
    return Diagnosed(
        finding=Finding(
            rule=RULES[rule],
            severity=severity,
            workspace=exchange.workspace,
            region=exchange.region,
            version=exchange.version,
            operation=CANARY,
            location=location,
            expected=expected,
            observed=observed,
            message=message,
            remedy=remedy,
            consumers=consumers,
            request_id=exchange.request_id,
            deployment=exchange.deployment,
            observed_at=exchange.started_at,
        ),
        operations=shown([exchange.operation, *(one.exchange.operation for one, _ in others)]),
    )
