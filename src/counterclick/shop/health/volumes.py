"""Events by kind and day, in one scan of two columns; and the days on which a kind is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from counterclick.audits.effects import coarser
from counterclick.audits.gaps import Gap, gaps
from counterclick.audits.health import Finding, Volume
from counterclick.config import Config, ExperimentConfig
from counterclick.display import count, percent
from counterclick.shop.reading import BOOKKEEPING, Reading

__all__ = ["LIVE", "Scan", "days_without", "gaps_of", "known_until", "live_since", "scan", "volumes_of"]

_UNEVEN = ("product", "exposure", "reassigned")
"""Kinds that come when someone sends a catalogue, while an experiment runs, or when a browser lost its visitor."""
LIVE = ", ".join(f"'{kind}'" for kind in BOOKKEEPING)
"""Bookkeeping kinds, as a list of SQL."""
_OWN = ("decide",)
"""Sources that stamp their events themselves when they arrive."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Events of one kind, source and day.

    Attributes:
        kind: of event.
        source: who sent it.
        day: on which it occurred, in the shop's time zone.
        n: how many.
        n_ahead: of these, with a time later than their arrival.
        ahead: microseconds by which the farthest of them lies ahead.
        received: microseconds since 1970 of their first arrival.
        newest: microseconds since 1970 of the newest.
    """

    kind: str
    source: str
    day: date
    n: int
    n_ahead: int
    ahead: int
    received: int
    newest: int


def scan(reading: Reading) -> list[Scan]:
    """Return events by kind, source and day, rejections left out."""
    rows = reading.rows(f"""
        SELECT kind, source, "on", sum(n)::BIGINT, sum(n_ahead)::BIGINT, max(ahead),
            epoch_us(min(first_received_at)), epoch_us(max(last_at))
        FROM {reading.days.get_name()} WHERE kind NOT IN ('rejection', 'erasure')
        GROUP BY ALL ORDER BY kind, "on", source""")
    return [Scan(*row) for row in rows]


def volumes_of(scanned: list[Scan]) -> tuple[Volume, ...]:
    """Return each kind's events by day, the most frequent kind first."""
    days: dict[str, dict[date, int]] = {}
    for part in scanned:
        own = days.setdefault(part.kind, {})
        own[part.day] = own.get(part.day, 0) + part.n
    found = [Volume(kind, sum(own.values()), min(own), max(own), own) for kind, own in days.items()]
    return tuple(sorted(found, key=lambda volume: (-volume.n, volume.kind)))


def gaps_of(volumes: tuple[Volume, ...], config: Config, known_until: date | None) -> tuple[Gap, ...]:
    """Return the days without events of a kind that usually has some.

    Args:
        volumes: each kind's events by day.
        config: the shop's.
        known_until: last day that is wholly known of a shop whose events arrive as they happen; None where all of them are
            imported history, in which each kind simply ends with its last event.
    """
    told = [volume for volume in volumes if volume.kind not in (*BOOKKEEPING, *_UNEVEN)]
    least, closed = config.health.usual_events, config.health.closed_on
    found = [
        gap for volume in told for gap in gaps(volume.kind, volume.by_day, known_until or volume.last_on, least, closed)
    ]
    for volume in volumes:
        if volume.kind == "exposure":
            found += _exposure_gaps(volume, known_until or volume.last_on, config, closed)
    return tuple(sorted(found, key=lambda gap: (gap.first_on, gap.kind)))


def known_until(reading: Reading, scanned: list[Scan], timezone: str) -> date | None:
    """Return the last day that is wholly known of a shop whose events arrive as they happen; None for imported history."""
    return yesterday_of(reading.as_of(), timezone) if live_since(scanned) else None


def live_since(scanned: list[Scan]) -> dict[str, int]:
    """Return the sources that send as things happen -> microseconds of their first arrival.

    What occurred before a source's first arrival is history. A source without anything later has only that, and one that
    stamps its events itself says nothing by their arrival.
    """
    first: dict[str, int] = {}
    newest: dict[str, int] = {}
    for part in scanned:
        if part.kind not in BOOKKEEPING and part.source not in _OWN:
            first[part.source] = min(part.received, first.get(part.source, part.received))
            newest[part.source] = max(part.newest, newest.get(part.source, part.newest))
    return {source: begin for source, begin in first.items() if newest[source] >= begin}


def yesterday_of(moment: datetime, timezone: str) -> date:
    """Return the day before the one in which a moment lies, in a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)


def days_without(found: tuple[Gap, ...], volumes: tuple[Volume, ...], config: Config) -> Finding:
    """Return the finding about gaps, with the effect of the days without orders."""
    events = {volume.kind: volume.n for volume in volumes}
    missing: dict[str, float] = {}
    for gap in found:
        missing[gap.kind] = missing.get(gap.kind, 0.0) + gap.usual
    says = []
    if "purchase" in missing:
        share = missing["purchase"] / (missing["purchase"] + events["purchase"])
        says.append(
            f"About {count(missing['purchase'])} orders ({percent(share)} of all) would be usual then: if they are lost, "
            f"it is from all arms alike; a lift stays as it is, but must be {percent(coarser(share) - 1)} larger to be seen."
        )
    if "exposure" in missing:
        share = missing["exposure"] / (missing["exposure"] + events["exposure"])
        says.append(
            f"About {count(missing['exposure'])} exposures ({percent(share)}) would be usual: lost visitors count in no arm."
        )
    if "refund" in missing:
        says.append(f"About {count(missing['refund'])} refunds would be usual: lost ones make net revenue too high.")
    others = ", ".join(f"{kind} {count(n)}" for kind, n in missing.items() if kind not in ("purchase", "exposure", "refund"))
    if others:
        says.append(f"Usual of other kinds: {others}: what is credited, and metrics made of them, lack those days.")
    if config.onoff:
        says.append("Days on which a surface was switched off by its schedule have no events of it.")
    says.append("Send them again, or name days on which the shop was closed in [health] closed_on.")
    return Finding("days_without_events", sum(gap.n_days for gap in found), None, " ".join(says))


def _exposure_gaps(volume: Volume, last: date, config: Config, closed: Collection[date]) -> tuple[Gap, ...]:
    """Return the days without exposures while an experiment ran."""
    spans = [(each.starts_on, each.ends_on) for each in (*config.experiments.values(), *_holdouts(config))]
    if not spans:
        return ()
    first = max(min(volume.by_day), min(begin for begin, _ in spans))
    end = min(last, max(end for _, end in spans))
    idle = [first + timedelta(days=n) for n in range((end - first).days + 1)]
    idle = [day for day in idle if not any(begin <= day <= until for begin, until in spans)]
    by_day: Mapping[date, int] = {day: n for day, n in volume.by_day.items() if first <= day <= end}
    return gaps("exposure", by_day, end, config.health.usual_events, {*closed, *idle})


def _holdouts(config: Config) -> list[ExperimentConfig]:
    return [config.holdout.as_experiment()] if config.holdout else []
