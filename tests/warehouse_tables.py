"""A small shop in a warehouse's own words: tables, the mapping that names them, and every way in which they can be wrong."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.config import Config, parse

TABLES = """
CREATE TABLE sales (id bigint, placed timestamptz, browser text, buyer text, net_cents bigint, cur text, chan text);
INSERT INTO sales VALUES
  (1, '2026-03-01 10:00:00+00', 'v1', 'k1', 3000, 'EUR', 'onsite'),
  (2, '2026-03-02 11:00:00+00', 'v2', NULL, 4550, 'EUR', NULL),
  (3, '2026-03-03 12:00:00+00', NULL, 'k2', 999, 'EUR', 'onsite');
CREATE TABLE sale_rows (sale bigint, nth integer, sku text, n numeric(6, 2), each_cents bigint);
INSERT INTO sale_rows VALUES (1, 0, 'p1', 1, 1000), (1, 1, 'p2', 2, 1000), (2, 0, 'p1', 1, 4550), (3, 0, 'p3', 1, 999);
CREATE TABLE credits (no text, sale bigint, made timestamp, cents bigint, kind text);
INSERT INTO credits VALUES
  ('r1', 1, '2026-03-05 09:30:00', 1000, 'return'), ('r2', NULL, '2026-03-06 09:30:00', 500, 'void');
CREATE TABLE seen_arms (test text, arm text, browser text, buyer text, moment timestamptz, odds double precision);
INSERT INTO seen_arms VALUES
  ('cart', 'a', 'v1', NULL, '2026-03-01 09:00:00+00', 0.5), ('cart', 'b', 'v2', NULL, '2026-03-01 09:30:00+00', 0.5);
CREATE TABLE hits (browser text, moment timestamptz, what text, land text);
INSERT INTO hits VALUES
  ('v1', '2026-03-01 08:59:00+00', 'page_view', 'DE'), ('v2', '2026-03-01 09:29:00+00', 'view_item', NULL);
"""
ENGINE = '[engine]\nurl = "duckdb://"\n'
"""Any warehouse: the tests hand over their own."""
TOML = """
[facts.orders]
table = "sales"
unit = 0.01
columns = { order_id = "id", ordered_at = "placed", visitor_id = "browser", customer_id = "buyer", revenue = "net_cents", \
currency = "cur", channel = "chan" }

[facts.order_lines]
table = "sale_rows"
unit = 0.01
columns = { order_id = "sale", line_number = "nth", product_id = "sku", quantity = "n", unit_price = "each_cents" }

[facts.returns]
table = "credits"
unit = 0.01
timezone = "Europe/Berlin"
currency = "EUR"
columns = { refund_id = "no", order_id = "sale", refunded_at = "made", amount = "cents", is_return = "kind = 'return'" }

[facts.exposures]
table = "seen_arms"
columns = { experiment = "test", variant = "arm", visitor_id = "browser", customer_id = "buyer", exposed_at = "moment", \
propensity = "odds" }

[facts.views]
table = "hits"
columns = { visitor_id = "browser", viewed_at = "moment", kind = "what", country = "land" }
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """Something wrong in the tables.

    Attributes:
        sql: what makes it so.
        fact: that the check names.
        column: of it.
        what: kind of breach.
        n: rows.
        example: key of one of them.
    """

    sql: str
    fact: str
    column: str
    what: str
    n: int
    example: str


