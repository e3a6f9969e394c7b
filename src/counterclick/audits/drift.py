"""Proxy drift: clicks, time and messages that rise while revenue does not.

In experiments it is an effect. Over months it is observational: season, prices and campaigns move both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from counterclick.audits.drift_experiments import (
    ALARM,
    LEAST_EXPERIMENTS,
    PROXIES,
    UNKNOWN,
    Agreement,
    Compared,
    ExperimentDrift,
    ProxyLift,
    agreements,
    judged,
)
from counterclick.audits.drift_weekly import BESIDE, SeriesDrift, weekly_drift
from counterclick.display import Grid, Shown, percent, signed_percent
from counterclick.metrics import Weekly
from counterclick.stats import Estimate
from counterclick.stats.estimates import as_lift

__all__ = ["Alarm", "Drift", "drift_audit"]

_FURTHER = (
    "Further than revenue: the proxy's ratio over that of revenue per visitor, of the same visitors. p: of not both being "
    "up, one-sided, Holm over the experiment's proxies. Intervals have the confidence of the verdict's look."
)
_OPEN = "Orders of the last weeks may still come back."


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that stands.

    Attributes:
        surface: which; None for the whole shop.
        source: ``experiment``, or ``observational`` for a weekly series.
        proxies: that rose.
        because: in one sentence.
    """

    surface: str | None
    source: Literal["experiment", "observational"]
    proxies: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Drift(Shown):
    """Proxies beside revenue.

    Attributes:
        alarms: those that stand; none is good news.
        experiments: one for each experiment, and one for each surface without.
        series: week by week, observational.
        agreement: how often each proxy agreed with revenue; empty below ten experiments.
        n_experiments: proxy -> experiments with a lift of it and of revenue.
    """

    alarms: tuple[Alarm, ...]
    experiments: tuple[ExperimentDrift, ...]
    series: tuple[SeriesDrift, ...]
    agreement: tuple[Agreement, ...]
    n_experiments: Mapping[str, int]

    def grids(self) -> list[Grid]:
        """Return status by surface, the experiments' numbers, the weekly series, and agreement."""
        return [self.summary(), *self._lift_grids(), self._series_grid(), self._agreement_grid()]

    def summary(self) -> Grid:
        """Return each surface's status, and the observational alarms."""
        rows = [(_label(line), line.status, line.because) for line in self.experiments]
        n = len(self.alarms)
        title = f"Proxy drift: {n} alarm{'s' * (n != 1)}" if n else "Proxy drift: no alarm stands"
        notes = [
            f"Observational alarm: {_of(alarm)}: {alarm.because}." for alarm in self.alarms if alarm.source != "experiment"
        ]
        if not rows:
            notes.append("No surface is declared: see [surfaces.NAME] and [experiments.NAME] of shop.toml.")
        return Grid(title, ("surface", "status", "why"), rows, notes, left=3)

    def _lift_grids(self) -> list[Grid]:
        grids = []
        for line in self.experiments:
            rows = [_lift_cells(each) for each in line.proxies if each.lift]
            notes = [f"{each.proxy}: {each.refused}." for each in line.proxies if each.refused]
            if rows or notes:
                title = f"{_label(line)}: proxies beside revenue"
                heads = ("proxy", "lift, %", "further than revenue, %", "p") if rows else ()
                grids.append(Grid(title, heads, rows, notes))
        if grids:
            grids[-1] = replace(grids[-1], notes=(*grids[-1].notes, _FURTHER))
        return grids

    def _series_grid(self) -> Grid:
        rows = [
            (_name(line), line.status, _points(line.trend), _points(line.gap))
            for line in self.series
            if line.trend is not None and line.gap is not None
        ]
        reasons: dict[str, list[str]] = {}
        for line in self.series:
            if line.status == ALARM:
                continue  # it stands above
            reasons.setdefault(line.because, []).append(_name(line))
        notes = [f"{', '.join(names)}: {because}." for because, names in reasons.items()]
        known = next((line for line in self.series if line.revenue_trend is not None), None)
        if known is not None:
            notes.append(f"Net revenue per visitor, % a week: {_points(known.revenue_trend)}. {_OPEN}")
        weeks = {len(line.weeks) for line in self.series if line.weeks}
        each = [f"{_name(line)} {len(line.weeks)}" for line in self.series if line.weeks]
        if weeks:
            notes.append(f"Whole weeks: {'; '.join(each) if len(weeks) > 1 else weeks.pop()}.")
        carts = [f"{_name(line)} {_points(line.cart_gap)}" for line in self.series if line.cart_gap is not None]
        if carts:
            notes.append(f"Faster than {BESIDE}, % a week: {'; '.join(carts)}.")
        title = "Over months (observational: season, prices and campaigns move both)"
        return Grid(title, ("proxy", "status", "% a week", "faster by, %") if rows else (), rows, notes, left=2)

    def _agreement_grid(self) -> Grid:
        rows = [
            (
                found.proxy,
                found.surface or "all",
                f"{found.agreed} of {found.n}",
                f"{percent(found.agreed / found.n, 0)} [{percent(found.lower, 0)}, {percent(found.upper, 0)}]",
                f"{found.agreed_significant} of {found.n_significant}",
            )
            for found in self.agreement
        ]
        few = [f"{proxy} {n}" for proxy, n in self.n_experiments.items() if n < LEAST_EXPERIMENTS]
        notes = [f"From {LEAST_EXPERIMENTS} experiments with both on; there are: {', '.join(few)}."] if few else []
        if rows:
            notes.append("A coin agrees in half. Exact 95 % intervals. Last column: where either is significant at 5 %.")
        title = "How often a proxy and revenue moved the same way"
        heads = ("proxy", "surface", "agreed", "share", "either significant") if rows else ()
        return Grid(title, heads, rows, notes, left=2)


