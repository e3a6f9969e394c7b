"""What can be seen against weeks and shares: the rows of a curve over which a slider moves, from the shop's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterclick.config import ExperimentConfig
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.history import history_of
from counterclick.experiments.planner import break_even_of, part_of, visible_in
from counterclick.metrics import metric_named

__all__ = ["SHARES", "WEEKS", "CurvePoint", "PlanCurve", "plan_curve_of"]

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares of the visitors who are held out, unless others are asked for."""
WEEKS = (2, 3, 4, 6, 8, 10, 12, 16, 20, 26, 39, 52)
"""Weeks, unless others are asked for."""
_FEWEST, _MOST = 1, 520


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What one split shows after so many weeks.

    Attributes:
        share: of the visitors who take part, that is held out.
        weeks: of entry.
        visitors: eligible visitors, all arms; None from an orders export alone.
        buyers: expected.
        visible: smallest lift that is shown with 80 % power, at 5 % over all looks.
    """

    share: float
    weeks: int
    visitors: float | None
    buyers: float
    visible: float


@dataclass(frozen=True, slots=True)
class PlanCurve(Shown):
    """Smallest visible lift against weeks, for several shares.

    Attributes:
        experiment: its name.
        metric: the outcome.
        looks: how it is looked at: weekly, at the end, or anytime.
        basis: what the figures rest on.
        break_even_lift: at which the feature pays its cost; None where cost or margin is not known.
        points: by share, then weeks.
    """

    experiment: str
    metric: str
    looks: str
    basis: str
    break_even_lift: float | None
    points: tuple[CurvePoint, ...]

    def grids(self) -> list[Grid]:
        """Return weeks down, shares across."""
        shares = list(dict.fromkeys(point.share for point in self.points))
        by = {(point.weeks, point.share): point for point in self.points}
        weeks = list(dict.fromkeys(point.weeks for point in self.points))
        rows = [
            (f"{week}", count(by[week, shares[0]].buyers), *(percent(by[week, s].visible) for s in shares)) for week in weeks
        ]
        notes = [f"80 % power, 5 % over all looks ({self.looks}). Basis: {self.basis}."]
        if self.break_even_lift is not None:
            notes.append(f"The break-even lift is {percent(self.break_even_lift, 2)}.")
        title = f"{self.experiment}: smallest visible lift of {self.metric}, by weeks and share held out"
        return [Grid(title, ("weeks", "buyers", *(percent(share, 0) for share in shares)), rows, notes)]


def plan_curve_of(
    name: str,
    config: ExperimentConfig,
    context: Context,
    shares: Sequence[float] = SHARES,
    weeks: Sequence[int] = WEEKS,
) -> PlanCurve:
    """Return what an experiment of two arms can see, by the arithmetic of its plan.

    Args:
        name: the experiment.
        config: its declaration; its shares are not used.
        context: tables and values of the shop.
        shares: of the visitors who take part, that are held out; between 0 and 1.
        weeks: whole weeks of entry, 1 to 520.

    Raises:
        RefusedError: a share or a number of weeks is none, the outcome cannot decide, or the history is too short.
        EmptyStoreError: there are no orders to plan from.
    """
    wrong = [f"{share}" for share in shares if not 0 < share < 1]
    wrong += [f"{week}" for week in weeks if not _FEWEST <= week <= _MOST]
    if wrong or not shares or not weeks:
        raise RefusedError(
            f"a curve needs shares between 0 and 1 and weeks from {_FEWEST} to {_MOST}; not {', '.join(wrong) or 'none'}."
        )
    if not metric_named(config.outcome).decides:
        raise RefusedError(f"{config.outcome!r} is not an outcome per visitor; nothing can be planned on it.")
    history = history_of(name, config, context)
    part = part_of(config)
    points = tuple(
        CurvePoint(
            share=share,
            weeks=week,
            visitors=history.visitors_in(week) * part if history.spans else None,
            buyers=history.buyers_in(week) * part,
            visible=visible_in(history, week, (share, 1 - share), config),
        )
        for share in shares
        for week in weeks
    )
    planned = ((config.ends_on - config.starts_on).days + 1) / 7
    return PlanCurve(name, config.outcome, config.looks, history.basis, break_even_of(history, context, planned), points)
