"""The on/off test: exact under "nothing happened", its interval the same test turned around, its power as simulated."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from counterclick.errors import RefusedError
from counterclick.stats.halves import halves
from counterclick.stats.onoff import (
    folk_alarm_rate,
    on_days,
    pair_differences,
    paired_lift,
    pairs_needed,
    rise_rate,
    sign_patterns,
    smallest_visible_on_off,
    with_effect,
)
from data_folder import data_file


def differences(pairs: int, seed: int, lift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(lift, 0.2, pairs)


@pytest.mark.parametrize("pairs", [6, 7, 9, 12])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_p_value_is_scipys_exact_one(pairs: int, seed: int) -> None:
    """Oracle: SciPy's permutation test of paired samples, all sign patterns."""
    found = differences(pairs, seed, 0.1 * (seed - 2))
    theirs = stats.permutation_test((found,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert paired_lift(found).p_value == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("values", [(1, 1, 1, -1, 2, 2, 3), (0, 0, 0, 1, 1, 2), (3, -3, 2, -2, 1, -1, 1, 2)])
def test_ties_count_as_scipy_counts_them(values: Sequence[int]) -> None:
    """Oracle: differences that tie with each other or are zero."""
    theirs = stats.permutation_test((np.array(values),), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert paired_lift(values).p_value == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("pairs", [6, 10, 16, 17, 40])
def test_the_interval_holds_what_the_test_does_not_reject(pairs: int) -> None:
    """Just inside either end the same test has p > .05, just outside p <= .05; enumerated and drawn."""
    found = differences(pairs, pairs, 0.05)
    lift = paired_lift(found)
    for end, out in ((lift.lower, -1e-9), (lift.upper, 1e-9)):
        assert paired_lift(found - math.log1p(end) + out).p_value > 0.05
        assert paired_lift(found - math.log1p(end) - out).p_value <= 0.05


def test_six_pairs_have_the_extreme_differences_as_interval() -> None:
    """With six coins only "all on one side" is below 5 %: p = 2/64, and the interval is the least to the largest."""
    found = np.log([1.1, 1.2, 1.3, 1.4, 1.5, 1.6])
    lift = paired_lift(found)
    assert lift.p_value == 2 / 64
    assert (lift.lower, lift.upper) == pytest.approx((0.1, 0.6))
    assert lift.value == pytest.approx(math.prod([1.1, 1.2, 1.3, 1.4, 1.5, 1.6]) ** (1 / 6) - 1)


def test_five_pairs_are_refused() -> None:
    """2/32 = .0625 is the least that five coins can say; ten per cent would be within reach."""
    with pytest.raises(RefusedError, match=r"5 pairs cannot reach p <= 0.05: .* 0.062; 6 pairs are needed"):
        paired_lift(differences(5, 1))
    assert paired_lift([0.1, 0.2, 0.3, 0.4, 0.5], level=0.9).p_value == 2 / 32
    assert [pairs_needed(alpha) for alpha in (0.1, 0.0625, 0.05, 0.01)] == [5, 5, 6, 8]


def test_differences_that_say_nothing_are_refused() -> None:
    """No variation, and what is no number."""
    with pytest.raises(RefusedError, match="does not vary"):
        paired_lift([0.1] * 8)
    with pytest.raises(RefusedError, match="one number for each pair"):
        paired_lift([0.1, math.nan, 0.2, 0.3, 0.1, 0.2])


def test_swapping_on_and_off_flips_the_sign() -> None:
    """The p-value stays, the lift and its ends become their reciprocals."""
    found = differences(11, 5, 0.1)
    there, back = paired_lift(found), paired_lift(-found)
    assert there.p_value == back.p_value
    assert 1 + back.value == pytest.approx(1 / (1 + there.value))
    assert 1 + back.lower == pytest.approx(1 / (1 + there.upper))


def test_random_patterns_agree_with_all_of_them() -> None:
    """Fifteen pairs counted in full (32,768) and by 20,000 draws: p within four standard errors, ends nearly the same."""
    found = differences(15, 7, 0.08)
    whole, drawn = paired_lift(found), paired_lift(found, most=20_000)
    assert "all 32,768" in whole.method
    assert "20,000 random" in drawn.method
    assert drawn.p_value == pytest.approx(whole.p_value, abs=4 * math.sqrt(whole.p_value / 10_000))
    assert (drawn.lower, drawn.upper) == pytest.approx((whole.lower, whole.upper), abs=0.01)
    assert paired_lift(found, most=20_000) == drawn  # the draws depend on the seed alone


def test_patterns_are_all_but_none_turned_around() -> None:
    """Three pairs have seven; beyond the limit as many as asked for."""
    assert {tuple(row) for row in sign_patterns(3)} == {
        (a, b, c) for a in (False, True) for b in (False, True) for c in (False, True) if a or b or c
    }
    assert sign_patterns(20, most=100).shape == (100, 20)


@pytest.mark.parametrize(
    ("block", "blocks"),
    [(1, (0, 1, 2, 3, 4, 5, 6)), (2, (0, 0, 0, 1, 1, 2, 2)), (3, (0, 0, 0, 0, 1, 1, 1)), (7, (0,) * 7), (14, (0,) * 14)],
)
def test_a_half_is_cut_into_blocks_no_shorter_than_asked(block: int, blocks: tuple[int, ...]) -> None:
    """Weeks are cut into one-day, two-day and three-day blocks; whole weeks stay whole."""
    assert halves(block).block_of_day == blocks
    assert all(halves(block).counts)


def test_the_washout_is_taken_from_every_block() -> None:
    """Two-day blocks lose their first days: 3 + 2 + 2 become 2 + 1 + 1."""
    assert halves(2, 1).counts == (False, True, True, False, True, False, True)
    for block, washout in ((4, 0), (5, 0), (0, 0), (10, 0), (1, 1), (7, 7), (7, -1)):
        with pytest.raises(RefusedError):
            halves(block, washout)


def test_differences_are_of_the_same_weekdays() -> None:
    """A second week with twice the revenue: log 2 in every pair; a washed-out day does not count."""
    week = np.array([1.0, 2, 3, 4, 5, 6, 7])
    assert pair_differences(np.concatenate((week, 2 * week)), halves(1)) == pytest.approx([math.log(2)] * 7)
    second = np.array([900.0, 2, 3, 4, 5, 6, 7])
    assert pair_differences(np.concatenate((week, second)), halves(7, 1)) == pytest.approx([0])
    assert pair_differences(np.tile(week, 8).reshape(2, 28), halves(3)).shape == (2, 4)


def test_blocks_without_revenue_and_broken_cycles_are_refused() -> None:
    """A Sunday without orders is no one-day block, but is fine within a week; 15 days are no cycle."""
    days = np.ones(14)
    days[6] = 0
    with pytest.raises(RefusedError, match="1 of 14 blocks have no revenue"):
        pair_differences(days, halves(1))
    assert pair_differences(days, halves(7)) == pytest.approx([math.log(7 / 6)])
    with pytest.raises(RefusedError, match="no whole number of cycles"):
        pair_differences(np.ones(15), halves(1))


def test_coins_say_which_days_are_on() -> None:
    """Blocks of three days: the first pair's second block on, the second pair's first."""
    found = on_days([True, False], halves(3))
    assert "".join("x" if day else "." for day in found) == "....xxx" + "xxxx..."


def test_an_effect_arrives_over_days() -> None:
    """Half on the day, half on the next: an off day after an on day has half of the effect."""
    on = [True, True, False, False]
    assert with_effect(np.full(4, 100.0), on, 0.1, (0.5, 0.5)) == pytest.approx([105, 110, 105, 100])
    assert with_effect(np.full(4, 100.0), on, 0.1) == pytest.approx([110, 110, 100, 100])


def noise(days: int, sd: float, seed: int = 3) -> np.ndarray:
    return 100 * np.exp(np.random.default_rng(seed).normal(0, sd, days))


@pytest.mark.parametrize("cycles", [2, 4, 8])
def test_the_smallest_visible_lift_is_the_textbooks(cycles: int) -> None:
    """Simulation: independent normal noise of 10 % a day; (1.96 + 0.84) standard errors of the mean of n differences."""
    found = smallest_visible_on_off(noise(2_000, 0.1), 1, 0, cycles)
    textbook = math.expm1((1.96 + 0.84) * 0.1 * math.sqrt(2 / (7 * cycles)))
    assert found == pytest.approx(textbook, rel=0.12)


def test_the_smallest_visible_lift_is_seen_eight_times_in_ten() -> None:
    """Simulation: the verdict's own test on fresh schedules of the same shop, at the lift that the plan promised."""
    history, cut, rng = noise(400, 0.2), halves(1), np.random.default_rng(8)
    lift = smallest_visible_on_off(history, 1, 0, 2)
    found = 0
    for _ in range(300):
        coins = rng.integers(0, 2, 14) == 1
        start = int(rng.integers(0, 400 - 28))
        days = with_effect(history[start : start + 28], on_days(coins, cut), lift)
        shown = paired_lift(np.where(coins, 1, -1) * pair_differences(days, cut), most=2**11)
        found += shown.p_value <= 0.05 and shown.value > 0
    assert found / 300 == pytest.approx(0.8, abs=0.08)  # 3.5 binomial standard errors


def test_carry_over_hides_and_a_washout_shows() -> None:
    """Simulation: week blocks, an effect of which half comes two days late; the washout gives back what carry-over took."""
    history = noise(300, 0.05)
    alone = smallest_visible_on_off(history, 7, 0, 6)
    late = (0.5, 0.0, 0.5)
    carried = smallest_visible_on_off(history, 7, 0, 6, spill=late)
    washed = smallest_visible_on_off(history, 7, 2, 6, spill=late)
    assert alone < carried
    lost = 0.5 * 2 / 7  # two days of seven have half of the other state: always after the pair's own switch, and
    assert carried / alone == pytest.approx(1 / (1 - 1.5 * lost), rel=0.1)  # half the time at the pair's beginning
    assert washed == pytest.approx(smallest_visible_on_off(history, 7, 2, 6), rel=0.05)


def test_plans_that_cannot_be_are_refused() -> None:
    """Too few pairs, too short a history, days without revenue; a lift of more than 1,000 % is not visible."""
    with pytest.raises(RefusedError, match="2 pairs cannot"):
        smallest_visible_on_off(noise(100, 0.1), 7, 0, 2)
    with pytest.raises(RefusedError, match="20 days of history"):
        smallest_visible_on_off(noise(20, 0.1), 1, 0, 2)
    with pytest.raises(RefusedError, match="no revenue"):
        smallest_visible_on_off(np.where(np.arange(60) % 7 == 6, 0, noise(60, 0.1)), 1, 0, 2)
    assert smallest_visible_on_off(noise(100, 9.0), 7, 0, 6) == math.inf


def test_the_folk_rule_by_hand() -> None:
    """A steady shop never alarms; one that falls by 1 % a day always does; a fall of exactly 2 % is not more than 2 %."""
    assert folk_alarm_rate(np.full(30, 5.0)) == (0, 3)
    assert folk_alarm_rate(0.99 ** np.arange(40)) == (1, 13)
    assert folk_alarm_rate(np.concatenate((np.full(14, 100.0), np.full(14, 98.0))))[0] == 0
    with pytest.raises(RefusedError, match="27 days"):
        folk_alarm_rate(np.ones(27))
    with pytest.raises(RefusedError, match="no revenue"):
        folk_alarm_rate(np.zeros(30))


@pytest.mark.parametrize(("block", "weeks"), [(1, 4), (7, 12)])
def test_a_shop_that_grows_and_wanders_gets_no_more_false_alarms(block: int, weeks: int) -> None:
    """Simulation: revenue that doubles over the test and wanders; 5.0 % with 14 pairs, 3.1 % with 6, within 4 errors."""
    cut, rng = halves(block), np.random.default_rng(11)
    days = weeks * 7
    pairs = days // (2 * cut.days) * cut.pairs
    revenue = np.exp(np.linspace(0, math.log(2), days) + np.cumsum(rng.normal(0, 0.05, (2_000, days)), axis=1))
    coins = rng.integers(0, 2, (2_000, pairs)) == 1
    found = np.where(coins, 1, -1) * pair_differences(revenue, cut)
    patterns = sign_patterns(pairs)
    rate = rise_rate(found, patterns) + rise_rate(-found, patterns)
    nominal = 2 * math.floor(0.025 * 2**pairs) / 2**pairs
    assert rate == pytest.approx(nominal, abs=4 * math.sqrt(nominal / 2_000))


def test_142_regions_in_which_nothing_was_switched() -> None:
    """Real data: eBay's untouched regions. The folk rule alarms on 40 %; the on/off test errs within its band.

    A quick part of ``tools/simulate_onoff.py``: four weeks of one-day pairs and twelve weeks of week pairs, and the
    smallest visible lift of eight weeks of one-day pairs (9 % was published within the project, before this code).
    """
    regions: dict[str, list[float]] = {}
    with data_file("paidsearch", "paidsearch.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["search stays on"] == "1":
                regions.setdefault(row["dma"], []).append(float(row["revenue"]))
    revenue = np.array(list(regions.values()))
    assert revenue.shape == (142, 113)
    assert np.mean([folk_alarm_rate(region)[0] for region in revenue]) == pytest.approx(0.40, abs=0.005)
    rng = np.random.default_rng(5)
    for block, weeks in ((1, 4), (7, 12)):
        cut = halves(block)
        pairs = weeks * 7 // (2 * cut.days) * cut.pairs
        coins = rng.integers(0, 2, (142, 40, pairs)) == 1
        days = np.lib.stride_tricks.sliding_window_view(revenue, weeks * 7, axis=1)
        drawn = days[np.arange(142)[:, None], rng.integers(0, days.shape[1], (142, 40))]
        found = (np.where(coins, 1, -1) * pair_differences(drawn, cut)).reshape(-1, pairs)
        patterns = sign_patterns(pairs)
        nominal = 2 * math.floor(0.025 * 2**pairs) / 2**pairs
        rate = rise_rate(found, patterns) + rise_rate(-found, patterns)
        assert rate == pytest.approx(nominal, abs=4 * math.sqrt(nominal / found.shape[0]))
    visible = [smallest_visible_on_off(region, 1, 0, 4, tests=100) for region in revenue[::7]]
    assert 0.06 < float(np.median(visible)) < 0.12
