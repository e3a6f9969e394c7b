"""The test behind a verdict on few buyers: re-randomisation of the buyers' arms.

Under the sharp null hypothesis every visitor would have spent the same in the other arm, so that the buyers'
labels can be drawn again as the design drew them. The studentised log ratio of mean revenue is exact then,
whatever the skew and the split, and asymptotically right when only the means are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats.estimates import Estimate, as_lift, check_fraction
from counterclick.stats.relabelling import Relabelled, observed_log_ratio, relabel
from counterclick.stats.tilting import Pool, tilted_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_DRAWS", "RerandomisedLift", "RerandomisedTest", "draws_for", "rerandomised_lift", "rerandomised_test"]

MOST_DRAWS = 250_000
"""Bounds that need more plain draws than this, those below 4e-4, are reached by importance sampling
instead."""

TILTED_DRAWS = 5_000
"""Draws of an importance-sampled tail; its standard error is then about 3 % of it."""

COUNTED = 100
"""A tail with so many plain draws in it has a standard error of a tenth and needs no importance sampling."""

CONTRADICTION = 5.0
"""Standard errors by which plain draws may exceed an importance-sampled tail before it is given up for
them."""

USUAL_DRAWS = 20_000
"""Draws behind an interval, and behind a p-value near its bound: the same labels, so that they never disagree."""

FIRST_DRAWS = 2_000
"""Draws with which a test begins; they are enough where nothing lies near the bound."""

SURE = 5.0
"""Standard errors by which a first p-value must exceed the bound to be the answer."""

FEWEST_BUYERS = 2
LEAST_LEVEL = 0.5
"""Below this level the two sides of an interval meet."""

WIDEST = 14.0
"""A lift by more than a factor of e^14, a million, in either direction counts as unbounded."""

FINENESS = 1e-4
"""The ends of the interval are found to this fraction of two standard errors."""


@dataclass(frozen=True, slots=True)
class RerandomisedLift:
    """A lift of revenue per visitor with its re-randomisation test.

    Attributes:
        lift: the lift as a fraction; its interval inverts the test, its two-sided p-value is twice the
            smaller side.
        p_greater: one-sided p-value against "treatment is not better".
        p_less: one-sided p-value against "treatment is not worse".
        draws: number of plain draws behind each p-value.
    """

    lift: Estimate
    p_greater: float
    p_less: float
    draws: int


def draws_for(bound: float) -> int:
    """Return the draws that make the Monte Carlo standard error at a bound a tenth of the bound.

    Args:
        bound: one-sided error rate that a p-value is compared with, between 0 and 1.

    Returns:
        100 (1 - bound) / bound, rounded up, where the binomial sqrt(b (1 - b) / draws) is b / 10.

    Raises:
        RefusedError: if the bound is not between 0 and 1.
    """
    check_fraction("the bound", bound)
    return math.ceil(100 * (1 - bound) / bound)


@dataclass(frozen=True, slots=True)
class RerandomisedTest:
    """The test alone, without an interval.

    Attributes:
        log_ratio: of mean revenue per visitor, treatment over control.
        se: its standard error (delta method).
        p_greater: one-sided p-value against "treatment is not better".
        p_less: one-sided p-value against "treatment is not worse".
        draws: number of plain draws behind each p-value.
    """

    log_ratio: float
    se: float
    p_greater: float
    p_less: float
    draws: int


def rerandomised_test(
    control_amounts: ArrayLike,
    treatment_amounts: ArrayLike,
    n_control: int,
    n_treatment: int,
    share_treatment: float,
    bound: float = 0.025,
    seed: int = 0,
    *,
    fixed: bool = False,
) -> RerandomisedTest:
    """Test the lift of revenue per visitor by re-randomising the buyers' arms, as precisely as a bound needs it.

    The test is that of :func:`rerandomised_lift`. A few thousand draws come first; where they show both p-values to
    lie far above the bound, they are the answer, and otherwise there are as many as the bound asks for.

    Args:
        control_amounts: (B_C,) revenue of each buyer in control, above 0, in one currency; any unit.
        treatment_amounts: (B_T,) the same in treatment.
        n_control: visitors of control, buyers included.
        n_treatment: visitors of treatment, buyers included.
        share_treatment: P(treatment | one of these two arms), by design.
        bound: one-sided error rate with which the p-values will be compared, above 0.
        seed: of the random labels.
        fixed: whether the numbers of visitors were fixed by design (a list that was split), and not each visitor assigned
            for itself; labels are then drawn without replacement, and far tails are overstated rather than sampled.

    Raises:
        TooFewBuyersError: if an arm has fewer than two buyers.
        RefusedError: as :func:`rerandomised_lift`.
    """
    check_fraction("the bound", bound)
    made = _Test.made(control_amounts, treatment_amounts, n_control, n_treatment, share_treatment, fixed=fixed)
    first = made.drawn(FIRST_DRAWS, seed)
    p_greater, p_less = first.plain(0.0)
    clear = bound + SURE * math.sqrt(bound / FIRST_DRAWS)
    if min(p_greater, p_less) > clear:
        return RerandomisedTest(made.log_ratio, made.se, p_greater, p_less, FIRST_DRAWS)
    needed = draws_for(bound)
    drawn = made.drawn(max(USUAL_DRAWS, MOST_DRAWS // 10 if needed > MOST_DRAWS else needed), seed)
    p_greater, p_less = drawn.p_values(0.0, far=needed > MOST_DRAWS)
    return RerandomisedTest(made.log_ratio, made.se, p_greater, p_less, drawn.draws)


def rerandomised_lift(
    control_amounts: ArrayLike,
    treatment_amounts: ArrayLike,
    n_control: int,
    n_treatment: int,
    share_treatment: float,
    level: float = 0.95,
    draws: int = USUAL_DRAWS,
    seed: int = 0,
    bound: float = 0.025,
    *,
    fixed: bool = False,
) -> RerandomisedLift:
    """Test and estimate the lift of revenue per visitor by re-randomising the buyers' arms.

    Each draw labels every buyer "treatment" with the design's probability and draws the number of non-buyers
    in treatment with it. The statistic is log(mean_T / mean_C) over its delta-method standard error, as in
    :func:`~counterclick.stats.log_ratio_lift`. A draw that leaves an arm without buyers (or with fewer than
    two visitors) is the most extreme in the other arm's favour, plus or minus infinity. One-sided p-values
    are (1 + draws at least as extreme) / (draws + 1), so never zero.

    Draws adapt to the smaller of ``bound`` and (1 - level) / 2: they are raised to :func:`draws_for` of it.
    Where that exceeds ``MOST_DRAWS`` (early looks have bounds far below 1e-4), a tail with fewer than 100
    plain draws in it is estimated by importance sampling, to a standard error of at most a tenth of it, or
    else overstated.

    The interval holds each lift theta that the same test does not reject on either side at (1 - level) / 2:
    treated amounts are divided by 1 + theta and labelled anew. The labels are the same for every theta, so
    that the p-value is a stable function of it. An end is -1 or infinity where no lift up to a factor of a
    million is rejected.

    Args:
        control_amounts: (B_C,) revenue of each buyer in control, above 0, in one currency; any unit.
        treatment_amounts: (B_T,) the same in treatment.
        n_control: visitors of control, buyers included.
        n_treatment: visitors of treatment, buyers included.
        share_treatment: P(treatment | one of these two arms), by design.
        level: confidence of the two-sided interval, from 0.5.
        draws: least number of draws.
        seed: of the random labels.
        bound: one-sided error rate with which a p-value will be compared.
        fixed: as in :func:`rerandomised_test`.

    Returns:
        The lift, both one-sided p-values, and the draws behind them.

    Raises:
        TooFewBuyersError: if an arm has fewer than two buyers.
        RefusedError: if amounts are not numbers above 0, an arm has fewer visitors than buyers, an argument
            cannot be, no visitor differs from another, or buyers and share do not fit.

    Source: Chung and Romano (2013), Annals of Statistics 41 (studentised permutation tests); Phipson and
    Smyth (2010), SAGMB 9 (the added 1); Davison and Hinkley (1997), section 9.4 (importance sampling).
    """
    if not LEAST_LEVEL <= level < 1:
        raise RefusedError(f"the level must lie from {LEAST_LEVEL} to below 1; it is {level!r}.")
    if draws < 1:
        raise RefusedError(f"draws must be at least 1; it is {draws!r}.")
    made = _Test.made(control_amounts, treatment_amounts, n_control, n_treatment, share_treatment, fixed=fixed)
    log_ratio, se, tail = made.log_ratio, made.se, (1 - level) / 2
    needed = draws_for(min(bound, tail))
    far = needed > MOST_DRAWS
    drawn = made.drawn(max(draws, MOST_DRAWS // 10 if far else needed), seed)
    p_greater, p_less = drawn.p_values(0.0, far=far)
    lower = _end(lambda log_lift: drawn.p_values(log_lift, far=far)[0], log_ratio, -2 * se, tail)
    upper = _end(lambda log_lift: drawn.p_values(log_lift, far=far)[1], log_ratio, 2 * se, tail)
    lift = Estimate(
        value=as_lift(log_ratio),
        lower=as_lift(lower),
        upper=as_lift(upper),
        level=level,
        p_value=min(1.0, 2 * min(p_greater, p_less)),
        statistic=log_ratio / se,
        se=se,
        df=None,
        method=f"re-randomised studentised log ratio, {drawn.draws:,} draws" + ", importance-sampled tails" * far,
    )
    return RerandomisedLift(lift, p_greater, p_less, drawn.draws)


@dataclass(frozen=True, slots=True)
class _Test:
    """Buyers and visitors of both arms, and the statistic that they give."""

    base: Floats
    top: Floats
    others: int
    share: float
    log_ratio: float
    se: float
    fixed: int | None

    @classmethod
    def made(
        cls, control: ArrayLike, treatment: ArrayLike, n_control: int, n_treatment: int, share: float, *, fixed: bool
    ) -> _Test:
        base = _amounts(control, "control", n_control)
        top = _amounts(treatment, "treatment", n_treatment)
        check_fraction("the share of the treatment", share)
        unit = float(base.mean())  # keeps squares of any currency in range
        base, top = base / unit, top / unit
        log_ratio, se = observed_log_ratio(base, top, n_control, n_treatment)
        others = n_control + n_treatment - len(base) - len(top)
        return cls(base, top, others, share, log_ratio, se, n_treatment if fixed else None)

    def drawn(self, draws: int, seed: int) -> _Drawn:
        labels = relabel(self.base, self.top, self.others, self.share, draws, seed, self.fixed)
        return _Drawn(self, labels, draws, seed)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A test with its random labels, which are the same for every lift that is tried."""

    test: _Test
    labels: Relabelled
    draws: int
    seed: int

    def plain(self, log_lift: float) -> tuple[float, float]:
        at_least, at_most = self.labels.counts(log_lift, (self.test.log_ratio - log_lift) / self.test.se)
        return (1 + at_least) / (self.draws + 1), (1 + at_most) / (self.draws + 1)

    def p_values(self, log_lift: float, *, far: bool) -> tuple[float, float]:
        test = self.test
        if not far or test.fixed is not None:
            return self.plain(log_lift)
        statistic = (test.log_ratio - log_lift) / test.se
        at_least, at_most = self.labels.counts(log_lift, statistic)
        pool = Pool(np.concatenate([test.base, test.top * math.exp(-log_lift)]), test.others, test.share)
        return (
            _far_tail(pool, statistic, at_least, self.draws, self.seed),
            _far_tail(pool.mirrored(), -statistic, at_most, self.draws, self.seed),
        )


