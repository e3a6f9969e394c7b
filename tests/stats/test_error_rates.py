"""A quick part of what ``make simulate`` measures, and the parts it is made of.

Rates are held against exact binomial bounds that a right method passes in all but one run of ten thousand; seeds are
fixed, so that a test passes always or never.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simulate_asos as asos
import simulate_joint as joint
from scipy import stats
from simulate_errors import (
    DAYS,
    LOOKS,
    SCENARIOS,
    Cell,
    Found,
    Population,
    drawn,
    first_crossing,
    populations,
    relative_delta,
    run,
    visible_lift,
    welch,
)
from simulate_plots import write_plots
from simulate_tables import (
    above,
    bands,
    chance,
    error_tables,
    joint_table,
    looking_costs,
    power_tables,
    summary,
    tried_again,
    withheld,
)

from counterclick.stats import Moments, anytime_reach, obrien_fleming_spending, spending_bounds, welch_difference
from data_folder import ROOT

RUNS = 1_000
SKEWED = Population(np.random.default_rng(3).lognormal(3, 1, 2_000), 0.02)


def most(runs: int, rate: float = 0.025) -> int:
    """Return the errors that a rate exceeds once in ten thousand times."""
    return int(stats.binom.isf(1e-4, runs, rate))


def found(cell: Cell, runs: int = 5_000, **calls: tuple[int, int]) -> Found:
    """Make a cell's outcome by hand."""
    readings = ("fixed", "weekly", "fixed_all", "weekly_all", "band", "welch", "peeking", "delta", *joint.WAYS)
    return Found(cell, runs, 0.1, dict.fromkeys(readings, (100, 100)) | calls, runs, 7.0, (60, 10))


@pytest.fixture(scope="module")
def known(data_folder: Path) -> dict[str, Population]:
    """Return the populations of the page."""
    return populations(data_folder)


@pytest.fixture(scope="module")
def series(data_folder: Path) -> list[asos.Series]:
    """Return ASOS's experiments."""
    return asos.replayed(data_folder / "asos")


@pytest.mark.parametrize(
    "cell",
    [
        Cell("idle", "Hillstrom", 0.9, 100),
        Cell("idle", "simulated shop", 0.5, 100),
        Cell("late", "Hillstrom", 0.8, 100),
        Cell("burst", "Hillstrom", 0.5, 2_500),
        Cell("mixed", "simulated shop", 0.5, 100),
    ],
    ids=lambda cell: f"{cell.scenario}-{cell.share}-{cell.smaller}",
)
def test_errors_of_ours_hold_where_others_do_not(cell: Cell, known: dict[str, Population]) -> None:
    """Ours err at most 2.5 % a side, with one look and with weekly ones; daily Welch tests err far more."""
    one = run(cell, known[cell.population], RUNS)
    for reading in ("fixed", "weekly", "fixed_all", "weekly_all", "band"):
        assert max(one.calls[reading]) <= most(RUNS), reading
    assert sum(one.calls["peeking"]) > 3 * most(RUNS, 0.05)


def test_the_symmetric_interval_errs_on_one_side(known: dict[str, Population]) -> None:
    """With 100 buyers in control its sequential band has no false wins, and false losses beyond 2.5 %."""
    one = run(Cell("idle", "Hillstrom", 0.8, 100), known["Hillstrom"], RUNS)
    assert one.calls["delta"][0] == 0
    assert one.calls["delta"][1] > most(RUNS)


def test_with_ten_buyers_nothing_is_decided(known: dict[str, Population]) -> None:
    """No verdict with fewer than 50 buyers, while the plain Welch test calls many false wins."""
    one = run(Cell("idle", "Hillstrom", 0.9, 10), known["Hillstrom"], RUNS)
    assert one.calls["fixed"] == one.calls["weekly"] == one.calls["band"] == (0, 0)
    assert one.ready == 0
    assert one.calls["welch"][0] > most(RUNS)


