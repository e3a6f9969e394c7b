"""Off-policy estimates: against their formulae written out, a published number, two real logs, and logs of known truth."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import off_policy as tool
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterclick.errors import RefusedError
from counterclick.stats import OffPolicy, list_weight, off_policy_value, weighted_value
from data_folder import data_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOGS = 250
ALPHA = (
    "47 8 62 142 3 14 7 857 12 15 6 100 48 23 71 61 13 16 518 30 7 4 23 8 10 11 11 18 121 11 11 10 14 9 204 58 3 19 42 1013 "
    "2 328 15 31 14 138 45 55 23 38 10 401 52 6 3 6 5 32 35 133 52 820 43 195 8 42 40 4 32 30 9 22 6 23 5 54 8 22 65 246"
)
BETA = (
    "12198 3566 15993 35522 2367 4609 3171 181745 4372 4951 3100 24665 13210 7061 18061 17449 5644 6787 111326 8776 "
    "3334 2271 7389 2659 3665 4724 3561 5085 27407 4601 4756 4120 4736 3788 45292 14719 2189 5589 11995 222255 2308 "
    "70034 4801 8274 5421 31912 12213 13576 6230 10382 4141 85731 12811 2707 2250 2668 2886 9581 9465 28336 12062 "
    "162793 12107 41240 3162 11604 10818 2923 8897 8654 4000 6580 3174 6766 2602 14506 3968 7523 16532 51964"
)
"""Clicks, and what was not clicked, that Open Bandit's Thompson sampling began with: ``prior_bts.yaml`` of its pipeline."""


def drawn(n: int = 3_000, seed: int = 1) -> dict[str, NDArray[np.float64]]:
    """Return a log of n decisions, with a model of their outcome."""
    rng = np.random.default_rng(seed)
    outcome = rng.lognormal(2, 1, n) * (rng.random(n) < 0.3)
    propensity, target = rng.uniform(0.1, 1, n), rng.uniform(0, 1, n)
    return {"outcome": outcome, "propensity": propensity, "target": target, "predicted": rng.random(n), "expected": outcome}


def values(found: OffPolicy) -> list[float]:
    return [getattr(found, name).value.value for name in tool.ESTIMATORS]


def test_estimates_are_their_formulae() -> None:
    """Each estimate, its standard error and the effective size, decision by decision as the papers write them."""
    log = drawn()
    found = off_policy_value(**log)
    rows = list(zip(*log.values(), strict=True))
    n = len(rows)
    ips = [y * q / p for y, p, q, _model, _expected in rows]
    weights = [q / p for _y, p, q, _model, _expected in rows]
    dr = [e + q / p * (y - m) for y, p, q, m, e in rows]
    snips = math.fsum(ips) / math.fsum(weights)
    assert values(found) == pytest.approx([math.fsum(ips) / n, snips, math.fsum(dr) / n])
    assert found.ips.value.se == pytest.approx(np.std(ips, ddof=1) / math.sqrt(n))
    assert found.doubly_robust is not None
    assert found.doubly_robust.value.se == pytest.approx(np.std(dr, ddof=1) / math.sqrt(n))
    of_ratio = [w * (y - snips) for w, (y, *_rest) in zip(weights, rows, strict=True)]
    assert found.snips.value.se == pytest.approx(np.std(of_ratio, ddof=1) / math.sqrt(n) / np.mean(weights))
    assert found.effective == pytest.approx(math.fsum(weights) ** 2 / math.fsum(w * w for w in weights))
    assert found.largest == pytest.approx(max(weights))


def test_the_published_number_of_open_bandit() -> None:
    """What Thompson sampling would have had on the random log, over the log's own rate, is 1.198126."""
    log = tool.bandit(data_file("open_bandit", "random_all.csv"))
    shown = tool.thompson(*([float(each) for each in text.split()] for text in (ALPHA, BETA)))
    found = off_policy_value(log.click, log.propensity, shown[log.item, log.place])
    assert found.ips.value.value / log.click.mean() == pytest.approx(tool.PUBLISHED, abs=5e-7)


