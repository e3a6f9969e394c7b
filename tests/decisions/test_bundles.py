"""Learned bundles: pairs against counting by hand, and what a cart is offered."""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Event, facts, later, line, purchase, refund
from counterclick.config import BundlesConfig, parse, parse_rules
from counterclick.config.bundles import BUNDLE_SOURCES
from counterclick.config.meanings import meanings
from counterclick.decisions import Ask, Bundles
from counterclick.decisions.pairs import Baskets, pairs_of
from counterclick.errors import ConfigError
from counterclick.shop.decided import ask_of
from data_folder import ROOT

START = "2025-01-05T10:00"
LOOSE = BundlesConfig(joint=1, lift=0, shrink=0)


def order(*products: str, day: float = 0, order: str | None = None, cost: float | None = None) -> Event:
    return purchase(None, at=later(START, days=day), order=order, lines=[line(each, unit_cost=cost) for each in products])


def learnt(*events: Event, limits: BundlesConfig | None = None, products: int = 2) -> Bundles:
    policy = Bundles(limits, products)
    policy.fit(facts(*events).outcomes())
    return policy


def baskets_from(carts: list[list[int]], n_products: int) -> Baskets:
    rows = [(basket, product, place) for basket, cart in enumerate(carts) for place, product in enumerate(cart)]
    basket, product, place = (np.array([row[n] for row in rows], np.int64) for n in range(3))
    return Baskets(tuple(f"p{n:02}" for n in range(n_products)), basket, product, place)