def test_power_is_what_the_lift_was_chosen_for(known: dict[str, Population]) -> None:
    """One look sees a lift chosen for 80 % in about 80 %, and weekly looks in hardly fewer."""
    one = run(Cell("idle", "simulated shop", 0.5, 2_500, 0.8), known["simulated shop"], RUNS)
    assert one.calls["fixed"][0] / RUNS == pytest.approx(0.8, abs=0.05)
    assert 0 <= one.calls["fixed"][0] - one.calls["weekly"][0] <= 0.03 * RUNS
    assert one.only[0] - one.only[1] == one.calls["fixed"][0] - one.calls["weekly"][0]
    assert 5 < one.week < 7.5


@pytest.mark.parametrize("power", [0.8, 0.935])
def test_looking_costs_a_point_or_so(power: float) -> None:
    """The theory on the page is what 200,000 normal walks do: less than one point where one look has 93.5 %, more at 80."""
    times = np.arange(2, 9) / 8
    steps = np.diff([0.0, *times])[:, np.newaxis]
    drift = 1.959964 + stats.norm.ppf(power)
    walks = np.random.default_rng(6).normal(drift * steps, np.sqrt(steps), (LOOKS, 200_000)).cumsum(axis=0)
    bounds = np.array(spending_bounds(times.tolist(), [obrien_fleming_spending(time) for time in times]))
    sign, when = first_crossing(walks / np.sqrt(times)[:, np.newaxis], bounds[:, np.newaxis])
    cost = (walks[-1] > 1.959964).mean() - (sign > 0).mean()
    won, week = looking_costs(power)
    assert power - won == pytest.approx(cost, abs=1e-3)
    assert (power - won > 0.01) == (power == 0.8)
    assert week == pytest.approx(np.where(sign == 0, 8, when + 2).mean(), abs=0.02)


def test_a_cell_gives_the_same_numbers_again() -> None:
    """Its random numbers follow from its name; tried again they are others."""
    cell = Cell("late", "skewed", 0.8, 100)
    assert run(cell, SKEWED, 300) == run(cell, SKEWED, 300)
    assert run(cell, SKEWED, 300, again=1).calls != run(cell, SKEWED, 300).calls
    assert cell.seed != replace(cell, share=0.9).seed


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_both_arms_earn_the_same_in_every_scenario(scenario: str) -> None:
    """Revenue per visitor has the ratio 1, control has the buyers that were asked for, and visitors their share."""
    cell = Cell(scenario, "skewed", 0.8, 2_000)
    trials = drawn(cell, SKEWED, 40, 0.0, np.random.default_rng(1))
    amounts = trials.amounts.reshape(len(trials.day), -1)
    top, base = (amounts * trials.treated).sum(), (amounts * ~trials.treated).sum()
    buyers_base = (~trials.treated).sum() / 40
    n_top = trials.treated.sum() + trials.others_treated.sum()
    n_base = buyers_base * 40 + (trials.others.sum() * 40 - trials.others_treated.sum())
    assert buyers_base == pytest.approx(2_000, rel=0.02)
    assert n_top / (n_top + n_base) == pytest.approx(0.8, abs=0.002)
    assert (top / n_top) / (base / n_base) == pytest.approx(1, abs=0.02)


def test_conversion_triples_late_and_idle_traffic_comes_early() -> None:
    """Late: six of twelve parts of the buyers in the last two weeks. Burst: about twice the visitors in the first."""
    late = drawn(Cell("late", "skewed", 0.5, 2_000), SKEWED, 1, 0.0, np.random.default_rng(1))
    assert (late.day >= DAYS - 14).mean() == pytest.approx(6 / 12, abs=0.02)
    burst = drawn(Cell("burst", "skewed", 0.5, 2_000), SKEWED, 1, 0.0, np.random.default_rng(1))
    assert burst.others[:7].sum() / burst.others[7:14].sum() == pytest.approx(2, abs=0.05)


def test_days_and_looks_count_the_same_visitors() -> None:
    """The last day's statistic is that of the last look, and looks count everyone once."""
    trials = drawn(Cell("mixed", "skewed", 0.9, 24_000), SKEWED, 5, 0.0, np.random.default_rng(2))
    others, treated = trials.by_look()
    assert others.sum() == trials.others.sum()
    assert (treated.sum(axis=0) == trials.others_treated.sum(axis=0)).all()
    assert trials.information[-1] == len(trials.day)
    assert trials.plain() == pytest.approx(trials.scored().scores, rel=1e-9)


