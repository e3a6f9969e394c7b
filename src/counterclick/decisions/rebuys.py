"""Who bought what on which days, as of any day: a customer and a type of product are a pair, its buying days its history.

The type of a product is its category where the catalogue says one, else the item that its sizes share, else itself. Orders
of one day are one, and cancelled ones none. A history as of a day holds the days before it, and nothing of that day or
later: what is learned from it is judged by the days that follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from numpy.typing import NDArray

from counterclick.decisions.history import Codes
from counterclick.facts import Outcomes
from counterclick.facts.local_time import local
from counterclick.facts.rows import floats

__all__ = ["BuyingDays", "Orders", "Pairs", "as_of", "bought_within", "buying_days", "day_number", "day_of", "orders_as_of"]

Numbers = NDArray[np.float64]
Bools = NDArray[np.bool_]
_FIRST = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return how many days after 1970-01-01 a day is."""
    return (day - _FIRST).days


def day_of(number: int) -> date:
    """Return the day so many days after 1970-01-01."""
    return _FIRST + timedelta(days=int(number))


@dataclass(frozen=True, slots=True)
class BuyingDays:
    """Days on which customers bought, by customer, type and day, each once; days are numbers, see `day_number`.

    Attributes:
        customer: number of each row's customer.
        type: number of its type of product.
        day: of the shop.
        orders: customer of each day with an order, of whatever; by customer and day.
        ordered: these days.
        value: net revenue of that day's orders, in the shop's currency.
        customers: ids, as the shop keeps them.
        types: names.
    """

    customer: Codes
    type: Codes
    day: Codes
    orders: Codes
    ordered: Codes
    value: Numbers
    customers: pa.StringArray
    types: tuple[str, ...]

    @property
    def first(self) -> int:
        """First day with an order; there must be one."""
        return int(self.ordered.min())

    @property
    def last(self) -> int:
        """Last day with an order; there must be one."""
        return int(self.ordered.max())

    def of(self, customers: Bools) -> BuyingDays:
        """Return the days of some customers; numbers of customers stay as they are.

        Args:
            customers: of each, whether it is meant.
        """
        rows, orders = customers[self.customer], customers[self.orders]
        own = (self.customer[rows], self.type[rows], self.day[rows])
        return BuyingDays(*own, self.orders[orders], self.ordered[orders], self.value[orders], self.customers, self.types)


@dataclass(frozen=True, slots=True)
class Pairs:
    """What each pair had done before a day, by customer and type.

    Attributes:
        customer: its number.
        type: its number.
        n: days on which it was bought.
        first: the first of them.
        last: the last of them.
        log_gaps: sum of the logs of the days from each to the next; 0 where there is one.
        square_gaps: sum of their squares.
        last_order: last day on which the customer ordered anything.
        n_orders: days on which it did.
        day: the day before which all this was.
    """

    customer: Codes
    type: Codes
    n: Codes
    first: Codes
    last: Codes
    log_gaps: Numbers
    square_gaps: Numbers
    last_order: Codes
    n_orders: Codes
    day: int

    def __len__(self) -> int:
        return len(self.customer)

    def some(self, rows: Bools | NDArray[np.intp] | slice) -> Pairs:
        """Return some of them."""
        names = [name for name in self.__slots__ if name != "day"]
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


@dataclass(frozen=True, slots=True)
class Orders:
    """What each customer had ordered before a day.

    Attributes:
        customer: its number.
        n: days with an order.
        first: the first of them.
        last: the last of them.
        value: net revenue of them.
        day: the day before which all this was.
    """

    customer: Codes
    n: Codes
    first: Codes
    last: Codes
    value: Numbers
    day: int

    def __len__(self) -> int:
        return len(self.customer)


