"""One holdout over everything, beside what each feature shows for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterclick.experiments.holdout import global_holdout
from experiments.arms import measured, spend, verdict

WHOLE = verdict(measured({"a": spend(10_000, 1_000, seed=1), "b": spend(10_000, 1_050, seed=2)}))
WON = replace(WHOLE, outcome="won", kind=None, p_value=0.03)


def test_features_are_holm_adjusted() -> None:
    """Wins at p = .03 and p = .001 among three features: .03 x 2 does not stand, .001 x 3 does."""
    features = {"a": WON, "b": replace(WON, p_value=0.001), "c": replace(WHOLE, p_value=0.6)}
    found = {feature.experiment: feature for feature in global_holdout(WHOLE, features).features}
    assert [found[name].p_adjusted for name in "abc"] == [pytest.approx(p) for p in (0.06, 0.003, 0.6)]
    assert [found[name].stands for name in "abc"] == [False, True, None]


def test_every_declared_feature_counts() -> None:
    """One win at p = .04 while nine others still run is a win among ten: .40."""
    running = replace(WHOLE, outcome="inconclusive", kind="still running", p_value=None)
    features = {"a": replace(WON, p_value=0.04)} | {f"r{i}": running for i in range(9)}
    first = global_holdout(WHOLE, features).features[0]
    assert (first.p_adjusted, first.stands) == (pytest.approx(0.4), False)


def test_features_without_a_p_value_are_named_and_do_not_count() -> None:
    """Invalid, still running, or without visitors: listed with what they say, and no part of the adjustment."""
    features = {
        "a": WON,
        "bad": replace(WON, outcome="invalid"),
        "runs": replace(WON, outcome="inconclusive", kind="still running", next_look_on=WHOLE.next_look_on),
        "none": "experiment 'none' has no finished visitors",
    }
    shown = global_holdout(WHOLE, features)
    found = {feature.experiment: feature for feature in shown.features}
    assert found["bad"].p_adjusted is None
    assert found["none"].says.endswith("no finished visitors")
    assert found["a"].stands is not None
    assert "Features beside the holdout" in str(shown)
