"""`intercheck baseline`, over what passes of `intercheck probe` have learned from a sandbox."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import SystemClock
from intercheck.cli import main
from monitors.history import History
from monitors.known import Known, known_of, without
from sandbox.intercom import Fault, Sandbox

Run = Callable[..., tuple[int, str, str]]
OPERATIONS = ("GET /contacts", "GET /contacts/{}", "GET /tags")
ONLY = (
    "--include-path",
    "/contacts",
    "--include-path",
    "/tags",
    "--include-path",
    "/contacts/{id}",
)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def intercom() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def run(
    intercom: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command line; its exit code, stdout and stderr."""
    monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", intercom.token)
    monkeypatch.setenv("INTERCOM_BASE_URL", intercom.url)
    monkeypatch.setenv("INTERCHECK_HISTORY", str(tmp_path / "history.sqlite"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(list(arguments))
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


def learned(run: Run) -> dict[str, dict[str, Any]]:
    code, out, err = run("baseline", "show", "--format", "json")
    assert code == 0, err
    return {one["operation"]: one for one in json.loads(out)["baselines"]}


def test_what_is_forgotten_of_one_operation_is_learned_anew_and_the_rest_is_kept(run: Run) -> None:
    for _ in range(2):
        run("probe", "--report", "", *ONLY)
    known = learned(run)["GET /contacts/{contact_id}"]
    assert known["latency"][0]["samples"] == 2
    assert known["shape"][0]["fields"] > 20
    assert known["shape"][0]["version"] == "2.15"

    code, out, err = run("baseline", "reset", "get /contacts/{id}")
    assert (code, err) == (0, "")
    assert "1 operation" in out
    assert "GET /contacts/{contact_id}" not in learned(run)
    run("probe", "--report", "", *ONLY)
    after = learned(run)
    assert after["GET /contacts/{contact_id}"]["latency"][0]["samples"] == 1
    assert after["GET /contacts"]["latency"][0]["samples"] == 3


def test_what_is_known_is_shown_where_there_is_no_token(run: Run, tmp_path: Path) -> None:
    run("probe", "--report", "", *ONLY)
    (tmp_path / "intercheck.yaml").write_text("workspaces: [{name: a, token: '${NOT_SET}'}]\n")
    code, out, err = run("baseline", "show", "GET /tags")
    assert (code, err) == (0, "")
    assert "GET /tags" in out


def test_only_latencies_or_only_shapes_can_be_forgotten(run: Run) -> None:
    run("probe", "--report", "", *ONLY)
    run("baseline", "reset", "--all", "--latency")
    assert all(one["shape"] and not one["latency"] for one in learned(run).values())
    run("probe", "--report", "", *ONLY)
    run("baseline", "reset", "--all", "--shape")
    assert all(one["latency"] and not one["shape"] for one in learned(run).values())


def test_a_token_of_another_workspace_is_as_usual_once_the_old_one_is_forgotten(
    run: Run, intercom: Sandbox
) -> None:
    run("probe", "--report", "", "--include-path", "/me")
    intercom.faults.add(Fault(name="changed-workspace"))
    try:
        code, out, _ = run("probe", "--report", "", "--include-path", "/me")
        assert code == 1
        assert "auth-workspace-changed" in out
        assert "intercheck baseline reset --all" in out
        run("baseline", "reset", "--all")
        run("probe", "--report", "", "--include-path", "/me")
        code, out, _ = run("probe", "--report", "", "--include-path", "/me")  # it is sure now
    finally:
        intercom.faults.clear()
    assert code == 0
    assert "resolved auth-workspace-changed" in out


def test_what_is_shown_for_people_names_the_usual_time_and_what_it_rests_on(run: Run) -> None:
    assert "Nothing is learned yet" in run("baseline", "show")[1]
    for _ in range(3):
        run("probe", "--report", "", *ONLY)
    out = run("baseline", "show", "GET /tags")[1]
    assert out.startswith("Intercom workspace default\n  GET /tags\n    latency  usually ")
    assert "nine times of ten (3 answers, us)" in out
    assert "GET /contacts" not in out


def test_what_cannot_be_meant_is_one_sentence_and_exit_2(run: Run) -> None:
    run("probe", "--report", "", *ONLY)
    for arguments, says in (
        (["show", "--workspace", "acme"], "'acme': there are default"),
        (["show", "GET /teams"], "Nothing is learned of GET /teams"),
        (["show", "contacts"], "'contacts' is no operation"),
        (["reset"], "or --all of them"),
        (["reset", "--all", "GET /tags"], "or --all of them"),
        (["reset", "GET /teams"], "Nothing is learned of GET /teams"),
    ):
        code, out, err = run("baseline", *arguments)
        assert (code, out) == (2, ""), arguments
        assert says in err
    assert learned(run).keys() == {"GET /contacts", "GET /contacts/{contact_id}", "GET /tags"}


@pytest.fixture(scope="module")
def documents(intercom: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What three passes have learned."""
    folder = tmp_path_factory.mktemp("learned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERCOM_ACCESS_TOKEN", intercom.token)
        patch.setenv("INTERCOM_BASE_URL", intercom.url)
        patch.setenv("INTERCHECK_HISTORY", str(folder / "history.sqlite"))
        patch.chdir(folder)
        for _ in range(3):
            with pytest.raises(SystemExit):
                main(["probe", "--report", "", *ONLY])
    with History.open(f"sqlite:///{folder}/history.sqlite", clock=SystemClock()) as history:
        return dict(history.documents_about("default"))


def known(documents: dict[str, Any]) -> dict[str, Known]:
    return {one.operation: one for one in known_of("default", documents, now=NOW)}


@given(gone=st.sets(st.sampled_from(OPERATIONS)), latency=st.booleans(), shape=st.booleans())
def test_forgetting_takes_what_is_meant_and_nothing_else(
    documents: dict[str, Any], gone: set[str], latency: bool, shape: bool
) -> None:
    changed = without("default", documents, chosen=gone.__contains__, latency=latency, shape=shape)
    left = {**documents, **{kind: one for (kind, _), one in changed.items()}}
    left = {kind: json.loads(json.dumps(one)) for kind, one in left.items() if one is not None}
    before, after = known(documents), known(left)
    for operation, one in before.items():
        is_gone = operation in gone
        found = after.get(operation)
        assert (found.latencies if found else ()) == (() if is_gone and latency else one.latencies)
        assert (found.shapes if found else ()) == (() if is_gone and shape else one.shapes)
