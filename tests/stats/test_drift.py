"""Trends of short series, how far a proxy moved beyond revenue, and how often two signs agree."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats as scipy_stats
from simulate_drift import half_widths, series
from statsmodels.regression.linear_model import OLS

from counterclick.errors import RefusedError
from counterclick.stats import Moments, agreement_interval, log_ratio_gap, log_trend, trend_gap
from counterclick.stats.drift import HARDEST, _lags, _positive, critical_value, trend_forms

LENGTHS = (4, 5, 8, 13, 26, 52)
NAMES = ("clicks", "impressions", "revenue")


def wave(n: int, seed: int = 1) -> np.ndarray:
    return np.exp(0.03 * np.arange(n) + 0.1 * np.random.default_rng(seed).standard_normal(n))


@pytest.mark.parametrize("n", LENGTHS)
def test_slope_and_standard_error_are_those_of_statsmodels(n: int) -> None:
    """Least squares with Newey-West, Bartlett kernel, as many lags, corrected by n / (n - 2)."""
    values = wave(n)
    design = np.column_stack([np.ones(n), np.arange(n)])
    settings = {"maxlags": _lags(n), "use_correction": True}
    theirs = OLS(np.log(values), design).fit(cov_type="HAC", cov_kwds=settings)
    ours = log_trend(values)
    assert (ours.value, ours.se) == pytest.approx((theirs.params[1], theirs.bse[1]), rel=1e-9)
    assert ours.statistic == pytest.approx(theirs.tvalues[1], rel=1e-9)


@pytest.mark.parametrize("n", LENGTHS)
def test_the_distribution_of_quadratic_forms_is_students_where_that_is_known(n: int) -> None:
    """Of white noise with the ordinary standard error it is Student's t with n - 2 degrees of freedom."""
    weights, _ = trend_forms(n)
    design = np.column_stack([np.ones(n), np.arange(n)])
    residual = np.eye(n) - design @ np.linalg.pinv(design)
    usual = residual / (n - 2) * (weights @ weights)
    for statistic in (0.5, 2.0, 5.0):
        found = _positive(np.linalg.eigvalsh(np.outer(weights, weights) - statistic**2 * usual))
        assert found == pytest.approx(2 * scipy_stats.t.sf(statistic, n - 2), abs=1e-7)


@pytest.mark.parametrize("n", [4, 8, 26, 52])
def test_a_series_without_a_trend_is_called_one_as_often_as_said(n: int) -> None:
    """40,000 series: 5 % at the hardest autocorrelation, within 4 Monte Carlo errors, and fewer below it."""
    rng = np.random.default_rng(n)
    rates = {}
    for rho in (0.0, 0.3, HARDEST):
        slopes, reach = half_widths(series(n, rho, 40_000, rng))["ours"]
        rates[rho] = float((np.abs(slopes) > reach).mean())
    assert rates[HARDEST] == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 40_000))
    assert 0 < rates[0.0] < rates[0.3] < 0.05


@pytest.mark.parametrize("n", [4, 13, 52])
def test_interval_and_test_say_the_same(n: int) -> None:
    """A level of one minus the p-value ends the interval at zero; the simulated half-width is the interval's."""
    values = np.exp(0.1 * np.random.default_rng(5).standard_normal(n))
    found = log_trend(values)
    edge = log_trend(values, 1 - found.p_value)
    assert min(abs(edge.lower), abs(edge.upper)) == pytest.approx(0, abs=1e-6 * found.se)
    reach = half_widths(np.log(values)[np.newaxis])["ours"][1][0]
    assert found.upper - found.value == pytest.approx(reach) == pytest.approx(critical_value(n, 0.95) * found.se)


