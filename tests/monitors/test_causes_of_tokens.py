"""What a token may not do, and what only looks so: dead, without permissions, refused by one
operation alone."""

from typing import TYPE_CHECKING, Any

import pytest

from contracts.exchanges import Operation
from contracts.findings import Certainty
from contracts.rules import Severity
from contracts.workspaces import Secret, Workspace
from monitors.detectors import detect
from monitors.diagnosis import Observation, confirmations
from monitors.diagnosis.scopes import likely_scope
from monitors.probe_files import load_probes

if TYPE_CHECKING:
    from tests.monitors.conftest import ExchangeFactory

from tests.monitors.causes import APP, KNOWN, ME, OTHERS, PAGE, only, refused, told


@pytest.mark.parametrize(
    ("body", "said"),
    [(refused("app_suspended"), "app_suspended"), (PAGE, "without an answer of the form")],
)
def test_a_403_of_an_unknown_reason_is_no_missing_permission(
    an_exchange: "ExchangeFactory", body: Any, said: str
) -> None:
    found = only(an_exchange(ME, body=APP), an_exchange("GET /tags", 403, body))
    assert found.rule.name == "status-forbidden"
    assert said in found.message
    assert not found.rule.at_once


def test_a_403_of_an_unknown_reason_on_everything_is_the_app_or_the_workspace(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 403, refused("app_suspended")) for one in (ME, *OTHERS)))
    assert (found.rule.name, found.severity) == ("status-forbidden", Severity.CRITICAL)
    assert "5 of 5 operations were refused with 403 (app_suspended" in found.message


def test_a_token_that_one_operation_alone_refuses_is_kept(an_exchange: "ExchangeFactory") -> None:
    others = [an_exchange(one) for one in OTHERS[1:]]
    pass_ = (an_exchange(ME, body=APP), *others)
    found = only(*pass_, an_exchange("GET /tags", 401, refused("token_revoked")))
    assert found.consumers == (), "nobody is known to read tags"
    assert found.remedy.startswith("Keep the token")


def test_a_dead_token_hurts_every_consumer(an_exchange: "ExchangeFactory") -> None:
    found = only(*(an_exchange(one, 401, refused("token_revoked")) for one in (ME, "GET /tags")))
    assert found.consumers == ("crm", "inbox")


def test_a_missing_permission_is_named_as_the_developer_hub_does(
    an_exchange: "ExchangeFactory",
) -> None:
    others = [an_exchange(one) for one in OTHERS[1:]]
    pass_ = (an_exchange(ME, body=APP), *others)
    found = only(*pass_, an_exchange("GET /tags", 401, refused("token_unauthorized")))
    assert found.rule.name == "auth-scope-missing"
    assert "most likely \u201cRead tags\u201d" in found.message
    assert "401 token_unauthorized" in found.message
    assert "\u201cRead tags\u201d" in found.remedy


def test_a_token_that_works_on_me_alone_lacks_every_permission(
    an_exchange: "ExchangeFactory",
) -> None:
    every = [an_exchange(one, 401, refused("token_unauthorized")) for one in OTHERS]
    found = only(an_exchange(ME, body=APP), *every)
    assert "works on /me and on nothing else" in found.message
    assert found.operations == tuple(sorted(OTHERS))
    assert found.place == "4 operations"


def test_a_token_that_may_not_even_ask_for_me_lost_everything(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 401, refused("token_unauthorized")) for one in (ME, *OTHERS)))
    assert found.rule.name == "auth-scope-missing"
    assert "5 of 5 operations were refused with 401 token_unauthorized" in found.message
    assert "/me, which needs no permission, among them" in found.message
    assert found.place == "every operation"


def test_a_dead_token_is_dead_everywhere_however_few_were_asked(
    an_exchange: "ExchangeFactory",
) -> None:
    found = only(*(an_exchange(one, 401, refused("unauthorized")) for one in (ME, "GET /tags")))
    assert "everywhere, by /me as well (401 unauthorized)" in found.message
    assert found.place == "every operation"


def test_most_probes_have_a_permission_that_they_most_likely_need() -> None:
    unknown = {one.identity for one in load_probes() if not likely_scope([one.operation])} - {ME}
    # Intercom's list has no permission that would be about reading these.
    assert unknown == {"GET /data_attributes", "GET /teams"}
    assert likely_scope([Operation.parse("POST /tags")]) == "", "one that writes"
    assert likely_scope([Operation.parse("GET /tags"), Operation.parse("GET /admins")]) == ""