def test_comparators_are_what_they_are_called(vectors: dict[str, dict[str, Any]]) -> None:
    """Welch's statistic is the product's; the relative one and its band are the published ones."""
    vector = vectors["asymp_cs_rel_nstar1000"]
    base, top = (
        [np.array([[vector["inputs"][arm][name]]]) for name in ("sum", "sumsq", "n")] for arm in ("control", "treatment")
    )
    want = vector["expected"]
    assert relative_delta(top, base)[0, 0] == pytest.approx(want["rel"] / want["se"], rel=1e-4)
    reach = anytime_reach(float(base[2][0, 0] + top[2][0, 0]), vector["inputs"]["nstar"])
    assert want["rel"] + reach * want["se"] == pytest.approx(want["ci"][1], abs=1e-4)
    moments = [Moments.from_sums(["revenue"], int(arm[2][0, 0]), [arm[0][0, 0]], [[arm[1][0, 0]]]) for arm in (base, top)]
    assert welch(top, base)[0, 0] == pytest.approx(welch_difference(*moments, "revenue").statistic, rel=1e-9)


def test_the_relative_lift_says_nothing_without_control_revenue() -> None:
    """A control that has sold nothing yet has no relative lift, and nothing is called."""
    nothing, something = np.zeros((1, 1)), np.ones((1, 1))
    statistic = relative_delta([something, something, 9 * something], [nothing, nothing, 9 * something])
    assert statistic.tolist() == [[0.0]]


def test_the_first_crossing_has_the_sign_it_crosses_with() -> None:
    """By hand: up on the second day, down on the first, never."""
    statistic = np.array([[1.0, -3.0, 1.9], [2.0, 9.0, -1.9]])
    sign, when = first_crossing(statistic, np.array([[1.96]]))
    assert sign.tolist() == [1, -1, 0]
    assert when[:2].tolist() == [1, 0]


def test_a_larger_share_of_control_needs_a_smaller_lift() -> None:
    """By the formula at CV 1 and 100 buyers an arm: exp(2.8016 x 0.2) - 1."""
    even = Population(np.array([0.0, 2.0]), 0.02)
    assert visible_lift(even, 0.5, 100, 0.8) == pytest.approx(np.expm1(2.801585 * 0.2), rel=1e-6)
    assert visible_lift(even, 0.9, 100, 0.8) < visible_lift(even, 0.5, 100, 0.8)


def test_whole_paths_cross_exactly_as_often_as_they_may() -> None:
    """Each of 200 paths in turn against the other 199: by each look exactly the allowed share has crossed."""
    paths = np.random.default_rng(4).normal(size=(3, 200)).cumsum(axis=0)
    spent = [0.01, 0.03, 0.1]
    crossed = [joint.path_crossings(paths[:, [i]], np.delete(paths, i, axis=1), spent)[0] for i in range(200)]
    assert [sum(look <= k for look in crossed) for k in range(3)] == [2, 6, 20]


def test_tied_paths_count_against_crossing() -> None:
    """Where every labelling gives the same statistic, nothing crosses; nor does a look that is missing."""
    assert joint.path_crossings(np.ones((2, 1)), np.ones((2, 99)), [0.01, 0.5]).tolist() == [2]
    assert joint.path_crossings(np.full((1, 1), np.nan), np.zeros((1, 99)), [0.5]).tolist() == [1]


@pytest.mark.parametrize("scenario", ["idle", "mixed"])
def test_both_ways_of_rerandomising_hold(scenario: str) -> None:
    """Each look for itself, and whole paths, without the rule of 50 buyers, where the normal law is read beside them."""
    runs = 1_000 if scenario == "idle" else 100
    one = joint.compared(Cell(scenario, "skewed", 0.8, 60), SKEWED, runs)
    for way in ("marginal", "joint"):
        assert max(one.calls[way]) <= most(runs), way
    assert abs(one.calls["marginal"][0] - one.calls["joint"][0]) <= 0.02 * runs


