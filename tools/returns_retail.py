"""Returns of a real store: UCI Online Retail, as a shop that recorded it knows them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from counterclick.decisions.return_lines import ReturnTable, goods_of, return_table
from counterclick.facts import Outcomes
from counterclick.shop import open_shop

__all__ = ["DATA", "ROOT", "recorded"]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "online_retail" / "online_retail.parquet"
TOML = """
[shop]
returns_window = "60d"

[tables.bought]
file = "bought.parquet"
[[tables.bought.events]]
kind = "purchase"
group_by = ["InvoiceNo"]
fields = { occurred_at = "placed_at", order_id = "InvoiceNo", customer_id = "CustomerID" }
lines = { product_id = "StockCode", quantity = "quantity", unit_price = "price", line_id = "StockCode" }

[tables.back]
file = "back.parquet"
[[tables.back.events]]
kind = "refund"
group_by = ["InvoiceNo", "bought_as"]
fields = { occurred_at = "placed_at", order_id = "bought_as", event_id = "InvoiceNo || ' ' || bought_as" }
lines = { product_id = "StockCode", quantity = "quantity", line_id = "StockCode" }
"""
BOUGHT = """
    CREATE TABLE bought AS
    SELECT InvoiceNo, StockCode, any_value(CustomerID) AS CustomerID,
        min(strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S')) AS placed_at,
        sum(CAST(Quantity AS INTEGER)) AS quantity, CAST(avg(CAST(UnitPrice AS DOUBLE)) AS DECIMAL(18, 4)) AS price
    FROM read_parquet($file)
    WHERE regexp_matches(StockCode, '^[0-9]{5}') AND CAST(Quantity AS INTEGER) > 0 AND CAST(UnitPrice AS DOUBLE) > 0
        AND CustomerID IS NOT NULL AND InvoiceNo NOT LIKE 'C%'
    GROUP BY InvoiceNo, StockCode
"""
BACK = """
    CREATE TABLE back AS
    SELECT DISTINCT ON (back.InvoiceNo, bought.InvoiceNo, StockCode)
        back.InvoiceNo, bought.InvoiceNo AS bought_as, StockCode, back.placed_at, bought.quantity
    FROM (
        SELECT InvoiceNo, StockCode, CustomerID, min(strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S')) AS placed_at
        FROM read_parquet($file) WHERE InvoiceNo LIKE 'C%' AND CustomerID IS NOT NULL GROUP BY ALL
    ) AS back JOIN bought USING (CustomerID, StockCode)
    WHERE back.placed_at > bought.placed_at AND back.placed_at <= bought.placed_at + INTERVAL 60 DAY
"""
"""A line came back when the same customer cancelled the same code within 60 days, whatever the quantity."""


def recorded(file: Path = DATA, learn: Callable[[Outcomes], None] | None = None) -> ReturnTable:
    """Return the order lines of customers that are known, and when they came back, out of a shop that recorded them.

    Args:
        file: the data set.
        learn: what learns from the shop besides; nothing unless given.
    """
    with tempfile.TemporaryDirectory(prefix="counterclick-returns-") as temporary:
        folder = Path(temporary)
        connection = duckdb.connect()
        for sql in (BOUGHT, BACK):
            connection.execute(sql, {"file": str(file)})
        for name in ("bought", "back"):
            connection.table(name).order("ALL").write_parquet(str(folder / f"{name}.parquet"))
        (folder / "shop.toml").write_text(TOML, encoding="utf-8")
        with open_shop(folder / "shop.toml") as shop:
            shop.record(folder / "bought.parquet")
            shop.record(folder / "back.parquet")
            outcomes = shop.facts.outcomes()
            if learn is not None:
                learn(outcomes)
            return return_table(outcomes, goods_of(outcomes), 10_000)