def test_a_real_log_tells_of_another_policy_and_is_refused() -> None:
    """From Thompson sampling's log each interval covers the random log's own rate; 340 effective rows are too few."""
    found = tool.uniform_from(tool.bandit(data_file("open_bandit", "bts_all.csv")))
    truth = tool.bandit(data_file("open_bandit", "random_all.csv")).click.mean()
    for name in tool.ESTIMATORS:
        value = getattr(found, name).value
        assert value.lower <= truth <= value.upper, name
    assert found.effective == pytest.approx(340.378, abs=0.001)
    assert "1,000 are needed" in found.refusals[0]
    own = tool.uniform_from(tool.bandit(data_file("open_bandit", "random_all.csv")))
    assert own.effective == pytest.approx(10_000)
    assert own.ips.value.value == pytest.approx(truth)


@pytest.mark.parametrize(("words", "shop", "visitors"), tool.SHOPS[:2], ids=[words for words, *_rest in tool.SHOPS[:2]])
def test_intervals_hold_the_truth(words: str, shop: tool.World, visitors: int) -> None:
    """Of logs of known truth, as often as they say."""
    for name, found in tool.covered(shop, visitors, LOGS).items():
        assert found.n > LOGS * 0.9, words
        assert found.covered >= tool.least(found.n), name
        assert abs(found.bias) < 0.03, name


def test_decisions_of_one_visitor_hang_together() -> None:
    """By visitor intervals hold the truth; with each decision on its own they do not do so often enough."""
    shop = tool.world(0.3, 30, 1.2, 0.3)
    by_visitor, alone = (tool.covered(shop, 1_500, LOGS, by_visitor=each)["ips"] for each in (True, False))
    assert by_visitor.covered >= tool.least(LOGS)
    assert alone.covered < tool.least(LOGS)


def test_a_decision_told_three_times_says_no_more() -> None:
    """Where rows of one visitor are the same, error and effective size are those of one row each."""
    log = drawn()
    once, thrice = off_policy_value(**log), {name: np.repeat(values, 3) for name, values in log.items()}
    told = off_policy_value(**thrice, units=np.repeat(np.arange(3_000), 3))
    assert (told.ips.value.se, told.effective) == pytest.approx((once.ips.value.se, once.effective))
    assert off_policy_value(**thrice).ips.value.se == pytest.approx(once.ips.value.se / math.sqrt(3), rel=1e-3)


@given(seed=st.integers(0, 10**6), n=st.integers(5, 200))
@settings(max_examples=50, deadline=None)
def test_the_logging_policy_itself_is_worth_the_plain_mean(seed: int, n: int) -> None:
    """Weights of 1 give the mean and its standard error, and nothing is gained."""
    outcome = np.random.default_rng(seed).lognormal(size=n)
    found = off_policy_value(outcome, np.full(n, 0.5), np.full(n, 0.5))
    for each in (found.ips, found.snips):
        assert each.value.value == pytest.approx(outcome.mean())
        assert each.value.se == pytest.approx(outcome.std(ddof=1) / math.sqrt(n))
        assert each.gain is None
    assert found.effective == pytest.approx(n)


