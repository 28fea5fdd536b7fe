"""Whether Slack is set up, step by step, with what to do about the first step that is missing.

Nothing is posted: a channel in which a test message appears at every `doctor` is a channel that
people mute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitors.alerting.lookup import find_channel
from monitors.alerting.slack import SlackBot
from monitors.alerting.webapi import SETUP_CODES, SlackCallError

POST_SCOPE: Final = "chat:write"
POST_ANYWHERE_SCOPE: Final = "chat:write.public"

TOKEN_CODES: Final = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
"""Codes after which somebody needs to look at the token where Slack shows it."""

WHERE_SHOWN: Final = (
    "It stands at https://api.slack.com/apps: the app, OAuth & Permissions, Bot User OAuth Token"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the set-up: what it is, whether it is done, what was seen, what to do."""

    name: str
    is_done: bool
    detail: str
    remedy: str = ""


def walk(bot: SlackBot, channel: str) -> tuple[Step, ...]:
    """Take the steps in order and stop where the next would have nothing to stand on."""
    try:
        identity, scopes = bot.api.call_with_scopes("auth.test")
    except SlackCallError as error:
        return (_failed("Slack token", error),)
    app = str(identity.get("user") or "the app")
    steps = [
        Step(
            name="Slack token",
            is_done=True,
            detail=f"Slack knows the app as @{app} in the Slack workspace {identity.get('team')}.",
        )
    ]
    try:
        found = find_channel(bot.api, channel)
    except SlackCallError as error:
        return (*steps, _failed("Slack channel", error))
    if found is None:
        steps.append(
            Step(
                name="Slack channel",
                is_done=False,
                detail=f"There is no channel {channel} that the app can see.",
                remedy=f"Check the name; in a private channel say: /invite @{app}",
            )
        )
        return tuple(steps)
    steps.append(_postable(found, scopes, app))
    if steps[-1].is_done:
        steps.append(_readable(bot, found, app))
    return tuple(steps)


def _postable(channel: Mapping[str, object], scopes: frozenset[str] | None, app: str) -> Step:
    name = f"#{channel.get('name')}"
    if channel.get("is_archived"):
        return Step(
            name="Slack channel",
            is_done=False,
            detail=f"{name} is archived.",
            remedy="Unarchive it or configure another.",
        )
    if scopes is not None and POST_SCOPE not in scopes:
        return Step(
            name="Slack channel",
            is_done=False,
            detail=f"The token lacks the scope {POST_SCOPE}, without which it cannot post.",
            remedy=_add_scope(POST_SCOPE),
        )
    anywhere = POST_ANYWHERE_SCOPE in (scopes or ()) and not channel.get("is_private")
    if not channel.get("is_member") and not anywhere:
        return Step(
            name="Slack channel",
            is_done=False,
            detail=f"The app is not in {name}, so it cannot post there.",
            remedy=f"Say in {name}: /invite @{app}",
        )
    return Step(name="Slack channel", is_done=True, detail=f"The app can post to {name}.")


def _readable(bot: SlackBot, channel: Mapping[str, object], app: str) -> Step:
    name = f"#{channel.get('name')}"
    try:
        bot.api.call("conversations.history", channel=channel.get("id"), limit=1)
    except SlackCallError as error:
        step = _failed("Slack history", error)
        remedy = f"Say in {name}: /invite @{app}" if error.code == "not_in_channel" else step.remedy
        return Step(
            name=step.name,
            is_done=False,
            detail=f"{step.detail} Without the channel's history an alert that Slack does not "
            "confirm may come twice.",
            remedy=remedy,
        )
    return Step(
        name="Slack history",
        is_done=True,
        detail=f"The history of {name} can be read: an unconfirmed alert will not come twice.",
    )


def _failed(name: str, error: SlackCallError) -> Step:
    if error.needed:
        return Step(
            name=name,
            is_done=False,
            detail=f"The token lacks the scope {error.needed}.",
            remedy=_add_scope(error.needed),
        )
    if error.is_setup:
        meaning, _, action = SETUP_CODES[error.code].partition(": ")
        remedy = f"{action[:1].upper()}{action[1:]}." if action else ""
        where = f" {WHERE_SHOWN}." if error.code in TOKEN_CODES else ""
        return Step(
            name=name,
            is_done=False,
            detail=f"Slack answered {error.code}: {meaning}.",
            remedy=f"{remedy}{where}".strip(),
        )
    return Step(
        name=name,
        is_done=False,
        detail=f"Slack could not be asked: {error}.",
        remedy="Try again; if it stays, see https://slack-status.com and the network's proxy.",
    )


def _add_scope(scope: str) -> str:
    return (
        f"At https://api.slack.com/apps choose the app, OAuth & Permissions, add the bot token "
        f"scope {scope}, and reinstall the app."
    )
