"""Ranking: what is learnt of lists and orders, and the order in which candidates are answered."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Event, click, event, facts, later, line, purchase, refund, shown
from counterclick.config import RankingConfig, Rules, parse
from counterclick.config.meanings import meanings
from counterclick.config.ranking import RANKING_SOURCES
from counterclick.decisions import Ask, Ranking
from counterclick.decisions.shelves import Shelves, shelves_of
from counterclick.errors import ConfigError
from data_folder import ROOT

START = "2026-01-05T10:00"
SMALL = RankingConfig(least_exposures=1, least_orders=1, floor=0.5, explore=0, drawn_orders=5)
WINDOW = timedelta(days=30)
END = event("page_view", at=later(START, days=60), visitor_id="end")


def seen(n: int, *products: str, buys: dict[str, int] | None = None, day: float = 0, price: float = 10) -> list[Event]:
    """Return lists that so many visitors saw, and the orders of the first of them two hours later."""
    at = later(START, days=day)
    lists = [shown(f"{day}-{products}-{who}", *products, at=at) for who in range(n)]
    bought = [
        purchase(f"{day}-{products}-{who}", at=later(at, hours=2), order=f"o{day}-{products}-{name}-{who}", lines=[own])
        for name, times in (buys or {}).items()
        for own in [line(name, price=price)]
        for who in range(times)
    ]
    return [*lists, *bought]


def later_order() -> Event:
    """Return an order long after: what was before it is settled, and its window is over."""
    return purchase("late", at=later(START, days=60), lines=[line("other")])


def shelves(*events: Event, limits: RankingConfig = SMALL) -> dict[str, tuple[float, float]]:
    """Return of each product how often it was shown, and orders that were kept."""
    found = shelves_of(facts(*events).outcomes(), limits, WINDOW)
    return of_products(found)


def of_products(found: Shelves) -> dict[str, tuple[float, float]]:
    n = len(found.products)
    times, kept = (np.bincount(found.shown.product, each, n) for each in (found.shown.times, found.shown.successes))
    return {product: (times[each], kept[each]) for each, product in enumerate(found.products)}


def ranking(*events: Event, limits: RankingConfig = SMALL) -> Ranking:
    policy = Ranking(limits, WINDOW)
    policy.fit(facts(*events).outcomes())
    return policy


def ask(*candidates: str, visitor: str = "v9", explores: bool = False) -> Ask:
    return Ask("search", visitor, candidates=candidates, explores=explores)


def test_what_sells_twice_as_often_is_first_and_what_is_clicked_is_not() -> None:
    """The hat sells twice as often for each time shown; the toy is clicked by everybody who sees it, and sells least."""
    sold = seen(200, "toy", "scarf", "hat", buys={"hat": 40, "scarf": 20, "toy": 4})
    clicked = [click(f"0-('toy', 'scarf', 'hat')-{who}", "toy", at=later(START, minutes=5)) for who in range(200)]
    policy = ranking(*sold, *clicked, later_order())
    offers, scores, because = policy.decide(ask("toy", "scarf", "hat"))
    assert offers == ("hat", "scarf", "toy")
    assert scores[0] == pytest.approx(2 * scores[1], rel=0.15)
    assert scores[0] == pytest.approx(40 * 10 / 200, rel=0.15)
    assert because.startswith("by net order value for each time shown: hat earns ")
    assert "places are not corrected, since none was drawn by chance" in because
    without = ranking(*sold, later_order())
    assert without.to_plain() == policy.to_plain()


def test_what_comes_back_earns_nothing() -> None:
    """The dress sells twice as often as the shirt, and three of four come back."""
    sold = seen(200, "dress", "shirt", buys={"dress": 40, "shirt": 20})
    back = [refund(f"o0-('dress', 'shirt')-dress-{who}", at=later(START, days=9)) for who in range(30)]
    assert ranking(*sold, later_order()).decide(ask("dress", "shirt"))[0] == ("dress", "shirt")
    assert ranking(*sold, *back, later_order()).decide(ask("dress", "shirt"))[0] == ("shirt", "dress")


def test_an_order_counts_once_for_the_last_list_within_the_window() -> None:
    """Two lists, one order: the later one has it. A day later, another person's, or an order before it: none."""
    at = later(START, hours=1)
    events = [
        shown("v1", "hat", at=START),
        shown("v1", "cap", "hat", at=at),
        purchase("v1", at=later(START, hours=3), lines=[line("hat")]),
        shown("v2", "cap", at=later(START, hours=5)),
        purchase("v2", at=START, lines=[line("cap")]),
        purchase("v2", at=later(START, hours=29.5), lines=[line("cap")]),
        purchase("v3", at=later(START, hours=6), lines=[line("cap")]),
        later_order(),
    ]
    found = shelves_of(facts(*events).outcomes(), SMALL, WINDOW)
    assert of_products(found) == {"hat": (2, 1), "cap": (2, 0)}
    rows = zip(found.shown.product, found.shown.place, found.shown.times, found.shown.successes, strict=True)
    assert [row[1:] for row in rows if found.products[row[0]] == "hat"] == [(1, 1, 0), (2, 1, 1)]


