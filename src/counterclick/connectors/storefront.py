"""What ``/cc.js`` sends from a store's pages: events of the vocabulary, told by a browser whose key everybody can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from counterclick.connectors.translated import Translated
from counterclick.events.readings import UnreadableError, reading
from counterclick.events.rejection import Reason

__all__ = ["KINDS", "collected", "happened_at"]

KINDS = (
    "page_view",
    "view_item",
    "view_item_list",
    "select_item",
    "add_to_cart",
    "remove_from_cart",
    "begin_checkout",
    "assistant_answer",
    "identify",
    "purchase",
)
"""Kinds that a browser may tell of. Exposures are not among them: the server writes these itself."""
_ORDERS = "orders from browsers count where shop.toml says [serve] browser_orders = true; else the shop's server tells them"


def collected(
    event: Any, shared: Mapping[str, Any], received_at: datetime, sent_at: Any = None, *, orders: bool = False
) -> Translated:
    """Translate one event of a page.

    Args:
        event: as the page told it, with its ``kind``.
        shared: what the server knows of the browser, which goes before what the event says: visitor, device, country,
            consent.
        received_at: our own clock, UTC.
        sent_at: the browser's clock when it sent the body; without it, its times are taken as they are.
        orders: whether orders of browsers count.
    """
    if not isinstance(event, dict):
        return Translated(refused=((Reason.MALFORMED, "an event must be a JSON object"),))
    kind = event.get("kind")
    if kind not in KINDS:
        return Translated(refused=((Reason.UNKNOWN_KIND, f"a page may tell of {', '.join(KINDS)}"),))
    if kind == "purchase" and not orders:
        return Translated(refused=((Reason.UNKNOWN_KIND, _ORDERS),))
    told = {**event, **{name: value for name, value in shared.items() if value is not None}}
    return Translated(bodies=({**told, "occurred_at": happened_at(event.get("occurred_at"), sent_at, received_at)},))


def happened_at(stated: Any, sent_at: Any, received_at: datetime) -> Any:
    """Return when it happened by our clock: the browser's may be wrong by hours, but not between two of its own times.

    Args:
        stated: the browser's time of the event; without one, it happened when it was received.
        sent_at: the browser's time when it sent the body; without one, its times are taken as they are.
        received_at: our own clock, UTC.
    """
    if stated is None:
        return received_at.isoformat()
    try:
        happened, sent = (reading("occurred_at", each) for each in (stated, sent_at))
        return min(happened + (received_at - sent), received_at).astimezone(UTC).isoformat()
    except (UnreadableError, OverflowError):
        return stated  # the door says what is wrong with it
