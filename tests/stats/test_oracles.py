"""Ours against SciPy, statsmodels and tea-tasting on the same data, as tables of (ours, theirs).

Where a method differs, the test says where, and reproduces theirs from our moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tea_tasting as tt
from scipy.stats import chisquare, ttest_ind
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, tt_ind_solve_power
from statsmodels.stats.weightstats import ttost_ind
from tea_tasting.experiment import ExperimentResult
from tea_tasting.metrics.mean import MeanResult

from counterclick.stats import (
    Moments,
    adjusted_difference,
    adjusted_lift,
    benjamini_hochberg,
    equivalent_difference,
    heterogeneity,
    holm,
    log_ratio_lift,
    power_of,
    sample_ratio,
    visitors_needed,
    welch_difference,
)

Array = np.ndarray
NAMES = ("revenue", "orders", "before", "orders_before")


def shop(n: int, seed: int, basket: float = 50.0) -> Array:
    """Return (n, 4) values of visitors whose past says something of their present."""
    rng = np.random.default_rng(seed)
    taste = rng.gamma(2.0, 0.5, n)
    orders, earlier = rng.poisson(0.4 * taste), rng.poisson(0.5 * taste)
    spent, before = orders * rng.gamma(4, basket / 4, n), earlier * rng.gamma(4, 12.5, n)
    return np.column_stack([spent, orders, before, earlier])


CONTROL, TREATMENT = shop(3000, 1), shop(1400, 2, basket=55)
C, T = Moments.from_values(NAMES, CONTROL), Moments.from_values(NAMES, TREATMENT)


def aggregates(arm: Moments) -> tt.aggr.Aggregates:
    """Return our moments as tea-tasting's."""
    names = arm.names
    return tt.aggr.Aggregates(
        count_=arm.n,
        mean_={name: arm.mean_of(name) for name in names},
        var_={name: arm.variance_of(name) for name in names},
        cov_={(a, b): arm.covariance_of(a, b) for a in names for b in names if a < b},
    )


TEA = (aggregates(C), aggregates(T))


def agree(table: Sequence[tuple[Any, Any]]) -> None:
    for mine, other in table:
        assert mine == pytest.approx(other, rel=1e-9)


def test_scipy() -> None:
    """Welch's test with its interval, and the chi-square of a sample ratio."""
    theirs = ttest_ind(TREATMENT[:, 0], CONTROL[:, 0], equal_var=False)
    interval = theirs.confidence_interval(0.9)
    ours = welch_difference(C, T, "revenue", 0.9)
    ratio, chi2 = sample_ratio([5_050, 4_950], [0.5, 0.5]), chisquare([5_050, 4_950])
    table = [
        (ours.statistic, theirs.statistic),
        (ours.p_value, theirs.pvalue),
        (ours.df, theirs.df),
        (ours.lower, interval.low),
        (ours.upper, interval.high),
        (ratio.chi2, chi2.statistic),
        (ratio.p_value, chi2.pvalue),
    ]
    agree(table)


@pytest.mark.parametrize(("lower", "upper"), [(-4.0, 4.0), (-1.0, 6.0), (0.5, 9.0)])
def test_two_one_sided_tests_of_statsmodels(lower: float, upper: float) -> None:
    """TOST with unequal variances: the p-values of both sides and the larger of the two."""
    p_value, (_, p_lower, df), (_, p_upper, _) = ttost_ind(TREATMENT[:, 0], CONTROL[:, 0], lower, upper, usevar="unequal")
    ours = equivalent_difference(C, T, "revenue", lower, upper)
    table = [(ours.p_value, p_value), (ours.p_lower, p_lower), (ours.p_upper, p_upper), (ours.estimate.df, df)]
    agree(table)


