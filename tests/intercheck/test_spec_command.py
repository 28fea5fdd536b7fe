"""`intercheck spec`, as a shell sees it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.pins import PINS
from intercheck import cli
from intercheck.exits import ExitCode

BROKEN = """\
openapi: 3.0.1
info: {title: T, version: '1.0'}
paths:
  /a: {get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/gone'}}}}}}}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `intercheck spec` in an empty folder with an empty cache: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_SPEC_DIR", "INTERCHECK_CONFIG", "INTERCOM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["spec", *arguments])
        shown = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, shown.out, shown.err

    return call


def parsed(output: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(output)
    assert document["schema"] == 1
    return document


def test_list_names_every_version_and_where_it_lies(run: Run) -> None:
    code, out, _ = run("list")
    assert code == ExitCode.CLEAN
    assert [line.split()[0] for line in out.splitlines()[:11]] == [
        pin.title for pin in PINS.values()
    ]
    assert "not here" in out
    assert "spec pull" in out


def test_list_is_one_object_for_machines(run: Run, shared_dir: Path) -> None:
    code, out, err = run(
        "list", "--format", "json", "--spec-dir", str(shared_dir / "intercom-openapi")
    )
    assert (code, err) == (ExitCode.CLEAN, "")
    available = {one["version"]: one["available"] for one in parsed(out)["descriptions"]}
    assert available["2.16"] == "directory"
    assert available["2.8"] == "nowhere"


def test_lint_without_a_name_is_of_the_embedded_contract(run: Run) -> None:
    code, out, _ = run("lint")
    assert code == ExitCode.CLEAN
    assert "relied-upon contract" in out


def test_lint_counts_and_points_and_fails_by_severity(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    code, out, _ = run("lint", "broken.yaml", "--format", "json")
    document = parsed(out)
    assert code == ExitCode.FINDINGS
    assert document["counts"]["dangling-reference"] == 1
    assert document["counts"]["example-breaks-schema"] == 0
    (defect,) = document["defects"]
    assert defect["severity"] == "critical"
    assert defect["detail"] == "#/gone"
    assert defect["pointer"].startswith("/paths/~1a/get/responses/200/")


def test_lint_shows_people_the_first_of_a_kind_and_says_how_many_there_are(
    run: Run, shared_dir: Path
) -> None:
    arguments = ("lint", "2.16", "--spec-dir", str(shared_dir / "intercom-openapi"))
    code, out, _ = run(*arguments)
    assert code == ExitCode.FINDINGS
    assert "example-breaks-schema: 15" in out
    assert "and 10 more (--all shows them)" in out
    code, everything, _ = run(*arguments, "--all", "--fail-on", "critical")
    assert code == ExitCode.CLEAN
    assert "more (--all" not in everything


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["lint", "2.16"], ExitCode.NOTHING_MEASURED, "`intercheck spec pull 2.16`"),
        (["lint", "9.99"], ExitCode.WRONG_USAGE, "neither a file nor a published version"),
        (["pull", "9.99"], ExitCode.WRONG_USAGE, "not pinned"),
        (["check", "2.7"], ExitCode.WRONG_USAGE, "says nothing of 2.7"),
        (["check", "2.15"], ExitCode.NOTHING_MEASURED, "`intercheck spec pull 2.15`"),
        (["lint", "--spec-dir", "nowhere"], ExitCode.WRONG_USAGE, "nowhere"),
    ],
)
@pytest.mark.parametrize("output_format", ["text", "json"])
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    run: Run, arguments: list[str], code: int, sentence: str, output_format: str
) -> None:
    got, out, err = run(*arguments, "--format", output_format)
    assert got == code
    if output_format == "json":
        (error,) = parsed(out)["errors"]
        assert sentence in error
        assert err == ""
    else:
        assert sentence in err
        assert out == ""


