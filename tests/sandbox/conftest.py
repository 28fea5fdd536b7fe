"""One running sandbox for the tests of a file, as new for each."""

from collections.abc import Iterator

import pytest

from sandbox.intercom import Sandbox


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(latency=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running