def test_multiplicity_of_statsmodels_and_tea_tasting() -> None:
    """Holm and Benjamini-Hochberg; tea-tasting's Holm is its Bonferroni step-down under arbitrary dependence."""
    p_values = [0.011, 0.2, 0.034, 0.0004, 0.034, 0.6]
    results = ExperimentResult({str(i): MeanResult(*[0.0] * 8, pvalue=p, statistic=0.0) for i, p in enumerate(p_values)})
    fwer = tt.adjust_fwer(results, arbitrary_dependence=True, method="bonferroni")
    fdr = tt.adjust_fdr(results, arbitrary_dependence=False)
    table = [
        (holm(p_values), list(multipletests(p_values, method="holm")[1])),
        (holm(p_values), [row["pvalue_adj"] for row in fwer.to_dicts()]),
        (benjamini_hochberg(p_values), list(multipletests(p_values, method="fdr_bh")[1])),
        (benjamini_hochberg(p_values), [row["pvalue_adj"] for row in fdr.to_dicts()]),
    ]
    agree(table)


def test_power_of_statsmodels() -> None:
    """A lift is an effect of log(1 + lift) / cv; their t-test needs two visitors an arm more than our z-test."""
    effect, n = math.log1p(0.05) / 9, visitors_needed(9, 0.05, (0.5, 0.5))
    normal = NormalIndPower().solve_power(effect, power=0.8, alpha=0.05)
    student = tt_ind_solve_power(effect, power=0.8, alpha=0.05)
    table = [
        (power_of(9, 40_000, 0.05, (0.5, 0.5)), NormalIndPower().power(effect, 20_000, 0.05), 1e-9),
        (n, 2 * normal, 1e-5),
        (n, 2 * student, 1e-5),
    ]
    for mine, other, tolerance in table:
        assert mine == pytest.approx(other, rel=tolerance)


def test_means_of_tea_tasting() -> None:
    """Difference, interval and p-value of a mean; and of its lift the log interval, which is normal with us, t there."""
    theirs = tt.Mean("revenue").analyze_aggregates(*TEA)
    normal = tt.Mean("revenue", use_t=False).analyze_aggregates(*TEA)
    ours, lift = welch_difference(C, T, "revenue"), log_ratio_lift(C, T, "revenue")
    table = [
        (ours.value, theirs.effect_size),
        (ours.lower, theirs.effect_size_ci_lower),
        (ours.upper, theirs.effect_size_ci_upper),
        (ours.p_value, theirs.pvalue),
        (lift.value, theirs.rel_effect_size),
        (lift.lower, normal.rel_effect_size_ci_lower),
        (lift.upper, normal.rel_effect_size_ci_upper),
    ]
    agree(table)


def test_ratios_of_tea_tasting() -> None:
    """The lift of an order value with its log interval; their p-value is that of the difference, ours of the log ratio."""
    theirs = tt.RatioOfMeans("revenue", "orders", use_t=False).analyze_aggregates(*TEA)
    ours = log_ratio_lift(C, T, "revenue", "orders")
    table = [
        (ours.value, theirs.rel_effect_size),
        (ours.lower, theirs.rel_effect_size_ci_lower),
        (ours.upper, theirs.rel_effect_size_ci_upper),
    ]
    agree(table)
    assert ours.p_value < theirs.pvalue < 1e-5


def cuped(arm: Moments, slope: float, origin: float) -> Moments:
    """Return the moments of revenue - slope (before - origin)."""
    mean = arm.mean_of("revenue") - slope * (arm.mean_of("before") - origin)
    variance = (
        arm.variance_of("revenue")
        + slope**2 * arm.variance_of("before")
        - 2 * slope * arm.covariance_of("revenue", "before")
    )
    return Moments(("revenue",), arm.n, np.array([mean]), np.array([[variance * (arm.n - 1)]]))


def test_cuped_of_tea_tasting() -> None:
    """Theirs has one slope, of both arms pooled, and takes it as known: reproduced from our moments exactly.

    Ours has a slope for each arm, counts a degree of freedom for it, and the chance in the covariate's mean: on these
    data the two differ by hundredths of a standard error, and both standard errors by less than 1 %.
    """
    theirs = tt.Mean("revenue", "before").analyze_aggregates(*TEA)
    both = C + T
    slope = both.covariance_of("revenue", "before") / both.variance_of("before")
    known = welch_difference(*(cuped(arm, slope, both.mean_of("before")) for arm in (C, T)), "revenue")
    table = [
        (known.value, theirs.effect_size),
        (known.lower, theirs.effect_size_ci_lower),
        (known.upper, theirs.effect_size_ci_upper),
        (known.p_value, theirs.pvalue),
    ]
    agree(table)
    ours = adjusted_difference(C, T, "revenue", ["before"]).estimate
    assert 1e-6 < abs(ours.value - theirs.effect_size) < 0.05 * ours.se
    assert ours.se == pytest.approx(theirs.effect_size / theirs.statistic, rel=0.01)


