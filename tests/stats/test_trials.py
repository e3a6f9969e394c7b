"""Many trials at once say what the product's own functions say of each, one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from counterclick.errors import RefusedError
from counterclick.stats import (
    Moments,
    Trials,
    design_bounds,
    log_ratio_lift,
    obrien_fleming_spending,
    rerandomised_lift,
    rerandomised_test,
    run_trials,
    spending_bounds,
)

SHARE = 0.7
BUYERS, TRIALS = 160, 12
OTHERS = np.array([1_500, 1_200, 900])
RNG = np.random.default_rng(11)
AMOUNTS = RNG.lognormal(3, 1, BUYERS)
LOOK = np.sort(RNG.integers(0, 3, BUYERS))
TREATED = RNG.random((BUYERS, TRIALS)) < SHARE
OTHERS_TREATED = RNG.binomial(OTHERS[:, np.newaxis], SHARE, (3, TRIALS))
BOUNDS = np.array([np.inf, 2.5, 2.0])


def visitors(trial: int, look: int) -> tuple[int, int]:
    """Return visitors of control and treatment by a look."""
    known, idle = look >= LOOK, int(OTHERS[: look + 1].sum())
    idle_top, top = int(OTHERS_TREATED[: look + 1, trial].sum()), int(TREATED[known, trial].sum())
    return idle - idle_top + int(known.sum()) - top, idle_top + top


def arms(trial: int, look: int, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return buyers' amounts of control and treatment by a look."""
    known, top = look >= LOOK, TREATED[:, trial]
    return amounts[known & ~top], amounts[known & top]


def log_ratio_statistic(trial: int, look: int, amounts: np.ndarray) -> float:
    """Return the product's statistic of the same visitors, non-buyers written out as zeros."""
    sides = zip(arms(trial, look, amounts), visitors(trial, look), strict=True)
    moments = [Moments.from_values(["revenue"], [*own, *np.zeros(n - len(own))]) for own, n in sides]
    return log_ratio_lift(moments[0], moments[1], "revenue").statistic


def tried(amounts: np.ndarray, few: int, **options: object) -> Trials:
    """Run the trials."""
    return run_trials(amounts, LOOK, TREATED, OTHERS, OTHERS_TREATED, SHARE, BOUNDS, few, 5, **options)


def test_with_many_buyers_a_score_is_the_log_ratio_statistic() -> None:
    """Every look of every trial agrees with `log_ratio_lift` of all its visitors."""
    ours = tried(AMOUNTS, few=0).scores
    theirs = [[log_ratio_statistic(trial, look, AMOUNTS) for trial in range(TRIALS)] for look in range(3)]
    assert ours == pytest.approx(np.array(theirs), rel=1e-9)


def test_a_lift_is_laid_on_treated_amounts() -> None:
    """A lift of 30 % gives the statistic of amounts that are 30 % larger where treated."""
    ours = tried(AMOUNTS, few=0, lift=0.3).scores[-1]
    theirs = [log_ratio_statistic(trial, 2, AMOUNTS * np.where(TREATED[:, trial], 1.3, 1)) for trial in range(TRIALS)]
    assert ours == pytest.approx(np.array(theirs), rel=1e-9)


def test_near_a_bound_a_score_is_the_verdicts_own() -> None:
    """With few buyers and amounts of its own, a trial near its bound gets exactly the p-value of `rerandomised_test`."""
    ours = tried(AMOUNTS, few=10_000, lift=1.2)
    near = 0
    for trial in range(TRIALS):
        base, top = arms(trial, 2, AMOUNTS * np.where(TREATED[:, trial], 2.2, 1))
        test = rerandomised_test(base, top, *visitors(trial, 2), SHARE, float(special.ndtr(-2.0)), 7)
        if test.p_greater < special.ndtr(-2.0):
            near += 1
            assert ours.scores[-1, trial] == pytest.approx(-special.ndtri(test.p_greater), abs=1e-9)
    assert near >= TRIALS // 2


def test_trials_that_share_amounts_agree_with_the_lift_of_each() -> None:
    """One reference distribution for all trials gives each trial's p-value, but for Monte Carlo error."""
    ours = tried(AMOUNTS, few=10_000)
    for trial in range(TRIALS):
        lift = rerandomised_lift(*arms(trial, 2, AMOUNTS), *visitors(trial, 2), SHARE)
        smaller = min(lift.p_greater, lift.p_less)
        error = math.sqrt(smaller / lift.draws + smaller / 3_900)
        assert special.ndtr(-abs(ours.scores[-1, trial])) == pytest.approx(smaller, abs=5 * error)
        assert (ours.scores[-1, trial] > 0) == (lift.p_greater < lift.p_less)


