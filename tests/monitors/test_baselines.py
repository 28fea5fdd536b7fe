"""What of an exchange is timed, and what it is compared with."""

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.exchanges import Timings
from monitors.baselines import key_of, timed

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory


def test_a_failed_answer_is_not_timed(an_exchange: "ExchangeFactory") -> None:
    assert timed(an_exchange(status=503, total_ms=30_000)) is None


def test_opening_a_connection_is_not_held_against_the_operation(
    an_exchange: "ExchangeFactory",
) -> None:
    opened = replace(an_exchange(), timings=Timings(total_ms=300, connect_ms=80, tls_ms=120))
    assert timed(opened) == 100


def test_workspaces_and_regions_have_a_normal_of_their_own(
    an_exchange: "ExchangeFactory",
) -> None:
    keys = {
        key_of(an_exchange(workspace=workspace, region=region))
        for workspace in ("acme", "other")
        for region in ("us", "eu")
    }
    assert len(keys) == 4
    assert key_of(an_exchange(None)) is None
