"""Marks of what was erased, so that it is known when it is sent again: keyed hashes, from which nobody can be told.

An erased event is not taken again under its kind and id, nor is any event about an erased order. Whoever has the store's
key and guesses an id can test the guess; whoever has the log alone cannot.
"""

from __future__ import annotations

import hashlib

from counterclick.events.bulk import quoted

__all__ = ["mark_of_event", "mark_of_order", "unmarked_sql"]

_LENGTH = 16
"""Hexadecimal digits: among a billion events, one is taken for an erased one by chance once in 18 billion erasures."""


def mark_of_event(key: str, kind: str, event_id: str) -> str:
    """Return the mark of an event."""
    return _mark(f"{key}|erased event|{kind}|{event_id}")


def mark_of_order(key: str, order_id: str) -> str:
    """Return the mark of an order: no event that names it is taken again."""
    return _mark(f"{key}|erased order|{order_id}")


def unmarked_sql(key: str, marks: str) -> str:
    """SQL for the rows of the log's schema that are neither an erased event nor about an erased order.

    Args:
        key: of the store.
        marks: table of one column.
    """
    events, orders = quoted(f"{key}|erased event|"), quoted(f"{key}|erased order|")
    return (
        f"left(sha256({events} || kind || '|' || event_id), {_LENGTH}) NOT IN (FROM {marks}) AND "
        f"(order_id IS NULL OR left(sha256({orders} || order_id), {_LENGTH}) NOT IN (FROM {marks}))"
    )


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
