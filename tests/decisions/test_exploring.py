"""Exploring: a share of offers is drawn by chance, with the probability that is logged."""

from __future__ import annotations

from collections import Counter

import pytest

from builders import Event, facts, later, line, purchase
from counterclick.config import BundlesConfig, Rules, parse_rules
from counterclick.decisions import Ask, Bundles

START = "2026-01-05T10:00"
PARTNERS = 12
VISITORS = 20_000


def order(*products: str, day: float = 0) -> Event:
    return purchase(None, at=later(START, days=day), lines=[line(each) for each in products])


def policy(explore: float, among: int, rules: Rules | None = None) -> Bundles:
    """Return bundles of a shop where a hat is bought with twelve others, each more often than the next."""
    both = [order("hat", f"q{n:02}") for n in range(PARTNERS) for _ in range(20 - n)]
    found = Bundles(BundlesConfig(explore=explore, explore_among=among), 2, rules)
    found.fit(facts(*both, *(order(f"p{n}") for n in range(300))).outcomes())
    return found


def asked(visitor: int, most: int = 3, *, explores: bool = True) -> Ask:
    return Ask("cart", f"v{visitor}", ("hat",), most, explores=explores)


@pytest.mark.parametrize(("explore", "among", "most"), [(0.1, 8, 3), (0.5, 20, 2), (1.0, 6, 6), (0.0, 8, 3)])
def test_each_product_is_offered_as_often_as_is_logged(explore: float, among: int, most: int) -> None:
    """To twenty thousand visitors; within five standard deviations of the count, and what is never offered has no chance."""
    bundles = policy(explore, among)
    offered: Counter[str] = Counter()
    logged: dict[str, float] = {}
    for visitor in range(VISITORS):
        ask = asked(visitor, most)
        offers, scores, _because = bundles.decide(ask)
        assert len(offers) == len(scores) == most
        offered.update(offers)
        logged |= dict(zip(offers, bundles.propensities(ask, offers), strict=True))
    for product, share in logged.items():
        spread = (VISITORS * share * (1 - share)) ** 0.5
        assert abs(offered[product] - VISITORS * share) <= 5 * spread + 1e-9, product
    assert sum(logged.values()) == pytest.approx(most)  # all that can be offered was
    assert len(logged) == (min(among, PARTNERS) if explore else most)


def test_places_of_what_is_drawn_are_as_likely_as_each_other() -> None:
    """Each of four candidates stands first in a quarter of the lists that chance made."""
    bundles = policy(1.0, 4)
    first = Counter(bundles.decide(asked(visitor))[0][0] for visitor in range(8_000))
    assert len(first) == 4
    assert all(abs(n - 2_000) < 5 * (8_000 * 0.25 * 0.75) ** 0.5 for n in first.values())


def test_the_same_question_has_the_same_answer_and_chance_is_told() -> None:
    """Asked again, also of a cart in another order; a list that chance made says so."""
    bundles = policy(1.0, 12)
    ask = Ask("cart", "v1", ("hat", "p1"), explores=True)
    again = Ask("cart", "v1", ("p1", "hat", "hat"), explores=True)
    assert bundles.decide(ask) == bundles.decide(again)
    assert bundles.decide(ask)[2].startswith("drawn by chance from 12 that are bought with the cart: ")


def test_nothing_is_left_to_chance_where_nobody_sees_it() -> None:
    """A backtest asks for the best, and has them for certain."""
    bundles = policy(1.0, 12)
    ask = asked(1, explores=False)
    offers = bundles.decide(ask)[0]
    assert offers == ("q00", "q01", "q02")
    assert bundles.propensities(ask, offers) == (1, 1, 1)


def test_what_may_not_stand_together_is_never_drawn_together() -> None:
    """Candidates are such that any of them may be offered beside any other, and beside the cart."""
    rules = parse_rules('never_together = [["q00", "q01"], ["hat", "q02"]]\nstock = { q03 = 0 }')
    bundles = policy(1.0, 12, rules)
    seen = {offer for visitor in range(500) for offer in bundles.decide(asked(visitor))[0]}
    assert seen == {f"q{n:02}" for n in range(PARTNERS)} - {"q01", "q02", "q03"}
