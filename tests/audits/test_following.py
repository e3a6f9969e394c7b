"""A policy whose boosts follow clicks is found out; one that follows orders, or nothing, is not."""

from __future__ import annotations

import ibis
import numpy as np
import pytest
from scipy import stats

from builders import click, facts, later, line, purchase, rows, shown
from counterclick.audits.following import PERIODS, Following, _ranks, clicked_by_day, followings, moves, shown_by_day

N_PRODUCTS = 80


def test_ranks_share_the_mean_of_equal_values() -> None:
    """Oracle: SciPy's."""
    values = np.random.default_rng(2).poisson(3, 60).astype(float)
    assert _ranks(values) == pytest.approx(stats.rankdata(values))


def row(policy: str, product: int, period: int, n_shown: int, n_clicks: int, n_orders: int) -> dict[str, int | str]:
    """Return one product of a policy in one period; the surface has no other policy."""
    counts = {"n_shown": int(n_shown), "n_shown_here": int(n_shown), "n_clicks": int(n_clicks), "n_orders": int(n_orders)}
    return {"surface": "home", "policy": policy, "product_id": f"p{product}", "period": period, **counts}


def history(follows: str, seed: int, policy: str = "boosts") -> list[dict[str, int | str]]:
    """Return a policy's periods: what it shows more of in each is what was clicked, or bought, more in the one before."""
    rng = np.random.default_rng(seed)
    liked = rng.gamma(4, 0.02, N_PRODUCTS)  # clicks and orders per exposure share this
    click_rate, order_rate = liked * rng.gamma(6, 1 / 6, N_PRODUCTS), 0.2 * liked * rng.gamma(6, 1 / 6, N_PRODUCTS)
    if follows == "a year of orders":
        order_rate *= 0.15
    remembered = rng.poisson(6_000 * order_rate)
    weights = np.ones(N_PRODUCTS)
    found: list[dict[str, int | str]] = []
    for period in range(PERIODS):
        n_shown = rng.poisson(500 * weights / weights.mean())
        n_clicks, n_orders = rng.poisson(n_shown * click_rate), rng.poisson(n_shown * order_rate)
        found += [row(policy, i, period, n_shown[i], n_clicks[i], n_orders[i]) for i in range(N_PRODUCTS)]
        own = {"clicks": n_clicks, "orders": n_orders, "nothing": n_shown, "a year of orders": remembered * n_shown}
        signal = own[follows] / np.maximum(n_shown, 1)
        weights = weights * np.exp(0.5 * (signal - signal.mean()) / (signal.std() or 1.0))
        if follows == "nothing":
            weights = rng.gamma(5, 0.2, N_PRODUCTS)
    return found


@pytest.mark.parametrize(("follows", "least", "most"), [("clicks", 45, 50), ("orders", 0, 0), ("nothing", 0, 0)])
def test_clicks_are_told_from_orders_and_from_nothing(follows: str, least: int, most: int) -> None:
    """Simulation, 50 policies of each kind: nine in ten that follow clicks are found, and none of the others."""
    found = [followings(history(follows, seed))[0].follows_clicks for seed in range(50)]
    assert least <= sum(found) <= most


def test_a_long_memory_of_orders_is_not_taken_for_clicks() -> None:
    """Simulation, 50 policies that follow a year of order rates, with one order a product and period: none is accused."""
    found = [followings(history("a year of orders", seed))[0].follows_clicks for seed in range(50)]
    assert sum(found) <= 1


def test_seasons_and_a_growing_catalogue_are_no_following() -> None:
    """Clicks fall and the catalogue grows for all products alike: what is shown at random follows nothing."""
    accused = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows: list[dict[str, int | str]] = []
        for period, (size, rate) in enumerate(((100, 0.12), (110, 0.05), (300, 0.10), (310, 0.10))):
            n_shown = rng.poisson(60_000 / size, size)
            n_clicks, n_orders = rng.poisson(n_shown * rate), rng.poisson(n_shown * 0.01)
            rows += [row("boosts", i, period, n_shown[i], n_clicks[i], n_orders[i]) for i in range(size)]
        accused += followings(rows)[0].follows_clicks
    assert accused <= 1


def test_what_follows_orders_shows_it() -> None:
    """The correlation with orders, clicks held fixed, is the larger one."""
    found = followings(history("orders", 1))[0]
    assert found.with_orders is not None
    assert found.with_clicks is not None
    assert found.with_orders > 0.3 > found.with_clicks


def test_many_policies_are_adjusted_for() -> None:
    """Of 200 policies that follow nothing, side by side, none is accused."""
    every = [row for seed in range(200) for row in history("nothing", seed, f"policy{seed}")]
    assert not any(found.follows_clicks for found in followings(every))


def test_few_products_say_nothing() -> None:
    """Below 30 products with a rate there is no correlation, and no accusation."""
    few = [row for row in history("clicks", 1) if int(str(row["product_id"])[1:]) < 29]
    assert followings(few) == (Following("home", "boosts", 29, None, None, None),)


def test_the_log_is_counted_by_period_policy_and_product() -> None:
    """Two lists of p1 and one of p2 at the beginning, one of p1 at the end; one click, and two orders of p1 at the end."""
    at = "2026-01-05T00:00"
    tables = facts(
        shown("v1", "p1", "p2", at=at, policy="boosts"),
        shown("v2", "p1", at=at, variant="plain"),
        shown("v1", "p1", at=later(at, days=8), policy="boosts"),
        click("v1", "p1", at=later(at, minutes=1)),
        purchase("v1", at=later(at, days=7), lines=[line("p1", 2), line("p3", 1)]),
        purchase("v2", at=later(at, days=7), lines=[line("p1", 1)]),
        purchase("v3", at=later(at, days=9), lines=[line("p1", 1)]),
    )
    events = tables.events
    found = moves(
        shown_by_day(events.filter(events.kind == "view_item_list")),
        clicked_by_day(events.filter(events.kind == "select_item")),
        tables.order_lines,
    )
    told = rows(
        found.mutate(key=ibis.literal(1)),
        "policy",
        "product_id",
        "period",
        "n_shown",
        "n_shown_here",
        "n_clicks",
        "n_orders",
    )
    assert sorted(told) == [
        ("boosts", "p1", 0, 1, 2, 1, 0),
        ("boosts", "p1", 3, 1, 1, 0, 2),
        ("boosts", "p2", 0, 1, 1, 0, 0),
        ("plain", "p1", 0, 1, 2, 1, 0),
    ]
