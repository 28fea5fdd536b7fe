"""How long a consumer waits, and the objective it has for the API's latency."""

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from contracts.errors import ConfigurationError

KEYS: Final = ("latency", "target")
"""As OpenSLO and Sloth have them: the threshold, and the share of answers that keep it."""
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)\Z")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}
_PERCENT: Final = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?) ?%\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """So large a share of answers (`target`, between 0 and 1) takes at most `latency`."""

    latency: timedelta
    target: float


def read_span(written: object) -> timedelta | None:
    """Read `800ms`, `5s`, `2m`, or a number of seconds; None where it is none above 0."""
    if isinstance(written, str) and (match := _DURATION.match(written.strip())):
        seconds = float(match[1]) * _SECONDS[match[2]]
    elif isinstance(written, (int, float)) and not isinstance(written, bool):
        seconds = float(written)
    else:
        return None
    return timedelta(seconds=seconds) if 0 < seconds <= 86_400 else None


def read_timeout(written: object, *, where: str) -> timedelta | None:
    """Read a consumer's `timeout`, None where there is none; raises ConfigurationError."""
    span = read_span(written)
    if written is not None and span is None:
        raise ConfigurationError(
            f"{where}: `timeout` is a number of seconds above 0, or a duration such as 800ms or 5s."
        )
    return span


def read_objective(written: object, *, where: str) -> Objective | None:
    """Read `{latency: 800ms, target: 99%}`, None where there is none; raises ConfigurationError."""
    if written is None:
        return None
    if not isinstance(written, dict):
        raise ConfigurationError(
            f"{where}: `objective` is a mapping such as {{latency: 800ms, target: 99%}}."
        )
    for key in written:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(KEYS)}."
            raise ConfigurationError(f"{where}: `objective` has an unknown key {key!r}; {hint}")
    latency = read_span(written.get("latency"))
    if latency is None:
        raise ConfigurationError(
            f"{where}: `objective.latency` is a duration above 0 such as 800ms or 5s."
        )
    target = written.get("target")
    match = _PERCENT.match(target) if isinstance(target, str) else None
    if match is None or not 0 < float(match[1]) < 100:
        raise ConfigurationError(
            f"{where}: `objective.target` is a percentage between 0% and 100%, such as 99%."
        )
    return Objective(latency=latency, target=float(match[1]) / 100)
