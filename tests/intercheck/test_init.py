"""`intercheck init` scaffolds a contract of the user's own, and that contract has teeth."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ConfigurationError
from contracts.overlays import embedded_contract
from contracts.relying import reads_of
from contracts.spec import parse_spec
from intercheck.accepting import contacts_for, reads_for
from intercheck.cli import main
from intercheck.settings import load_settings
from sandbox.intercom import Fault, Sandbox


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERCHECK_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("INTERCHECK_CONFIG", "INTERCHECK_SPEC_DIR", "INTERCOM_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_what_it_writes_can_be_used_at_once_and_is_never_overwritten() -> None:
    assert run("init") == 0
    written = {file.name for file in Path().iterdir()}
    assert {"intercheck.yaml", "consumers.yaml", "deviations.yaml"} <= written
    settings = load_settings(None, {}, working_directory=Path.cwd())
    assert settings.consumers == Path.cwd() / "consumers.yaml"
    Path("consumers.yaml").write_text("[]\n", "utf-8")
    assert run("init") == 0
    assert Path("consumers.yaml").read_text("utf-8") == "[]\n"
    assert run("contract", "--include-path", "/tags", "--fail-on", "info") == 0


def test_a_field_that_the_user_s_own_consumer_reads_is_missed_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init") == 0
    with Sandbox(latency=False) as sandbox:
        monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", sandbox.token)
        monkeypatch.setenv("INTERCOM_BASE_URL", sandbox.url)
        monkeypatch.setenv("INTERCHECK_HISTORY", "sqlite:///history.sqlite")
        sandbox.faults.add(
            Fault(name="field-removed", operation="GET /tags", pointer="/data/*/name")
        )
        for command in (["contract"], ["probe", "--report", "json"]):
            capsys.readouterr()
            assert run(*command, "--include-path", "/tags", "--format", "json") == 1
            findings = json.loads(capsys.readouterr().out)["findings"]
            (found,) = [one for one in findings if one["location"] == "/data/*/name"]
            assert found["consumers"] == ["signup-form"], command
            assert found["severity"] == "critical"


def test_a_file_of_consumers_that_was_named_has_to_exist() -> None:
    Path("intercheck.yaml").write_text("consumers: mine.yaml\n", "utf-8")
    assert run("contract", "--include-path", "/tags") == 2


def entry(**reads: list[str]) -> list[dict[str, Any]]:
    return [{"name": "mine", "owner": "us", "runbook": "https://example.com", "reads": reads}]


PUBLISHED = parse_spec(
    {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "2.15"},
        "paths": {
            "/brands": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {"name": {"type": "string"}},
                                    }
                                }
                            },
                        }
                    }
                }
            }
        },
    },
    source="published.yaml",
)


def test_what_only_the_published_description_knows_can_be_relied_upon() -> None:
    own = entry(**{"GET /brands": ["/name"], "GET /tags": ["/data/*/name"]})
    reads = reads_of(own, relied=embedded_contract(), published=PUBLISHED, source="mine.yaml")
    assert reads is not None
    assert reads.readers("GET /brands", "/name") == ("mine",)
    assert "mine" in reads.readers("GET /tags", "/data/*/name")


@pytest.mark.parametrize(
    ("own", "complaint"),
    [
        (entry(**{"GET /brand": ["/name"]}), "does not know"),
        (entry(**{"GET /brands": ["/nome"]}), "did you mean 'name'"),
        (entry(**{"GET /tags": ["/data/*/nam"]}), "did you mean 'name'"),
        (entry(), "needs `reads`"),
        ({"name": "mine"}, "consumers are a list"),
        ([7], "is not a mapping"),
        (entry(**{"GET /tags": []}), "is not a pointer pattern"),
    ],
)
def test_what_nobody_can_rely_on_is_refused_by_name(own: object, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml") as refusal:
        reads_of(own, relied=embedded_contract(), published=PUBLISHED, source="mine.yaml")
    assert complaint in str(refusal.value)


def test_where_the_user_names_consumers_the_packaged_examples_are_hurt_by_nothing() -> None:
    relied = embedded_contract()
    packaged = reads_of(relied=relied)
    assert packaged is not None
    assert "crm-sync" in packaged.readers("GET /contacts", "/data/*/email")
    own = reads_of(entry(**{"GET /tags": ["/data/*/name"]}), relied=relied, source="mine.yaml")
    assert own is not None
    assert own.readers("GET /contacts", "/data/*/email") == ()
    assert own.readers("GET /tags", "/data/*/name") == own.readers("*", "status") == ("mine",)


def test_a_file_that_names_nobody_says_that_nobody_is_hurt() -> None:
    Path("consumers.yaml").write_text("[]\n", "utf-8")
    settings = load_settings(None, {}, working_directory=Path.cwd())
    assert reads_for(settings)(embedded_contract(), None) is None
    assert contacts_for(settings) == {}
