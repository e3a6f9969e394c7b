"""The arithmetic of what flawed data does to a lift, against the figures of two arms written out."""

from __future__ import annotations

import math

import pytest

from counterclick.audits.effects import blurred, coarser, diluted, hidden


def test_revenue_that_cannot_respond_dilutes_a_lift() -> None:
    """Of 100 a visitor, 4 cannot respond: 96 x 1.05 + 4 is 104.8."""
    assert diluted(0.05, 0.04) == pytest.approx((96 * 1.05 + 4) / 100 - 1)


def test_visitors_who_met_the_other_arm_blur_a_lift() -> None:
    """A tenth of each arm behaves as the other: 90 x 1.05 + 10 against 90 + 10 x 1.05."""
    assert blurred(0.05, 0.1) == pytest.approx((90 * 1.05 + 10) / (90 + 10 * 1.05) - 1)
    assert blurred(0.05, 0.5) == pytest.approx(0)


def test_unmatched_revenue_may_hide_a_lift() -> None:
    """Of 1,000, the arms have 480 each and 40 are nobody's: were they the feature's, it would have 520 against 480."""
    assert hidden(0.04, 0.5) == pytest.approx(520 / 480 - 1)
    assert hidden(1.0, 0.5) == math.inf


def test_missing_orders_make_the_smallest_visible_lift_larger() -> None:
    """With 64 of 100 orders left, standard errors grow by the root of 100 / 64."""
    assert coarser(0.36) == pytest.approx(1.25)
    assert coarser(1.0) == math.inf
