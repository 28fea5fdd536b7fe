"""A Slack stand-in: the API methods intercheck uses, and the channel as people would see it."""

from sandbox.slack.faults import FAULTS, Fault, Faults
from sandbox.slack.standin import DEFAULT_CHANNEL, SlackStandIn
from sandbox.slack.workspace import Message, SlackError

__all__ = [
    "DEFAULT_CHANNEL",
    "FAULTS",
    "Fault",
    "Faults",
    "Message",
    "SlackError",
    "SlackStandIn",
]
