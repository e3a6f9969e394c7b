"""The change of a ratio over weeks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from counterclick.errors import RefusedError
from counterclick.stats import weekly_change

WEEKDAYS = np.array([1, 0.9, 0.9, 1, 1.1, 1.3, 1.2])


def spread(*weeks: float) -> list[tuple[float, float]]:
    """Return days of weeks whose totals are these, the same every day of a week."""
    return [(week / 7, 1.0) for week in weeks for _ in range(7)]


def test_totals_are_held_against_students_t_on_the_log_scale() -> None:
    """Oracle: the delta method over weeks by hand, Welch's degrees of freedom and SciPy's t."""
    before, after = [70.0, 77.0, 84.0, 69.0], [80.0, 91.0, 84.0, 85.0]
    found = weekly_change(spread(*before), spread(*after))
    parts = [np.var(x, ddof=1) / 4 / np.mean(x) ** 2 for x in (before, after)]
    se = math.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(part**2 / 3 for part in parts)
    change = math.log(sum(after) / sum(before))
    assert found.value == pytest.approx(340 / 300 - 1)
    assert found.lower == pytest.approx(math.expm1(change - stats.t.ppf(0.975, df) * se))
    assert found.upper == pytest.approx(math.expm1(change + stats.t.ppf(0.975, df) * se))
    assert found.p_value == pytest.approx(2 * stats.t.sf(change / se, df))


def test_weeks_that_are_alike_by_chance_are_not_believed() -> None:
    """Days of 0 and 14 in turn make weeks of 42, 56, 42, 56; days of 7 beside their weekdays none: days speak then."""
    swinging = [(14.0 * (day % 2), 1.0) for day in range(28)]
    weekdays = [(float(2 * (day % 7)), 1.0) for day in range(28)]
    own = np.array([14.0 * (day % 2) - 7 for day in range(28)])
    found = weekly_change(swinging, swinging)
    assert found.se == pytest.approx(math.sqrt(2 * 28 / 21 * (own**2).sum()) / 196)
    with pytest.raises(RefusedError, match="nothing varies"):
        weekly_change(weekdays, weekdays)


def test_values_of_whole_periods_stand_where_days_count_visitors_twice() -> None:
    """The change is that of the given ratios; its spread that of the days."""
    before, after = spread(5.0, 6.0), spread(7.0, 6.0)
    plain, told = weekly_change(before, after), weekly_change(before, after, (0.05, 0.06))
    assert told.value == pytest.approx(0.2)
    assert told.se == plain.se


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (spread(1.0), spread(1.0, 2.0), "earlier period has 1 whole week;"),
        (spread(1.0, 2.0), spread(0.0, 0.0), "nothing above zero"),
        (spread(1.0, 1.0), spread(2.0, 2.0), "nothing varies"),
    ],
)
def test_what_cannot_be_told_from_chance_is_refused(
    before: list[tuple[float, float]], after: list[tuple[float, float]], says: str
) -> None:
    """One week, nothing at all, and no variation."""
    with pytest.raises(RefusedError, match=says):
        weekly_change(before, after)


@pytest.mark.parametrize("n_days", [14, 28, 30, 91])
def test_few_changes_are_shown_where_nothing_has_changed(n_days: int) -> None:
    """Simulation: weekdays, shocks of 10 % that last for days (correlation 0.5), customers: about 5 % of 2,000."""
    rng, wrong, trials = np.random.default_rng(7), 0, 2_000
    for _ in range(trials):
        shocks = rng.normal(0, 0.1 * math.sqrt(0.75), 2 * n_days + 20)
        for day in range(1, len(shocks)):
            shocks[day] += 0.5 * shocks[day - 1]
        orders = rng.poisson(300 * np.exp(shocks[20:]) * np.resize(WEEKDAYS, 2 * n_days))
        revenue = orders * 40 * np.exp(rng.normal(0, 1.3 / np.sqrt(orders)))
        two = [[(float(day), 1.0) for day in half] for half in np.split(revenue, 2)]
        wrong += weekly_change(*two).p_value < 0.05
    assert wrong / trials < 0.075
