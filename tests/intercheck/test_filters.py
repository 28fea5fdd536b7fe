"""Which operations the filters choose, by value and by regular expression."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from contracts.overlays import embedded_contract
from contracts.spec import Spec
from intercheck.filters import filters, selection_of


@pytest.fixture(scope="module")
def spec() -> Spec:
    contract = embedded_contract()
    assert contract is not None
    return contract


@pytest.fixture
def chosen(spec: Spec) -> Callable[..., list[str]]:
    """Return what arguments choose of the embedded contract."""

    @click.command()
    @filters
    def command(**given: tuple[str, ...]) -> None:
        selection = selection_of(given)
        for one in spec.operations:
            if selection.picks(one):
                click.echo(str(one.operation))

    def call(*arguments: str) -> list[str]:
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    return call


def test_without_filters_everything_is_chosen(chosen: Callable[..., list[str]], spec: Spec) -> None:
    assert len(chosen()) == len(spec.operations)


def test_a_value_is_the_whole_of_it_and_a_pattern_is_found_in_it(
    chosen: Callable[..., list[str]],
) -> None:
    assert {one.partition(" ")[2] for one in chosen("--include-path", "/tags")} == {"/tags"}
    found = chosen("--include-path-regex", "^/tags")
    assert "GET /tags" in found
    assert len(found) > len(chosen("--include-path", "/tags"))
    assert all(" /tags" in one for one in found)


def test_values_and_patterns_of_a_property_add_up_and_properties_narrow(
    chosen: Callable[..., list[str]],
) -> None:
    paths = ("--include-path", "/me", "--include-path-regex", "^/contacts$")
    both = chosen(*paths)
    assert {"GET /me", "GET /contacts", "POST /contacts"} <= set(both)
    assert set(chosen(*paths, "--include-method-regex", "^g")) == {"GET /me", "GET /contacts"}
    assert "GET /me" not in chosen(*paths, "--exclude-operation-id-regex", "(?i)identify")


@pytest.mark.parametrize("verb", ["include", "exclude"])
@pytest.mark.parametrize("name", ["path", "method", "tag", "operation-id"])
def test_what_is_no_regular_expression_is_wrong_usage(verb: str, name: str) -> None:
    @click.command()
    @filters
    def command(**given: tuple[str, ...]) -> None:
        selection_of(given)

    done = CliRunner().invoke(command, [f"--{verb}-{name}-regex", "("])
    assert done.exit_code == 2
    assert "no regular expression" in done.output
