"""Readiness and data health of a real store, against plain SQL over the same file."""

from __future__ import annotations

import shutil
from datetime import date

import duckdb
import pytest

from counterclick.shop import Shop, open_shop
from data_folder import ROOT, data_file

NO_PRODUCT = "('POST', 'DOT', 'C2', 'BANK CHARGES', 'AMAZONFEE', 'CRUK', 'D', 'M', 'm', 'S')"
SOLD = f"""
    SELECT InvoiceNo, StockCode, nullif(CustomerID, '') AS customer, strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S') AS sold_at,
        Quantity::INT * UnitPrice::DECIMAL(18, 4) AS amount
    FROM '{{file}}' WHERE StockCode NOT IN {NO_PRODUCT} AND InvoiceNo NOT LIKE 'A%' AND InvoiceNo NOT LIKE 'C%'
        AND UnitPrice::DECIMAL(18, 4) <> 0 AND Quantity::INT > 0
"""


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, str]:
    """Return the recorded store, and SQL of its sold lines."""
    file = data_file("online_retail", "online_retail.parquet")
    folder = tmp_path_factory.mktemp("online_retail")
    shutil.copy(ROOT / "examples" / "online_retail" / "shop.toml", folder)
    shop = open_shop(folder / "shop.toml")
    shop.record(file)
    return shop, SOLD.format(file=file)


def test_online_retail_is_ready_for_what_its_figures_say(online_retail: tuple[Shop, str]) -> None:
    """374 days of orders, revenue and products of the last 365 by a GROUP BY: under 10 M, bundles and returns only."""
    shop, sold = online_retail
    found = shop.readiness()
    year = f"SELECT * FROM ({sold}) WHERE sold_at >= '2010-12-10'"
    revenue, n_orders, products = duckdb.sql(
        f"SELECT sum(amount)::DOUBLE, count(DISTINCT InvoiceNo), count(DISTINCT StockCode) FROM ({year})"
    ).fetchall()[0]
    assert (found.figures.first_order_on, found.figures.last_order_on) == (date(2010, 12, 1), date(2011, 12, 9))
    assert (found.figures.span, found.growth) == (374, None)
    assert found.revenue_a_year == pytest.approx(revenue, rel=1e-9)
    assert 9.8e6 < revenue < 9.9e6
    assert (found.figures.n_orders, found.figures.products) == (n_orders, products)
    assert found.stage.startswith("GBP 2,000,000 to GBP 10,000,000")
    assert {each.name for each in found.interventions if each.ready} == {
        "personalisation at all",
        "cart bundles",
        "return prevention",
        "on/off test",
    }
    assert found.figures.visitors_a_month is None


def test_online_retail_customers_are_those_of_a_group_by(online_retail: tuple[Shop, str]) -> None:
    """Customers with an order, and with three or more."""
    shop, sold = online_retail
    figures = shop.readiness().figures
    expected = duckdb.sql(
        "SELECT count(*), count(*) FILTER (n >= 3) FROM (SELECT customer, count(DISTINCT InvoiceNo) AS n FROM "
        f"({sold}) WHERE customer IS NOT NULL GROUP BY customer)"
    ).fetchall()[0]
    assert (figures.customers, figures.loyal) == expected == (4_334, 1_998)


def test_online_retail_was_closed_on_british_holidays_and_never_sells_on_saturdays(online_retail: tuple[Shop, str]) -> None:
    """Christmas, Easter, a royal wedding and three bank holidays are the days without orders; Saturdays are none."""
    shop, sold = online_retail
    health = shop.check()
    days = {f"{gap.first_on}": gap.n_days for gap in health.gaps if gap.kind == "purchase"}
    assert days == {
        "2010-12-24": 11,
        "2011-04-22": 4,
        "2011-04-29": 1,
        "2011-05-02": 1,
        "2011-05-30": 1,
        "2011-08-29": 1,
    }
    (volume,) = (volume for volume in health.volumes if volume.kind == "purchase")
    by_day = duckdb.sql(
        f"SELECT day, count(*) FROM (SELECT min(sold_at)::DATE AS day FROM ({sold}) GROUP BY InvoiceNo) GROUP BY day"
    ).fetchall()
    assert dict(volume.by_day) == dict(by_day)
    assert all(day.weekday() != 5 for day in volume.by_day)


def test_online_retail_says_what_cannot_be_known(online_retail: tuple[Shop, str]) -> None:
    """An invoice list has no visitors, no consent and no arrival that means anything."""
    health = online_retail[0].check()
    assert {sign.name: sign.value for sign in health.signs} == {
        "late events": None,
        "received after occurred, median": None,
        "clocks ahead of ours": 0.0,
        "visitors never identified": None,
        "visitors who allowed analytics": None,
        "visitors given another id": None,
        "likely bots": None,
    }
    (found,) = (finding for finding in health.findings if finding.name == "orders_without_visitor")
    assert found.n == sum(volume.n for volume in health.volumes if volume.kind == "purchase")
