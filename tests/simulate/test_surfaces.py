"""The true lift of an arm."""

from __future__ import annotations

import math

import pytest

from counterclick.errors import ConfigError, UnknownNameError
from counterclick.simulate import DEFAULT_SURFACES, Arm, SurfaceTruth

SURFACE = SurfaceTruth(
    name="cart",
    experiment="cart-bundles",
    control="rule",
    treatment="model",
    arms={
        "nothing": Arm(share=0.2, basket=-0.5, engages=False),
        "rule": Arm(share=0.4),
        "model": Arm(share=0.4, conversion=0.1, basket=0.2),
    },
    kind="list",
)


def test_lift_multiplies_orders_and_lines() -> None:
    """10 % more orders of 20 % more lines are 1.1 x 1.2 - 1 = 32 % more revenue."""
    assert math.isclose(SURFACE.lift("model"), 0.32)
    assert SURFACE.lift("rule") == 0


def test_lift_against_another_arm() -> None:
    """Against an arm that sells half of the control, 1.32 times the control is 2.64 times as much."""
    assert math.isclose(SURFACE.lift("model", against="nothing"), 1.64)


def test_unknown_arms_are_named() -> None:
    """An arm that is not there is an error that lists those that are."""
    with pytest.raises(UnknownNameError, match="Did you mean 'model'"):
        SURFACE.lift("modell")


def test_shares_must_add_up() -> None:
    """Arms that do not cover all visitors are refused where they are declared."""
    with pytest.raises(ConfigError, match="add up to"):
        SurfaceTruth("x", "x", "a", "b", {"a": Arm(0.5), "b": Arm(0.4)}, "list")


def test_two_work_two_are_idle_one_loses_money() -> None:
    """The demo's true lifts: bundles and search earn, chat and e-mail do nothing, clickbait costs a tenth."""
    lifts = {s.experiment: round(s.lift(s.treatment), 9) for s in DEFAULT_SURFACES}
    assert lifts == {
        "cart-bundles": 0.12,
        "ai-search": 0.09,
        "chat": 0.0,
        "nudges": -0.1,
        "email-blocks": 0.0,
    }
