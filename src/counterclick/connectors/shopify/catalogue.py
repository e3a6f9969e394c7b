"""Products as the catalogue tells them, and what their variants cost.

A product is Shopify's product, never its variant: recommendations, collections, searches and answers show products, and a
buyer who clicks the blue shirt and buys it in size M has bought what was shown. What differs between variants, price and
cost, stands in the order's own lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.context import Context, Parts, Variant
from counterclick.connectors.shopify.reading import (
    UnfitError,
    cents,
    maybe_amount,
    maybe_number,
    maybe_text,
    moment,
    number,
    obj,
    objects,
)
from counterclick.events.attributes import attributes_written

__all__ = ["add_cost", "add_product", "cost_of", "variants_of"]

_LONGEST = 2000
_MOST_UNITS = 2**31 - 1


def variants_of(product: Mapping[str, Any], context: Context) -> tuple[Variant, ...]:
    """Return a product's variants, for `Context.items`; those that cannot be read are left out.

    Args:
        product: the payload of ``products/create`` or ``update``.
        context: for the tax in its prices.
    """
    product_id = maybe_number(product.get("id"))
    found = []
    given = product.get("variants")
    for one in given if isinstance(given, list) and product_id else []:
        variant_id = maybe_number(one.get("id")) if isinstance(one, dict) else None
        if variant_id is not None and product_id is not None:
            found.append(
                Variant(
                    variant_id=variant_id,
                    product_id=product_id,
                    item_id=maybe_number(one.get("inventory_item_id")),
                    title=maybe_text(product.get("title"), _LONGEST),
                    category=_category(product),
                    unit_price=_net_price(one, context),
                )
            )
    return tuple(found)


def cost_of(item: Mapping[str, Any]) -> tuple[str, Decimal] | None:
    """Return an inventory item's id and what one unit costs, for `Context.costs`; None where it does not say.

    Args:
        item: the payload of ``inventory_items/update``.
    """
    item_id = maybe_number(item.get("id"))
    try:
        cost = maybe_amount(item, "cost")
    except UnfitError:
        return None
    return None if item_id is None or cost is None or cost < 0 else (item_id, cost)


def add_product(product: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """Take a product at its lowest price, and at the cost of the variant that has it.

    Args:
        product: the payload of ``products/create`` or ``update``.
        context: for the tax in its prices, and for costs.
        parts: where what is found goes.

    Raises:
        UnfitError: it has no id or no time.
    """
    product_id = number(product.get("id"), "the id of a product")
    told_at = moment(product.get("updated_at") or product.get("created_at"), "a product")
    with parts.part():
        for one in objects(product.get("variants"), "variants"):
            with parts.part():
                maybe_amount(one, "price")
    priced = [one for one in variants_of(product, context) if one.unit_price is not None]
    lowest = min(priced, key=lambda one: (one.unit_price or Decimal(0), one.variant_id), default=None)
    cost = context.costs.get(lowest.variant_id) if lowest else None
    parts.add(
        {
            "kind": "product",
            "event_id": f"shopify_product_{product_id}_{told_at:%Y%m%dT%H%M%S%f}",
            "occurred_at": told_at.isoformat(),
            "product_id": product_id,
            "title": maybe_text(product.get("title"), _LONGEST),
            "category": _category(product),
            "unit_price": cents(lowest.unit_price) if lowest and lowest.unit_price is not None else None,
            "unit_cost": None if cost is None else cents(cost),
            "currency": context.currency,
            **_there(product),
            "attributes": _attributes(product),
        }
    )


def add_cost(item: Mapping[str, Any], context: Context, parts: Parts) -> None:
    """Take what a unit costs; an inventory item names no product, so that its variant must be known.

    Args:
        item: the payload of ``inventory_items/update``.
        context: whose ``items`` know the variant.
        parts: where what is found goes.

    Raises:
        UnfitError: it has no id or no time, or its cost is no amount.
    """
    item_id = number(item.get("id"), "the id of an inventory item")
    cost = maybe_amount(item, "cost")
    variant = context.items.get(item_id)
    if cost is None or variant is None:
        parts.skip("inventory_item_without_cost" if cost is None else "inventory_item_of_no_known_product")
        return
    told_at = moment(item.get("updated_at") or item.get("created_at"), "an inventory item")
    parts.add(
        {
            "kind": "product",
            "event_id": f"shopify_item_{item_id}_{told_at:%Y%m%dT%H%M%S%f}",
            "occurred_at": told_at.isoformat(),
            "product_id": variant.product_id,
            "title": variant.title,
            "category": variant.category,
            "unit_price": None if variant.unit_price is None else cents(variant.unit_price),
            "unit_cost": cents(cost),
            "currency": context.currency,
        }
    )


def _there(product: Mapping[str, Any]) -> dict[str, Any]:
    """Return availability and stock of a product, over its variants; nothing where they do not tell it.

    A variant that is not tracked is always there, and one that may be oversold can be ordered when none is.
    """
    if product.get("status") in ("draft", "archived"):
        return {"availability": "out_of_stock"}
    given = product.get("variants")
    variants = [obj(one) for one in given] if isinstance(given, list) else []
    if any("inventory_management" in one and one["inventory_management"] is None for one in variants):
        return {"availability": "in_stock"}
    units = [one.get("inventory_quantity") for one in variants]
    if not variants or not all(type(each) is int for each in units):
        return {}
    there = min(sum(max(0, each) for each in units if type(each) is int), _MOST_UNITS)
    if any(one.get("inventory_policy") == "continue" for one in variants):
        return {"availability": "in_stock" if there else "backorder"}
    return {"availability": "in_stock" if there else "out_of_stock", "stock": there}


def _attributes(product: Mapping[str, Any]) -> str | None:
    """Return the vendor as ``brand``, the values of each option under its name, and the tags."""
    pairs = [("brand", maybe_text(product.get("vendor"), _LONGEST))]
    options = product.get("options")
    for option in map(obj, options if isinstance(options, list) else []):
        name, values = maybe_text(option.get("name"), _LONGEST), option.get("values")
        if name is not None and name != "Title":  # what a product without options has
            pairs += [(name.lower(), maybe_text(each, _LONGEST)) for each in (values if isinstance(values, list) else [])]
    tags = maybe_text(product.get("tags"), 100 * _LONGEST) or ""
    return attributes_written([*pairs, *(("tag", tag) for tag in tags.split(","))])


def _category(product: Mapping[str, Any]) -> str | None:
    return maybe_text(product.get("product_type"), _LONGEST)


def _net_price(variant: Mapping[str, Any], context: Context) -> Decimal | None:
    try:
        price = maybe_amount(variant, "price")
    except UnfitError:
        return None
    return None if price is None or price < 0 else price / (1 + context.tax_rate)
