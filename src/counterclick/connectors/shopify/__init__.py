"""Shopify's webhooks, Web Pixel events and order exports into events; pure functions without HTTP and without a store."""

from counterclick.connectors.shopify.catalogue import cost_of, variants_of
from counterclick.connectors.shopify.compliance import Compliance, compliance_of
from counterclick.connectors.shopify.context import Context, Variant
from counterclick.connectors.shopify.orders_export import translated_orders
from counterclick.connectors.shopify.pixel import pixel_events
from counterclick.connectors.shopify.signature import Delivery, delivery_of, is_signed
from counterclick.connectors.shopify.webhooks import events_of

__all__ = [
    "Compliance",
    "Context",
    "Delivery",
    "Variant",
    "compliance_of",
    "cost_of",
    "delivery_of",
    "events_of",
    "is_signed",
    "pixel_events",
    "translated_orders",
    "variants_of",
]
