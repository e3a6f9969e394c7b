"""Slices: who is in them, what each earned, whether they differ, and when nothing is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

from builders import MONDAY, Event, experiment, exposure, later, line, product, purchase
from counterclick.errors import RefusedError
from counterclick.experiments.slices import Slice, Slices
from counterclick.stats import Moments, holm, log_ratio_lift

LATER = later(MONDAY, hours=1)
DEVICES = {"mobile": (200, 60), "desktop": (150, 55), "tv": (40, 10)}


def spent(device: str, arm: str, n: int) -> float:
    """Return what the n-th buyer spends: desktops of b a third more."""
    return (20 + n % 7) * (4 / 3 if (device, arm) == ("desktop", "b") else 1)


def shop(*, lines: bool = False) -> list[Event]:
    """Return three devices, of which televisions have ten buyers in an arm."""
    events = []
    for device, (size, buyers) in DEVICES.items():
        for arm in "ab":
            for n in range(size):
                name = f"{device}-{arm}-{n}"
                events.append(exposure(name, arm, device=device, country="DE"))
                if n < buyers:
                    amount = round(spent(device, arm, n), 2)
                    own = [line("lamp", 1, amount / 2), line("bulb", 1, amount / 2)] if lines else None
                    events.append(purchase(name, amount, LATER, lines=own))
    return events


def found(slices: Slices, dimension: str, value: str) -> Slice:
    return next(row for row in slices.rows if (row.dimension, row.value) == (dimension, value))


def moments(device: str, arm: str) -> Moments:
    size, buyers = DEVICES[device]
    amounts = [round(spent(device, arm, n), 2) for n in range(buyers)] + [0.0] * (size - buyers)
    return Moments.from_values(["revenue"], amounts)


def test_each_slice_is_a_plain_recomputation() -> None:
    """Visitors, buyers, lift and interval of phones and desktops; p-values are Holm's over all slices of the table."""
    slices = experiment(*shop()).slices()
    mobile, desktop = (found(slices, "device", device) for device in ("mobile", "desktop"))
    assert (mobile.n_control, mobile.n_treatment, mobile.control_buyers, mobile.treatment_buyers) == (200, 200, 60, 60)
    assert mobile.lift is not None
    assert desktop.lift is not None
    for row, device in ((mobile, "mobile"), (desktop, "desktop")):
        expected = log_ratio_lift(moments(device, "a"), moments(device, "b"), "revenue")
        assert row.lift is not None
        assert (row.lift.value, row.lift.lower, row.lift.p_value) == pytest.approx(
            (expected.value, expected.lower, expected.p_value), rel=1e-9
        )
    assert mobile.lift.value == pytest.approx(0)
    assert desktop.lift.value == pytest.approx(1 / 3, rel=1e-3)
    given = [row for row in slices.rows if row.lift is not None]
    assert [row.p_adjusted for row in given] == holm([row.lift.p_value for row in given if row.lift is not None])


def test_a_slice_with_few_buyers_is_refused() -> None:
    """Ten buyers in an arm: the counts are there, a lift is not, and the text says whose."""
    slices = experiment(*shop()).slices()
    row = found(slices, "device", "tv")
    assert (row.lift, row.p_adjusted, row.control_buyers) == (None, None, 10)
    assert "too few buyers: 10 in the smaller arm, where 50 are needed" in row.refused
    assert "Too few buyers (under 50 in an arm): tv." in str(slices)


def test_whether_slices_differ_is_cochrans_q() -> None:
    """Two independent log ratios: the squared difference over the sum of variances."""
    slices = experiment(*shop()).slices()
    lifts = [found(slices, "device", device).lift for device in ("mobile", "desktop")]
    effects = [math.log1p(lift.value) for lift in lifts if lift is not None]
    variance = sum(lift.se**2 for lift in lifts if lift is not None)
    q = (effects[1] - effects[0]) ** 2 / variance
    test = next(each for each in slices.interactions if each.dimension == "device")
    assert (test.q, test.df, test.p_value) == pytest.approx((q, 1, chi2.sf(q, 1)), rel=1e-9)
    assert "That is not shown" in str(slices)


def test_a_dimension_with_one_value_is_said_and_not_sliced() -> None:
    """All are in Germany and new: no table for either."""
    slices = experiment(*shop()).slices()
    assert slices.whole == {"customer": "new", "country": "DE"}
    assert {row.dimension for row in slices.rows} == {"device"}
    assert "Every visitor's country is DE." in str(slices)


