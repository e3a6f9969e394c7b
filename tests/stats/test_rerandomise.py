"""Re-randomisation against enumeration and simulation with known truth, its properties and refusals."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binom

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats import (
    Moments,
    draws_for,
    log_ratio_lift,
    rerandomised_lift,
    rerandomised_test,
    welch_difference,
)
from counterclick.stats.relabelling import studentised

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = draws_for(0.025)


def baskets(n: int, seed: int, mean: float = 80, cv: float = 0.8) -> np.ndarray:
    """Return log-normal amounts."""
    sigma = math.sqrt(math.log1p(cv**2))
    return np.random.default_rng(seed).lognormal(math.log(mean) - sigma**2 / 2, sigma, n)


def moments(amounts: np.ndarray, visitors: int) -> Moments:
    return Moments.from_values(["r"], np.append(amounts, np.zeros(visitors - len(amounts))))


def within(errors: int, runs: int, rate: float) -> bool:
    """Say whether a count of errors lies in the 99.9 % band of its nominal rate."""
    low, high = binom.interval(0.999, runs, rate)
    return bool(low <= errors <= high)


BASE, TOP = baskets(60, 1), baskets(90, 2)


def test_enumeration_of_all_labels() -> None:
    """With 3 + 3 buyers of 12 visitors, both p-values are those of all 64 labels and all counts of others."""
    base, top, share = np.array([10.0, 15.0, 30.0]), np.array([20.0, 45.0, 80.0]), 0.6
    pooled = np.append(base, top)

    def statistic(a: np.ndarray, n_a: int, b: np.ndarray, n_b: int) -> float:
        if not a.sum() or n_a < 2:
            return -math.inf
        if not b.sum() or n_b < 2:
            return math.inf
        return log_ratio_lift(moments(b, n_b), moments(a, n_a), "r").statistic

    observed = statistic(top, 7, base, 5)
    greater = less = 0.0
    for labels in itertools.product([True, False], repeat=6):
        mask = np.array(labels)
        for m in range(7):
            chance = share ** mask.sum() * (1 - share) ** (6 - mask.sum()) * binom.pmf(m, 6, share)
            n_top = int(mask.sum()) + m
            drawn = statistic(pooled[mask], n_top, pooled[~mask], 12 - n_top)
            greater += chance * (drawn >= observed - 1e-9)
            less += chance * (drawn <= observed + 1e-9)
    ours = rerandomised_lift(base, top, 5, 7, share, level=0.6, draws=60_000)
    assert (ours.p_greater, ours.p_less) == pytest.approx((greater, less), abs=0.008)
    assert ours.lift.statistic == pytest.approx(observed)


def test_many_buyers_agree_with_the_log_ratio() -> None:
    """With 1,500 buyers an arm the normal reference is as good: p-value and interval nearly the same."""
    base, top = baskets(1500, 3), baskets(1500, 4, mean=85)
    ours = rerandomised_lift(base, top, 60_000, 60_000, 0.5)
    normal = log_ratio_lift(moments(base, 60_000), moments(top, 60_000), "r")
    assert (ours.lift.value, ours.lift.se) == pytest.approx((normal.value, normal.se))
    assert ours.lift.p_value == pytest.approx(normal.p_value, abs=0.01)
    assert (ours.lift.lower, ours.lift.upper) == pytest.approx((normal.lower, normal.upper), abs=0.006)


def test_the_interval_is_the_dual_of_the_test() -> None:
    """Treated amounts divided by 1 + an end of the interval are just rejected, by a little less not."""
    ours = rerandomised_lift(BASE, TOP, 3000, 3100, 0.5)
    for end, inward in ((ours.lift.lower, 1.002), (ours.lift.upper, 0.998)):
        at_end = rerandomised_lift(BASE, TOP / (1 + end), 3000, 3100, 0.5)
        inside = rerandomised_lift(BASE, TOP / ((1 + end) * inward), 3000, 3100, 0.5)
        assert at_end.lift.p_value <= 0.05 < inside.lift.p_value


def test_swapping_arms_swaps_the_sides() -> None:
    """The other way round the lift is the inverse, and each p-value the other's but for the draws."""
    there = rerandomised_lift(BASE, TOP, 3000, 9000, 0.75)
    back = rerandomised_lift(TOP, BASE, 9000, 3000, 0.25, seed=1)
    assert (1 + there.lift.value) * (1 + back.lift.value) == pytest.approx(1)
    assert back.p_greater == pytest.approx(there.p_less, abs=0.015)
    assert (1 + there.lift.lower) * (1 + back.lift.upper) == pytest.approx(1, abs=0.03)


def test_currency_leaves_everything() -> None:
    """Cents or billions: the same lift, interval and p-values."""
    ours = rerandomised_lift(BASE, TOP, 3000, 3000, 0.5)
    for unit in (100, 1e-200, 1e200):
        other = rerandomised_lift(BASE * unit, TOP * unit, 3000, 3000, 0.5)
        assert (other.p_greater, other.p_less) == (ours.p_greater, ours.p_less)
        assert (other.lift.lower, other.lift.upper) == pytest.approx((ours.lift.lower, ours.lift.upper))


