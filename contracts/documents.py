"""Read YAML (and so JSON) as a plain document, and know on which line each place stands.

Stricter and faster than the library's own construction: keys are always text (`200:` is "200",
`on:` is "on"), dates stay text, a key given twice is an error, a merge key (`<<`) takes one
mapping, and what is not JSON's kind of value (tags, cycles) is refused. YAML is composed by libyaml
where it is there.
"""

import gc
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from contracts.errors import SpecError
from contracts.exchanges import refuse_constant

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_DEEPEST: Final = 200  # levels; published descriptions stay under 40
_ABYSS: Final = 2000  # levels; libyaml's composer survives some ten times as many
_INDENT: Final = re.compile(r"^[ ?-]{200,}", re.MULTILINE)  # compact: `- - ? -`
_BRACKET: Final = re.compile(r"[\[\]{}]")
_SPECIAL_FLOATS: Final = (".inf", ".nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says. `value` is made of dict, list, str, int, float, bool and None."""

    value: Any
    source: str
    _root: yaml.Node | None = field(repr=False, compare=False, default=None)

    def line(self, *steps: str | int) -> int | None:
        """Return the line (from 1) of the value that `steps` lead to, None where there is none."""
        node = self._root
        for step in steps:
            if isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step] if 0 <= step < len(node.value) else None
            else:
                return None
        return node.start_mark.line + 1 if node is not None else None

    def plain_scalar(self, *steps: str | int) -> str | None:
        """Return a scalar as it is written where it is written without quotes, else None."""
        node = self._root
        for step in steps:
            if not isinstance(node, yaml.MappingNode):
                return None
            node = next((value for key, value in node.value if key.value == step), None)
        if isinstance(node, yaml.ScalarNode) and not node.style:
            return str(node.value)
        return None


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file; SpecError with file and line where it is not one."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise SpecError(f"{path} does not exist: check the path of the description.") from None
    except OSError as error:
        reason = error.strerror or error
        raise SpecError(f"{path} cannot be read ({reason}): check its permissions.") from error
    return parse_document(text, source=str(path))


def parse_document(text: str | bytes, *, source: str) -> Document:
    """Read YAML or JSON text; SpecError with `source` and the line where it is not."""
    if text.lstrip()[:1] in ("{", b"{", "[", b"["):
        value = _read_json(text)
        if value is not None:
            return Document(value=value, source=source)
    with _collector_paused():
        root = _compose(text, source)
        return Document(value=_Builder(source).build(root, 0), source=source, _root=root)


def _compose(text: str | bytes, source: str) -> yaml.Node:
    if _may_be_abysmal(text.decode("utf-8", "replace") if isinstance(text, bytes) else text):
        raise SpecError(f"{source}: nested too deep; is it the file you mean?")
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # Where text ends too early, the mark is beyond its last line.
        line = f":{min(mark.line + 1, len(text.splitlines()))}" if mark else ""
        problem = " ".join(str(error.problem or error.context or "cannot be parsed").split())
        raise SpecError(
            f"{source}{line}: not valid YAML ({problem}); was the file cut off? Get it again."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(f"{source}: not YAML text; is it another kind of file?") from error
    if root is None:
        raise SpecError(f"{source}: the file is empty; get it again.")
    assert isinstance(root, yaml.Node)  # noqa: S101 - what composing gives
    return root


def _may_be_abysmal(text: str) -> bool:
    """Whether levels may lie so deep that composing them, which is recursive C, would end the
    process: so many brackets are open at once, or a line begins so far to the right."""
    if any(len(indent[0]) > _ABYSS for indent in _INDENT.finditer(text)):
        return True
    if text.count("[") + text.count("{") <= _ABYSS:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > _ABYSS:
            return True
    return False


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Let no collection walk the nodes again and again while they become more: nothing among them
    is garbage, and looking for it doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_json(text: str | bytes) -> Any | None:
    """Read what is JSON by JSON's rules, None where it is not: YAML 1.1 takes 1e5 for text and
    refuses characters written as two escapes. Nobody knows the lines of it then."""
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


class _Builder:
    """From YAML's nodes to plain values."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: set[int] = set()

    def build(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            tag = node.tag
            if tag == _STRING:
                return node.value
            read = _SCALARS.get(tag)
            if read is None:
                raise self._refuse(node, f"the tag {tag} has no meaning here; remove it")
            try:
                return read(node.value)
            except ValueError:
                raise self._refuse(node, f"a malformed {tag.removeprefix(_CORE)}") from None
        if depth > _DEEPEST:
            raise self._refuse(node, f"nested more than {_DEEPEST} levels deep")
        if id(node) in self._open:
            raise self._refuse(node, "an anchor contains itself; write the value out")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, depth + 1)
            return [
                child.value if child.tag == _STRING else self.build(child, depth + 1)
                for child in node.value
            ]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._refuse(key, "a key is a list or a mapping; write it as text")
            if key.tag == _MERGE:
                if not isinstance(value, yaml.MappingNode):
                    raise self._refuse(key, "a merge key (<<) takes one mapping")
                merged |= self.build(value, depth)
                continue
            name = key.value
            if name in mapping:
                raise self._refuse(key, f"the key {name!r} is given twice; remove one")
            mapping[name] = value.value if value.tag == _STRING else self.build(value, depth)
        return merged | mapping if merged else mapping  # what is written out wins

    def _refuse(self, node: yaml.Node, what: str) -> SpecError:
        return SpecError(f"{self._source}:{node.start_mark.line + 1}: {what}.")


def _integer(text: str) -> int:
    if _INTEGER.match(text) and (text.lstrip("-+") == "0" or text.lstrip("-+")[0] != "0"):
        return int(text)
    return int(text.replace("_", ""), 0)


def _float(text: str) -> float:
    if text.lower().lstrip("-+") in _SPECIAL_FLOATS:
        raise ValueError("not a number that JSON has")
    return float(text.replace("_", ""))


_STRING: Final = f"{_CORE}str"
_MERGE: Final = f"{_CORE}merge"
_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    f"{_CORE}null": lambda text: None,
    f"{_CORE}bool": lambda text: text.lower() in ("true", "yes", "on"),
    f"{_CORE}int": _integer,
    f"{_CORE}float": _float,
    f"{_CORE}timestamp": str,
    f"{_CORE}value": str,
}