@given(seed=st.integers(0, 10**6), scale=st.floats(0.2, 1.0), shift=st.floats(-50, 50))
@settings(max_examples=50, deadline=None)
def test_self_normalised_estimates_follow_shifts_and_ignore_scales(seed: int, scale: float, shift: float) -> None:
    """A constant on every outcome is added to SNIPS; propensities that are all too small leave it as it is."""
    log = drawn(200, seed)
    plain = {name: log[name] for name in ("outcome", "propensity", "target")}
    before = off_policy_value(**plain)
    scaled = off_policy_value(**{**plain, "propensity": plain["propensity"] * scale})
    assert scaled.snips.value.value == pytest.approx(before.snips.value.value)
    assert scaled.ips.value.value == pytest.approx(before.ips.value.value / scale)
    moved = off_policy_value(**{**plain, "outcome": plain["outcome"] + shift})
    assert moved.snips.value.value == pytest.approx(before.snips.value.value + shift, abs=1e-6)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_model_of_nothing_and_a_perfect_one(seed: int) -> None:
    """Doubly robust is IPS where the model says 0, and has the model's own error where the model is right."""
    log = drawn(300, seed)
    zeros = np.zeros(300)
    blind = off_policy_value(**{**log, "predicted": zeros, "expected": zeros})
    assert values(blind)[2] == pytest.approx(values(blind)[0])
    told = off_policy_value(**{**log, "predicted": log["outcome"], "expected": log["outcome"] * 2})
    assert values(told)[2] == pytest.approx(2 * log["outcome"].mean())


def test_gain_is_measured_on_the_same_decisions() -> None:
    """Where the policy decides nearly as was logged, its gain is known far better than its worth."""
    log = drawn()
    near = log["propensity"] * (1 - 0.02 * (np.arange(3_000) % 2))
    found = off_policy_value(log["outcome"], log["propensity"], near)
    assert found.ips.gain is not None
    assert found.ips.gain.value == pytest.approx(found.ips.value.value - log["outcome"].mean())
    assert found.ips.gain.se < found.ips.value.se / 20


def test_intervals_lean_to_the_side_of_the_tail() -> None:
    """Money is skewed: the upper end lies further off than the lower one, and the test is dual to the interval."""
    log = {name: drawn(200)[name] for name in ("outcome", "propensity", "target")}
    log["outcome"] = log["outcome"] * (np.arange(200) % 10 == 0)
    found = off_policy_value(**log).ips.value
    assert found.upper - found.value > 1.05 * (found.value - found.lower)
    edge = off_policy_value(**log, level=1 - found.p_value).ips.value
    assert edge.lower == pytest.approx(0, abs=1e-4)


def test_reasons_to_refuse() -> None:
    """Each stands where it is due: few effective units, few buyers, what was never logged, weights that are not 1."""
    log = drawn(3_000)
    plain = {name: log[name] for name in ("outcome", "propensity")}
    alike = {**plain, "target": plain["propensity"]}
    assert off_policy_value(**alike).refusals == ()
    assert "say as much as 500" in off_policy_value(**{name: each[:500] for name, each in alike.items()}).refusals[0]
    few = np.where(np.arange(3_000) < 20, alike["outcome"] + 1, 0)
    assert "as much as 20" in off_policy_value(**{**alike, "outcome": few}).refusals[0]
    assert "2.0% of what the policy does was never logged" in off_policy_value(**alike, uncovered=0.02).refusals[0]
    wrong = off_policy_value(**{**alike, "target": plain["propensity"] * 0.9})
    assert "weights are 0.900 on average" in wrong.refusals[0]
    unsteady = off_policy_value(**{**alike, "target": plain["propensity"] * (np.arange(3_000) % 2)})
    assert any("where 1 is due" in reason for reason in unsteady.refusals)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"propensity": np.zeros(3)}, "above 0 and at most at 1; 3 do not"),
        ({"propensity": np.full(3, 1.1)}, "above 0 and at most at 1"),
        ({"target": np.full(3, -0.1)}, "between 0 and 1"),
        ({"target": np.ones(2)}, "3 propensities and 2 target"),
        ({"outcome": np.ones(2)}, "2 outcomes and 3 weights"),
        ({"outcome": np.array([1, np.nan, 2])}, "finite numbers; 1 are not"),
        ({"outcome": np.zeros(3)}, "all decisions say the same"),
        ({"target": np.zeros(3)}, "none of the logged decisions"),
        ({"units": np.zeros(3)}, "of 1 unit"),
        ({"units": np.zeros(2)}, "3 outcomes and 2 units"),
        ({"predicted": np.ones(2), "expected": np.ones(3)}, "2 predicted and 3 expected"),
        ({"level": 1.0}, "the level"),
        ({"outcome": np.ones((3, 1))}, "one number a decision"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, object], says: str) -> None:
    """With the number, and what would be right."""
    given_ = {"outcome": np.array([1.0, 2, 3]), "propensity": np.full(3, 0.5), "target": np.full(3, 0.5), **changed}
    with pytest.raises(RefusedError, match=says):
        off_policy_value(**given_)  # type: ignore[arg-type] # the point of the test