def test_amounts_of_each_trial_may_be_given() -> None:
    """A column of amounts for each trial is the same as one column for all, where they are equal."""
    each = np.repeat(AMOUNTS[:, np.newaxis], TRIALS, axis=1)
    assert tried(each, few=0).scores == pytest.approx(tried(AMOUNTS, few=0).scores, rel=1e-12)


def test_p_values_may_go_without_a_second_drawing() -> None:
    """Unrefined scores lie near the refined ones: within the error of their 8,000 draws."""
    sharp = tried(AMOUNTS, few=10_000, lift=0.5).scores[-1]
    rough = tried(AMOUNTS, few=10_000, lift=0.5, refine=False, shared_draws=8_000).scores[-1]
    assert special.ndtr(-rough) == pytest.approx(special.ndtr(-sharp), abs=5 * math.sqrt(0.25 / 4_000))
    assert not np.array_equal(rough, sharp)


def test_swapping_arms_flips_the_sign() -> None:
    """With many buyers, control and treatment exchanged give the opposite statistic."""
    swapped = run_trials(AMOUNTS, LOOK, ~TREATED, OTHERS, OTHERS[:, np.newaxis] - OTHERS_TREATED, 1 - SHARE, BOUNDS, 0, 5)
    assert swapped.scores == pytest.approx(-tried(AMOUNTS, few=0).scores, rel=1e-12)


def test_the_smaller_arms_buyers_are_counted() -> None:
    """At each look, of all buyers until then, those in the arm that has fewer."""
    ours = tried(AMOUNTS, few=0).fewest
    theirs = [[min(map(len, arms(trial, look, AMOUNTS))) for trial in range(TRIALS)] for look in range(3)]
    assert ours.tolist() == theirs


def test_bounds_of_a_design_are_those_of_its_spending() -> None:
    """Four looks spend what O'Brien and Fleming let them, and the last one what is left."""
    information = [100.0, 220.0, 300.0, 380.0]
    spent = [*(obrien_fleming_spending(now / 400) for now in information[:-1]), 0.025]
    assert design_bounds(information, 400, 0) == pytest.approx(spending_bounds(information, spent))


def test_a_look_with_too_few_buyers_is_not_taken() -> None:
    """The first look is left out and spends nothing: the others have the bounds of a design without it."""
    bounds = design_bounds([90.0, 220.0, 400.0], 400, least=100)
    assert bounds[0] == math.inf
    assert bounds[1:] == pytest.approx(design_bounds([220.0, 400.0], 400, least=100))


def test_the_last_look_is_taken_with_few_buyers_too() -> None:
    """Where no earlier look had enough, the last one is a plain test."""
    assert design_bounds([10.0, 20.0], 20, least=1_000).tolist() == [math.inf, pytest.approx(1.959964, abs=1e-6)]


def test_a_design_that_has_all_its_buyers_early_ends_there() -> None:
    """When planned buyers have come, everything is spent, and later looks are not taken."""
    bounds = design_bounds([50.0, 100.0, 130.0], 100, least=0)
    assert np.isfinite(bounds[:2]).all()
    assert bounds[2] == math.inf


def test_the_first_crossing_decides() -> None:
    """Four trials by hand: won at the second look, lost at the third, never, and crossing with too few buyers."""
    scores = np.array([[1.0, -1.0, 0.5, 4.0], [3.0, -1.0, 1.9, 1.0], [-5.0, -2.1, 2.0, 1.0]])
    fewest = np.array([[60, 60, 60, 49], [70, 70, 70, 70], [80, 80, 80, 80]])
    verdicts, looks = Trials(scores, np.array([3.5, 2.5, 2.05]), fewest).decided(50)
    assert verdicts.tolist() == [1, -1, 0, 0]
    assert looks.tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize("share", [0.0, 1.0, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """Nobody, everybody and no number are no designs."""
    with pytest.raises(RefusedError, match="share"):
        run_trials(AMOUNTS, LOOK, TREATED, OTHERS, OTHERS_TREATED, share, BOUNDS, 0)


def test_labels_that_do_not_fit_are_refused() -> None:
    """Labels for one buyer too few, and visitors for one trial too few, are named."""
    with pytest.raises(RefusedError, match=r"160 buyers.*got \(159, 12\)"):
        run_trials(AMOUNTS, LOOK, TREATED[1:], OTHERS, OTHERS_TREATED, SHARE, BOUNDS, 0)
    with pytest.raises(RefusedError, match=r"\(3, 11\)"):
        run_trials(AMOUNTS, LOOK, TREATED, OTHERS, OTHERS_TREATED[:, 1:], SHARE, BOUNDS, 0)
