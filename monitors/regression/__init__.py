"""Whether one operation has become slower than is normal for it, sample by sample.

`Watch` takes healthy timed samples in the order of time and says what is so now. It is pure and
causal: what it says at a sample rests on the samples until then, and its stored form carries on
exactly where it stopped.
"""

from monitors.regression.verdicts import CALM, Kind, Verdict
from monitors.regression.watch import Watch

__all__ = ["CALM", "Kind", "Verdict", "Watch"]
