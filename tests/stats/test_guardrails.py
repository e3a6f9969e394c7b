"""Guardrails: shown, unproven or worse, by where the interval lies against the margin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from counterclick.errors import RefusedError
from counterclick.stats import Moments, log_ratio_lift, non_inferiority


def arm(mean: float, se: float) -> Moments:
    """Return 100 visitors with a mean and a standard error of its log."""
    return Moments(("returns",), 100, np.array([mean]), np.array([[(se * mean) ** 2 * 100 * 99]]))


CONTROL = arm(1.0, 0.01)


@pytest.mark.parametrize(
    ("mean", "se", "worse", "status"),
    [
        (1.00, 0.01, "higher", "shown"),  # about [-3 %, +3 %] against +5 %
        (1.00, 0.05, "higher", "unproven"),  # about [-9 %, +10 %]
        (1.20, 0.01, "higher", "worse"),  # about [+17 %, +23 %]
        (0.80, 0.01, "higher", "shown"),
        (1.00, 0.01, "lower", "shown"),
        (1.00, 0.05, "lower", "unproven"),
        (0.80, 0.01, "lower", "worse"),  # about [-22 %, -18 %] against -5 %
        (1.20, 0.01, "lower", "shown"),
    ],
)
def test_status_follows_from_interval_and_margin(mean: float, se: float, worse: str, status: str) -> None:
    """A margin of 5 % in either direction of harm."""
    result = non_inferiority(CONTROL, arm(mean, se), "returns", None, 0.05, worse)
    assert result.status == status
    assert result.lift == log_ratio_lift(CONTROL, arm(mean, se), "returns")
    assert result.margin == 0.05


@pytest.mark.parametrize("margin", [-0.1, 1, math.nan])
def test_impossible_margins_are_refused(margin: float) -> None:
    """A margin is a positive fraction below 1."""
    with pytest.raises(RefusedError, match="margin of returns"):
        non_inferiority(CONTROL, CONTROL, "returns", None, margin, "higher")


def test_an_unknown_direction_is_refused() -> None:
    """Harm is higher or lower."""
    with pytest.raises(RefusedError, match="'higher' or 'lower'"):
        non_inferiority(CONTROL, CONTROL, "returns", None, 0.05, "up")


def test_a_control_without_returns_is_refused() -> None:
    """A relative margin of nothing is nothing."""
    with pytest.raises(RefusedError, match="the control's mean of returns is 0"):
        non_inferiority(Moments.from_values(["returns"], [0.0, 0.0]), CONTROL, "returns", None, 0.05, "higher")
