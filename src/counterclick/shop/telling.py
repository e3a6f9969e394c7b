"""Verbs that tell what happened: facts as they are recorded, without a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from ibis import _
from ibis.expr.types import Table

from counterclick.errors import ConfigError
from counterclick.experiments import Experiment
from counterclick.facts.rows import all_rows, row_count
from counterclick.metrics import Sources, compute, metric_named
from counterclick.metrics.computing import By
from counterclick.shop.anew import anew
from counterclick.shop.warehousing import Warehousing

if TYPE_CHECKING:
    from counterclick.audits.trace import Trace
    from counterclick.decisions.backtest import Backtest
    from counterclick.shop.behind import RowList
    from counterclick.shop.health import Refused
    from counterclick.shop.listing import Settings
    from counterclick.shop.queries import Queries
    from counterclick.shop.shown import MetricTable, OrderList

__all__ = ["Telling"]


class Telling(Warehousing):
    """A shop of which one asks what happened."""

    @anew
    def experiment(self, name: str) -> Experiment:
        """Return a declared experiment; what it declares is written to the log when it is first asked for.

        Raises:
            UnknownNameError: ``shop.toml`` declares none of that name.
            EmptyStoreError: nothing is recorded.
        """
        return self._registry.experiment(name)

    @anew
    def backtest(self) -> Backtest:
        """Return what learned bundles, hand rules and bestsellers foresee of the store's later orders; no effect of any.

        Raises:
            EmptyStoreError: nothing is recorded.
            RefusedError: there are too few orders.
        """
        from counterclick.shop.backtesting import backtest_of

        self.reading.as_of()
        return backtest_of(self.facts.outcomes(), self._past, self.config, self.rules)

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
        from counterclick.shop.overviewing import order_final_on, told_until
        from counterclick.shop.shown import OrderList

        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        orders = self.orders if unmatched is None else self.experiment(unmatched).unmatched_orders()
        newest = all_rows(orders.order_by([_.ordered_at.desc(), _.order_id]).head(most))
        n_all = row_count(orders)
        final = tuple(order_final_on(row["ordered_at"], self.config) for row in newest)
        return OrderList(self.config.shop.currency, tuple(newest), n_all, final, told_until(self.reading, self.config))

    @anew
    def metric(self, name: str, by: By | None = None) -> MetricTable:
        """Return a metric of the whole shop, by period or by surface.

        Raises:
            UnknownNameError: there is no such metric.
            EmptyStoreError: nothing is recorded.
        """
        from counterclick.shop.shown import MetricTable

        metric = metric_named(name)
        self.reading.as_of()
        if by not in (None, "day", "week", "month", "surface"):
            raise ConfigError(f"a metric goes by day, week, month or surface, not by {by!r}.")
        values = compute(Sources(self.facts, self.rule), metric, by, timezone=self.config.shop.timezone)
        return MetricTable(metric, by, self.config.shop.currency, tuple(values))

    def queries(self, verb: str, name: str | None = None, *, engine: str | None = None) -> Queries:
        """Return the SQL of a verb: it is asked, and every table and answer that it needs is written down.

        Args:
            verb: such as ``audit``, ``metrics``, ``facts`` or ``experiment``.
            name: the experiment, where the verb is of one.
            engine: in whose words: duckdb, spark, bigquery, clickhouse, databricks, postgres, snowflake or trino; the one in
                use unless given.

        Raises:
            ConfigError: an experiment is named for a verb of the shop, or none for a verb of an experiment.
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such verb, experiment or engine.
        """
        from counterclick.shop.engines.dialects import engine_named
        from counterclick.shop.queries import queries_of

        return queries_of(self, verb, name, engine or engine_named(self.config.engine.url))

    @anew
    def rows(
        self,
        of: str,
        *,
        since: date | None = None,
        until: date | None = None,
        surface: str | None = None,
        experiment: str | None = None,
        where: Mapping[str, str] | None = None,
        known: bool = False,
        most: int = 20,
    ) -> RowList:
        """Return the rows that a figure is made of, the newest first, and what all of them add up to.

        Args:
            of: a measure such as ``net_revenue``, or a table: orders, credits, claims, visitors of an experiment, events.
            since: of this day of the shop and later.
            until: of this day and earlier.
            surface: what belongs to it; of rows that name none, those of visitors who met it.
            experiment: whose visitors; of events, which they name.
            where: column -> the text that it holds, such as ``{"variant": "bundles"}``.
            known: only rows whose visitor is known, as figures per visitor count.
            most: how many are listed.

        Raises:
            ConfigError: the rows have no such column, or so many are not listed.
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such measure or table, experiment, or kind of event.
        """
        from counterclick.shop.behind import Which, rows_behind

        self.reading.as_of()
        which = Which(since, until, surface, experiment, dict(where or {}), known)
        sources = Sources(self.facts, self.rule)
        return rows_behind(sources, self.config, of, which, most, self._registry.experiment)

    def settings(self) -> Settings:
        """Return ``shop.toml`` as it was read: every setting, whether it is set, its meaning, and what is missing."""
        from counterclick.shop.listing import settings_of

        return settings_of(self.config, self.declared, self.folder, file=self.file)

    @anew
    def trace(self, order_id: str) -> Trace:
        """Return one order's journey: touches, who is credited and why nobody else, experiments, returns, claims.

        Args:
            order_id: as the shop's orders have it.

        Raises:
            EmptyStoreError: nothing is recorded.
            UnknownNameError: there is no such order.
        """
        from counterclick.shop.tracing import trace_of

        self.reading.as_of()
        return trace_of(self.reading, self.rule, self.config, self._registry.seen(), order_id)

    @anew
    def rejections(self, most: int = 20) -> Refused:
        """Return the newest refused events with their reasons."""
        from counterclick.shop.health import refused_events

        if most < 1:
            raise ConfigError(f"most must be 1 or more; it was {most}.")
        return refused_events(self.reading, most)
