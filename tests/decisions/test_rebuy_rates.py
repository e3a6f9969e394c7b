"""How often types are bought again: rates and gaps of known customers, and formulas laid beside their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from buyers import bought, rhythmic
from counterclick.decisions.rebuy_rates import RebuyRates, fitted_rates
from counterclick.decisions.rebuys import as_of

RATES = RebuyRates(1.0, {"": 0.02, "t": 0.05}, {"": 3.0, "t": 3.2}, 0.5, 0.4)


def test_gaps_of_known_customers_are_found_again() -> None:
    """Simulation: gaps of about 20 and 45 days, varying by .25 from one to the next and by .3 between customers."""
    days = rhythmic(1_500, 1_500, spread=0.25, leaving=0.05)
    found = fitted_rates(as_of(days, 1_500), days.types)
    assert found.within == pytest.approx(0.25, abs=0.03)  # whole days add a little
    assert found.between == pytest.approx(0.3, abs=0.04)
    assert [np.exp(found.log_gap[name]) for name in days.types] == pytest.approx(
        [20, 45], rel=0.08
    )  # long gaps are cut off by the end


def test_a_type_of_little_history_is_taken_for_any() -> None:
    """Bought twice, two days apart, beside hundreds of gaps of about 30: its gap and rate lie near theirs."""
    days = rhythmic(300, 800, gaps=(30.0,))
    names = np.array(days.customers.to_pylist())
    rows = [(names[who], "t0", int(day)) for who, day in zip(days.customer, days.day, strict=True)]
    few = bought(*rows, ("new", "rare", 790), ("new", "rare", 792))
    found = fitted_rates(as_of(few, 800), few.types)
    assert 15 < np.exp(found.log_gap["rare"]) < np.exp(found.log_gap[""])
    assert found.rate["rare"] == pytest.approx(found.rate[""], rel=0.35)


def test_what_a_gap_ends_by_is_the_log_normal_distribution() -> None:
    """Oracle: odds of SciPy's distribution, of a gap that has lasted 10 days, given that it did."""
    spread = np.sqrt(0.5**2 + 1 / (3 / 0.5**2 + 1 / 0.4**2))
    gap = stats.lognorm(s=spread, scale=np.exp(3.1))
    stays = gap.sf(10.5 + 14) / gap.sf(10.5)
    found = RATES.log_odds(np.array([3.1]), np.array([3]), np.array([10.0]), 14)
    assert found == pytest.approx([np.log((1 - stays) / stays)])


def test_the_modified_rate_is_highest_when_it_is_due() -> None:
    """Twice bought, 20 days apart: the exposure is 20 days and twice what is missing or over, later all days since."""
    pairs = as_of(bought(("a", "t", 0), ("a", "t", 20)), 21)
    own = (np.array([0.05]), np.array([20.0]))
    found = {since: float(RATES.modified_rate(pairs, *own, np.array([since]))[0]) for since in (5.0, 20.0, 35.0, 50.0)}
    assert found == pytest.approx({5.0: 2 / 70, 20.0: 2 / 40, 35.0: 2 / 70, 50.0: 2 / 90})


def test_a_pair_borrows_from_its_type_the_less_the_more_it_has() -> None:
    """One gap of 5 days, and eight of them, where its type's is 24.5: the more there are, the nearer to 5."""
    one = as_of(bought(("a", "t", 0), ("a", "t", 5)), 50)
    nine = as_of(bought(*(("a", "t", 5 * n) for n in range(9))), 50)
    gaps = [float(np.exp(RATES.own_gap(pairs, np.array([3.2]))[0])) for pairs in (one, nine)]
    assert 5 < gaps[1] < gaps[0] < np.exp(3.2)
    assert gaps[1] == pytest.approx(5, rel=0.35)
