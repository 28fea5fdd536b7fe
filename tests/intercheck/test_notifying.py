"""Notifiers in the configuration: what is read, refused, routed, and walked through by doctor."""

import json
from pathlib import Path

import pytest

from contracts.clock import SystemClock
from contracts.errors import ConfigurationError
from intercheck.cli import main
from intercheck.settings import Settings, load_settings
from intercheck.wiring import announcer_of, channels_of

EVERY_KIND = """
alerting:
  notifiers:
    am: {type: alertmanager, url: "http://127.0.0.1:1"}
    pager: {type: pagerduty, routing-key: "${KEY}"}
    hook: {type: webhook, url-file: address.txt, secret: "${KEY}"}
    post: {type: email, host: 127.0.0.1, port: 1, from: a@b.example, to: [c@d.example]}
    log: {type: stdout}
  routes:
    - {matchers: ['severity="critical"'], to: [pager, "#oncall"], continue: true}
"""


def read(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "address.txt").write_text("https://hooks.example/canary-path\n")
    path = folder / "intercheck.yaml"
    path.write_text(text)
    return load_settings(path, {"KEY": "canary-key", "INTERCHECK_HISTORY": "h.sqlite"} | environ)


def test_every_kind_of_notifier_is_made_and_routed(tmp_path: Path) -> None:
    settings = read(tmp_path, EVERY_KIND, SLACK_BOT_TOKEN="xoxb-1", SLACK_CHANNEL="#health")
    channels = channels_of(settings, clock=SystemClock())
    assert list(channels) == ["#health", "#oncall", "am", "pager", "hook", "post", "log"]
    announcer = announcer_of(settings, channels)
    assert announcer.eventful == {"am", "pager", "hook", "post", "log"}
    assert announcer.stateful == {"am", "pager"}
    assert announcer.fallback.to == ("#health", "am", "hook", "post", "log")
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{pager: {type: pagerduty, routing-kee: x}}", "did you mean `routing-key`?"),
        ("{pager: {type: pagerduti}}", "say by `type:` what it is: 'alertmanager', 'pagerduty'"),
        ("{pager: {routing-key: x}}", "say by `type:` what it is"),
        ("{Pager: {type: stdout}}", "small letters"),
        ("{post: {type: email, from: a@b.c, to: [d@e.f]}}", "lacks the key `host`"),
        ("{post: {type: email, host: h, from: nobody, to: [d@e.f]}}", "oncall@example.com"),
        ("{am: {type: alertmanager, url: am:9093}}", "https://alerts.example"),
        ("{hook: {type: webhook, url: canary}}", "write an address"),
        ("{am: {type: alertmanager, url: 'http://a', lifetime: 1m}}", "at least 5m"),
        ("{pager: {type: pagerduty}}", "lacks its `routing-key`"),
        ("{webhook: {type: stdout}}", "choose another"),
    ],
)
def test_a_wrong_notifier_is_one_sentence(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        channels_of(read(tmp_path, f"alerting:\n  notifiers: {written}\n"), clock=SystemClock())
    sentence = str(caught.value)
    assert said in sentence
    assert "canary" not in sentence


def test_a_question_at_the_end_of_a_sentence_ends_it(tmp_path: Path) -> None:
    wrong = """alerting: {routes: [{matchers: ['severty="critical"'], to: [a]}]}\n"""
    with pytest.raises(ConfigurationError, match=r"did you mean severity\?$"):
        read(tmp_path, wrong)


def test_a_route_to_nowhere_is_refused(tmp_path: Path) -> None:
    settings = read(tmp_path, EVERY_KIND)
    with pytest.raises(ConfigurationError, match="leads to #oncall, which is no notifier"):
        channels_of(settings, clock=SystemClock())


def test_the_digest_goes_where_no_route_leads_but_never_to_a_pager(tmp_path: Path) -> None:
    settings = read(tmp_path, EVERY_KIND, SLACK_BOT_TOKEN="xoxb-1", SLACK_CHANNEL="#health")
    digest = announcer_of(settings, channels_of(settings, clock=SystemClock())).digest
    assert digest is not None
    assert digest.to == ("#health", "hook", "post", "log")
    for to, said in (("pager", "takes incidents only"), ("#typo", "no route leads to")):
        text = f"{EVERY_KIND}  digest: {{every: day, at: '07:30', to: ['{to}']}}\n"
        wrong = read(tmp_path, text, SLACK_BOT_TOKEN="xoxb-1", SLACK_CHANNEL="#health")
        with pytest.raises(ConfigurationError, match=said):
            announcer_of(wrong, channels_of(wrong, clock=SystemClock()))


def test_doctor_says_of_each_notifier_what_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("INTERCOM_ACCESS_TOKEN", "SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEY", "canary-key")
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    read(tmp_path, f"history: h.sqlite\n{EVERY_KIND.partition('  routes')[0]}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["doctor", "--format", "json"])
    printed = capsys.readouterr().out
    steps = {one["name"]: one for one in json.loads(printed)["steps"]}
    assert "canary" not in printed
    assert steps["Notifier am"]["state"] == steps["Notifier post"]["state"] == "missing"
    assert "cannot be reached" in steps["Notifier am"]["detail"]
    assert "hooks.example" in steps["Notifier hook"]["detail"]
    assert steps["Notifier pager"]["state"] == "done"
