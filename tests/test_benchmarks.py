"""The benchmarks are not run here; but they can be, and say what they measure."""

import gzip
import importlib
import json
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


def labelled(**changes: object) -> bytes:
    """Return a file of one series, with something else in it."""
    one = {
        "id": "a",
        "family": "flat",
        "interval_s": 300,
        "start_epoch": 1.7e9,
        "values": [100, None],
        "label": [],
        **changes,
    }
    return gzip.compress(json.dumps([one]).encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        (None, (), "cannot be read (No such file or directory)"),
        (b"plain text", (), "is no gzip file"),
        (gzip.compress(b"[]", mtime=0)[:-9], (), "is cut off or damaged"),
        (gzip.compress(b'[{"id"', mtime=0), (), "holds no JSON"),
        (gzip.compress(b'[{"id": 1}]', mtime=0), (), "holds no list of labelled series"),
        (labelled(values=[1, "x"]), (), "series 1 ('a'): `values` has 'x' at 1"),
        (labelled(values=[10**400]), (), "it must be a number or null"),
        (labelled(interval_s=0), (), "`interval_s` is 0: it must be a whole number"),
        (labelled(interval_s=-300), (), "`interval_s` is -300"),
        (labelled(interval_s="300"), (), "`interval_s` is '300'"),
        (labelled(start_epoch=None), (), "`start_epoch` is None: it must be a Unix time"),
        (labelled(start_epoch=-1e9), (), "`start_epoch` is -1000000000.0"),
        (labelled(start_epoch=1e18), (), "`start_epoch` is 1e+18"),
        (labelled(label={}), (), "`label` must be a list"),
        (labelled(label=[{"kind": "x", "start_index": 0, "end_index": 9}]), (), "indexes must be"),
        (gzip.compress(b"[]", mtime=0), (), "there is no scorer at"),
        (gzip.compress(b"[]", mtime=0), ("--scorer", __file__), "there is no series to score"),
        (None, ("--made", "-1"), "-1 is less than 1"),
        (None, ("--made", "0"), "0 is less than 1"),
    ],
    ids=range(19),
)
def test_what_the_latency_benchmark_cannot_read_is_one_sentence(
    content: bytes | None,
    more: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    file = tmp_path / "series.json.gz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("latency").main([str(file), *more])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_an_interrupted_latency_benchmark_ends_as_shells_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.syspath_prepend(BENCHMARKS)
    latency = importlib.import_module("latency")
    monkeypatch.setattr(latency, "read_series", interrupted)
    assert latency.main(["series.json.gz"]) == 130


def test_make_bench_runs_benchmarks_that_there_are() -> None:
    makefile = Path(__file__).parents[1].joinpath("Makefile").read_text("utf-8")
    listed = re.search(r"^BENCHMARKS := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    named = {*listed[1].split(), *re.findall(r"benchmarks/(\w+)\.py", makefile)}
    assert named >= {"mutants", "alerting", "alerting_kills"}
    assert named <= set(MODULES)
