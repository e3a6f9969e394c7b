"""Deliveries signed and posted as Shopify does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx

from served import Served

__all__ = ["SECRET", "deliver"]

SECRET = "hush"  # noqa: S105 - of the test's app


def deliver(
    server: Served,
    topic: str,
    payload: Any,
    *,
    secret: str = SECRET,
    prefix: str = "X-Shopify-",
    domain: str = "store.myshopify.com",
) -> httpx.Response:
    """Post a delivery; return the answer."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    said = {"Topic": topic, "Shop-Domain": domain, "Hmac-Sha256": signature, "Webhook-Id": "w1"}
    headers = {f"{prefix}{name}": value for name, value in said.items()}
    return httpx.post(f"{server.url}/webhooks/shopify", content=body, headers=headers)
