"""Web Pixel events into events: what a buyer saw and did, told by the buyer's own browser.

The order is the webhook's. A pixel is blocked by some browsers, can be sent by anyone, and does not split its amounts as the
order does; so that ``checkout_completed`` says who the visitor is, and becomes the purchase only in a shop without webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from counterclick.connectors.shopify.attributes import VISITOR, add_exposures, line_offer, pairs
from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.lines import CUSTOM
from counterclick.connectors.shopify.orders import order_event_id
from counterclick.connectors.shopify.published import PUBLISHED
from counterclick.connectors.shopify.reading import (
    UnfitError,
    cents,
    digest,
    maybe_number,
    maybe_text,
    money,
    number,
    obj,
    objects,
    when,
    whole,
)
from counterclick.connectors.shopify.webhooks import checkout_event_id
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["NAMES", "pixel_events"]

_Seen = tuple[Mapping[str, Any], dict[str, Any]]
"""An event's ``data``, and what every event of ours says: id, time, visitor, consent."""


def pixel_events(event: Any, context: Context) -> Translated:
    """Translate one event of a Web Pixel; whatever it is, nothing is raised.

    Args:
        event: the envelope: ``id``, ``name``, ``clientId``, ``timestamp``, ``context``, ``data`` or ``customData``; and,
            where our pixel adds them, ``visitorId`` (our cookie's, which goes before ``clientId``) and ``customerPrivacy``.
        context: what the events do not say.

    Returns:
        events; names that mean nothing to us are skipped by ``pixel:NAME``.
    """
    if not isinstance(event, dict):
        return Translated(refused=((Reason.MALFORMED, "a pixel's event must be a JSON object"),))
    name = event.get("name")
    translator = {**NAMES, **PUBLISHED}.get(name) if isinstance(name, str) else None
    if translator is None:
        return Translated(skipped=(f"pixel:{maybe_text(name, 100) or 'nameless'}",))
    parts = Parts()
    with parts.part():
        data = obj(event.get("customData") if event.get("data") is None else event.get("data"))
        translator((data, _common(event)), event, context, parts)
    return parts.whole()


def _common(event: Mapping[str, Any]) -> dict[str, Any]:
    visitor = maybe_text(event.get("visitorId"), 200) or maybe_text(event.get("clientId"), 200)
    event_id = maybe_text(event.get("id"), 2000)
    if visitor is None or event_id is None:
        raise UnfitError(Reason.MISSING_FIELD, "a pixel's event must have an id and a clientId")
    privacy = obj(event.get("customerPrivacy")) or obj(obj(event.get("init")).get("customerPrivacy"))
    allowed = privacy.get("analyticsProcessingAllowed")
    return {
        "event_id": f"shopify_pixel_{digest(event_id)}",
        "occurred_at": when(event.get("timestamp"), "a pixel's event"),
        "visitor_id": visitor,
        "consent": allowed if isinstance(allowed, bool) else None,
        "device": _device(event),
    }


def _device(event: Mapping[str, Any]) -> str | None:
    """Return ``mobile`` or ``desktop`` by the browser's own words, which are not kept."""
    agent = obj(obj(event.get("context")).get("navigator")).get("userAgent")
    return None if not isinstance(agent, str) or not agent else "mobile" if "Mobi" in agent else "desktop"


