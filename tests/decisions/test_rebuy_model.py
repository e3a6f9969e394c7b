"""Chances of a rebuy: they hold on later days of known customers, peak when a rhythm is due, and know nothing of later."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from buyers import bought, rhythmic
from counterclick.decisions.linear import fitted_logistic
from counterclick.decisions.rebuy_model import HORIZONS, RebuyModel, fitted_rebuys, scored_pairs
from counterclick.decisions.rebuy_test import COMBINED, OVERDUE, RebuyTest, judged_rebuys
from counterclick.decisions.rebuys import BuyingDays, as_of, bought_within
from counterclick.errors import RefusedError

END = 400


@pytest.fixture(scope="module")
def days() -> BuyingDays:
    """Return customers who buy about every 20 and every 45 days, until they leave."""
    return rhythmic(2_500, END)


@pytest.fixture(scope="module")
def model(days: BuyingDays) -> RebuyModel:
    """Return what is learned of them before the last 30 days."""
    return fitted_rebuys(days, END - 30, 2, 200)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_chances_hold_on_days_that_were_not_learned_from(days: BuyingDays, model: RebuyModel, horizon: int) -> None:
    """Simulation: in each fifth of the pairs as many are bought again as was said, within .07, and in all .03."""
    pairs = scored_pairs(as_of(days, END - 30), 2)
    said, came = model.chances(pairs, days.types, horizon), bought_within(days, pairs, horizon)
    for part in np.array_split(np.argsort(said), 5):
        assert said[part].mean() == pytest.approx(came[part].mean(), abs=0.07)
    assert said.mean() == pytest.approx(came.mean(), abs=0.03)


def test_the_day_to_send_is_before_a_rhythm_is_due(model: RebuyModel) -> None:
    """Of eight buyings 45 days apart the last was 10 days ago: due in 35, so that 14 days from about 24 on are likeliest."""
    steady = bought(*(("a", "t1", 45 * n) for n in range(8)), ("a", "t0", 300))
    pairs = scored_pairs(as_of(steady, 45 * 7 + 10), 2)
    day, chance = model.best_days(pairs, steady.types, 60)
    assert 18 <= day[0] <= 34
    assert chance[0] > model.chances(pairs, steady.types, 14)[0] + 0.1
    # who is asked again on that day still waits a little, if at all: no rebuy came before, which could have
    again, then = model.best_days(scored_pairs(as_of(steady, 45 * 7 + 10 + int(day[0])), 2), steady.types, 60)
    assert again[0] <= 10
    assert then[0] > chance[0]


def test_today_is_the_day_where_nothing_better_comes(days: BuyingDays, model: RebuyModel) -> None:
    """With one day to look at, the chance is that of today, for every pair."""
    pairs = scored_pairs(as_of(days, END), 2)
    day, chance = model.best_days(pairs, days.types, 1)
    assert not day.any()
    assert chance == pytest.approx(model.chances(pairs, days.types, 14))
    assert (model.best_days(pairs, days.types, 28)[1] >= chance - 1e-9).all()


def test_nothing_of_later_days_is_known(days: BuyingDays) -> None:
    """Learned as of a day, from all days or from those before it alone: the same numbers."""
    before = days.day < END - 60
    ordered = days.ordered < END - 60
    cut = BuyingDays(
        days.customer[before],
        days.type[before],
        days.day[before],
        days.orders[ordered],
        days.ordered[ordered],
        days.value[ordered],
        days.customers,
        days.types,
    )
    assert fitted_rebuys(cut, END - 60, 2, 200).to_plain() == fitted_rebuys(days, END - 60, 2, 200).to_plain()


def test_it_is_numbers_that_another_one_takes_up(days: BuyingDays, model: RebuyModel) -> None:
    """Written as JSON and read again, it says the same."""
    pairs = scored_pairs(as_of(days, END), 2)
    other = RebuyModel.from_plain(json.loads(json.dumps(model.to_plain())))
    assert other.to_plain() == model.to_plain()
    assert (other.chances(pairs, days.types, 30) == model.chances(pairs, days.types, 30)).all()


def test_a_test_says_what_the_model_is_worth(days: BuyingDays) -> None:
    """Rhythms tell rebuys apart, better than how often or how recently; who is overdue has rather left."""
    found = judged_rebuys(days, END, 2, 200)
    assert [each.horizon for each in found] == list(HORIZONS)
    first = found[0]
    assert first.apart
    assert first.area(COMBINED).value > 0.75
    assert first.area(OVERDUE).value < 0.5
    assert first.top > first.rate
    assert sum(part.n for part in first.tenths) == first.n_pairs
    assert [RebuyTest.from_plain(json.loads(json.dumps(each.to_plain()))) for each in found] == list(found)


def test_a_test_where_nothing_is_to_be_told_apart_says_so() -> None:
    """Whoever buys on any day with the same chance: no interval lies above that of frequency."""
    rng = np.random.default_rng(2)
    rows = [(f"c{who}", "t", day) for who in range(400) for day in np.flatnonzero(rng.random(300) < 0.03).tolist()]
    first = judged_rebuys(bought(*rows), 300, 2, 30)[0]
    assert not first.apart
    assert abs(first.area(COMBINED).value - 0.5) < 0.1


def test_too_few_rebuys_are_refused_with_what_is_needed() -> None:
    """Twenty customers are none to learn from."""
    with pytest.raises(RefusedError, match=r"bought again within 14 days; 200 that were and 200 that were not are needed"):
        fitted_rebuys(rhythmic(20), END, 2, 200)


def test_a_logistic_model_is_scikit_learns() -> None:
    """Oracle: the log odds of its own pipeline, without scaling where columns are scaled already."""
    rng = np.random.default_rng(4)
    columns = rng.normal(size=(400, 2)) * [1.0, 20.0] + [0.0, 5.0]
    came = rng.random(400) < 1 / (1 + np.exp(-columns[:, 0] - columns[:, 1] / 20))
    scaled = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    theirs = LogisticRegression(max_iter=1_000).fit(scaled, came).decision_function(scaled)
    assert fitted_logistic(columns, came)(columns) == pytest.approx(theirs)