def test_text_warns_and_fits() -> None:
    """Exploratory and never a verdict, in 80 columns."""
    text = str(experiment(*shop()).slices())
    assert "No test" not in text
    assert "Exploratory, never a verdict: of 2 intervals about 0.1 miss the truth" in text.replace("\n  ", " ")
    assert max(len(row) for row in text.splitlines()) <= 80


def test_categories_split_revenue_and_not_visitors() -> None:
    """Every visitor counts in every category; halves of each basket are lamps and bulbs; the catalogue names them."""
    catalogue = [product("lamp", "lights"), product("bulb", "parts")]
    slices = experiment(*catalogue, *shop(lines=True)).slices()
    lights = found(slices, "category", "lights")
    assert (lights.n_control, lights.n_treatment, lights.control_buyers) == (390, 390, 125)
    whole = [Moments.total(moments(device, arm) for device in DEVICES) for arm in "ab"]
    expected = log_ratio_lift(*whole, "revenue")
    assert lights.lift is not None
    assert lights.lift.value == pytest.approx(expected.value, rel=1e-3)
    assert lights.lift.se == pytest.approx(expected.se, rel=1e-3)
    test = next(each for each in slices.interactions if each.dimension == "category")
    assert (test.p_value, test.refused) == (None, "some are only ever bought together and in proportion")


def test_categories_are_tested_with_their_covariance() -> None:
    """The same visitors buy both: Q is that of the joint covariance, far from what independent slices would give."""
    rng = np.random.default_rng(8)
    events, spend = [product("lamp", "lights"), product("bulb", "parts")], {"a": [], "b": []}
    for arm in "ab":
        for n in range(150):
            name, taste = f"{arm}{n}", rng.gamma(2.0)
            pair = (round(20 * taste * (1.3 if arm == "b" else 1), 2), round(10 * taste * rng.uniform(0.8, 1.2), 2))
            events.append(exposure(name, arm))
            if n < 80:
                events.append(purchase(name, None, LATER, lines=[line("lamp", 1, pair[0]), line("bulb", 1, pair[1])]))
            spend[arm].append(pair if n < 80 else (0.0, 0.0))
    slices = experiment(*events).slices()
    arms = [np.array(spend[arm]) for arm in "ab"]
    means = [values.mean(axis=0) for values in arms]
    effects = np.log(means[1] / means[0])
    covariance = sum(
        np.cov(values, rowvar=False) / np.outer(mean, mean) / len(values) for values, mean in zip(arms, means, strict=True)
    )
    contrast = np.array([1.0, -1.0])
    q = (contrast @ effects) ** 2 / (contrast @ covariance @ contrast)
    test = next(each for each in slices.interactions if each.dimension == "category")
    assert test.q == pytest.approx(q, rel=1e-9)
    assert q > 5 * (contrast @ effects) ** 2 / np.trace(covariance)


def test_orders_outside_the_window_and_without_lines_are_in_no_category() -> None:
    """A lamp after eight days and an order without lines: no revenue in any category; a product unknown to the catalogue."""
    events = [exposure("v1", "a"), exposure("v2", "b"), product("lamp", "lights")]
    events += [purchase("v1", 30, later(MONDAY, days=8), lines=[line("lamp", 1, 30)]), purchase("v2", 20, LATER)]
    assert not [row for row in experiment(*events).slices().rows if row.dimension == "category"]
    events += [purchase("v1", None, LATER, lines=[line("ghost", 1, 5), line("lamp", 2, 10)])]
    slices = experiment(*events).slices()
    assert [(row.value, row.control_buyers) for row in slices.rows if row.dimension == "category"] == [
        ("lights", 1),
        ("unknown", 1),
    ]


def test_a_shop_that_names_nothing_has_nothing_to_slice() -> None:
    """One value of each dimension: the text says which, and no interval is spoken of."""
    slices = experiment(exposure("v1", "a"), exposure("v2", "b")).slices()
    assert slices.whole == {"customer": "new", "device": "unknown", "country": "unknown"}
    assert "Nothing can be compared by slices here." in str(slices)


def test_an_empty_arm_cannot_be_sliced() -> None:
    """Without visitors of the control there is nothing to compare with."""
    with pytest.raises(RefusedError, match="arm 'a' has no finished visitors"):
        experiment(exposure("v1", "b")).slices()
