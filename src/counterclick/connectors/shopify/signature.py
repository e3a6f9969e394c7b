"""Who sent it: the signature over the body's raw bytes, and what the headers of a delivery say.

Shopify sends classic headers (``X-Shopify-Topic``) and newer ones without the prefix (``shopify-topic``); both are read,
in whatever case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Delivery", "delivery_of", "is_signed"]

_KNOWN = re.compile(r"^(inventory_items|[a-z]+)_")
"""What GraphQL writes with a line instead of a slash: ORDERS_CREATE."""
_PREFIXES = ("x-shopify-", "shopify-")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the headers of one delivery say; a header that is missing is None.

    Attributes:
        topic: what happened, as ``orders/create``, whichever way it was spelt; empty where no header says it.
        shop_domain: the shop, as ``name.myshopify.com``.
        event_id: of the event; several subscriptions deliver one event several times.
        webhook_id: of this delivery; the same over its retries.
        triggered_at: when it was sent, as Shopify wrote it.
        api_version: of the payload, as ``2026-07``.
    """

    topic: str
    shop_domain: str | None = None
    event_id: str | None = None
    webhook_id: str | None = None
    triggered_at: str | None = None
    api_version: str | None = None

    @property
    def key(self) -> str | None:
        """What tells a delivery from its repeats: the event's id, else the webhook's; None where neither was sent.

        Subscriptions to different topics may share an event's id, so that the topic is part of the key.
        """
        told = self.event_id or self.webhook_id
        return f"{self.topic}:{told}" if told else None


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Say whether the app's client secret signed this very body; takes the same time whatever the signature.

    Args:
        body: as it arrived, before anything was decoded.
        headers: of the request, in either family and any case.
        secret: the app's client secret; without one nothing is signed.
    """
    sent = _header(_lowered(headers), "hmac-sha256")
    right = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest((sent or "").encode(errors="replace"), right) and bool(secret)


def delivery_of(headers: Mapping[str, str]) -> Delivery:
    """Return what the headers say.

    Args:
        headers: of the request, in either family and any case; where both say something, the classic one holds.
    """
    lowered = _lowered(headers)
    topic = (_header(lowered, "topic") or "").strip().lower()
    return Delivery(
        topic=topic if "/" in topic else _KNOWN.sub(r"\1/", topic),
        shop_domain=_header(lowered, "shop-domain"),
        event_id=_header(lowered, "event-id"),
        webhook_id=_header(lowered, "webhook-id"),
        triggered_at=_header(lowered, "triggered-at"),
        api_version=_header(lowered, "api-version"),
    )


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _header(lowered: Mapping[str, str], name: str) -> str | None:
    found = (lowered.get(prefix + name, "").strip() for prefix in _PREFIXES)
    return next((value for value in found if value), None)
