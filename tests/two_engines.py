"""A simulated shop, and what befalls it besides: all that may tell two engines apart, some of it waiting in the inbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ibis.expr.types import Table

from builders import Event, answer, event, identify, line, product, purchase, refund
from compared import of_measured
from counterclick.experiments import Experiment
from counterclick.facts import Facts
from counterclick.metrics import METRICS, VISITORS
from counterclick.shop import Shop, open_shop
from counterclick.simulate import ShopTruth, simulate

FACTS = sorted(
    name
    for name in dir(Facts)
    if not name.startswith("_")
    and isinstance(vars(next(c for c in Facts.__mro__ if name in vars(c)))[name], property | cached_property)
)
"""Every table of a shop, by name."""
RATES = "day,from,to,rate\n2026-01-01,USD,EUR,0.9137\n2026-01-20,USD,EUR,0.9251\n"
_SURFACES = ("cart", "email")
_EVERYTHING = {"conversion": 0.15, "carts": 0.3, "visitors": 2_500, "weeks": 4}


@dataclass(frozen=True)
class Both:
    """One shop, opened on the embedded engine and on another.

    Attributes:
        duckdb: on the embedded one.
        other: on the other.
    """

    duckdb: Shop
    other: Shop


def simulated(folder: Path, engine: str) -> Both:
    """Make a shop in a folder.

    Args:
        folder: that is empty.
        engine: the section of ``shop.toml`` that names the other engine.
    """
    whole = ShopTruth()
    truth = ShopTruth(**_EVERYTHING, surfaces=tuple(one for one in whole.surfaces if one.name in _SURFACES))
    simulation = simulate(truth, seed=5)
    toml = (
        simulation.config()
        .replace("[shop]\n", '[shop]\nrates = "rates.csv"\n')
        .replace('outcome = "revenue_per_visitor"', 'outcome = "revenue_per_visitor"\nplanned_buyers = 800')
    )
    (folder / "rates.csv").write_text(RATES, encoding="utf-8")
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    (folder / "other.toml").write_text(toml + engine, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.store.log.append(simulation.events, name="simulated", version=1)
    shop.declare()
    shop.store.drain()
    shop.record(odd(*known(shop)))
    assert shop.store.inbox.count(), "something waits in the inbox"
    return Both(shop, open_shop(folder / "other.toml"))


def fact(shop: Shop, name: str) -> Table:
    """Return one of the shop's tables."""
    table: Table = getattr(shop.facts, name)
    return table


def moments(experiment: Experiment) -> object:
    """Return all that is asked of an experiment's visitors, for every metric of theirs."""
    return of_measured(experiment._measured([metric for metric in METRICS.values() if metric.denominator == VISITORS]))


def known(shop: Shop) -> tuple[list[str], list[str]]:
    """Return visitors who were exposed on the cart, and orders of the log, some of each."""
    found = tuple(
        [row[0] for row in shop.reading.rows(f"SELECT DISTINCT {column} FROM events WHERE {where} ORDER BY 1 LIMIT 20")]
        for column, where in (("visitor_id", "kind = 'exposure' AND surface = 'cart'"), ("order_id", "kind = 'purchase'"))
    )
    shop.refresh()
    return found[0], found[1]


def odd(visitors: list[str], orders: list[str]) -> list[Event]:
    """Return events that are seldom: customers on two devices, parts of cents, dollars, every return, bots, gaps."""
    items = [{"product_id": f"p{place}", "position": place} for place in range(1, 6)]
    drawn = {"details": json.dumps({"n_drawn": 3}), "policy": "ranking", "surface": "cart", "items": items}
    at, later = "2026-01-21T09:30:00.123456", "2026-01-25T18:00:00.5"
    eighths = [line(f"p{place}", 1, "1.2510", unit_cost="0.6255", line_id=f"l{place}") for place in range(8)]
    return [
        identify(visitors[0], "anna", "2026-01-10T08:00"),
        identify(visitors[1], "anna", "2026-01-11T08:00"),
        identify(visitors[2], "ben", "2026-01-12T08:00"),
        purchase(None, 50, at, order="ambiguous", customer_id="anna", lines=[line("p1", 2, "25")]),
        purchase(None, 70, at, order="carried", customer_id="ben", lines=[line("p2", 1, "70", unit_cost="30")]),
        purchase(None, 33, at, order="nobodys"),
        purchase(visitors[3], None, at, order="eighths", lines=eighths, discount="0.0008"),
        purchase(visitors[3], "10.0100", at, order="shared", lines=eighths),
        purchase(visitors[3], "10.01", later, order="shared"),
        purchase(visitors[4], "19.99", at, order="dollars", currency="USD", lines=[line("p3", 3, "7.33")], tax="1.90"),
        purchase(visitors[4], 0, at, order="free", lines=[line("p4", 1, 0), line("p5", 2, 0)]),
        purchase(visitors[5], 0, at, order="nothing", lines=[line("p4", 1, 0)]),
        refund(
            "shared",
            later,
            lines=[{"product_id": "p1", "quantity": 1}, {"line_id": "l3", "product_id": "p3", "quantity": 1}],
        ),
        refund("dollars", later, amount="5.55", currency="USD"),
        refund("carried", later),
        refund("eighths", later, refund_kind="cancellation"),
        refund("unknown", later, amount=3),
        refund(None, later, amount=4),
        refund(orders[0], "2026-01-01T00:00", amount=1),
        *(refund(order, "2026-05-30T00:00", amount="1.5") for order in orders[1:4]),
        event("decision", at, visitor_id=visitors[6], **drawn),
        event("claim", at, claimant="mailer", amount="12.34", order_id="dollars", currency="USD"),
        event("claim", at, claimant="mailer", amount="12.34", order_id="dollars", currency="CHF"),
        event("claim", "2026-01-05T00:00", claimant="mailer", amount="999", period_ends_at="2026-02-01T00:00:00Z"),
        event("remove_from_cart", at, visitor_id=visitors[7], product_id="p1", quantity=9, unit_price="3.3333"),
        product("p1", "Schöne 'Tassen' \\ mehr", later, availability="in_stock", stock=3, attributes='{"colour": "ré"}'),
        *(answer(visitor, "p1", "p2", at="2026-01-21T09:00") for visitor in visitors[3:6]),
        answer(visitors[6], at="2026-01-21T09:00"),
        answer(visitors[7], "p9", at="2026-01-21T09:00", escalated=True),
        event("page_view", at, visitor_id=visitors[8], device="bot"),
        *(
            event("page_view", f"2026-01-22T{hour:02}:{minute:02}", visitor_id="busy")
            for hour in range(20)
            for minute in range(60)
        ),
        event("page_view", "2026-03-29T00:59:59.999999", visitor_id="night"),
        event("page_view", "2026-03-29T01:29:59.999999", visitor_id="night"),
        event("page_view", "2026-03-29T01:59:59.999998", visitor_id="night"),
        event("exposure", at, visitor_id=visitors[9], experiment="cart-bundles", variant="undeclared", surface="cart"),
        event("exposure", "2026-01-02T00:00", visitor_id=visitors[9], experiment="nobody's", variant="a", surface="cart"),
    ]


def recorded(folder: Path, toml: str, file: Path, engine: str) -> Both:
    """Make a shop of a file in other words: its ``shop.toml`` has the mapping."""
    folder.mkdir(exist_ok=True)
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    (folder / "other.toml").write_text(toml + engine, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record(file)
    return Both(shop, open_shop(folder / "other.toml"))
