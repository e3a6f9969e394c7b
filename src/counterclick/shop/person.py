"""Whose an event is: everything that is kept of one person, by what customers, visitors and orders the person is known.

An event is the person's that names one of its customer ids, or one of its orders. An event that names nobody is the
person's where its visitor is; a visitor that a browser had lost and found again (``reassigned``) is the same one. A
visitor that several customers have used (a shared device) is whose it last turned out to be; before the first of them it
is the first one's.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec

from counterclick.errors import InputError
from counterclick.events.redaction import hashed
from counterclick.events.schema import REJECTION
from counterclick.store.erased import mark_of_event, mark_of_order
from counterclick.store.erasing import Plan
from counterclick.store.searching import LEAST, tokens_of

__all__ = ["MINE", "Found", "Person", "find", "plan_of"]

MINE = "mine"
"""Name of the table of a person's events that `find` makes: kind, event_id."""
_SERVED = "decide"
"""Source of exposures that this product records itself: the id is the same whenever the visitor comes again."""
_IDS = (
    "event_id",
    "visitor_id",
    "other_visitor_id",
    "customer_id",
    "order_id",
    "product_id",
    "conversation_id",
    "message_id",
    "campaign_id",
)
_OWN = ("event_id", "conversation_id", "message_id")
"""Columns whose values are a person's alone where no event of others has them."""


_SAME_BROWSER = """WITH RECURSIVE same AS (
    FROM ({known}) AS k (id) UNION SELECT b AS id FROM p_links JOIN same ON a = same.id) FROM same"""
_STEPS = (
    (
        "p_links",
        """SELECT visitor_id AS a, other_visitor_id AS b FROM events WHERE kind = 'reassigned'
            UNION SELECT other_visitor_id, visitor_id FROM events WHERE kind = 'reassigned'""",
    ),
    ("p_asked", _SAME_BROWSER.format(known="FROM p_given")),
    (
        "p_bought",
        """SELECT DISTINCT order_id FROM events WHERE kind = 'purchase' AND order_id IS NOT NULL
            AND (customer_id IN (FROM p_customers) OR visitor_id IN (FROM p_asked)) UNION FROM p_named""",
    ),
    (
        "p_visitors",
        _SAME_BROWSER.format(
            known="""SELECT DISTINCT visitor_id FROM events WHERE visitor_id IS NOT NULL AND (
                customer_id IN (FROM p_customers) OR (kind = 'purchase' AND customer_id IS NULL
                AND order_id IN (FROM p_bought)))"""
        ),
    ),
    (
        "p_shared",
        """SELECT DISTINCT visitor_id AS id FROM events WHERE visitor_id IN (FROM p_visitors)
            AND customer_id NOT IN (FROM p_customers) AND visitor_id NOT IN (FROM p_asked)""",
    ),
    ("p_alone", "FROM p_visitors EXCEPT FROM p_shared"),
    (
        "p_namings",
        """SELECT visitor_id, occurred_at, arg_min(customer_id, event_id) AS customer_id FROM events
            WHERE visitor_id IN (FROM p_shared) AND customer_id IS NOT NULL GROUP BY visitor_id, occurred_at""",
    ),
    (
        "p_nameless",
        """SELECT e.kind, e.event_id, e.order_id FROM (
                SELECT * FROM events WHERE customer_id IS NULL AND visitor_id IN (FROM p_shared)) AS e
            ASOF LEFT JOIN p_namings AS n ON e.visitor_id = n.visitor_id AND e.occurred_at >= n.occurred_at
            JOIN (SELECT visitor_id, arg_min(customer_id, occurred_at) AS customer_id FROM p_namings GROUP BY visitor_id)
                AS f ON e.visitor_id = f.visitor_id
            WHERE coalesce(n.customer_id, f.customer_id) IN (FROM p_customers)""",
    ),
    (
        "p_orders",
        """SELECT order_id AS id FROM p_bought UNION
            SELECT order_id FROM p_nameless WHERE kind = 'purchase' AND order_id IS NOT NULL UNION
            SELECT order_id FROM events WHERE kind = 'purchase' AND customer_id IS NULL AND order_id IS NOT NULL
                AND visitor_id IN (FROM p_alone)""",
    ),
    (
        MINE,
        """SELECT kind, event_id FROM events WHERE customer_id IN (FROM p_customers) OR order_id IN (FROM p_orders)
                OR visitor_id IN (FROM p_asked) OR (customer_id IS NULL AND visitor_id IN (FROM p_alone))
                OR other_visitor_id IN (FROM p_asked UNION FROM p_alone)
            UNION SELECT kind, event_id FROM p_nameless""",
    ),
)
"""How a person's events are found: a table after the other, from those that are given (p_customers, p_given: visitors,
p_named: orders). p_links joins visitors of one browser, which had lost the first; p_alone are visitors that nobody else has
used, p_nameless is what shared ones did while they were the person."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """By what a person is known, as it is asked.

    Attributes:
        customers: customer ids or e-mail addresses.
        visitors: visitor ids.
        orders: order ids.
    """

    customers: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()

    def known_as(self, key: str) -> Person:
        """Return it as the log knows it: e-mail addresses hashed.

        Raises:
            InputError: nothing is named.
        """
        named = [*self.customers, *self.visitors, *self.orders]
        if not named or not all(each.strip() for each in named):
            raise InputError("name whom it is about: a customer's id or e-mail address, or a visitor's id.")
        hashed_ids = [
            tuple(hashed(each.strip(), key) for each in ids) for ids in (self.customers, self.visitors, self.orders)
        ]
        return Person(customers=hashed_ids[0], visitors=hashed_ids[1], orders=hashed_ids[2])


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of a person.

    Attributes:
        events: kind -> how many.
        n_visitors: visitors that are the person's alone.
        n_orders: its orders.
        others: customers who share a visitor with the person, as the log knows them.
        known_as: customers that visitors who were asked for turned out to be; what these did elsewhere is not among it.
        words: column -> the ids by which the person is known there and nobody else.
    """

    events: Mapping[str, int]
    n_visitors: int
    n_orders: int
    others: tuple[str, ...]
    known_as: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]


