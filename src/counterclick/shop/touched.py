"""Whom new events touch: the visitors, customers and orders that hang together with them, and all of their events.

What is said of a visitor, a customer or an order depends on the events that name it, and on those of whoever stands in one
event with it: whose visit it was, whose order, as which customer. A set of them that is closed under "stands in one event
with" can be worked out anew by itself, and everyone else's figures stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from counterclick.events.bulk import quoted
from counterclick.events.schema import FIELDS_OF, KINDS, REQUIRED_OF, SCHEMA, duckdb_type
from counterclick.store.kept import SHELF, Manifest

__all__ = ["KEYS", "MOST", "PART", "UNTOLD", "links_sql", "nameless_sql", "touch", "touch_whom"]

PART = "part"
"""Schema that holds the events of whom new events touch, under the same names as the whole."""
KEYS = {
    "visitor_id": "visitors",
    "customer_id": "customers",
    "order_id": "orders",
    "person_id": "persons",
    "refund_id": "refunds",
}
"""Column that says whose a row is -> table, in the part, of those that are touched."""
UNTOLD = ("experiment_declared", "look_taken", "product", "rejection", "erasure")
"""Kinds that say nothing of a visitor, a customer or an order."""
_IDS = ("visitor_id", "customer_id", "order_id")
_FETCHED = (
    "add_to_cart",
    "assistant_answer",
    "exposure",
    "identify",
    "message_clicked",
    "message_opened",
    "purchase",
    "refund",
    "remove_from_cart",
    "select_item",
)
"""Kinds that most facts are made of: fetched once. All others are looked up when they are asked for."""
MOST = 1 / 3
"""Where more is touched than this fraction, working out everything anew is as fast."""
_MOST_FETCHED = 1 / 8
"""The same of what is fetched: of all events, which are counted already, these kinds are less than half."""
_ROUNDS = 50


def touch(
    connection: duckdb.DuckDBPyConnection, new_sql: str, manifest: Manifest, of_kinds: Callable[[Sequence[str]], str]
) -> bool | None:
    """Make the schema `PART`: tables of those whom new events touch, and ``events``, which holds all of their events.

    Args:
        connection: with the view ``events`` and the table ``inbox_events``, and the file of kept facts attached.
        new_sql: the log's events since the file was written.
        manifest: of that file.
        of_kinds: SQL for all events of some kinds: a query of some kinds' events asks their files alone.

    Returns:
        True if the part is made; False if nothing is touched; None if so much is that all must be worked out anew.
    """
    found = touch_whom(connection, new_sql, manifest)
    if not found:
        return found
    most = _MOST_FETCHED * (manifest.n_events + _one(connection, f"SELECT count(*) FROM ({new_sql})"))
    parts = [_theirs(kinds, of_kinds(kinds)) for kinds in _groups(_FETCHED)]
    connection.execute(f"CREATE TABLE {PART}.fetched AS {' UNION ALL '.join(parts)} UNION ALL {nameless_sql(new_sql)}")
    if _one(connection, f"SELECT count(*) FROM {PART}.fetched") > most:
        return None
    others = [kind for kind in KINDS if kind not in (*_FETCHED, *UNTOLD)]
    looked_up = [_theirs(kinds, of_kinds(kinds)) for kinds in _groups(others)]
    connection.execute(f"CREATE VIEW {PART}.events AS FROM {PART}.fetched UNION ALL {' UNION ALL '.join(looked_up)}")
    connection.execute(
        f"CREATE TABLE {PART}.persons AS SELECT 'v:' || id AS id FROM {PART}.visitors UNION ALL "
        f"SELECT 'c:' || id FROM {PART}.customers"
    )
    connection.execute(f"CREATE TABLE {PART}.refunds AS SELECT event_id AS id FROM {PART}.fetched WHERE kind = 'refund'")
    return True


def touch_whom(connection: duckdb.DuckDBPyConnection, new_sql: str, manifest: Manifest) -> bool | None:
    """Make the schema `PART` with tables of the visitors, customers and orders whom new events touch; see `touch`."""
    n_new = _one(connection, f"SELECT count(*) FROM ({new_sql})")
    if n_new > MOST * (manifest.n_events + n_new):
        return None
    connection.execute(f"CREATE SCHEMA {PART}")
    ids = ", ".join(_IDS)
    named = f"SELECT DISTINCT {ids} FROM ({_arrived_sql(new_sql)}) UNION ALL SELECT {ids} FROM {SHELF}.waiting"
    connection.execute(f"CREATE TABLE {PART}.named AS {named}")
    if not _one(connection, f"SELECT count(*) FROM {PART}.named"):
        return False
    connection.execute(
        f"CREATE TABLE {PART}.links AS FROM {SHELF}.links UNION ALL {links_sql(f'({new_sql})')} UNION ALL "
        f"{links_sql('main.inbox_events')}"
    )
    return True if _close(connection) else None


def nameless_sql(new_sql: str) -> str:
    """SQL for new events, and such as wait, that name nobody."""
    return f"SELECT * FROM ({_arrived_sql(new_sql)}) WHERE visitor_id IS NULL AND customer_id IS NULL AND order_id IS NULL"


def _arrived_sql(new_sql: str) -> str:
    """SQL for new events, and such as wait, that may touch somebody."""
    told = ", ".join(map(quoted, UNTOLD))
    return (
        f"SELECT * FROM (FROM ({new_sql}) UNION ALL FROM main.inbox_events) WHERE kind NOT IN ({told}) "
        "AND NOT (kind IN ('exposure', 'decision') AND visitor_id IS NULL)"  # no table that is kept up tells of them
    )


def links_sql(events: str) -> str:
    """SQL for who stands in one event with whom: visitor_id, customer_id, order_id, of events that may name two of them."""
    ordered = _listed([kind for kind in KINDS if "order_id" in FIELDS_OF[kind]])
    return (
        f"SELECT DISTINCT visitor_id, customer_id, order_id FROM {events} WHERE kind IN ({ordered}) UNION ALL "
        f"SELECT DISTINCT visitor_id, customer_id, NULL FROM {events} "
        f"WHERE kind NOT IN ({ordered}) AND customer_id IS NOT NULL"
    )


def _close(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make the tables of the visitors, customers and orders that are touched; say whether an end was found."""
    for column in _IDS:
        connection.execute(
            f"CREATE TABLE {PART}.{KEYS[column]} AS SELECT DISTINCT {column} AS id FROM {PART}.named "
            f"WHERE {column} IS NOT NULL"
        )
    for _ in range(_ROUNDS):
        hit = " OR ".join(f"{column} IN (FROM {PART}.{KEYS[column]})" for column in _IDS)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE hit AS SELECT DISTINCT * FROM {PART}.links WHERE {hit}")
        n_more = 0
        for column in _IDS:
            own = f"{PART}.{KEYS[column]}"
            more = f"SELECT DISTINCT {column} FROM hit WHERE {column} IS NOT NULL AND {column} NOT IN (FROM {own})"
            n_more += _one(connection, f"INSERT INTO {own} {more}")
        if not n_more:
            return True
    return False


