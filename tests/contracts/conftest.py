"""What the tests of contracts share."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from contracts.documents import parse_document
from contracts.parsed import remember
from contracts.spec import Spec, parse_spec


@pytest.fixture(scope="session")
def published(shared_dir: Path, pytestconfig: pytest.Config) -> Callable[[str], Spec]:
    """Read a published description by its path in the shared folder.

    Two dozen of them cost ten seconds to parse, so pytest's own cache keeps what they say.
    """
    store = getattr(pytestconfig, "cache", None)  # None with -p no:cacheprovider
    kept = store.mkdir("descriptions") if store is not None else None

    @cache
    def read(path: str) -> Spec:
        content = (shared_dir / path).read_bytes()
        if kept is None:
            return parse_spec(parse_document(content, source=path).value, source=path)
        document = remember(
            kept / f"{hashlib.sha256(content).hexdigest()}.json",
            lambda: parse_document(content, source=path).value,
        )
        return parse_spec(document, source=path)

    return read
