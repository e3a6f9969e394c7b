"""What a translator must know of the shop, and how it gathers what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from counterclick.connectors.shopify.reading import UnfitError
from counterclick.connectors.translated import Translated
from counterclick.events import door
from counterclick.events.rejection import Reason, Rejection

__all__ = ["Context", "Parts", "Variant"]

T = TypeVar("T")
_TRIAL = door.Context(received_at=datetime(9000, 1, 1, tzinfo=UTC), source="trial", currency="EUR", key="")
"""For asking the door beforehand; the clock is left to the real one."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What the catalogue says of one variant.

    Attributes:
        variant_id: Shopify's number.
        product_id: of the product that it is a variant of.
        item_id: of its inventory item, which carries its cost; None where it is not told.
        title: of the product.
        category: of the product.
        unit_price: net of tax, in the shop's currency; None where it is not told.
    """

    variant_id: str
    product_id: str
    item_id: str | None = None
    title: str | None = None
    category: str | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the payloads do not say.

    Attributes:
        currency: the shop's, for amounts that name none; None leaves it to the door.
        taxes_included: whether the shop's prices hold their tax, for refunds that do not show it.
        tax_rate: by how much the catalogue's and the carts' prices exceed their net; 0.19 where 19 % are in them. Orders
            and refunds state their own tax and do not need it.
        costs: variant id -> what one unit costs, in the shop's currency.
        items: inventory item id -> the variant that it belongs to.
        orders_from: whose orders count: the ``webhook``'s, or the ``pixel``'s in a shop that sends no webhooks.
        by_decision: experiments in which only a decision makes visitors eligible, so that a cart's arm does not.
        list_surfaces: what a list on a page of the shop is called: ``collection`` or ``search`` -> surface.
    """

    currency: str | None = None
    taxes_included: bool | None = None
    tax_rate: Decimal = Decimal(0)
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    items: Mapping[str, Variant] = field(default_factory=dict)
    orders_from: Literal["webhook", "pixel"] = "webhook"
    by_decision: frozenset[str] = frozenset()
    list_surfaces: Mapping[str, str] = field(default_factory=dict)


class Parts:
    """What has been found so far in one delivery; one odd part loses no other."""

    def __init__(self) -> None:
        self._bodies: list[dict[str, Any]] = []
        self._skipped: list[str] = []
        self._refused: list[tuple[Reason, str]] = []

    def add(self, body: Mapping[str, Any]) -> None:
        """Take an event, or say why the door would not."""
        sent = {name: value for name, value in body.items() if value is not None}
        try:
            msgspec.json.encode(sent)
        except (UnicodeEncodeError, OverflowError, RecursionError):
            self._refused.append((Reason.MALFORMED, f"{sent['kind']}: its texts must be Unicode, its numbers below 2**64"))
            return
        judged = door.admit_one(sent, _TRIAL)
        if isinstance(judged, Rejection):
            self._refused.append((judged.reason, f"{sent['kind']} {sent.get('event_id', '')}: {judged.details}"))
        else:
            self._bodies.append(sent)

    def skip(self, name: str) -> None:
        """Count what means nothing to us."""
        self._skipped.append(name)

    def refuse(self, reason: Reason, says: str) -> None:
        """Say what cannot be translated."""
        self._refused.append((reason, says))

    @contextmanager
    def part(self) -> Iterator[None]:
        """Refuse what is read inside where it cannot be read, and go on after it."""
        try:
            yield
        except UnfitError as unfit:
            self._refused.append((unfit.reason, str(unfit)))

    def read(self, reader: Callable[[], T], otherwise: T) -> T:
        """Return what a reader reads; where it cannot, refuse that and return the other."""
        try:
            return reader()
        except UnfitError as unfit:
            self._refused.append((unfit.reason, str(unfit)))
            return otherwise

    def whole(self) -> Translated:
        """Return everything that was found."""
        return Translated(tuple(self._bodies), tuple(self._skipped), tuple(self._refused))
