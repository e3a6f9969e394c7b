"""The interval of a share that was counted."""

from __future__ import annotations

import math
from statistics import NormalDist

from counterclick.errors import RefusedError
from counterclick.stats.estimates import check_fraction

__all__ = ["wilson"]


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share by Wilson's score.

    Args:
        hits: how many of them.
        n: how many there are.
        level: chance that the interval covers the truth.

    Raises:
        RefusedError: there are none, or more hits than that.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    check_fraction("the level", level)
    if not 0 <= hits <= n or n < 1:
        raise RefusedError(f"a share is so many of 1 or more; it was {hits} of {n}.")
    share, z = hits / n, NormalDist().inv_cdf(0.5 + level / 2)
    middle = share + z * z / 2 / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n)
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))
