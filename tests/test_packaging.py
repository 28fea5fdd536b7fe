"""What is in the repository is what is installed."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGES = {"contracts", "intercheck", "monitors", "reports", "sandbox"}
"""The top level is the architecture: a new package here is a decision."""

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]


def test_the_top_level_is_the_architecture() -> None:
    found = {folder.parent.name for folder in PROJECT.glob("*/__init__.py")}
    assert found == PACKAGES


def test_every_package_is_listed_in_the_build() -> None:
    found = {
        str(file.parent.relative_to(PROJECT)).replace("/", ".")
        for package in PACKAGES
        for file in (PROJECT / package).rglob("__init__.py")
    }
    assert found == set(SETUPTOOLS["packages"])


def test_every_file_of_data_is_listed_in_the_build() -> None:
    patterns = SETUPTOOLS["package-data"]
    missing = []
    for package in SETUPTOOLS["packages"]:
        folder = PROJECT / package.replace(".", "/")
        for file in folder.rglob("*"):
            parents = set(file.relative_to(folder).parts)
            if not file.is_file() or file.suffix in (".py", ".pyc") or "__pycache__" in parents:
                continue
            if "out" in parents or is_inside_a_package_below(file, folder):
                continue
            name = str(file.relative_to(folder))
            if not any(fnmatch(name, pattern) for pattern in patterns.get(package, [])):
                missing.append(f"{package}: {name}")
    assert not missing, "package-data in pyproject.toml does not cover them"


def is_inside_a_package_below(file: Path, folder: Path) -> bool:
    return any(
        (parent / "__init__.py").exists()
        for parent in file.parents
        if parent != folder and folder in parent.parents
    )


def test_dependencies_are_pinned_by_plain_versions() -> None:
    lines = (PROJECT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(pin.count("==") == 1 and " " not in pin for pin in pins)
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    wanted = [*PYPROJECT["project"]["dependencies"], *(name for extra in extras for name in extra)]
    for requirement in wanted:
        name = requirement.partition(";")[0].split("[")[0]
        for mark in "<>=~ ":
            name = name.partition(mark)[0]
        assert name.lower() in pinned, f"{name} is not in constraints.txt"


def test_every_dependency_is_used() -> None:
    distributions = packages_distributions()
    imported = {
        normal(name)
        for package in PACKAGES
        for file in (PROJECT / package).rglob("*.py")
        for module in modules_of(file)
        for name in distributions.get(module, ())
    }
    declared = {
        normal(re.split(r"[<>=\[;]", one)[0]) for one in PYPROJECT["project"]["dependencies"]
    }
    assert declared - imported <= NOT_IMPORTED


NOT_IMPORTED = {
    "plotly",  # its JavaScript lies beside the report
    "wsproto",  # uvicorn takes it to speak WebSocket
}


def modules_of(file: Path) -> set[str]:
    """The first names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
