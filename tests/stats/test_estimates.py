"""An estimate never carries NaN."""

from __future__ import annotations

import math

import pytest

from counterclick.errors import RefusedError
from counterclick.stats import Estimate
from counterclick.stats.estimates import as_lift, check_fraction, normal_estimate


def test_nan_is_refused() -> None:
    """A number that the data do not determine is not given."""
    with pytest.raises(RefusedError, match="do not determine"):
        Estimate(math.nan, 0, 1, 0.95, 0.5, 0, 1, None, "test")


def test_normal_estimate_of_two_standard_errors() -> None:
    """1.96 standard errors from zero are just significant at 5 %."""
    estimate = normal_estimate(1.959963984540054, 1.0, 0.95, "test")
    assert (estimate.lower, estimate.p_value) == pytest.approx((0, 0.05))


def test_lifts_of_log_ratios() -> None:
    """Log 2 is +100 %; what exceeds every float is unbounded."""
    assert as_lift(math.log(2)) == pytest.approx(1)
    assert (as_lift(math.inf), as_lift(-math.inf), as_lift(1e4)) == (math.inf, -1, math.inf)


@pytest.mark.parametrize("value", [0, 1, math.nan, -0.5])
def test_fractions_exclude_their_ends(value: float) -> None:
    """A level of 0 or 1 is no level."""
    with pytest.raises(RefusedError, match="the level must lie between 0 and 1"):
        check_fraction("the level", value)