def _amounts(values: ArrayLike, which: str, visitors: int) -> Floats:
    amounts = np.asarray(values, dtype=np.float64)
    if amounts.ndim != 1 or not (np.isfinite(amounts).all() and (amounts > 0).all()):
        raise RefusedError(
            f"the {which}'s amounts must be a row of numbers above 0, one for each buyer; a visitor whose "
            "orders are worth nothing counts among the visitors only."
        )
    if len(amounts) < FEWEST_BUYERS:
        raise TooFewBuyersError(
            f"the {which} has {len(amounts)} buyers; re-randomisation needs {FEWEST_BUYERS} in each arm."
        )
    if visitors < len(amounts):
        raise RefusedError(f"the {which} has {visitors} visitors and {len(amounts)} buyers; visitors include the buyers.")
    return amounts


def _far_tail(pool: Pool, statistic: float, counted: int, draws: int, seed: int) -> float:
    """Return a one-sided p-value from the plain draws where they suffice, else by importance sampling."""
    plain = (1 + counted) / (draws + 1)
    if counted >= COUNTED or statistic <= 0:
        return plain
    estimated = tilted_tail(pool, statistic, TILTED_DRAWS, seed)
    if estimated is None:
        return plain
    tail, exact = estimated
    expected = draws * tail
    if counted > expected + CONTRADICTION * (1 + math.sqrt(expected)):
        return plain
    return tail if exact else min(tail, plain)


def _end(p_value: Callable[[float], float], centre: float, step: float, tail: float) -> float:
    """Return where the one-sided p-value falls to the tail, going outward; infinite if nowhere."""
    if p_value(centre) <= tail:
        raise RefusedError(
            "the estimate lies outside its own interval: so many buyers in each arm hardly occur with the "
            "design's share. Check the share of the treatment and the numbers of visitors."
        )
    inside, outside = centre, centre + step
    while p_value(outside) > tail:
        if abs(outside - centre) >= WIDEST:
            return math.copysign(math.inf, step)
        inside, outside = outside, centre + math.copysign(min(2 * abs(outside - centre), WIDEST), step)
    while abs(outside - inside) > FINENESS * abs(step):
        middle = (inside + outside) / 2
        if p_value(middle) > tail:
            inside = middle
        else:
            outside = middle
    return outside
