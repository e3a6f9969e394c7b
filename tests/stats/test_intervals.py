"""Intervals against SciPy and tea-tasting, their properties, and their refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from counterclick.errors import RefusedError, TooFewBuyersError, UnknownNameError
from counterclick.stats import Moments, fieller_lift, log_ratio_gap, log_ratio_lift, welch_difference

NAMES = ("revenue", "orders", "clicks")
COMPARISONS = [welch_difference, log_ratio_lift, fieller_lift]


def visitors(n: int, seed: int, conversion: float = 0.2, basket: float = 50) -> np.ndarray:
    """Return (n, 3) values: revenue, orders and clicks of each visitor."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(conversion, n)
    return np.column_stack([orders * rng.gamma(2, basket / 2, n), orders, orders + rng.poisson(1.0, n)])


def moments(values: np.ndarray) -> Moments:
    return Moments.from_values(NAMES, values)


def one(values: list[float]) -> Moments:
    return Moments.from_values(["revenue"], values)


CONTROL, TREATMENT = visitors(400, 1), visitors(1100, 2, basket=60)
C, T = moments(CONTROL), moments(TREATMENT)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_welch_agrees_with_scipy(column: int, level: float) -> None:
    """Statistic, df, p-value and interval of the difference."""
    theirs = ttest_ind(TREATMENT[:, column], CONTROL[:, column], equal_var=False)
    interval = theirs.confidence_interval(level)
    ours = welch_difference(C, T, NAMES[column], level)
    got = (ours.statistic, ours.df, ours.p_value, ours.lower, ours.upper)
    assert got == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue, interval.low, interval.high), rel=1e-9)


def test_means_agree_with_tea_tasting() -> None:
    """The absolute difference of means of an independent A/B package, with its interval and p-value."""
    aggregates = {
        variant: tt.aggr.Aggregates(
            count_=arm.n,
            mean_={name: arm.mean_of(name) for name in NAMES},
            var_={name: arm.variance_of(name) for name in NAMES},
            cov_={("clicks", "orders"): arm.covariance_of("clicks", "orders")},
        )
        for variant, arm in ((0, C), (1, T))
    }
    mean = tt.Mean("revenue", use_t=True).analyze_aggregates(aggregates[0], aggregates[1])
    ours = welch_difference(C, T, "revenue")
    assert (ours.value, ours.lower, ours.upper, ours.p_value) == pytest.approx(
        (mean.effect_size, mean.effect_size_ci_lower, mean.effect_size_ci_upper, mean.pvalue), rel=1e-9
    )
    ratio = tt.RatioOfMeans("orders", "clicks", use_t=False).analyze_aggregates(aggregates[0], aggregates[1])
    lift = log_ratio_lift(C, T, "orders", "clicks")
    assert lift.value == pytest.approx(ratio.rel_effect_size, rel=1e-9)
    assert lift.lower == pytest.approx(ratio.rel_effect_size_ci_lower, rel=1e-9)
    assert lift.upper == pytest.approx(ratio.rel_effect_size_ci_upper, rel=1e-9)


def test_log_ratio_by_eye() -> None:
    """Means 1 and 2 with standard errors of their logs 1/3 and 1/6: twice as much, [-4 %, +315 %]."""
    control = Moments(("revenue",), 10, np.array([1.0]), np.array([[10.0]]))
    treatment = Moments(("revenue",), 10, np.array([2.0]), np.array([[10.0]]))
    ours = log_ratio_lift(control, treatment, "revenue")
    se = math.sqrt(1 / 9 + 1 / 36)
    assert (ours.value, ours.se, ours.statistic) == pytest.approx((1, se, math.log(2) / se))
    assert (ours.lower, ours.upper) == pytest.approx((-0.0366, 3.1520), abs=1e-4)


def test_ratio_of_totals_by_simulation() -> None:
    """The standard error of a ratio metric is the spread of its log over many samples."""
    lifts = [log_ratio_lift(C, moments(visitors(500, seed)), "revenue", "orders") for seed in range(100, 400)]
    rows = np.log1p([lift.value for lift in lifts])
    treatment_only = np.array([lift.se**2 for lift in lifts]) - log_ratio_lift(C, C, "revenue", "orders").se ** 2 / 2
    assert math.sqrt(treatment_only.mean()) == pytest.approx(rows.std(), rel=0.12)


@pytest.mark.parametrize("denominator", [None, "clicks"])
def test_swapping_arms_flips_the_sign(denominator: str | None) -> None:
    """Lift and reverse lift are each other's inverse, ends included."""
    there, back = (
        log_ratio_lift(C, T, "revenue", denominator),
        log_ratio_lift(T, C, "revenue", denominator),
    )
    assert back.statistic == pytest.approx(-there.statistic)
    assert (1 + back.lower) * (1 + there.upper) == pytest.approx(1)
    assert back.p_value == pytest.approx(there.p_value)


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_currency_leaves_the_lift(unit: float) -> None:
    """Cents or euros: lift, interval and p-value stay."""
    scale = np.array([unit, 1, 1])
    control, treatment = moments(CONTROL * scale), moments(TREATMENT * scale)
    for ours, before in (
        (log_ratio_lift(control, treatment, "revenue"), log_ratio_lift(C, T, "revenue")),
        (fieller_lift(control, treatment, "revenue"), fieller_lift(C, T, "revenue")),
    ):
        assert (ours.value, ours.lower, ours.upper, ours.p_value) == pytest.approx(
            (before.value, before.lower, before.upper, before.p_value), rel=1e-8
        )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(0, 100), min_size=5, max_size=20),
    st.lists(st.floats(0, 100), min_size=5, max_size=20),
    st.sampled_from([0.5, 0.8, 0.95]),
)
def test_fieller_excludes_zero_exactly_when_welch_rejects(a: list[float], b: list[float], level: float) -> None:
    """The interval is the dual of the test, on any data on which it exists."""
    try:
        ours = fieller_lift(one(a), one(b), "revenue", level)
    except RefusedError:
        return
    test = welch_difference(one(a), one(b), "revenue", level)
    if abs(test.p_value - (1 - level)) > 1e-6:
        assert (ours.lower > 0 or ours.upper < 0) == (test.p_value < 1 - level)
    assert ours.lower - 1e-9 <= ours.value <= ours.upper + 1e-9 * (1 + abs(ours.value))


