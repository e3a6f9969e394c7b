"""The shop: one object whose verbs are also the commands and, later, the routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from counterclick.config import HOLDOUT
from counterclick.errors import UnknownNameError
from counterclick.experiments import Experiment, Plans
from counterclick.experiments.plan_curve import SHARES, WEEKS, PlanCurve
from counterclick.metrics import period_of
from counterclick.shop.anew import anew
from counterclick.shop.auditing import Auditing
from counterclick.shop.recording import Progress, record_bodies, silent
from counterclick.shop.registry import verdict_of
from counterclick.shop.tuning import Tuning

if TYPE_CHECKING:
    from counterclick.audits import Alignment, Audit, Drift, Ledger
    from counterclick.audits.boosts import Boosts
    from counterclick.audits.leaking import HoldoutCheck
    from counterclick.audits.overview import Overview
    from counterclick.audits.readiness import Readiness
    from counterclick.audits.report import Report
    from counterclick.audits.return_report import ReturnReport
    from counterclick.audits.served import Served
    from counterclick.decisions.return_rates import ReturnRates
    from counterclick.experiments.calibrating import Calibration
    from counterclick.experiments.holdout import GlobalHoldout
    from counterclick.shop.bundling import BundlesTold
    from counterclick.shop.explaining import Explanation
    from counterclick.shop.health import Health
    from counterclick.shop.onoff import OnOff
    from counterclick.shop.replenish_report import ReplenishReport

__all__ = ["Shop"]


class Shop(Tuning):
    """A shop: its configuration and its events.

    `counterclick.shop.holding.Held` says with what it is opened.
    """

    # -- facts ---------------------------------------------------------------------------------------------------

    @anew
    def overview(
        self,
        period: str | None = None,
        surface: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        currency: str | None = None,
    ) -> Overview:
        """Return a period beside the one before and last year, what each surface earns, and the one thing to do next.

        Args:
            period: a month such as 2026-03, or days up to the last whole one that is known: last-28-days unless given.
            surface: only what belongs to this surface.
            since: first day, instead of a name.
            until: last day; the last whole one that is known unless given.
            currency: in which amounts are shown, all at the newest rate that is declared; the shop's own unless given.

        Raises:
            ConfigError: the period is written as none can be, or is longer than a year.
            CurrencyError: no rate is declared for this currency.
            EmptyStoreError: nothing is recorded.
            InputError: nothing of the period is known.
            UnknownNameError: there is no such surface.
        """
        from counterclick.shop.overviewing import overview_of
        from counterclick.shop.rates import exchange

        self.reading.as_of()
        auditing = self._auditing(silent)
        asked = (period, since, until)
        given = (self.reading, self.config, self.rule, auditing, self.readiness)
        found = overview_of(*given, lambda: verdict_of(self._registry.experiment(HOLDOUT)), asked, surface)
        return found if currency is None else found.shown_in(exchange(self.config, self.folder, currency, found.known_on))

    # -- judging -------------------------------------------------------------------------------------------------

    def declare(self) -> None:
        """Write what every experiment, and the holdout over all of them, declares to the log, where it is not there yet."""
        self._registry.declare(*self.config.experiments, *([HOLDOUT] if self.config.holdout else []))

    @anew
    def plans(self, lift: float = 0.02) -> Plans:
        """Return for every declared experiment whether it can see the lift by which its feature would pay.

        Args:
            lift: relative lift to be planned for besides.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        return self._registry.plans(lift)

    @anew
    def served(
        self,
        name: str | None = None,
        period: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
    ) -> Served:
        """Return what surfaces showed in a period, by policy, arm and product, and what of it was bought; verdicts first.

        Args:
            name: of a surface or a policy; everything unless given.
            period: as `overview` takes it, with ``since`` and ``until``.
            since: first day, instead of a name.
            until: last day.

        Raises:
            ConfigError: the period is written as none can be, or is longer than a year.
            EmptyStoreError: nothing is recorded.
            UnknownNameError: nothing of that name was served in that time.
        """
        from counterclick.shop.offering import served_of
        from counterclick.shop.overviewing import latest_whole_day

        self.reading.as_of()
        auditing = self._auditing(silent)
        asked = period_of(period, since, until, latest_whole_day(self.reading, self.config, auditing.today))
        surfaces = {of: experiment.config.surface for of, experiment in auditing.experiments.items()}
        verdicts = {of: (surfaces[of], found) for of, found in auditing.verdicts.items()}
        own = self.config.shop
        return served_of(self.facts, self.rule, own.currency, own.timezone, asked, verdicts, name)

    @anew
    def returns(self) -> ReturnReport[ReturnRates]:
        """Return how often what comes back, what is missing before it can be foreseen, and what nudges saved.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.shop.returning import returns_of

        self.reading.as_of()
        return returns_of(self.reading, self.config, self.readiness(), self._registry.experiments())

    @anew
    def replenishment(self, today: date | None = None) -> ReplenishReport:
        """Return what reminders of what is bought again earned, what is missing, how far chances hold, and who is next.

        Args:
            today: as of when who is next is told; the shop's present day unless given.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.shop.replenish_report import replenishment_told

        self.reading.as_of()
        given = (self.config, self.readiness(), self._registry.experiments())
        return replenishment_told(self.store, self.reading, *given, today)

    @anew
    def plan_curve(
        self,
        surface: str,
        metric: str = "revenue_per_visitor",
        *,
        shares: Sequence[float] = SHARES,
        weeks: Sequence[int] = WEEKS,
    ) -> PlanCurve:
        """Return what an experiment on a surface could see that nobody has declared yet: smallest lift against weeks.

        Args:
            surface: which.
            metric: the outcome.
            shares: of visitors, that are held out.
            weeks: whole weeks of entry.

        Raises:
            EmptyStoreError: nothing is recorded.
            RefusedError: a share or a number of weeks is none, or the metric cannot decide.
            UnknownNameError: there is no such surface, or metric.
        """
        self.reading.as_of()
        known = self._auditing(silent).surfaces
        if surface not in known:
            raise UnknownNameError("surface", surface, known)
        return self._registry.proposed(surface, metric).plan_curve(shares, weeks)

    @anew
    def calibrate(
        self, name: str | None = None, *, lift: float = 0.1, draws: int = 1_000, progress: Progress = silent
    ) -> Calibration:
        """Return how often a verdict on this shop's own past would have been wrong, and how often right.

        Args:
            name: the experiment whose surface, outcome and window are taken; the only one unless given.
            lift: relative effect that is laid on the baskets of the treated, such as 0.1.
            draws: trials of each split.
            progress: called with each step and the fraction done.

        Raises:
            UnknownNameError: there is no such experiment.
            ConfigError: several are declared, or none, and none is named.
            RefusedError: fewer than two whole weeks of visitors, or too few buyers known by their visits.
        """
        return self._registry.to_calibrate(name).calibrate(lift, draws, progress=progress)

    def onoff(self, surface: str) -> OnOff:
        """Return the on/off test of a surface: plan, schedule and verdict.

        Raises:
            UnknownNameError: ``shop.toml`` names no such surface.
        """
        from counterclick.shop.onoff import OnOff

        def record(events: list[dict[str, Any]]) -> None:
            record_bodies(self.store, self.config, events, source="shop.toml")
            self.refresh()

        return OnOff(surface, self.config, lambda: self.reading, record)

    @anew
    def audit(self, *, progress: Progress = silent) -> Audit:
        """Return what is claimed, what is true, what is tuned on what, and what to keep or switch off.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.audits import Audit

        self.reading.work_ahead()
        auditing = self._auditing(progress)
        health = self._health(self._registry.seen(auditing.experiments))
        return Audit(auditing.claims, auditing.theatre, auditing.drift, auditing.alignment, self.readiness(), health)

    @anew
    def report(
        self, month: str | None = None, *, compare: bool = False, quarter: bool = False, progress: Progress = silent
    ) -> Report:
        """Return a month's report: its figures as they are known now, and the audit as it stood when the month ended.

        Args:
            month: such as 2026-03; by default the last whole one of which something is recorded.
            compare: whether to say what changed since the month before.
            quarter: whether to add up what the verdicts of the month's quarter were worth.
            progress: called with each step and the fraction done.

        Raises:
            ConfigError: the month is not written as 2026-03.
            EmptyStoreError: nothing is recorded.
            InputError: nothing is recorded of that month.
        """
        from counterclick.shop.reporting import Past, report_of

        experiments = self._registry.experiments()
        past = Past(self.store, self.config, self.folder, self.rule, self.store.log.skipped(), self._memory_limit)
        asked = {"compare": compare, "quarter": quarter}
        return report_of(past, self.reading, experiments, month, now=self.audit, progress=progress, **asked)

    @anew
    def explain(self, surface: str | None = None, *, progress: Progress = silent) -> Explanation:
        """Return the query behind each of the audit's figures, how many rows it counts, and what they add up to.

        Args:
            surface: only its figures, beside those of the whole shop.
            progress: called with each step and the fraction done.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such surface.
        """
        from counterclick.shop.explaining import explain_audit

        return explain_audit(self._auditing(progress), surface)

    @anew
    def claims(self) -> Ledger:
        """Return what tools report and surfaces would claim, beside the shop's revenue and its own credits.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        return self._auditing(silent).ledger

    @anew
    def alignment(self) -> Alignment:
        """Return for each surface what it is celebrated for, measured, tuned and tested on.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        return self._auditing(silent).alignment

    @anew
    def drift(self, *, progress: Progress = silent) -> Drift:
        """Return clicks, time and messages beside revenue: in experiments, over months, and how often they agreed.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        return self._auditing(progress).drift

    def _auditing(self, progress: Progress) -> Auditing:
        """Return the audits of the present reading: what one of them has computed, the others know."""
        experiments = self._registry.experiments()
        if self._audits is None:
            given = (self.reading, self.rule, experiments, self._registry.proposed, self.onoff)
            self._audits = Auditing(self.config, *given, progress, self.rules)
        self._audits.progress = progress
        return self._audits

    @anew
    def holdout(self, *, progress: Progress = silent) -> GlobalHoldout:
        """Return what all AI surfaces are worth together, with every feature beside it, Holm-adjusted.

        Raises:
            ConfigError: ``shop.toml`` declares no holdout.
            EmptyStoreError: nothing is recorded, or no held-out visitor has finished its window.
        """
        return self._registry.holdout(progress)

    @anew
    def check(self, *, fail_on: Iterable[str] = ()) -> Health:
        """Return the state of the recorded data: what was refused, what does not join, what contradicts itself.

        Args:
            fail_on: names of findings that make `Health.fails` true where they stand; ``any`` for all of them.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such finding.
        """
        self.reading.as_of()
        return self._health(self._registry.seen(), tuple(fail_on))

    def _health(self, experiments: Mapping[str, Experiment], fail_on: tuple[str, ...] = ()) -> Health:
        from counterclick.shop.health import health_of

        n_overdue = sum(one.is_overdue for one in self.rights.requests.waiting())
        return health_of(self.reading, self.rule, self.config, experiments, self.store.log.skipped(), fail_on, n_overdue)

    @anew
    def readiness(self) -> Readiness:
        """Return what this store is ready for, what is missing and until when, and what a lift would be worth.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.shop.readiness import readiness_of_shop

        return readiness_of_shop(self.reading, self.config)

    @anew
    def verify_holdout(self, surface: str, most: int = 10) -> HoldoutCheck:
        """Return whether visitors who are held out from a surface really had nothing of it, with the first events if not.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such surface.
            ConfigError: nobody is held out from it.
        """
        from counterclick.shop.verifying import verified_holdout

        self.reading.as_of()
        return verified_holdout(self.reading, self.config, surface, most)

    @anew
    def bundles(self, period: str | None = None, *, since: date | None = None, until: date | None = None) -> BundlesTold:
        """Return all that is known of bundles: the verdict first, then what was bought through them, rules, pairs, backtest.

        Args:
            period: of what was served, as `overview` takes it, with ``since`` and ``until``.
            since: first day, instead of a name.
            until: last day.

        Raises:
            ConfigError: the period is written as none can be, or is longer than a year.
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.decisions import Bundles, given_by
        from counterclick.shop.bundling import bundles_told

        served = self.served(Bundles.name, period, since=since, until=until)
        given = given_by(self.config, self.rules)
        policy = Bundles(given.bundles, given.bundle_products, given.rules)
        return bundles_told(self.store, self.rules, policy, self.models().models, served, self.backtest)

    @anew
    def boosts(self, period: str | None = None, *, since: date | None = None, until: date | None = None) -> Boosts:
        """Return what each product earns each time it is shown, as boosts for a search engine; what is clicked, not bought.

        Products are judged by the lists of the days of ``[ranking]``, as far as is recorded now.

        Args:
            period: of what the arm ``ranking`` served, as `overview` takes it, with ``since`` and ``until``.
            since: first day, instead of a name.
            until: last day.

        Raises:
            ConfigError: the period is written as none can be, or is longer than a year.
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.decisions import Ranking
        from counterclick.shop.boosting import boosts_of

        served = self.served(Ranking.name, period, since=since, until=until)
        return boosts_of(self.facts, self.config, served, self.models().models)
