"""Who may ask what: tokens with their scopes, plan, app and region."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.spec import SpecOperation
from sandbox.intercom.answers import Refusal

AREAS: Final[Mapping[str, str]] = {
    "contacts": "contacts",
    "visitors": "contacts",
    "notes": "contacts",
    "companies": "companies",
    "conversations": "conversations",
    "messages": "conversations",
    "calls": "conversations",
    "tickets": "tickets",
    "ticket_types": "tickets",
    "ticket_states": "tickets",
    "articles": "articles",
    "internal_articles": "articles",
    "help_center": "articles",
    "news": "articles",
    "tags": "tags",
    "segments": "segments",
    "teams": "teams",
    "admins": "admins",
    "data_attributes": "data_attributes",
    "events": "events",
}
"""What a scope is about, by the first segment of the path; `/me` needs none."""

READ_ONLY_POSTS: Final = frozenset({"search", "list", "summaries"})
"""Last segments of a POST that writes nothing."""

SCOPES: Final = frozenset(
    f"{access}_{area}" for area in {*AREAS.values(), "other"} for access in ("read", "write")
)

PLANS: Final[Mapping[str, frozenset[str]]] = {
    "full": frozenset(),
    "essential": frozenset({"tickets", "articles"}),
    "none": frozenset({"conversations", "tickets", "articles"}),
}
"""The areas that a plan does not include. Intercom publishes no such table; the spec's examples
show `api_plan_restricted` on conversations without a subscription."""

REGIONS: Final = frozenset({"us", "eu", "au"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and what it speaks for. The token itself shows in no repr."""

    value: str = field(repr=False)
    scopes: frozenset[str] = SCOPES
    plan: str = "full"
    app_id: str = "sbx1main"
    region: str = "us"


class Tokens:
    """The tokens that exist. `host_region` is the region whose host the sandbox plays: the US host
    passes a foreign token on to its region, the others do not."""

    def __init__(self, *, host_region: str = "us") -> None:
        self._host_region = host_region
        self._tokens: dict[str, Token] = {}

    def add(
        self,
        value: str,
        *,
        scopes: Iterable[str] | None = None,
        plan: str = "full",
        app_id: str = "sbx1main",
        region: str = "us",
    ) -> Token:
        """Let a token exist; ValueError where a scope, plan or region does not."""
        granted = SCOPES if scopes is None else frozenset(scopes)
        if unknown := granted - SCOPES:
            raise ValueError(f"no such scope: {', '.join(sorted(unknown))}")
        if plan not in PLANS or region not in REGIONS:
            raise ValueError(f"no such plan or region: {plan}, {region}")
        token = Token(value=value, scopes=granted, plan=plan, app_id=app_id, region=region)
        self._tokens[value] = token
        return token

    def find(self, authorization: str | None) -> Token:
        """Return the token of an Authorization header; Refusal (401) where it is none that works
        here."""
        scheme, _, value = (authorization or "").partition(" ")
        token = self._tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or self._host_region not in ("us", token.region):
            raise Refusal(401, "unauthorized", "Access Token Invalid")
        return token


def area_of(path: str) -> str:
    """Return what a path is about, as scopes call it."""
    return AREAS.get(path.split("/")[1], "other")


def scope_for(method: str, path: str) -> str | None:
    """Return the scope that an operation asks for, None for `/me`."""
    if path == "/me":
        return None
    reads = method == "GET" or (method == "POST" and path.rsplit("/", 1)[-1] in READ_ONLY_POSTS)
    return f"{'read' if reads else 'write'}_{area_of(path)}"


def authorize(token: Token, operation: SpecOperation) -> None:
    """Refuse what the token's scopes or plan do not include.

    A missing scope is a 401 on most operations; newer ones answer 403 and say so in an example.
    """
    method, path = operation.operation.method, operation.operation.path
    scope = scope_for(method, path)
    if scope is None:
        return
    if scope not in token.scopes:
        stated = str(operation.responses.get("403"))
        raise missing_scope(scope, forbidden="required scope" in stated)
    if area_of(path) in PLANS[token.plan]:
        raise plan_restricted()


def missing_scope(scope: str, *, forbidden: bool) -> Refusal:
    """The refusal of a token without `scope`, in the older form or the newer."""
    if forbidden:
        return Refusal(
            403,
            "forbidden",
            f"You do not have the required scope ({scope}) to access this resource",
        )
    return Refusal(401, "token_unauthorized", "Not authorized to access resource")


def plan_restricted() -> Refusal:
    return Refusal(403, "api_plan_restricted", "Active subscription needed.")
