"""What was erased, when and why, and from which day on each kind is complete: as the log's own records say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from counterclick.audits.health import Erasures, Finding
from counterclick.config import HOLDOUT, Config
from counterclick.events.schema import ERASURE
from counterclick.shop.reading import Reading, from_microseconds
from counterclick.store.erasing import PENDING

__all__ = ["complete_from", "cut_off_of", "erased_of", "overdue_of", "unfinished_of"]

_AGE = "retention"
_JUDGED = ("exposure", "purchase", "refund", "identify")
"""Kinds that a verdict rests on."""


def erased_of(reading: Reading, timezone: str) -> tuple[Erasures, ...]:
    """Return what was erased, by day and reason, the newest first; what had reached its age once, on the last day of it."""
    days: dict[tuple[date, str], list[Mapping[str, int]]] = {}
    aged: list[Mapping[str, int]] = []
    for moment, details in _records(reading):
        key = (moment.astimezone(ZoneInfo(timezone)).date(), details["why"])
        if key[1] == _AGE:
            aged.append(details["events"])
            days = {other: each for other, each in days.items() if other[1] != _AGE} | {key: aged}
        else:
            days.setdefault(key, []).append(details["events"])
    found = [Erasures(day, why, len(each), _sum(each)) for (day, why), each in days.items()]
    return tuple(sorted(found, key=lambda one: (one.erased_on, one.why), reverse=True))


def complete_from(reading: Reading, timezone: str) -> dict[str, date]:
    """Return for each kind whose old events were erased the first day that still has all of them."""
    latest: dict[str, datetime] = {}
    for _, details in _records(reading):
        for kind, text in details.get("before", {}).items():
            moment = datetime.fromisoformat(text)
            latest[kind] = max(moment, latest.get(kind, moment))
    return {kind: moment.astimezone(ZoneInfo(timezone)).date() for kind, moment in sorted(latest.items())}


def cut_off_of(complete: Mapping[str, date], config: Config) -> Finding:
    """Return the finding about experiments of whose time events were erased because of their age.

    Args:
        complete: `complete_from`.
        config: the shop's.
    """
    since = max((complete[kind] for kind in _JUDGED if kind in complete), default=date.min)
    starts = {name: settings.starts_on for name, settings in config.experiments.items()}
    if config.holdout is not None:
        starts[HOLDOUT] = config.holdout.starts_on
    names = [name for name, begin in starts.items() if begin < since]
    says = (
        f"Events of their time were erased because of their age: {', '.join(names)}. A verdict that is asked for now lacks "
        "them; looks taken before stay. Keep exposures and orders longer than an experiment and its returns take."
    )
    return Finding("experiments_cut_off_by_retention", len(names), None, says)


def unfinished_of(reading: Reading, config: Config) -> Finding:
    """Return the finding about an erasure that was begun and not finished."""
    is_pending = (reading.folder / config.shop.store / PENDING).exists()
    says = "The process died, or something was found afterwards. `counterclick forget` or `serve` finishes it and says what."
    return Finding("unfinished_erasure", int(is_pending), None, says)


def overdue_of(n: int) -> Finding:
    """Return the finding about requests of Shopify whose time is over."""
    says = (
        "Shopify wants them done within 30 days. `counterclick requests act` does them; `requests list` says what they ask."
    )
    return Finding("overdue_requests", n, None, says)


def _records(reading: Reading) -> list[tuple[datetime, dict[str, Any]]]:
    rows = reading.rows(f"SELECT epoch_us(received_at), details FROM events WHERE kind = '{ERASURE}' ORDER BY received_at")
    return [(from_microseconds(moment), json.loads(details)) for moment, details in rows]


def _sum(each: list[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for events in each:
        for kind, n in events.items():
            total[kind] = total.get(kind, 0) + n
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