def test_cuped_agrees_where_the_slopes_do() -> None:
    """The same visitors in both arms, 3 more each: one slope, so that only the degree of freedom for it differs."""
    twin = Moments.from_values(NAMES, CONTROL + np.array([3.0, 0, 0, 0]))
    theirs = tt.Mean("revenue", "before").analyze_aggregates(TEA[0], aggregates(twin))
    ours = adjusted_difference(C, twin, "revenue", ["before"]).estimate
    table = [
        (ours.value, theirs.effect_size),
        (ours.value, 3.0),
        (ours.se, theirs.effect_size / theirs.statistic * math.sqrt((C.n - 1) / (C.n - 2))),
    ]
    agree(table)


@pytest.mark.parametrize("covariates", [["before"], ["before", "orders_before"]])
def test_adjustment_is_the_interacted_regression_of_statsmodels(covariates: list[str]) -> None:
    """Lin's coefficient exactly; the standard error is that of two regressions at the common mean, and near HC2."""
    columns = [NAMES.index(name) for name in covariates]
    values = np.vstack([CONTROL, TREATMENT])
    treated = np.repeat([0.0, 1.0], [len(CONTROL), len(TREATMENT)])
    past = values[:, columns] - values[:, columns].mean(axis=0)
    design = np.column_stack([np.ones(len(values)), treated, past, past * treated[:, np.newaxis]])
    lin = OLS(values[:, 0], design).fit(cov_type="HC2")
    fits = [OLS(values[treated == arm, 0], np.column_stack([np.ones(n), past[treated == arm]])).fit() for arm, n in
            ((0, len(CONTROL)), (1, len(TREATMENT)))]  # fmt: skip
    gap = fits[1].params[1:] - fits[0].params[1:]
    spread = np.atleast_2d(np.cov(past, rowvar=False))
    variance = sum(fit.bse[0] ** 2 for fit in fits) + gap @ spread @ gap / len(values)
    ours = adjusted_difference(C, T, "revenue", covariates).estimate
    assert ours.value == pytest.approx(lin.params[1], rel=1e-9)
    assert ours.se == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert ours.se == pytest.approx(lin.bse[1], rel=0.02)


def test_adjusted_ratios_of_tea_tasting() -> None:
    """Order value adjusted for revenue and orders before: theirs adjusts the ratio for the ratio before, with one slope.

    Ours adjusts both means for both covariates. The estimates agree within a quarter of a standard error.
    """
    theirs = tt.RatioOfMeans("revenue", "orders", "before", "orders_before", use_t=False).analyze_aggregates(*TEA)
    ours = adjusted_lift(C, T, "revenue", ["before", "orders_before"], "orders").estimate
    assert abs(math.log1p(ours.value) - math.log1p(theirs.rel_effect_size)) < 0.25 * ours.se
    reach = math.log1p(theirs.rel_effect_size_ci_upper) - math.log1p(theirs.rel_effect_size)
    assert 1.96 * ours.se == pytest.approx(reach, rel=0.03)


def test_heterogeneity_of_statsmodels() -> None:
    """Cochran's Q, its p-value and the precision-weighted effect."""
    effects, variances = np.array([0.1, -0.05, 0.3, 0.02]), np.array([0.01, 0.02, 0.015, 0.004])
    theirs = combine_effects(effects, variances, method_re="dl")
    ours = heterogeneity(effects, variances)
    test = theirs.test_homogeneity()
    table = [(ours.q, theirs.q), (ours.df, test.df), (ours.p_value, test.pvalue), (ours.common, theirs.mean_effect_fe)]
    agree(table)
