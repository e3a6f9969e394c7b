"""The lines beside the verdict's lift: what they are made of, and that they decide nothing."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from builders import config, context, experiment, exposure, later, purchase
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.measured import PRE
from counterclick.experiments.sensitivity import Sensitivity, sensitivity_grid, sensitivity_lines, spent_before
from counterclick.stats import Moments, adjusted_lift, capped_lift, post_stratified_lift
from data_folder import data_file
from experiments.arms import measured, spend, table, verdict

HISTORY = np.arange(1.0, 2001.0)
MONDAY = "2026-01-05T00:00"


def lines(found: Any, history: Any = HISTORY, **settings: Any) -> dict[str, Sensitivity]:
    return {line.line: line for line in sensitivity_lines(config(**settings), found, history, "EUR")}


def strata(rng: np.random.Generator) -> dict[tuple[str, ...], Moments]:
    """Return cells of two arms, two kinds of customers and two devices."""
    cells = {}
    for arm in "ab":
        for customer, n in (("new", 400), ("returning", 100)):
            for device in ("mobile", "desktop"):
                amounts = rng.gamma(2, 20, n) * (rng.random(n) < (0.2 if customer == "new" else 0.5))
                values = np.column_stack([amounts, amounts, amounts > 0])
                cells[arm, customer, device, "DE"] = Moments.from_values(["revenue", "pre", "buyers"], values)
    return cells


def test_lines_are_the_statistics_rooms() -> None:
    """Adjusted for revenue before, post-stratified by customer and device, capped at the history's quantile."""
    cells = strata(np.random.default_rng(3))
    found = replace(measured({"a": spend(900, 300), "b": spend(900, 310, seed=2)}), by_traits=cells)
    got = lines(found)
    control, feature = found.arms["a"], found.arms["b"]
    adjusted = adjusted_lift(control, feature, "revenue", [PRE])
    assert (got["adjusted for revenue before"].lift, got["adjusted for revenue before"].reduction) == (
        adjusted.estimate,
        adjusted.reduction,
    )
    by_hand = {key: (cells["a", *key, "DE"], cells["b", *key, "DE"]) for key in
               [(c, d) for c in ("new", "returning") for d in ("mobile", "desktop")]}  # fmt: skip
    post = post_stratified_lift(by_hand, "revenue")
    line = got["post-stratified"]
    assert line.lift is not None
    assert (line.lift.value, line.lift.se, line.reduction) == pytest.approx(
        (post.estimate.value, post.estimate.se, post.reduction)
    )
    capped = capped_lift(found.amounts["a"], found.amounts["b"], 900, 900, float(np.quantile(HISTORY, 0.999)))
    assert got["amounts capped"].lift == capped.estimate
    assert "at EUR 1,998, the 99.9 % quantile of 2,000 amounts" in got["amounts capped"].says


def test_what_cannot_be_is_refused_with_its_reason() -> None:
    """No history before, no second stratum, too few amounts for a cap; the table says so and gives no number."""
    found = measured({"a": spend(900, 300), "b": spend(900, 310, seed=2)})
    bare = {
        arm: Moments(m.names, m.n, np.where(np.array(m.names) == PRE, 0, m.mean), _without(m, PRE))
        for arm, m in found.arms.items()
    }
    only = {("a", "new", "tv", "DE"): bare["a"], ("b", "new", "tv", "DE"): bare["b"]}
    got = lines(replace(found, arms=bare, by_traits=only), HISTORY[:10])
    assert [name for name, line in got.items() if line.lift is not None] == ["Fieller"]
    text = str(sensitivity_grid(list(got.values()), "revenue_per_visitor")).replace("\n  ", " ")
    assert "Adjusted for revenue before: revenue before does not vary in the control" in text
    assert "Post-stratified: of 1 strata 1 have 50 visitors in each arm" in text
    assert "Amounts capped: a cap at the 99.9 % quantile needs 1,000 earlier amounts; there are 10." in text
    assert text.count("refused") == 3


def _without(m: Moments, name: str) -> np.ndarray:
    keep = (np.array(m.names) != name).astype(float)
    return m.m2 * np.outer(keep, keep)


