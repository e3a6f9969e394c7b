"""Bundles tried on a store's own later orders: what is found where the truth is known, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from builders import Event, later, line, purchase
from counterclick.decisions.backtest import COMPARED, Backtest
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.shop import open_shop
from counterclick.stats.shares import wilson
from shell import Shell

START = "2026-01-05T10:00"


def orders(n: int = 600) -> list[Event]:
    """Return orders of a store in which tea brings honey in four of five, and socks bring nothing in particular."""
    rng = np.random.default_rng(5)
    made = []
    for number in range(n):
        first = str(rng.choice(["tea", "socks"]))
        second = "honey" if first == "tea" and rng.random() < 0.8 else f"p{rng.integers(60)}"
        best = ["pen"] if rng.random() < 0.3 else []
        lines = [line(each) for each in (first, second, *best)]
        made.append(purchase(None, at=later(START, hours=number), order=f"o{number}", lines=lines))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the store."""
    place = tmp_path_factory.mktemp("backtest")
    (place / "shop.toml").write_text("[shop]\n", encoding="utf-8")
    (place / "rules.toml").write_text('[[rules]]\nproducts = ["tea"]\noffer = ["p1", "p2", "p3"]\n', encoding="utf-8")
    with open_shop(place / "shop.toml") as shop:
        shop.record(orders())
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> Backtest:
    """Return its backtest."""
    with open_shop(folder / "shop.toml") as shop:
        return shop.backtest()


def test_learned_bundles_are_tried_where_they_foresee_more(found: Backtest) -> None:
    """For tea, where a merchandiser offers at random and honey is bought in four of five; bestsellers hold honey too."""
    assert (found.n_earlier, found.n_later, found.n_offers) == (480, 120, 3)
    triggers = {each.product: each for each in found.triggers}
    learned, rules, _static = triggers["tea"].found
    assert learned.share > 0.7
    assert learned.beats(rules)
    assert [each.policy for each in found.overall] == list(COMPARED)
    for trigger in found.triggers:
        own, *others = trigger.found
        assert trigger.switches == all(own.lower > other.upper for other in others)
        assert trigger.serve in COMPARED
        assert trigger.because
        assert all(each.n == trigger.found[0].n >= found.least for each in trigger.found)


def test_nothing_switches_where_learning_knows_no_better(found: Backtest) -> None:
    """Socks bring a product drawn at random: no list foresees it, and the rules stay."""
    socks = next(each for each in found.triggers if each.product == "socks")
    assert not socks.switches
    assert socks.serve == "bestsellers"
    assert socks.because.startswith("no rule is for it")


def test_later_orders_teach_nothing(folder: Path, tmp_path: Path) -> None:
    """A pair that is bought only in the latest fifth is not foreseen: what is tried was not learned from."""
    (tmp_path / "shop.toml").write_text((folder / "shop.toml").read_text(encoding="utf-8"), encoding="utf-8")
    new = [purchase(None, at=later(START, hours=1_000 + n), lines=[line("new"), line("newer")]) for n in range(100)]
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([*orders(400), *new])
        trigger = next(each for each in shop.backtest().triggers if each.product == "new")
    assert [each.hits for each in trigger.found] == [0, 0, 0]


def test_the_command_says_that_it_is_no_effect(folder: Path, shell: Shell) -> None:
    """First of all; with a row for each product, and in JSON with every interval."""
    shop = ("--shop", str(folder / "shop.toml"))
    text = " ".join(shell("backtest", "bundles", *shop).split())
    assert "Would be bought anyway" in text
    assert "is no effect" in text
    told = shell.json("backtest", "bundles", *shop)
    assert {each["policy"] for each in told["overall"]} == set(COMPARED)
    assert all(0 <= each["lower"] <= each["upper"] <= 1 for each in told["overall"])


def test_too_few_orders_are_refused_with_what_is_missing(tmp_path: Path) -> None:
    """An empty store, a single order, and a store whose latest orders are few."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        with pytest.raises(EmptyStoreError):
            shop.backtest()
        shop.record(orders(1))
        with pytest.raises(RefusedError, match="1 orders with lines cannot be divided"):
            shop.backtest()
        shop.record(orders(60)[1:])
        with pytest.raises(RefusedError, match="hold 12 with two products or more; a backtest needs 30"):
            shop.backtest()


@pytest.mark.parametrize(("hits", "n", "level"), [(0, 30, 0.95), (7, 40, 0.99), (40, 40, 0.9999), (1, 1, 0.9)])
def test_wilsons_interval_is_statsmodels(hits: int, n: int, level: float) -> None:
    """At the ends as well, and at the levels of many products together."""
    assert wilson(hits, n, level) == pytest.approx(proportion_confint(hits, n, 1 - level, "wilson"), abs=1e-12)


def test_a_share_of_nothing_has_no_interval() -> None:
    """Refused, not zero."""
    for hits, n in ((0, 0), (3, 2), (-1, 4)):
        with pytest.raises(RefusedError, match="a share is so many"):
            wilson(hits, n)