def test_young_orders_count_with_the_returns_to_be_expected() -> None:
    """Of forty settled hats half came back: ten that were ordered yesterday count as five or so, returned already or not."""
    old = seen(40, "hat", buys={"hat": 40})
    back = [refund(f"o0-('hat',)-hat-{who}", at=later(START, days=9)) for who in range(20)]
    young = seen(10, "hat", buys={"hat": 10}, day=58)
    at_once = refund("o58-('hat',)-hat-0", at=later(START, days=59))
    for more in ([], [at_once]):
        times, kept = shelves(*old, *back, *young, *more, later_order())["hat"]
        assert times == 50
        assert kept == pytest.approx(20 + 5, abs=0.5)


def test_lists_whose_orders_are_still_to_come_do_not_count() -> None:
    """Nor those before the days that count, nor those of other surfaces."""
    lists = [shown("v1", "hat", at=later(START, days=each)) for each in (0, 5, 59.5)]
    other = shown("v1", "hat", at=later(START, days=5), surface="mail")
    assert shelves(*lists, other, later_order()) == {"hat": (3, 0)}
    limits = RankingConfig(least_exposures=1, least_orders=1, days=57, surfaces=("cart",))
    assert shelves(*lists, other, later_order(), limits=limits) == {"hat": (1, 0)}


def test_places_are_learnt_from_decisions_that_drew_them() -> None:
    """Fifty decisions drew two places: ten orders followed the first, five the second; others say nothing of places."""
    events: list[Event] = []
    for who in range(100):
        items = [{"product_id": name, "position": place} for place, name in enumerate(("a", "b", "c"), 1)]
        made = {"visitor_id": f"v{who}", "surface": "search", "policy": "ranking", "items": items}
        events.append(event("decision", START, **made, details=f'{{"because": "", "n_drawn": {2 if who < 50 else 0}}}'))
        bought = [name for name, most in (("a", 10), ("b", 5), ("c", 20)) if who < most] + (["a"] if who > 60 else [])
        events += [purchase(f"v{who}", at=later(START, hours=1), lines=[line(name) for name in bought])] if bought else []
    found = shelves_of(facts(*events, later_order()).outcomes(), SMALL, WINDOW)
    assert (found.drawn_times, found.drawn_orders) == (100, 15)
    assert found.seen is not None
    assert found.seen.tolist() == [1, 0.5]
    many = shelves_of(facts(*events, later_order()).outcomes(), RankingConfig(drawn_orders=16), WINDOW)
    assert many.seen is None


def test_the_same_product_in_two_places_is_the_same_product() -> None:
    """Twins sell alike where they are seen alike; the one that always stands second is no worse, once places are known."""
    lists = seen(400, "one", "other", buys={"one": 40, "other": 20})
    made = []
    for who in range(200):
        first = ("one", "other") if who % 2 else ("other", "one")
        items = [{"product_id": name, "position": place} for place, name in enumerate(first, 1)]
        made.append(event("decision", START, visitor_id=f"d{who}", surface="cart", policy="ranking", items=items))
        made[-1]["details"] = '{"n_drawn": 2}'
        buys = [first[0]] if who < 20 else [first[1]] if who < 30 else []
        made += [purchase(f"d{who}", at=later(START, hours=1), lines=[line(each) for each in buys])] if buys else []
    plain = ranking(*lists, later_order()).decide(ask("one", "other"))[1]
    told = ranking(*lists, *made, later_order())
    _offers, corrected, because = told.decide(ask("one", "other"))
    assert plain[0] > 1.5 * plain[1]
    assert corrected[0] == pytest.approx(corrected[1], rel=0.05)
    assert "not corrected" not in because


def test_what_is_missing_is_said_and_nothing_is_reordered() -> None:
    """No lists, too few of them, too few orders: the candidates stay as they came, each with the number that is missing."""
    sold = [*seen(50, "toy", "hat", buys={"hat": 10}), later_order()]
    for events, limits, says in (
        ([later_order()], SMALL, "no lists that were shown are recorded"),
        (sold, RankingConfig(least_orders=5, explore=0), "100 products were shown; 10,000 are needed"),
        (sold, RankingConfig(least_exposures=1, explore=0), "10 order lines followed what was shown; 200 are needed"),
    ):
        policy = ranking(*events, limits=limits)
        offers, scores, because = policy.decide(ask("toy", "hat"))
        assert (offers, scores) == (("toy", "hat"), (0, 0))
        assert because == f"{because.split(';')[0]}; {because.split('; ', 1)[1]}"
        assert says in because
        assert because.endswith("; the candidates stay in the order in which they came")
        assert any(says in each for each in policy.learnt().missing)
    found = ranking(*sold)
    assert found.decide(ask("toy", "hat"))[0] == ("hat", "toy")
    assert found.learnt().missing == ()


