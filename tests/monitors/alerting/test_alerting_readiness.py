"""What `doctor` says of Slack, for each step that can be missing."""

import pytest

from contracts.workspaces import Secret
from monitors.alerting.readiness import walk
from monitors.alerting.slack import SlackBot
from sandbox.slack import SlackStandIn


def test_a_complete_set_up_is_walked_without_posting(slack: SlackStandIn, bot: SlackBot) -> None:
    steps = walk(bot, "#intercom-alerts")
    assert [(step.name, step.is_done) for step in steps] == [
        ("Slack token", True),
        ("Slack channel", True),
        ("Slack history", True),
    ]
    assert slack.messages() == ()


def test_a_channel_is_found_by_name_or_id_on_any_page(slack: SlackStandIn, bot: SlackBot) -> None:
    for number in range(250):
        slack.workspace.add(f"room-{number}")
    last = slack.workspace.channels[-1]
    for reference in ("room-249", "#room-249", last.id):
        assert walk(bot, reference)[-1].is_done, reference


def test_a_private_channel_is_found_where_the_token_may_list_it(
    slack: SlackStandIn, bot: SlackBot
) -> None:
    slack.workspace.add("secret-alerts", is_private=True)
    assert not walk(bot, "#secret-alerts")[-1].is_done
    slack.scopes.update({"groups:read", "groups:history"})
    assert walk(bot, "#secret-alerts")[-1].is_done


def test_a_refused_token_is_the_only_step(slack: SlackStandIn) -> None:
    (step,) = walk(SlackBot(Secret("xoxb-wrong"), base_url=slack.url), "#intercom-alerts")
    assert not step.is_done
    assert step.detail == "Slack answered invalid_auth: the token is not valid."
    assert step.remedy.startswith("Copy the bot token again. It stands at https://api.slack.com")


def test_a_revoked_token_says_what_to_do(slack: SlackStandIn, bot: SlackBot) -> None:
    slack.faults.inject("token-revoked")
    (step,) = walk(bot, "#intercom-alerts")
    assert step.remedy.startswith("Install the app again and configure the new one.")


def test_a_channel_nobody_knows_is_named(slack: SlackStandIn, bot: SlackBot) -> None:
    step = walk(bot, "#typo")[-1]
    assert not step.is_done
    assert "#typo" in step.detail


def test_an_app_that_is_not_in_the_channel_is_to_be_invited(
    slack: SlackStandIn, bot: SlackBot
) -> None:
    step = walk(bot, "#general")[-1]
    assert (step.is_done, step.remedy) == (False, "Say in #general: /invite @intercheck")


def test_posting_anywhere_does_not_let_an_app_read_there(
    slack: SlackStandIn, bot: SlackBot
) -> None:
    slack.scopes.add("chat:write.public")
    *_, channel, history = walk(bot, "#general")
    assert channel.is_done
    assert (history.is_done, history.remedy) == (False, "Say in #general: /invite @intercheck")


@pytest.mark.parametrize(
    ("scope", "step_name"),
    [
        ("channels:read", "Slack channel"),
        ("chat:write", "Slack channel"),
        ("channels:history", "Slack history"),
    ],
)
def test_a_missing_scope_is_named_with_where_to_add_it(
    slack: SlackStandIn, bot: SlackBot, scope: str, step_name: str
) -> None:
    slack.scopes.discard(scope)
    step = walk(bot, "#intercom-alerts")[-1]
    assert (step.name, step.is_done) == (step_name, False)
    assert f"scope {scope}" in step.detail
    assert f"add the bot token scope {scope}" in step.remedy


def test_an_archived_channel_is_said_to_be_archived(slack: SlackStandIn, bot: SlackBot) -> None:
    slack.workspace.add("old-alerts", is_archived=True)
    assert "archived" in walk(bot, "#old-alerts")[-1].detail


def test_a_slack_that_does_not_answer_is_no_fault_of_the_set_up(
    slack: SlackStandIn, bot: SlackBot
) -> None:
    slack.faults.inject("timeout-before-delivery")
    (step,) = walk(bot, "#intercom-alerts")
    assert step.detail == "Slack could not be asked: timeout."
    assert step.remedy.startswith("Try again")
