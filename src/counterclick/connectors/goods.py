"""Lists of products in a sender's words: lines of an order, of a refund, and what a surface showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from counterclick.connectors.payload import (
    Collector,
    Untranslatable,
    amount,
    needed,
    quantity,
    text,
    whole,
)
from counterclick.events.rejection import Reason

__all__ = ["GoodsNames", "Lines", "lines_of", "purchased", "returned", "shown"]


@dataclass(frozen=True, slots=True)
class GoodsNames:
    """What a sender calls the parts of a product in a list; the first one that is filled counts.

    Attributes:
        product: its id.
        price: of one unit.
        quantity: units.
        position: its place in the list.
        line: the shop's key of the order line.
        first: the number from which the sender counts places.
    """

    product: tuple[str, ...]
    price: tuple[str, ...] = ("price",)
    quantity: tuple[str, ...] = ("quantity",)
    position: tuple[str, ...] = ("position",)
    line: tuple[str, ...] = ("line_id",)
    first: int = 1


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an order.

    Attributes:
        lines: those that could be read.
        complete: whether these are all.
    """

    lines: tuple[dict[str, Any], ...]
    complete: bool

    @property
    def worth(self) -> Decimal:
        """Quantity times unit price, added up."""
        return sum((line["quantity"] * Decimal(line["unit_price"]) for line in self.lines), Decimal(0))


def lines_of(collector: Collector, where: str, items: list[Any], names: GoodsNames) -> Lines:
    """Return the lines of an order; one that cannot be read is refused by itself."""
    lines = []
    for nth, item in enumerate(items, 1):
        with collector.refusing(f"{where}: line {nth}"):
            line = _line(item, names)
            line["unit_price"] = str(needed(amount(item, *names.price), names.price[0]))
            lines.append(line)
    return Lines(tuple(lines), len(lines) == len(items))


def purchased(value: Decimal | None, lines: Lines, discount: Decimal | None) -> dict[str, Any]:
    """Return the lines, value and discount of a purchase.

    Args:
        value: revenue net of tax, shipping and discount, where the sender states it.
        lines: what was bought.
        discount: on the whole order, which is taken off the lines where no value is stated.

    Raises:
        Untranslatable: nothing says what the order was worth, or what says it lacks a line.
    """
    if value is None and not lines.complete:
        raise Untranslatable(
            Reason.WRONG_TYPE, "the order states no revenue, and one of its lines cannot be read, so its worth is not known"
        )
    if value is None and not lines.lines:
        raise Untranslatable(Reason.MISSING_FIELD, "nothing says what the order was worth; send its revenue or its lines")
    return {"value": value, "lines": list(lines.lines) or None, "discount": discount}


def returned(collector: Collector, where: str, items: list[Any], names: GoodsNames, *, priced: bool) -> list[dict[str, Any]]:
    """Return the lines of a refund; without prices, the order's own hold.

    Args:
        collector: for lines that cannot be read.
        where: begins their refusals.
        items: the sender's list.
        names: what it calls the parts.
        priced: whether the sender's price is what was given back for a unit.
    """
    lines = []
    for nth, item in enumerate(items, 1):
        with collector.refusing(f"{where}: line {nth}"):
            line = _line(item, names)
            price = amount(item, *names.price) if priced else None
            lines.append(line if price is None else line | {"unit_price": str(price)})
    return lines


def shown(collector: Collector, where: str, items: list[Any], names: GoodsNames) -> list[dict[str, Any]]:
    """Return what a surface showed, with places counted from 1: as stated, else as listed."""
    found: list[tuple[str, int | None]] = []
    for nth, item in enumerate(items, 1):
        with collector.refusing(f"{where}: product {nth}"):
            product = needed(text(_object(item), *names.product), names.product[0])
            found.append((product, collector.given(where, whole, item, *names.position)))
    places = [place for _, place in found if place is not None]
    shift = 1 - min([names.first, *(place for place in places if place >= 0)])
    stated = bool(places) and len(places) == len(found) and min(places) >= 0
    return [
        {"product_id": product, "position": place + shift if stated and place is not None else nth}
        for nth, (product, place) in enumerate(found, 1)
    ]


def _object(item: Any) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise Untranslatable(Reason.WRONG_TYPE, "a product must be an object")
    return item


def _line(item: Any, names: GoodsNames) -> dict[str, Any]:
    product = needed(text(_object(item), *names.product), names.product[0])
    line: dict[str, Any] = {"product_id": product, "quantity": quantity(item, *names.quantity)}
    own = text(item, *names.line)
    return line if own is None else line | {"line_id": own}
