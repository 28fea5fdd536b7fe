"""`--include-…` and `--exclude-…`, which choose operations by what a description says of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from contracts.selection import Selection, Traits

PROPERTIES: Final = ("path", "method", "tag", "operation-id")


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --include-PROPERTY and --exclude-PROPERTY to a command, each as often as wanted."""
    for verb, meaning in (("exclude", "Leave out operations"), ("include", "Only operations")):
        for name in reversed(PROPERTIES):
            function = click.option(
                f"--{verb}-{name}",
                multiple=True,
                metavar=name.upper(),
                help=f"{meaning} with this {name.replace('-', ' ')}; may be repeated.",
            )(function)
    return function


def selection_of(given: Mapping[str, tuple[str, ...]]) -> Selection:
    """Return what the options of `filters` choose."""
    return Selection(include=_traits("include", given), exclude=_traits("exclude", given))


def _traits(verb: str, given: Mapping[str, tuple[str, ...]]) -> Traits:
    return Traits(
        paths=frozenset(given[f"{verb}_path"]),
        methods=frozenset(method.upper() for method in given[f"{verb}_method"]),
        tags=frozenset(given[f"{verb}_tag"]),
        operation_ids=frozenset(given[f"{verb}_operation_id"]),
    )