def test_a_number_depends_on_its_arguments_only() -> None:
    """The same seed gives the same answer, another seed nearly the same."""
    ours, again, other = (rerandomised_lift(BASE, TOP, 3000, 3000, 0.5, seed=seed) for seed in (7, 7, 8))
    assert ours == again
    assert ours.p_greater != other.p_greater
    assert ours.p_greater == pytest.approx(other.p_greater, abs=0.015)


def test_draws_adapt_to_the_bound() -> None:
    """At the bound the Monte Carlo standard error is a tenth of it at most."""
    assert draws_for(0.025) == 3900
    for bound in (0.025, 1e-3, 7.4e-6):
        assert math.sqrt(bound * (1 - bound) / draws_for(bound)) <= bound / 10
    assert rerandomised_lift(BASE, TOP, 3000, 3000, 0.5, draws=100).draws == 3900
    assert rerandomised_lift(BASE, TOP, 3000, 3000, 0.5, draws=100, bound=0.005).draws == 19_900


def test_an_early_bound_is_reached_by_importance_sampling() -> None:
    """The first of four weekly looks has a bound of 7.4e-6, which 25,000 plain draws cannot reach."""
    plain = rerandomised_lift(BASE, TOP * 2.2, 3000, 3000, 0.5, draws=25_000)
    far = rerandomised_lift(BASE, TOP * 2.2, 3000, 3000, 0.5, bound=7.4e-6)
    assert far.p_greater < 7.4e-6 < plain.p_greater
    assert "importance" in far.lift.method
    assert far.lift.lower == pytest.approx(plain.lift.lower, rel=0.02)
    repeated = rerandomised_lift(BASE, TOP * 2.2, 3000, 3000, 0.5, level=1 - 2 * 7.4e-6)
    assert 0 < repeated.lift.lower < far.lift.lower


def test_few_buyers_may_set_no_limit() -> None:
    """With two buyers an arm no lift is rejected at 99 %: the interval is all there is."""
    ours = rerandomised_lift([10, 12], [11, 13], 100, 100, 0.5, level=0.99)
    assert (ours.lift.lower, ours.lift.upper) == (-1, math.inf)


def shops(runs: int, share: float, conversion: tuple[float, float], basket: tuple[float, float]) -> Iterator[
    tuple[np.ndarray, np.ndarray, int, int]
]:  # fmt: skip
    """Yield both arms' amounts and visitors; conversion and basket are (control, treatment)."""
    rng = np.random.default_rng(11)
    while runs:
        n_top = rng.binomial(4000, share)
        counts = rng.binomial([4000 - n_top, n_top], conversion)
        if counts.min() >= 2:
            runs -= 1
            amounts = [rng.lognormal(math.log(mean), 0.7, n) for mean, n in zip(basket, counts, strict=True)]
            yield amounts[0], amounts[1], 4000 - n_top, n_top


def test_errors_on_either_side_at_ninety_ten_with_a_hundred_buyers() -> None:
    """Equal arms: each side errs at its nominal rate, where Welch's false wins are far too many."""
    runs, ours, welch = 200, np.zeros(2, int), 0
    for seed, shop in enumerate(shops(runs, 0.9, (0.025, 0.025), (80, 80))):
        result = rerandomised_lift(*shop, 0.9, draws=ENOUGH, seed=seed)
        ours += [result.p_greater <= 0.025, result.p_less <= 0.025]
        plain = welch_difference(moments(shop[0], shop[2]), moments(shop[1], shop[3]), "r")
        welch += plain.lower > 0
    assert within(ours[0], runs, 0.025), ours
    assert within(ours[1], runs, 0.025), ours
    assert not within(welch, runs, 0.025), welch
    assert welch > 2 * ours[0]


def unstudentised_p(base: np.ndarray, top: np.ndarray, n: int, m: int, seed: int) -> tuple[float, float]:
    """Return both p-values of the plain ratio of means, re-randomised at 90/10; not what the product does."""
    rng = np.random.default_rng(seed)
    pooled = np.append(base, top)
    labels = rng.random((1000, len(pooled))) < 0.9
    visitors = labels.sum(axis=1) + rng.binomial(n + m - len(pooled), 0.9, 1000)
    sums = labels @ pooled
    drawn = sums * (n + m - visitors) - (top.sum() * n / (base.sum() * m)) * (pooled.sum() - sums) * visitors
    return (1 + (drawn >= 0).sum()) / 1001, (1 + (drawn <= 0).sum()) / 1001


def test_errors_when_conversion_rises_and_baskets_fall() -> None:
    """Conversion x 1.5 and baskets / 1.5 is no lift, and is not called one; unstudentised it too often is."""
    runs, contrast, ours, plain = 200, 1000, np.zeros(2, int), np.zeros(2, int)
    for seed, shop in enumerate(shops(contrast, 0.9, (0.0172, 0.0258), (120, 80))):
        if seed < runs:
            result = rerandomised_lift(*shop, 0.9, draws=ENOUGH, seed=seed)
            ours += [result.p_greater <= 0.025, result.p_less <= 0.025]
        plain += np.array(unstudentised_p(*shop, seed=seed)) <= 0.025
    assert within(ours[0], runs, 0.025), ours
    assert within(ours[1], runs, 0.025), ours
    assert not within(plain.sum(), contrast, 0.05), plain
    assert plain.sum() > 0.07 * contrast