def test_a_token_that_others_take_is_alive_though_me_is_down(
    an_exchange: "ExchangeFactory",
) -> None:
    down = an_exchange(ME, 500, refused("server_error"))
    odd = an_exchange("GET /tags", 401, refused("unauthorized"))
    after = an_exchange("GET /contacts")
    rules = [one.finding.rule.name for one in told(down, odd, after)]
    assert sorted(rules) == ["auth-scope-missing", "server-error"]
    rules = [one.finding.rule.name for one in told(down, after, odd)]
    assert "auth-token-refused" in rules, "it may have died in between"


def test_what_me_alone_refuses_is_no_dead_token(an_exchange: "ExchangeFactory") -> None:
    others = [an_exchange(one) for one in OTHERS]
    for code, rule in [
        ("unauthorized", "auth-token-refused"),
        ("token_revoked", "auth-token-revoked"),
        ("token_unauthorized", "auth-scope-missing"),
    ]:
        refusal = an_exchange(ME, 401, refused(code))
        (one,) = told(refusal, *others, refusal)
        found = one.finding
        assert found.rule.name == rule
        assert f"/me refuses the token (401 {code}), and 4 other operations" in found.message
        assert found.place == ME
        assert (found.certainty, found.severity) == (Certainty.INFERRED, Severity.WARNING)
        assert found.consumers == (), "nobody here is known to read /me"
        assert found.remedy.startswith("Keep the token")
        assert not one.confirmed, "nobody is told at once"


def test_a_token_that_dies_in_the_middle_of_a_pass_is_dead(
    an_exchange: "ExchangeFactory",
) -> None:
    refusal, well = an_exchange(ME, 401, refused("unauthorized")), an_exchange("GET /contacts")
    found = only(refusal, well, an_exchange("GET /tags", 401, refused("unauthorized")), refusal)
    assert found.rule.name == "auth-token-refused"
    assert "2 of 3 operations, /me among them, and took it on others before" in found.message
    (one,) = told(an_exchange(ME, body=APP), well, refusal)
    assert one.confirmed, "nothing has worked since"
    assert "not a dead token" not in one.finding.message


def test_me_alone_that_is_blocked_is_no_block_of_this_machine(
    an_exchange: "ExchangeFactory",
) -> None:
    blocked = an_exchange(ME, 403, PAGE, is_intercoms=False)
    found = only(blocked, *(an_exchange(one) for one in OTHERS), blocked)
    assert found.remedy.startswith("Others reach Intercom")


def test_what_the_plan_never_had_is_not_asked_again(an_exchange: "ExchangeFactory") -> None:
    exchange = an_exchange("GET /tags", 403, refused("api_plan_restricted"))
    seen = [Observation(exchange=exchange, findings=detect(exchange, KNOWN))]
    assert confirmations(seen) == ()


@pytest.mark.parametrize(
    ("status", "code", "message", "lacks"),
    [
        (403, "forbidden", "IP not allowed for 10.1.2.3", "most likely lacks"),
        (403, "forbidden", "You do not have the required scope to access this", "lacks"),
        (401, "token_unauthorized", "Not authorized to access resource", "lacks"),
    ],
)
def test_a_permission_that_the_answer_does_not_speak_of_is_likely(
    an_exchange: "ExchangeFactory", status: int, code: str, message: str, lacks: str
) -> None:
    answer = an_exchange("GET /tags", status, refused(code, message))
    found = only(an_exchange(ME, body=APP), an_exchange("GET /contacts"), answer)
    assert found.message.startswith(f"The token {lacks} a permission")
    assert ("which names no permission" in found.message) == (lacks != "lacks")
    assert found.message.count("most likely") == 1


@pytest.mark.parametrize(
    ("token", "is_one"),
    [
        ("abc", False),
        ("xoxb-123456789012-abcdefghijkl", False),
        ("ghp_0123456789abcdefghij0123456789abcdef", False),
        ("Bearer abcdefghijklmnop", False),
        ("dG9rOjEyMzQ1Njc4LWFiY2QtNGVmMC04YTFiLTBjZGVmMTIzNDU2NzoxOjA=", True),
        ("sandbox_ae02e60ebade70fb5c7705b694c4b1f37253807e", True),
        ("xoxoxoxoxoxoxoxoxoxo", True),
    ],
)
def test_a_token_of_another_service_or_too_short_is_none_of_intercoms(
    token: str, is_one: bool
) -> None:
    assert Workspace(name="x", token=Secret(token)).token_is_well_formed == is_one
