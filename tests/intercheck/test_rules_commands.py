"""`intercheck rules` and `intercheck explain`."""

import json

import pytest

from contracts.rules import RULES
from intercheck.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_every_rule_is_listed_with_its_severity(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rules")
    assert code == 0
    for rule in RULES.values():
        assert any(
            line.split()[:2] == [rule.name, rule.severity.value] for line in out.splitlines()
        )


def test_the_list_is_also_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rules", "--format", "json")
    printed = json.loads(out)
    assert (code, printed["schema"], printed["command"]) == (0, 1, "rules")
    assert [one["name"] for one in printed["rules"]] == list(RULES)


def test_a_rule_is_explained_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "auth-scope-missing")
    assert code == 0
    said = " ".join(out.split())
    rule = RULES["auth-scope-missing"]
    assert all(text in said for text in (rule.meaning, rule.remedy, rule.example))


def test_a_misspelt_rule_is_refused_with_the_nearest_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "explain", "schema-requierd")
    assert (code, out) == (2, "")
    assert "schema-required" in err


def test_what_resembles_no_rule_points_to_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "explain", "qqqqqqqq")
    assert code == 2
    assert "`intercheck rules`" in err
