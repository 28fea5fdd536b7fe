"""Keep what was expensive to read in a form that is cheap to read.

A cache is never a reason to fail: an entry that is missing, cut off or altered is made again, and
where nothing can be written the work is done each time.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


def remember(place: Path, make: Callable[[], Any]) -> Any:
    """Return the document kept at `place`; where there is no whole one, make it and keep it."""
    document = recall(place)
    if document is None:
        document = make()
        keep(place, document)
    return document


def recall(place: Path) -> Any | None:
    """Return the document kept at `place`, None where there is no whole one."""
    try:
        content = place.read_bytes()
    except OSError:
        return None
    digest, _, payload = content.partition(b"\n")
    if digest != hashlib.sha256(payload).hexdigest().encode():
        return None
    return json.loads(payload)


def keep(place: Path, document: Any) -> None:
    """Keep `document` at `place`, its sha256 in front; silently not where that is impossible."""
    payload = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )
    digest = hashlib.sha256(payload).hexdigest().encode()
    with suppress(OSError):  # a full or read-only disk costs time, nothing else
        write_atomically(place, digest + b"\n" + payload)


def write_atomically(place: Path, content: bytes) -> None:
    """Write a file so that whoever reads it sees all of it or none; raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
