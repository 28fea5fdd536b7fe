"""Configuration: what is read, what is refused, and in which words."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError, NothingMeasuredError
from intercheck.settings import READING, load_places, load_settings
from monitors.policies import Policy

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
    (tmp_path / "specs").mkdir()
    path = write(tmp_path, "history: sqlite:///one.sqlite\nspec-dir: specs\n")
    settings = load_settings(path, {"INTERCHECK_HISTORY": "sqlite:///two.sqlite"})
    assert settings.history_url == "sqlite:///two.sqlite"
    assert settings.spec_dir == tmp_path / "specs"


def test_a_policy_of_a_rule_is_read_and_a_wrong_one_names_line_and_nearest(tmp_path: Path) -> None:
    head = "monitoring:\n  rules:\n"
    write(tmp_path, head + "    timeout: {failure-threshold: 4, out-of: 8, keep-firing-for: 10m}\n")
    own = load_settings(None, {}, working_directory=tmp_path).monitoring.rules["timeout"]
    policy = own.policy(Policy(at_once=False, success_threshold=7))
    assert (policy.failure_threshold, policy.out_of, policy.success_threshold) == (4, 8, 7)
    assert policy.keep_firing_for == timedelta(minutes=10)
    said = refusal(tmp_path, head + "    latency-regresion: {failure-rate: 0.5}\n")
    assert "intercheck.yaml:3" in said
    assert "the nearest is `latency-regression`" in said
    assert "did you mean `out-of`?" in refusal(tmp_path, head + "    timeout: {outof: 8}\n")


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workspaces: hello", r":1 has a wrong value for `workspaces`: write a list"),
        ("workspaces:\n  - hello", r":2 has a wrong value for `workspaces.0`: write keys under it"),
        ("workspaces:\n  - name: a\n    token: 7", r":3 .*`workspaces.0.token`: write text"),
        ("monitoring:\n  failure-threshold: 0", r":2 .*-threshold` \(0\): it has to be at least 1"),
        ("monitoring:\n  read-timeout: 30", r":2 .*` \(30\): write a duration such as 30s"),
        ("monitoring:\n  retention: 1h", r":2 .*` \('1h'\): it has to be at least 1d"),
        (
            "monitoring:\n  status-url: nowhere",
            r":2 has a wrong value for `monitoring.status-url`: write a whole URL .*, or `off`\.$",
        ),
        ("monitoring: x", r":1 has a wrong value for `monitoring` \('x'\): write keys under it"),
        ("a: &a [*a]", r":1 is nested too deep: an anchor may contain itself"),
        ("a: !!python/object:os.system x", r":1 has a value with the tag python/object:os.system"),
        ("a: !!int abc", r":1 has a value with the tag int"),
        ("history: 2020-99-99\nb: 1", r":2 has the unknown key `b`"),
        ("? [a]\n: b", r":1 has a list or a mapping for a key"),
        ("a: \x01", r"yaml is not valid YAML \(it has a character"),
        ("spec-dir: nowhere", r":1 \(spec-dir\) names .*nowhere, which is no directory"),
    ],
)
def test_a_wrong_value_is_one_plain_sentence_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    sentence = refusal(tmp_path, text)
    assert re.search(said, sentence), sentence
    assert "\n" not in sentence
    assert not re.search(r"Input should|instance of|Value error|dictionary", sentence)


@pytest.mark.parametrize("place", ["slack: {}", "workspaces: {}", "workspaces:\n  - {}"])
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, place: str) -> None:
    assert "canary" not in refusal(tmp_path, place.format("xoxb-canary"))


@pytest.mark.parametrize("version", ["banana", "", "9", "2.15 ", "2.15\\n"])
def test_what_is_no_version_is_refused_before_it_is_sent(tmp_path: Path, version: str) -> None:
    text = f'workspaces:\n  - name: a\n    token: {TOKEN}\n    version: "{version}"\n'
    assert ":4 has a wrong value for `workspaces.0.version`" in refusal(tmp_path, text)
    (tmp_path / "intercheck.yaml").unlink()
    environ = {"INTERCOM_ACCESS_TOKEN": TOKEN, "INTERCOM_VERSION": version}
    with pytest.raises(ConfigurationError, match="INTERCOM_VERSION is"):
        load_settings(None, environ, working_directory=tmp_path)


@pytest.mark.parametrize("version", ["2.15", "2.7", "Preview", "Unstable"])
def test_what_is_a_version_is_taken(tmp_path: Path, version: str) -> None:
    path = write(
        tmp_path, f'workspaces:\n  - name: a\n    token: {TOKEN}\n    version: "{version}"\n'
    )
    assert load_settings(path, {}).workspaces[0].version == version


def test_a_path_counts_from_the_file_that_says_it(tmp_path: Path) -> None:
    for folder in ("etc", "etc/specs", "here", "here/specs"):
        (tmp_path / folder).mkdir()
    path = write(
        tmp_path / "etc",
        "history: h.sqlite\nspec-dir: specs\ncache-dir: c\nreport-dir: r\n"
        "monitoring:\n  probes: own.yaml\n",
    )
    here = tmp_path / "here"
    settings = load_settings(path, {}, working_directory=here)
    assert settings.monitoring.probes == tmp_path / "etc/own.yaml"
    assert settings.history_url == f"sqlite:///{tmp_path}/etc/h.sqlite"
    assert settings.spec_dir == tmp_path / "etc/specs"
    environ = {"INTERCHECK_SPEC_DIR": "specs", "INTERCHECK_HISTORY": "h.sqlite"}
    settings = load_settings(path, environ, working_directory=here)
    assert settings.spec_dir == here / "specs"
    assert settings.history_url == f"sqlite:///{here}/h.sqlite"


def test_a_directory_of_descriptions_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"INTERCHECK_SPEC_DIR names .*nope"):
        load_settings(None, {"INTERCHECK_SPEC_DIR": "nope"}, working_directory=tmp_path)


def test_a_secret_file_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, "workspaces:\n  - name: a\n    token-file: nope\n")
    assert ":3 names the secret file nope" in sentence


def test_places_need_no_variable_of_another_section_and_still_refuse_an_unknown_key(
    tmp_path: Path,
) -> None:
    text = "workspaces:\n  - {name: a, token: '${UNSET}', region: '${UNSET}'}\nslack: {token: x}\n"
    path = write(tmp_path, text + "cache-dir: kept\n")
    assert load_places(path, {"SLACK_BOT_TOKEN": "xoxb-1"}).cache_dir == tmp_path / "kept"
    for wrong, complaint in (
        ("cache-dir: '${UNSET}'\n", "UNSET"),
        ("spec-dri: x\n", "spec-dir"),
        ("workspaces: []\n", "repeats"),
    ):
        with pytest.raises(ConfigurationError, match=complaint):
            load_places(write(tmp_path, text + wrong), {})


def one_workspace(**keys: str) -> str:
    lines = {"token": TOKEN, **keys}
    return "workspaces:\n  - name: production\n" + "".join(
        f"    {key}: {value}\n" for key, value in lines.items()
    )


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"INTERCOM_BASE_URL": "http://user:secret@127.0.0.1:9/"},
            "INTERCOM_BASE_URL is set (http://127.0.0.1:9), and {file}:2 has the workspace "
            "'production' asked at https://api.intercom.io",
        ),
        ({"INTERCOM_REGION": "EU"}, "INTERCOM_REGION is 'eu', and {file}:2 has the workspace"),
    ],
)
def test_a_host_that_the_environment_asks_for_beside_workspaces_is_never_dropped(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    sentence = refusal(tmp_path, one_workspace(), environ)
    assert said.format(file=tmp_path / "intercheck.yaml") in sentence
    assert "secret" not in sentence
    # What only looks at the history asks nobody.
    load_settings(write(tmp_path, one_workspace()), environ, only=READING)


def test_a_host_that_is_asked_as_the_environment_says_is_no_contradiction(tmp_path: Path) -> None:
    own = one_workspace(**{"base-url": "${INTERCOM_BASE_URL}", "region": "${INTERCOM_REGION}"})
    environ = {"INTERCOM_BASE_URL": "http://127.0.0.1:9/", "INTERCOM_REGION": "eu"}
    (workspace,) = load_settings(write(tmp_path, own), environ).workspaces
    assert (workspace.url, workspace.region) == ("http://127.0.0.1:9", "eu")
    named = load_settings(
        write(tmp_path, one_workspace()),
        {"INTERCOM_BASE_URL": "http://127.0.0.1:9"},
        asked_at="http://127.0.0.1:10",
    )
    assert named.unheeded == ()


def test_messages_never_go_to_another_slack_than_the_environment_says(tmp_path: Path) -> None:
    text = "slack:\n  webhook-url: https://hooks.slack.com/services/T/B/secret\n"
    environ = {"SLACK_BASE_URL": "http://127.0.0.1:9/api/"}
    sentence = refusal(tmp_path, text, environ)
    assert "SLACK_BASE_URL is set (http://127.0.0.1:9), and the incoming webhook is at" in sentence
    assert "secret" not in sentence
    there = {**environ, "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/T/B/secret"}
    assert load_settings(write(tmp_path, text), there).slack is not None


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"INTERCOM_ACCESS_TOKEN": "another-token-than-that"}, "a token for each workspace"),
        ({"INTERCOM_ACCESS_TOKEN": TOKEN}, None),
        ({"INTERCOM_VERSION": "2.16"}, "has asked production for 2.15"),
        ({"INTERCOM_VERSION": "2.15"}, None),
        ({"SLACK_CHANNEL": "health"}, "nobody is told there"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "buttons need a bot token"),
        (
            {
                "SLACK_BOT_TOKEN": "xoxb-1",
                "SLACK_CHANNEL": "health",
                "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/x",
            },
            "a bot token is configured, which sends",
        ),
    ],
)
def test_what_else_the_environment_asks_for_and_does_not_get_is_said(
    tmp_path: Path, environ: dict[str, str], said: str | None
) -> None:
    sentences = load_settings(write(tmp_path, one_workspace()), environ).unheeded
    assert len(sentences) == (said is not None)
    for sentence in sentences:
        assert said is not None
        assert said in sentence
        assert not any(value in sentence for value in environ.values() if "token" in value)
