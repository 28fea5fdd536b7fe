"""Lists of numbers in a stored form, packed: what is read with every pass should be quick to read.

The text of a float takes some 20 characters, and a hundred times as long to read as its eight
bytes. Packing is exact: what comes out is what went in, and what was stored before it was packed is
read as it is.
"""

import math
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from sys import byteorder
from typing import Any, Final

LEAST: Final = 16
"""Numbers in a list that is worth packing: shorter ones are as quick as text."""
SQUEEZED: Final = 0.5
"""Share of its bytes that a list must come down to for being worth the time it takes to widen."""
_FLOATS, _ROWS, _FLAGS = "f8", "f8 rows", "flags"
_NUMBERS: Final = frozenset({float, type(None)})


def packed(form: Any) -> Any:
    """Return a JSON form with its long lists of floats (or nulls), of equal rows of them, and of
    flags made short."""
    if isinstance(form, dict):
        return {key: packed(one) for key, one in form.items()}
    if not isinstance(form, list) or len(form) < LEAST:
        return form
    kinds = set(map(type, form))
    if kinds == {bool}:
        return {_FLAGS: "".join("1" if one else "0" for one in form)}
    if kinds == {list}:
        width = len(form[0])
        flat = [number for row in form for number in row]
        if width and all(len(row) == width for row in form) and _is_plain(flat):
            return {_ROWS: [width, _written(flat)]}
        return form
    return {_FLOATS: _written(form)} if _is_plain(form) else form


def unpacked(form: Any) -> Any:
    """Return what was packed."""
    if not isinstance(form, dict):
        return form
    if len(form) == 1:
        match form:
            case {"f8": str(text)}:
                return _read(text)
            case {"f8 rows": [int(width), str(text)]}:
                numbers = _read(text)
                return [numbers[at : at + width] for at in range(0, len(numbers), width)]
            case {"flags": str(text)}:
                return [one == "1" for one in text]
    # Most of what is inside are plain values: a call for each would take longest.
    return {key: unpacked(one) if type(one) is dict else one for key, one in form.items()}


def _is_plain(numbers: Sequence[Any]) -> bool:
    """Whether all are floats or nulls; a NaN stands for a null, so it may not be one itself."""
    return {*map(type, numbers)} <= _NUMBERS and not any(
        one is not None and math.isnan(one) for one in numbers
    )


def _written(numbers: Sequence[float | None]) -> str:
    raw = array("d", [math.nan if one is None else one for one in numbers])
    if byteorder == "big":
        raw.byteswap()
    whole = raw.tobytes()
    small = zlib.compress(whole)
    is_squeezed = len(small) <= SQUEEZED * len(whole)
    return ("z" if is_squeezed else "-") + b64encode(small if is_squeezed else whole).decode()


def _read(text: str) -> Sequence[float | None]:
    whole = b64decode(text[1:])
    raw = array("d", zlib.decompress(whole) if text[0] == "z" else whole)
    if byteorder == "big":
        raw.byteswap()
    numbers = raw.tolist()
    if any(map(math.isnan, numbers)):
        return [None if one != one else one for one in numbers]
    return numbers
