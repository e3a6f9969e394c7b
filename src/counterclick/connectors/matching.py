"""Returns that name no order: each returned quantity goes to the latest earlier purchase with quantity left.

Purchases and returns of one customer and product are read in time order; a return takes from the latest earlier
purchase first, then from the one before it; what finds no purchase stays a refund without an order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from counterclick.config import MappedEvent
from counterclick.errors import InputError

__all__ = ["match_returns", "take_latest"]

_NEEDED = ("occurred_at", "customer_id", "order_id")


def take_latest(
    purchases: Sequence[tuple[int, str, int]], returns: Sequence[tuple[int, int]]
) -> list[tuple[int, str | None, int]]:
    """Match returned quantities of one customer and product to purchases.

    Args:
        purchases: (time, order, quantity), in any order.
        returns: (time, quantity), in the order in which they came.

    Returns:
        (index of the return, order or None, quantity); the quantities of a return add up to its own.

    >>> take_latest([(1, "a", 2), (2, "b", 1)], [(3, 2), (4, 5)])
    [(0, 'b', 1), (0, 'a', 1), (1, 'a', 1), (1, None, 4)]
    """
    waiting = sorted(purchases)
    left: list[list[int | str]] = []
    matched: list[tuple[int, str | None, int]] = []
    following = 0
    for index, (time, wanted) in sorted(enumerate(returns), key=lambda pair: (pair[1][0], pair[0])):
        while following < len(waiting) and waiting[following][0] < time:
            left.append([waiting[following][1], waiting[following][2]])
            following += 1
        rest = wanted
        while rest and left:
            taken = min(rest, int(left[-1][1]))
            if taken:
                matched.append((index, str(left[-1][0]), taken))
                rest -= taken
                left[-1][1] = int(left[-1][1]) - taken
            if not left[-1][1]:
                left.pop()
        if rest:
            matched.append((index, None, rest))
    return matched


def match_returns(
    connection: duckdb.DuckDBPyConnection, event: MappedEvent, table: str, timezone: str, where: str
) -> str:
    """Make a table of refund events whose orders were found; return SQL that selects it.

    ``event.fields`` names ``occurred_at`` and ``customer_id``, and ``order_id`` as the expression of a *purchase*
    row; ``event.lines`` names ``product_id``, ``quantity`` (above zero for returns, below or above for purchases as
    their own sign says) and ``unit_price``. Rows for which ``event.where`` holds are returns, all others purchases.

    Raises:
        InputError: one of these is missing.
    """
    missing = [name for name in _NEEDED if name not in event.fields]
    if event.kind != "refund" or event.where is None or missing or "quantity" not in event.lines:
        raise InputError(
            f"{where}: `match` needs kind refund, `where` for the rows that are returns, the fields "
            f"{', '.join(_NEEDED)} and lines with product_id, quantity and unit_price."
        )
    fields, lines = event.fields, event.lines
    columns = f"""
        epoch_us(({fields["occurred_at"]})::TIMESTAMP AT TIME ZONE '{timezone}') AS time,
        ({fields["customer_id"]})::VARCHAR AS customer, ({lines["product_id"]})::VARCHAR AS product,
        ({fields["order_id"]})::VARCHAR AS bought_in, abs(({lines["quantity"]})::INTEGER) AS quantity,
        ({lines["unit_price"]})::DECIMAL(18,4) AS unit_price, ({event.where}) AS is_return, row_number, _row_key"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _moves AS SELECT {columns} FROM _rows")
    returns = connection.execute(
        "SELECT customer, product, time, quantity, row_number FROM _moves WHERE is_return ORDER BY time, row_number"
    ).fetchall()
    bought = connection.execute(
        "SELECT customer, product, time, bought_in, quantity FROM _moves SEMI JOIN "
        "(FROM _moves WHERE is_return AND customer IS NOT NULL) AS r USING (customer, product) WHERE NOT is_return"
    ).fetchall()
    purchases: dict[tuple[str | None, str], list[tuple[int, str, int]]] = defaultdict(list)
    for customer, product, time, order, quantity in bought:
        purchases[customer, product].append((time, order, quantity))
    asked: dict[tuple[str | None, str], list[tuple[int, int, int]]] = defaultdict(list)
    for customer, product, time, quantity, row in returns:
        asked[customer, product].append((time, quantity, row))
    rows: list[int] = []
    orders: list[str | None] = []
    quantities: list[int] = []
    for key, wanted in asked.items():
        known = purchases[key] if key[0] is not None else []
        for index, order, quantity in take_latest(known, [(time, n) for time, n, _ in wanted]):
            rows.append(wanted[index][2])
            orders.append(order)
            quantities.append(quantity)
    found = pa.table(
        {
            "row_number": pa.array(rows, pa.int64()),
            "order_id": pa.array(orders, pa.string()),
            "taken": pa.array(quantities, pa.int32()),
        }
    )
    connection.register("_found", found)
    reason = f"({fields['reason']})::VARCHAR" if "reason" in fields else "NULL::VARCHAR"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        SELECT 'refund' AS kind, make_timestamptz(time) AS occurred_at, customer AS customer_id, f.order_id,
            [struct_pack(product_id := product, quantity := taken, unit_price := unit_price,
                unit_cost := NULL::DECIMAL(18,4), line_id := NULL::VARCHAR)] AS lines,
            {reason} AS reason,
            'h_' || left(sha256('refund:' || _row_key || ':' || coalesce(f.order_id, '')), 32) AS event_id
        FROM _found AS f JOIN _moves USING (row_number) JOIN _rows USING (row_number, _row_key)
        ORDER BY occurred_at, row_number""")
    connection.unregister("_found")
    return f"SELECT * FROM {table}"
