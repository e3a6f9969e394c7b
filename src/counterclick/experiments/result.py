"""The table of estimates: every metric, every contrast, money and lift, each with its interval."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from counterclick.config import NOTHING, ExperimentConfig
from counterclick.display import Grid, Shown, count, money, percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.estimating import LEAST_BUYERS, estimate_lift
from counterclick.experiments.measured import BUYERS, FIRST_DAY, MATURED, PRE, Measured
from counterclick.experiments.sensitivity import Sensitivity, sensitivity_grid
from counterclick.metrics import METRICS, Metric
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import (
    Estimate,
    Moments,
    adjusted_difference,
    benjamini_hochberg,
    holm,
    log_ratio_lift,
    welch_difference,
)
from counterclick.verdicts import STATE, Check

__all__ = ["ALWAYS", "Arm", "Result", "Row", "tabulate"]

ALWAYS = ("revenue_per_visitor", "conversion", "aov", "units_per_order", "net_revenue_per_visitor")
"""Metrics that stand beside every outcome."""
_BESIDE = {
    FIRST_DAY: "revenue_per_visitor 24 h",
    MATURED: "net_revenue_per_visitor matured",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's visitors.

    Attributes:
        name: the variant.
        n_visitors: finished visitors.
        n_buyers: of these, with an order in the window.
        revenue: of their orders in the window.
    """

    name: str
    n_visitors: int
    n_buyers: int
    revenue: float


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one contrast.

    Attributes:
        metric: its name.
        treatment: the arm.
        against: the arm that it is compared with.
        base: the metric's value in ``against``.
        value: its value in ``treatment``.
        difference: of the two, in the metric's unit, for metrics per visitor (Welch); None for ratios.
        lift: relative (log ratio, or re-randomised where buyers are few); None where refused.
        refused: why there is no lift.
        p_adjusted: of the lift: Holm over contrasts for the outcome, Benjamini-Hochberg over other metrics.
        is_verdict: whether the verdict rests on this row.
    """

    metric: str
    treatment: str
    against: str
    base: float | None
    value: float | None
    difference: Estimate | None
    lift: Estimate | None
    refused: str = ""
    p_adjusted: float | None = None
    is_verdict: bool = False


@dataclass(frozen=True, slots=True)
class Result(Shown):
    """What an experiment measured.

    Attributes:
        experiment: its name.
        currency: of amounts.
        arms: visitors, buyers, revenue.
        rows: every metric and contrast; those of the verdict's contrast first.
        checks: the preconditions.
        sensitivity: lines beside the verdict's lift, which decide nothing.
        units: what those are whom it assigns: visitors, or customers.
    """

    experiment: str
    currency: str
    arms: tuple[Arm, ...]
    rows: tuple[Row, ...]
    checks: tuple[Check, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    units: str = "visitors"

    def row(self, metric: str, treatment: str | None = None, against: str | None = None) -> Row:
        """Return one row; by default of the verdict's contrast."""
        for row in self.rows:
            if row.metric == metric and treatment in (None, row.treatment) and against in (None, row.against):
                return row
        raise RefusedError(f"experiment {self.experiment!r} has no row for {metric!r} of {treatment!r}.")

    def grids(self) -> list[Grid]:
        """Return a table of the arms, one for each contrast, and the preconditions."""
        arms = [
            (arm.name, count(arm.n_visitors), count(arm.n_buyers), money(arm.revenue, self.currency)) for arm in self.arms
        ]
        grids = [Grid(f"Experiment {self.experiment}", ("arm", self.units, "buyers", "revenue"), arms)]
        contrasts = dict.fromkeys((row.treatment, row.against) for row in self.rows)
        for number, (treatment, against) in enumerate(contrasts):
            rows = [row for row in self.rows if (row.treatment, row.against) == (treatment, against)]
            title = f"{treatment} against {against}" + ("" if number == 0 else " (beside the verdict)")
            grids.append(
                Grid(
                    title,
                    ("metric", against[:12], treatment[:12], "lift", "95 % interval", "p"),
                    [self._cells(row) for row in rows],
                    self._notes(rows),
                )
            )
        if self.sensitivity:
            outcome = next((row.metric for row in self.rows if row.is_verdict), "the outcome")
            grids.append(sensitivity_grid(self.sensitivity, outcome))
        checks = [(check.name, f"{STATE[check.passed]}: {check.says}") for check in self.checks]
        return [*grids, Grid("Preconditions", ("", ""), checks, left=2)] if checks else grids

    def _notes(self, rows: Sequence[Row]) -> list[str]:
        """Return the money's difference, what was refused and why, and what the columns hold."""
        notes = []
        money_row = next((row for row in rows if row.difference and row.metric.endswith("revenue_per_visitor")), None)
        if money_row is not None and money_row.difference is not None:
            found = money_row.difference
            ends = f"[{found.lower * 1000:,.2f}, {found.upper * 1000:,.2f}]"
            value = money(found.value * 1000, self.currency)
            notes.append(f"Difference of {money_row.metric} for 1,000 {self.units}: {value} {ends} (Welch).")
        empty = [row.metric for row in rows if row.refused and not row.base]
        if empty:
            notes.append(f"No lift of {', '.join(empty)}: nothing of it in {rows[0].against}, and a lift needs both arms.")
        few = [
            arm.name for arm in self.arms if arm.n_buyers < LEAST_BUYERS and arm.name in (rows[0].treatment, rows[0].against)
        ]
        if few:
            notes.append(f"Fewer than {LEAST_BUYERS} buyers in {' and '.join(few)}: no verdict rests on these lifts.")
        notes += [f"{row.metric}: {row.refused}" for row in rows if row.refused and row.base]
        notes.append(f"Amounts in {self.currency}. Adjusted p: Benjamini-Hochberg over metrics, Holm over arms.")
        return notes

    def _cells(self, row: Row) -> tuple[str, ...]:
        shown = [_figure(value, row.metric) for value in (row.base, row.value)]
        if row.lift is None:
            return (row.metric, *shown, "refused", "", "")
        interval = f"[{_points(row.lift.lower)}, {_points(row.lift.upper)}]"
        p_value = row.lift.p_value if row.p_adjusted is None else row.p_adjusted
        return (row.metric, *shown, signed_percent(row.lift.value), interval, f"{p_value:.2g}")


