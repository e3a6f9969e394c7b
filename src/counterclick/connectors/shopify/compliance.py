"""What the law and the shop ask of whoever keeps its data; the server acts on it, nothing here does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from counterclick.connectors.shopify.reading import maybe_number, maybe_text, obj

__all__ = ["ASKED", "Asked", "Compliance", "compliance_of"]

Asked = Literal["show_customer", "forget_customer", "forget_shop", "uninstalled"]
ASKED: dict[str, Asked] = {
    "customers/data_request": "show_customer",
    "customers/redact": "forget_customer",
    "shop/redact": "forget_shop",
    "app/uninstalled": "uninstalled",
}
"""Topic -> what it asks."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """What is asked, within 30 days of receipt.

    Attributes:
        asked: ``show_customer`` (give the shop's owner what is kept of a customer), ``forget_customer``, ``forget_shop`` (48
            hours after the app went), or ``uninstalled`` (stop; nothing is to be forgotten yet).
        shop_domain: of the shop.
        customer_ids: whom it is about.
        order_ids: of their orders.
        contacts: their e-mail address and phone number, to look them up by where another source knows them so; never kept.
        request_id: Shopify's number of a data request.
    """

    asked: Asked
    shop_domain: str | None = None
    customer_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    contacts: tuple[str, ...] = field(default=(), repr=False)
    request_id: str | None = None


def compliance_of(topic: str, payload: Any) -> Compliance | None:
    """Return what a delivery asks; None where its topic asks nothing. Whatever the payload lacks is left empty.

    Args:
        topic: as ``customers/redact``.
        payload: the decoded body.
    """
    asked = ASKED.get(topic)
    if asked is None:
        return None
    told = obj(payload)
    customer = obj(told.get("customer"))
    customer_id = maybe_number(customer.get("id"))
    orders = told.get("orders_to_redact") if asked == "forget_customer" else told.get("orders_requested")
    numbers = [maybe_number(one) for one in orders] if isinstance(orders, list) else []
    contacts = (maybe_text(customer.get(name), 320) for name in ("email", "phone"))
    return Compliance(
        asked=asked,
        shop_domain=maybe_text(told.get("shop_domain") or told.get("myshopify_domain"), 255),
        customer_ids=(customer_id,) if customer_id else (),
        order_ids=tuple(one for one in numbers if one is not None),
        contacts=tuple(one for one in contacts if one is not None),
        request_id=maybe_number(obj(told.get("data_request")).get("id")),
    )