def _groups(kinds: Sequence[str]) -> list[list[str]]:
    """Put kinds together that are looked up alike; the many exposures stand alone, so that few of their columns are read."""
    sure = [kind for kind in kinds if "visitor_id" in REQUIRED_OF[kind]]
    alone = [kind for kind in kinds if kind == "exposure"]
    groups = [alone, sure, [kind for kind in kinds if kind not in (*alone, *sure)]]
    return [group for group in groups if group]


def _theirs(kinds: Sequence[str], every: str) -> str:
    """SQL for the events of these kinds that name somebody who is touched, of every one.

    Whoever stands in one event is touched together, so that the first id that an event names says whether it is meant.
    """
    filled = {"kind", "received_at", "source", *(name for kind in kinds for name in FIELDS_OF[kind])}
    columns = ", ".join(
        f'e."{field.name}"' if field.name in filled else f'NULL::{duckdb_type(field.type)} AS "{field.name}"'
        for field in SCHEMA
    )
    ways = []
    for place, column in enumerate(_IDS):
        if not any(column in FIELDS_OF[kind] for kind in kinds):
            continue
        unnamed = "".join(f" AND e.{earlier} IS NULL" for earlier in _IDS[:place])
        ways.append(
            f"SELECT {columns} FROM ({every}) AS e SEMI JOIN {PART}.{KEYS[column]} AS t ON e.{column} = t.id "
            f"WHERE true{unnamed}"
        )
        if all(column in REQUIRED_OF[kind] for kind in kinds):
            break
    return " UNION ALL ".join(ways)


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(map(quoted, kinds))


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
