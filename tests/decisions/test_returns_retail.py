"""Returns of a real store: told apart, with chances that hold, beside naive scores; the traps beside their worth."""

from __future__ import annotations

import numpy as np
import pytest
from returns import Foreseen, calibration_error, leaking, measure
from returns_retail import recorded
from sklearn.calibration import calibration_curve

from counterclick.decisions.return_lines import ReturnTable
from data_folder import data_file


@pytest.fixture(scope="module")
def table() -> ReturnTable:
    """Return the store's order lines, out of a shop that recorded them."""
    return recorded(data_file("online_retail", "online_retail.parquet"))


@pytest.fixture(scope="module")
def found(table: ReturnTable) -> Foreseen:
    """Return one run."""
    return measure(table)


def test_later_returns_are_foreseen(found: Foreseen) -> None:
    """The default reaches .76 and the blend .79; rates alone reach what the sketch found; every naive score lies below."""
    assert found.score("logistic (default)").auc >= 0.76
    assert found.score("blend of both").auc >= 0.79
    assert found.score("logistic, rates alone").auc >= 0.75
    naive = ("rate of the item", "rate of the customer", "share of the item, not shrunk", "price of the line")
    for name in naive:
        assert found.score(name).upper < found.score("logistic (default)").lower


def test_chances_hold(found: Foreseen) -> None:
    """Of lines within .01; of baskets that could be followed hardly further than luck alone would have it."""
    held = {each.name: each for each in found.held}
    assert held["lines"].error < 0.01
    assert held["lines, followed for 30 days"].error < 0.01
    baskets = held["baskets, followed for 30 days"]
    assert baskets.error < baskets.by_luck + 0.01
    assert baskets.error < held["the same, as if lines came back one by one"].error / 3


def test_open_traps_would_look_better_than_the_truth(table: ReturnTable) -> None:
    """By as much as the customer's rate seems to gain: what a leaking model would boast of."""
    worth = leaking(table)
    assert worth["both shut"] + 0.03 < worth["labels at once"]
    assert worth["labels at once"] + 0.04 < worth["labels at once, and lines of one order see each other"]


def test_the_calibration_error_is_that_of_scikit_learn() -> None:
    """Over ten equal parts, from its calibration curve."""
    rng = np.random.default_rng(2)
    chances = rng.random(5_000)
    returned = rng.random(5_000) < chances**2
    share, said = calibration_curve(returned, chances, n_bins=10, strategy="quantile")
    assert calibration_error(chances, returned) == pytest.approx(float(np.abs(share - said).mean()), abs=1e-3)
