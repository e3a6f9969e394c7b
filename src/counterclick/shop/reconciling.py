"""Reconciling: what an export of Shopify's orders says, laid beside the log; what is missing is added, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from counterclick.config import Config
from counterclick.connectors.shopify import translated_orders
from counterclick.display import Grid, Shown, count, money
from counterclick.errors import InputError
from counterclick.events.door import Context, admit_one
from counterclick.events.rejection import Rejection
from counterclick.events.vocabulary import Event, Purchase, Refund
from counterclick.shop.recording import Progress, record_bodies, silent
from counterclick.shop.shopify import ShopifyStore
from counterclick.store import Store

__all__ = ["Day", "Differing", "Reconciled", "reconcile"]

_SOURCE = "shopify"
_OWN = "shopify_"
"""How the ids of events begin that webhooks and exports make."""
_ROUNDING = Decimal("0.005")
_AT_ONCE = 2_000
_MOST_SHOWN = 20
_HEADS = ("day", "orders", "refunds", "cancellations", "revenue added")


@dataclass(frozen=True, slots=True)
class Day:
    """What was missing of one day.

    Attributes:
        happened_on: in the shop's time zone.
        n_orders: orders.
        n_refunds: refunds of goods that came back, or of amounts.
        n_cancellations: refunds of goods that never left.
        revenue: of the orders, net, in the shop's currency.
    """

    happened_on: date
    n_orders: int
    n_refunds: int
    n_cancellations: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Differing:
    """An order or refund whose worth is not the same in the log and in the export; the log's stays.

    Attributes:
        kind: purchase or refund.
        order_id: the order.
        logged: worth in the log, net.
        exported: worth in the export, net.
    """

    kind: str
    order_id: str
    logged: Decimal
    exported: Decimal


@dataclass(frozen=True, slots=True)
class Reconciled(Shown):
    """What came of reconciling.

    Attributes:
        currency: of amounts.
        n_orders: orders that the export tells.
        n_refunds: refunds and cancellations that it tells.
        added: what was missing and is recorded now, by day.
        n_others: other events that were missing, such as arms that orders carry.
        differing: what is worth something else in the log.
        n_erased: events of persons who were forgotten; they stay so.
        n_elsewhere: refunds of orders whose refunds another sender tells; they would count twice.
        refused: reason -> what could not be translated; it is not in the log.
    """

    currency: str
    n_orders: int
    n_refunds: int
    added: tuple[Day, ...]
    n_others: int
    differing: tuple[Differing, ...]
    n_erased: int = 0
    n_elsewhere: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing needs attention."""
        return not self.differing and not self.refused

    def grids(self) -> list[Grid]:
        """Return what was missing by day, and what differs."""
        rows = [
            (f"{day.happened_on}", *map(count, (day.n_orders, day.n_refunds, day.n_cancellations)), self._money(day.revenue))
            for day in self.added
        ]
        notes = [f"The export tells {count(self.n_orders)} orders and {count(self.n_refunds)} refunds or cancellations."]
        if not rows:
            notes.append("None of them was missing.")
        if self.n_others:
            notes.append(f"{count(self.n_others)} other events were added, such as arms that orders carry.")
        if self.n_erased:
            notes.append(f"{count(self.n_erased)} events are of persons who were forgotten, and stay so.")
        if self.n_elsewhere:
            notes.append(f"{count(self.n_elsewhere)} refunds were left out: another sender tells those of their orders.")
        notes += [f"{count(n)} could not be translated: {reason}." for reason, n in self.refused.items()]
        grids = [Grid("What was missing, and is recorded now", _HEADS if rows else (), rows, notes)]
        if self.differing:
            shown = [
                (one.kind, one.order_id, self._money(one.logged), self._money(one.exported))
                for one in self.differing[:_MOST_SHOWN]
            ]
            note = (
                f"{count(len(self.differing))} in all. The log's stay: the first telling of an order counts; what an edit "
                "takes out comes as a refund."
            )
            grids.append(
                Grid("Worth something else", ("kind", "order", "in the log", "in the export"), shown, [note], left=2)
            )
        return grids

    def _money(self, amount: Decimal) -> str:
        return money(float(amount), self.currency)


def reconcile(store: Store, config: Config, path: Path, *, progress: Progress = silent) -> Reconciled:
    """Lay an export of orders beside the log and record what is missing; doing so again changes nothing.

    Args:
        store: of the shop.
        config: the shop's.
        path: of the export, JSON lines: see `counterclick.connectors.shopify.orders_export`.
        progress: called with each step and the fraction done.

    Raises:
        InputError: the file cannot be read.
        StoreError: the store could not be read or written.
    """
    progress("reading", 0.0)
    events, refused = _told(store, config, path)
    progress("comparing", 0.4)
    there, differing, elsewhere = store.ask(lambda connection: _compared(connection, events))
    missing = [event for event in events if _key(event) not in there and _key(event) not in elsewhere]
    progress("recording", 0.7)
    for first in range(0, len(missing), _AT_ONCE):
        record_bodies(store, config, missing[first : first + _AT_ONCE], source=_SOURCE)
    now_there, _, _ = store.ask(lambda connection: _compared(connection, missing))
    added = [event for event in missing if _key(event) in now_there]
    kinds = Counter(type(event) for event in events)
    return Reconciled(
        currency=config.shop.currency,
        n_orders=kinds[Purchase],
        n_refunds=kinds[Refund],
        added=_days(added, config.shop.timezone),
        n_others=sum(not isinstance(event, Purchase | Refund) for event in added),
        differing=tuple(differing),
        n_erased=len(missing) - len(added),
        n_elsewhere=len(elsewhere),
        refused=refused,
    )


