"""Lines beside the verdict's lift: adjusted, post-stratified, capped. They show how much it hangs on; none decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from counterclick.config import ExperimentConfig, duration
from counterclick.display import Grid, money, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.measured import PRE, Measured
from counterclick.experiments.traits import along
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import floats
from counterclick.metrics import MEASURES, METRICS
from counterclick.stats import Estimate, Moments, adjusted_lift, cap_of, capped_lift, fieller_lift, post_stratified_lift

__all__ = ["Sensitivity", "sensitivity_grid", "sensitivity_lines", "spent_before"]

STRATA = ("customer", "device")
LEAST_STRATUM = 50
"""Strata with fewer visitors in an arm are merged."""
_BEFORE = timedelta(days=28)
_NOBODY = np.empty(0)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One line beside the verdict's lift.

    Attributes:
        line: what was done.
        lift: of the outcome, feature against control, with its 95 % interval; None where refused.
        reduction: share of the variance of the log ratio that it took off, as realised; None of capped amounts.
        says: what to know about it, or why it was refused.
    """

    line: str
    lift: Estimate | None
    reduction: float | None
    says: str


def spent_before(cohort: Cohort) -> NDArray[np.float64]:
    """Return what each person spent before the experiment's start, in each span as long as the window.

    There are as many spans as fit into the 28 days before the start, one at least. It fixes the cap of the capped line.

    Returns:
        Amounts above zero, ascending.
    """
    window = duration(cohort.config.window)
    start = day_begins(cohort.config.starts_on, cohort.context.timezone)
    orders = cohort.context.facts.orders
    seconds = window.total_seconds()
    early = start - window * max(1, _BEFORE // window)
    before = orders.filter((orders.ordered_at >= ibis.literal(early)) & (orders.ordered_at < ibis.literal(start)))
    ago = start.timestamp() - before.ordered_at.epoch_seconds()
    who = ibis.coalesce(before.person_id, ibis.literal("o:") + before.order_id)
    spans = before.mutate(_who=who, _nth=(ago / seconds).floor().cast("int64"))
    spent = spans.group_by("_who", "_nth").agg(spent=_.revenue.sum().cast("float64"))
    return np.sort(floats(spent.filter(spent.spent > 0).to_pyarrow()["spent"]))


def sensitivity_lines(
    config: ExperimentConfig, measured: Measured, history: NDArray[np.float64], currency: str
) -> tuple[Sensitivity, ...]:
    """Return the lines beside the lift of the outcome, feature against control.

    Args:
        config: the declaration.
        measured: moments and buyers.
        history: `spent_before`.
        currency: of amounts.

    Returns:
        The lines; none where an arm of the contrast is missing.
    """
    if config.control not in measured.arms or config.feature not in measured.arms:
        return ()
    measure = MEASURES[METRICS[config.outcome].numerator]
    lines = [_fieller(config, measured, measure.name), _adjusted(config, measured, measure.name)]
    if measured.by_traits:
        lines.append(_post_stratified(config, measured, measure.name))
    if measure.is_money:
        lines.append(_capped(config, measured, history, currency))
    return tuple(lines)


def sensitivity_grid(lines: Sequence[Sensitivity], metric: str) -> Grid:
    """Return the lines as a table."""
    rows, notes = [], []
    for line in lines:
        if line.lift is None:
            rows.append((line.line, "refused", "", "", ""))
        else:
            ends = f"[{_points(line.lift.lower)}, {_points(line.lift.upper)}]"
            less = "" if line.reduction is None else signed_percent(-line.reduction)
            rows.append((line.line, signed_percent(line.lift.value), ends, f"{line.lift.p_value:.2g}", less))
        notes.append(f"{line.line[0].upper()}{line.line[1:]}: {line.says}")
    return Grid(
        f"Sensitivity of {metric} (never the verdict)", ("line", "lift", "95 % interval", "p", "variance"), rows, notes
    )


def _fieller(config: ExperimentConfig, measured: Measured, outcome: str) -> Sensitivity:
    name = "Fieller"
    try:
        found = fieller_lift(measured.arms[config.control], measured.arms[config.feature], outcome)
    except RefusedError as error:
        return Sensitivity(name, None, None, str(error))
    return Sensitivity(name, found, None, "the exact dual of Welch's test of the difference; a check of the log ratio's.")


def _adjusted(config: ExperimentConfig, measured: Measured, outcome: str) -> Sensitivity:
    name = "adjusted for revenue before"
    try:
        found = adjusted_lift(measured.arms[config.control], measured.arms[config.feature], outcome, [PRE])
    except RefusedError as error:
        return Sensitivity(name, None, None, str(error).replace(PRE, "revenue before"))
    says = "regression of each arm on revenue in the 28 days before eligibility (Lin 2013)."
    return Sensitivity(name, found.estimate, found.reduction, says)


def _post_stratified(config: ExperimentConfig, measured: Measured, outcome: str) -> Sensitivity:
    name = "post-stratified"
    strata = {
        values: (_or_empty(arms, config.control), _or_empty(arms, config.feature))
        for values, arms in along(measured.by_traits, STRATA).items()
        if config.control in arms or config.feature in arms
    }
    try:
        found = post_stratified_lift(strata, outcome, least=LEAST_STRATUM)
    except RefusedError as error:
        return Sensitivity(name, None, None, str(error))
    merged = f"; merged for want of visitors: {', '.join(' '.join(key) for key in strata if key in found.merged)}"
    says = f"over {found.n_strata} strata by new or returning and device{merged if found.merged else ''}."
    return Sensitivity(name, found.estimate, found.reduction, says)


def _or_empty(arms: Mapping[str, Moments], arm: str) -> Moments:
    if arm in arms:
        return arms[arm]
    names = next(iter(arms.values())).names
    return Moments.from_sums(names, 0, np.zeros(len(names)), np.zeros((len(names), len(names))))


def _capped(config: ExperimentConfig, measured: Measured, history: NDArray[np.float64], currency: str) -> Sensitivity:
    name = "amounts capped"
    base, top = (measured.amounts.get(arm, _NOBODY) for arm in (config.control, config.feature))
    try:
        cap = cap_of(history)
        found = capped_lift(base, top, measured.arms[config.control].n, measured.arms[config.feature].n, cap)
    except RefusedError as error:
        return Sensitivity(name, None, None, str(error))
    above = f"{found.n_capped:,} buyers are above it, and {found.cut * 100:.2g} % of the amounts is cut off"
    says = (
        f"at {money(cap, currency)}, the 99.9 % quantile of {len(history):,} amounts spent in {config.window} before the "
        f"start; {above if found.n_capped else 'no buyer is above it'}."
    )
    return Sensitivity(name, found.estimate, None, says)


def _points(lift: float) -> str:
    return "unlimited" if math.isinf(lift) else f"{lift * 100:+.1f}"
