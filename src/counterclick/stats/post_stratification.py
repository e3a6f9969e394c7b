"""Post-stratification: arms are compared within strata, and the strata weighted as they are in both arms together.

It takes out what chance gave one arm more of (returning customers, phones). It also is the only right way across a
change of shares: visitors before and after it are different strata, and to mix them would compare different weeks.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats.standardised import Ratio, Standardised, as_they_are, placed
from counterclick.stats.sufficient import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterclick.stats.estimates import Estimate

__all__ = ["PostStratified", "post_stratified_difference", "post_stratified_lift"]

Key = TypeVar("Key", bound=Hashable)

LEAST = 2
"""A variance needs two visitors."""


@dataclass(frozen=True, slots=True)
class PostStratified:
    """A post-stratified estimate.

    Attributes:
        estimate: the difference or lift.
        reduction: 1 - (post-stratified / raw standard error)^2, as realised on these data.
        n_strata: strata that were compared, after merging.
        merged: strata with too few visitors in an arm, which were merged.
    """

    estimate: Estimate
    reduction: float
    n_strata: int
    merged: tuple[Hashable, ...]


def post_stratified_difference(
    strata: Mapping[Key, tuple[Moments, Moments]],
    numerator: str,
    denominator: str | None = None,
    level: float = 0.95,
    least: int = LEAST,
) -> PostStratified:
    """Return treatment minus control of a mean, or of a ratio of means, post-stratified.

    With w_s the stratum's share of the visitors of both arms, the mean of an arm is the sum of w_s times its mean in
    stratum s, with variance the sum of w_s^2 s_s^2 / n_s; and since the shares themselves are a sample, the sum of
    w_s (d_s - d)^2 / n is added, d_s being the difference in stratum s.

    Args:
        strata: stratum -> moments of control and of treatment; strata are known before eligibility.
        numerator: the value, or the ratio's numerator.
        denominator: the ratio's denominator; None for a mean per visitor.
        level: confidence of the interval.
        least: strata with fewer visitors than this in an arm are merged: all of them into one, and that one, where it
            is still too small, into the smallest other.

    Returns:
        The difference in the metric's unit; t reference with Satterthwaite's df.

    Raises:
        TooFewBuyersError: if less than two strata have visitors enough in both arms.
        RefusedError: if nothing varies, a ratio's denominator is zero, or ``least`` is below 2.
        UnknownNameError: if there is no such value.

    Source: Miratrix, Sekhon and Yu (2013), JRSS B 75, eq. 6.
    """
    metric = (numerator, denominator)
    fitted, raw, merged = _both(strata, metric, least)
    estimate = fitted.difference(metric, level, f"difference, post-stratified over {merged.n} strata (Miratrix 2013)")
    before = raw.difference(metric, level, "")
    return PostStratified(estimate, 1 - (estimate.se / before.se) ** 2, merged.n, merged.keys)


def post_stratified_lift(
    strata: Mapping[Key, tuple[Moments, Moments]],
    numerator: str,
    denominator: str | None = None,
    level: float = 0.95,
    least: int = LEAST,
) -> PostStratified:
    """Return the relative lift of a mean, or of a ratio of means, post-stratified.

    It is the log ratio of the post-stratified means of :func:`post_stratified_difference`, not a mean of the strata's
    log ratios: a stratum in which nobody bought counts with its zero.

    Args:
        strata: stratum -> moments of control and of treatment; strata are known before eligibility.
        numerator: the value, or the ratio's numerator.
        denominator: the ratio's denominator; None for a mean per visitor.
        level: confidence of the interval.
        least: strata with fewer visitors than this in an arm are merged.

    Returns:
        The lift as a fraction; ``statistic`` and ``se`` on the log scale; normal reference.

    Raises:
        TooFewBuyersError: if less than two strata have visitors enough in both arms.
        RefusedError: if a mean is not above zero, nothing varies, or ``least`` is below 2.
        UnknownNameError: if there is no such value.
    """
    metric = (numerator, denominator)
    fitted, raw, merged = _both(strata, metric, least)
    estimate = fitted.lift(metric, level, f"log ratio, post-stratified over {merged.n} strata (Miratrix 2013)")
    before = raw.lift(metric, level, "")
    return PostStratified(estimate, 1 - (estimate.se / before.se) ** 2, merged.n, merged.keys)


@dataclass(frozen=True, slots=True)
class _Merged:
    pairs: tuple[tuple[Moments, Moments], ...]
    keys: tuple[Hashable, ...]

    @property
    def n(self) -> int:
        return len(self.pairs)


def _both(
    strata: Mapping[Key, tuple[Moments, Moments]], metric: Ratio, least: int
) -> tuple[Standardised, Standardised, _Merged]:
    """Return the post-stratified means, the raw ones, and what was merged."""
    if least < LEAST:
        raise RefusedError(f"a stratum needs at least {LEAST} visitors in each arm; least is {least}.")
    names = tuple(dict.fromkeys(name for name in metric if name is not None))
    merged = _merged({key: (base.select(names), top.select(names)) for key, (base, top) in strata.items()}, least)
    whole = sum(base.n + top.n for base, top in merged.pairs)
    weights = np.array([(base.n + top.n) / whole for base, top in merged.pairs])
    stacked = np.array([np.concatenate([base.mean, top.mean]) for base, top in merged.pairs])
    means = weights @ stacked
    gaps = stacked - means
    shared = (gaps.T * weights) @ gaps / whole
    parts = [
        (placed(arm.m2 / (arm.n - 1) / arm.n * weight**2, which), arm.n - 1.0)
        for weight, pair in zip(weights, merged.pairs, strict=True)
        for which, arm in enumerate(pair)
    ]
    m = len(names)
    fitted = Standardised(names, means[:m], means[m:], [*parts, (shared, whole - 1.0)])
    control, treatment = (Moments.total(pair[which] for pair in merged.pairs) for which in (0, 1))
    return fitted, as_they_are(control, treatment, names), merged


def _merged(strata: Mapping[Key, tuple[Moments, Moments]], least: int) -> _Merged:
    """Merge the strata that are too small, by their visitors alone: outcomes must not choose."""
    small = {key: pair for key, pair in strata.items() if min(arm.n for arm in pair) < least}
    kept = sorted((pair for key, pair in strata.items() if key not in small), key=lambda pair: pair[0].n + pair[1].n)
    if small:
        base, top = (Moments.total(pair[which] for pair in small.values()) for which in (0, 1))
        if min(base.n, top.n) >= least:
            kept.append((base, top))
        elif kept:
            kept[0] = (kept[0][0] + base, kept[0][1] + top)
    if len(kept) < LEAST:
        raise TooFewBuyersError(
            f"of {len(strata)} strata {len(strata) - len(small)} have {least} visitors in each arm; to post-stratify, two "
            "strata must."
        )
    return _Merged(tuple(kept), tuple(small))
