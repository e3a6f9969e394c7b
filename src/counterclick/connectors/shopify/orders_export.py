"""Reconciliation: Shopify's bulk export of orders into the very events that the webhooks would have made.

Webhooks are not guaranteed to arrive. An export (``bulkOperationRunQuery``) is JSON lines, an order first and its
connections after it as lines with ``__parentId``. Each order is put into the webhooks' words (`graphql`) and translated by
the same code, so that the store drops what it knows, and keeps what was missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from counterclick.connectors.shopify.context import Context, Parts
from counterclick.connectors.shopify.graphql import CHILDREN, order_in_webhook_words
from counterclick.connectors.shopify.orders import add_order
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["translated_orders"]


def translated_orders(lines: Iterable[str | bytes], context: Context) -> Iterator[Translated]:
    """Translate an export, an order at a time; no more than one is held.

    Args:
        lines: of the file, as an open file yields them; empty ones are passed over.
        context: what the export does not say.

    Yields:
        one `Translated` for each order with its refunds, and one for each line that cannot be read or has lost its order.
    """
    family: dict[str, dict[str, Any]] = {}
    for line in lines:
        if not line.strip():
            continue
        row = _read(line)
        gid = row.get("id")
        parent = row.get("__parentId")
        if not row or not isinstance(gid, str) or not (parent is None or isinstance(parent, str)):
            yield _refusal(Reason.MALFORMED, "a line of the export must be a JSON object with an id")
        elif parent is None:
            if family:
                yield _translated(family, context)
            family = {gid: row, **_inside(row)}
        elif not _is_taken_in(row, gid, family.get(parent)):
            says = "a line of the export must come after its order; run the bulk operation with groupObjects: true"
            yield _refusal(Reason.INCONSISTENT, says)
        else:
            family.setdefault(gid, row)
    if family:
        yield _translated(family, context)


def _read(line: str | bytes) -> dict[str, Any]:
    """Return the object of a line; an empty one where it holds none."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return {}
    return row if isinstance(row, dict) else {}


def _inside(order: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the refunds that stand in the order itself, by their gids: they may have children of their own."""
    refunds = order.get("refunds")
    found = [one for one in refunds if isinstance(one, dict)] if isinstance(refunds, list) else []
    return {one["id"]: one for one in found if isinstance(one.get("id"), str)}


def _is_taken_in(row: dict[str, Any], gid: str, parent: dict[str, Any] | None) -> bool:
    """Lay a child into its parent's list; False where it has no place there."""
    name = CHILDREN.get(_kind(gid))
    if parent is None or name is None:
        return False
    if parent.get(name) is None:
        parent[name] = []
    siblings = parent[name]
    if not isinstance(siblings, list):
        return False
    siblings.append(row)
    return True


def _kind(gid: str) -> str:
    """Return ``Order`` of gid://shopify/Order/1."""
    return gid.removeprefix("gid://shopify/").partition("/")[0]


def _refusal(reason: Reason, says: str) -> Translated:
    return Translated(refused=((reason, says),))


def _translated(family: dict[str, dict[str, Any]], context: Context) -> Translated:
    parts = Parts()
    with parts.part():
        add_order(order_in_webhook_words(next(iter(family.values()))), context, parts)
    return parts.whole()
