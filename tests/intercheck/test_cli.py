"""The front door: exit codes, one sentence, one JSON object."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError, NothingMeasuredError
from intercheck import cli
from intercheck.exits import ExitCode, exit_code_of


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", "from intercheck.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environ},
    )


def test_help_lists_every_command_without_importing_one() -> None:
    done = run("--help")
    assert done.returncode == ExitCode.CLEAN
    for name in cli.COMMANDS:
        assert f"\n  {name}" in done.stdout


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_exists_and_has_an_example(name: str) -> None:
    module = name.replace("-", "_")
    command = importlib.import_module(f"intercheck.commands.{module}").command
    text = f"{command.help}\n{command.epilog}"
    assert f"intercheck {name}" in text, "help texts have examples"


def test_an_unknown_command_is_wrong_usage() -> None:
    done = run("prob")
    assert done.returncode == ExitCode.WRONG_USAGE
    assert "prob" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_under_format_json_is_still_one_object() -> None:
    done = run("probe", "--format", "json")
    assert done.returncode == ExitCode.NOTHING_MEASURED
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert document["command"] == "probe"
    assert "Developer Hub" in document["errors"][0]


def test_errors_have_the_exit_code_of_their_kind() -> None:
    assert exit_code_of(ConfigurationError("x")) == ExitCode.WRONG_USAGE
    assert exit_code_of(NothingMeasuredError("x")) == ExitCode.NOTHING_MEASURED


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["spec", "lint", "nowhere.yaml"], "spec lint"),
        (["spec", "check", "2.7"], "spec check"),
        (["spec", "--nonsense"], "spec"),
        (["explain", "nothing"], "explain"),
        (["nonsense"], ""),
    ],
)
def test_a_refusal_names_the_command_with_its_group(arguments: list[str], command: str) -> None:
    done = run(*arguments, "--format", "json")
    assert done.returncode == ExitCode.WRONG_USAGE
    assert json.loads(done.stdout)["command"] == command


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["rules"], ["rules", "--format", "json"], ["explain", "nothing", "--format=json"]],
)
def test_a_full_disk_behind_stdout_is_one_sentence(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", "from intercheck.cli import main; main()", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == ExitCode.WRONG_USAGE
    assert done.stderr.startswith("intercheck: ")
    assert len(done.stderr.splitlines()) == 1
    assert "defect" not in done.stderr


def test_a_reader_that_leaves_is_no_finding() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from intercheck.cli import main; main()", "rules"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == cli.READER_GONE
    assert done.stderr == ""


@pytest.mark.parametrize("group", ["", "spec", "deviations", "incidents", "alerts"])
def test_no_list_of_commands_breaks_off_in_a_sentence(group: str) -> None:
    done = run(*group.split(), "--help", COLUMNS="80")
    assert done.returncode == ExitCode.CLEAN
    assert "..." not in done.stdout.partition("Commands:")[2]
