"""What counts as slow, for how long, and for how long it is remembered.

The thresholds were chosen on labelled series (see docs/latency.md): they trade small regressions
against false alarms.
"""

import math
from typing import Final

from monitors.regression.evidence import HOUR

LEAST_EFFECT: Final = math.log(1.12)
"""Log units: what is slower by less than 12 % is nobody's matter."""
THRESHOLD: Final = 3.6
"""How many times its usual size a statistic on the longest time scale must be."""
THRESHOLD_BY_OCTAVE: Final = 0.34
"""What every halving of the time scale adds to it: there are twice as many chances in a week."""
BURST: Final = 900.0
"""Seconds. What is over sooner is a burst, and no alert would find anybody to help."""
ENOUGH: Final = 4
"""Slow samples in a row that are no coincidence, whatever the time between them."""
RUN: Final = 9
"""Samples above normal in a row, one miss pardoned, before their mean counts: a burst of three and
what noise adds to it are fewer."""
STRONG: Final = 3.0
"""Sigmas above normal at which four samples in a row suffice."""
STRONG_LEAST: Final = math.log(1.4)
STRONG_SCORE: Final = 3.3
"""How many times its usual size their mean must be."""
STARK: Final = math.log(2.5)
"""Log units: four samples so far above normal suffice; a lesser one may be a spike beside a burst,
so it takes five."""
STRONG_UNKNOWN: Final = 4.0
"""How many times what is unknown of normal."""
LOUD: Final = math.log(1.8)
"""Log units: twice as slow, as measured amid noise."""
LOUD_SCORE: Final = 5.0
"""How many times its usual size it must be then."""
TAIL_THRESHOLD: Final = 3.6
TAIL_OCTAVE: Final = 1.2
TAIL_LEAST: Final = 0.08
"""Share of answers, beside the usual 5 %, that must have joined the slow ones."""
TAIL_AGE: Final = 24
"""Hours that must be known before a tail can be."""
CALM_SHARE: Final = 0.35
"""An incident is over when what is left of it is less than this share."""
CALM_SCALE: Final = 1200.0
"""Seconds: the time scale on which recovery is seen."""
TAIL_CALM_SCALE: Final = 5400.0
"""Seconds: the time scale on which the slow answers are seen to have become few again."""
COOLDOWN: Final = 12 * HOUR
"""Seconds in which what comes back is the same trouble."""
ACCEPTED_AFTER: Final = 4 * 24 * HOUR
"""Seconds after which what is sustained is the new normal: longer than a weekend."""
BETTER_HOURS: Final = 6
"""Hours in a row, all of them faster, that are a new normal."""
GAP: Final = HOUR
"""Seconds without a sample after which what was going on is not known any more."""
BRIEF: Final = 8 * HOUR
"""Seconds. A small shift that is over sooner was the operation's own unrest."""
RECURS: Final = 0.6
"""The share of what is seen now that makes the same hours of another day as slow."""
RECURS_OF: Final = 4
RECURS_IN: Final = 2
"""In so many of the last days, for a trouble to be a habit."""
SET_BACK: Final = HOUR
"""Seconds. A sample that is older than the last by less came late and is left out; by more, the
clock was wrong before."""
NEVER: Final = -1e12
"""Unix time before everything; JSON has no infinity."""
HALF_SURE: Final = 6.0
"""Hours of knowledge with which one is half as sure as one can be."""
MOST_MS: Final = 1e7
MOST_PER_HOUR: Final = 128
FIRST: Final = 3
"""Samples that make the first level."""
