"""What nudges saved, by the holdout of flagged baskets: found where they work, idle where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builders import line, purchase, refund
from counterclick.audits.return_report import saved_by
from counterclick.config import ReturnsConfig
from counterclick.errors import ConfigError
from counterclick.shop import open_shop
from counterclick.shop.front import Shop
from counterclick.simulate.returning import RETURNS_TOML, ReturnsTruth, flagged_baskets
from counterclick.stats import Moments
from counterclick.verdicts import Verdict

COSTS = ReturnsConfig(shipping_out=4.0, shipping_back=5.0, restocking=3.0, value_loss=0.1)


def shop_of(tmp_path_factory: pytest.TempPathFactory, effect: float, seed: int = 1) -> Shop:
    folder = tmp_path_factory.mktemp("nudges")
    (folder / "shop.toml").write_text(RETURNS_TOML, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record(flagged_baskets(ReturnsTruth(effect), seed))
    return shop


def test_nudges_that_work_are_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A third of all returns prevented: won, with the saved shipping, labour and value, and what is net of lost orders."""
    with shop_of(tmp_path_factory, 1 / 3) as shop:
        found = shop.returns()
    (test,) = found.tests
    assert isinstance(test.verdict, Verdict)
    assert test.verdict.outcome == "won"
    saved = {each.name: each for each in test.saved}
    true = test.n_nudged * ReturnsTruth(1 / 3).prevented
    assert saved["returns prevented"].lower < true < saved["returns prevented"].upper
    assert saved["returns prevented"].lower > 0
    prevented = saved["returns prevented"].value
    assert saved["shipping both ways"].value == pytest.approx(9 * prevented)
    assert saved["restocking labour"].value == pytest.approx(3 * prevented)
    parts = ("kept margin", "shipping both ways", "restocking labour", "lost value of goods")
    assert saved["net"].value == pytest.approx(sum(saved[name].value for name in parts))
    assert saved["net"].lower > 0
    text = str(found)
    assert text.index("What the holdout says") < text.index("How often what comes back") < text.index("return prevention:")
    by_size = {each.name: each for each in found.rates.rates["size"]}
    assert by_size["shirt-S"].rate < by_size["shirt-L"].rate < by_size["shirt-M"].rate


def test_nudges_that_do_nothing_are_idle(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing prevented: no verdict for them, and nothing saved beyond chance."""
    with shop_of(tmp_path_factory, 0.0) as shop:
        (test,) = shop.returns().tests
    assert isinstance(test.verdict, Verdict)
    assert test.verdict.outcome == "inconclusive"
    saved = {each.name: each for each in test.saved}
    assert saved["returns prevented"].lower < 0 < saved["returns prevented"].upper
    assert saved["net"].lower < 0 < saved["net"].upper


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_over_seeds_nudges_are_found_where_they_work_and_idle_where_they_do_not(
    tmp_path_factory: pytest.TempPathFactory, effect: float
) -> None:
    """Of six shops each: won and said to prevent returns in all; not won in any, and said to be idle in five at least."""
    said = []
    for seed in range(2, 8):
        with shop_of(tmp_path_factory, effect, seed) as shop:
            (test,) = shop.returns().tests
        assert isinstance(test.verdict, Verdict)
        assert (test.verdict.outcome == "won") == bool(effect)
        said.append(test.found.split(":")[0])
    if effect:
        assert {*said} == {"Nudges prevent returns"}
    else:
        assert said.count("Nudges are idle as far as can be seen") >= 5


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_the_interval_holds_what_is_true(effect: float) -> None:
    """Simulated 400 times from sums of visitors: 95 % of the intervals of net hold the true amount, within chance."""
    rng = np.random.default_rng(5)
    held = 0
    for _run in range(400):
        arms = []
        for share in (0.0, effect):
            back = rng.random(800) < 0.3 * (1 - share)
            values = np.column_stack([np.where(back, 0.0, 20.0), back, 40.0 * back, np.ones(800)])
            names = ("kept_margin", "returned_orders", "returned_value", "orders")
            arms.append(Moments.from_values(names, values))
        net = next(each for each in saved_by(*arms, COSTS)[0] if each.name == "net")
        held += net.lower <= 800 * 0.3 * effect * (20 + 12 + 4) <= net.upper
    assert 0.925 * 400 <= held <= 0.975 * 400


def test_without_costs_and_without_a_holdout_it_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Which settings are missing; that no experiment runs; what the gates lack, and what to do instead."""
    moments = Moments.from_values(
        ("kept_margin", "returned_orders", "returned_value", "orders"), np.eye(4).repeat(3, axis=0)
    )
    saved, says = saved_by(moments, moments, ReturnsConfig())
    assert [each.name for each in saved] == ["returns prevented", "orders lost", "kept margin", "net"]
    assert "Without shipping_out and shipping_back, restocking, value_loss" in says
    folder = tmp_path_factory.mktemp("none")
    (folder / "shop.toml").write_text("[surfaces.checkout]\n", encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([purchase("v1", lines=[line("hat")], order="o1"), refund("o1", "2026-01-09T10:00")])
        text = str(shop.returns())
    assert "No experiment has the arm 'returns'" in text
    assert "MISSING" in text
    assert "Until then: Size and compatibility notes" in " ".join(text.split())


@pytest.mark.parametrize("wrong", [{"effect": 1.2}, {"effect": 0.1, "lost": -0.1}, {"effect": 0.1, "sizes": {"M": 0.9}}])
def test_a_truth_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """A share is a share, also of the customer who sends most back."""
    with pytest.raises(ConfigError, match="a fraction from 0 to 1"):
        ReturnsTruth(**wrong)
