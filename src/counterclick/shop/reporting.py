"""The report of a month: its figures as they are known now, and the audit as it stood when the month ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from counterclick.attribution import Rule
from counterclick.audits import Audit, Ledger
from counterclick.audits.changes import Changes, changes_between
from counterclick.audits.months import Month
from counterclick.audits.quarter import MONTHS, Ended, Quarter, quarter_of
from counterclick.audits.report import Report
from counterclick.config import Config
from counterclick.errors import EmptyStoreError
from counterclick.experiments import Experiment
from counterclick.facts.local_time import day_begins
from counterclick.metrics import Sources
from counterclick.shop.auditing import Auditing
from counterclick.shop.health import health_of
from counterclick.shop.monthly import chosen, figures_of, ledger_of, month_before, months_of, year_before
from counterclick.shop.onoff import OnOff
from counterclick.shop.readiness import readiness_of_shop
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, silent
from counterclick.shop.registry import Registry, verdict_of
from counterclick.store import Store

__all__ = ["Past", "report_of"]


@dataclass(frozen=True)
class Past:
    """A shop as it stood when a day ended: what had happened by then. Nothing is written.

    Attributes:
        store: its events.
        config: what ``shop.toml`` declares now.
        folder: of ``shop.toml``.
        rule: of attribution.
        skipped: name -> rows of files that are no events.
        memory_limit: of the embedded database.
    """

    store: Store
    config: Config
    folder: Path
    rule: Rule
    skipped: Mapping[str, int]
    memory_limit: str

    def audit(self, day: date, *, progress: Progress = silent) -> Audit:
        """Return the audit as it stood when a day had ended; experiments that began later are left out.

        Args:
            day: the last day that counts.
            progress: called with each step and the fraction done.

        Raises:
            EmptyStoreError: nothing had happened by then.
        """
        until = day_begins(day + timedelta(days=1), self.config.shop.timezone)
        begun = {name: each for name, each in self.config.experiments.items() if each.starts_on <= day}
        config = msgspec.structs.replace(self.config, experiments=begun)
        reading = Reading(self.store, config, self.folder, self.memory_limit, until=until)
        try:
            registry = Registry(config, self.store, self.rule, lambda: reading, _nothing, until)
            experiments = registry.experiments()
            auditing = Auditing(
                config,
                reading,
                self.rule,
                experiments,
                registry.proposed,
                lambda surface: OnOff(surface, config, lambda: reading, _no_events),
                progress,
            )
            return Audit(
                auditing.claims,
                auditing.theatre,
                auditing.drift,
                auditing.alignment,
                readiness_of_shop(reading, config),
                health_of(reading, self.rule, config, registry.seen(experiments), self.skipped),
            )
        finally:
            reading.connection.close()


def report_of(
    past: Past,
    reading: Reading,
    experiments: Mapping[str, Experiment],
    wanted: str | None,
    *,
    compare: bool,
    quarter: bool,
    now: Callable[[], Audit],
    progress: Progress = silent,
) -> Report:
    """Return the report of a month.

    Args:
        past: the shop as of any day.
        reading: of all that is recorded.
        experiments: every declared one, on that reading.
        wanted: the month, as 2026-03; by default the last whole one.
        compare: whether to say what changed since the month before.
        quarter: whether to add up what the verdicts of its quarter were worth.
        now: returns the audit of all that is recorded: that of a month which is not over.
        progress: called with each step and the fraction done.

    Raises:
        ConfigError: the month is not written as 2026-03.
        EmptyStoreError: nothing is recorded.
        InputError: nothing is recorded of that month.
    """
    config = past.config
    months = months_of(reading, config)
    month = chosen(months, wanted)
    before, last_year = months.get(month_before(month.first_on)), months.get(year_before(month.first_on))
    known_on = _day(reading.as_of(), config)
    progress("figures", 0.0)
    figures = figures_of(Sources(reading.facts, past.rule), config.shop.timezone, month, before, last_year)
    ledger, n_beyond = ledger_of(reading, config, past.rule, month)
    progress("audit", 0.2)
    audit = past.audit(month.last_on, progress=_part(progress, 0.2, 0.6)) if month.is_over else now()
    audit_of = month.last_on if month.is_over else known_on
    changes, no_changes = None, ""
    if compare and before is None:
        no_changes = "Nothing is recorded of the month before, so that there is nothing to compare with."
    elif compare and before is not None:
        changes, no_changes = _changes(past, reading, (before, month), (audit, ledger), audit_of, progress)
    return Report(
        shop=past.folder.resolve().name or "shop",
        currency=config.shop.currency,
        timezone=config.shop.timezone,
        month=month,
        before=before,
        last_year=last_year,
        known_on=known_on,
        audit_of=audit_of,
        figures=figures,
        ledger=ledger,
        n_beyond=n_beyond,
        audit=audit,
        changes=changes,
        no_changes=no_changes,
        quarter=_quarter(config, experiments, month, known_on) if quarter else None,
    )


def _changes(
    past: Past,
    reading: Reading,
    months: tuple[Month, Month],
    after: tuple[Audit, Ledger],
    audit_of: date,
    progress: Progress,
) -> tuple[Changes | None, str]:
    """Return what changed since the end of the month before, or why that cannot be said."""
    before, month = months
    try:
        earlier = past.audit(before.last_on, progress=_part(progress, 0.6, 1.0))
    except EmptyStoreError as error:
        return None, str(error)
    ledger, _beyond = ledger_of(reading, past.config, past.rule, before)
    own, of_month = after
    named = (before.name, ledger), (month.name, of_month)
    return changes_between(earlier, own, (before.last_on, audit_of), named), ""


def _quarter(config: Config, experiments: Mapping[str, Experiment], month: Month, known_on: date) -> Quarter:
    """Return what the verdicts of the month's quarter are worth, as they stand now."""
    number = (month.first_on.month - 1) // MONTHS
    first_on = month.first_on.replace(month=number * MONTHS + 1)
    after = date(first_on.year + (number + 1) // 4, (number + 1) * MONTHS % 12 + 1, 1)
    last_on = after - timedelta(days=1)
    ended, still = [], []
    for name, experiment in experiments.items():
        settings = experiment.config
        if not first_on <= settings.ends_on <= last_on:
            continue
        if settings.ends_on >= known_on:
            still.append(name)
            continue
        declared = config.surfaces.get(settings.surface)
        cost = declared.monthly_cost if declared else None
        ended.append(Ended(name, settings.surface, settings.ends_on, verdict_of(experiment), cost))
    label = f"{first_on.year} Q{number + 1}"
    return quarter_of(label, config.shop.currency, first_on, last_on, known_on, ended, still)


def _part(progress: Progress, begin: float, end: float) -> Progress:
    """Return a progress of which nothing is a part of another."""
    return lambda step, fraction: progress(step, begin + fraction * (end - begin))


def _day(moment: datetime, config: Config) -> date:
    return moment.astimezone(ZoneInfo(config.shop.timezone)).date()


def _nothing() -> None:
    """Read nothing anew: the past does not change."""


def _no_events(events: object) -> None:
    """Record nothing: what is only looked back at is not declared."""
    del events
