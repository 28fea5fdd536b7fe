"""How likely a change is chance: tests on counts of distinct objects.

All hold for any rate, known or not, as long as the order in which objects are met has nothing to
do with it (they are exchangeable); no rate is estimated. They are looked at again with every
object, and the error is shared out over those looks:

- `has_appeared`: something was in none of the first objects and then in some. Looked at when it is
  met for the k-th time, with the k-th share `ERROR / (k * (k - 1))`: over all k that is `ERROR`.
  So a kind of value that always was possible, however rare, is taken for a change with a chance of
  at most one in a thousand, ever.
- `has_vanished`: something was in some objects and then in none. Each time it is met ends a wait,
  and a wait is taken for the end with a chance of at most `WAIT_ERROR`: of something that is in
  every fifth object and 600 objects a month, one false alarm in 800 months.
- `has_grown`: something was in some objects and is in more of those that came lately. Looked at
  now and then, the j-th time with the share `SHARE_ERROR / (j * (j + 1))`.
"""

from math import comb, exp, log
from typing import Final

ERROR: Final = 1e-3
"""Chance that something rare, at one place and ever, is taken for new: some ten such things per
operation in its life make one false alarm per hundred operations."""
WAIT_ERROR: Final = 1e-5
"""Chance that one wait is taken for the end. A fifth of objects needs some 50 of them to tell."""

SHARE_ERROR: Final = 1e-4
"""Chance that the share of nulls at one place is ever taken for grown: an operation has dozens of
such places."""


def has_appeared(times: int, *, before: int, since: int) -> bool:
    """Whether something new has come: none of `before` objects had it, and `times` of the `since`
    objects from the first that had it (that one included) do.

    Given that it is there `times` times, the other ones fall among the last `since` by chance in
    C(since-1, times-1) of C(before+since-1, times-1) orders.
    """
    if times < 2:
        return False
    chance = comb(since - 1, times - 1) / comb(before + since - 1, times - 1)
    return chance <= ERROR / (times * (times - 1))


def has_vanished(times: int, *, of: int, since: int) -> bool:
    """Whether something is gone: `times` of `of` objects had it, and none of the last `since`."""
    if times < 1 or since < 1:
        return False
    # Not by comb: the numbers are larger here, and most waits are short.
    chance = 1.0
    for step in range(times):
        chance *= max(0, of - since - step) / (of - step)
        if chance <= WAIT_ERROR:
            return True
    return False


def has_grown(times: int, *, of: int, before: int, of_before: int, look: int) -> bool:
    """Whether a share has grown: `times` of the last `of` objects have something, and `before` of
    the `of_before` objects that came before them.

    Of all orders, at most exp(-of * KL(share, share of all)) have so many among the last (Hoeffding
    1963, theorem 4 and section 6: drawing without replacement is no wilder than with).
    """
    share, overall = times / of, (times + before) / (of + of_before)
    if share <= overall or overall == 0:
        return False
    apart = share * log(share / overall)
    if share < 1:
        apart += (1 - share) * log((1 - share) / (1 - overall))
    return exp(-of * apart) <= SHARE_ERROR / (look * (look + 1))
