"""Calibration: a shop's own past, assigned anew many times."""

from __future__ import annotations

from datetime import date

import pytest
from scipy import stats

from builders import MONDAY, Event, experiment, later, purchase, view
from counterclick.errors import RefusedError
from counterclick.experiments.calibrating import Calibration

WEEKS = {"starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 29)}


def past(per_day: int = 60, days: int = 28, buyers: int = 20) -> list[Event]:
    """New visitors every day, a third of whom buy an hour later, for amounts that differ."""
    events = []
    for day in range(days):
        at = later(MONDAY, days=day)
        events += [view(f"d{day}v{i}", at) for i in range(per_day)]
        events += [purchase(f"d{day}v{i}", 20 + 7 * ((i * 13 + day) % 11), later(at, hours=1)) for i in range(buyers)]
    return events


@pytest.fixture(scope="module")
def calibrated() -> Calibration:
    """A past of 1,680 visitors and 560 buyers, 400 trials a split."""
    return experiment(*past(), **WEEKS).calibrate(lift=0.4, draws=400)


def test_errors_lie_in_their_band_and_a_large_effect_is_seen(calibrated: Calibration) -> None:
    """False wins and losses within the 99.9 % binomial band below 2.5 %; +40 % is mostly won at 50/50 and never lost."""
    most = stats.binom(400, 0.025).ppf(0.999) / 400
    for found in calibrated.rates:
        assert found.false_wins <= most
        assert found.false_losses <= most
    even = calibrated.rates[0]
    assert (even.split, even.wrong) == ("50/50", 0.0)
    assert even.power > 0.9
    assert 2 <= even.weeks <= 4
    assert calibrated.holds


def test_a_smaller_holdout_sees_less(calibrated: Calibration) -> None:
    """Power falls from 50/50 to 80/20 to 90/10, and the smaller arm's buyers with it."""
    assert [found.power for found in calibrated.rates] == sorted((found.power for found in calibrated.rates), reverse=True)
    assert [round(found.smaller, -1) for found in calibrated.rates] == [270, 110, 60]
    assert (calibrated.visitors, calibrated.buyers, calibrated.weeks) == (1_680, 560, 4)


def test_it_says_how_exact_it_is_and_recommends_a_live_test(calibrated: Calibration) -> None:
    """A rate of 2.5 % over 400 trials has a Monte Carlo error of .8 points; one live A/A is recommended."""
    assert calibrated.error(0.025) == pytest.approx((0.025 * 0.975 / 400) ** 0.5)
    assert "Run one live A/A" in str(calibrated)
    assert "400 trials a split over 1,680 past visitors (560 buyers) of 4" in str(calibrated).replace("\n  ", " ")


def test_the_same_past_gives_the_same_answer(calibrated: Calibration) -> None:
    """Assignment is by hash and draws have seeds: nothing changes from one call to the next."""
    assert experiment(*past(), **WEEKS).calibrate(lift=0.4, draws=400) == calibrated


def test_too_little_past_is_refused() -> None:
    """A week of visitors, fewer than a hundred buyers, and numbers that cannot be."""
    with pytest.raises(RefusedError, match="cover 1 whole weeks; two are the least"):
        experiment(*past(days=10), **WEEKS).calibrate()
    with pytest.raises(RefusedError, match="28 past buyers are known"):
        experiment(*past(buyers=1), **WEEKS).calibrate()
    for lift, draws in ((0.0, 100), (0.1, 5)):
        with pytest.raises(RefusedError, match="needs a lift above 0"):
            experiment(*past(days=1), **WEEKS).calibrate(lift, draws)
