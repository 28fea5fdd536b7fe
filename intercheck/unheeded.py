"""Variables of the environment that ask for something else than the file says, and do not get it.

What decides which host is asked is refused, since who thinks that his sandbox is asked must not ask
production; the rest is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from contracts.errors import ConfigurationError
from contracts.workspaces import Secret, Workspace


def refuse_other_hosts(
    workspaces: Sequence[Workspace],
    places: Sequence[str],
    environ: Mapping[str, str],
    *,
    asked_at: str | None,
) -> None:
    """Raise ConfigurationError where a workspace of the file is asked elsewhere than the
    environment says. `places` are where they stand; `asked_at` is what --base-url named, which
    counts more than either."""
    base_url = environ.get("INTERCOM_BASE_URL", "").rstrip("/")
    region = environ.get("INTERCOM_REGION", "").lower()
    for one, place in zip(workspaces, places, strict=True):
        if base_url and not asked_at and one.url != base_url:
            raise ConfigurationError(
                f"INTERCOM_BASE_URL is set ({_shown(base_url)}), and {place} has the workspace "
                f"{one.name!r} asked at {_shown(one.url)}: the variable counts only without "
                "`workspaces:`. Unset it, or write `base-url: ${INTERCOM_BASE_URL}` there."
            )
        if region and one.region != region:
            raise ConfigurationError(
                f"INTERCOM_REGION is {region!r}, and {place} has the workspace {one.name!r} in the "
                f"region {one.region}: the variable counts only without `workspaces:`. Unset it, "
                "or write `region: ${INTERCOM_REGION}` there."
            )


def refuse_another_slack(webhook: Secret, environ: Mapping[str, str]) -> None:
    """Raise ConfigurationError where messages would go to another host than the environment says:
    a webhook has its own."""
    base_url = environ.get("SLACK_BASE_URL", "")
    host = _host(webhook.reveal())
    if base_url and _host(base_url) != host:
        raise ConfigurationError(
            f"SLACK_BASE_URL is set ({_shown(base_url)}), and the incoming webhook is at "
            f"{host or 'no host'}: the variable counts only with a bot token. Unset it, or set "
            "SLACK_WEBHOOK_URL to one there."
        )


def unheeded_of_intercom(
    workspaces: Sequence[Workspace], source: str, environ: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is said of a token and a version that no workspace of the file has."""
    names = ", ".join(one.name for one in workspaces)
    token = environ.get("INTERCOM_ACCESS_TOKEN")
    if token and all(one.token.reveal() != token for one in workspaces):
        yield (
            f"INTERCOM_ACCESS_TOKEN is set and not used: {source} has a token for each workspace "
            f"({names})."
        )
    version = environ.get("INTERCOM_VERSION")
    others = [one for one in workspaces if version and one.version != version]
    if others:
        asked = ", ".join(f"{one.name} for {one.version}" for one in others)
        yield f"INTERCOM_VERSION is {version!r} and not used: {source} has asked {asked}."


def unheeded_of_slack(
    token: Secret | None, webhook: Secret | None, environ: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is said of variables that need another beside them, or have one too many."""
    if token is not None:
        if environ.get("SLACK_WEBHOOK_URL"):
            yield "SLACK_WEBHOOK_URL is set and not used: a bot token is configured, which sends."
        return
    if environ.get("SLACK_APP_TOKEN"):
        yield "SLACK_APP_TOKEN is set and not used: buttons need a bot token (SLACK_BOT_TOKEN)."
    if webhook is None and environ.get("SLACK_CHANNEL"):
        yield (
            "SLACK_CHANNEL is set and nobody is told there: that needs SLACK_BOT_TOKEN, or "
            "SLACK_WEBHOOK_URL."
        )


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _shown(url: str) -> str:
    """Return a URL without what may be a secret in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "no URL"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "no URL"