def find(connection: duckdb.DuckDBPyConnection, person: Person) -> Found:
    """Find a person's events, and make the table `MINE` of them.

    Args:
        connection: with the view ``events``.
        person: as the log knows it.
    """
    for table, ids in (("p_customers", person.customers), ("p_given", person.visitors), ("p_named", person.orders)):
        _list(connection, table, ids)
    for table, sql in _STEPS:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
    connection.execute(f"INSERT INTO {MINE} SELECT '{REJECTION}', unnest(?::VARCHAR[])", [_refused(connection)])
    counted = f"SELECT kind, count(*) AS n FROM {MINE} GROUP BY kind ORDER BY n DESC, kind"
    events = dict(connection.execute(counted).fetchall())
    others, known_as = (
        _column(
            connection,
            f"SELECT DISTINCT customer_id FROM events WHERE visitor_id IN (FROM {visitors}) AND customer_id IS NOT NULL "
            "AND customer_id NOT IN (FROM p_customers)",
        )
        for visitors in ("p_shared", "p_asked")
    )
    words = _words(connection, person)
    n_visitors, n_orders = len(words["visitor_id"]), len(words["order_id"])
    return Found(events, n_visitors, n_orders, others, known_as, words)


def plan_of(connection: duckdb.DuckDBPyConnection, found: Found, key: str, given: Iterable[str]) -> Plan:
    """Return the plan of a person's erasure.

    Args:
        connection: in which it was found.
        found: `find`.
        key: of the store.
        given: the ids and addresses as they were asked for, in the clear.
    """
    keys: dict[str, list[str]] = {}
    for kind, event_id in connection.execute(f"FROM {MINE} ORDER BY kind, event_id").fetchall():
        keys.setdefault(kind, []).append(event_id)
    asked_again = {
        row[0]
        for row in connection.execute(
            f"SELECT event_id FROM events SEMI JOIN {MINE} USING (kind, event_id) WHERE kind = 'exposure' AND source = ?",
            [_SERVED],
        ).fetchall()
    }
    marks = [
        mark_of_event(key, kind, event_id)
        for kind, ids in keys.items()
        for event_id in ids
        if kind != REJECTION and not (kind == "exposure" and event_id in asked_again)
    ]
    marks += [mark_of_order(key, order) for order in found.words["order_id"]]
    return Plan(
        erasure_id=uuid.uuid4().hex,
        why="person",
        events=dict(found.events),
        keys=keys,
        marks=sorted(marks),
        words={column: list(words) for column, words in found.words.items() if words},
        everywhere=_everywhere(connection, found.words, given),
    )


