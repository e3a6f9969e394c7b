"""Who counts in one experiment, and what is theirs: the tables that its result, verdict and audit share."""

from __future__ import annotations

from functools import cached_property

import ibis
from ibis.expr.types import Table

from counterclick.config import ExperimentConfig, duration
from counterclick.experiments.context import Context
from counterclick.experiments.units import assigned_orders, eligible, ends_at, finished, unmatched_orders
from counterclick.facts.local_time import day_begins

__all__ = ["Cohort"]


class Cohort:
    """The eligible visitors of an experiment and their orders.

    Args:
        name: the experiment.
        config: its declaration.
        context: tables and values of the shop.
    """

    def __init__(self, name: str, config: ExperimentConfig, context: Context) -> None:
        self.name = name
        self.config = config
        self.context = context

    @property
    def everyone(self) -> Table:
        """Eligible visitors. Grain: one visitor."""
        declared = self._exposed.variant.isin(list(self.config.variants))
        return self._exposed.filter(declared)

    @property
    def undeclared(self) -> Table:
        """Visitors who were exposed in an arm that is not declared. Grain: one visitor."""
        return self._exposed.filter(~self._exposed.variant.isin(list(self.config.variants)))

    @cached_property
    def _exposed(self) -> Table:
        zone = self.context.timezone
        exposures = self.context.facts.exposures(self.name, ends_at(self.config, zone))
        return self.context.facts.kept(eligible(exposures, self.config, zone), f"eligible {self.name}")

    @property
    def units(self) -> Table:
        """Eligible visitors whose value is finished. Grain: one visitor."""
        return finished(self.everyone, self.config, self.context.as_of, self.context.allowance)

    @cached_property
    def orders(self) -> Table:
        """Orders of eligible visitors, at whatever time. Grain: one order; visitor_id is the assigned visitor."""
        facts = self.context.facts
        return facts.kept(assigned_orders(facts.orders, self.everyone, facts.identities), f"assigned orders {self.name}")

    @property
    def unmatched(self) -> Table:
        """Orders in the experiment's time that may be an assigned visitor's, but whose is not known. Grain: one order."""
        facts, zone = self.context.facts, self.context.timezone
        first = day_begins(self.config.starts_on, zone)
        last = ends_at(self.config, zone) + duration(self.config.window)
        return unmatched_orders(facts.orders, self.everyone, facts.identities, first, last)

    @property
    def feature_orders(self) -> Table:
        """Orders within the window of finished visitors who had the feature. Grain: one order."""
        units = self.units
        own = units.filter(units.variant == self.config.feature).select(_visitor="visitor_id", _from="exposed_at")
        orders = self.orders
        span = ibis.interval(seconds=int(duration(self.config.window).total_seconds()))
        return orders.join(
            own,
            [
                orders.visitor_id == own["_visitor"],
                orders.ordered_at >= own["_from"],
                orders.ordered_at < own["_from"] + span,
            ],
        ).select(*orders.columns)
