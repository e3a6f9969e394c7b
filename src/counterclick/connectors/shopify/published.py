"""The events that our own script publishes in the shop's pages: ``Shopify.analytics.publish("counterclick:shown", {...})``.

Their ``customData`` carries the names of our vocabulary, so that they are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.reading import UnfitError, maybe_number, objects
from counterclick.events.rejection import Reason
from counterclick.events.schema import FIELDS_OF

__all__ = ["PUBLISHED"]

_SENDERS = {"occurred_at", "event_id", "visitor_id", "customer_id", "consent"}
_KINDS = {
    "counterclick:shown": "view_item_list",
    "counterclick:clicked": "select_item",
    "counterclick:answer": "assistant_answer",
    "counterclick:exposure": "exposure",
}
"""Name -> the kind that it becomes."""

_Seen = tuple[Mapping[str, Any], dict[str, Any]]


def _published(kind: str) -> Callable[[_Seen, Mapping[str, Any], Context, Parts], None]:
    fields = {name for name in FIELDS_OF[kind] if name not in _SENDERS}

    def translate(seen: _Seen, event: Mapping[str, Any], context: Context, parts: Parts) -> None:  # noqa: ARG001 - one shape
        data, common = seen
        unknown = sorted(name for name in data if name not in fields)
        if unknown:
            raise UnfitError(
                Reason.UNKNOWN_FIELD, f"{kind} has no field {', '.join(unknown)}; it has {', '.join(sorted(fields))}"
            )
        body = {**common, **data, "kind": kind}
        if "product_id" in body:
            body["product_id"] = _plain(body["product_id"])
        if "items" in body:
            body["items"] = [{**one, "product_id": _plain(one.get("product_id"))} for one in objects(body["items"], "items")]
        if isinstance(body.get("matched_products"), list):
            body["matched_products"] = [_plain(one) for one in body["matched_products"]]
        parts.add(body)

    return translate


def _plain(product_id: Any) -> Any:
    """Return a product's number where it came as a gid."""
    return maybe_number(product_id) or product_id


PUBLISHED = {name: _published(kind) for name, kind in _KINDS.items()}
"""Name of a published event -> its translator."""
