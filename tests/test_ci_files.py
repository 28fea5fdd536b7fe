"""What other people's CI uses of the repository: the action and the image."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from intercheck.commands.contract import command

PROJECT = Path(__file__).parents[1]
OPTIONS = {option for parameter in command.params for option in parameter.opts}


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text("utf-8"))
    return document


def test_every_input_of_the_action_is_used_and_none_is_written_into_a_script(
    action: dict[str, Any],
) -> None:
    steps = action["runs"]["steps"]
    used = {
        name
        for step in steps
        for value in step["env"].values()
        for name in re.findall(r"inputs\.([a-z-]+)", value)
    }
    assert used == set(action["inputs"])
    assert all("${{" not in step["run"] for step in steps)


def test_the_action_calls_the_command_with_options_that_it_has(
    action: dict[str, Any], tmp_path: Path
) -> None:
    step = action["runs"]["steps"][-1]
    said = run_script(step["run"], tmp_path, SPEC="2.16", BASE_URL="http://x", STATE="state.json")
    pulled, called = said.splitlines()
    assert pulled == "intercheck spec pull 2.16"
    assert {word for word in called.split() if word.startswith("--")} <= OPTIONS
    assert "--state state.json" in called
    plain = run_script(step["run"], tmp_path)
    assert plain.startswith("intercheck contract --fail-on warning")
    limited = run_script(step["run"], tmp_path, MAX_REQUESTS="60")
    assert "--max-requests 60" in limited
    assert "--max-requests" not in plain
    assert "--spec" not in plain


def test_an_input_cannot_become_a_command(action: dict[str, Any], tmp_path: Path) -> None:
    said = run_script(action["runs"]["steps"][-1]["run"], tmp_path, BASE_URL="$(touch hacked)")
    assert "$(touch hacked)" in said
    assert not (tmp_path / "hacked").exists()


def run_script(script: str, folder: Path, **given: str) -> str:
    """Run a step's script with an intercheck that only says how it was called."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash, as the action does")
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "intercheck").write_text('#!/bin/sh\necho intercheck "$@"\n', "utf-8")
    (tools / "intercheck").chmod(0o755)
    names = ("INTERCOM_TOKEN_INPUT", "SPEC", "BASE_URL", "CONFIG", "STATE", "MAX_REQUESTS")
    environ = {
        **dict.fromkeys(names, ""),
        "FAIL_ON": "warning",
        "REPORT_DIR": "out",
        **given,
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    done = subprocess.run(  # noqa: S603 - the script of our own action
        [bash, "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_image_copies_what_the_build_needs() -> None:
    lines = (PROJECT / "Dockerfile").read_text("utf-8").splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    assert all((PROJECT / name).exists() for name in copied)
    packages = {folder.parent.name for folder in PROJECT.glob("*/__init__.py")}
    assert packages | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"} <= copied