# -- lists -------------------------------------------------------------------------------------------------------------


@given(
    n_among=st.integers(2, 7),
    share=st.floats(0.01, 1.0),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_weights_of_lists_are_the_pseudo_inverse(n_among: int, share: float, data: st.DataObject) -> None:
    """Against the matrix itself, of every list; weights are 1 on average where everything could have been shown."""
    n_shown = data.draw(st.integers(1, n_among - 1))
    wanted = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n_among, max_size=n_among)))
    best = set(range(n_shown))
    lists = list(itertools.combinations(range(n_among), n_shown))
    chances = [share / len(lists) + (1 - share) * (set(each) == best) for each in lists]
    shown = np.array([[float(thing in each) for thing in range(n_among)] for each in lists])
    together = shown.T @ (np.array(chances)[:, None] * shown)
    expected = shown @ np.linalg.solve(together, wanted)
    sums = {"best": float(wanted[:n_shown].sum()), "every": float(wanted.sum())}
    ours = [
        list_weight(n_shown, n_among, share, drawn=float(wanted[list(each)].sum()), both=len(best & {*each}), **sums)
        for each in lists
    ]
    assert ours == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert np.dot(chances, ours) == pytest.approx(wanted.sum() / n_shown, abs=1e-9)


def test_weight_of_a_list_of_one_is_the_ratio_of_probabilities() -> None:
    """The best of four is shown with 0.925, each other with 0.025: 0.5 over that."""
    of_best = list_weight(1, 4, 0.1, drawn=0.5, best=0.5, every=1, both=1)
    of_other = list_weight(1, 4, 0.1, drawn=0.5, best=0.5, every=1, both=0)
    assert (of_best, of_other) == pytest.approx((0.5 / 0.925, 0.5 / 0.025))


def test_a_list_without_chance_says_how_much_of_the_policy_it_showed() -> None:
    """Two of three things are the policy's own."""
    assert list_weight(3, 20, 0, drawn=2, best=2, every=3, both=3) == pytest.approx(2 / 3)
    assert list_weight(3, 3, 0.1, drawn=2, best=2, every=2, both=3) == pytest.approx(2 / 3)
    with pytest.raises(RefusedError, match="nothing is left to chance"):
        list_weight(3, 20, 0, drawn=2, best=2, every=3, both=2)
    with pytest.raises(RefusedError, match="cannot be drawn from 2"):
        list_weight(3, 2, 0.1, drawn=2, best=2, every=3, both=2)


def test_estimates_of_lists_hold_the_truth() -> None:
    """Where a list is worth the sum of what it shows."""
    rng = np.random.default_rng(4)
    every = [tool.listed(30_000, 0.3, rng) for _log in range(60)]
    found = tool.rates([(each.snips, truth) for each, truth in every])
    assert all(each.refusals == () for each, _truth in every)
    assert found.covered >= tool.least(60)
    assert abs(found.bias) < 0.05


def test_wrong_weights_are_refused_by_their_mean() -> None:
    """Lists weighted as if one in two had been drawn, where one in three was."""
    w = np.tile([list_weight(3, 12, 0.5, drawn=3, best=3, every=3, both=both) for both in (3, 3, 1)], 2_000)
    assert any("where 1 is due" in each for each in weighted_value(np.tile([1.0, 0, 3], 2_000), w).refusals)
