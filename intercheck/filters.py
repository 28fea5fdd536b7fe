"""`--include-…` and `--exclude-…`, which choose operations by what a description says of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import click

from contracts.errors import ConfigurationError
from contracts.planning import Plan
from contracts.selection import Selection, Trait, Traits, path_key
from contracts.spec import Spec

PROPERTIES: Final = ("path", "method", "tag", "operation-id")


def _compile(
    _context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse what is no regular expression before anything is sent."""
    for pattern in given:
        try:
            re.compile(pattern)
        except re.error as error:
            raise click.BadParameter(
                f"{pattern!r} is no regular expression ({error}).", param=parameter
            ) from None
    return given


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --include-PROPERTY and --exclude-PROPERTY to a command, each as often as wanted, and each
    with a variant that takes a regular expression."""
    for verb, meaning in (("exclude", "Leave out operations"), ("include", "Only operations")):
        for name in reversed(PROPERTIES):
            words = name.replace("-", " ")
            function = click.option(
                f"--{verb}-{name}-regex",
                multiple=True,
                metavar="REGEX",
                callback=_compile,
                help=f"{meaning} in whose {words} this is found; may be repeated.",
            )(function)
            function = click.option(
                f"--{verb}-{name}",
                multiple=True,
                metavar=name.upper(),
                help=f"{meaning} with this {words}; may be repeated.",
            )(function)
    return function


def selection_of(given: Mapping[str, tuple[str, ...]]) -> Selection:
    """Return what the options of `filters` choose."""
    return Selection(include=_traits("include", given), exclude=_traits("exclude", given))


def refuse_empty(planned: Plan, description: Spec) -> None:
    """Raise ConfigurationError where the filters pick nothing: a gate that asks nothing is no
    gate."""
    if not planned.operations and not planned.skipped:
        raise ConfigurationError(
            f"No operation of {description.source} is what --include-… and --exclude-… select: "
            "`intercheck contract --plan`, without them, lists what there is."
        )


def _traits(verb: str, given: Mapping[str, tuple[str, ...]]) -> Traits:
    def trait(name: str, *, upper: bool = False) -> Trait:
        values = given[f"{verb}_{name}"]
        return Trait(
            values=frozenset(value.upper() if upper else value for value in values),
            patterns=tuple(
                re.compile(pattern, re.IGNORECASE if upper else 0)
                for pattern in given[f"{verb}_{name}_regex"]
            ),
        )

    paths = trait("path")
    return Traits(
        paths=replace(paths, values=frozenset(map(path_key, paths.values))),
        methods=trait("method", upper=True),
        tags=trait("tag"),
        operation_ids=trait("operation_id"),
    )
