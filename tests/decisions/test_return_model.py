"""How likely a basket has a return: what is learned from lines of known truth, and kept as numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from counterclick.config import ReturnsConfig
from counterclick.decisions.history import NEVER, Lines
from counterclick.decisions.return_lines import ReturnTable
from counterclick.decisions.return_model import FEATURES, ReturnModel, features_of, fitted_model
from counterclick.decisions.trees import Trees, fitted_trees
from counterclick.errors import RefusedError

DAY = 86_400
DELAY = 30 * DAY
SMALL = ReturnsConfig(blend_lines=1_000, blend_returns=50)


def table(n_orders: int = 4_000, seed: int = 1, *, base: float = -2.0) -> ReturnTable:
    """Return a year of orders whose returns hang on item and customer, and on a size of its own, in known log odds."""
    rng = np.random.default_rng(seed)
    n_lines = rng.integers(1, 4, n_orders)
    order = np.repeat(np.arange(n_orders), n_lines)
    at = np.sort(rng.integers(0, 365 * DAY, n_orders))[order]
    size = rng.integers(0, 60, len(order))
    item = size // 3
    who = np.repeat(rng.integers(0, 400, n_orders), n_lines)
    odds = base + rng.normal(0, 0.8, 20)[item] + rng.normal(0, 0.5, 60)[size] + rng.normal(0, 0.8, 400)[who]
    back = rng.random(len(order)) < expit(odds)
    returned = np.where(back, at + rng.integers(DAY, DELAY, len(order)), NEVER)
    none = np.full(len(order), -1, np.int64)
    names = {"item": 20, "size": 60, "customer": 400, "category": 0, "payment": 0}
    return ReturnTable(
        lines=Lines(order, at, returned),
        names={kind: tuple(f"{kind} {k}" for k in range(n)) for kind, n in names.items()},
        groups={"item": item, "size": size, "customer": who, "category": none, "payment": none},
        item_of_size=np.arange(60) // 3,
        quantity=np.ones(len(order)),
        price=np.full(len(order), 10.0),
    )


@pytest.fixture(scope="module")
def learnt() -> ReturnModel:
    return fitted_model(table(), DELAY, 300 * DAY, SMALL)


def test_later_returns_are_foreseen_and_their_chances_hold(learnt: ReturnModel) -> None:
    """Of lines after the day that it was learned on: told apart, and as many come back as was said, by line and basket."""
    own = table()
    rows = np.flatnonzero(own.lines.ordered_at > 300 * DAY)
    chances = learnt.lines(features_of(own, learnt.priors, DELAY, rows, own.lines.ordered_at[rows]))
    returned = own.lines.returned_at[rows] < NEVER
    assert roc_auc_score(returned, chances) > 0.7
    assert chances.mean() == pytest.approx(returned.mean(), abs=0.03)
    basket = np.unique(own.lines.order[rows], return_inverse=True)[1]
    baskets = learnt.baskets(chances, basket)
    assert baskets.mean() == pytest.approx((np.bincount(basket, weights=returned) > 0).mean(), abs=0.04)
    assert ((baskets > 0) & (baskets < 1)).all()


def test_what_came_later_changes_nothing() -> None:
    """Learned as of a day, from the whole year or from what was known that day: the same numbers."""
    own = table(1_500, base=-1.0)
    today = 300 * DAY
    rows = np.flatnonzero(own.lines.ordered_at <= today)
    lines = Lines(
        own.lines.order[rows],
        own.lines.ordered_at[rows],
        np.where(own.lines.returned_at[rows] <= today, own.lines.returned_at[rows], NEVER),
    )
    groups = {kind: group[rows] for kind, group in own.groups.items()}
    then = ReturnTable(lines, own.names, groups, own.item_of_size, own.quantity[rows], own.price[rows])
    one, other = (fitted_model(each, DELAY, today, SMALL).to_plain() for each in (own, then))
    assert json.dumps(one) == json.dumps(other)


def test_it_is_kept_as_numbers(learnt: ReturnModel) -> None:
    """Written as JSON and read again, it says the same; its trees as well."""
    again = ReturnModel.from_plain(json.loads(json.dumps(learnt.to_plain())))
    own = table()
    rows = np.arange(500)
    features = features_of(own, learnt.priors, DELAY, rows, own.lines.ordered_at[rows])
    np.testing.assert_array_equal(again.lines(features), learnt.lines(features))
    trees = fitted_trees(features, own.lines.returned_at[rows] < NEVER)
    kept = Trees.from_plain(json.loads(json.dumps(trees.to_plain())))
    np.testing.assert_array_equal(kept.log_odds(features), trees.log_odds(features))


def test_trees_are_those_of_scikit_learn() -> None:
    """Asked without it, they say what it says, on rows that they have not seen."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(3_000, 4))
    returned = rng.random(3_000) < expit(features[:, 0] * features[:, 1])
    theirs = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=0,
    ).fit(features, returned)
    new = rng.normal(size=(500, 4))
    np.testing.assert_allclose(fitted_trees(features, returned).log_odds(new), theirs.decision_function(new), atol=1e-9)


def test_the_linear_part_is_a_logistic_regression(learnt: ReturnModel) -> None:
    """On the same columns scikit-learn's own, each in its spread, tells lines apart alike."""
    own = table()
    rows = np.flatnonzero(own.settled(DELAY, 300 * DAY))
    features = features_of(own, learnt.priors, DELAY, rows, own.lines.ordered_at[rows])
    early = own.lines.ordered_at[rows] < np.quantile(own.lines.ordered_at[rows], 0.8)
    used = features.std(axis=0) > 1e-6
    scaled = (features[:, used] - features[early][:, used].mean(axis=0)) / features[early][:, used].std(axis=0)
    returned = own.lines.returned_at[rows] <= 300 * DAY
    theirs = LogisticRegression(max_iter=1_000).fit(scaled[early], returned[early])
    np.testing.assert_allclose(learnt.linear(features), theirs.decision_function(scaled), atol=1e-6)


def test_two_sizes_of_one_item_stand_out() -> None:
    """Of a basket with sizes 0 and 1, both of item 0, and size 3 of item 1: the first two, and not the same size twice."""
    whole = [np.array(each, np.int64) for each in ([0, 0, 0, 1, 1], [0, 1, 3, 0, 0])]
    order, size = whole
    at = np.zeros(5, np.int64)
    none = np.full(5, -1, np.int64)
    groups = {"item": size // 3, "size": size, "customer": none, "category": none, "payment": none}
    names = {"item": ("a", "b"), "size": ("a1", "a2", "a3", "b1"), "customer": (), "category": (), "payment": ()}
    own = ReturnTable(Lines(order, at, at + NEVER), names, groups, np.array([0, 0, 0, 1]), np.ones(5), np.ones(5))
    learnt = fitted_model(table(), DELAY, 300 * DAY, SMALL)
    found = features_of(own, learnt.priors, DELAY, np.arange(5), at)
    assert found[:, FEATURES.index("two_sizes")].tolist() == [1, 1, 0, 0, 0]
    assert np.isfinite(found).all()


@pytest.mark.parametrize("n_orders", [0, 40])
def test_too_little_is_refused(n_orders: int) -> None:
    """With what is there and what is needed; a shop without any order as well."""
    with pytest.raises(RefusedError, match="came back; 30 that did"):
        fitted_model(table(n_orders), DELAY, 400 * DAY, SMALL)