def test_the_gap_is_the_trend_of_the_ratio_whatever_the_units() -> None:
    """In cents as in euros, in percent as in fractions; a series beside itself has no gap to speak of."""
    proxy, revenue = wave(12), wave(12, seed=2)
    gap = trend_gap(proxy, revenue)
    for other in (log_trend(proxy / revenue), trend_gap(100 * proxy, revenue / 100)):
        assert astuple(gap)[:-1] == pytest.approx(astuple(other)[:-1])  # all but the words
    assert gap.value == pytest.approx(log_trend(proxy).value - log_trend(revenue).value)
    with pytest.raises(RefusedError, match="on a line exactly"):
        trend_gap(proxy, 3 * proxy)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1, 2, 3], "at least 4"),
        ([1, 2, 0, 3, 4], "above zero"),
        ([1, 2, math.nan, 3], "above zero"),
        ([1, 2, 4, 8, 16], "on a line exactly"),
    ],
)
def test_what_has_no_trend_is_refused(values: list[float], says: str) -> None:
    """Too short, without a logarithm, or without scatter: a reason and no number."""
    with pytest.raises(RefusedError, match=says):
        log_trend(values)


def test_series_of_other_times_are_refused() -> None:
    """Five weeks of clicks beside six of revenue."""
    with pytest.raises(RefusedError, match="not of the same times"):
        trend_gap(wave(5), wave(6))


def shoppers(n: int, lift: float, rng: np.random.Generator) -> np.ndarray:
    """Visitors who see one to three lists, click more if they are keen, and the keen ones buy: columns of NAMES."""
    keen = rng.random(n) < 0.2
    impressions = rng.integers(1, 4, n)
    clicks = rng.binomial(impressions, np.where(keen, 0.3, 0.05) * (1 + lift))
    revenue = np.where(rng.random(n) < np.where(keen, 0.3, 0.05), rng.lognormal(3, 0.5, n), 0.0)
    return np.column_stack([clicks, impressions, revenue])


def gap_of(control: np.ndarray, treatment: np.ndarray) -> float:
    """D, from sums alone."""
    clicks, impressions, revenue = treatment.mean(axis=0) / control.mean(axis=0)
    return math.log(clicks / impressions) - math.log(revenue)


def test_the_gap_of_log_ratios_varies_as_resampled_visitors_do() -> None:
    """Its standard error is that of 2,000 bootstrap samples of whole visitors, to 4 %; without covariance it is not."""
    rng = np.random.default_rng(3)
    control, treatment = shoppers(4000, 0, rng), shoppers(4000, 0.4, rng)
    ours = log_ratio_gap(
        *(Moments.from_values(NAMES, arm) for arm in (control, treatment)), ("clicks", "impressions"), ("revenue", None)
    )
    assert ours.value == pytest.approx(gap_of(control, treatment))
    drawn = [gap_of(*(arm[rng.integers(0, len(arm), len(arm))] for arm in (control, treatment))) for _ in range(2000)]
    assert ours.se == pytest.approx(np.std(drawn), rel=0.04)
    alone = math.sqrt(
        sum((np.var(arm, axis=0, ddof=1) / arm.mean(axis=0) ** 2).sum() / len(arm) for arm in (control, treatment))
    )
    assert abs(alone / ours.se - 1) > 0.06


def test_the_interval_of_the_gap_holds_the_truth_as_often_as_said() -> None:
    """1,500 experiments with clicks +40 % and revenue unmoved: log 1.4 is inside in 95 %, within 3 Monte Carlo errors."""
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(1500):
        arms = [Moments.from_values(NAMES, shoppers(1500, lift, rng)) for lift in (0, 0.4)]
        found = log_ratio_gap(*arms, ("clicks", "impressions"), ("revenue", None))
        inside += found.lower <= math.log(1.4) <= found.upper
    assert inside / 1500 == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 1500))


@pytest.mark.parametrize(("agreed", "of"), [(0, 7), (7, 7), (75, 94), (5, 10)])
def test_the_interval_of_a_share_is_scipys(agreed: int, of: int) -> None:
    """Clopper and Pearson, none and all included."""
    theirs = scipy_stats.binomtest(agreed, of).proportion_ci(0.95, "exact")
    assert agreement_interval(agreed, of) == pytest.approx((theirs.low, theirs.high))


def test_a_share_of_nothing_is_refused() -> None:
    """No trials, or more successes than trials."""
    for agreed, of in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(RefusedError, match="at least one trial"):
            agreement_interval(agreed, of)
