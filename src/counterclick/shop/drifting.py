"""Drift: from a shop's facts and experiments to the audit of its proxies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ibis import _

from counterclick.attribution import Rule
from counterclick.audits import Compared, Drift, drift_audit
from counterclick.audits.drift_experiments import OUTCOME, PROXIES
from counterclick.audits.drift_weekly import BESIDE, ORDERS, WEEKLY_OUTCOME
from counterclick.config import Config
from counterclick.experiments import Experiment
from counterclick.experiments.looks import level_of
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import one_row
from counterclick.metrics import Sources, metric_named, weekly
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, silent
from counterclick.verdicts import Verdict

__all__ = ["drift_of", "whole_weeks"]

_EXPERIMENTS = 0.7
"""Share of the time that experiments take."""
_WEEK = timedelta(weeks=1)
_TOLD_OF = ("product", "experiment_declared", "look_taken", "rejection", "refund")
"""Kinds that say nothing of when the shop's visitors came."""


def drift_of(
    config: Config,
    reading: Reading,
    rule: Rule,
    experiments: Mapping[str, Experiment],
    verdicts: Mapping[str, Verdict | str],
    *,
    progress: Progress = silent,
) -> Drift:
    """Return the audit of a shop's proxies.

    Args:
        config: what ``shop.toml`` declares.
        reading: the store.
        rule: of attribution, which metrics know.
        experiments: name -> experiment.
        verdicts: experiment -> its verdict, or why there is none.
        progress: called with each step and the fraction done.
    """
    ordered = sorted(experiments.values(), key=lambda each: (each.config.ends_on, each.name))
    compared = []
    for number, experiment in enumerate(ordered):
        progress(f"experiment {experiment.name}", _EXPERIMENTS * number / len(ordered))
        compared.append(_compared(experiment, verdicts[experiment.name]))
    progress("weeks", _EXPERIMENTS)
    zone = config.shop.timezone
    wanted = [metric_named(name) for name in (*PROXIES, WEEKLY_OUTCOME, BESIDE, ORDERS)]
    return drift_audit(
        compared=compared,
        series=weekly(Sources(reading.facts, rule), wanted, timezone=zone),
        whole_weeks=_whole_weeks(reading, zone),
        surfaces={*config.surfaces, *(each.config.surface for each in ordered)},
    )


def _compared(experiment: Experiment, verdict: Verdict | str) -> Compared:
    """Return an experiment's verdict, and the moments of the visitors whom its last look counts."""
    config = experiment.config
    look = verdict.looks[-1] if isinstance(verdict, Verdict) and verdict.looks else None
    until = look.entered_until if look else None
    changed = "shares were changed on the way, so that its arms entered at different times" if config.changes else ""
    arms = {} if changed else experiment.moments((*PROXIES, OUTCOME), until)
    level = level_of(look.bound) if look else 0.95
    return Compared(experiment.name, config.surface, config.feature, config.control, verdict, arms, until, level, changed)


def _whole_weeks(reading: Reading, timezone: str) -> list[str]:
    days = reading.days
    first, last = one_row(days.filter(days.kind.notin(_TOLD_OF)).agg(first=_.on.min(), last=_.on.max())).values()
    return [] if first is None else whole_weeks(first, last, reading.as_of(), timezone)


def whole_weeks(first: date, last: date, as_of: datetime, timezone: str) -> list[str]:
    """Return the Mondays of the weeks that are recorded from Monday to Sunday, ISO 8601.

    Args:
        first: the shop's day of the first event.
        last: that of the last event.
        as_of: the moment up to which the log is known, UTC: a Sunday is whole when it has passed.
        timezone: in which weeks begin.
    """
    monday = first + timedelta(days=-first.weekday() % 7)
    found = []
    while monday + _WEEK - timedelta(days=1) <= last and day_begins(monday + _WEEK, timezone) <= as_of:
        found.append(monday.isoformat())
        monday += _WEEK
    return found
