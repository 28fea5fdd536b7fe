"""Rules of what an answer says: its schema, its status, its body."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity

REPORT: Final = (
    "report it at github.com/intercom/Intercom-OpenAPI (template: schema inaccuracy) or, if it is "
    "wanted, accept the deviation with a reason and an end date"
)


def _schema(
    name: str, *, meaning: str, remedy: str, example: str, severity: Severity = Severity.WARNING
) -> Rule:
    """A departure from a schema: the API's, and certain once the same request shows it again."""
    return Rule(
        name=f"schema-{name}",
        severity=severity,
        scope=Scope.API,
        measured_by=Evidence.BODY,
        at_once=True,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


def _status(
    name: str,
    *,
    scope: Scope = Scope.WORKSPACE,
    meaning: str,
    remedy: str,
    example: str,
) -> Rule:
    """A status a healthy probe never gets; one may be a blip, so thresholds decide."""
    return Rule(
        name=f"status-{name}",
        severity=Severity.WARNING,
        scope=scope,
        measured_by=Evidence.SUCCESS,
        at_once=False,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


def _body(name: str, *, meaning: str, remedy: str, example: str) -> Rule:
    """An answer that cannot be read at all."""
    return Rule(
        name=f"body-{name}",
        severity=Severity.WARNING,
        scope=Scope.API,
        measured_by=Evidence.BODY,
        at_once=False,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


ANSWERS: Final = (
    _schema(
        "type",
        meaning="A value has another type than promised.",
        remedy=f"Make the consumers tolerate both types, then {REPORT}.",
        example="contact.owner_id is a string where an integer is promised.",
    ),
    _schema(
        "null",
        meaning="A value is null where null is not promised.",
        remedy=f"Make the consumers tolerate null, then {REPORT}.",
        example="conversation.source is null.",
    ),
    _schema(
        "enum",
        severity=Severity.INFO,
        meaning="A value is none of those promised; Intercom does not call that breaking.",
        remedy="Make the consumers tolerate values they do not know.",
        example="activity_type has a value that the description does not list.",
    ),
    _schema(
        "required",
        meaning="A field is absent that is promised or that a consumer reads. Where one of the "
        "same type came in its place, it seems to be renamed, and the finding names both.",
        remedy=f"Make the consumers tolerate its absence, then {REPORT}.",
        example="contacts in a list no longer have the field email.",
    ),
    _schema(
        "undocumented",
        severity=Severity.INFO,
        meaning="A field came that is not promised; Intercom does not call that breaking.",
        remedy="Nothing, unless a consumer refuses unknown fields.",
        example="conversation.topics is not in the description.",
    ),
    _schema(
        "format",
        meaning="A string does not have the format that is promised.",
        remedy=f"Check the consumers that parse it, then {REPORT}.",
        example="a timestamp came as an ISO 8601 string.",
    ),
    _schema(
        "constraint",
        meaning="A value breaks a bound, a length, a pattern or a combination that is promised.",
        remedy=f"Check the consumers that rely on it, then {REPORT}.",
        example="a page holds more items than per_page allows.",
    ),
    _schema(
        "unresolvable",
        severity=Severity.INFO,
        meaning="The description refers to a schema that it does not contain, so this part of the "
        "answer could not be checked.",
        remedy="Use another version of the description, or rely on the embedded contract here.",
        example="2.11 refers to #/components/schemas/custom_attributes, which does not exist.",
    ),
    _status(
        "undocumented",
        scope=Scope.API,
        meaning="The answer has a status that the contract does not know for this operation.",
        remedy=f"Check what the answer means for the consumers, then {REPORT}.",
        example="GET /tags answers 202.",
    ),
    _status(
        "mismatch",
        scope=Scope.API,
        meaning="The body is an error, though the status says success.",
        remedy="Make the consumers look for an error in a successful answer as well, since they "
        "find nothing of what they read; tell Intercom's support with the request id.",
        example="200 with an error.list from GET /tags.",
    ),
    _status(
        "bad-request",
        meaning="Intercom calls the request wrong.",
        remedy="Compare the probe's parameters with the contract of the version asked for: either "
        "the probe is misconfigured or Intercom has added a validation.",
        example="400 parameter_invalid on a search that worked before.",
    ),
    _status(
        "forbidden",
        meaning="Intercom refuses to answer (403) and gives a reason that is none of those known, "
        "or none.",
        remedy="Look the code up in Intercom's documentation of error codes, and ask its support "
        "with the request id; a missing permission or the plan would have other codes.",
        example="403 app_suspended, or 403 with a page instead of an error.",
    ),
    _status(
        "not-found",
        meaning="What was asked for does not exist, or may not be seen.",
        remedy="Check whether the object was deleted; if a new one is not found either, the "
        "endpoint itself may be gone.",
        example="404 contact_not_found for the contact the probe reads.",
    ),
    _status(
        "gone",
        meaning="What was asked for existed and does not any more.",
        remedy="Let the probe choose another object; a merged contact has moved to the one that "
        "the Link header calls canonical.",
        example="410 contact_merged.",
    ),
    _status(
        "conflict",
        meaning="The request conflicts with the present state, though it only reads.",
        remedy="Check what else works on the same object at the same time.",
        example="409 resource_conflict.",
    ),
    _status(
        "unprocessable",
        meaning="Intercom understood the request and refuses what it says.",
        remedy="Correct the field that the message names: either the probe is misconfigured or "
        "Intercom has added a validation.",
        example="422 parameter_invalid for a data_attributes model that 2.16 dropped.",
    ),
    _body(
        "empty",
        meaning="A successful answer has no body, or an object without any of the fields promised.",
        remedy="Make the consumers treat it as a failure and repeat the request; tell Intercom's "
        "support if it stays.",
        example="200 with Content-Length 0 from GET /conversations.",
    ),
    _body(
        "not-json",
        meaning="The body is not JSON.",
        remedy="See whether a proxy or a maintenance page answers in Intercom's place; tell "
        "Intercom's support if not.",
        example="200 with an HTML page.",
    ),
    _body(
        "media-type",
        meaning="The answer is labelled as something other than JSON.",
        remedy="Check consumers that look at Content-Type; tell Intercom's support if it stays.",
        example="JSON sent as text/plain.",
    ),
    _body(
        "truncated",
        meaning="The body ended before it was complete.",
        remedy="See whether a proxy cuts answers off; tell Intercom's support if not.",
        example="the connection closed after half of the announced length.",
    ),
    _body(
        "too-large",
        meaning="The body is larger than intercheck is willing to read.",
        remedy="Ask for smaller pages, or find out what has grown.",
        example="a page of conversations of more than the client's limit, once decompressed.",
    ),
)
