"""Retention: events whose time is over, by what ``[retention]`` declares, are counted, and erased."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb

from counterclick.config import Config
from counterclick.display import Grid, Shown, count
from counterclick.shop.rights_files import Besides
from counterclick.store import Store
from counterclick.store.erasing import Plan, erase

__all__ = ["Retained", "retain"]


@dataclass(frozen=True, slots=True)
class Retained(Shown):
    """Events whose time was over.

    Attributes:
        days: kind -> days that it is kept, as declared.
        first_on: kind -> first day, in the shop's time zone, of which it is kept.
        events: kind -> events of days before that.
        is_done: whether they were erased; else it was only asked which would be.
    """

    days: Mapping[str, int]
    first_on: Mapping[str, date]
    events: Mapping[str, int]
    is_done: bool

    def grids(self) -> list[Grid]:
        """Return them as one table."""
        verb = "Erased because of their age" if self.is_done else "Would be erased because of their age; nothing was changed"
        rows = [
            (kind, f"{days:,}", f"{self.first_on[kind]}", count(self.events.get(kind, 0)))
            for kind, days in self.days.items()
        ]
        if not rows:
            note = "Everything is kept. Name kinds of events in shop.toml: [retention] page_view = 400 (days)."
            return [Grid("Retention", (), (), (note,))]
        notes = []
        if not self.is_done:
            notes.append("`counterclick retention --erase` erases them; `counterclick serve` does once a day.")
        notes.append("Figures of days before lack them: `counterclick check` says from which day on each kind is complete.")
        return [Grid(verb, ("kind", "days kept", "kept from", "events before"), rows, notes)]


def retain(store: Store, config: Config, *, erasing: bool, now: datetime | None = None) -> Retained:
    """Erase the events whose time is over, or say which would be.

    Args:
        store: of the shop.
        config: the shop's.
        erasing: whether they are erased.
        now: UTC; the present moment unless given.

    Raises:
        StoreError: they could not be erased; asked again, it goes on where it was.
    """
    zone = ZoneInfo(config.shop.timezone)
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    days = config.retention.days
    first_on = {kind: today - timedelta(days=n) for kind, n in days.items()}
    before = {kind: datetime.combine(day, time(), zone).astimezone(UTC) for kind, day in first_on.items()}
    if not erasing:
        return Retained(days, first_on, store.ask(lambda connection: _old(connection, before)), is_done=False)

    def planned(connection: duckdb.DuckDBPyConnection) -> Plan | None:
        events = _old(connection, before)
        over = {kind: moment for kind, moment in before.items() if kind in events}
        return Plan(erasure_id=uuid.uuid4().hex, why="retention", events=events, before=over) if events else None

    done = erase(store, planned, Besides(store)) if days else None
    return Retained(days, first_on, done.events if done else {}, is_done=True)


def _old(connection: duckdb.DuckDBPyConnection, before: Mapping[str, datetime]) -> dict[str, int]:
    """Return kind -> events that occurred before its moment."""
    found = {}
    for kind, moment in before.items():
        row = connection.execute(
            "SELECT count(*) FROM events WHERE kind = ? AND occurred_at < ?::TIMESTAMPTZ", [kind, moment.isoformat()]
        ).fetchone()
        if row and row[0]:
            found[kind] = int(row[0])
    return found
