"""Which operations of a description are meant."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.exchanges import Operation
from contracts.spec import SpecOperation


def path_key(path: str) -> str:
    """Return a path template with its parameters' names blanked: they change between versions."""
    return Operation(method="*", path=path).identity.removeprefix("* ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """What one property of an operation may be: one of `values`, or anything that one of `patterns`
    is found in."""

    values: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    def is_given(self) -> bool:
        return bool(self.values or self.patterns)

    def has(self, found: Iterable[str]) -> bool:
        """Whether one of the values `found` is meant."""
        return any(
            value in self.values or any(pattern.search(value) for pattern in self.patterns)
            for value in found
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Properties of operations; an empty one says nothing. Methods are upper case."""

    paths: Trait = Trait()
    methods: Trait = Trait()
    tags: Trait = Trait()
    operation_ids: Trait = Trait()

    def matched_by(self, operation: SpecOperation) -> list[bool]:
        """For each property that is given, whether `operation` has one of its values."""
        return [
            trait.has(found)
            for trait, found in (
                (self.paths, (operation.operation.path, path_key(operation.operation.path))),
                (self.methods, (operation.operation.method,)),
                (self.tags, operation.tags),
                (self.operation_ids, (operation.operation_id or "",)),
            )
            if trait.is_given()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Operations that have all the properties of `include` and none of `exclude`."""

    include: Traits = Traits()
    exclude: Traits = Traits()

    def picks(self, operation: SpecOperation) -> bool:
        """Whether `operation` is meant."""
        return all(self.include.matched_by(operation)) and not any(
            self.exclude.matched_by(operation)
        )
