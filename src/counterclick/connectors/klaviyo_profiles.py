"""Whom to remind of what, as Klaviyo takes it: a profile's properties, or an event that is due on the day to send.

A profile body is one of ``POST /api/profile-import``, which makes a profile or updates the one of that ``external_id``. An
event body is one of ``POST /api/events``, of the metric "Replenishment Due" and with the same properties on its profile.
Amounts are in the shop's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from counterclick.connectors.klaviyo_out import is_hashed

__all__ = ["DUE", "due_events", "profiles"]

DUE = "Replenishment Due"
"""The metric of events."""
_PREFIX = "counterclick_"

Row = Mapping[str, Any]


def profiles(rows: Iterable[Row], currency: str) -> Iterator[dict[str, Any]]:
    """Yield a body for each customer.

    The properties are of what it is likeliest to buy again; ``replenish_types`` lists all of it. Who is known by the hash of
    an e-mail address is left out: it would be a new profile there, of nobody.

    Args:
        rows: of `counterclick.decisions.segments.SEGMENTS`, a customer's together, the likeliest first.
        currency: of the shop.
    """
    for customer, own in groupby(rows, key=lambda row: str(row["customer_id"])):
        if not is_hashed(customer):
            yield {"data": _profile(customer, list(own), currency)}


def due_events(rows: Iterable[Row], currency: str, timezone: str) -> Iterator[dict[str, Any]]:
    """Yield a body for each customer and type of product, at noon of the day to send.

    Args:
        rows: as of `profiles`.
        currency: of the shop.
        timezone: of the shop.
    """
    zone = ZoneInfo(timezone)
    for customer, own in groupby(rows, key=lambda row: str(row["customer_id"])):
        if is_hashed(customer):
            continue
        told = list(own)
        profile = _profile(customer, told, currency)
        for row in told:
            attributes = {
                "properties": {name: row[name] for name in _OF_EVENT} | {"send_on": row["send_on"].isoformat()},
                "time": datetime.combine(row["send_on"], time(12), zone).isoformat(),
                "unique_id": f"replenish:{customer}:{row['type']}:{row['send_on']}",
                "metric": {"data": {"type": "metric", "attributes": {"name": DUE, "service": "counterclick"}}},
                "profile": {"data": profile},
            }
            yield {"data": {"type": "event", "attributes": attributes}}


_OF_EVENT = ("type", "probability_14_days", "probability_30_days", "probability_then", "because")


def _profile(customer: str, rows: list[Row], currency: str) -> dict[str, Any]:
    first = rows[0]
    told = {
        "replenish_type": first["type"],
        "replenish_types": [row["type"] for row in rows],
        "replenish_send_on": first["send_on"].isoformat(),
        "replenish_because": first["because"],
        "rebuy_probability_14_days": first["probability_14_days"],
        "rebuy_probability_30_days": first["probability_30_days"],
        "expected_orders_365_days": first["expected_orders"],
        "expected_value_365_days": first["expected_value"],
        "expected_value_currency": currency,
    }
    properties = {f"{_PREFIX}{name}": value for name, value in told.items()}
    return {"type": "profile", "attributes": {"external_id": customer, "properties": properties}}