def tabulate(
    name: str,
    config: ExperimentConfig,
    currency: str,
    measured: Measured,
    metrics: Sequence[Metric],
    checks: tuple[Check, ...] = (),
    level: float = 0.95,
) -> Result:
    """Return all estimates of an experiment from its moments.

    The contrast of the verdict is the feature against the control. Every other arm against the control, and the
    feature against ``nothing``, are labelled beside it, with Holm-adjusted p-values of the outcome.

    Args:
        name: the experiment.
        config: its declaration.
        currency: of amounts.
        measured: moments and buyers.
        metrics: the rows of each contrast.
        checks: the preconditions.
        level: confidence of all intervals; at an early look it is that of its bound.
    """
    arms = tuple(
        Arm(arm, moments.n, round(moments.sum_of(BUYERS)), moments.sum_of("revenue"))
        for arm, moments in measured.arms.items()
    )
    contrasts = [(config.feature, config.control)]
    contrasts += [(arm, config.control) for arm in config.variants if arm not in (config.feature, config.control)]
    if NOTHING in config.variants and NOTHING not in contrasts[0]:
        contrasts.append((config.feature, NOTHING))
    rows: list[Row] = []
    for treatment, against in contrasts:
        if treatment not in measured.arms or against not in measured.arms:
            continue
        first = (treatment, against) == contrasts[0]
        rows.extend(_rows(config, measured, metrics, treatment, against, level, is_verdict=first))
    return Result(name, currency, arms, tuple(_adjusted(rows, config.outcome)), checks)


def _rows(
    config: ExperimentConfig,
    measured: Measured,
    metrics: Sequence[Metric],
    treatment: str,
    against: str,
    level: float,
    *,
    is_verdict: bool,
) -> list[Row]:
    control, feature = measured.arms[against], measured.arms[treatment]
    rows = []
    for metric in metrics:
        per_visitor = metric.denominator in (VISITORS, None)
        lift, refused = None, ""
        try:
            lift = estimate_lift(config, measured, metric, treatment, against, level)
        except RefusedError as error:
            refused = str(error)
        rows.append(
            Row(
                metric.name,
                treatment,
                against,
                _level(control, metric),
                _level(feature, metric),
                _difference(control, feature, metric.numerator, level, adjust=_adjusts(config, metric))
                if per_visitor
                else None,
                lift,
                refused,
                is_verdict=is_verdict and metric.name == config.outcome,
            )
        )
    for column, label in _BESIDE.items():
        try:
            lift, refused = log_ratio_lift(control, feature, column, level=level), ""
        except RefusedError as error:
            lift, refused = None, str(error)
        levels = control.mean_of(column), feature.mean_of(column)
        rows.append(Row(label, treatment, against, *levels, _difference(control, feature, column, level), lift, refused))
    return rows


def _adjusts(config: ExperimentConfig, metric: Metric) -> bool:
    return config.adjust and metric.name == config.outcome


def _difference(control: Moments, feature: Moments, name: str, level: float, *, adjust: bool = False) -> Estimate | None:
    if adjust:
        with contextlib.suppress(RefusedError):  # as for the lift
            return adjusted_difference(control, feature, name, [PRE], level=level).estimate
    try:
        return welch_difference(control, feature, name, level)
    except RefusedError:
        return None


def _adjusted(rows: list[Row], outcome: str) -> list[Row]:
    """Holm over the outcome's other contrasts; Benjamini-Hochberg over the other metrics of the first contrast."""
    found = list(rows)
    others = [i for i, row in enumerate(rows) if row.metric == outcome and not row.is_verdict and row.lift]
    primary = next(((row.treatment, row.against) for row in rows), None)
    secondary = [
        i for i, row in enumerate(rows) if (row.treatment, row.against) == primary and row.metric != outcome and row.lift
    ]
    for places, adjust in ((others, holm), (secondary, benjamini_hochberg)):
        p_values = [lift.p_value for i in places if (lift := rows[i].lift) is not None]
        for i, p_value in zip(places, adjust(p_values) if p_values else [], strict=True):
            found[i] = replace(found[i], p_adjusted=p_value)
    return found


def _level(arm: Moments, metric: Metric) -> float | None:
    if metric.denominator in (VISITORS, None):
        return arm.mean_of(metric.numerator)
    below = arm.sum_of(str(metric.denominator))
    return arm.sum_of(metric.numerator) / below if below else None


def _points(lift: float) -> str:
    return "unlimited" if math.isinf(lift) else f"{lift * 100:+.1f}"


def _figure(value: float | None, metric: str) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    unit = METRICS[metric].unit if metric in METRICS else "money"
    if unit == "money":
        return f"{value:,.2f}"
    if unit == "rate":
        return percent(value, 2)
    return f"{value:.3f}"
