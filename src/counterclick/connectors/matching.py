"""Returns that name no order: each returned quantity goes to the latest earlier purchase with quantity left.

Purchases and returns of one customer and product are read in time order; a return takes from the latest earlier
purchase first, then from the one before it; what finds no purchase stays a refund without an order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from counterclick.config import MappedEvent
from counterclick.errors import InputError
from counterclick.events.schema import LINE, duckdb_type

__all__ = ["match_returns", "take_latest"]

_NEEDED_LINES = ("product_id", "quantity", "unit_price")
_NEEDED = ("occurred_at", "customer_id", "order_id")


def take_latest(
    purchases: Sequence[tuple[int, str, int]], returns: Sequence[tuple[int, int]]
) -> list[tuple[int, str | None, int]]:
    """Match returned quantities of one customer and product to purchases.

    Args:
        purchases: (time, order, quantity), in any order.
        returns: (time, quantity), in the order in which they came.

    Returns:
        (index of the return, order or None, quantity), each order once a return; the quantities of a return add up
        to its own.

    >>> take_latest([(1, "a", 2), (2, "b", 1)], [(3, 2), (4, 5)])
    [(0, 'b', 1), (0, 'a', 1), (1, 'a', 1), (1, None, 4)]
    """
    waiting = sorted(purchases)
    left: list[list[int | str]] = []
    matched: dict[tuple[int, str | None], int] = {}
    following = 0
    for index, (time, wanted) in sorted(enumerate(returns), key=lambda pair: (pair[1][0], pair[0])):
        while following < len(waiting) and waiting[following][0] < time:
            left.append([waiting[following][1], waiting[following][2]])
            following += 1
        rest = wanted
        while rest and left:
            taken = min(rest, int(left[-1][1]))
            if taken:
                pair = (index, str(left[-1][0]))
                matched[pair] = matched.get(pair, 0) + taken
                rest -= taken
                left[-1][1] = int(left[-1][1]) - taken
            if not left[-1][1]:
                left.pop()
        if rest or not wanted:
            matched[index, None] = rest
    return [(index, order, quantity) for (index, order), quantity in matched.items()]


def match_returns(
    connection: duckdb.DuckDBPyConnection, event: MappedEvent, table: str, fields: Mapping[str, str], where: str
) -> str:
    """Make a table of refund events whose orders were found; return SQL that selects it.

    ``event.fields`` names ``occurred_at`` and ``customer_id``, and ``order_id`` as the expression of a *purchase*
    row; ``event.lines`` names ``product_id``, ``quantity`` (above zero for returns, below or above for purchases as
    their own sign says) and ``unit_price``. Rows for which ``event.where`` holds are returns, all others purchases.

    Args:
        connection: where the relation ``_rows`` is.
        event: the mapping.
        table: name of the table to make.
        fields: the expressions of ``event.fields``, cast to their columns' types.
        where: what to call the mapping in a message.

    Raises:
        InputError: something is missing that matching needs.
    """
    lines = event.lines
    missing = [name for name in _NEEDED if name not in fields] + [name for name in _NEEDED_LINES if name not in lines]
    if event.kind != "refund" or event.where is None or missing:
        raise InputError(
            f"{where}: `match` needs kind refund, `where` for the rows that are returns, the fields "
            f"{', '.join(_NEEDED)} and lines with product_id, quantity and unit_price."
        )
    others = [name for name in fields if name not in _NEEDED]
    columns = f"""
        epoch_us({fields["occurred_at"]}) AS time, {fields["customer_id"]} AS customer,
        ({lines["product_id"]})::VARCHAR AS product, {fields["order_id"]} AS bought_in,
        abs(coalesce(({lines["quantity"]})::INTEGER, 0)) AS quantity,
        ({lines["unit_price"]})::DECIMAL(18,4) AS unit_price,
        coalesce({event.where}, false) AS is_return, row_number, _row_key
        {"".join(f', {fields[name]} AS "_own_{name}"' for name in others)}"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _moves AS SELECT {columns} FROM _rows")
    returns = connection.execute(
        "SELECT customer, product, time, quantity, row_number FROM _moves WHERE is_return ORDER BY time, row_number"
    ).fetchall()
    bought = connection.execute(
        "SELECT customer, product, time, bought_in, quantity FROM _moves SEMI JOIN "
        "(FROM _moves WHERE is_return AND customer IS NOT NULL) AS r USING (customer, product) "
        "WHERE NOT is_return AND time IS NOT NULL"
    ).fetchall()
    purchases: dict[tuple[str | None, str | None], list[tuple[int, str, int]]] = defaultdict(list)
    for customer, product, time, order, quantity in bought:
        purchases[customer, product].append((time, order, quantity))
    asked: dict[tuple[str | None, str | None], list[tuple[int, int, int]]] = defaultdict(list)
    for customer, product, time, quantity, row in returns:
        asked[customer, product].append((time, quantity, row))
    taken: dict[tuple[int, str | None], int] = defaultdict(int)
    for key, wanted in asked.items():
        known = purchases[key] if key[0] is not None else []
        for index, order, quantity in take_latest(known, [(time or 0, n) for time, n, _ in wanted]):
            taken[wanted[index][2], order] += quantity
    found = pa.table(
        {
            "row_number": pa.array([row for row, _ in taken], pa.int64()),
            "order_id": pa.array([order for _, order in taken], pa.string()),
            "taken": pa.array(taken.values(), pa.int32()),
        }
    )
    connection.register("_found", found)
    own = "".join(f', "_own_{name}" AS "{name}"' for name in others)
    unsaid = ", ".join(f'"{part.name}" := NULL::{duckdb_type(part.type)}' for part in LINE if part.name not in _NEEDED_LINES)
    hashed = "sha256('refund:' || _row_key || ':' || coalesce(f.order_id, ''))"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        SELECT 'refund' AS kind, make_timestamptz(time) AS occurred_at, customer AS customer_id, f.order_id,
            [struct_pack(product_id := product, quantity := taken, unit_price := unit_price, {unsaid})] AS lines{own},
            'h_' || left({hashed}, 32) AS event_id
        FROM _found AS f JOIN _moves USING (row_number)
        ORDER BY occurred_at, row_number""")
    connection.unregister("_found")
    return f"SELECT * FROM {table}"
