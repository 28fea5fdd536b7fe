"""`schemathesis.toml`: what applies keeps working, what does not is refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.overlays import embedded_contract
from contracts.phases import EVERY_PHASE, Mode, Phase
from intercheck.cli import main
from intercheck.phase_options import asking_of
from intercheck.schemathesis_file import (
    FILE_NAME,
    SchemathesisFile,
    find_schemathesis_file,
    read_schemathesis_file,
)
from intercheck.schemathesis_keys import check_keys

Read = Callable[..., SchemathesisFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def call(text: str, **environ: str) -> SchemathesisFile:
        (tmp_path / FILE_NAME).write_text(text, "utf-8")
        return read_schemathesis_file(tmp_path / FILE_NAME, environ)

    return call


def said_of(document: dict[str, Any]) -> str | None:
    """Return why a document is refused, None where it is not."""
    try:
        check_keys(document, FILE_NAME)
    except ConfigurationError as error:
        return str(error)
    return None


def operation(identity: str) -> Any:
    spec = embedded_contract()
    assert spec is not None
    return spec.get(identity)


def test_it_is_found_up_to_the_root_of_the_repository_and_no_further(tmp_path: Path) -> None:
    below = tmp_path / "repository" / "tests"
    below.mkdir(parents=True)
    (tmp_path / FILE_NAME).write_text("", "utf-8")
    assert find_schemathesis_file(below) == tmp_path / FILE_NAME
    (tmp_path / "repository" / ".git").mkdir()
    assert find_schemathesis_file(below) is None


def test_what_applies_is_taken(read: Read) -> None:
    file = read(
        """
        seed = 7
        [generation]
        mode = "all"
        max-examples = 3
        [phases]
        enabled = false
        coverage.enabled = true
        [parameters]
        per_page = 2
        "query.order" = "${ORDER}"
        [[operations]]
        include-path = "/contacts/{id}"
        parameters = { contact_id = "abc" }
        [[operations]]
        include-tag = "Articles"
        exclude-method = "POST"
        enabled = false
        """,
        ORDER="desc",
    )
    assert (file.seed, file.mode, file.phases) == (7, Mode.ALL, frozenset({Phase.COVERAGE}))
    assert file.tuning.fixed(operation("POST /companies/list"))["query"] == {
        "per_page": 2,
        "order": "desc",
    }
    assert file.tuning.fixed(operation("GET /contacts/{}"))["path"] == {"contact_id": "abc"}
    assert file.tuning.leaves_out(operation("GET /articles"))
    assert not file.tuning.leaves_out(operation("POST /articles"))
    assert file.tuning.settings["generation"]["max-examples"] == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = 4", "workers is refused: how much is asked"),
        (
            'base-url = "https://example.com"',
            "base-url is refused: the host is named by --base-url",
        ),
        (
            "[auth]\nbasic = {username = 'a', password = 'b'}",
            "auth.basic.username is refused: the token",
        ),
        ("headers = {X = 'y'}", "headers.X is refused: the version header is pinned"),
        ('hooks = "mine"', "hooks is refused: it could send"),
        ('rate-limit = "1/s"', "rate-limit is refused: how much"),
        ("request-timeout = 1.0", "request-timeout is refused: the connection"),
        (
            "phases.coverage.unexpected-methods = ['PUT']",
            "unexpected-methods is refused: it could send",
        ),
        ("[checks.not_a_server_error]\nenabled = false", "enabled is refused: what counts"),
        ("[reports.junit]\nenabled = true", "reports.junit.enabled is refused: results"),
        (
            "[generation]\ndatabase = 'none'",
            "generation.database is refused: nothing of an earlier",
        ),
        ("[[operations]]\nrate-limit = '1/s'", "operations.rate-limit is refused: how much"),
        ("[[project]]\ntitle = 'x'", "project.title is refused: there is one API here"),
        ("parameters = {'header.X' = 1}", "parameters.header.X is refused: parameters are given"),
        (
            "[generation]\nmax-exmples = 3",
            "max-exmples is no key of Schemathesis's. Did you mean generation.max-examples?",
        ),
        ("sed = 3", "sed is no key of Schemathesis's. Did you mean seed?"),
        ("[generation]\nmax-examples = 'many'", "Must be an integer"),
        ("[generation]\nmode = 'both'", "generation"),
        ("parameters = {a = '${NOWHERE}'}", "NOWHERE, which is not set"),
        ("seed = ", "cannot be read"),
        ("[[operations]]\ninclude-path-regex = '('\nenabled = false", "regular expression"),
    ],
)
def test_what_does_not_apply_is_refused_by_name_in_one_sentence(
    read: Read, text: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert FILE_NAME in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_key_that_schemathesis_documents_is_either_taken_or_refused() -> None:
    from schemathesis.config._validator import CONFIG_SCHEMA

    def keys(node: dict[str, Any], prefix: str, seen: tuple[str, ...]) -> Any:
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name in seen:
            return
        if name:
            node, seen = CONFIG_SCHEMA["$defs"][name], (*seen, name)
        node = node.get("items", node)
        if "$ref" in node:
            yield from keys(node, prefix, seen)
            return
        if not node.get("properties"):
            yield prefix
        for key, below in (node.get("properties") or {}).items():
            yield from keys(below, f"{prefix}.{key}" if prefix else key, seen)

    every = sorted(set(keys(CONFIG_SCHEMA, "", ())))
    assert len(every) > 150
    for key in every:
        document: Any = 1
        for word in reversed(key.split(".")):
            document = {word: document}
        said = said_of(document)
        assert said is None or "is refused: " in said, key


@given(
    st.dictionaries(
        st.text(max_size=9), st.recursive(st.integers(), st.lists, max_leaves=3), max_size=3
    )
)
def test_no_key_whatever_it_is_breaks_it(document: dict[str, Any]) -> None:
    assert (said_of(document) or FILE_NAME).startswith(FILE_NAME)


def test_flags_win_over_the_file_and_the_file_over_what_is_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE_NAME).write_text("seed = 7\n[phases.fuzzing]\nenabled = false\n", "utf-8")
    usual = asking_of(None, None, None, ignores_file=True)
    from_file = asking_of(None, None, None, ignores_file=False)
    flags = asking_of(frozenset({Phase.FUZZING}), Mode.ALL, 0, ignores_file=False)
    assert (usual.seed, usual.phases, usual.mode) == (0, EVERY_PHASE, Mode.POSITIVE)
    assert (from_file.seed, from_file.phases) == (7, EVERY_PHASE - {Phase.FUZZING})
    assert (flags.seed, flags.phases, flags.mode) == (
        0,
        frozenset({Phase.FUZZING}),
        Mode.ALL,
    )
    Path(FILE_NAME).write_text("phases.enabled = false\n", "utf-8")
    with pytest.raises(ConfigurationError, match="turns every phase off"):
        asking_of(None, None, None, ignores_file=False)


def test_the_command_takes_it_from_the_working_directory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_CONFIG", "INTERCOM_ACCESS_TOKEN", "INTERCHECK_SPEC_DIR"):
        monkeypatch.delenv(name, raising=False)
    Path(FILE_NAME).write_text(
        "[phases]\nenabled = false\nexamples.enabled = true\n"
        "[[operations]]\ninclude-path = '/me'\nenabled = false\n",
        "utf-8",
    )

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["contract", *arguments])
        streams = capsys.readouterr()
        return int(ended.value.code or 0), streams.out, streams.err

    code, out, _ = call("--plan")
    assert code == 0
    assert "then examples (positive data)" in out
    assert f"{FILE_NAME} applies" in out
    assert "GET /me, because schemathesis.toml turns it off" in out
    Path(FILE_NAME).write_text("workers = 2\n", "utf-8")
    code, _, err = call("--plan")
    assert code == 2
    assert "workers is refused" in err
    assert call("--plan", "--ignore-schemathesis-toml")[0] == 0
    code, _, err = call(
        "--mode", "all", "--base-url", "http://127.0.0.1:9", "--ignore-schemathesis-toml"
    )
    assert code == 2
    assert "is no proven test workspace" in err