PLANTED = (
    Planted("INSERT INTO sales SELECT * FROM sales WHERE id = 2", "orders", "order_id", "grain", 1, "order_id=2"),
    Planted(
        "UPDATE sale_rows SET nth = 0 WHERE sale = 1",
        "order_lines",
        "order_id, line_number",
        "grain",
        1,
        "order_id=1, line_number=0",
    ),
    Planted(
        "UPDATE sale_rows SET sale = 77 WHERE sale = 3",
        "order_lines",
        "order_id",
        "reference",
        1,
        "order_id=77, line_number=0",
    ),
    Planted(
        "UPDATE credits SET sale = 78 WHERE no = 'r2'", "returns", "order_id", "reference", 1, "refund_id=r2, order_id=78"
    ),
    Planted("UPDATE sales SET id = NULL WHERE id = 3", "orders", "order_id", "null", 1, "order_id=None"),
    Planted("UPDATE seen_arms SET arm = NULL", "exposures", "variant", "null", 2, "experiment=cart, variant=None"),
    Planted("UPDATE sales SET net_cents = -5 WHERE id = 1", "orders", "revenue", "range", 1, "order_id=1"),
    Planted(
        "UPDATE sale_rows SET n = 0 WHERE sku = 'p1'", "order_lines", "quantity", "range", 2, "order_id=1, line_number=0"
    ),
    Planted(
        "UPDATE sale_rows SET n = 1.5 WHERE sku = 'p2'", "order_lines", "quantity", "range", 1, "order_id=1, line_number=1"
    ),
    Planted(
        "UPDATE seen_arms SET odds = 1.5 WHERE arm = 'b'",
        "exposures",
        "propensity",
        "range",
        1,
        "experiment=cart, variant=b",
    ),
    Planted(
        "UPDATE sales SET placed = '2226-01-01 00:00:00+00' WHERE id = 2", "orders", "ordered_at", "range", 1, "order_id=2"
    ),
    Planted(
        "UPDATE sales SET placed = '1970-01-21 00:00:00+00' WHERE id = 3", "orders", "ordered_at", "range", 1, "order_id=3"
    ),
    Planted("UPDATE sales SET cur = 'USD' WHERE id = 2", "orders", "currency", "currency", 1, "order_id=2"),
    Planted("UPDATE sales SET cur = 'euro' WHERE id = 2", "orders", "currency", "range", 1, "order_id=2"),
    Planted(
        "UPDATE hits SET land = 'Germany' WHERE browser = 'v1'",
        "views",
        "country",
        "range",
        1,
        "visitor_id=v1, viewed_at=2026-03-01T08:59:00+00:00",
    ),
    Planted("UPDATE sales SET chan = 'shop' WHERE id = 1", "orders", "channel", "words", 1, "order_id=1"),
    Planted(
        "UPDATE hits SET what = 'click' WHERE browser = 'v2'",
        "views",
        "kind",
        "words",
        1,
        "visitor_id=v2, viewed_at=2026-03-01T09:29:00+00:00",
    ),
    Planted(
        "UPDATE seen_arms SET browser = '' WHERE arm = 'a'",
        "exposures",
        "visitor_id",
        "range",
        1,
        "experiment=cart, variant=a",
    ),
    Planted(
        "UPDATE seen_arms SET browser = NULL WHERE arm = 'a'",
        "exposures",
        "visitor_id, customer_id",
        "someone",
        1,
        "experiment=cart, variant=a",
    ),
    Planted(
        "UPDATE credits SET made = '2026-02-05 00:00:00' WHERE no = 'r1'",
        "returns",
        "refunded_at",
        "order",
        1,
        "refund_id=r1",
    ),
    Planted(
        "UPDATE sales SET net_cents = NULL; DELETE FROM sale_rows WHERE sale = 3",
        "orders",
        "revenue",
        "amount",
        1,
        "order_id=3",
    ),
    Planted(
        "ALTER TABLE sale_rows ALTER COLUMN each_cents TYPE text",
        "order_lines",
        "unit_price",
        "type",
        4,
        "order_id=1, line_number=0",
    ),
    Planted("ALTER TABLE sales ALTER COLUMN placed TYPE date", "orders", "ordered_at", "type", 3, "order_id=1"),
    Planted("ALTER TABLE sales ALTER COLUMN placed TYPE timestamp", "orders", "ordered_at", "type", 3, "order_id=1"),
    Planted(
        "ALTER TABLE seen_arms ALTER COLUMN odds TYPE text",
        "exposures",
        "propensity",
        "type",
        2,
        "experiment=cart, variant=a",
    ),
    Planted(
        "UPDATE seen_arms SET odds = 'NaN' WHERE arm = 'a'",
        "exposures",
        "propensity",
        "range",
        1,
        "experiment=cart, variant=a",
    ),
)
"""Each alone."""


def mapping(currency: str = "EUR") -> Config:
    """Return the configuration that maps these tables."""
    return parse(f'[shop]\ncurrency = "{currency}"\n{ENGINE}{TOML}')
