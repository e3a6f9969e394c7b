"""What flaws of the data do to a lift, by arithmetic: pure functions of shares."""

from __future__ import annotations

import math

__all__ = ["EXAMPLE", "blurred", "coarser", "diluted", "hidden"]

EXAMPLE = 0.05
"""The true lift that sentences take as their example."""


def diluted(lift: float, share: float) -> float:
    """Return the lift that is seen where a share of the revenue cannot respond, in both arms alike.

    (1 - s)(1 + L) + s over 1, less 1.

    >>> diluted(0.05, 0.04)
    0.048
    """
    return lift * (1 - share)


def blurred(lift: float, share: float) -> float:
    """Return the least lift that is seen where a share of each arm's revenue comes from visitors who met the other arm too.

    At the worst they behave as in the other arm: ((1 - s)(1 + L) + s) over ((1 - s) + s (1 + L)), less 1.

    >>> round(blurred(0.05, 0.1), 4)
    0.0398
    """
    return (1 + lift * (1 - share)) / (1 + lift * share) - 1


def hidden(unmatched: float, feature: float) -> float:
    """Return the true lift that would be seen as none, were all revenue without a known arm the feature's.

    With equal revenue per visitor in what is known, the feature has (1 - u) t of all revenue and would have u more.

    Args:
        unmatched: share u of revenue whose arm is not known, below 1.
        feature: share t of the visitors that the feature has.

    >>> round(hidden(0.04, 0.5), 4)
    0.0833
    """
    return unmatched / ((1 - unmatched) * feature) if unmatched < 1 else math.inf


def coarser(missing: float) -> float:
    """Return by what factor the smallest visible lift grows where a share of the orders is missing: 1 / sqrt(1 - m).

    >>> round(coarser(0.19), 4)
    1.1111
    """
    return 1 / math.sqrt(1 - missing) if missing < 1 else math.inf