@given(
    st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=9, unique=True), min_size=1, max_size=40), st.integers(2, 8)
)
def test_pairs_are_those_that_counting_finds(carts: list[list[int]], most: int) -> None:
    """Joint counts, lifts and weighted confidences of any baskets equal a count over all ordered pairs, large ones cut."""
    limits = BundlesConfig(joint=2, lift=0.8, shrink=3, basket_items=most)
    times: Counter[int] = Counter()
    joint: Counter[tuple[int, int]] = Counter()
    weighed: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    weights = [1 / math.log2(2 + len(cart)) for cart in carts]
    for cart, weight in zip(carts, weights, strict=True):
        for product in cart[:most]:
            times[product] += 1
            weighed[product] += weight
        for pair in permutations(cart[:most], 2):
            joint[pair] += 1
            together[pair] += weight
    shrink = 3 * sum(weights) / len(weights)
    expected = {
        pair: (n, n * len(carts) / times[pair[0]] / times[pair[1]], together[pair] / (weighed[pair[0]] + shrink))
        for pair, n in joint.items()
        if n >= 2 and n * len(carts) > 0.8 * times[pair[0]] * times[pair[1]]
    }
    found = pairs_of(baskets_from(carts, 12), limits)
    triggers = np.repeat(np.arange(12), np.diff(found.begins))
    pairs = list(zip(triggers.tolist(), found.partner.tolist(), strict=True))
    assert set(pairs) == set(expected)
    for place, pair in enumerate(pairs):
        own = (found.joint[place], found.lift[place], found.confidence[place])
        assert own == pytest.approx(expected[pair], rel=1e-12)
    for trigger in range(12):
        ranked = found.confidence[found.begins[trigger] : found.begins[trigger + 1]]
        assert (np.diff(ranked) <= 0).all()


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worked on product by product, the pairs are the same as at once."""
    rng = np.random.default_rng(3)
    carts = [rng.choice(30, rng.integers(1, 12), replace=False).tolist() for _ in range(300)]
    whole = pairs_of(baskets_from(carts, 30), LOOSE)
    monkeypatch.setattr("counterclick.decisions.pairs._CELLS", 1)
    parts = pairs_of(baskets_from(carts, 30), LOOSE)
    for name in ("begins", "partner", "confidence", "joint", "lift"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_a_cart_is_offered_what_is_bought_with_it() -> None:
    """Six of eight orders with a hat had a scarf, and none of the twelve others: bought together 2.5 times as often."""
    policy = learnt(*(order("hat", "scarf", day=n) for n in range(6)))
    assert policy.decide(Ask("cart", "v", ("hat",)))[2].startswith("no two products")  # in every order: no more than chance
    others = [order("belt", day=n) for n in range(12)]
    policy = learnt(*(order("hat", "scarf", day=n) for n in range(6)), *(order("hat", day=n) for n in range(2)), *others)
    offers, scores, because = policy.decide(Ask("cart", "v", ("hat",)))
    assert offers == ("scarf",)
    average = (6 / 2 + 14 / math.log2(3)) / 20
    assert scores[0] == pytest.approx(6 / 2 / (6 / 2 + 2 / math.log2(3) + 2 * average))
    assert because == "scarf and hat were bought together 6 times, 2.5 times chance"


def test_of_a_cart_the_best_partner_counts() -> None:
    """The offer that one product of the cart speaks for strongly stands before that which several speak for weakly."""
    strong = [order("hat", "scarf", day=n) for n in range(9)]
    weak = [order(each, "belt", f"filler{n}", day=n) for each in ("sock", "tie") for n in range(6)]
    alone = [order(each, day=n) for each in ("sock", "tie") for n in range(9)]
    policy = learnt(*strong, *weak, *alone, *(order(f"other{n}", day=n) for n in range(20)))
    offers, scores, because = policy.decide(Ask("cart", "v", ("sock", "hat", "tie")))
    assert offers == ("scarf", "belt")
    assert scores[0] > scores[1]
    assert "scarf and hat" in because
    assert policy.decide(Ask("cart", "v", ("sock",)))[1][0] == scores[1]


def test_four_orders_are_no_pair_and_five_are() -> None:
    """The least number of joint orders is declared, and stands beside its source."""
    noise = [order(f"p{n}") for n in range(30)]
    four = [order("hat", "scarf", day=n) for n in range(4)]
    assert "instead" in learnt(*four, *noise).decide(Ask("cart", "v", ("hat",)))[2]
    assert learnt(*four, order("hat", "scarf"), *noise).decide(Ask("cart", "v", ("hat",)))[0] == ("scarf",)
    assert learnt(*four, *noise, limits=BundlesConfig(joint=4)).decide(Ask("cart", "v", ("hat",)))[0] == ("scarf",)


def test_margin_ranks_where_it_is_known() -> None:
    """A ring of 60 margin stands before a scarf of 2 that is bought more often; what is sold below cost is not offered."""

    def sold(other: str, price: float, cost: float | None, n: int) -> list[Event]:
        lines = [line("hat"), line(other, price=price, unit_cost=cost)]
        return [purchase(None, at=later(START, days=day), lines=lines) for day in range(n)]

    noise = [order(f"p{n}") for n in range(200)]
    policy = learnt(*sold("scarf", 10, 8, 12), *sold("ring", 100, 40, 6), *sold("bait", 5, 9, 12), *noise)
    offers, scores, because = policy.decide(Ask("cart", "v", ("hat",)))
    assert offers == ("ring", "scarf")
    assert scores[0] / scores[1] == pytest.approx(60 * 6 / (2 * 12))
    assert because.endswith(", times margin")


def test_a_year_counts_and_cancelled_orders_do_not() -> None:
    """Pairs of the year before last, and of orders that were cancelled, are forgotten."""
    noise = [order(f"p{n}", day=400) for n in range(30)]
    old = [order("hat", "scarf", day=n) for n in range(8)]
    gone = [order("hat", "belt", day=390, order=f"c{n}") for n in range(8)]
    back = [refund(f"c{n}", at=later(START, days=391), refund_kind="cancellation") for n in range(8)]
    now = [order("hat", "tie", day=395) for _ in range(5)]
    assert learnt(*noise, *old, *gone, *back, *now).decide(Ask("cart", "v", ("hat",)))[0] == ("tie",)


def test_a_store_below_the_gate_serves_bestsellers_and_says_what_is_missing() -> None:
    """Bundles want fifty products unless shop.toml says otherwise."""
    policy = learnt(*(order("hat", "scarf", day=n) for n in range(9)), products=50)
    offers, _, because = policy.decide(Ask("cart", "v", ("hat",)))
    assert offers == ("scarf",)
    assert because.startswith("2 products were sold in 365 days; bundles need 50; instead: sold most")


def test_below_the_gate_a_merchandisers_rules_serve() -> None:
    """Where there are any, and the reason says what is missing before it names them."""
    rules = parse_rules('[[rules]]\nname = "winter"\nproducts = ["hat"]\noffer = ["gloves"]')
    policy = Bundles(None, 50, rules)
    policy.fit(facts(*(order("hat", "scarf", day=n) for n in range(9))).outcomes())
    offers, _, because = policy.decide(Ask("cart", "v", ("hat",)))
    assert offers == ("gloves",)
    assert because.startswith("2 products were sold in 365 days; bundles need 50; instead: ")
    assert because.endswith("a merchandiser's rule for what is in the cart: winter")


def test_odd_carts_are_offered_what_can_be_known() -> None:
    """Empty, unknown, a size that is new today beside a known product, and 5,000 lines: each has offers and a sentence."""
    policy = learnt(*(order("hat", "scarf", day=n) for n in range(9)), *(order(f"p{n}") for n in range(9)))
    assert policy.decide(Ask("cart", "v"))[2].startswith("the cart is empty; instead: sold most")
    assert policy.decide(Ask("cart", "v", ("hat-XXL",)))[2].startswith(
        "nothing is known to be bought with the cart; instead"
    )
    assert policy.decide(Ask("cart", "v", ("hat-XXL", "hat")))[0] == ("scarf",)
    many = ask_of("cart", "v", [*(f"new{n}" for n in range(5_000)), "hat"], 3)
    assert policy.decide(many)[0] == ("scarf",)


def test_what_only_ever_came_back_is_not_offered() -> None:
    """Bought with a hat in nine orders, all of which came back; the tie was kept, with costs and without."""
    for cost in (None, 4.0):
        kept = [order("hat", "tie", day=n, cost=cost) for n in range(6)]
        back = [order("hat", "case", day=n, order=f"b{n}{cost}", cost=cost) for n in range(9)]
        gone = [refund(f"b{n}{cost}", at=later(START, days=20)) for n in range(9)]
        noise = [order(f"p{n}") for n in range(60)]
        assert learnt(*kept, *back, *gone, *noise).decide(Ask("cart", "v", ("hat",)))[0] == ("tie",)


def test_limits_are_settings_with_a_source() -> None:
    """Each has one, which the docs show; a limit that makes no sense is refused."""
    assert {*BUNDLE_SOURCES, "rules"} == set(BundlesConfig.__struct_fields__)
    assert parse("[bundles]\njoint = 3").bundles == BundlesConfig(joint=3)
    page = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
    says = meanings(BundlesConfig)
    for name, source in BUNDLE_SOURCES.items():
        assert f"| `{name}` | {getattr(BundlesConfig(), name)} | {says[name]} | {source} |" in page
    for wrong in ("joint = 0", "basket_items = 1", "shrink = -1", "lift = nan", "days = 0.5", "pairs = 3"):
        with pytest.raises(ConfigError):
            parse(f"[bundles]\n{wrong}")
