"""Shopify's webhooks: signed over the raw body, in either family of headers, and taken once whatever is sent again."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from litestar import Request, Response, post

from counterclick.connectors.shopify import compliance_of, delivery_of, events_of, is_signed
from counterclick.web.bodies import BodyError, decoded, read_body
from counterclick.web.service import Service
from counterclick.web.translating import take_translated

__all__ = ["take_webhook"]

_LONGEST_TOPIC = 100
_LARGEST = 5 * 1024 * 1024
"""Bytes of one webhook: an order with hundreds of lines is larger than a batch of events."""


@post("/webhooks/shopify", status_code=200)
async def take_webhook(request: Request[Any, Any, Any], service: Service) -> Response[dict[str, Any]]:
    """Take one delivery; 401 where the app's secret did not sign it, 503 where it could not be kept and is to come again."""
    declared = service.shop.config.shopify
    if declared is None:
        raise BodyError(404, "no Shopify store is declared: write [shopify] into shop.toml.")
    body = await read_body(request, _LARGEST)
    headers = dict(request.headers)
    if not is_signed(body, headers, os.environ.get(declared.secret_env, "")):
        await asyncio.to_thread(service.shopify.refuse)
        raise BodyError(401, f"the signature is not that of the secret in {declared.secret_env}.")
    delivery = delivery_of(headers)
    if declared.domain is not None and (delivery.shop_domain or "").lower() != declared.domain.lower():
        raise BodyError(403, f"deliveries of {declared.domain} are taken, and this is of another store.")
    payload = decoded(body)
    await asyncio.to_thread(service.shopify.note, delivery.topic[:_LONGEST_TOPIC])
    asked = compliance_of(delivery.topic, payload)
    if asked is not None:
        await asyncio.to_thread(service.requests.remember, asked)
        return Response({"status": "kept", "asked": asked.asked})
    context = await asyncio.to_thread(service.shopify.context, delivery.topic, payload)
    found = events_of(delivery.topic, payload, context)
    (told,) = await take_translated(service, "shopify", [payload], [found])
    return Response({"topic": delivery.topic, **told})
