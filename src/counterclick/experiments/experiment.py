"""One experiment: plan, result, verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from ibis.expr.types import Table

from counterclick.config import ExperimentConfig
from counterclick.errors import EmptyStoreError, RefusedError, TooFewBuyersError
from counterclick.experiments.assignment import split
from counterclick.experiments.calibrating import Calibration, Progress, calibrate, silent
from counterclick.experiments.calling import called, checks_called, units_of, verdict_called
from counterclick.experiments.checks import preconditions
from counterclick.experiments.cohort import Assignment, Cohort
from counterclick.experiments.context import Context
from counterclick.experiments.course import Course, Step, course_of
from counterclick.experiments.judging import judge
from counterclick.experiments.measured import BUYERS, Measured, active_visitors, measure
from counterclick.experiments.membership import Membership, membership
from counterclick.experiments.plan_curve import SHARES, WEEKS, PlanCurve, plan_curve_of
from counterclick.experiments.planner import Plan, plan_experiment
from counterclick.experiments.proxies import proxy_moments
from counterclick.experiments.result import ALWAYS, Result, tabulate
from counterclick.experiments.sensitivity import sensitivity_lines, spent_before
from counterclick.experiments.slices import Slices, by_category, sliced
from counterclick.facts.local_time import day_begins
from counterclick.metrics import Metric, metric_named
from counterclick.stats import Moments
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
        self._known: dict[tuple[str, ...], Measured] = {}

    def assign(self, visitor: str) -> str:
        """Return the arm of a visitor."""
        return self._arm_of(visitor)

    @cached_property
    def _arm_of(self) -> Callable[[str], str]:
        return split(self.config.salt or self.name, self.config.variants)

    def plan(self, lift: float = 0.02) -> Plan:
        """Return how long it takes until a lift can be seen, from this shop's own history.

        Args:
            lift: relative, such as 0.02 for +2 %.

        Raises:
            EmptyStoreError: no orders are recorded yet.
            RefusedError: the lift is not above zero, or the outcome cannot decide.
        """
        return plan_experiment(self.name, self.config, self.context, lift)

    def plan_curve(self, shares: Sequence[float] = SHARES, weeks: Sequence[int] = WEEKS) -> PlanCurve:
        """Return the smallest visible lift against weeks, for several shares held out.

        Args:
            shares: between 0 and 1.
            weeks: whole weeks of entry.

        Raises:
            EmptyStoreError: no orders are recorded yet.
            RefusedError: a share or a number of weeks is none, or the outcome cannot decide.
        """
        return plan_curve_of(self.name, self.config, self.context, shares, weeks)

    def course(self, by: Step = "week") -> Course:
        """Return the interval over time, the looks that were taken, those to come, and what would end it; takes no look.

        Args:
            by: a point for each day or each week of entry.

        Raises:
            RefusedError: neither days nor weeks were asked for.
        """
        return course_of(self.name, self.config, self.context, self._asked(self._metrics(())), by)

    def calibrate(self, lift: float = 0.1, draws: int = 1_000, *, progress: Progress = silent) -> Calibration:
        """Return how often a verdict on this shop's own past would have been wrong, and how often right.

        Args:
            lift: relative effect that is laid on the baskets of the treated, such as 0.1.
            draws: trials of each split.
            progress: called with each step and the fraction done.

        Raises:
            RefusedError: fewer than two whole weeks of visitors, or too few buyers known by their visits.
        """
        return calibrate(self.name, self.config, self.context, lift, draws, progress)

    def result(self, metrics: Sequence[str] = ()) -> Result:
        """Return the estimates of every metric and contrast.

        Args:
            metrics: names of metrics besides the outcome, the guardrails and those that always stand beside them.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
            UnknownNameError: there is no such metric.
        """
        wanted = self._metrics(metrics)
        measured = self._measured(wanted)
        lines = sensitivity_lines(self.config, measured, spent_before(self._cohort), self.context.currency)
        told = tuple(replace(each, says=called(each.says, self.config)) for each in lines)
        return replace(self._table(measured, wanted), sensitivity=told)

    def estimates(self) -> Result:
        """Return `result` without its sensitivity lines, which ask for more.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
        """
        wanted = self._metrics(())
        return self._table(self._measured(wanted), wanted)

    def measured(self) -> Measured:
        """Return the moments that result and verdict rest on.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
        """
        return self._measured(self._metrics(()))

    def n_eligible(self) -> int:
        """Return how many visitors have become eligible, finished or not."""
        return self._asked(self._metrics(())).n_eligible

    def slices(self) -> Slices:
        """Return the outcome by new and returning customers, device, country and category: exploratory, never a verdict.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
            RefusedError: an arm of the verdict's contrast has no finished visitors.
        """
        found = sliced(self._cohort, self._measured(self._metrics(())), by_category(self._cohort))
        return replace(found, units=units_of(self.config))

    def verdict(self) -> Verdict:
        """Return won, lost, inconclusive or invalid, why, and what it is worth a month.

        Raises:
            EmptyStoreError: no eligible visitor has finished its window.
            TooFewBuyersError: the control has no buyers.
            RefusedError: the outcome cannot decide, or the data set no lift.
        """
        wanted = self._metrics(())
        measured = self._measured(wanted)
        self._refuse_empty_arms(measured)
        return verdict_called(judge(self.name, self.config, self.context, measured, wanted), self.config)

    def moments(self, metrics: Sequence[str], until: date | None = None) -> Mapping[str, Moments]:
        """Return each arm's moments of what these metrics add up, on the experiment's surface where they belong to one.

        Args:
            metrics: names of metrics.
            until: last day of entry that counts; all finished visitors unless given.

        Raises:
            UnknownNameError: there is no such metric.
        """
        return proxy_moments(self._cohort, [metric_named(name) for name in metrics], until)

    def unmatched_orders(self) -> Table:
        """Return the orders in this experiment's time that may be an assigned visitor's, but whose is not known.

        Grain: one order.
        """
        return self._cohort.unmatched

    def membership(self, order_id: str, ordered_at: datetime, visitor_id: str | None) -> Membership:
        """Return whether an order of the shop counts in this experiment, and why.

        Args:
            order_id: of the order.
            ordered_at: when it was placed, UTC.
            visitor_id: whom it names; None where it names none.
        """
        return membership(self._cohort, order_id, ordered_at, visitor_id)

    def assignment(self) -> Assignment:
        """Return how far the assignment is carried to orders."""
        return self._cohort.assignment

    def finished_visitors(self) -> Table:
        """Return the eligible visitors whose value is finished, each in its arm. Grain: one visitor."""
        return self._cohort.units

    def active_visitors(self) -> Table:
        """Return the finished visitors who did anything within their windows, with what it amounts to.

        Grain: one visitor. All others of `finished_visitors` amount to zero. Columns: visitor_id, variant, and one for each
        sum that result and verdict rest on.
        """
        return active_visitors(self._cohort, self._metrics(()))[0]

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
        """Return the moments of some metrics, where any visitor is finished."""
        measured = self._asked(metrics)
        if not measured.arms:
            raise EmptyStoreError(self._nobody(measured.n_eligible))
        return measured

    def _asked(self, metrics: Sequence[Metric]) -> Measured:
        """Return the moments of some metrics; what was asked once is known."""
        names = tuple(metric.name for metric in metrics)
        if names not in self._known:
            self._known[names] = measure(self._cohort, metrics)
        return self._known[names]

    def _nobody(self, n_eligible: int) -> str:
        """Say why no visitor is finished, and what is to be done about it where anything is."""
        config, context = self.config, self.context
        whom, one = units_of(config), config.unit
        says = f"experiment {self.name!r} has no finished {whom}"
        if n_eligible:
            return (
                f"{says}: {n_eligible:,} became eligible, and of none have the window ({config.window}) and the time for "
                "late events closed. Wait, and record what happens."
            )
        if context.as_of < day_begins(config.starts_on, context.timezone):
            return f"{says}: it begins on {config.starts_on}, and the log has not come to that day."
        return (
            f"{says}: nobody became eligible from {config.starts_on} to {config.ends_on} in the arms "
            f"{', '.join(config.variants)}. Record exposure events with this experiment's name, one for each eligible "
            f"{one} in every arm."
        )

    def _table(self, measured: Measured, metrics: Sequence[Metric]) -> Result:
        checks = preconditions(self.name, self.config, self.context, measured)
        told = checks_called(checks, self.config)
        found = tabulate(self.name, self.config, self.context.currency, measured, metrics, told)
        rows = tuple(replace(each, refused=called(each.refused, self.config)) for each in found.rows)
        return replace(found, rows=rows, units=units_of(self.config))

    def _refuse_empty_arms(self, measured: Measured) -> None:
        whom = units_of(self.config)
        for role, arm in (("control", self.config.control), ("treatment", self.config.feature)):
            if arm not in measured.arms:
                raise RefusedError(
                    f"experiment {self.name!r}: the {role} {arm!r} has no finished {whom}; its exposures must be "
                    "recorded like those of every other arm."
                )
            if not round(measured.arms[arm].sum_of(BUYERS)):
                raise TooFewBuyersError(
                    f"experiment {self.name!r}: the {role} {arm!r} has no buyers among "
                    f"{measured.arms[arm].n:,} {whom}, so nothing can be compared. Record the orders of its {whom}, or "
                    "wait until it has 50 buyers."
                )
