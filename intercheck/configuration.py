"""Read `intercheck.yaml` so that every complaint can name its line.

YAML's own loader forgets where a value stood and turns `2.10` into 2.1; both matter here. Scalars
may hold `${NAME}`, which the environment fills in.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from contracts.errors import ConfigurationError

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_VERSION_KEYS: Final = frozenset({"version"})
_DEEPEST: Final = 20  # levels; a configuration has five
_TAGS: Final = "tag:yaml.org,2002:"
_TEXTS: Final = frozenset({_TAGS + "str", _TAGS + "timestamp"})
_NUMBERS: Final = frozenset({_TAGS + "int", _TAGS + "float"})
_OTHERS: Final = frozenset({_TAGS + "bool", _TAGS + "null"})


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A configuration file as plain values, with the line of every one of them."""

    path: Path
    values: dict[str, object]
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)

    def where(self, place: tuple[str | int, ...]) -> str:
        """Return `file:line` of a place, or of its nearest parent that has a line."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"


def read_configuration(
    path: Path, environ: Mapping[str, str], *, without: Collection[str] = ()
) -> ConfigurationFile:
    """Read a file, `without` the sections of these names: what they need may not be there. Raises
    ConfigurationError with file, line and remedy."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path}:{line} is not valid YAML ({error.problem}): mend that line or the one above."
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(
            f"{path} is not valid YAML (it has a character that YAML does not allow, or is nested "
            "too deep): save it again as plain text."
        ) from error
    lines: dict[tuple[str | int, ...], int] = {}
    reader = _Reader(path, environ, lines, without)
    values = {} if root is None else reader.read(root, ())
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{path}:1 must be a mapping of keys such as `workspaces:`; it is something else."
        )
    return ConfigurationFile(path, values, lines)


@dataclass(slots=True)
class _Reader:
    path: Path
    environ: Mapping[str, str]
    lines: dict[tuple[str | int, ...], int]
    without: Collection[str]

    def read(self, node: yaml.Node, place: tuple[str | int, ...]) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if len(place) > _DEEPEST:
            raise ConfigurationError(
                f"{self.path}:{line} is nested too deep: an anchor may contain itself; write the "
                "value out."
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*place, i)) for i, child in enumerate(node.value)]
        return self._scalar(node, place, line)

    def _mapping(self, node: yaml.MappingNode, place: tuple[str | int, ...]) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigurationError(
                    f"{self.path}:{line} has a list or a mapping for a key: write a name."
                )
            key = str(key_node.value)
            if (*place, key) in self.lines:
                raise ConfigurationError(
                    f"{self.path}:{line} repeats the key `{key}`: keep one of the two."
                )
            self.lines[(*place, key)] = line
            if place or key not in self.without:
                values[key] = self.read(value_node, (*place, key))
        return values

    def _scalar(self, node: yaml.Node, place: tuple[str | int, ...], line: int) -> object:
        if place and place[-1] in _VERSION_KEYS and node.tag in _NUMBERS:
            raise ConfigurationError(
                f"{self.path}:{line} has an unquoted version, which YAML may read as another "
                f"number (2.10 becomes 2.1): write it in quotes, `{place[-1]}: "
                f'"{node.value}"`.'
            )
        if node.tag in _TEXTS:
            return _VARIABLE.sub(lambda match: self._variable(match[1], line), str(node.value))
        if node.tag in _NUMBERS | _OTHERS:
            try:
                value: object = yaml.SafeLoader("").construct_object(node)
            except (ValueError, KeyError):  # `!!int abc`, `!!bool abc`
                pass
            else:
                return value
        raise ConfigurationError(
            f"{self.path}:{line} has a value with the tag {node.tag.removeprefix(_TAGS)}, which "
            "has no meaning here: write plain text or a number."
        )

    def _variable(self, name: str, line: int) -> str:
        if name not in self.environ:
            raise ConfigurationError(
                f"{self.path}:{line} uses ${{{name}}}, which is not set in the environment: "
                f"set {name} or write the value there."
            )
        return self.environ[name]
