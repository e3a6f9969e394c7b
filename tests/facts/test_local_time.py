"""Days and months of the shop, against the standard library."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pytest

from builders import kept
from counterclick.facts.local_time import day_begins, local, offsets


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_wall_clock_equals_the_standard_librarys(zone: str) -> None:
    """5,000 moments of 1990 to 2039, and the seconds around every change of the clocks, agree with zoneinfo."""
    chance = random.Random(7)
    start = datetime(1990, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(seconds=chance.randrange(49 * 365 * 86_400)) for _ in range(5_000)]
    for change, _seconds in offsets(zone)[1:]:
        moments += [change + timedelta(seconds=shift) for shift in (-3600, -1, 0, 1, 3600)]
    table = kept(ibis.memtable({"at": moments}, schema=ibis.schema({"at": "timestamp('UTC')"})), "moments")
    found = table.select("at", there=local(table.at, zone)).to_pyarrow().to_pylist()
    wrong = [row for row in found if row["there"] != row["at"].astimezone(ZoneInfo(zone)).replace(tzinfo=None)]
    assert len(found) == len(moments)
    assert not wrong


def test_days_begin_at_local_midnight() -> None:
    """A day in Berlin begins at 23:00 UTC in winter and 22:00 in summer; the days of change have 23 and 25 hours."""
    assert day_begins(date(2026, 1, 5), "Europe/Berlin") == datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert day_begins(date(2026, 7, 1), "Europe/Berlin") == datetime(2026, 6, 30, 22, tzinfo=UTC)
    spring = day_begins(date(2026, 3, 30), "Europe/Berlin") - day_begins(date(2026, 3, 29), "Europe/Berlin")
    autumn = day_begins(date(2026, 10, 26), "Europe/Berlin") - day_begins(date(2026, 10, 25), "Europe/Berlin")
    assert (spring, autumn) == (timedelta(hours=23), timedelta(hours=25))


def test_a_zone_without_changes_has_one_offset() -> None:
    """UTC never shifts."""
    assert offsets("UTC") == ((datetime(1990, 1, 1, tzinfo=UTC), 0),)