def test_strata_of_one_arm_only_are_merged() -> None:
    """Ten visitors on televisions, all of them in b: they join another stratum, and are named."""
    cells = strata(np.random.default_rng(3))
    cells["b", "new", "tv", "DE"] = Moments.from_values(["revenue", "pre", "buyers"], np.ones((10, 3)))
    found = replace(measured({"a": spend(900, 300), "b": spend(900, 310, seed=2)}), by_traits=cells)
    line = lines(found)["post-stratified"]
    assert line.lift is not None
    assert line.says.endswith("over 4 strata by new or returning and device; merged for want of visitors: new tv.")


def test_conversion_has_no_amounts_to_cap_and_a_missing_arm_no_lines() -> None:
    """A cap is of money; and without a control there is nothing to compare."""
    found = measured({"a": spend(900, 300), "b": spend(900, 310, seed=2)})
    assert "amounts capped" not in lines(found, outcome="conversion")
    assert sensitivity_lines(config(), replace(found, arms={"b": found.arms["b"]}), HISTORY, "EUR") == ()


def test_they_decide_nothing() -> None:
    """A verdict of the same moments has no word of them, and a result without them shows no table."""
    found = measured({"a": spend(20_000, 1_000), "b": spend(20_000, 1_000) * 1.2})
    assert "Sensitivity" not in str(verdict(found))
    assert "Sensitivity" not in str(table(found))
    shown = replace(table(found), sensitivity=tuple(lines(found).values()))
    assert "Sensitivity of revenue_per_visitor (never the verdict)" in str(shown)
    assert shown.rows == table(found).rows


def test_the_cap_rests_on_what_was_spent_before_the_start() -> None:
    """Per person and span of seven days, in the 28 days before; refunds of everything and later orders are none."""
    shop = context(
        exposure("v1", "a"),
        purchase("v1", 10, later(MONDAY, days=-1)),
        purchase("v1", 5, later(MONDAY, days=-6)),
        purchase("v1", 7, later(MONDAY, days=-8)),
        purchase("phone", 20, later(MONDAY, days=-1), customer_id="c1"),
        purchase("laptop", 30, later(MONDAY, days=-2), customer_id="c1"),
        purchase(None, 3, later(MONDAY, days=-27)),
        purchase(None, 4, later(MONDAY, days=-27)),
        purchase("v1", 100, later(MONDAY, days=-29)),
        purchase("v1", 1000, MONDAY),
        purchase("v9", 0, later(MONDAY, days=-1)),
    )
    assert spent_before(Cohort("test", config(), shop)).tolist() == [3, 4, 7, 15, 50]
    longer = Cohort("test", config(window="30d"), shop)
    assert spent_before(longer).tolist() == [3, 4, 50, 122]


def test_hillstroms_history_through_events() -> None:
    """Spend after an e-mail adjusted for what the same people had spent: the reduction is next to nothing, as NumPy says."""
    with data_file("hillstrom", "hillstrom.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["segment"] != "Womens E-Mail"][:20_000]
    events = []
    for n, row in enumerate(rows):
        events.append(exposure(f"v{n}", "a" if row["segment"] == "No E-Mail" else "b", MONDAY, device=row["channel"]))
        events.append(purchase(f"v{n}", row["history"], later(MONDAY, days=-3)))
        if float(row["spend"]):
            events.append(purchase(f"v{n}", row["spend"], later(MONDAY, days=1)))
    found = experiment(*events).result()
    _fieller, adjusted, post, capped = found.sensitivity
    squares = []
    for segment in ("No E-Mail", "Mens E-Mail"):
        own = np.array([[float(row["spend"]), float(row["history"])] for row in rows if row["segment"] == segment])
        squares.append(np.corrcoef(own.T)[0, 1] ** 2)
    assert adjusted.reduction is not None
    assert -0.001 < adjusted.reduction < max(squares) + 0.001 < 0.005
    assert post.reduction == pytest.approx(0, abs=0.005)
    assert "over 3 strata" in post.says
    cap = np.quantile([float(row["history"]) for row in rows], 0.999)
    assert f"at EUR {cap:,.0f}, the 99.9 % quantile of 20,000 amounts spent in 7d" in capped.says
    shown = str(found)
    assert "Sensitivity of revenue_per_visitor (never the verdict)" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
