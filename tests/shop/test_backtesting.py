"""Bundles tried on a store's own later orders: what is found where the truth is known, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from builders import Event, later, line, purchase
from counterclick.config import BundlesConfig, Config
from counterclick.decisions import Ask
from counterclick.decisions.backtest import COMPARED, Backtest
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.shop import open_shop
from counterclick.shop.fitting import fit
from counterclick.shop.learning import Learning
from counterclick.shop.recording import silent
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


def switching(n: int = 1_500) -> list[Event]:
    """Return orders in which tea brings honey, three things sell to everybody, and sixty are bought at random."""
    rng = np.random.default_rng(8)
    made = []
    for number in range(n):
        if number % 8 == 0:
            lines = ["tea", "honey"]
        elif number % 8 == 1:
            lines = ["socks", f"p{rng.integers(60)}"]
        else:
            lines = [*("pen", "cup", "bag")[: rng.integers(1, 4)], f"p{rng.integers(60)}"]
        events = [line(each) for each in lines]
        made.append(purchase(None, at=later(START, hours=number), order=f"o{number}", lines=events))
    return made


def test_what_is_fitted_serves_where_the_backtest_says_so(tmp_path: Path) -> None:
    """For tea; for socks a merchandiser's rule does, for what nobody knows bestsellers; always, where it is declared."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    (tmp_path / "rules.toml").write_text('[[rules]]\nproducts = ["socks"]\noffer = ["tie"]\n', encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(switching())
        found = shop.backtest()
        assert {each.product for each in found.triggers if each.switches} >= {"tea", "honey"}
        assert not next(each for each in found.triggers if each.product == "socks").switches
        assert found.others[0].n >= found.least
        assert not found.others_switch
        model = next(each.model for each in shop.fit().fitted if each.model.name == "bundles")
        assert model.metrics["products_switched"] == sum(each.switches for each in found.triggers)
        policy = Learning(shop.store, shop.config, tmp_path).policy("bundles")
        offers, _, because = policy.decide(Ask("cart", "v", ("socks", "tea")))
        assert offers == ("honey",)
        assert "honey and tea were bought together" in because
        offers, _, because = policy.decide(Ask("cart", "v", ("socks",)))
        assert offers == ("tie",)
        assert because.startswith(
            "nothing that the backtest has switched to is known to be bought with the cart; instead: a merch"
        )
        assert policy.decide(Ask("cart", "v", ("unknown",)))[2].endswith(
            "sold most, net of returns, in the last 90 days of orders"
        )
        settings = Config(bundles=BundlesConfig(switch="always"))
        always = fit(shop.store, settings, shop.rules, lambda: shop.reading, shop.refresh, shop._past, silent)
        assert next(each for each in always.fitted if each.model.name == "bundles").is_new


def test_products_of_few_orders_are_judged_together(tmp_path: Path) -> None:
    """Fifty pairs, none of them with orders enough to be judged alone: together they are, and bundles serve for them."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    rng = np.random.default_rng(3)
    pairs = [f"a{n:02}" for n in rng.integers(50, size=1_500)]
    made = [
        purchase(None, at=later(START, hours=n), order=f"o{n}", lines=[line(first), line(first.replace("a", "b"))])
        for n, first in enumerate(pairs)
    ]
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(made)
        found = shop.backtest()
        assert (found.triggers, found.n_too_few) == ((), 100)
        assert found.others[0].n == found.n_later
        assert found.others_switch
        shop.fit(["bundles"])
        policy = Learning(shop.store, shop.config, tmp_path).policy("bundles")
        assert policy.decide(Ask("cart", "v", ("a07",)))[0] == ("b07",)
        assert "learned bundles serve for them" in " ".join(str(found).split())


def test_a_store_with_too_few_orders_stays_with_its_rules(tmp_path: Path) -> None:
    """Nothing can be judged; the model says what is missing, and so does each reason."""
    (tmp_path / "shop.toml").write_text("[readiness]\nbundle_products = 2\n", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(switching(60))
        model = next(each.model for each in shop.fit(["bundles", "bestsellers"]).fitted if each.model.name == "bundles")
        assert model.metrics["products_switched"] == 0
        assert model.missing[0].startswith("the latest orders hold 12 with two products or more; a backtest needs 30")
        policy = Learning(shop.store, shop.config, tmp_path).policy("bundles")
        offers, _, because = policy.decide(Ask("cart", "v", ("tea",)))
        assert len(offers) == 3
        assert because.startswith("the latest orders hold 12")
        assert "; instead: sold most" in because


def test_all_that_is_known_of_bundles_is_told(folder: Path, shell: Shell) -> None:
    """Before a fit what is missing; then rules, the strongest pairs each once, and whether they serve."""
    shop = ("--shop", str(folder / "shop.toml"))
    before = shell.json("bundles", *shop)
    assert (before["model"], before["pairs"]) == (None, [])
    assert "No model" not in before["missing"]
    shell("fit", "bundles", "bestsellers", *shop)
    told = shell.json("bundles", *shop)
    assert told["rules"] == [{"name": "rule 1", "when": "product tea", "offer": ["p1", "p2", "p3"], "limits": ""}]
    strongest = told["pairs"][0]
    assert {strongest["product"], strongest["partner"]} == {"tea", "honey"}
    assert len({frozenset((each["product"], each["partner"])) for each in told["pairs"]}) == len(told["pairs"])
    assert told["backtest"]["overall"][0]["policy"] == "bundles"
    assert "What the holdout says" in shell("bundles", *shop)
