"""One stand-in for all tests of it, as new for each."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from sandbox.clock import VirtualClock
from sandbox.slack import SlackStandIn


@pytest.fixture(scope="session")
def slack_clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(scope="session")
def shared_slack(slack_clock: VirtualClock) -> Iterator[SlackStandIn]:
    with SlackStandIn(slack_clock) as running:
        yield running


@pytest.fixture
def slack(shared_slack: SlackStandIn) -> SlackStandIn:
    shared_slack.reset()
    return shared_slack


@pytest.fixture
def client(slack: SlackStandIn) -> WebClient:
    return WebClient(token=slack.token, base_url=slack.url, timeout=5, retry_handlers=[])
