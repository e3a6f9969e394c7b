"""The lift by new and returning customers, device, country and category: to look at, never to conclude from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
from ibis import _
from ibis.expr.types import Table

from counterclick.config import duration
from counterclick.display import Grid, Shown, count, signed_percent
from counterclick.errors import RefusedError
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.estimating import LEAST_BUYERS
from counterclick.experiments.measured import BUYERS, Measured, grouped_moments
from counterclick.experiments.traits import DIMENSIONS, UNKNOWN, along, largest
from counterclick.metrics import METRICS
from counterclick.stats import Estimate, Moments, heterogeneity, holm, log_ratio_lift

__all__ = ["CATEGORY", "Interaction", "Slice", "Slices", "by_category", "sliced"]

CATEGORY = "category"
"""The dimension that splits what was bought, not who came."""
_FEWEST = 2
_TOO_FEW = "fewer than two have buyers enough"
_TITLES = {
    "customer": "New and returning (an order in the log before eligibility)",
    "device": "Device",
    "country": "Country",
    CATEGORY: "Category: revenue of its lines, over all visitors",
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of one dimension.

    Attributes:
        dimension: customer, device, country or category.
        value: for instance "returning"; "other" pools all but the ten largest, "unknown" is where no event said.
        n_control: finished visitors of the control in it; of a category all of them.
        n_treatment: of the feature.
        control_buyers: of these, with an order in the window; of a category, with a line of it.
        treatment_buyers: of the feature.
        lift: of the outcome (log ratio) with its own 95 % interval, unadjusted; None where refused.
        p_adjusted: of the lift, Holm over all slices of the table; None where refused.
        refused: why there is no lift.
    """

    dimension: str
    value: str
    n_control: int
    n_treatment: int
    control_buyers: int
    treatment_buyers: int
    lift: Estimate | None
    p_adjusted: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Whether the slices of a dimension differ from one another.

    Attributes:
        dimension: the dimension.
        q: Cochran's Q on the log ratios; of categories, with the covariance of what the same visitors bought. None where
            fewer than two slices have a lift.
        df: slices with a lift, less one.
        p_value: of "all the same".
        p_adjusted: Holm over the dimensions of the table.
        refused: why there is no test.
    """

    dimension: str
    q: float | None = None
    df: int | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Slices(Shown):
    """An experiment's lift by slices.

    Attributes:
        experiment: its name.
        treatment: the feature's arm.
        control: the arm that it is compared with.
        metric: the outcome; of categories it is revenue per visitor whatever the outcome.
        rows: all slices, dimension after dimension.
        interactions: one for each dimension with two slices or more.
        whole: dimension -> the only value that it has.
        units: what those are whom the experiment assigns: visitors, or customers.
    """

    experiment: str
    treatment: str
    control: str
    metric: str
    rows: tuple[Slice, ...]
    interactions: tuple[Interaction, ...]
    whole: Mapping[str, str]
    units: str = "visitors"

    def grids(self) -> list[Grid]:
        """Return a table for each dimension, and what to mind."""
        grids = []
        for test in self.interactions:
            rows = [row for row in self.rows if row.dimension == test.dimension]
            few = [row.value for row in rows if row.refused]
            notes = [f"Too few buyers (under {LEAST_BUYERS} in an arm): {', '.join(few)}."] if few else []
            heads = (test.dimension, self.units, "buyers", "lift", "95 % interval", "p (Holm)")
            grids.append(Grid(_TITLES[test.dimension], heads, [_cells(row) for row in rows], [*notes, _answer(test)]))
        only = [f"Every {self.units[:-1]}'s {name} is {value}." for name, value in self.whole.items()]
        tested = sum(row.lift is not None for row in self.rows)
        warning = (
            f"Exploratory, never a verdict: of {tested} intervals about {tested * 0.05:.1f} miss the truth by chance alone, "
            f"and p is adjusted over all {tested}. Declare an experiment of its own on a slice that matters."
        )
        notes = [warning if tested else "Nothing can be compared by slices here.", *only]
        title = f"Experiment {self.experiment}: {self.metric} of {self.treatment} against {self.control}, by slices"
        return [
            Grid(title, (), (), [f"{self.units.capitalize()} and buyers: {self.control} / {self.treatment}."]),
            *grids,
            Grid("", (), (), notes),
        ]


def sliced(cohort: Cohort, measured: Measured, categories: Mapping[str, Mapping[str, Moments]]) -> Slices:
    """Return the slices of the verdict's contrast.

    Args:
        cohort: the experiment's visitors.
        measured: their moments.
        categories: `by_category`.

    Raises:
        RefusedError: an arm of the contrast has no finished visitors.
    """
    control, feature = cohort.config.control, cohort.config.feature
    for arm in (control, feature):
        if arm not in measured.arms:
            raise RefusedError(
                f"experiment {cohort.name!r}: arm {arm!r} has no finished {cohort.config.unit}s, so nothing can be sliced."
            )
    outcome = METRICS[cohort.config.outcome].numerator
    rows: list[Slice] = []
    tests: list[Interaction] = []
    whole: dict[str, str] = {}
    for dimension in DIMENSIONS:
        found = {value: arms for (value,), arms in along(measured.by_traits, [dimension]).items()}
        if len(found) < _FEWEST:
            whole |= dict.fromkeys([dimension], next(iter(found), UNKNOWN))
            continue
        own = [_slice(dimension, value, arms, (control, feature), (outcome, BUYERS)) for value, arms in found.items()]
        rows += own
        tests.append(_independent(dimension, own))
    if len(categories) >= _FEWEST:
        own = [_slice(CATEGORY, value, arms, (control, feature), _columns(value)) for value, arms in categories.items()]
        rows += own
        tests.append(_dependent(own, categories, (control, feature)))
    return Slices(
        cohort.name, feature, control, cohort.config.outcome, tuple(_holm_rows(rows)), tuple(_holm_tests(tests)), whole
    )


def by_category(cohort: Cohort) -> dict[str, dict[str, Moments]]:
    """Return, for each category, the moments of what each arm's finished visitors spent on it within their windows.

    This splits the outcome, not the visitors: every visitor counts in every category, mostly with 0. The moments of an
    arm are those of all categories together, so that their covariance is known. Categories are the catalogue's last word;
    the ten with most revenue stand for themselves, "unknown" are lines of products without one, and orders without lines
    are in none.

    Returns:
        category -> arm -> moments, with the columns of `_columns`; the largest first.
    """
    bought = cohort.context.facts.kept(_lines(cohort), f"categories {cohort.name}")
    sizes = bought.group_by("category").agg(size=_.revenue.sum()).order_by([_["size"].desc(), _.category])
    values = [str(value) for value in sizes.to_pyarrow()["category"].to_pylist()]
    if not values:
        return {}
    columns = {}
    for value in values:
        own = bought.category == value
        revenue, buyers = _columns(value)
        columns[revenue] = ibis.coalesce(bought.revenue.sum(where=own).cast("float64"), 0.0)
        columns[buyers] = own.any().cast("float64")
    active = bought.group_by("visitor_id", "variant").agg(**columns)
    found = grouped_moments(cohort.sizes("variant"), active, tuple(columns), ("variant",))
    arms = {arm: moments for (arm,), moments in found.items()}
    return {value: arms for value in values}  # noqa: C420 - fromkeys would say less plainly that all share one value


def _lines(cohort: Cohort) -> Table:
    """Lines bought within the windows. Grain: one visitor and category."""
    facts = cohort.context.facts
    units = cohort.units.select("variant", _unit="visitor_id", _from="exposed_at")
    orders = cohort.orders.select("order_id", "visitor_id", "ordered_at")
    until = units["_from"] + ibis.interval(seconds=int(duration(cohort.config.window).total_seconds()))
    inside = orders.join(
        units, [orders.visitor_id == units["_unit"], orders.ordered_at >= units["_from"], orders.ordered_at < until]
    ).select("visitor_id", "variant", _order="order_id")
    lines = facts.order_lines.select("order_id", "product_id", "revenue")
    sold = lines.join(inside, lines.order_id == inside["_order"])
    told = facts.products.select("category", _product="product_id")
    named = sold.left_join(told, sold.product_id == told["_product"])
    labelled = named.mutate(category=largest(named, "category", by="revenue"))
    return labelled.group_by("visitor_id", "variant", "category").agg(revenue=_.revenue.sum())


def _columns(category: str) -> tuple[str, str]:
    return f"revenue of {category}", f"buyers of {category}"


def _slice(
    dimension: str, value: str, arms: Mapping[str, Moments], contrast: tuple[str, str], columns: tuple[str, str]
) -> Slice:
    outcome, buyers = columns
    bought = [round(arms[arm].sum_of(buyers)) if arm in arms else 0 for arm in contrast]
    sizes = [arms[arm].n if arm in arms else 0 for arm in contrast]
    lift, refused = None, ""
    if min(bought) < LEAST_BUYERS:
        refused = f"too few buyers: {min(bought)} in the smaller arm, where {LEAST_BUYERS} are needed"
    else:
        try:
            lift = log_ratio_lift(arms[contrast[0]], arms[contrast[1]], outcome)
        except RefusedError as error:
            refused = str(error)
    return Slice(dimension, value, sizes[0], sizes[1], bought[0], bought[1], lift, refused=refused)


def _independent(dimension: str, rows: Sequence[Slice]) -> Interaction:
    lifts = [row.lift for row in rows if row.lift is not None]
    if len(lifts) < _FEWEST:
        return Interaction(dimension, refused=_TOO_FEW)
    found = heterogeneity([math.log1p(lift.value) for lift in lifts], [lift.se**2 for lift in lifts])
    return Interaction(dimension, found.q, found.df, found.p_value)


def _dependent(
    rows: Sequence[Slice], categories: Mapping[str, Mapping[str, Moments]], contrast: tuple[str, str]
) -> Interaction:
    """Test categories with their covariance: who buys a lamp also buys a bulb."""
    tested = [(row.value, row.lift) for row in rows if row.lift is not None]
    if len(tested) < _FEWEST:
        return Interaction(CATEGORY, refused=_TOO_FEW)
    names = [_columns(value)[0] for value, _lift in tested]
    covariance = np.zeros((len(names), len(names)))
    for arm in contrast:
        own = categories[tested[0][0]][arm].select(names)
        covariance += own.m2 / np.outer(own.mean, own.mean) / (own.n - 1) / own.n
    try:
        found = heterogeneity([math.log1p(lift.value) for _value, lift in tested], covariance)
    except RefusedError:
        return Interaction(CATEGORY, refused="some are only ever bought together and in proportion")
    return Interaction(CATEGORY, found.q, found.df, found.p_value)


def _holm_rows(rows: Iterable[Slice]) -> list[Slice]:
    found = list(rows)
    places = [i for i, row in enumerate(found) if row.lift is not None]
    adjusted = holm([lift.p_value for row in found if (lift := row.lift) is not None])
    for i, p_value in zip(places, adjusted, strict=True):
        found[i] = replace(found[i], p_adjusted=p_value)
    return found


def _holm_tests(tests: Iterable[Interaction]) -> list[Interaction]:
    found = list(tests)
    places = [i for i, test in enumerate(found) if test.p_value is not None]
    adjusted = holm([test.p_value for test in found if test.p_value is not None])
    for i, p_value in zip(places, adjusted, strict=True):
        found[i] = replace(found[i], p_adjusted=p_value)
    return found


def _cells(row: Slice) -> tuple[str, ...]:
    sizes = f"{count(row.n_control)} / {count(row.n_treatment)}"
    bought = f"{count(row.control_buyers)} / {count(row.treatment_buyers)}"
    if row.lift is None or row.p_adjusted is None:
        return (row.value, sizes, bought, "refused", "", "")
    ends = f"[{_points(row.lift.lower)}, {_points(row.lift.upper)}]"
    return (row.value, sizes, bought, signed_percent(row.lift.value), ends, f"{row.p_adjusted:.2g}")


def _points(lift: float) -> str:
    return "unlimited" if math.isinf(lift) else f"{lift * 100:+.1f}"


def _answer(test: Interaction) -> str:
    if test.q is None or test.p_adjusted is None:
        return f"Do they differ from one another? No test: {test.refused}."
    says = "shown" if test.p_adjusted < 0.05 else "not shown"  # noqa: PLR2004 - the usual 5 %
    numbers = f"Q = {test.q:.1f} on {test.df} df, p = {test.p_adjusted:.2g} (Holm)"
    return f"Do they differ from one another? That is {says}: {numbers}."
