"""Rules of what no single answer shows: lists that do not add up, writes that do not stay."""

from typing import Final

from contracts.rules.kinds import Evidence, Rule, Scope, Severity


def _rule(
    name: str,
    *,
    meaning: str,
    remedy: str,
    example: str,
    severity: Severity = Severity.WARNING,
) -> Rule:
    """A promise over several answers: the API's, and seen only by who asks several times."""
    return Rule(
        name=name,
        severity=severity,
        scope=Scope.API,
        measured_by=Evidence.SUCCESS,
        at_once=False,
        meaning=meaning,
        remedy=remedy,
        example=example,
    )


BEHAVIOUR: Final = (
    _rule(
        "auth-not-enforced",
        severity=Severity.CRITICAL,
        meaning="Intercom answers a request without a valid token as if it had one.",
        remedy="Tell Intercom's security team at once; do not publish it.",
        example="GET /contacts without Authorization answers 200.",
    ),
    _rule(
        "auth-refusal-status",
        meaning="A request without a valid token is refused, but not with a 401.",
        remedy="Let clients take that status for a refused token there; report it.",
        example="GET /tags with a wrong token answers 404.",
    ),
    _rule(
        "read-other",
        severity=Severity.CRITICAL,
        meaning="Another object is answered than the one that was asked for by its id.",
        remedy="Compare ids before data is used; report it to Intercom's support at once.",
        example="GET /contacts/{contact_id} answers the contact before it.",
    ),
    _rule(
        "read-differs",
        meaning="An object read by its id shows something else than the list that it stands in.",
        remedy="Read by id where it matters, and report it to Intercom's support.",
        example="the list says that a tag is called vip, and the tag says VIP.",
    ),
    _rule(
        "pagination-incoherent",
        meaning="What a list says of its own pages and items does not add up.",
        remedy="Let consumers follow pages.next and count for themselves; report it.",
        example="total_count is 40, per_page is 20, and total_pages is 1.",
    ),
    _rule(
        "pagination-repeated",
        meaning="Walking through the pages of a list meets the same item twice.",
        remedy="Let consumers tell items apart by their id, then report it to Intercom's support.",
        example="page 2 of GET /contacts begins with the last item of page 1.",
    ),
    _rule(
        "pagination-lost",
        meaning="Walking through the pages of a list misses items that it has.",
        remedy="Do not trust a full sync until this is explained; report it to Intercom's support.",
        example="total_count says 40, and the walk ends after 39.",
    ),
    _rule(
        "pagination-size",
        meaning="A page does not have the size that was asked for, or that it says it has.",
        remedy="Let consumers follow pages.next instead of counting on a size.",
        example="per_page=5 is answered with 20 items.",
    ),
    _rule(
        "pagination-list",
        meaning="The items of a list are not where they always are.",
        remedy="Check which consumers read that list: they take it for empty.",
        example="page 2 of GET /tickets has its items under data instead of tickets.",
    ),
    _rule(
        "search-mismatch",
        meaning="A search returns what its query excludes, or lacks what it asks for.",
        remedy="Let consumers filter again what they searched for, and report it.",
        example="a search for role = lead returns users.",
    ),
    _rule(
        "search-sort",
        meaning="A list is not in the order that was asked for.",
        remedy="Let consumers sort for themselves; report it to Intercom's support.",
        example="created_at descending begins with the oldest contact.",
    ),
    _rule(
        "search-filter",
        meaning="A list contains what its filter excludes.",
        remedy="Let consumers filter for themselves; report it to Intercom's support.",
        example="GET /data_attributes?model=company lists attributes of contacts.",
    ),
    _rule(
        "search-stale",
        severity=Severity.INFO,
        meaning="A search does not know yet what was just created or deleted.",
        remedy="Let consumers read by id what they have just written; an index may be slow.",
        example="a contact created a second ago is not found by its external_id.",
    ),
    _rule(
        "write-unlisted",
        meaning="What was created, and is read by its id, is not in the list of its kind.",
        remedy="Do not take the list for complete; report it to Intercom's support.",
        example="a new tag is missing from GET /tags.",
    ),
    _rule(
        "write-lost",
        severity=Severity.CRITICAL,
        meaning="What was written, and accepted, is not what is read afterwards.",
        remedy="Let consumers read back what matters; report it to Intercom's support.",
        example="PUT /contacts/{contact_id} answers 200 and the name stays as it was.",
    ),
    _rule(
        "write-spread",
        severity=Severity.CRITICAL,
        meaning="What was written to one object shows in another one as well.",
        remedy="Stop writing there until it is explained; report it to Intercom's support at once.",
        example="PUT /companies/{company_id} renames another company too.",
    ),
    _rule(
        "write-undeleted",
        severity=Severity.CRITICAL,
        meaning="What was deleted is still there.",
        remedy="Check deletions that had to happen, such as those for privacy; report it.",
        example="a deleted contact is still read with 200.",
    ),
    _rule(
        "header-missing",
        meaning="A header that answers carry is missing on some of them.",
        remedy="Do not rely on that header alone; report it to Intercom's support.",
        example="one answer in three has no x-request-id.",
    ),
    _rule(
        "header-repeated",
        severity=Severity.INFO,
        meaning="A header that tells answers apart is the same on several.",
        remedy="Name the time as well when you ask Intercom's support about a request.",
        example="two answers have the same x-request-id.",
    ),
    _rule(
        "rate-limit-incoherent",
        severity=Severity.INFO,
        meaning="The rate-limit headers contradict each other or the clock.",
        remedy="Let clients back off on 429 whatever the headers say.",
        example="X-RateLimit-Remaining is larger than X-RateLimit-Limit.",
    ),
    _rule(
        "body-envelope",
        meaning="An error does not come in any of the forms that Intercom's errors have.",
        remedy="Let consumers judge errors by their status; report it to Intercom's support.",
        example="a 404 answers an empty object.",
    ),
    _rule(
        "status-invalid-accepted",
        severity=Severity.INFO,
        meaning="Data that the description forbids is answered with success.",
        remedy="Let clients check what they send; nothing tells them that it is ignored.",
        example="GET /contacts?per_page=AAA answers 200.",
    ),
)