def buying_days(outcomes: Outcomes, timezone: str) -> BuyingDays:
    """Return on which days each known customer bought what.

    Who ordered without being known as a customer cannot be written to, and is left out.

    Args:
        outcomes: of the shop.
        timezone: in which its days begin.
    """
    sold = outcomes.orders.filter(outcomes.orders.customer_id.notnull() & ~outcomes.orders.is_cancelled)
    sold = sold.select("order_id", "customer_id", "net_revenue", ordered_on=local(sold.ordered_at, timezone).cast("date"))
    days = sold.group_by("customer_id", "ordered_on").agg(value=_.net_revenue.sum().cast("float64"))
    ordered = days.order_by("customer_id", "ordered_on").to_pyarrow()
    told = outcomes.products.select(_known="product_id", _group="group_id", _category="category")
    lines = outcomes.order_lines.select("order_id", "product_id").join(sold.drop("net_revenue"), "order_id")
    named = lines.left_join(told, lines.product_id == told["_known"])
    kind = named["_category"].nullif("").coalesce(named["_group"].nullif(""), named.product_id)
    rows = named.select("customer_id", "ordered_on", type=kind).distinct()
    bought = rows.order_by("customer_id", "type", "ordered_on").to_pyarrow()
    customers = pc.unique(ordered["customer_id"].combine_chunks())
    types = pc.unique(bought["type"].combine_chunks())
    return BuyingDays(
        customer=_numbers(bought["customer_id"], customers),
        type=_numbers(bought["type"], types),
        day=_days(bought["ordered_on"]),
        orders=_numbers(ordered["customer_id"], customers),
        ordered=_days(ordered["ordered_on"]),
        value=np.nan_to_num(floats(ordered["value"])),
        customers=customers,
        types=tuple(types.to_pylist()),
    )


def as_of(days: BuyingDays, day: int) -> Pairs:
    """Return what each pair that was bought before a day had done until then.

    Args:
        days: of all.
        day: nothing of it, or of a later one, counts.
    """
    known = np.flatnonzero(days.day < day)
    customer, kind, bought = days.customer[known], days.type[known], days.day[known]
    begins = _begins(customer, kind)
    ends = np.append(begins, len(known))[1:]
    gaps = np.zeros(len(known))
    gaps[1:] = np.diff(bought)
    gaps[begins] = 1.0  # no gap leads to the first day: its log is 0
    logs = np.log(gaps)
    orders = orders_as_of(days, day)
    place = np.searchsorted(orders.customer, customer[begins])
    return Pairs(
        customer=customer[begins],
        type=kind[begins],
        n=(ends - begins).astype(np.int64),
        first=bought[begins],
        last=bought[ends - 1],
        log_gaps=_summed(logs, begins),
        square_gaps=_summed(logs**2, begins),
        last_order=orders.last[place],
        n_orders=orders.n[place],
        day=day,
    )


def orders_as_of(days: BuyingDays, day: int) -> Orders:
    """Return what each customer who had ordered before a day had ordered until then.

    Args:
        days: of all.
        day: nothing of it, or of a later one, counts.
    """
    known = np.flatnonzero(days.ordered < day)
    customer, ordered = days.orders[known], days.ordered[known]
    begins = _begins(customer)
    ends = np.append(begins, len(known))[1:]
    value = _summed(days.value[known], begins)
    n = (ends - begins).astype(np.int64)
    return Orders(customer[begins], n, ordered[begins], ordered[ends - 1], value, day)


def bought_within(days: BuyingDays, pairs: Pairs, horizon: int) -> Bools:
    """Say of each pair whether it was bought on the day that it is known as of, or within so many days from it on.

    Args:
        days: of all.
        pairs: `as_of`.
        horizon: days.
    """
    later = (days.day >= pairs.day) & (days.day < pairs.day + horizon)
    span = len(days.types) + 1
    came = np.unique(days.customer[later] * span + days.type[later])
    return np.isin(pairs.customer * span + pairs.type, came, assume_unique=True)


def _begins(*columns: Codes) -> NDArray[np.intp]:
    """Return where rows begin that agree in these columns, in whose order they stand."""
    if not len(columns[0]):
        return np.zeros(0, np.intp)
    changes = np.zeros(len(columns[0]), np.bool_)
    changes[0] = True
    for column in columns:
        changes[1:] |= np.diff(column) != 0
    return np.flatnonzero(changes)


def _summed(values: Numbers, begins: NDArray[np.intp]) -> Numbers:
    """Return the sum of each part; parts begin at these places."""
    found: Numbers = np.add.reduceat(values, begins) if len(begins) else np.zeros(0)
    return found


def _numbers(column: pa.ChunkedArray, names: pa.StringArray) -> Codes:
    found = pc.index_in(column.combine_chunks(), value_set=names)
    return np.asarray(found.to_numpy(zero_copy_only=False)).astype(np.int64)


def _days(column: pa.ChunkedArray) -> Codes:
    return np.asarray(column.cast(pa.int32()).combine_chunks().to_numpy(zero_copy_only=False)).astype(np.int64)
