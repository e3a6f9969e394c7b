"""Who counts in one experiment, and what is theirs: the tables that its result, verdict and audit share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import BooleanColumn, Table

from counterclick.config import ExperimentConfig, duration
from counterclick.experiments.context import Context
from counterclick.experiments.traits import TRAITS
from counterclick.experiments.units import assigned_orders, eligible, ends_at, finished_until, unmatched_orders
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import all_rows, one_row

__all__ = ["Assignment", "Cohort"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """How far an experiment's assignment is carried to orders.

    Attributes:
        n_eligible: eligible visitors, finished or not.
        n_several: of these, seen in several arms; each keeps its first.
        n_matched: orders in the experiment's time of eligible visitors.
        matched: their revenue.
        n_unmatched: orders in the same time that may be an eligible visitor's, but whose is not known.
        unmatched: their revenue.
    """

    n_eligible: int
    n_several: int
    n_matched: int
    matched: float
    n_unmatched: int
    unmatched: float


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
        declared = self.exposed.variant.isin(list(self.config.variants))
        return self.exposed.filter(declared)

    @cached_property
    def exposed(self) -> Table:
        """Visitors who were exposed while the experiment ran, in whatever arm, declared or not. Grain: one visitor."""
        zone = self.context.timezone
        of_customers = self.config.unit == "customer"
        exposures = self.context.facts.exposures(self.name, ends_at(self.config, zone), of_customers=of_customers)
        return self.context.facts.kept(eligible(exposures, self.config, zone), f"eligible {self.name}", self.keys)

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns by which tables of units are kept up; in an experiment on customers none is, but worked out anew."""
        return () if self.config.unit == "customer" else ("visitor_id",)

    @property
    def order_keys(self) -> tuple[str, ...]:
        """Columns by which tables of their orders are kept up; likewise."""
        return () if self.config.unit == "customer" else ("order_id",)

    @property
    def identities(self) -> Table:
        """Units whose customer is known; of an experiment on customers all. Grain: one unit."""
        if self.config.unit == "customer":
            return self.everyone.select("visitor_id", customer_id=_.visitor_id.substr(len("c:")))
        return self.context.facts.identities

    @property
    def units(self) -> Table:
        """Eligible visitors whose value is finished. Grain: one visitor."""
        return self.finished(self.everyone)

    def finished(self, units: Table) -> Table:
        """Return those of some eligible visitors whose value is finished. Grain: one visitor."""
        return units.filter(self.is_finished(units))

    @property
    def finished_until(self) -> datetime:
        """When those became eligible, at the latest, whose value is finished, UTC."""
        return finished_until(self.config, self.context.as_of, self.context.allowance)

    def is_finished(self, units: Table) -> BooleanColumn:
        """Return whether the value of each of some eligible visitors is finished."""
        return units.exposed_at <= ibis.literal(self.finished_until)

    @cached_property
    def _counted(self) -> list[dict[str, Any]]:
        """Visitors by arm, day of entry and traits: exposed, in several arms, finished; and when the last entered."""
        exposed = self.exposed
        done = self.is_finished(exposed)
        counted = exposed.group_by("variant", "entry_on", *TRAITS).agg(
            n_exposed=_.count(),
            n_several=_.count(where=_.n_variants > 1),
            n=_.count(where=done),
            last_exposed_at=_.exposed_at.max(where=done),
        )
        return all_rows(counted.order_by("entry_on", "variant"))

    def sizes(self, *keys: str, until: date | None = None) -> dict[tuple[Any, ...], int]:
        """Return finished eligible visitors by keys, in the order of their entry.

        Args:
            keys: of variant, entry_on, and the traits.
            until: last day of entry that counts; any unless given.
        """
        found: dict[tuple[Any, ...], int] = {}
        for row in self._counted:
            if row["n"] and row["variant"] in self.config.variants and (until is None or row["entry_on"] <= until):
                key = tuple(row[name] for name in keys)
                found[key] = found.get(key, 0) + row["n"]
        return found

    @property
    def n_undeclared(self) -> int:
        """Visitors who were exposed in an arm that is not declared."""
        return sum(row["n_exposed"] for row in self._counted if row["variant"] not in self.config.variants)

    @property
    def last_exposed_at(self) -> datetime | None:
        """When the last finished visitor became eligible, UTC; None without finished ones."""
        entered = [row["last_exposed_at"] for row in self._counted if row["n"] and row["variant"] in self.config.variants]
        return max(entered, default=None)

    @cached_property
    def orders(self) -> Table:
        """Orders of eligible visitors, at whatever time. Grain: one order; visitor_id is the assigned visitor."""
        facts = self.context.facts
        owned = assigned_orders(facts.orders, self.everyone, self.identities)
        return facts.kept(owned, f"assigned orders {self.name}", self.order_keys)

    @cached_property
    def unmatched(self) -> Table:
        """Orders in the experiment's time that may be an assigned visitor's, but whose is not known. Grain: one order."""
        facts, zone = self.context.facts, self.context.timezone
        first = day_begins(self.config.starts_on, zone)
        last = ends_at(self.config, zone) + duration(self.config.window)
        sold = facts.orders
        if self.config.unit == "customer":  # whoever is named is known, eligible or not
            sold = sold.filter(sold.customer_id.isnull())
        lost = unmatched_orders(sold, self.everyone, facts.identities, first, last)
        return facts.kept(lost, f"unmatched orders {self.name}", self.order_keys)

    @cached_property
    def assignment(self) -> Assignment:
        """How far the assignment is carried to orders."""
        config, zone = self.config, self.context.timezone
        first = day_begins(config.starts_on, zone)
        last = ends_at(config, zone) + duration(config.window)
        orders = self.orders
        during = orders.filter((orders.ordered_at >= ibis.literal(first)) & (orders.ordered_at < ibis.literal(last)))
        own = during.agg(n_matched=_.count(), matched=_.revenue.sum().cast("float64"))
        lost = self.unmatched.agg(n_unmatched=_.count(), unmatched=_.revenue.sum().cast("float64"))
        row = {name: value or 0 for name, value in one_row(own.cross_join(lost)).items()}
        people = [each for each in self._counted if each["variant"] in config.variants]
        return Assignment(
            n_eligible=sum(each["n_exposed"] for each in people), n_several=sum(each["n_several"] for each in people), **row
        )

    @property
    def feature_orders(self) -> Table:
        """Orders within the window of finished visitors who had the feature. Grain: one order."""
        everyone, orders = self.everyone, self.orders
        own = everyone.filter(everyone.variant == self.config.feature).select(_visitor="visitor_id", exposed_at="exposed_at")
        span = ibis.interval(seconds=int(duration(self.config.window).total_seconds()))
        theirs = orders.join(
            own,
            [
                orders.visitor_id == own["_visitor"],
                orders.ordered_at >= own.exposed_at,
                orders.ordered_at < own.exposed_at + span,
            ],
        ).select(*orders.columns, "exposed_at")
        kept = self.context.facts.kept(theirs, f"feature orders {self.name}", self.order_keys)
        return self.finished(kept).select(*orders.columns)
