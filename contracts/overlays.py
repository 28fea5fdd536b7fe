"""The relied-upon contract, written for one version, and what is different in others.

`contracts/intercom.yaml` speaks for 2.15. `contracts/overlays/<version>.yaml` changes it for a
version, in the OpenAPI Overlay Specification 1.0 (https://spec.openapis.org/overlay/v1.0.0.html),
as far as it is needed here:

- a target is `$` followed by `.name`, `['any name']`, and `.*` or `[*]` for everything below; no
  filters, slices, indexes or `..`: what is not read is refused, never half understood;
- `update` merges into each selected object (objects recursively, lists appended, anything else
  replaced) or appends to each selected list; `remove: true` takes the selected nodes out;
- a target that selects nothing is an error, stricter than the specification: an overlay that has
  silently stopped applying is worse than none.
"""

import hashlib
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from contracts.documents import parse_document
from contracts.errors import SpecError
from contracts.parsed import remember
from contracts.spec import Spec, parse_spec

WRITTEN_FOR: Final = "2.15"
SUPPORTED: Final = ("2.11", "2.14", "2.15", "2.16")
"""Versions the contract speaks for; of any other it says nothing."""

CONTRACT: Final = Path(__file__).with_name("intercom.yaml")
"""The file of the embedded contract."""
_OVERLAYS: Final = Path(__file__).with_name("overlays")
_CACHE_FORM: Final = b"1"  # to be raised when the same sources are to give another document
_read: Final[dict[Path, Spec]] = {}
"""What this process read from a cache, or put there: a pass asks for the contract five times."""
_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*) | \['(?P<quoted>[^']+)'\] | (?P<every>\.\*|\[\*\])""",
    re.VERBOSE,
)


def embedded_contract(version: str = WRITTEN_FOR, *, cache_dir: Path | None = None) -> Spec | None:
    """Return what integrations rely on in `version`; None for a version it says nothing about.

    With `cache_dir` the finished document is kept there, named after the sha256 of its sources; a
    cache that cannot be read or written only costs time. The same sources give the same
    description, which is shared.
    """
    if version not in SUPPORTED:
        return None
    name = f"{_OVERLAYS.name}/{version}.yaml"
    texts = {CONTRACT.name: CONTRACT.read_bytes()}
    if version != WRITTEN_FOR:
        texts[name] = (_OVERLAYS / f"{version}.yaml").read_bytes()

    def make() -> Any:
        document = parse_document(texts[CONTRACT.name], source=CONTRACT.name).value
        if name in texts:
            overlay = parse_document(texts[name], source=name).value
            document = apply_overlay(document, overlay, source=name)
        return document

    source = f"the relied-upon contract for {version}"
    if cache_dir is None:
        return parse_spec(make(), source=source)
    digest = hashlib.sha256(b"\0".join([_CACHE_FORM, *texts.values()])).hexdigest()
    place = cache_dir / f"contract-{version}-{digest}.json"
    if place not in _read:
        _read[place] = parse_spec(remember(place, make), source=source)
    return _read[place]


def apply_overlay(document: dict[str, Any], overlay: object, *, source: str) -> dict[str, Any]:
    """Return `document` changed by `overlay`; SpecError, naming `source` and the action, where the
    overlay is malformed, goes beyond what is read here, or selects nothing."""
    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith("1.0"):
        raise SpecError(f"{source} is not an overlay: it needs `overlay: 1.0.0` and `actions`.")
    actions = overlay.get("actions")
    if not isinstance(actions, list):
        raise SpecError(f"{source}: `actions` is not a list.")
    changed = deepcopy(document)
    for index, action in enumerate(actions):
        _act(changed, action, where=f"{source}: action {index + 1}")
    return changed


def _act(document: dict[str, Any], action: object, *, where: str) -> None:
    target = action.get("target") if isinstance(action, dict) else None
    if not isinstance(action, dict) or not isinstance(target, str):
        raise SpecError(f"{where} has no `target`.")
    removes = action.get("remove") is True
    if removes == ("update" in action):
        raise SpecError(f"{where} needs either `update` or `remove: true`.")
    steps = _steps(target, where=where)
    if removes and not steps:
        raise SpecError(f"{where} would remove the whole document.")
    selected = list(_select(document, steps))
    if not selected:
        raise SpecError(f"{where}: {target} selects nothing; has the contract changed there?")
    # From the end, so that taking one out of a list leaves the places of the others.
    for holder, key in reversed(selected):
        if removes:
            del holder[key]
        elif isinstance(holder[key], list):
            holder[key].append(deepcopy(action["update"]))
        elif isinstance(holder[key], dict) and isinstance(action["update"], dict):
            _merge(holder[key], action["update"])
        else:
            raise SpecError(f"{where}: {target} selects a plain value; target what holds it.")


def _steps(target: str, *, where: str) -> list[str | None]:
    """Read a target as names to follow, None for every one."""
    steps: list[str | None] = []
    position = 1
    while target.startswith("$") and position < len(target):
        step = _STEP.match(target, position)
        if step is None:
            break
        steps.append(None if step["every"] else step["name"] or step["quoted"])
        position = step.end()
    if not target.startswith("$") or position < len(target):
        raise SpecError(
            f"{where}: the target {target!r} cannot be read from {target[position - 1 :]!r} on: "
            "only $, .name, ['name'], .* and [*] are understood here."
        )
    return steps


def _select(document: dict[str, Any], steps: list[str | None]) -> Iterator[tuple[Any, Any]]:
    """Yield the holder and key of each selected node."""
    nodes: list[tuple[Any, Any]] = [({"$": document}, "$")]
    for step in steps:
        found: list[tuple[Any, Any]] = []
        for holder, key in nodes:
            node = holder[key]
            if isinstance(node, dict) and (step is None or step in node):
                found += [(node, name) for name in (node if step is None else [step])]
            elif isinstance(node, list) and step is None:
                found += [(node, index) for index in range(len(node))]
        nodes = found
    yield from nodes


def _merge(into: dict[str, Any], update: dict[str, Any]) -> None:
    for key, value in update.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(deepcopy(value))
        else:
            into[key] = deepcopy(value)