def drift_audit(
    *, compared: Sequence[Compared], series: Sequence[Weekly], whole_weeks: Sequence[str], surfaces: Iterable[str] = ()
) -> Drift:
    """Look for proxies that rise while revenue does not.

    Args:
        compared: experiments with their verdicts and moments, in the order in which they end.
        series: proxies, net revenue, carts and orders by week.
        whole_weeks: Mondays of the weeks that are recorded whole, ISO 8601, in their order.
        surfaces: that are declared; those without an experiment are listed as such.
    """
    lines = [judged(each) for each in compared]
    untested = sorted({*surfaces} - {line.surface for line in lines})
    nobody = "no experiment splits its visitors: what its clicks are worth cannot be told from them"
    decided = {line.surface: line.outcome for line in lines if line.outcome in ("won", "lost")}
    weekly = weekly_drift(series, whole_weeks, decided)
    alarms = [
        Alarm(line.surface, "experiment", tuple(each.proxy for each in line.proxies if each.risen), line.because)
        for line in lines
        if line.status == ALARM
    ]
    alarms += [
        Alarm(found.surface, "observational", (found.proxy,), found.because) for found in weekly if found.status == ALARM
    ]
    counts = {proxy: sum(_has(line, proxy) for line in lines) for proxy in PROXIES}
    return Drift(
        alarms=tuple(alarms),
        experiments=(*lines, *(ExperimentDrift(surface, None, UNKNOWN, nobody) for surface in untested)),
        series=weekly,
        agreement=agreements(lines),
        n_experiments=counts,
    )


def _has(line: ExperimentDrift, proxy: str) -> bool:
    both = line.moved is not None and line.outcome != "invalid"
    return both and any(each.proxy == proxy and each.lift is not None for each in line.proxies)


def _label(line: ExperimentDrift) -> str:
    return line.surface if line.experiment in (None, line.surface) else f"{line.surface} ({line.experiment})"


def _of(line: SeriesDrift | Alarm) -> str:
    return line.surface or "whole shop"


def _name(line: SeriesDrift) -> str:
    return line.proxy if line.surface is None else f"{line.proxy} of {line.surface}"


def _lift_cells(each: ProxyLift) -> tuple[str, ...]:
    if each.lift is None or each.gap is None or each.p_adjusted is None:
        return (each.proxy, "", "", "")
    lift = _ends(each.lift.value, each.lift.lower, each.lift.upper)
    return (each.proxy, lift, _points(each.gap), f"{each.p_adjusted:.2g}")


def _points(log: Estimate | None) -> str:
    """Return a logarithm and its interval as a relative change, in percent."""
    return "" if log is None else _ends(as_lift(log.value), as_lift(log.lower), as_lift(log.upper))


def _ends(value: float, lower: float, upper: float) -> str:
    ends = [signed_percent(end).removesuffix(" %") for end in (value, lower, upper)]
    return f"{ends[0]} [{ends[1]}, {ends[2]}]"
