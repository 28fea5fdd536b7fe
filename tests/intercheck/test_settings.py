"""Configuration: what is read, what is refused, and in which words."""

from pathlib import Path

import pytest

from contracts.errors import ConfigurationError, NothingMeasuredError
from intercheck.settings import load_settings

TOKEN = "dG9rOmNhbmFyeV90b2tlbl8xMjM0"


def write(folder: Path, text: str) -> Path:
    path = folder / "intercheck.yaml"
    path.write_text(text, "utf-8")
    return path


def refusal(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(folder, text), environ or {})
    sentence = str(caught.value)
    assert TOKEN not in sentence
    return sentence


def test_a_token_in_the_environment_is_enough(tmp_path: Path) -> None:
    settings = load_settings(None, {"INTERCOM_ACCESS_TOKEN": TOKEN}, working_directory=tmp_path)
    (workspace,) = settings.require_workspaces()
    assert workspace.token.reveal() == TOKEN
    assert workspace.url == "https://api.intercom.io"
    assert TOKEN not in repr(settings)


def test_without_a_token_the_missing_step_is_named(tmp_path: Path) -> None:
    settings = load_settings(None, {}, working_directory=tmp_path)
    with pytest.raises(NothingMeasuredError, match=r"Developer Hub.*Authentication.*INTERCOM_ACC"):
        settings.require_workspaces()


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    write(tmp_path, "history: h.sqlite\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    settings = load_settings(None, {}, working_directory=below)
    assert settings.source == tmp_path / "intercheck.yaml"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "history: sqlite:///one.sqlite\nspec-dir: specs\n")
    settings = load_settings(path, {"INTERCHECK_HISTORY": "sqlite:///two.sqlite"})
    assert settings.history_url == "sqlite:///two.sqlite"
    assert settings.spec_dir == tmp_path / "specs"


def test_an_unknown_key_names_line_and_the_nearest_right_one(tmp_path: Path) -> None:
    text = f"workspaces:\n  - name: a\n    token: {TOKEN}\n    regoin: eu\n"
    sentence = refusal(tmp_path, text)
    assert "intercheck.yaml:4 " in sentence
    assert "did you mean `region`?" in sentence


def test_an_unquoted_version_is_refused_not_guessed(tmp_path: Path) -> None:
    text = f"workspaces:\n  - name: a\n    token: {TOKEN}\n    version: 2.10\n"
    assert 'version: "2.10"' in refusal(tmp_path, text)


def test_an_unknown_region_is_refused(tmp_path: Path) -> None:
    text = f"workspaces:\n  - name: a\n    token: {TOKEN}\n    region: mars\n"
    sentence = refusal(tmp_path, text)
    assert ":4 " in sentence
    assert "'us', 'eu' or 'au'" in sentence


@pytest.mark.parametrize(
    "token",
    ["", "  ", "Bearer abc", " abc", "a b", "ab\u00e9", '"abc"', "abc\x00"],
)
def test_what_cannot_be_a_token_is_refused_before_it_is_sent(tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigurationError, match="Authentication") as caught:
        load_settings(None, {"INTERCOM_ACCESS_TOKEN": token}, working_directory=tmp_path)
    assert not token.strip() or token not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    text = "workspaces:\n  - name: a\n    token: ${MY_TOKEN}\n"
    sentence = refusal(tmp_path, text)
    assert ":3 " in sentence
    assert "MY_TOKEN" in sentence
    settings = load_settings(tmp_path / "intercheck.yaml", {"MY_TOKEN": TOKEN})
    assert settings.workspaces[0].token.reveal() == TOKEN


def test_a_token_is_read_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    path = write(tmp_path, "workspaces:\n  - name: a\n    token-file: token\n")
    assert load_settings(path, {}).workspaces[0].token.reveal() == TOKEN
    (tmp_path / "token").unlink()
    assert "token" in refusal(tmp_path, path.read_text())


def test_truncated_yaml_is_one_sentence_with_a_line(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, 'workspaces:\n  - name: "a\n')
    assert "intercheck.yaml:" in sentence
    assert "not valid YAML" in sentence
    assert "\n" not in sentence


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    assert "repeats the key `history`" in refusal(tmp_path, "history: a\nhistory: b\n")


def test_two_workspaces_of_one_name_are_refused(tmp_path: Path) -> None:
    one = f"  - name: a\n    token: {TOKEN}\n"
    assert "must differ" in refusal(tmp_path, f"workspaces:\n{one}{one}")


def test_writes_need_the_app_they_are_meant_for(tmp_path: Path) -> None:
    text = f"workspaces:\n  - name: a\n    token: {TOKEN}\n    writes: test-workspace\n"
    assert "app-id" in refusal(tmp_path, text)


def test_a_slack_token_without_a_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SLACK_CHANNEL"):
        load_settings(None, {"SLACK_BOT_TOKEN": "xoxb-1"}, working_directory=tmp_path)


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    assert "must be a mapping" in refusal(tmp_path, "- a\n")
