"""A band to look at between planned looks: it holds at every moment at once, and so is wide.

An asymptotic confidence sequence covers the truth at all sample sizes together with its level, in the limit. For a
planned experiment it decides nothing: two rules beside each other would make twice the errors.
"""

from __future__ import annotations

import math

from counterclick.errors import RefusedError
from counterclick.stats.estimates import check_fraction

__all__ = ["anytime_reach"]


def anytime_reach(information: float, tuned_to: float, level: float = 0.95) -> float:
    """Return how many standard errors the band reaches to either side.

    Args:
        information: so far, in any unit that grows as one over the squared standard error: visitors, or buyers.
        tuned_to: information, in the same unit, at which the band is to be narrowest.
        level: chance that the band covers the truth at all times together.

    Returns:
        sqrt(2 (n rho^2 + 1) / (n rho^2) log(sqrt(n rho^2 + 1) / alpha)), with rho^2 = (-2 log alpha + log(1 - 2 log
        alpha)) / tuned_to. Near 3 where it is narrowest, for 0.95; a fixed look has 1.96.

    Raises:
        RefusedError: if a number is not above 0, or the level is not between 0 and 1.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), arXiv 2103.06476, theorem 2.2 and section B.2.
    """
    check_fraction("the level", level)
    for what, number in (("the information", information), ("the information that the band is tuned to", tuned_to)):
        if not (number > 0 and math.isfinite(number)):
            raise RefusedError(f"{what} must be a number above 0; it is {number!r}.")
    alpha = 1 - level
    rho_squared = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tuned_to
    grown = information * rho_squared
    return math.sqrt(2 * (grown + 1) / grown * math.log(math.sqrt(grown + 1) / alpha))
