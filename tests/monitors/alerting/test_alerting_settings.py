"""Matchers, windows and the section of the configuration: how they are read, and refused."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from monitors.alerting.matchers import concerns, covers, labels_of, parse_matcher
from monitors.alerting.settings import AlertingSettings
from monitors.alerting.silences import Window
from monitors.records import (
    Transition,
)

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "is_concerned", "is_covered"),
    [
        ('workspace="prod"', True, False),
        ("workspace=~pro.*|stag.*", True, True),
        ("workspace!=prod", False, False),
        ("consumer=nobody", False, False),
        ('region!~"us|au"', True, True),
        ("rule=schema-required", True, True),
        ("rule=~schema", False, False),
    ],
)
def test_a_matcher_is_read_as_alertmanager_reads_it(
    transition: Callable[..., Transition], written: str, is_concerned: bool, is_covered: bool
) -> None:
    labels = labels_of(transition(workspaces=("prod", "staging")).incident)
    matcher = parse_matcher(written)
    assert concerns([matcher], labels) == is_concerned
    assert covers([matcher], labels) == is_covered
    assert parse_matcher(str(matcher)) == matcher


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("workspce=prod", "did you mean workspace?"),
        ("workspace", "is no matcher"),
        ("rule=~(", "no valid pattern"),
        ('rule="timeout', "quote that does not end"),
    ],
)
def test_a_wrong_matcher_is_refused_in_a_sentence(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        parse_matcher(written)


def test_a_window_that_began_yesterday_lasts_into_today() -> None:
    friday = Window(
        start=time(22), duration=9 * HOUR, zone=ZoneInfo("Europe/Dublin"), days=frozenset({4})
    )
    saturday_early = datetime(2026, 7, 4, 5, 30, tzinfo=UTC)  # 6:30 in Dublin
    assert friday.is_active(saturday_early)
    assert not friday.is_active(saturday_early + HOUR)
    assert not friday.is_active(saturday_early + timedelta(days=1))


def test_the_section_is_read_in_the_words_of_alertmanager_and_gatus() -> None:
    settings = AlertingSettings.model_validate(
        {
            "routes": [
                {
                    "matchers": ['severity="critical"'],
                    "to": ["#oncall"],
                    "mentions": ["@here", "U0ABCDEF1", "S0ABCDEF1"],
                    "quiet-hours": {"start": "22:00", "duration": "9h", "every": ["Monday"]},
                    "continue": True,
                }
            ],
            "maintenance": [
                {"start": "02:00", "duration": "1h", "timezone": "Europe/Dublin"},
            ],
        }
    )
    (route,) = (one.route() for one in settings.routes)
    assert route.mentions == ("<!here>", "<@U0ABCDEF1>", "<!subteam^S0ABCDEF1>")
    assert route.goes_on
    assert route.quiet_hours is not None
    assert route.quiet_hours.days == frozenset({0})
    (maintenance,) = settings.maintenance_windows()
    assert isinstance(maintenance.window, Window)
    assert maintenance.window.zone == ZoneInfo("Europe/Dublin")


@pytest.mark.parametrize(
    "section",
    [
        {"routes": [{"to": []}]},
        {"routes": [{"to": ["#a"], "matchers": ["nonsense"]}]},
        {"routes": [{"to": ["#a"], "mentions": ["ann"]}]},
        {"quiet-hours": {"start": "25:00", "duration": "1h"}},
        {"quiet-hours": {"start": "22:00", "duration": "2d"}},
        {"maintenance": [{"start": "22:00", "duration": "1h", "timezone": "Mars"}]},
    ],
)
def test_a_wrong_section_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AlertingSettings.model_validate(section)
