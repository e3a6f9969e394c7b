"""``[shopify]``: a Shopify store whose webhooks and pixel are taken."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["ShopifyConfig"]


class ShopifyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[shopify]``.

    Attributes:
        domain: the store, such as ``name.myshopify.com``; deliveries of another one are refused. Any, unless given.
        secret_env: environment variable that holds the app's client secret; it signs the webhooks.
        taxes_included: whether the store's prices hold their tax, for refunds that do not show it.
        tax_rate: by how much prices of catalogue and carts exceed their net; 0.19 where 19 % are in them.
        orders_from: whose orders count: the webhook's, or the pixel's in a store that sends no webhooks.
        list_surfaces: what a list on a page of the store is called: ``collection`` or ``search`` -> surface.
    """

    domain: str | None = None
    secret_env: str = "SHOPIFY_CLIENT_SECRET"  # noqa: S105 - a name, not a secret
    taxes_included: bool | None = None
    tax_rate: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    orders_from: Literal["webhook", "pixel"] = "webhook"
    list_surfaces: dict[Literal["collection", "search"], str] = {}
