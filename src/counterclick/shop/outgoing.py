"""What goes out: the shop's events as another service takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any

from counterclick.connectors.klaviyo_out import METRICS, posted
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.events.schema import FIELDS_OF
from counterclick.events.vocabulary import EVENTS, Event
from counterclick.shapes import from_objects
from counterclick.shop.reading import Reading

__all__ = ["klaviyo_bodies"]

_ROWS = 2_000
_TYPE_OF: dict[str, type[Event]] = {str(one.__struct_config__.tag): one for one in EVENTS}


def klaviyo_bodies(
    reading: Reading, timezone: str, since: date, until: date | None, kinds: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Return the bodies of Klaviyo's ``POST /api/events``, by the time at which the events happened.

    They are read while they are handed out: ask the reading nothing else until then.

    Args:
        reading: of the store.
        timezone: of the shop, in which its days begin.
        since: first day.
        until: last day; all later ones unless given.
        kinds: of events; all that Klaviyo has a metric for unless any is named.

    Raises:
        UnknownNameError: Klaviyo has no metric for a kind.
        ConfigError: the last day lies before the first.
    """
    for kind in kinds:
        if kind not in METRICS:
            raise UnknownNameError("kind of event that goes to Klaviyo", kind, METRICS)
    if until is not None and until < since:
        raise ConfigError(f"the last day, {until}, lies before the first, {since}.")
    reading.as_of()
    names = {name for kind in kinds or METRICS for name in FIELDS_OF[kind]} | {"kind"}
    chosen = ", ".join(f'"{name}"' for name in sorted(names))
    listed = ", ".join(f"'{kind}'" for kind in kinds or METRICS)
    ends = "" if until is None else " AND occurred_at < ($ends::TIMESTAMP AT TIME ZONE $timezone)"
    values: dict[str, object] = {"begins": since, "timezone": timezone}
    found = reading.connection.execute(
        f"SELECT {chosen} FROM events WHERE kind IN ({listed}) "
        f"AND occurred_at >= ($begins::TIMESTAMP AT TIME ZONE $timezone){ends} ORDER BY occurred_at, kind, event_id",
        values if until is None else values | {"ends": until + timedelta(days=1)},
    )
    bodies = (posted(_event(row)) for batch in found.to_arrow_reader(_ROWS) for row in batch.to_pylist())
    return (body for body in bodies if body is not None)


def _event(row: dict[str, Any]) -> Event:
    """Return a row of the log as the event that the door let in."""
    kind = row.pop("kind")
    told = {name: _filled(value) for name, value in row.items() if value is not None and name in FIELDS_OF[kind]}
    return from_objects(told, _TYPE_OF[kind])


def _filled(value: Any) -> Any:
    """Return a value without the parts of its lines that say nothing."""
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if inner is not None}
    return value
