"""The shop: one object whose verbs are also the commands and, later, the routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import FirstTouch, LastTouch, Rule
from counterclick.audits import Alignment, Audit, Drift, Ledger
from counterclick.audits.leaking import HoldoutCheck
from counterclick.audits.readiness import Readiness
from counterclick.audits.report import Report
from counterclick.config import HOLDOUT, Config, duration
from counterclick.decisions import Decision
from counterclick.errors import ConfigError
from counterclick.events.vocabulary import Event
from counterclick.experiments import Experiment, Plans
from counterclick.experiments.calibrating import Calibration
from counterclick.experiments.holdout import GlobalHoldout
from counterclick.facts import Facts
from counterclick.facts.rows import row_count
from counterclick.metrics import Sources, compute, metric_named
from counterclick.metrics.compute import By
from counterclick.shop.access import Access
from counterclick.shop.anew import anew
from counterclick.shop.auditing import Auditing
from counterclick.shop.explaining import Explanation, explain_audit
from counterclick.shop.health import Health, Refused, health_of, refused_events
from counterclick.shop.keys import Keys
from counterclick.shop.onoff import OnOff
from counterclick.shop.readiness import readiness_of_shop
from counterclick.shop.reading import Reading
from counterclick.shop.recording import Progress, Recorded, record_bodies, record_file, silent
from counterclick.shop.registry import Registry
from counterclick.shop.reporting import Past, report_of
from counterclick.shop.rights import Rights
from counterclick.shop.senders import Senders
from counterclick.shop.serving import Serving
from counterclick.shop.settings import Settings, read_settings
from counterclick.shop.shown import MetricTable, OrderList
from counterclick.shop.translating import record_translated
from counterclick.shop.verifying import verified_holdout
from counterclick.store import Store

__all__ = ["Shop"]

_DRAIN_ABOVE = 2_000


class Shop:
    """A shop: its configuration and its events.

    Args:
        config: what ``shop.toml`` declares.
        folder: where ``shop.toml`` lies; the store is found from there.
        memory_limit: of the embedded database.
        keep_after: seconds; facts that took longer to compute are stored beside the log, for the next time.
        file: where the configuration was read from; ``shop.toml`` of that folder unless given.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        *,
        memory_limit: str = "1500MB",
        keep_after: float = 1.0,
        file: Path | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self._file = file or folder / "shop.toml"
        self.store = Store(folder / config.shop.store, config.shop.log)
        self._memory_limit = memory_limit
        self._keep_after = keep_after
        self._reading: Reading | None = None
        self._registry = Registry(config, self.store, self.rule, lambda: self.reading, self.refresh)
        self._serving = Serving(config, self.store, self._registry, lambda: self.reading, self._forget)

    def __repr__(self) -> str:
        return f"Shop({str(self.folder)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._reading = None  # nobody waits for facts to be stored
        self.close()

    def close(self) -> None:
        """Move what waits into the log, and let go of the files."""
        self.refresh()
        self.store.drain()
        self.store.close()

    @property
    def is_reading(self) -> bool:
        """Whether the store is being read: a question was asked since the last `refresh`."""
        return self._reading is not None

    def refresh(self) -> None:
        """Forget the facts read so far, once they are stored where that pays; the next question reads the store anew."""
        self._forget()
        self._serving.refresh()

    @property
    def is_overtaken(self) -> bool:
        """Whether events of the present reading were erased meanwhile, so that its files are gone."""
        return self._reading is not None and self._reading.is_overtaken

    def drop(self) -> None:
        """Let the present reading go, without storing what it has computed."""
        self._reading = None

    def _forget(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    # -- recording -----------------------------------------------------------------------------------------------

    def record(
        self,
        events: str | Path | Iterable[Mapping[str, Any] | Event],
        *,
        mapping: str | None = None,
        sender: str | None = None,
        as_of: datetime | None = None,
        progress: Progress = silent,
    ) -> Recorded:
        """Record a file, or single events; when this returns they are on disk.

        Args:
            events: path of a CSV, Parquet or JSON-lines file, or objects in the vocabulary.
            mapping: for files in other words: the mapping's name; by default the one whose pattern fits.
            sender: for files in a known sender's words: ``ga4``, ``klaviyo``, ``merchant`` or ``segment``.
            as_of: for product feeds: from when on it holds, UTC; when the file was last changed unless given.
            progress: called with each step and the fraction done.

        Raises:
            ConfigError: a mapping and a sender are named, or ``as_of`` for what is no feed.
            UnknownNameError: no such sender's files are read.
            InputError: the file cannot be read as what it should be; nothing was recorded.
            StoreError: it could not be written; nothing was recorded.
        """
        if sender is not None:
            if mapping is not None or not isinstance(events, str | Path):
                raise ConfigError("a sender is named for a file, and instead of a mapping.")
            recorded = record_translated(self.store, self.config, Path(events), sender, as_of=as_of, progress=progress)
        elif as_of is not None:
            raise ConfigError("as_of is for a product feed: name its sender, merchant.")
        elif isinstance(events, str | Path):
            recorded = record_file(self.store, self.config, Path(events), mapping=mapping, progress=progress)
        else:
            recorded = record_bodies(self.store, self.config, events)
            if self.store.inbox.count() > _DRAIN_ABOVE:
                self.store.drain()
        self.refresh()
        return recorded

    @property
    def keys(self) -> Keys:
        """The keys with which events are sent and figures are read over HTTP."""
        return Keys(self.store)

    def settings(self) -> Settings:
        """Return every setting with its meaning, what holds, and what is wrong with the file as it is now."""
        return read_settings(self.config, self._file)

    @property
    def access(self) -> Access:
        """Who may look at the shop's pages: the password, who is signed in, and links to single pages."""
        return Access(self.store)

    @property
    def rights(self) -> Rights:
        """What a person may ask of what is kept: to be forgotten, and to be shown it."""
        return Rights(self.store, self.config, self.refresh)

    @property
    def senders(self) -> Senders:
        """Whom the shop hears from and tells: a Shopify store step by step, its export, and Klaviyo."""
        return Senders(self.store, self.config, lambda: self.reading, self.refresh)

    # -- facts ---------------------------------------------------------------------------------------------------

    @property
    def reading(self) -> Reading:
        """The store as it was when the first question was asked; `refresh` reads it anew."""
        if self._reading is None:
            self._reading = Reading(self.store, self.config, self.folder, self._memory_limit, keep_after=self._keep_after)
        return self._reading

    @property
    def facts(self) -> Facts:
        """All fact tables, as Ibis expressions."""
        return self.reading.facts

    @property
    def orders(self) -> Table:
        """Completed orders, one a row: an Ibis table to filter, join and plot.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        self.reading.as_of()
        return self.facts.orders

    @anew
    def latest_orders(self, most: int = 20, *, unmatched: str | None = None) -> OrderList:
        """Return the newest completed orders.

        Args:
            most: how many.
            unmatched: only orders in the time of this experiment whose assigned visitor is not known.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such experiment.
        """
        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        orders = self.orders if unmatched is None else self.experiment(unmatched).unmatched_orders()
        newest = orders.order_by([_.ordered_at.desc(), _.order_id]).head(most).to_pyarrow().to_pylist()
        n_all = row_count(orders)
        return OrderList(self.config.shop.currency, tuple(newest), n_all)

    @anew
    def metric(self, name: str, by: By | None = None) -> MetricTable:
        """Return a metric of the whole shop, by period or by surface.

        Raises:
            UnknownNameError: there is no such metric.
            EmptyStoreError: nothing is recorded.
        """
        metric = metric_named(name)
        self.reading.as_of()
        if by not in (None, "day", "week", "month", "surface"):
            raise ConfigError(f"a metric goes by day, week, month or surface, not by {by!r}.")
        values = compute(Sources(self.facts, self.rule), metric, by, timezone=self.config.shop.timezone)
        return MetricTable(metric, by, self.config.shop.currency, tuple(values))

    @property
    def rule(self) -> Rule:
        """The shop's rule of attribution."""
        declared = self.config.attribution
        rule = FirstTouch if declared.rule == "first_touch" else LastTouch
        return rule(duration(declared.window), helpful_only=declared.helpful_only)

    # -- judging -------------------------------------------------------------------------------------------------

    @anew
    def experiment(self, name: str) -> Experiment:
        """Return a declared experiment; what it declares is written to the log when it is first asked for.

        Raises:
            UnknownNameError: ``shop.toml`` declares none of that name.
            EmptyStoreError: nothing is recorded.
        """
        return self._registry.experiment(name)

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
        experiments = self._registry.experiments()
        return Auditing(self.config, self.reading, self.rule, experiments, self._registry.proposed, self.onoff, progress)

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
        n_overdue = sum(one.is_overdue for one in self.rights.requests.waiting())
        return health_of(self.reading, self.rule, self.config, experiments, self.store.log.skipped(), fail_on, n_overdue)

    @anew
    def readiness(self) -> Readiness:
        """Return what this store is ready for, what is missing and until when, and what a lift would be worth.

        Raises:
            EmptyStoreError: nothing is recorded.
        """
        return readiness_of_shop(self.reading, self.config)

    @anew
    def verify_holdout(self, surface: str, most: int = 10) -> HoldoutCheck:
        """Return whether visitors who are held out from a surface really had nothing of it, with the first events if not.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such surface.
            ConfigError: nobody is held out from it.
        """
        self.reading.as_of()
        return verified_holdout(self.reading, self.config, surface, most)

    @anew
    def rejections(self, most: int = 20) -> Refused:
        """Return the newest refused events with their reasons."""
        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        return refused_events(self.reading, most)

    # -- deciding ------------------------------------------------------------------------------------------------

    @anew
    def decide(
        self, surface: str, visitor: str, *, cart: Iterable[str] = (), most: int = 3, today: date | None = None
    ) -> Decision:
        """Return what a surface shows a visitor, and record that the visitor was eligible.

        The running experiment on the surface assigns the visitor to an arm, the arm's policy decides, and an exposure
        is recorded in every arm alike before anything is shown. Arms whose name is no policy of this product are
        served by the shop's own system: the decision names the arm and offers nothing.

        Args:
            surface: the place that asks.
            visitor: the visitor id.
            cart: products in the cart.
            most: offers wanted at most.
            today: the shop's day; today unless given.

        Raises:
            UnknownNameError: ``shop.toml`` declares no such surface.
            ConfigError: several experiments run on it.
            InputError: the visitor id is empty or too long.
        """
        return self._serving.decide(surface, visitor, cart, most, today)