def _told(store: Store, config: Config, path: Path) -> tuple[list[Event], dict[str, int]]:
    """Return the events of an export, each once, and reason -> what could not be translated."""
    context = Context(datetime.now(UTC), _SOURCE, config.shop.currency, store.key)
    found: dict[tuple[str, str], Event] = {}
    refused: Counter[str] = Counter()
    try:
        with path.open("rb") as file:
            for told in translated_orders(file, ShopifyStore(store.folder, config).known()):
                refused.update(f"{reason.value}: {says}" for reason, says in told.refused)
                for body in told.bodies:
                    judged = admit_one(body, context)
                    if isinstance(judged, Rejection):
                        refused[f"{judged.reason.value}: {judged.details}"] += 1
                    else:
                        found.setdefault(_key(judged), judged)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return list(found.values()), dict(sorted(refused.items()))


def _compared(
    connection: duckdb.DuckDBPyConnection, events: Sequence[Event]
) -> tuple[set[tuple[str, str]], list[Differing], set[tuple[str, str]]]:
    """Return the keys of the events that are there, what is worth something else, and refunds that others tell."""
    import pyarrow as pa  # noqa: PLC0415 - only where something is compared

    told = pa.table(
        {
            "kind": pa.array([_key(event)[0] for event in events], pa.string()),
            "event_id": pa.array([event.event_id for event in events], pa.string()),
            "order_id": pa.array([getattr(event, "order_id", None) for event in events], pa.string()),
            "worth": pa.array([_worth(event) for event in events], pa.decimal128(38, 4)),
        }
    )
    connection.register("told", told)
    lines = "list_sum(list_transform(lines, lambda l: l.quantity * l.unit_price))"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE logged AS SELECT kind, event_id, order_id,
            coalesce(value, amount, {lines} - coalesce(discount, 0)) AS worth
        FROM (SELECT * FROM events SEMI JOIN told USING (kind, event_id) UNION
            SELECT * FROM events WHERE kind IN ('purchase', 'refund') AND order_id IN (SELECT order_id FROM told))""")
    # an order counts once, whoever tells it; where both tell it, Shopify's own telling is compared
    rows = connection.execute("""
        SELECT t.kind, t.event_id, t.order_id, arg_min(l.worth, (t.event_id <> l.event_id)::INTEGER), any_value(t.worth)
        FROM told AS t JOIN logged AS l
            ON t.kind = l.kind AND (t.event_id = l.event_id OR (t.kind = 'purchase' AND t.order_id = l.order_id))
        GROUP BY t.kind, t.event_id, t.order_id ORDER BY t.order_id, t.kind, t.event_id""").fetchall()
    differing = [
        Differing(kind, order_id, logged, exported)
        for kind, _, order_id, logged, exported in rows
        if logged is not None and exported is not None and abs(logged - exported) >= _ROUNDING
    ]
    there = {(kind, event_id) for kind, event_id, *_ in rows}
    others = connection.execute(f"""
        SELECT kind, event_id FROM told WHERE kind = 'refund' AND order_id IN (
            SELECT order_id FROM logged WHERE kind = 'refund' AND NOT starts_with(event_id, '{_OWN}'))""").fetchall()
    connection.unregister("told")
    return there, differing, {(kind, event_id) for kind, event_id in others} - there


def _key(event: Event) -> tuple[str, str]:
    return str(event.__struct_config__.tag), str(event.event_id)


def _worth(event: Any) -> Decimal | None:
    """Return what an order or a refund is worth, net; None where it does not say."""
    if not isinstance(event, Purchase | Refund):
        return None
    stated = event.value if isinstance(event, Purchase) else event.amount
    if stated is not None:
        return stated
    if not event.lines or any(line.unit_price is None for line in event.lines):
        return None
    whole = sum((line.quantity * Decimal(line.unit_price or 0) for line in event.lines), Decimal(0))
    return whole - ((event.discount or Decimal(0)) if isinstance(event, Purchase) else Decimal(0))


def _days(events: Iterable[Event], timezone: str) -> tuple[Day, ...]:
    zone = ZoneInfo(timezone)
    days: dict[date, list[Event]] = {}
    for event in events:
        if isinstance(event, Purchase | Refund):
            days.setdefault(event.occurred_at.astimezone(zone).date(), []).append(event)
    found = []
    for day, each in sorted(days.items()):
        orders = [event for event in each if isinstance(event, Purchase)]
        n_cancelled = sum(isinstance(event, Refund) and event.refund_kind == "cancellation" for event in each)
        revenue = sum((_worth(order) or Decimal(0) for order in orders), Decimal(0))
        found.append(Day(day, len(orders), len(each) - len(orders) - n_cancelled, n_cancelled, revenue))
    return tuple(found)
