"""Order lines as returns are learned from: by item, size, customer, category and way of payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from counterclick.decisions.history import NEVER, Codes, Lines
from counterclick.decisions.selling import last_days
from counterclick.facts import Outcomes
from counterclick.facts.rows import all_rows, floats

__all__ = ["KINDS", "Goods", "ReturnTable", "goods_of", "return_table", "seconds"]

KINDS = ("item", "size", "customer", "category", "payment")
"""What lines have in common. A size is one variant of an item, as it is ordered."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Goods:
    """What the catalogue says of products.

    Attributes:
        item: product -> what its sizes share.
        category: product -> its category.
        variant: (item, size) -> product.
    """

    item: Mapping[str, str]
    category: Mapping[str, str]
    variant: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class ReturnTable:
    """Order lines, in the order of their time.

    Attributes:
        lines: whose, when, and when they came back.
        names: kind -> names of its groups.
        groups: kind -> number of each line's group; below 0 where it names none.
        item_of_size: number of the item of each size.
        quantity: units.
        price: of one unit, as sold, in the shop's currency.
    """

    lines: Lines
    names: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, Codes]
    item_of_size: Codes
    quantity: Numbers
    price: Numbers

    def __len__(self) -> int:
        return len(self.lines.order)

    def settled(self, delay: int, as_of: int) -> NDArray[np.bool_]:
        """Say of which lines it is settled whether they come back.

        Args:
            delay: seconds after which it is.
            as_of: when it is asked, in seconds.
        """
        return self.lines.ordered_at + delay <= as_of


def seconds(moment: datetime) -> int:
    """Return whole seconds of a moment with its time zone, since 1970."""
    return int(moment.astimezone(UTC).timestamp())


def goods_of(outcomes: Outcomes) -> Goods:
    """Return what the catalogue says of products."""
    told = all_rows(outcomes.products.select("product_id", "group_id", "category", "size").order_by("product_id"))
    item = {row["product_id"]: row["group_id"] for row in told if row["group_id"]}
    category = {row["product_id"]: row["category"] for row in told if row["category"]}
    sized = {(item.get(row["product_id"], row["product_id"]), row["size"]): row["product_id"] for row in told if row["size"]}
    return Goods(item, category, sized)


def return_table(outcomes: Outcomes, goods: Goods, days: int) -> ReturnTable:
    """Return the lines of the last days of orders.

    Args:
        outcomes: of the shop.
        goods: what the catalogue says.
        days: how far back orders count, from the newest one.
    """
    recent = last_days(outcomes.line_returns, outcomes, days)
    rows = recent.order_by("ordered_at", "order_id", "line_number").to_pyarrow()
    order, _orders = coded(rows["order_id"])
    size, sizes = coded(rows["product_id"])
    items, item_of_size = numbered([goods.item.get(each, each) for each in sizes])
    categories, category_of_size = numbered([goods.category.get(each) for each in sizes])
    customer, customers = coded(rows["person_id"])
    payment, payments = coded(rows["payment"])
    returned = _times(rows["returned_at"])
    return ReturnTable(
        lines=Lines(order, _times(rows["ordered_at"]), returned),
        names={"item": items, "size": sizes, "customer": customers, "category": categories, "payment": payments},
        groups={
            "item": item_of_size[size],
            "size": size,
            "customer": customer,
            "category": category_of_size[size],
            "payment": payment,
        },
        item_of_size=item_of_size,
        quantity=floats(rows["quantity"]),
        price=np.nan_to_num(floats(rows["unit_price"])),
    )


def coded(column: pa.ChunkedArray) -> tuple[Codes, tuple[str, ...]]:
    """Return the number of each value among the different ones, -1 where there is none, and these."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values = encoded.dictionary.to_pylist()
    return pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64), tuple(values)


def numbered(values: list[str | None]) -> tuple[tuple[str, ...], Codes]:
    """Return the different values, and the number of each; -1 for None."""
    names = {each: n for n, each in enumerate(dict.fromkeys(value for value in values if value is not None))}
    return tuple(names), np.array([-1 if value is None else names[value] for value in values], np.int64)


def _times(column: pa.ChunkedArray) -> Codes:
    """Return whole seconds; `NEVER` where there is none."""
    zoned = pa.timestamp("us", "UTC")
    micro = column.cast(zoned).cast(pa.int64())
    found = pc.fill_null(pc.floor(pc.divide(micro.cast(pa.float64()), 1e6)), -1.0).combine_chunks()
    times = np.asarray(found.to_numpy(zero_copy_only=False)).astype(np.int64)
    return np.where(times < 0, NEVER, times)
