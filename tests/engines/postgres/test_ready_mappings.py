"""Ready mappings on tables as Segment, RudderStack, Fivetran and Airbyte publish their schemas: clean, and measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from counterclick.connectors.ready_mappings import ready_mapping
from counterclick.shop import Shop, open_shop
from foreign_shop import VARIABLE, connect
from postgres_server import Server

pytestmark = pytest.mark.postgres
Opened = Callable[[str, str], Shop]
_CALL = 'id text, anonymous_id text, user_id text, received_at timestamptz, "timestamp" timestamptz'


def call(number: int, visitor: str | None, user: str | None, moment: str) -> str:
    """Return what every call has, as SQL values."""
    told = ["NULL" if one is None else f"'{one}'" for one in (f"m{number}", visitor, user)]
    return ", ".join([*told, f"'{moment}+00'", f"'{moment}+00'"])


def track_tables(schema: str, products: str) -> str:
    """Return the tables of a source: two orders, one of which came back in part, a list, a click, a cart."""
    cart = json.dumps([{"product_id": "p1", "price": 10, "quantity": 2}, {"sku": "p2", "price": 5.5}])
    shown = json.dumps([{"product_id": "p1"}, {"product_id": "p2"}])
    back = json.dumps([{"product_id": "p1", "quantity": 1}])
    return f"""
    CREATE SCHEMA {schema}; SET search_path = {schema};
    CREATE TABLE order_completed ({_CALL}, order_id text, subtotal double precision, revenue double precision,
      total double precision, tax double precision, shipping double precision, discount double precision, currency text,
      products {products});
    INSERT INTO order_completed VALUES
      ({call(1, "v1", "u1", "2026-03-01 10:00")}, 'o1', 25.5, NULL, 35.0, 5.0, 4.5, 0, 'EUR', '{cart}'),
      ({call(2, "v2", None, "2026-03-02 10:00")}, 'o2', NULL, NULL, 60.0, 8.0, 2.0, NULL, 'eur', '[]');
    CREATE TABLE order_refunded ({_CALL}, order_id text, total double precision, currency text, products {products});
    INSERT INTO order_refunded VALUES ({call(3, None, "u1", "2026-03-05 10:00")}, 'o1', 10.0, 'EUR', '{back}');
    CREATE TABLE identifies ({_CALL}); INSERT INTO identifies VALUES ({call(4, "v1", "u1", "2026-03-01 09:00")});
    CREATE TABLE pages ({_CALL}); INSERT INTO pages VALUES ({call(5, "v1", None, "2026-03-01 08:55")});
    CREATE TABLE product_viewed ({_CALL}, product_id text);
    INSERT INTO product_viewed VALUES ({call(6, "v2", None, "2026-03-02 09:55")}, 'p1');
    CREATE TABLE experiment_viewed ({_CALL}, experiment_name text, variation_name text);
    INSERT INTO experiment_viewed VALUES ({call(7, "v1", None, "2026-03-01 08:56")}, 'recs', 'nothing');
    CREATE TABLE product_list_viewed ({_CALL}, list_id text, products {products});
    INSERT INTO product_list_viewed VALUES ({call(8, "v1", None, "2026-03-01 08:57")}, 'recs', '{shown}');
    CREATE TABLE product_clicked ({_CALL}, list_id text, product_id text);
    INSERT INTO product_clicked VALUES ({call(9, "v1", None, "2026-03-01 08:58")}, 'recs', 'p1');
    CREATE TABLE product_added ({_CALL}, product_id text, quantity bigint, price double precision);
    INSERT INTO product_added VALUES ({call(10, "v1", None, "2026-03-01 08:59")}, 'p1', 2, 10.0);
    CREATE TABLE product_removed ({_CALL}, product_id text, quantity bigint, price double precision);
    INSERT INTO product_removed VALUES ({call(11, "v1", None, "2026-03-01 09:10")}, 'p1', NULL, 10.0);
    """


_ORDERS = """id bigint, processed_at {at}, created_at timestamptz, subtotal_price {money}, total_tax {money},
  total_discounts {money}, taxes_included boolean, currency text, source_name text, cancelled_at timestamptz,
  cancel_reason text, test boolean"""
FIVETRAN = f"""
CREATE SCHEMA shopify; SET search_path = shopify;
CREATE TABLE "order" ({_ORDERS.format(at="timestamptz", money="double precision")}, customer_id bigint,
  _fivetran_deleted boolean);