def test_the_interval_covers_a_true_lift() -> None:
    """Baskets x 1.4 at 80/20: 95 % intervals hold it in 95 % of runs, missing on both sides alike."""
    runs, below, above = 200, 0, 0
    for seed, shop in enumerate(shops(runs, 0.8, (0.03, 0.03), (50, 70))):
        lift = rerandomised_lift(*shop, 0.8, draws=ENOUGH, seed=seed).lift
        below += lift.upper < 0.4
        above += lift.lower > 0.4
    assert within(below, runs, 0.025), (below, above)
    assert within(above, runs, 0.025), (below, above)


@pytest.mark.parametrize(("base", "top"), [([10.0], [20.0, 30.0]), ([10.0, 11.0], [])])
def test_fewer_than_two_buyers_are_refused(base: list[float], top: list[float]) -> None:
    """Nothing can be said of one buyer, nor of none."""
    with pytest.raises(TooFewBuyersError, match="needs 2 in each arm"):
        rerandomised_lift(base, top, 100, 100, 0.5)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"control_amounts": [10.0, 0.0]}, "the control's amounts must be"),
        ({"treatment_amounts": [10.0, -5.0]}, "the treatment's amounts must be"),
        ({"treatment_amounts": [10.0, math.nan]}, "one for each buyer"),
        ({"treatment_amounts": [[10.0, 20.0]]}, "a row of numbers"),
        ({"n_control": 1}, "1 visitors and 2 buyers"),
        ({"share_treatment": 1.0}, "share of the treatment"),
        ({"level": 0.3}, "from 0.5 to below 1"),
        ({"level": 1.0}, "from 0.5 to below 1"),
        ({"draws": 0}, "draws must be at least 1"),
        ({"bound": 0.0}, "the bound must lie"),
        ({"share_treatment": 1e-6}, "hardly occur with the design's share"),
    ],
)
def test_refusals(arguments: dict[str, object], why: str) -> None:
    """What cannot be is refused with its reason."""
    fine = {
        "control_amounts": [10.0, 20.0],
        "treatment_amounts": [15.0, 30.0],
        "n_control": 50,
        "n_treatment": 50,
        "share_treatment": 0.5,
    }
    with pytest.raises(RefusedError, match=why):
        rerandomised_lift(**(fine | arguments))


def test_arms_without_any_variation_are_refused() -> None:
    """Every visitor of both arms bought for the same amount."""
    with pytest.raises(RefusedError, match="spent the same"):
        rerandomised_lift([5, 5], [5, 5], 2, 2, 0.5)


def test_fixed_shares_are_drawn_without_replacement() -> None:
    """Six visitors split three to three: the p-value is the share of all 20 splits at least as extreme, each counted."""
    base, top = [10.0, 20.0], [30.0, 50.0]  # and one visitor in each arm who did not buy
    amounts = np.array([10.0, 20.0, 0.0, 30.0, 50.0, 0.0])

    def statistic(treated: tuple[int, ...]) -> float:
        mask = np.isin(np.arange(6), treated)
        sums = [np.array([[values.sum(), values @ values]]) for values in (amounts[mask], amounts[~mask])]
        return float(studentised(sums[0], np.array([3.0]), sums[1], np.array([3.0]))[0])

    observed = statistic((3, 4, 5))
    splits = [statistic(treated) for treated in itertools.combinations(range(6), 3)]
    exact = np.mean([each >= observed - 1e-9 for each in splits])
    found = rerandomised_test(base, top, 3, 3, 0.5, bound=0.0005, fixed=True)
    assert found.p_greater == pytest.approx(exact, abs=0.01)
    free = rerandomised_test(base, top, 3, 3, 0.5, bound=0.0005)
    assert abs(free.p_greater - exact) > 0.02


def test_a_test_is_as_precise_as_its_bound_needs() -> None:
    """Far from the bound a few thousand draws are the answer; near it there are as many as it asks for."""
    rng = np.random.default_rng(2)
    even = rng.lognormal(3, 1, 100), rng.lognormal(3, 1, 100)
    assert rerandomised_test(*even, 4_000, 4_000, 0.5).draws == 2_000
    apart = even[0], np.concatenate([even[1], rng.lognormal(3, 1, 45)])
    near = rerandomised_test(*apart, 4_000, 4_000, 0.5, bound=0.02)
    assert near.draws == 20_000
    whole = rerandomised_lift(*apart, 4_000, 4_000, 0.5, bound=0.02)
    assert (near.p_greater, near.p_less) == (whole.p_greater, whole.p_less)  # the same labels: they never disagree
    assert near.log_ratio == pytest.approx(math.log1p(whole.lift.value))
