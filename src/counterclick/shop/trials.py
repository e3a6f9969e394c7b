"""Which test speaks for a surface: the newest with a verdict, else one that runs, else one that begins later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from counterclick.audits import Drift, Trial
from counterclick.config import OnOffConfig
from counterclick.errors import CounterclickError
from counterclick.experiments import Experiment
from counterclick.shop.onoff import OnOff
from counterclick.verdicts import Verdict

__all__ = ["Trials"]

_PARTS = ("revenue_per_visitor", "units_per_order", "aov")
_NOTHING, _TO_BEGIN, _RUNS, _ENTERED, _JUDGED = range(5)
"""How much a test can say: it ended and nobody came; it begins later; it runs; visitors came; it has a verdict."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Every test of a shop.

    Attributes:
        experiments: every declared one.
        verdicts: experiment -> its verdict, or why there is none.
        drift: their proxies; None where nobody asks for these.
        schedules: surface -> its declared on/off schedule.
        onoff: surface -> its on/off test.
        today: the last day of which anything of the shop is recorded.
    """

    experiments: Mapping[str, Experiment]
    verdicts: Mapping[str, Verdict | str]
    drift: Drift | None
    schedules: Mapping[str, OnOffConfig]
    onoff: Callable[[str], OnOff]
    today: date

    def of(self, surface: str) -> Trial | None:
        """Return the test that speaks for a surface; None where none is declared."""
        own = [(self._rank(name), name) for name, e in self.experiments.items() if e.config.surface == surface]
        rank, name = max(own, default=((_NOTHING, 0), ""))
        schedule = self.schedules.get(surface)
        if schedule is not None:
            best = _JUDGED if schedule.starts_on <= self.today else _TO_BEGIN
            if not own or rank < _ranked(best, schedule.starts_on, schedule.ends_on):
                switched = self._switched(surface, schedule)
                standing = _JUDGED if _shows(switched.verdict) else min(best, _ENTERED)
                if not own or rank < _ranked(standing, schedule.starts_on, schedule.ends_on):
                    return switched
        return self._split(name) if own else None

    def _rank(self, name: str) -> tuple[int, int]:
        experiment = self.experiments[name]
        config = experiment.config
        if _shows(self.verdicts[name]):
            standing = _JUDGED
        elif _n_eligible(experiment):
            standing = _ENTERED
        elif self.today < config.starts_on:
            standing = _TO_BEGIN
        else:
            standing = _RUNS if self.today <= config.ends_on else _NOTHING
        return _ranked(standing, config.starts_on, config.ends_on)

    def _split(self, name: str) -> Trial:
        """Return what splitting a surface's visitors has shown."""
        experiment, verdict = self.experiments[name], self.verdicts[name]
        config = experiment.config
        if self._rank(name)[0] == _TO_BEGIN:
            return Trial(name, None, "", 0, ended=False, begins_on=config.starts_on)
        drifted = self.drift.experiments if self.drift else ()
        proxies = [each for found in drifted if found.experiment == name for each in found.proxies]
        lifts = {}
        if isinstance(verdict, Verdict) and verdict.lift is not None:
            result = experiment.estimates()
            rows = {metric: result.row(metric, config.feature, config.control).lift for metric in _PARTS}
            lifts = {metric: (lift.value, lift.lower, lift.upper) for metric, lift in rows.items() if lift is not None}
        return Trial(
            experiment=name,
            verdict=verdict if isinstance(verdict, Verdict) else None,
            refused=verdict if isinstance(verdict, str) else "",
            days=_concurrent_days(experiment),
            ended=self.today > config.ends_on,
            lifts=lifts,
            proxies={p.proxy: (p.lift.value, p.lift.lower, p.lift.upper) for p in proxies if p.lift is not None},
            risen=tuple(each.proxy for each in proxies if each.risen),
        )

    def _switched(self, surface: str, config: OnOffConfig) -> Trial:
        """Return what switching a surface on and off for everyone has shown."""
        name = f"on/off test of {surface}"
        days = max((min(self.today, config.ends_on) - config.starts_on).days + 1, 0)
        try:
            verdict, refused = self.onoff(surface).verdict(), ""
        except CounterclickError as error:
            verdict, refused = None, str(error)
        if self.today < config.starts_on:
            return Trial(name, None, refused, days, ended=False, begins_on=config.starts_on)
        return Trial(name, verdict, refused, days, ended=self.today > config.ends_on)


def _shows(verdict: Verdict | str | None) -> bool:
    """Say whether a verdict shows anything: won, lost, invalid, or not decided by a lift that it names."""
    return isinstance(verdict, Verdict) and (verdict.outcome != "inconclusive" or verdict.lift is not None)


def _ranked(standing: int, starts_on: date, ends_on: date) -> tuple[int, int]:
    """Return what tests are sorted by: of equals the newest is the last; of those that begin later, the next one."""
    return standing, -starts_on.toordinal() if standing == _TO_BEGIN else ends_on.toordinal()


def _n_eligible(experiment: Experiment) -> int:
    try:
        return experiment.n_eligible()
    except CounterclickError:
        return 0


def _concurrent_days(experiment: Experiment) -> int:
    """Return the days on which visitors entered both arms: what is declared and not served is no holdout."""
    try:
        entered = experiment.measured().by_day
    except CounterclickError:
        return 0
    both = [{day for arm, day in entered if arm == own} for own in (experiment.config.control, experiment.config.feature)]
    return len(both[0] & both[1])