def test_asos_is_all_there(series: list[asos.Series]) -> None:
    """78 experiments with 99 variants, and metric 1 of each."""
    assert len({one.experiment for one in series}) == 78
    assert sum(one.metric == 1 for one in series) == 99
    assert all((np.diff(one.time) > 0).all() for one in series)


def test_peeking_declares_what_the_end_does_not_confirm(series: list[asos.Series]) -> None:
    """Looking daily declares more than our looks, and far more of it is gone at the end."""
    final = [one.final for one in series]
    peeked = asos.Tally.of([one.peeked() for one in series], final)
    ours = asos.Tally.of([one.ours(one.visitors) for one in series], final)
    gone = [tally.higher_unconfirmed + tally.lower_unconfirmed for tally in (peeked, ours)]
    assert peeked.higher + peeked.lower > ours.higher + ours.lower
    assert gone[0] > 3 * gone[1]
    assert peeked.missed == 0


def test_a_series_is_read_by_hand() -> None:
    """24 days: peeking declares on the third; our looks are on days 14, 21 and 24, and only the last crosses."""
    time = np.arange(0.5, 24.5, 0.5)
    z = np.full(len(time), 0.5)
    z[time == 3] = -2.2
    z[-1] = 2.5
    one = asos.Series("x", 1, 1, time, z, z, 100 * time, time)
    assert one.peeked() == -1
    assert time[one.looks()].tolist() == [14, 21, 24]
    assert one.ours(one.visitors) == one.final == 1
    assert asos.Tally.of([-1, 1, 0, 1], [1, 1, 1, 0]) == asos.Tally(2, 1, 1, 1, 1)


def test_half_days_are_no_ends_of_days() -> None:
    """A significant checkpoint at noon is not looked at, unless it is the last."""
    time = np.array([1.0, 1.5, 2.0])
    z = np.array([0.0, 3.0, 0.0])
    one = asos.Series("x", 1, 1, time, z, z, time, time)
    assert one.peeked() == 0
    assert replace(one, difference=z[:2], time=time[:2]).peeked() == 1


def test_metrics_are_compared_at_the_end() -> None:
    """Two variants by hand: significant alike, and significant against each other."""
    one = asos.Series("x", 1, 1, np.ones(1), np.array([3.0]), np.array([3.0]), np.ones(1), np.ones(1))
    other = replace(one, variant=2)
    fourth = replace(one, metric=4), replace(other, metric=4, difference=np.array([-3.0]))
    assert asos.agreement([one, other, *fourth]) == asos.Agreement(2, 1, 2, 1, 1, 1)


def test_the_band_of_five_thousand_runs() -> None:
    """SciPy's binomial quantiles: 104 to 147 of 5,000."""
    law = stats.binom(5_000, 0.025)
    low, high = bands(5_000)
    assert law.cdf(low - 1) < 0.025 <= law.cdf(low)
    assert law.sf(high) <= 0.025 < law.sf(high - 1)


def test_a_rate_above_its_band_is_listed_and_marked() -> None:
    """148 of 5,000 false wins are above it; with 10 buyers no verdict is allowed and nothing is listed."""
    high = bands(5_000)[1]
    good = found(Cell("idle", "Hillstrom", 0.5, 100), weekly=(high, 0))
    bad = found(Cell("idle", "Hillstrom", 0.9, 100), weekly=(high + 1, 0))
    few = found(Cell("idle", "Hillstrom", 0.9, 10), weekly=(900, 0))
    assert above([good, bad, few]) == [(bad, "weekly", 0)]
    table = error_tables([good, bad, few])[0]
    assert f"**{100 * (high + 1) / 5_000:.2f}** / 0.00" in table
    assert "no verdict" in table
    again = {bad.cell: found(bad.cell, 20_000, weekly=(900, 0))}
    assert "**1 of 1 rates are above that again**" in tried_again(above([bad]), again)
    assert "**1 do**" in chance([good, bad, few])
    assert tried_again([], {}) == "None to list."


