"""Google Merchant feeds, RSS or TSV, read as a stream: each item becomes a product of the catalogue.

`counterclick.connectors.merchant_files` takes the file apart; here stands what an item says. A feed has no time of
its own: it is as of the moment that the caller names, and the same feed as of the same moment is the same events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import BinaryIO

from counterclick.connectors.merchant_files import ATTRIBUTES, UnreadableFeedError, items_of
from counterclick.connectors.payload import Collector, Untranslatable, amount, key, needed, text, whole
from counterclick.connectors.translated import Translated
from counterclick.events.attributes import attributes_written
from counterclick.events.rejection import Reason

__all__ = ["ATTRIBUTES", "item", "products"]

_SAID = ("brand", "color", "material", "pattern", "gender", "age_group", "condition")
_LABELS = tuple(f"custom_label_{n}" for n in range(5))
_AVAILABLE = ("in_stock", "out_of_stock", "preorder", "backorder")
_PRICE = re.compile(r"(?:([A-Z]{3})\s?)?(\d{1,12}(?:\.\d{1,6})?)(?:\s?([A-Z]{3}))?", re.ASCII)


def products(stream: BinaryIO, *, as_of: datetime) -> Iterator[Translated]:
    """Read a feed from its beginning to its end, one result an item; what cannot be read further ends it, refused.

    Args:
        stream: the bytes of the feed, RSS 2.0 (or Atom) with Google's namespace, or TSV with a line of names.
        as_of: from when on the feed holds, such as when it was fetched; with its zone.
    """
    n_items = 0
    try:
        for told in items_of(stream):
            n_items += 1
            yield item(told, as_of=as_of)
    except UnreadableFeedError as error:
        yield Translated(refused=((Reason.MALFORMED, f"after {n_items:,} items: {error}"),))


def item(told: Mapping[str, str], *, as_of: datetime) -> Translated:
    """Translate one item.

    Its price is ``sale_price`` while the sale lasts. ``item_group_id`` is the group of its variants, and
    ``cost_of_goods_sold`` its cost, which must be in the currency of the price. ``availability`` and ``quantity`` say
    whether and how many are there; what it is made of and labelled with become attributes.

    Args:
        told: Google's names of the attributes, without prefix -> what the feed says.
        as_of: from when on the feed holds.
    """
    collector = Collector()
    with collector.refusing("item"):
        product = needed(text(told, "id"), "id")
        price, currency = _price(told, "price") or (None, None)
        sale = _on_sale(collector, told, as_of)
        if sale is not None:
            price, currency = sale
        collector.body(
            "product",
            occurred_at=as_of,
            event_id=key("merchant", product, as_of.astimezone(UTC).isoformat()),
            product_id=product,
            group_id=text(told, "item_group_id"),
            title=text(told, "title"),
            category=text(told, "product_type", "google_product_category"),
            unit_price=price,
            unit_cost=_cost(collector, told, currency),
            currency=currency,
            size=text(told, "size"),
            availability=collector.given("item", _availability, told),
            stock=collector.given("item", _stock, told),
            attributes=attributes_written((name, told.get(name)) for name in (*_SAID, *_LABELS)),
        )
    return collector.done()


def _price(told: Mapping[str, str], name: str) -> tuple[Decimal, str | None] | None:
    """Return a price and its currency, where there is one.

    Raises:
        Untranslatable: it is not written like ``12.50 EUR``.
    """
    said_of_it = text(told, name)
    if said_of_it is None:
        return None
    found = _PRICE.fullmatch(said_of_it.strip())
    if not found or (found[1] and found[3]):
        raise Untranslatable(Reason.WRONG_TYPE, f"{name} must be an amount with its currency: 12.50 EUR")
    return needed(amount({name: found[2]}, name), name), found[1] or found[3]


def _availability(told: Mapping[str, str]) -> str | None:
    """Return whether it can be bought: ``in stock`` and ``in_stock`` are the same.

    Raises:
        Untranslatable: it is none of Google's words.
    """
    said_of_it = text(told, "availability")
    if said_of_it is None:
        return None
    found = "_".join(said_of_it.lower().replace("_", " ").split())
    if found not in _AVAILABLE:
        raise Untranslatable(Reason.WRONG_TYPE, f"availability must be one of {', '.join(_AVAILABLE)}")
    return found


def _stock(told: Mapping[str, str]) -> int | None:
    """Return the units that are there.

    Raises:
        Untranslatable: it is no whole number, or below 0.
    """
    found = whole(told, "quantity", "sell_on_google_quantity")
    if found is not None and found < 0:
        raise Untranslatable(Reason.OUT_OF_RANGE, "quantity must be 0 or more")
    return found


def _on_sale(collector: Collector, told: Mapping[str, str], as_of: datetime) -> tuple[Decimal, str | None] | None:
    """Return the sale's price, where there is one and it lasts."""
    sale = collector.given("item", _price, told, "sale_price")
    dates = text(told, "sale_price_effective_date")
    if sale is None or dates is None:
        return sale
    begins, _, ends = dates.partition("/")
    try:
        first, last = (_zoned(datetime.fromisoformat(day.strip())) for day in (begins, ends))
    except ValueError:
        collector.refuse(
            Reason.WRONG_TYPE,
            "item: sale_price_effective_date must be two times: 2026-03-01T00:00+0100/2026-03-08T23:59+0100",
        )
        return None
    return sale if first <= as_of <= last else None


def _zoned(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cost(collector: Collector, told: Mapping[str, str], currency: str | None) -> Decimal | None:
    cost = collector.given("item", _price, told, "cost_of_goods_sold")
    if cost is None:
        return None
    if cost[1] not in (currency, None):
        collector.refuse(Reason.INCONSISTENT, "item: cost_of_goods_sold must be in the currency of the price")
        return None
    return cost[0]
