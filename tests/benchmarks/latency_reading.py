"""Labelled series of latency, read from a file; what cannot be used is named in a sentence."""

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

NEEDED: Final = ("id", "family", "interval_s", "start_epoch", "values", "label")
EVENT: Final = ("kind", "start_index", "end_index")
LATEST: Final = 1e11
"""Unix time up to which the detector takes a sample: the year 5138."""

Series = dict[str, Any]


class WrongInputError(Exception):
    """What was named cannot be used, in a sentence."""


def read_series(path: Path) -> list[Series]:
    """Read labelled series; raises WrongInputError for anything else."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            series = json.load(file)
    except gzip.BadGzipFile:
        raise WrongInputError(f"{path} is no gzip file: name gzipped JSON") from None
    except (EOFError, zlib.error):
        raise WrongInputError(f"{path} is cut off or damaged: copy it again") from None
    except OSError as error:
        raise WrongInputError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise WrongInputError(f"{path} holds no JSON: name gzipped JSON") from None
    if not isinstance(series, list) or not all(map(is_series, series)):
        raise WrongInputError(
            f"{path} holds no list of labelled series: each has {', '.join(NEEDED)}"
        )
    ids: set[str] = set()
    for number, one in enumerate(series, 1):
        for wrong in _wrong_with(one, ids):
            raise WrongInputError(f"{path}: series {number} ({one['id']!r:.40}): {wrong}")
        ids.add(one["id"])
    return series


def is_series(one: object) -> bool:
    """Whether it has what is watched and scored."""
    return isinstance(one, dict) and all(name in one for name in NEEDED)


def _wrong_with(one: Series, ids: set[str]) -> Iterator[str]:
    """Yield what of a series can be neither watched nor scored, and what must stand there."""
    values, label, start, pace = (
        one[name] for name in ("values", "label", "start_epoch", "interval_s")
    )
    if not isinstance(one["id"], str) or one["id"] in ids:
        yield "`id` must be a text that no other series has"
    if not isinstance(one["family"], str):
        yield "`family` must be a text"
    if isinstance(pace, bool) or not isinstance(pace, int) or not 0 < pace < LATEST:
        yield f"`interval_s` is {pace!r:.40}: it must be a whole number of seconds above 0"
    if not isinstance(values, list) or not values:
        yield "`values` must be a list of milliseconds, at least one"
    for index, value in enumerate(values):
        if value is not None and not _is_number(value):
            yield f"`values` has {value!r:.40} at {index}: it must be a number or null"
    if not _is_number(start) or not 0 <= start <= LATEST - pace * len(values):
        yield (
            f"`start_epoch` is {start!r:.40}: it must be a Unix time in seconds, from 1970 to 5138"
        )
    for event in label if isinstance(label, list) else [None]:
        if not isinstance(event, dict) or not all(name in event for name in EVENT):
            yield f"`label` must be a list of mappings with {', '.join(EVENT)}"
        elif not isinstance(event["kind"], str) or not all(
            type(event[name]) is int and 0 <= event[name] < len(values) for name in EVENT[1:]
        ):
            yield f"`label` has {event!r:.80}: its indexes must be those of values"


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can be; NaN is one, as a broken clock gives it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return not math.isinf(float(value))
    except OverflowError:
        return False
