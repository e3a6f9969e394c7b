"""Loop returns: the webhook's signature, and its payload into refunds.

A return counts once it is closed: until then it may be cancelled, expire, or become something else. What was given up
is what came back less what was given for it: an exchange is not lost revenue, store credit and gift cards are, since
the order that they pay for later counts as revenue then.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from counterclick.connectors.goods import GoodsNames, returned
from counterclick.connectors.payload import Collector, amount, key, moment, needed, objects, said, text
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["SIGNATURE_HEADER", "signature_fits", "translated"]

SIGNATURE_HEADER = "X-Loop-Signature"
_SLASH = re.compile(rb"(?<!\\)((?:\\\\)*)/")
_NAMES = GoodsNames(product=("product_id", "variant_id", "sku"), line=("provider_line_item_id",))
_NOTHING = Decimal(0)


def signature_fits(body: bytes, signature: str, secret: str) -> bool:
    r"""Say whether a webhook was signed with the secret.

    Loop signs its JSON with slashes escaped (``\/``) and without newlines, which need not be how it arrives; the body
    as it arrived is tried as well.

    Args:
        body: the bytes of the request, unchanged.
        signature: the header `SIGNATURE_HEADER`.
        secret: the webhook's secret.
    """
    plain = body.replace(b"\r", b"").replace(b"\n", b"")
    given = signature.strip().encode(errors="replace")
    fits = [hmac.compare_digest(_signed(text, secret), given) for text in (_SLASH.sub(rb"\1\\/", plain), body)]
    return any(fits)


def translated(payload: Any, *, received_at: datetime) -> Translated:
    """Translate one webhook.

    Its refund is keyed by the return, so that a return which is closed twice counts once, and dated by the day on
    which the buyer asked for it: the payload does not say when it was closed.

    Args:
        payload: the decoded JSON.
        received_at: our own clock, UTC; when it happened, where the payload does not say.
    """
    collector = Collector()
    if not isinstance(payload, dict):
        collector.refuse(Reason.MALFORMED, "a webhook must be a JSON object")
        return collector.done()
    topic, state = said(payload, "topic")[1], said(payload, "state")[1]
    if topic != "return":
        collector.skip(f"topic {topic}" if isinstance(topic, str) else "no topic")
        return collector.done()
    if state != "closed":
        collector.skip(f"return {state}" if isinstance(state, str) else "return without state")
        return collector.done()
    with collector.refusing("return"):
        _closed(collector, payload, received_at)
    return collector.done()


def _closed(collector: Collector, payload: Mapping[str, Any], received_at: datetime) -> None:
    given_up = _given_up(payload)
    order = needed(text(payload, "provider_order_id"), "provider_order_id", "it is the order of the shop")
    if given_up <= 0:
        collector.skip("return exchanged")
        return
    items = collector.given("return", objects, payload, "line_items") or []
    lines = _lines(collector, items)
    worth = sum((line["quantity"] * Decimal(line["unit_price"]) for line in lines), _NOTHING)
    collector.body(
        "refund",
        occurred_at=collector.given("return", moment, payload, "created_at") or received_at,
        event_id=key("loop", text(payload, "id", "return_id")),
        order_id=order,
        lines=lines if worth == given_up else None,
        amount=None if worth == given_up else given_up,
        reason=_reasons(items),
        currency=text(payload, "currency"),
    )


def _given_up(payload: Mapping[str, Any]) -> Decimal:
    """Return the worth of the goods that came back less that of the goods sent for them, without tax.

    Raises:
        Untranslatable: no total says it, or one cannot be read.
    """
    back = _goods(payload, "return")
    sent = _goods(payload, "exchange")
    return needed(back, "return_product_total") - (sent or _NOTHING)


def _goods(payload: Mapping[str, Any], of: str) -> Decimal | None:
    goods = amount(payload, f"{of}_product_total")
    if goods is not None:
        return goods - (amount(payload, f"{of}_discount_total") or _NOTHING)
    total = amount(payload, f"{of}_total")
    return None if total is None else total - (amount(payload, f"{of}_tax_total") or _NOTHING)


def _lines(collector: Collector, items: list[Any]) -> list[dict[str, Any]]:
    """Return the goods that were not exchanged, one unit a line, with what they cost the buyer without tax."""
    kept = []
    for item in items:
        if not isinstance(item, dict):
            kept.append(item)
        elif item.get("outcome") != "exchange":
            price = collector.given("line_items", amount, item, "price")
            discount = collector.given("line_items", amount, item, "discount") or _NOTHING
            kept.append(item | {"price": str(price - discount)} if price is not None and price >= discount else item)
    priced = returned(collector, "return", kept, _NAMES, priced=True)
    return priced if all("unit_price" in line for line in priced) else []


def _reasons(items: list[Any]) -> str | None:
    """Return the buyer's reasons, each once, in their order."""
    stated = [item.get("return_reason") for item in items if isinstance(item, dict)]
    return "; ".join(dict.fromkeys(reason for reason in stated if isinstance(reason, str) and reason))[:2000] or None


def _signed(content: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest())