INSERT INTO "order" VALUES
  (1, '2026-03-01 10:00+00', '2026-03-01 10:00+00', 119, 19, 0, true, 'EUR', 'web', NULL, NULL, false, 7, false),
  (2, '2026-03-02 10:00+00', '2026-03-02 10:00+00', 50, 9.5, 0, false, 'EUR', 'pos', '2026-03-03 10:00+00', 'customer',
    false, 8, false),
  (3, '2026-03-02 11:00+00', '2026-03-02 11:00+00', 999, 0, 0, false, 'EUR', 'web', NULL, NULL, true, 8, false);
CREATE TABLE order_note_attribute (order_id bigint, name text, value text);
INSERT INTO order_note_attribute VALUES (1, '_cc_visitor', 'v1'), (1, 'gift note', 'hello');
CREATE TABLE order_line (id bigint, order_id bigint, "index" integer, product_id bigint, variant_id bigint, quantity integer,
  price double precision, gift_card boolean);
INSERT INTO order_line VALUES (11, 1, 0, 100, 1000, 2, 35.7, false), (12, 1, 1, 101, 1010, 1, 47.6, false),
  (21, 2, 0, NULL, NULL, 1, 50, false), (31, 3, 0, 100, 1000, 1, 999, false);
CREATE TABLE product (id bigint, title text, product_type text);
INSERT INTO product VALUES (100, 'Shirt', 'Shirts'), (101, 'Hat', '');
CREATE TABLE product_variant (id bigint, product_id bigint, price double precision, inventory_item_id bigint,
  inventory_quantity integer);
INSERT INTO product_variant VALUES (1000, 100, 35.7, 5, 3), (1010, 101, 47.6, 6, -1);
CREATE TABLE inventory_item (id bigint, unit_cost_amount double precision);
INSERT INTO inventory_item VALUES (5, 12.5), (6, NULL);
CREATE TABLE refund (id bigint, order_id bigint, note text, processed_at timestamptz, created_at timestamptz);
INSERT INTO refund VALUES (900, 1, 'too small', '2026-03-06 10:00+00', '2026-03-06 10:00+00'),
  (901, 1, 'kindness', NULL, '2026-03-07 10:00+00');
CREATE TABLE order_line_refund (id bigint, refund_id bigint, order_line_id bigint, quantity double precision,
  subtotal double precision, total_tax double precision, restock_type text);
INSERT INTO order_line_refund VALUES (1, 900, 11, 1, 35.7, 5.7, 'return');
CREATE TABLE order_adjustment (id bigint, refund_id bigint, kind text, amount double precision);
INSERT INTO order_adjustment VALUES (1, 901, 'refund_discrepancy', -5);
"""
_LINES = [
    {"id": 11, "product_id": 100, "quantity": 2, "price": 35.7, "gift_card": False},
    {"id": 12, "product_id": 101, "quantity": 1, "price": 47.6, "gift_card": False},
]
_BACK = [
    {"line_item_id": 11, "quantity": 1, "subtotal": 35.7, "total_tax": 5.7, "restock_type": "return", "line_item": _LINES[0]}
]
AIRBYTE = f"""
CREATE SCHEMA shopify; SET search_path = shopify;
CREATE TABLE orders ({_ORDERS.format(at="text", money="numeric")}, customer jsonb, note_attributes jsonb, line_items jsonb);
INSERT INTO orders VALUES
  (1, '2026-03-01T10:00:00+00:00', '2026-03-01 10:00+00', 119, 19, 0, true, 'EUR', 'web', NULL, NULL, false, '{{"id": 7}}',
   '[{{"name": "_cc_visitor", "value": "v1"}}]', '{json.dumps(_LINES)}'),
  (2, NULL, '2026-03-02 10:00+00', 50, 9.5, 0, false, 'EUR', 'pos', '2026-03-03 10:00+00', 'customer', false, '{{"id": 8}}',
   '[]', '[{{"id": 21, "product_id": null, "quantity": 1, "price": 50, "gift_card": false}}]'),
  (3, NULL, '2026-03-02 11:00+00', 999, 0, 0, false, 'EUR', 'web', NULL, NULL, true, NULL, '[]', '[]');