def test_truncated_yaml_is_named_with_file_and_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.yaml").write_text("openapi: 3.0.1\npaths: {/a: {get:")
    code, _, err = run("lint", "cut.yaml")
    assert code == ExitCode.WRONG_USAGE
    assert "cut.yaml:2: not valid YAML" in err


@contextmanager
def mirror(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_was_pulled_is_there_the_next_time(run: Run, tmp_path: Path, shared_dir: Path) -> None:
    pin = PINS["2.7"]
    place = tmp_path / "mirror" / pin.repository / pin.commit / pin.path
    place.parent.mkdir(parents=True)
    place.symlink_to(shared_dir / "intercom-openapi" / "2.7.yaml")
    with mirror(tmp_path / "mirror") as host:
        code, out, _ = run("pull", "2.7", "--host", host)
        assert code == ExitCode.CLEAN
        assert "verified" in out
        code, out, err = run("pull", "2.7", "2.8", "--host", host, "--format", "json")
    document = parsed(out)
    assert code == ExitCode.NOTHING_MEASURED
    assert [one["downloaded"] for one in document["pulled"]] == [False]
    assert "404" in document["errors"][0]
    assert document["coverage"]["requests"] == 1
    assert err == ""
    code, _, _ = run("lint", "2.7", "--fail-on", "critical")
    assert code == ExitCode.FINDINGS  # its dangling reference


def described(folder: Path, name: str, said: str, *, field: str = "") -> Path:
    """A description of one operation that says something, and of the field it answers with."""
    schema = f"{{type: object, properties: {{a: {{type: string, description: '{field}'}}}}}}"
    text = f"""\
openapi: 3.0.1
info: {{title: T, version: '2.7'}}
paths:
  /a/{{id}}:
    get:
      description: '{said}'
      responses: {{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}
"""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def test_what_a_description_says_of_ends_is_shown_and_what_it_says_otherwise(
    run: Run, tmp_path: Path
) -> None:
    ends = "This is now deprecated. It will be removed on {}. It reads."
    none = str(described(tmp_path, "none.yaml", "It reads."))
    may = str(described(tmp_path, "may.yaml", ends.format("May 1, 2027")))
    june = str(described(tmp_path, "june.yaml", ends.format("June 1, 2027"), field="Deprecated."))
    said = "This is now deprecated. It will be removed on {} 1, 2027."
    assert run("announced", none)[1] == "Nothing is said of ends.\n"
    assert run("announced", may)[1] == f"GET /a/{{id}}: {said.format('May')}\n"
    assert run("announced", may, may)[1] == "Nothing is said otherwise.\n"
    assert run("announced", june, may)[1].splitlines() == [
        f"GET /a/{{id}}: now: {said.format('June')} (before: {said.format('May')})",
        "GET /a/{id} /a: announced: deprecated",
    ]
    code, out, _ = run("announced", none, may, "--format", "json")
    assert code == ExitCode.CLEAN
    (one,) = parsed(out)["said"]
    words = said.format("May")
    assert one == {"place": "GET /a/{id}", "before": words, "after": "", "is_gone": False}
    assert run("announced", none, may)[1] == (
        f"GET /a/{{id}}: no longer announced; it was: {words}\n"
    )


def test_a_pull_shows_what_the_earlier_state_said_otherwise_of_ends(
    run: Run, tmp_path: Path, shared_dir: Path
) -> None:
    pin = PINS["2.7"]
    described(tmp_path / "cache", "description-2.7-0123456789ab.yaml", "It is deprecated.")
    place = tmp_path / "mirror" / pin.repository / pin.commit / pin.path
    place.parent.mkdir(parents=True)
    place.symlink_to(shared_dir / "intercom-openapi" / "2.7.yaml")
    with mirror(tmp_path / "mirror") as host:
        _, out, _ = run("pull", "2.7", "--host", host)
    shown = out.splitlines()
    assert "         GET /a/{id}: gone; it was announced: It is deprecated." in shown
    assert any("December 31, 2026" in line and ": announced:" in line for line in shown)


def test_a_mirror_that_serves_something_else_is_a_wrong_description(
    run: Run, tmp_path: Path
) -> None:
    pin = PINS["2.9"]
    place = tmp_path / "mirror" / pin.repository / pin.commit / pin.path
    place.parent.mkdir(parents=True)
    place.write_text(BROKEN)
    with mirror(tmp_path / "mirror") as host:
        code, _, err = run("pull", "2.8", "2.9", "--host", host)
    assert code == ExitCode.WRONG_USAGE
    assert "sha256" in err
    assert "404" in err


def test_check_holds_the_embedded_contract_to_what_is_published(run: Run, shared_dir: Path) -> None:
    code, out, _ = run(
        "check", "2.15", "--spec-dir", str(shared_dir / "intercom-openapi"), "--format", "json"
    )
    document = parsed(out)
    assert document["coverage"]["exercised"] >= 45
    assert code == (ExitCode.FINDINGS if document["disagreements"] else ExitCode.CLEAN)
