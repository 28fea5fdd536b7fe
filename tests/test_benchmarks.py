"""The benchmarks are not run here; but they can be, and say what they measure."""

import importlib
import re
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
MODULES = sorted(
    ".".join(path.relative_to(BENCHMARKS).with_suffix("").parts)
    for path in BENCHMARKS.rglob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_can_be_imported_and_asked_what_it_does(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    module = importlib.import_module(name)
    if not hasattr(module, "main"):
        return
    with pytest.raises(SystemExit) as asked:
        module.main()
    said = capsys.readouterr().out
    assert asked.value.code == 0
    assert "usage" in said
    assert module.__doc__
    assert module.__doc__.split()[0] in said


def test_make_bench_runs_benchmarks_that_there_are() -> None:
    makefile = Path(__file__).parents[1].joinpath("Makefile").read_text("utf-8")
    listed = re.search(r"^BENCHMARKS := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    named = {*listed[1].split(), *re.findall(r"benchmarks/(\w+)\.py", makefile)}
    assert named >= {"mutants", "alerting", "alerting_kills"}
    assert named <= set(MODULES)