def test_power_and_both_ways_are_printed() -> None:
    """A difference of one point is its own number, a larger one is marked; ways differ by what was counted."""
    rows = [found(Cell("idle", "Hillstrom", 0.5, 100, power)) for power in (0.8, 0.935)]
    assert "| 1.00 +- 0.17 |" in power_tables(rows)[2]
    dear = power_tables([replace(row, only=(80, 10)) for row in rows])
    assert "| **1.40** +- 0.19 |" in dear[2]
    assert "more than one point in 2 of 2 cells" in dear[-1]
    assert "differ by 0.20 points at most" in joint_table([found(joint.CELLS[0], marginal=(110, 100))])


def test_the_page_says_what_it_comes_to() -> None:
    """The worst rates of each reading where a verdict is allowed, and what looking costs at 50/50, from counts by hand."""
    few = found(Cell("idle", "Hillstrom", 0.5, 10), weekly=(900, 900), peeking=(4_000, 0))
    one = found(Cell("idle", "Hillstrom", 0.5, 50), weekly=(110, 120), peeking=(1_000, 500), delta=(0, 600))
    moved = [found(Cell("idle", "Hillstrom", 0.5, 50, 0.8)), found(Cell("idle", "Hillstrom", 0.9, 50, 0.8))]
    text = summary([few, one], [moved[0], replace(moved[1], only=(150, 0))], {})
    assert "at most 2.20 % false wins and 2.40 % false losses" in text
    assert "0 of 4 rates" in text
    assert "up to 20 % false wins and 10 % false losses" in text
    assert "up to 0.0 % false wins and 12 % false losses" in text
    assert "up to 1.0 points of power at 50/50, up to 3.0 at any split" in text


def test_the_page_says_what_the_rule_of_fifty_hides() -> None:
    """With 1,000 of 5,000 runs let pass, 100 false losses are 10 % of them; where all pass there is nothing to say."""
    cell = Cell("idle", "Hillstrom", 0.9, 50)
    text = withheld([replace(found(cell, weekly=(5, 100)), ready=1_000)])
    assert "up to 0.5 % are false wins and up to 10.0 % false losses" in text
    assert "20 % pass" in text
    assert "lets nearly all runs pass" in withheld([found(cell)])


def test_plots_are_drawn(tmp_path: Path) -> None:
    """Three pictures with their labels in them."""
    idle = [found(Cell("idle", "Hillstrom", 0.9, 10))]
    names = write_plots(idle, [found(Cell("idle", "Hillstrom", 0.9, 50, 0.8))], (0.021, 0.029), tmp_path)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in names]
    assert "false wins, %" in texts[0]
    assert "false losses, %" in texts[1]
    assert "weekly looks" in texts[2]
    assert all("90/10, 10" in text for text in texts[:2])


def test_the_page_has_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page, put together from hand-made results, names its runs, links its plots and ends with the real data."""
    spec = importlib.util.spec_from_file_location("simulate_page", ROOT / "tools" / "simulate.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "simulate_page", page)
    spec.loader.exec_module(page)
    monkeypatch.setattr(page, "known_populations", lambda: {"skewed": SKEWED})
    monkeypatch.setattr(page.simulate_asos, "section", lambda: "## Of ASOS")
    monkeypatch.setattr(page.simulate_onoff, "section", lambda: "## Of regions")
    cell = Cell("idle", "Hillstrom", 0.5, 100)
    moved = [found(replace(cell, power=power)) for power in (0.8, 0.935)]
    text = page.page(page.Results(5_000, [found(cell)], moved, [found(cell)], {}), tmp_path)
    assert "5,000 runs a cell" in text
    assert "104 to 147 (2.08 to 2.94 %)" in text
    assert text.index("## Cells above") < text.index("## Power") < text.index("## Of ASOS") < text.index("## Of regions")
    for target in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text):
        assert (tmp_path / target).is_file()
    assert len(page.IDLE) == 4 * 2 * 3 * 5
    assert len({task.seed for task in page.IDLE + page.MOVED}) == len(page.IDLE + page.MOVED)


def test_there_are_seven_looks() -> None:
    """After weeks 2 to 8."""
    assert LOOKS == 7
