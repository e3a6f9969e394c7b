"""Google Analytics 4: Measurement Protocol payloads, and rows of the BigQuery export, into our words.

Both become one `Hit`, and `TRANSLATIONS` says what is made of it by its name. The place that spoke to the buyer is
``surface`` where the shop sends one, else ``item_list_id``, ``item_list_name``, ``promotion_id``, ``creative_slot``
or ``promotion_name``, of the event or of each item. ``value`` is GA4's own: net of tax and shipping.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from counterclick.connectors.browsers import country_of
from counterclick.connectors.ga4_events import TRANSLATIONS, Hit
from counterclick.connectors.payload import Collector, epoch, objects, part_of, said, text
from counterclick.connectors.translated import Translated
from counterclick.events.rejection import Reason

__all__ = ["MOST_EVENTS", "exported", "translated"]

MOST_EVENTS = 25
"""Events in one Measurement Protocol request; Google's limit."""
_MICROSECONDS = 1_000_000
_UNSET = ("(not set)", "(not provided)", "(none)")
"""What the export writes where nothing was sent."""
_DEVICES = ("mobile", "tablet", "desktop")


def translated(payload: Any, *, received_at: datetime) -> Translated:
    """Translate one request of the Measurement Protocol: ``client_id``, ``user_id``, ``timestamp_micros``, ``events``.

    Args:
        payload: the decoded JSON.
        received_at: our own clock, UTC; when it happened, where the payload does not say.
    """
    collector = Collector()
    events = payload.get("events") if isinstance(payload, dict) else None
    if not isinstance(events, list) or not events:
        collector.refuse(Reason.MALFORMED, "a payload must be an object with a list of events")
        return collector.done()
    sender = _without_unset(payload)
    with collector.refusing("payload"):
        happened_at = epoch(sender, _MICROSECONDS, "timestamp_micros")
        for nth, event in enumerate(events):
            with collector.refusing(f"event {nth + 1}"):
                _one(collector, event, nth, _Sender(sender, happened_at, received_at))
    return collector.done()


@dataclass(frozen=True, slots=True)
class _Sender:
    said: Mapping[str, Any]
    happened_at: datetime | None
    received_at: datetime


def _one(collector: Collector, event: Any, nth: int, sender: _Sender) -> None:
    if not isinstance(event, dict):
        collector.refuse(Reason.MALFORMED, f"event {nth + 1} must be an object with name and params")
        return
    params = _without_unset(part_of(event, "params"))
    happened_at = epoch(event, _MICROSECONDS, "timestamp_micros") or sender.happened_at
    shared = {
        "occurred_at": happened_at or sender.received_at,
        "event_id": None if happened_at is None else _hash([sender.said.get("client_id"), happened_at, nth, event]),
        "visitor_id": collector.given("payload", text, sender.said, "client_id", "app_instance_id"),
        "customer_id": collector.given("payload", text, sender.said, "user_id"),
        "country": country_of(part_of(sender.said, "user_location").get("country_id")),
        "device": _device(part_of(sender.said, "device").get("category")),
    }
    _translate(collector, text(event, "name"), Hit(params, _items(collector, params), shared))


def exported(row: Any) -> Translated:
    """Translate one row of the BigQuery export, as JSON: 64-bit numbers may be text, as BigQuery writes them.

    A row has no key; its event is keyed by a hash of the whole row, so that a row that comes twice counts once, as JSON
    or as Parquet.

    Args:
        row: the decoded JSON object.
    """
    collector = Collector()
    if not isinstance(row, dict):
        collector.refuse(Reason.MALFORMED, "a row must be a JSON object")
        return collector.done()
    row = _without_unset(row)
    with collector.refusing("row"):
        happened_at = epoch(row, _MICROSECONDS, "event_timestamp")
        if happened_at is None:
            collector.refuse(Reason.MISSING_FIELD, "row: event_timestamp is missing")
            return collector.done()
        params = {name: value for param in objects(row, "event_params") for name, value in _param(param)}
        shared = {
            "occurred_at": happened_at,
            "event_id": _hash(row, _same),
            "visitor_id": collector.given("row", text, row, "user_pseudo_id"),
            "customer_id": collector.given("row", text, row, "user_id"),
            "device": _device(part_of(row, "device").get("category")),
            "consent": {"Yes": True, "No": False}.get(_text(part_of(row, "privacy_info").get("analytics_storage"))),
        }
        order = {_COLUMNS.get(name, name): value for name, value in _without_unset(part_of(row, "ecommerce")).items()}
        _translate(collector, text(row, "event_name"), Hit({**order, **params}, _items(collector, row), shared))
    return collector.done()


_COLUMNS = {"purchase_revenue": "value", "refund_value": "value", "tax_value": "tax", "shipping_value": "shipping"}
"""Columns of the export's ``ecommerce`` record, and the parameters that they are made of."""


def _translate(collector: Collector, name: str | None, hit: Hit) -> None:
    if name is None:
        collector.refuse(Reason.MISSING_FIELD, "an event must have a name")
        return
    translation = TRANSLATIONS.get(name)
    if translation is None:
        collector.skip(name)
        return
    with collector.refusing(name):
        translation(collector, hit)


def _items(collector: Collector, part: Mapping[str, Any]) -> list[Any]:
    items = collector.given("items", objects, part, "items") or []
    return [_without_unset(item) if isinstance(item, dict) else item for item in items]


def _param(param: Any) -> list[tuple[str, Any]]:
    """Return a parameter of the export as (name, value); nothing where it is none."""
    name, held = (param.get("key"), part_of(param, "value")) if isinstance(param, dict) else (None, {})
    value = said(held, "string_value", "int_value", "double_value", "float_value")[1]
    return [(name, value)] if isinstance(name, str) and value is not None and _text(value) not in _UNSET else []


def _without_unset(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if _text(value) not in _UNSET}


def _device(category: Any) -> str | None:
    return category if category in _DEVICES else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _same(part: Any) -> Any:
    """Return a part of a row so that it is the same from JSON, which writes whole numbers as text, and from Parquet."""
    if isinstance(part, dict):
        return {name: _same(value) for name, value in part.items() if value not in (None, [], {})}
    if isinstance(part, list):
        return [_same(value) for value in part]
    if isinstance(part, int | float) and not isinstance(part, bool):
        return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)
    return part


def _hash(content: Any, as_: Callable[[Any], Any] = lambda content: content) -> str | None:
    try:
        written = json.dumps(as_(content), sort_keys=True, default=str).encode(errors="replace")
    except RecursionError:  # nobody nests so deep in good faith
        return None
    return "g_" + hashlib.sha256(written).hexdigest()[:32]
