"""Shops for tests of on/off tests: daily revenue of known truth, visits, and a surface's use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from builders import Event, facts, purchase, shown, view
from counterclick.config import OnOffConfig
from counterclick.experiments.onoff_plan import OnOffContext
from counterclick.experiments.onoff_schedule import schedule_of

__all__ = ["START", "YEAR", "config", "context", "noisy", "noon", "of_lift", "sold", "used", "visits"]

START = date(2026, 3, 2)
"""A Monday on which schedules start."""
YEAR = date(2025, 10, 1)
"""First day of the record."""


def config(**settings: Any) -> OnOffConfig:
    return OnOffConfig(**{"starts_on": START, "weeks": 4, "block": "1d"} | settings)


def context(*events: Event, **told: Any) -> OnOffContext:
    usual: dict[str, Any] = {
        "as_of": datetime(2026, 12, 1, tzinfo=UTC),
        "currency": "EUR",
        "timezone": "UTC",
        "allowance": timedelta(days=2),
    }
    return OnOffContext(facts=facts(*events), **usual | told)


def noon(day: date) -> str:
    return datetime.combine(day, time(12)).isoformat(timespec="minutes")


def sold(first: date, days: int, revenue: Callable[[date], float]) -> list[Event]:
    """Return one order a day."""
    each = [first + timedelta(days=place) for place in range(days)]
    return [purchase(f"v{day}", round(revenue(day), 2), noon(day)) for day in each]


def noisy(level: float = 1000, sd: float = 0.05, seed: int = 4) -> Callable[[date], float]:
    factors = np.exp(np.random.default_rng(seed).normal(0, sd, 1_000))
    return lambda day: level * float(factors[(day - date(2025, 10, 1)).days])


def of_lift(lift: float, settings: OnOffConfig, sd: float = 0.05) -> Callable[[date], float]:
    """Return daily revenue of which the on days have more."""
    schedule, level = schedule_of("cart", settings), noisy(sd=sd)
    return lambda day: level(day) * (1 + lift * (settings.starts_on <= day <= settings.ends_on and schedule.is_on(day)))


def used(settings: OnOffConfig, *, on: bool = True, off: bool = False, times: int = 5) -> list[Event]:
    """Return the surface's lists on the days on which it was shown."""
    schedule = schedule_of("cart", settings)
    days = [settings.starts_on + timedelta(days=place) for place in range(settings.weeks * 7)]
    shows = [day for day in days if (on if schedule.is_on(day) else off)]
    return [shown(f"v{day}", "hat", at=noon(day)) for day in shows for _ in range(times)]


def visits(hours: Callable[[int], float], n: int = 100, first: date = date(2026, 1, 5)) -> list[Event]:
    """Return visitors who were first seen at noon, one a day, and who order so many hours later."""
    found = []
    for number in range(n):
        at = datetime.combine(first + timedelta(days=number), time(12))
        late = at + timedelta(hours=hours(number))
        found += [view(f"v{number}", at.isoformat(timespec="minutes"))]
        found += [purchase(f"v{number}", 10, late.isoformat(timespec="minutes"))]
    return found
