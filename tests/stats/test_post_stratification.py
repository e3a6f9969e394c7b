"""Post-stratification: by eye, as the regression it equals, by simulation, and its refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats import (
    Moments,
    adjusted_difference,
    log_ratio_lift,
    post_stratified_difference,
    post_stratified_lift,
    welch_difference,
)


def spending(n: int, buyers: int, amount: float = 100.0) -> Moments:
    """Return visitors of whom some buy for the same amount: revenue and orders."""
    bought = np.arange(n) < buyers
    return Moments.from_values(["revenue", "orders"], np.column_stack([bought * amount, bought]))


def test_a_change_of_shares_never_mixes_weeks() -> None:
    """90/10 in a week of 1 % conversion, then 50/50 in one of 3 %: mixed +46 %, stratum by stratum nothing."""
    strata = {"week 1": (spending(9000, 90), spending(1000, 10)), "week 2": (spending(5000, 150), spending(5000, 150))}
    mixed = log_ratio_lift(*(Moments.total(pair[i] for pair in strata.values()) for i in (0, 1)), "revenue")
    assert mixed.value == pytest.approx((160 / 6000) / (240 / 14000) - 1)
    found = post_stratified_lift(strata, "revenue")
    assert found.estimate.value == pytest.approx(0, abs=1e-12)
    assert found.n_strata == 2
    assert post_stratified_difference(strata, "revenue").estimate.value == pytest.approx(0, abs=1e-12)


def test_weights_are_the_shares_of_both_arms_together() -> None:
    """Returning 1/4 of all visitors: means .25 x 10 + .75 x 1 = 3.25 and .25 x 12 + .75 x 1 = 3.75."""
    strata = {
        "returning": (spending(400, 40), spending(100, 12)),
        "new": (spending(700, 7), spending(800, 8)),
    }
    found = post_stratified_difference(strata, "revenue").estimate
    assert found.value == pytest.approx(0.5)
    assert post_stratified_lift(strata, "revenue").estimate.value == pytest.approx(3.75 / 3.25 - 1)
    own = sum(
        (share**2) * arm.variance_of("revenue") / arm.n
        for share, pair in ((0.25, strata["returning"]), (0.75, strata["new"]))
        for arm in pair
    )
    shared = (0.25 * (2 - 0.5) ** 2 + 0.75 * (0 - 0.5) ** 2) / 2000
    assert found.se == pytest.approx(math.sqrt(own + shared))


def test_it_is_the_interacted_regression_on_strata() -> None:
    """The same estimate as adjusting for the stratum's indicator, and the same error but for a degree of freedom."""
    rng = np.random.default_rng(4)
    values = [np.column_stack([rng.gamma(2, 5, n) * (1 + part), part]) for n, part in
              ((600, (rng.random(600) < 0.3)), (500, (rng.random(500) < 0.4)))]  # fmt: skip
    arms = [Moments.from_values(["revenue", "known"], rows) for rows in values]
    strata = {
        key: tuple(Moments.from_values(["revenue", "known"], rows[rows[:, 1] == key]) for rows in values) for key in (0, 1)
    }
    ours = post_stratified_difference(strata, "revenue")  # type: ignore[arg-type]  # pairs of moments
    regression = adjusted_difference(arms[0], arms[1], "revenue", ["known"])
    assert ours.estimate.value == pytest.approx(regression.estimate.value, rel=1e-9)
    assert ours.estimate.se == pytest.approx(regression.estimate.se, rel=0.02)
    assert ours.reduction == pytest.approx(regression.reduction, abs=0.02)
    assert ours.reduction == pytest.approx(1 - (ours.estimate.se / welch_difference(arms[0], arms[1], "revenue").se) ** 2)


def test_strata_that_are_too_small_are_merged_by_visitors_alone() -> None:
    """One visitor in an arm: two such strata become one; a lone one joins the smallest other; all are named."""
    big, next_one = (spending(100, 10), spending(100, 12)), (spending(50, 5), spending(50, 4))
    odd, even = (spending(1, 0), spending(2, 1)), (spending(3, 1), spending(1, 0))
    both = post_stratified_lift({"a": big, "b": next_one, "tv": odd, "car": even}, "revenue")
    merged = tuple(one + other for one, other in zip(odd, even, strict=True))
    same = post_stratified_lift({"a": big, "b": next_one, "rest": merged}, "revenue")  # type: ignore[dict-item]  # a pair
    assert (both.merged, both.n_strata) == (("tv", "car"), 3)
    assert both.estimate.value == pytest.approx(same.estimate.value)
    alone = post_stratified_lift({"a": big, "b": next_one, "tv": odd}, "revenue")
    joined = post_stratified_lift({"a": big, "b": (next_one[0] + odd[0], next_one[1] + odd[1])}, "revenue")
    assert (alone.merged, alone.n_strata) == (("tv",), 2)
    assert alone.estimate.value == pytest.approx(joined.estimate.value)


def test_ratios_are_of_post_stratified_means() -> None:
    """Everyone's basket is 100 and 110: the order value is up by 10 %, whatever the mix."""
    strata = {
        "returning": (spending(400, 40), spending(100, 12, 110)),
        "new": (spending(700, 7, 100.001), spending(800, 8, 110)),
    }
    found = post_stratified_lift(strata, "revenue", "orders").estimate
    assert found.value == pytest.approx(0.1, abs=1e-4)


def test_intervals_cover_by_simulation() -> None:
    """At 80/20 and effects that differ between strata, 95 % of the intervals hold the truth of the whole population."""
    rng, runs, held = np.random.default_rng(9), 500, 0
    for _ in range(runs):
        strata: dict[bool, list[Moments]] = {True: [], False: []}
        for n, lift in ((1600, 0.0), (400, 0.5)):
            known = rng.random(n) < 0.3
            bought = rng.random(n) < np.where(known, 0.4 * (1 + lift), 0.1)
            for key, parts in strata.items():
                parts.append(Moments.from_values(["orders"], bought[known == key].astype(float)))
        found = post_stratified_lift({key: (parts[0], parts[1]) for key, parts in strata.items()}, "orders").estimate
        held += found.lower <= 0.3 * 0.2 / 0.19 <= found.upper
    assert 0.92 < held / runs < 0.98


def test_refusals() -> None:
    """One stratum is none; an empty table; a least below 2; nothing bought."""
    pair = (spending(100, 10), spending(100, 12))
    with pytest.raises(TooFewBuyersError, match="of 1 strata 1 have 2 visitors"):
        post_stratified_lift({"a": pair}, "revenue")
    with pytest.raises(TooFewBuyersError, match="of 0 strata"):
        post_stratified_difference({}, "revenue")
    with pytest.raises(RefusedError, match="least is 1"):
        post_stratified_lift({"a": pair, "b": pair}, "revenue", least=1)
    empty = (spending(100, 0), spending(100, 12))
    with pytest.raises(RefusedError, match="control's mean of revenue is 0"):
        post_stratified_lift({"a": empty, "b": empty}, "revenue")