def test_gap_of_proxy_and_outcome_by_simulation() -> None:
    """D and its standard error agree with the spread over many samples, covariances included."""
    gaps = [log_ratio_gap(C, moments(visitors(500, seed)), ("clicks", None), ("revenue", "orders")) for seed in range(300)]
    values = np.array([gap.value for gap in gaps])
    own = log_ratio_gap(C, C, ("clicks", None), ("revenue", "orders")).se ** 2 / 2
    treatment_only = np.array([gap.se**2 for gap in gaps]) - own
    assert math.sqrt(treatment_only.mean()) == pytest.approx(values.std(), rel=0.12)
    assert "on the log scale" in gaps[0].method


def test_gap_is_the_difference_of_two_log_ratios() -> None:
    """Its value is the one minus the other, and shared randomness makes it surer than either alone."""
    proxy, outcome = log_ratio_lift(C, T, "orders"), log_ratio_lift(C, T, "revenue")
    gap = log_ratio_gap(C, T, ("orders", None), ("revenue", None))
    assert gap.value == pytest.approx(math.log1p(proxy.value) - math.log1p(outcome.value))
    assert gap.se < outcome.se


def test_gap_with_a_common_denominator_cancels_it() -> None:
    """Clicks per order minus revenue per order is clicks minus revenue."""
    shared = log_ratio_gap(C, T, ("clicks", "orders"), ("revenue", "orders"))
    plain = log_ratio_gap(C, T, ("clicks", None), ("revenue", None))
    assert (shared.value, shared.se) == pytest.approx((plain.value, plain.se))


@pytest.mark.parametrize("compare", COMPARISONS)
def test_an_arm_of_one_visitor_is_refused(compare: type[object]) -> None:
    """One visitor has no variance."""
    with pytest.raises(TooFewBuyersError, match="the treatment has 1 visitors"):
        compare(one([1, 2]), one([1]), "revenue")
    with pytest.raises(TooFewBuyersError, match="the control has 0 visitors"):
        compare(one([]), one([1, 2]), "revenue")


@pytest.mark.parametrize("compare", COMPARISONS)
def test_values_that_do_not_vary_are_refused(compare: type[object]) -> None:
    """No variation, no test; never p = 0."""
    with pytest.raises(RefusedError, match=r"not vary|nothing varies"):
        compare(one([5, 5, 5]), one([6, 6, 6]), "revenue")


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_impossible_levels_are_refused(compare: type[object], level: float) -> None:
    """A level of 95 means 0.95."""
    with pytest.raises(RefusedError, match="level must lie between 0 and 1"):
        compare(C, T, "revenue", level=level)


@pytest.mark.parametrize("compare", [log_ratio_lift, fieller_lift])
@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [1.0, -3.0, 0.5]])
def test_a_lift_needs_means_above_zero(compare: type[object], values: list[float]) -> None:
    """No percentage of nothing, nor of a loss, in either arm."""
    with pytest.raises(RefusedError, match="the control's mean of revenue"):
        compare(one(values), one([1, 2, 3]), "revenue")
    with pytest.raises(RefusedError, match="the treatment's mean of revenue"):
        compare(one([1, 2, 3]), one(values), "revenue")


def test_an_unbounded_fieller_region_is_refused() -> None:
    """A control mean that may be zero bounds no ratio."""
    with pytest.raises(RefusedError, match="unbounded"):
        fieller_lift(one([0, 0, 0, 10]), one([10, 11, 12, 13]), "revenue")


def test_a_proxy_that_is_the_outcome_is_refused() -> None:
    """Its gap is zero by definition and has no error."""
    with pytest.raises(RefusedError, match="nothing varies"):
        log_ratio_gap(C, T, ("revenue", None), ("revenue", None))
    with pytest.raises(RefusedError, match="nothing varies"):
        log_ratio_lift(C, T, "revenue", "revenue")


def test_a_proxy_that_is_proportional_to_the_outcome_is_refused() -> None:
    """Revenue in cents against euros: the parts cancel but for rounding, which is not variation."""
    twice = [Moments.from_values(("a", "b"), values[:, [0, 0]] * [1, 100]) for values in (CONTROL, TREATMENT)]
    with pytest.raises(RefusedError, match="nothing varies"):
        log_ratio_gap(*twice, ("a", None), ("b", None))


def test_an_unknown_value_is_refused() -> None:
    """The nearest name is offered."""
    with pytest.raises(UnknownNameError, match="Did you mean 'clicks'"):
        log_ratio_lift(C, T, "click")


def test_a_lift_beyond_every_float_is_unbounded() -> None:
    """An upper end above e^709 is infinity, not an error."""
    control = Moments(("x",), 2, np.array([1e-6]), np.array([[4.0]]))
    assert log_ratio_lift(control, Moments.from_values(["x"], [1.0, 2.0]), "x").upper == math.inf
