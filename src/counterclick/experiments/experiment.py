"""One experiment: plan, result, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ibis.expr.types import Table

from counterclick.config import ExperimentConfig
from counterclick.errors import EmptyStoreError, RefusedError, TooFewBuyersError
from counterclick.experiments.assignment import assign
from counterclick.experiments.checks import preconditions
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.context import Context
from counterclick.experiments.judging import judge
from counterclick.experiments.measured import BUYERS, Measured, measure
from counterclick.experiments.planner import Plan, plan_experiment
from counterclick.experiments.result import ALWAYS, Result, tabulate
from counterclick.metrics import Metric, metric_named
from counterclick.verdicts import Verdict

__all__ = ["Experiment"]


class Experiment:
    """A declared experiment on the shop's tables.

    Args:
        name: as declared.
        config: its declaration in ``shop.toml``.
        context: tables and values of the shop.
    """

    def __init__(self, name: str, config: ExperimentConfig, context: Context) -> None:
        self.name = name
        self.config = config
        self.context = context

    def assign(self, visitor: str) -> str:
        """Return the arm of a visitor."""
        return assign(self.config.salt or self.name, visitor, self.config.variants)

    def plan(self, lift: float = 0.02) -> Plan:
        """Return how long it takes until a lift can be seen, from this shop's own history.

        Args:
            lift: relative, such as 0.02 for +2 %.

        Raises:
            EmptyStoreError: no orders are recorded yet.
            RefusedError: the lift is not above zero, or the outcome cannot decide.
        """
        return plan_experiment(self.name, self.config, self.context, lift)

    def result(self, metrics: Sequence[str] = ()) -> Result:
        """Return the estimates of every metric and contrast.

        Args:
            metrics: names of metrics besides the outcome, the guardrails and those that always stand beside them.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
            UnknownNameError: there is no such metric.
        """
        wanted = self._metrics(metrics)
        return self._table(self._measured(wanted), wanted)

    def verdict(self) -> Verdict:
        """Return won, lost, inconclusive or invalid, why, and what it is worth a month.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
            TooFewBuyersError: the control has no buyers.
            RefusedError: the outcome cannot decide, or the data set no lift.
        """
        wanted = self._metrics(())
        measured = self._measured(wanted)
        return judge(self.name, self.config, self.context, measured, self._table(measured, wanted, strict=True))

    def unmatched_orders(self) -> Table:
        """Return the orders in this experiment's time that may be an assigned visitor's, but whose is not known.

        Grain: one order.
        """
        return self._cohort.unmatched

    def feature_orders(self) -> Table:
        """Return the orders, within the window, of finished visitors who had the feature.

        Grain: one order. Columns: those of the shop's orders, visitor_id being the assigned visitor.
        """
        return self._cohort.feature_orders

    @cached_property
    def _cohort(self) -> Cohort:
        return Cohort(self.name, self.config, self.context)

    def _metrics(self, more: Sequence[str]) -> list[Metric]:
        names = dict.fromkeys([self.config.outcome, *ALWAYS, *self.config.guardrails, *more])
        return [metric_named(name) for name in names]

    def _measured(self, metrics: Sequence[Metric]) -> Measured:
        measured = measure(self._cohort, metrics)
        if not measured.arms:
            raise EmptyStoreError(
                f"experiment {self.name!r} has no finished visitors: {measured.n_eligible:,} became eligible from "
                f"{self.config.starts_on} to {self.config.ends_on} in the arms {', '.join(self.config.variants)}. "
                "Record exposure events with this experiment's name, one for each eligible visitor in every arm."
            )
        return measured

    def _table(self, measured: Measured, metrics: Sequence[Metric], *, strict: bool = False) -> Result:
        if strict:
            self._refuse_empty_arms(measured)
        checks = preconditions(self.name, self.config, self.context, measured)
        return tabulate(self.name, self.config, self.context.currency, measured, metrics, checks)

    def _refuse_empty_arms(self, measured: Measured) -> None:
        for role, arm in (("control", self.config.control), ("treatment", self.config.feature)):
            if arm not in measured.arms:
                raise RefusedError(
                    f"experiment {self.name!r}: the {role} {arm!r} has no finished visitors; its exposures must be "
                    "recorded like those of every other arm."
                )
            if not round(measured.arms[arm].sum_of(BUYERS)):
                raise TooFewBuyersError(
                    f"experiment {self.name!r}: the {role} {arm!r} has no buyers among "
                    f"{measured.arms[arm].n:,} visitors, so nothing can be compared. Record the orders of its "
                    "visitors, or wait until it has 50 buyers."
                )
