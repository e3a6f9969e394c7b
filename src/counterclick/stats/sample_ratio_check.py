"""Do the arms have the numbers of visitors that the design gives them?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from counterclick.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SampleRatio", "sample_ratio"]

FEWEST_ARMS = 2


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Counts of visitors against the design.

    Attributes:
        counts: visitors of each arm.
        expected: visitors that the shares give each arm, of the same total.
        chi2: sum of (count - expected)^2 / expected.
        p_value: chance of a chi-square this large where the design holds.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    chi2: float
    p_value: float


def sample_ratio(counts: Sequence[int], shares: Sequence[float]) -> SampleRatio:
    """Test for a sample ratio mismatch.

    Args:
        counts: visitors of each arm.
        shares: the designed share of each arm; normalised to a sum of 1. An arm with share 0 must be empty
            and adds no degree of freedom.

    Returns:
        The test. Its chi-square reference is an approximation that needs about five expected visitors an arm.

    Raises:
        RefusedError: if there are fewer than two arms, lengths differ, a count or share is negative or not
            finite, a share is zero with visitors in the arm, or there are no visitors.

    Source: Pearson (1900), Philosophical Magazine 50; Fabijan et al. (2019), KDD, for the use.
    """
    if len(counts) != len(shares):
        raise RefusedError(f"{len(counts)} counts and {len(shares)} shares; each arm needs one of each.")
    if any(count < 0 or count != int(count) for count in counts):
        raise RefusedError(f"counts of visitors are whole numbers from 0; got {list(counts)}.")
    if not all(math.isfinite(share) and share >= 0 for share in shares):
        raise RefusedError(f"shares are numbers from 0; got {list(shares)}.")
    stray = [i for i, (count, share) in enumerate(zip(counts, shares, strict=True)) if share == 0 and count > 0]
    if stray:
        raise RefusedError(f"arms {stray} have a share of 0 and yet visitors; give them their share, or leave them out.")
    live = sum(share > 0 for share in shares)
    if live < FEWEST_ARMS:
        raise RefusedError(f"a sample ratio needs at least {FEWEST_ARMS} arms with a share above 0; there are {live}.")
    n, whole = sum(counts), math.fsum(shares)
    if n == 0:
        raise RefusedError("no arm has a visitor, so that no ratio can be tested.")
    expected = tuple(n * share / whole for share in shares)
    chi2 = math.fsum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True) if e > 0)
    return SampleRatio(tuple(map(int, counts)), expected, chi2, float(special.chdtrc(live - 1, chi2)))
