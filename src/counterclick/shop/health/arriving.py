"""When events arrive: late ones, clocks ahead of ours, and the delay of each source.

Arrival means something only of what a source sent once it was live. What occurred before a source's first arrival is
history that was imported, and its arrival says nothing; nor does that of a file which brings the only news in weeks: an
event is late only where something else had arrived after it should have been there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from counterclick.audits.health import Finding, Sign
from counterclick.config import Config, duration
from counterclick.display import count, percent
from counterclick.events.bulk import quoted
from counterclick.shop.health.volumes import LIVE, Scan, live_since
from counterclick.shop.reading import BOOKKEEPING, Reading

__all__ = ["Arrivals", "ahead_of", "arrivals_of", "delay_of", "late_of"]

_HOUR = 3_600_000_000
_SECOND = 1_000_000
_MOST_OF_THEM = 0.99


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events that arrived from live sources.

    Attributes:
        live: kind -> events that occurred after their source's first arrival.
        late: kind -> of these, which arrived more than the allowance after they occurred, while others were arriving.
        enough: microseconds within which 99 of 100 of the live events arrived; None without any.
        medians: source -> (live events, median of received minus occurred in microseconds).
    """

    live: dict[str, int]
    late: dict[str, int]
    enough: int | None
    medians: dict[str, tuple[int, int]]


def arrivals_of(reading: Reading, scanned: list[Scan], allowance: timedelta) -> Arrivals:
    """Return how events of live sources arrived."""
    live = live_since(scanned)
    if not live:
        return Arrivals({}, {}, None, {})
    begins = " ".join(f"WHEN {quoted(source)} THEN {begin}" for source, begin in live.items())
    rows = f"""
        SELECT kind, coalesce(source, '') AS source, epoch_us(occurred_at) AS o, epoch_us(received_at) AS r FROM events
        WHERE kind NOT IN ({LIVE}) AND epoch_us(occurred_at) >= CASE coalesce(source, '') {begins} END"""
    by_kind = dict(reading.rows(f"SELECT kind, count(*) FROM ({rows}) GROUP BY kind ORDER BY kind"))
    medians = {
        source: (n, median)
        for source, n, median in reading.rows(
            f"SELECT source, count(*), quantile_disc(r - o, 0.5) FROM ({rows}) GROUP BY source ORDER BY source"
        )
    }
    enough = reading.one(f"SELECT quantile_disc(r - o, {_MOST_OF_THEM}) FROM ({rows})")
    late = dict(
        reading.rows(f"""
            WITH old AS (SELECT kind, o, r // {_HOUR} AS h FROM ({rows}) WHERE r - o > {_micro(allowance)}),
            hours AS (SELECT DISTINCT epoch_us(received_at) // {_HOUR} AS h FROM events WHERE kind NOT IN ({LIVE}))
            SELECT kind, count(*) FROM old ASOF JOIN hours ON old.h > hours.h
            WHERE hours.h * {_HOUR} >= o + {_micro(allowance)} GROUP BY kind ORDER BY kind""")
    )
    return Arrivals(by_kind, late, enough, medians)


def late_of(found: Arrivals, config: Config) -> tuple[Sign, Finding]:
    """Return the figure about late events and its finding."""
    n, whole = sum(found.late.values()), sum(found.live.values())
    if not whole or found.enough is None:
        says = "Every event occurred before its source first sent any: imported history, whose arrival says nothing."
        return Sign("late events", None, "not known", says), Finding("late_events", 0, None, says)
    allowed = config.shop.allowance
    listed = ", ".join(
        f"{kind} {count(late)} of {count(found.live[kind])} ({percent(late / found.live[kind])})"
        for kind, late in found.late.items()
    )
    if not n:
        says = (
            f"Of {count(whole)} events sent live, none came more than {allowed} after it occurred: looks miss none of them."
        )
    else:
        needed = -(-found.enough // _micro(timedelta(days=1)))
        advice = ""
        if found.enough > _micro(duration(allowed)):
            advice = f' With allowance = "{needed}d", 99 % would be in time.'
        says = (
            f"{count(n)} came more than {allowed} after they occurred: {listed}. A look taken in between does not count "
            f"them, and is not taken again.{advice}"
        )
    worst = max((late / found.live[kind] for kind, late in found.late.items()), default=0.0)
    standing = n if worst > config.health.late_share else 0
    return Sign("late events", n / whole, percent(n / whole, 2), says), Finding("late_events", standing, None, says)


def ahead_of(scanned: list[Scan]) -> Sign:
    """Return the figure about events whose clock was ahead of ours, by less than what is refused."""
    told = [part for part in scanned if part.kind not in BOOKKEEPING]
    n, whole = sum(part.n_ahead for part in told), sum(part.n for part in told)
    name = "clocks ahead of ours"
    if not n:
        return Sign(name, 0.0, "none", "No event lies ahead of its arrival: no order changes sides of a window by it.")
    lead = max(part.ahead for part in told) / _SECOND
    says = (
        f"{count(n)} events lie ahead of their arrival, by {lead:,.0f} seconds at most (more than 600 is refused): only "
        f"orders within {lead:,.0f} seconds of a window's edge can be on its wrong side."
    )
    return Sign(name, n / whole, percent(n / whole, 2), says)


def delay_of(found: Arrivals, allowance: str) -> Sign:
    """Return the median delay of each live source."""
    name = "received after occurred, median"
    if not found.medians:
        return Sign(
            name, None, "not known", "Only imported history, or events stamped on arrival: clocks cannot be compared."
        )
    listed = "; ".join(f"{source}: {_spoken(each)} of {count(n)} events" for source, (n, each) in found.medians.items())
    worst = max(each for _, each in found.medians.values())
    says = f"{listed}. A visitor's value is taken as finished {allowance} after its window: half of them are there by then."
    if worst > _micro(duration(allowance)):
        says = f"{listed}. That is more than the allowance of {allowance}: half of those events come too late for a look."
    return Sign(name, worst / _SECOND, _spoken(worst), says)


def _micro(span: timedelta) -> int:
    return int(span.total_seconds()) * _SECOND


def _spoken(microseconds: int) -> str:
    seconds = microseconds / _SECOND
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"
