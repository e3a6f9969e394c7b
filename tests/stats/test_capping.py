"""Capped amounts: by eye, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from counterclick.errors import RefusedError, TooFewBuyersError
from counterclick.stats import Moments, cap_of, capped_lift, log_ratio_lift


def test_a_cap_cuts_the_largest_basket_only() -> None:
    """A basket of 1,000 among 10 of 50: capped at 100 the treatment spends 600 where it spent 1,500."""
    base, top = np.array([50.0] * 10), np.array([50.0] * 10 + [1000.0])
    found = capped_lift(base, top, 100, 100, 100.0)
    assert found.estimate.value == pytest.approx(600 / 500 - 1)
    assert (found.n_capped, found.cap) == (1, 100.0)
    assert found.cut == pytest.approx(900 / 2000)
    assert "sensitivity, not the verdict: amounts capped at 100.00" in found.estimate.method


def test_a_cap_above_all_changes_nothing() -> None:
    """It is the plain log-ratio lift of the same visitors."""
    rng = np.random.default_rng(1)
    base, top = rng.gamma(2, 20, 60), rng.gamma(2, 25, 50)
    arms = [
        Moments.from_values(["revenue"], np.concatenate([amounts, np.zeros(n - len(amounts))]))
        for amounts, n in ((base, 700), (top, 600))
    ]
    plain, found = log_ratio_lift(*arms, "revenue"), capped_lift(base, top, 700, 600, 1e6)
    assert (found.estimate.value, found.estimate.se) == pytest.approx((plain.value, plain.se))
    assert (found.n_capped, found.cut) == (0, 0.0)


def test_the_cap_comes_from_the_history() -> None:
    """Of the amounts 1 to 1,000 the 99.9 % quantile is 999.001; of 999 amounts it would be the largest, or nearly."""
    assert cap_of(np.arange(1.0, 1001.0)) == pytest.approx(999.001)
    with pytest.raises(TooFewBuyersError, match=r"99\.9 % quantile needs 1,000 earlier amounts; there are 999"):
        cap_of(np.arange(1.0, 1000.0))
    assert cap_of(np.arange(1.0, 101.0), 0.9) == pytest.approx(90.1)


def test_refusals() -> None:
    """A cap of nothing, refunds as amounts, more buyers than visitors, an arm without buyers."""
    some = np.array([5.0, 10.0])
    with pytest.raises(RefusedError, match="a cap is an amount above zero"):
        capped_lift(some, some, 10, 10, 0.0)
    with pytest.raises(RefusedError, match="the treatment are a list of numbers above zero"):
        capped_lift(some, np.array([-1.0]), 10, 10, 5.0)
    with pytest.raises(RefusedError, match="2 buyers cannot be among 1"):
        capped_lift(some, some, 1, 10, 5.0)
    with pytest.raises(RefusedError, match="control's mean"):
        capped_lift(np.empty(0), some, 10, 10, 5.0)
    with pytest.raises(RefusedError, match="quantile"):
        cap_of(some, 1.0)