def _words(connection: duckdb.DuckDBPyConnection, person: Person) -> dict[str, tuple[str, ...]]:
    """Return the ids that are the person's alone, by column."""
    visitors = _column(connection, "FROM p_alone UNION FROM p_asked")
    words = {
        "customer_id": person.customers,
        "visitor_id": visitors,
        "other_visitor_id": visitors,
        "order_id": _column(connection, "SELECT DISTINCT id FROM p_orders"),
    }
    for column in _OWN:
        words[column] = _column(
            connection,
            f"SELECT {column} FROM events SEMI JOIN {MINE} USING (kind, event_id) WHERE {column} IS NOT NULL EXCEPT "
            f"SELECT {column} FROM events ANTI JOIN {MINE} USING (kind, event_id) WHERE {column} IS NOT NULL",
        )
    return words


def _everywhere(
    connection: duckdb.DuckDBPyConnection, words: Mapping[str, Sequence[str]], given: Iterable[str]
) -> list[str]:
    """Return the words that are long, and stand in no column of any event that stays."""
    longer = sorted({word for each in (*words.values(), tuple(given)) for word in each if len(word) >= LEAST})
    _list(connection, "p_words", longer)
    stay: set[str] = set()
    for column in _IDS:
        named = f"SELECT kind, event_id, {column} FROM events SEMI JOIN p_words ON {column} = id"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE p_named_so AS {named}")
        stay |= {*_column(connection, f"SELECT DISTINCT {column} FROM p_named_so ANTI JOIN {MINE} USING (kind, event_id)")}
    return [word for word in longer if word not in stay]


def _refused(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the ids of refused events whose bodies name the person."""
    short = {
        *_column(
            connection, "FROM p_customers UNION FROM p_visitors UNION FROM p_asked UNION FROM p_orders EXCEPT FROM p_shared"
        )
    }
    longer = {each for each in short if len(each) >= LEAST}
    found = []
    rows = connection.execute(f"SELECT event_id, details FROM events WHERE kind = '{REJECTION}'")
    while part := rows.fetchmany(10_000):
        for event_id, details in part:
            body = json.loads(details).get("body", "")
            if not longer.isdisjoint(tokens_of(details)) or not short.isdisjoint(_ids_in(body)):
                found.append(event_id)
    return found


def _ids_in(body: str) -> set[str]:
    """Return what stands under the names of ids in a refused body, if it is JSON."""
    try:
        waiting: list[tuple[str, Any]] = [("", msgspec.json.decode(body))]
    except (msgspec.DecodeError, UnicodeError):
        return set()
    found: set[str] = set()
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif isinstance(value, str | int) and name.lower().replace("_", "").endswith(("id", "visitor", "customer")):
            found.add(str(value))
    return found


def _list(connection: duckdb.DuckDBPyConnection, table: str, ids: Iterable[str]) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT unnest(?::VARCHAR[]) AS id", [list(ids)])


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    return tuple(sorted(row[0] for row in connection.execute(sql).fetchall()))