def test_a_boost_multiplies_a_score() -> None:
    """What earns half as much comes first with a boost of three, what has none of 0 last; scores say it."""
    events = [*seen(300, "a", "b", "c", buys={"a": 60, "b": 30, "c": 10}), later_order()]
    plain = ranking(*events)
    boosted = Ranking(SMALL, rules=Rules(boosts={"b": 3.0, "a": 0.0}))
    boosted.from_plain(plain.to_plain())
    assert plain.decide(ask("c", "b", "a"))[0] == ("a", "b", "c")
    offers, scores, _because = boosted.decide(ask("c", "b", "a"))
    assert offers == ("b", "c", "a")
    own = dict(zip(*plain.decide(ask("c", "b", "a"))[:2], strict=True))
    assert scores == (3 * own["b"], own["c"], 0.0)


def test_unknown_candidates_stand_at_the_mean_in_their_order() -> None:
    """Between what earns more and what earns less; of two unknown ones the one that came first."""
    policy = ranking(*seen(300, "good", "bad", "soso", buys={"good": 90, "bad": 3, "soso": 40}), later_order())
    offers, scores, because = policy.decide(ask("new-2", "bad", "new-1", "good"))
    assert offers == ("good", "new-2", "new-1", "bad")
    assert scores[1] == scores[2]
    assert "2 that were shown too seldom stand at the mean" in because
    assert policy.decide(ask("new-2", "new-1"))[0] == ("new-2", "new-1")


@pytest.mark.parametrize(("explore", "among", "n"), [(0.1, 20, 8), (0.5, 4, 8), (1.0, 3, 3), (0.0, 20, 8)])
def test_each_product_stands_in_each_place_as_often_as_is_logged(explore: float, among: int, n: int) -> None:
    """To ten thousand visitors; within five standard deviations, and the probabilities of a place add up to 1."""
    limits = RankingConfig(least_exposures=1, least_orders=1, floor=0.5, explore=explore, explore_among=among)
    names = [f"p{each}" for each in range(n)]
    policy = ranking(
        *seen(200, *names, buys={name: 60 - 7 * each for each, name in enumerate(names)}), later_order(), limits=limits
    )
    stood: Counter[tuple[str, int]] = Counter()
    logged: dict[tuple[str, int], float] = {}
    n_drawn = 0
    for who in range(10_000):
        own = ask(*names, visitor=f"v{who}", explores=True)
        offers, _scores, because = policy.decide(own)
        places = list(zip(offers, range(n), strict=True))
        stood.update(places)
        logged |= dict(zip(places, policy.propensities(own, offers), strict=True))
        n_drawn += policy.n_drawn(own) > 0
        assert sorted(offers) == sorted(names)
        assert ("drawn by chance; else" in because) == (policy.n_drawn(own) > 0)
    assert abs(n_drawn - 10_000 * explore) <= 5 * (10_000 * explore * (1 - explore)) ** 0.5
    for place, share in logged.items():
        assert abs(stood[place] - 10_000 * share) <= 5 * (10_000 * share * (1 - share)) ** 0.5 + 1e-9
    for place in range(n):
        assert sum(share for (_name, at), share in logged.items() if at == place) == pytest.approx(1)


@given(st.lists(st.sampled_from(["toy", "hat", "new", "\u202e", "'; --"]), unique=True, max_size=5))
def test_what_is_answered_is_what_was_asked(names: list[str]) -> None:
    """Whatever the candidates: each once, best first, and the same again."""
    offers, scores, _because = KNOWN.decide(ask(*names))
    if names:
        assert sorted(offers) == sorted(names)
        assert list(scores) == sorted(scores, reverse=True)
    assert KNOWN.decide(ask(*names))[0] == offers


KNOWN = ranking(*seen(100, "toy", "hat", buys={"hat": 20, "toy": 5}), later_order())


def test_every_limit_has_its_source_and_stands_on_the_page() -> None:
    """Defaults and sources are those of the code; what cannot be is refused."""
    assert set(RANKING_SOURCES) == set(meanings(RankingConfig)) == set(RankingConfig.__struct_fields__)
    assert parse("[ranking]\nfloor = 3").ranking == RankingConfig(floor=3)
    page = (ROOT / "docs" / "ranking.md").read_text(encoding="utf-8")
    says = meanings(RankingConfig)
    for name, source in RANKING_SOURCES.items():
        default = getattr(RankingConfig(), name)
        assert f"| `{name}` | {'all' if default == () else default} | {says[name]} | {source} |" in page
    for wrong in ("floor = -1", "explore = 2", "explore_among = 1", "days = 0", "least_seen = 0", "clicks = 1"):
        with pytest.raises(ConfigError):
            parse(f"[ranking]\n{wrong}")
