"""Incidents: when they open, end, come back, and what is never told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rules import RULES, Severity
from monitors.grouping import key_of
from monitors.incidents import (
    accept,
)
from monitors.policies import BLIND_AFTER, RATE_WINDOW, Policy, policy_for
from monitors.records import Phase
from monitors.sightings import (
    Accepted,
    Healthy,
    NotMeasured,
    Observed,
    Paused,
    merge,
)
from tests.monitors.lives import (
    ACKNOWLEDGED,
    BLIND,
    ESCALATED,
    EXPLAINED,
    FLAPPING,
    MEASURED,
    MINUTE,
    OPENED,
    PATIENT,
    REOPENED,
    RESOLVED,
    START,
    Life,
    a_finding,
    sight,
)

CERTAIN = Policy(at_once=True)


def test_what_is_certain_opens_at_once() -> None:
    assert Life(CERTAIN)(sight()) == [OPENED]


def test_what_was_not_confirmed_is_not_certain() -> None:
    life = Life(CERTAIN)
    assert life(sight(confirmed=False)) == []
    assert life(sight()) == [OPENED]


def test_what_may_be_a_blip_opens_at_the_third_sight_in_a_row() -> None:
    life = Life()
    assert life(sight(), sight()) == []
    assert life(sight()) == [OPENED]
    assert life.state is not None
    assert (life.state.failures, life.state.sights) == (3, 3)
    assert (life.state.first_seen_at, life.state.opened_at) == (START + MINUTE, START + 3 * MINUTE)


def test_a_blip_is_told_to_nobody_and_forgotten_after_a_while() -> None:
    life = Life()
    assert life(sight(), sight(), Healthy()) == []
    assert life.state is not None
    assert life(*[Healthy()] * RATE_WINDOW) == []
    assert life.state is None


def test_a_fault_in_three_answers_of_ten_is_told_although_never_three_in_a_row() -> None:
    life = Life()
    rarely: list[Observed] = [sight(), Healthy(), Healthy(), sight(), *[Healthy()] * 3]
    assert life(*rarely, *rarely) == [OPENED]
    # Two healthy answers prove nothing of what shows in one of three.
    assert life(Healthy(), Healthy(), sight()) == []
    assert life(*[Healthy()] * RATE_WINDOW) == [RESOLVED]


def test_a_hard_fault_is_over_soon_also_where_a_blip_went_before_it() -> None:
    life = Life()
    life(sight(), Healthy(), Healthy(), *[sight()] * 6)
    assert life(Healthy(), Healthy()) == [RESOLVED]


def test_three_of_the_last_five_are_enough_where_the_policy_says_so() -> None:
    life = Life(Policy(at_once=False, out_of=5, failure_rate=1.0))
    assert life(sight(), Healthy(), sight(), Healthy()) == []
    assert life(sight()) == [OPENED]
    in_a_row = Life(Policy(at_once=False, failure_rate=1.0))
    by_turns: list[Observed] = [sight(), Healthy()]
    assert in_a_row(*by_turns * 10) == []


def test_it_keeps_firing_for_as_long_as_the_policy_says() -> None:
    life = Life(Policy(at_once=True, keep_firing_for=timedelta(minutes=10)))
    assert life(sight(), *[Healthy()] * 9) == [OPENED]
    assert life(Healthy()) == [RESOLVED]


def test_what_many_workspaces_see_at_once_is_no_blip() -> None:
    assert Life()(replace(sight(), is_wide=True)) == [OPENED]


def test_what_turns_out_to_be_something_else_says_so_in_place() -> None:
    life = Life(CERTAIN)
    life(sight())
    known = replace(sight(), finding=a_finding(rule_name="timeout"))
    assert life(known, known) == [EXPLAINED]


def test_what_is_accepted_by_hand_ends_as_accepted_and_comes_back_after_its_end() -> None:
    life = Life(CERTAIN)
    life(sight())
    assert life.state is not None
    over, transition = accept(life.state, why="until 2026-05-01: gone for good", now=life.now)
    assert transition is not None
    assert over is not None
    assert (transition.kind, over.accepted) == (RESOLVED, "until 2026-05-01: gone for good")
    life.state, life.now = over, life.now + timedelta(days=60)
    assert life(Accepted(why="until 2026-05-01: gone for good")) == []
    assert life(sight()) == [OPENED]
    assert life.state is not None
    assert life.state.accepted == ""


def test_what_nobody_was_told_of_is_accepted_in_silence() -> None:
    life = Life()
    assert life(sight(), Accepted(why="known")) == []
    assert life.state is None


def test_two_healthy_observations_end_it() -> None:
    life = Life(CERTAIN)
    assert life(sight(), Healthy()) == [OPENED]
    assert life(Healthy()) == [RESOLVED]
    assert life.state is not None
    assert life.state.resolved_at == life.now


def test_a_relapse_between_two_healthy_observations_keeps_it_open() -> None:
    assert Life(CERTAIN)(sight(), Healthy(), sight(), Healthy(), sight()) == [OPENED]


def test_what_comes_back_within_the_hour_is_the_same_incident() -> None:
    life = Life(CERTAIN)
    assert life(sight(), Healthy(), Healthy(), sight()) == [OPENED, RESOLVED, REOPENED]
    assert {one.incident.id for one in life.told} == {"incident-1"}
    assert life.state is not None
    assert life.state.resolved_at is None
    assert (life.state.first_seen_at, life.state.opened_at) == (START + MINUTE, life.now)


def test_what_comes_back_later_is_another_incident() -> None:
    life = Life(CERTAIN)
    life(sight(), Healthy(), Healthy())
    life.now += timedelta(hours=2)
    assert life(sight()) == [OPENED]
    assert [one.incident.id for one in life.told] == ["incident-1", "incident-1", "incident-2"]
    assert life.told[-1].incident.sequence == 1


def test_one_blip_after_it_is_over_does_not_reopen_it() -> None:
    life = Life()
    assert life(*[sight()] * 3, Healthy(), Healthy()) == [OPENED, RESOLVED]
    assert life(sight(), Healthy(), Healthy(), Healthy()) == []
    assert life(*[sight()] * 3) == [REOPENED]


def test_it_escalates_when_it_gets_worse_and_says_so_once() -> None:
    life = Life(CERTAIN)
    assert life(sight(), sight(Severity.CRITICAL)) == [OPENED, ESCALATED]
    assert life(sight(), sight(Severity.CRITICAL)) == []


def test_it_goes_blind_once_when_nothing_can_be_measured() -> None:
    life = Life(CERTAIN)
    life(sight())
    assert life(*[NotMeasured()] * (BLIND_AFTER * 3)) == [BLIND]
    assert life.state is not None
    assert life.state.phase is Phase.OPEN


def test_what_is_measured_again_says_so_whether_it_is_there_or_not() -> None:
    blind = [NotMeasured()] * BLIND_AFTER
    life = Life(CERTAIN)
    assert life(sight(), *blind, sight(), sight()) == [OPENED, BLIND, MEASURED]
    assert life(*blind, sight(Severity.CRITICAL)) == [BLIND, ESCALATED]
    assert life(*blind, Healthy()) == [BLIND, MEASURED]
    assert life(Healthy()) == [RESOLVED]


def test_not_measured_is_not_health() -> None:
    assert RESOLVED not in Life(CERTAIN)(sight(), *[NotMeasured()] * 50)


def test_a_pending_incident_that_nobody_can_measure_is_forgotten_in_silence() -> None:
    life = Life()
    assert life(sight(), *[NotMeasured()] * BLIND_AFTER) == []
    assert life.state is None


@pytest.mark.parametrize("policy", [PATIENT, CERTAIN])
def test_information_never_opens_an_incident(policy: Policy) -> None:
    life = Life(policy)
    assert life(*[sight(Severity.INFO)] * 10) == []
    assert life.state is None


def test_accepting_a_deviation_ends_its_incident() -> None:
    accepted = sight()
    accepted = replace(accepted, finding=replace(accepted.finding, accepted="agreed until May"))
    life = Life(CERTAIN)
    assert life(sight(), accepted, accepted) == [OPENED, RESOLVED]
    assert life.state is not None
    assert life.state.accepted == "agreed until May"


@pytest.mark.parametrize("later", [MINUTE, timedelta(days=90)])
def test_what_is_told_again_after_its_acceptance_says_that_it_was_accepted(
    later: timedelta,
) -> None:
    life = Life(CERTAIN)
    accepted = sight()
    accepted = replace(accepted, finding=replace(accepted.finding, accepted="agreed until May"))
    life(sight(), accepted)
    life.now += later
    assert life(sight()) == [REOPENED if later == MINUTE else OPENED]
    assert life.state is not None
    assert (life.state.accepted, life.state.was_accepted) == ("", "agreed until May")
    life(Healthy(), Healthy())
    assert life.state.was_accepted == "", "it is mended: what comes after that was never accepted"


def test_a_workspaces_own_trouble_is_an_incident_of_that_workspace() -> None:
    tokens = [a_finding(rule_name="auth-token-revoked", workspace=name) for name in ("a", "b")]
    errors = [a_finding(workspace=name) for name in ("a", "b")]
    assert len({key_of(one) for one in tokens}) == 2
    assert len({key_of(one) for one in errors}) == 1


def test_one_cause_in_many_workspaces_is_one_sighting() -> None:
    merged = merge([sight(workspace="b"), sight(Severity.CRITICAL, workspace="a")])
    (only,) = merged.values()
    assert only.workspaces == ("a", "b")
    assert only.finding.severity is Severity.CRITICAL


def test_what_one_workspace_accepts_does_not_speak_for_another() -> None:
    accepted = sight(Severity.CRITICAL, workspace="a")
    accepted = replace(accepted, finding=replace(accepted.finding, accepted="census"))
    for pair in ([accepted, sight(workspace="b")], [sight(workspace="b"), accepted]):
        (only,) = merge(pair).values()
        assert (only.workspaces, only.finding.accepted) == (("b",), None)


def test_a_policy_of_the_users_own_wins() -> None:
    own = Policy(at_once=True, success_threshold=5)
    assert policy_for(RULES["timeout"], {"timeout": own}) is own
    assert policy_for(RULES["timeout"], failure_threshold=7).failure_threshold == 7
    assert policy_for(RULES["auth-token-revoked"]).at_once


def test_what_comes_and_goes_says_so_once_and_is_over_only_after_a_longer_calm() -> None:
    life = Life(CERTAIN)
    back_and_forth: list[Observed] = [sight(), Healthy(), Healthy()]
    told = life(*back_and_forth, *back_and_forth, *back_and_forth, *back_and_forth)
    assert told == [OPENED, RESOLVED, REOPENED, RESOLVED, REOPENED, RESOLVED, FLAPPING]
    assert life(*back_and_forth, *back_and_forth) == []
    life.now += timedelta(hours=1)
    assert life(Healthy()) == [RESOLVED]
    assert life(sight()) == [FLAPPING]


def test_what_got_worse_is_nobodys_again() -> None:
    life = Life(CERTAIN)
    life(sight())
    assert life.acknowledge("ann") == [ACKNOWLEDGED]
    assert life.acknowledge("ann") == []
    life(sight(Severity.CRITICAL))
    assert life.state is not None
    assert life.state.acknowledged_by == ""


observations: st.SearchStrategy[Observed] = st.one_of(
    st.builds(sight, st.sampled_from(Severity), confirmed=st.booleans()),
    st.just(Healthy()),
    st.just(NotMeasured()),
)


@given(st.lists(observations, max_size=40), st.sampled_from([PATIENT, CERTAIN]))
def test_the_same_observations_make_the_same_incident(
    observed: list[Observed], policy: Policy
) -> None:
    one, other = Life(policy), Life(policy)
    one(*observed)
    other(*observed)
    assert (one.state, one.told) == (other.state, other.told)


def test_what_is_back_is_told_where_it_is_back() -> None:
    life = Life()
    worse = sight(Severity.CRITICAL)
    life(*[replace(worse, workspaces=("eu", "prod"), operations=("GET /a", "GET /b"))] * 3)
    assert life(Healthy(), Healthy()) == [RESOLVED]
    assert life(*[replace(sight(), workspaces=("prod",), operations=("GET /b",))] * 3) == [REOPENED]
    assert life.state is not None
    assert (life.state.workspaces, life.state.operations) == (("prod",), ("GET /b",))
    assert life.state.severity is Severity.WARNING


def test_the_beginning_of_an_incident_does_not_move_later() -> None:
    life = Life()
    for minutes in (5, None, 3, 8):
        began_at = None if minutes is None else START - MINUTE * minutes
        life(replace(sight(), finding=replace(a_finding(), began_at=began_at)))
    paused = replace(a_finding(Severity.INFO), began_at=START - MINUTE * 300)
    life(Paused(finding=paused))  # which began for the first time in an earlier spell
    assert life.state is not None
    assert life.state.began_at == START - MINUTE * 8


def test_what_is_known_to_have_begun_before_is_the_same_incident_however_late_it_comes_back() -> (
    None
):
    for first_at, told in ((START, [REOPENED]), (START + MINUTE * 60, [OPENED]), (None, [OPENED])):
        life = Life()
        life(*[sight()] * 3, Healthy(), Healthy())
        life.now += MINUTE * 300
        again = replace(sight(), finding=replace(a_finding(), first_at=first_at))
        assert life(*[again] * 3) == told


def test_in_the_end_a_group_is_told_as_it_was_when_it_was_widest() -> None:
    life = Life()
    for operations, message in (
        (("GET /a",), "1 of 3 is slow."),
        (("GET /a", "GET /b"), "2 of 3 have one cause."),
        (("GET /a", "GET /b"), "2 of 3 are left."),
        (("GET /b",), "1 of 3 is left."),
    ):
        finding = replace(a_finding(), operation=None, message=message, past=message)
        life(replace(sight(), finding=finding, operations=operations))
    assert life(Healthy(), Healthy()) == [RESOLVED]
    assert life.told[-1].incident.finding.message == "2 of 3 have one cause."