def _page(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape for all
    location = obj(obj(obj(event.get("context")).get("document")).get("location"))
    parts.add({**seen[1], "kind": "page_view", "page": maybe_text(location.get("pathname"), 2000)})


def _product(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape for all
    product_id = _product_of(obj(seen[0].get("productVariant")), "productVariant.product.id")
    parts.add({**seen[1], "kind": "view_item", "product_id": product_id})


def _list(field: str, surface: str) -> Callable[[_Seen, Mapping[str, Any], Context, Parts], None]:
    """Return the translator of a list of variants on a page of the shop: each product at its first place."""

    def translate(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape
        products: list[str] = []
        for variant in objects(obj(seen[0].get(field)).get("productVariants"), "productVariants"):
            with parts.part():
                product_id = _product_of(variant, "productVariants[].product.id")
                if product_id not in products:
                    products.append(product_id)
        items = [{"product_id": one, "position": place} for place, one in enumerate(products, start=1)]
        named = context.list_surfaces.get(surface, surface)
        parts.add({**seen[1], "kind": "view_item_list", "surface": named, "items": items})

    return translate


def _move(kind: str) -> Callable[[_Seen, Mapping[str, Any], Context, Parts], None]:
    """Return the translator of units laid into a cart or taken out."""

    def translate(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape
        line = obj(seen[0].get("cartLine"))
        merchandise = obj(line.get("merchandise"))
        quantity = whole(line.get("quantity"), "cartLine.quantity")
        price, currency = _unit_price(line, merchandise, quantity)
        body = {
            **seen[1],
            "kind": kind,
            "product_id": _product_of(merchandise, "cartLine.merchandise.product.id"),
            "quantity": quantity,
            "unit_price": cents(price / (1 + context.tax_rate)),
            "currency": currency,
        }
        surface = parts.read(lambda: line_offer(pairs(line.get("attributes"), "cartLine.attributes"))["surface"], None)
        parts.add({**body, "surface": surface} if kind == "add_to_cart" else body)

    return translate


def _checkout(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape
    checkout = obj(seen[0].get("checkout"))
    token = maybe_text(checkout.get("token"), 200)
    value = parts.read(lambda: _value(checkout), None)
    body = {**seen[1], "kind": "begin_checkout", "value": value, "currency": _currency(checkout.get("currencyCode"))}
    parts.add({**body, "event_id": checkout_event_id(token)} if token else body)
    _arms(checkout, seen, context, parts)


def _completed(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape
    checkout = obj(seen[0].get("checkout"))
    order = obj(checkout.get("order"))
    customer = maybe_number(obj(order.get("customer")).get("id"))
    _arms(checkout, seen, context, parts)
    if customer is not None:
        said = {**seen[1], "kind": "identify", "customer_id": customer}
        parts.add({**said, "event_id": f"shopify_identify_{digest(str(seen[1]['visitor_id']), customer)}"})
    if context.orders_from == "webhook":
        parts.skip("pixel:checkout_completed (the order is the webhook's)")
        return
    order_id = number(order.get("id"), "checkout.order.id")
    lines: list[dict[str, Any]] = []
    taxed = _net_share(checkout)
    for item in objects(checkout.get("lineItems"), "checkout.lineItems"):
        with parts.part():
            quantity = whole(item.get("quantity"), "lineItems[].quantity")
            paid = _amount(item.get("finalLinePrice"), "lineItems[].finalLinePrice")
            if quantity < 1 or paid < 0:
                raise UnfitError(Reason.OUT_OF_RANGE, "lineItems[] must have a quantity of 1 or more and no negative price")
            product_id = maybe_number(obj(obj(item.get("variant")).get("product")).get("id")) or CUSTOM
            lines.append({"product_id": product_id, "quantity": quantity, "unit_price": cents(paid * taxed / quantity)})
    parts.add(
        {
            **seen[1],
            "kind": "purchase",
            "event_id": order_event_id(order_id),
            "order_id": order_id,
            "customer_id": customer,
            "lines": lines,
            "value": _value(checkout),
            "currency": _currency(checkout.get("currencyCode")),
            "channel": "onsite",
        }
    )


def _arms(checkout: Mapping[str, Any], seen: _Seen, context: Context, parts: Parts) -> None:
    """Take the arms that the cart carried; the visitor is the one that the cart names, else the pixel's."""
    nothing: dict[str, Any] = {}
    attributes = parts.read(lambda: pairs(checkout.get("attributes"), "checkout.attributes"), nothing)
    add_exposures({VISITOR: seen[1]["visitor_id"], **attributes}, context, parts)


def _value(checkout: Mapping[str, Any]) -> str:
    return cents(_amount(checkout.get("subtotalPrice"), "checkout.subtotalPrice") * _net_share(checkout))


def _net_share(checkout: Mapping[str, Any]) -> Decimal:
    """Return the net share of what is charged: below 1 where the total has no room for the tax on top of its parts."""
    try:
        goods, total_ = (_amount(checkout.get(name), name) for name in ("subtotalPrice", "totalPrice"))
        tax = _amount(checkout.get("totalTax"), "totalTax")
        shipping = _amount(obj(checkout.get("shippingLine")).get("price") or 0, "shippingLine.price")
    except UnfitError:
        return Decimal(1)
    charged = goods + shipping
    on_top, inside = abs(total_ - charged - tax), abs(total_ - charged)
    return (charged - tax) / charged if inside < on_top and charged > tax > 0 else Decimal(1)


def _unit_price(line: Mapping[str, Any], merchandise: Mapping[str, Any], quantity: int) -> tuple[Decimal, str | None]:
    """Return what one unit costs in the cart, and in which currency: of the line's cost, else of the variant's price."""
    cost = obj(line.get("cost")).get("totalAmount")
    if cost is not None and quantity > 0:
        return _amount(cost, "cartLine.cost.totalAmount") / quantity, _currency(obj(cost).get("currencyCode"))
    price = merchandise.get("price")
    return _amount(price, "merchandise.price"), _currency(obj(price).get("currencyCode"))


def _product_of(variant: Mapping[str, Any], what: str) -> str:
    return number(obj(variant.get("product")).get("id"), what)


def _amount(given: Any, what: str) -> Decimal:
    return money(given.get("amount") if isinstance(given, dict) else given, what)


def _currency(code: Any) -> str | None:
    return code if isinstance(code, str) and code else None


NAMES: dict[str, Callable[[_Seen, Mapping[str, Any], Context, Parts], None]] = {
    "page_viewed": _page,
    "product_viewed": _product,
    "collection_viewed": _list("collection", "collection"),
    "search_submitted": _list("searchResult", "search"),
    "product_added_to_cart": _move("add_to_cart"),
    "product_removed_from_cart": _move("remove_from_cart"),
    "checkout_started": _checkout,
    "checkout_completed": _completed,
}
"""Name of a standard event -> its translator."""
