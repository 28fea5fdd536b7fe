"""Rules of who may ask, and how often: tokens, scopes, plan, region, rate limit."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity

_HUB: Final = "in Intercom's Developer Hub open your app, then Configure > Authentication"


def _token(name: str, *, meaning: str, remedy: str, example: str) -> Rule:
    """A rule of the whole token: critical, the workspace's own, certain once /me confirms it."""
    return Rule(
        name=f"auth-{name}",
        severity=Severity.CRITICAL,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


ACCESS: Final = (
    _token(
        "token-missing",
        meaning="Intercom saw no access token in the request.",
        remedy="Check that nothing between here and Intercom strips the Authorization header, and "
        f"that a token is configured: {_HUB} and copy the access token.",
        example="401 with the code missing_authorization.",
    ),
    _token(
        "token-malformed",
        meaning="Intercom refused the token and what is configured does not look like one.",
        remedy=f"Copy the token again, whole and without quotes or line breaks: {_HUB}.",
        example="401 on every operation for a value with a character that no token has.",
    ),
    _token(
        "token-refused",
        meaning="Intercom refuses the token everywhere and does not say why.",
        remedy=f"Compare the configured token with the one Intercom shows: {_HUB}. If it differs, "
        "or the app was reinstalled, use the token shown there.",
        example='401 unauthorized "Access Token Invalid" on /me and on every probe.',
    ),
    _token(
        "token-revoked",
        meaning="The token was revoked or no longer exists: the app was uninstalled, or its token "
        "regenerated.",
        remedy=f"Use the present token: {_HUB}. For a public app, let the workspace authorise it "
        "again.",
        example="401 with the code token_revoked or token_not_found.",
    ),
    _token(
        "token-expired",
        meaning="The token has expired.",
        remedy=f"Generate a new token and configure it: {_HUB}.",
        example="401 with the code token_expired.",
    ),
    _token(
        "token-blocked",
        meaning="Intercom has blocked or suspended the token.",
        remedy="Ask Intercom's support why, with the request id; a new token of the same app will "
        "most likely be blocked as well.",
        example="401 with the code token_blocked or token_suspended.",
    ),
    _token(
        "wrong-region",
        meaning="The workspace is hosted in another region than the one whose host is asked.",
        remedy="Set the workspace's region to the one that /me answers with (us, eu or au).",
        example="A workspace configured for us whose /me says region EU.",
    ),
    _token(
        "workspace-changed",
        meaning="The token speaks for another Intercom workspace than before.",
        remedy="Check which workspace the token was issued for before any integration writes with "
        "it; if the change is wanted, set `app-id` in intercheck.yaml to the new one, or forget "
        "the old one with `intercheck baseline reset --all`.",
        example="/me names another app than the configuration does.",
    ),
    Rule(
        name="auth-scope-missing",
        severity=Severity.CRITICAL,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning="The token is valid but lacks the permission for this operation.",
        remedy=f"{_HUB[0].upper()}{_HUB[1:]} and enable the missing permission; then use the "
        "regenerated token (a public app must be authorised again).",
        example='403 forbidden "You do not have the required scope (read_conversations)".',
    ),
    Rule(
        name="auth-plan-restricted",
        severity=Severity.WARNING,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=True,
        meaning="The workspace's plan does not include this feature.",
        remedy="If the workspace never had the feature, disable the probe; if it did, ask whoever "
        "holds the Intercom subscription what changed (Settings > Billing).",
        example='403 api_plan_restricted "Active subscription needed.", or the older 402.',
    ),
    Rule(
        name="auth-blocked",
        severity=Severity.CRITICAL,
        # It is this machine's address that is blocked, whichever token it comes with.
        scope=Scope.API,
        measured_by=Evidence.ANSWER,
        at_once=False,
        meaning="A load balancer, firewall or proxy turned the request away before Intercom saw "
        "it.",
        remedy="First see whether a proxy or firewall of your own refuses Intercom's host: ask "
        "from another network. If it is Intercom's, this machine's outgoing address was blocked "
        "(too many requests, a shared proxy): ask its support, naming that address and the time.",
        example="403 with HTML from awselb/2.0 and no request id.",
    ),
    Rule(
        name="rate-limit-exceeded",
        severity=Severity.WARNING,
        scope=Scope.WORKSPACE,
        measured_by=Evidence.SUCCESS,
        at_once=False,
        meaning="The app or the workspace has used up its requests for the present 10 seconds.",
        remedy="Find which integration of this app sends most and slow it down; 10,000 calls a "
        "minute per app and 25,000 per workspace are spread over windows of 10 seconds.",
        example='429 rate_limit_exceeded "Exceeded rate limit of 167 in 10_seconds".',
    ),
)