CREATE TABLE order_refunds (id bigint, order_id bigint, note text, processed_at text, created_at timestamptz,
  refund_line_items jsonb, order_adjustments jsonb);
INSERT INTO order_refunds VALUES
  (900, 1, 'too small', '2026-03-06T10:00:00Z', '2026-03-06 10:00+00', '{json.dumps(_BACK)}', '[]'),
  (901, 1, 'kindness', NULL, '2026-03-07 10:00+00', '[]', '[{{"kind": "refund_discrepancy", "amount": "-5.00"}}]');
CREATE TABLE products (id bigint, title text, product_type text); INSERT INTO products VALUES (100, 'Shirt', 'Shirts');
CREATE TABLE product_variants (id bigint, product_id bigint, price text, inventory_quantity integer);
INSERT INTO product_variants VALUES (1000, 100, '35.70', 3);
"""


@pytest.fixture
def opened(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Return a function that makes tables and opens a shop with a ready mapping of them."""
    monkeypatch.setenv(VARIABLE, server.password)

    def open_mapped(name: str, sql: str) -> Shop:
        with connect(server) as connection:
            connection.execute("DROP SCHEMA IF EXISTS shopify CASCADE")
            connection.execute(sql)
        path = tmp_path / "shop.toml"
        engine = f'[engine]\nurl = "{server.url()}"\npassword_env = "{VARIABLE}"\n'
        path.write_text(f"{engine}{ready_mapping(name)}", encoding="utf-8")
        return open_shop(path)

    return open_mapped


def total(shop: Shop, metric: str) -> float | None:
    return shop.metric(metric).values[0].value


@pytest.mark.parametrize(
    ("name", "schema", "products"), [("segment", "segment", "text"), ("rudderstack", "rudder", "jsonb")]
)
def test_tracked_orders_are_measured(opened: Opened, name: str, schema: str, products: str) -> None:
    """25.50 by its subtotal, 60 less tax and shipping; of the first a unit came back for its share of 10 of 25.50."""
    with opened(name, track_tables(schema, products)) as shop:
        assert shop.facts_check().breaches == ()
        assert total(shop, "revenue") == pytest.approx(25.5 + 50)
        assert total(shop, "net_revenue") == pytest.approx(15.5 + 50)
        assert total(shop, "add_to_cart_gmv") == pytest.approx(20)
        assert total(shop, "ctr") == pytest.approx(1)
        assert total(shop, "units_per_order") == pytest.approx(3)
        (row,) = shop.facts.exposures("recs").to_pyarrow().to_pylist()
        assert (row["visitor_id"], row["variant"]) == ("v1", "nothing")


@pytest.mark.parametrize(("name", "sql"), [("shopify-fivetran", FIVETRAN), ("shopify-airbyte", AIRBYTE)])
def test_shopify_orders_are_measured(opened: Opened, name: str, sql: str) -> None:
    """119 with 19 of tax in it, and 50 that was cancelled; 30 came back, and 5 were given back; the test order is none."""
    with opened(name, sql) as shop:
        assert shop.facts_check().breaches == ()
        assert total(shop, "revenue") == pytest.approx(100 + 50)
        assert total(shop, "net_revenue") == pytest.approx(100 - 30 - 5)
        assert total(shop, "units_per_order") == pytest.approx((3 + 1) / 2)
        assert total(shop, "return_rate") == pytest.approx(1 / 4)
        rows = shop.facts.orders.order_by("order_id").to_pyarrow().to_pylist()
        assert [(row["order_id"], row["visitor_id"], row["customer_id"], row["channel"]) for row in rows] == [
            ("1", "v1", "7", "onsite"),
            ("2", None, "8", None),
        ]
        lines = shop.facts.order_lines.order_by("order_id", "line_number").to_pyarrow().to_pylist()
        assert [(row["product_id"], float(row["revenue"])) for row in lines] == [
            ("100", 60.0),
            ("101", 40.0),
            ("custom", 50.0),
        ]
