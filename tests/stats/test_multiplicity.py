"""Adjusted p-values against statsmodels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from counterclick.errors import RefusedError
from counterclick.stats import benjamini_hochberg, holm

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(PROBABILITIES)
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    """Any p-values, ties included, adjusted in their own order."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@settings(max_examples=50, deadline=None)
@given(PROBABILITIES)
def test_benjamini_hochberg_agrees_with_statsmodels(p_values: list[float]) -> None:
    """Any p-values, ties included, adjusted in their own order."""
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_holm_by_eye() -> None:
    """Of three: the smallest three times, the next twice, the last once, never falling."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_nothing_gives_nothing_and_nonsense_is_refused(adjust: type[object]) -> None:
    """No p-values adjust to none; a value outside 0 to 1 is not a p-value."""
    assert adjust([]) == []
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(RefusedError, match="between 0 and 1"):
            adjust([0.5, wrong])
