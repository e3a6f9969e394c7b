"""What to do with a verdict, and until there is one."""

from __future__ import annotations

from datetime import date

from counterclick.config import EVERYWHERE, ExperimentConfig
from counterclick.display import percent
from counterclick.experiments.result import Result, Row
from counterclick.experiments.stakes import Stakes
from counterclick.metrics import metric_named
from counterclick.verdicts import Inconclusive, Outcome

__all__ = ["advice"]


def advice(
    outcome: Outcome,
    kind: Inconclusive | None,
    config: ExperimentConfig,
    result: Result,
    row: Row,
    stakes: Stakes,
    next_look_on: date | None,
) -> str:
    """Return what to do: keep the split while nothing is decided, then serve what was shown to earn.

    Args:
        outcome: of the verdict.
        kind: of inconclusive ones.
        config: the declaration.
        result: the table that the verdict rests on.
        row: the outcome's contrast.
        stakes: what the feature must earn.
        next_look_on: when the next look is due.
    """
    if outcome == "invalid":
        return "Mend what the failed check says, then run it again under a new name."
    if kind in ("still running", "held for a data check"):
        until = "" if next_look_on is None else f" until {next_look_on}"
        return f"Keep the split as declared{until}."
    if outcome != "won":
        if config.surface == EVERYWHERE:
            return "All AI surfaces together are not shown to earn more than none: keep those that are won by themselves."
        return f"Serve {config.control} to everyone; {config.feature} is not shown to beat it."
    return _of_a_win(config, result, row, stakes)


def _of_a_win(config: ExperimentConfig, result: Result, row: Row, stakes: Stakes) -> str:
    if stakes.margin_rate is not None and stakes.margin_rate <= 0:
        return f"{row.metric} is up, but the margin is not above 0: more revenue earns nothing. Check the unit costs."
    lift = row.lift
    if metric_named(row.metric).unit != "money":
        lift = result.row("revenue_per_visitor", row.treatment, row.against).lift
    needed = stakes.break_even_lift or 0.0
    if lift is not None and lift.lower > needed:
        what = "all surfaces" if config.surface == EVERYWHERE else config.feature
        return f"Serve {what}; keep a small holdout to see that it lasts."
    if stakes.break_even_lift is None:
        return f"{config.feature} wins on {row.metric}, but is not shown to earn more revenue than {config.control}."
    ends = "no lift of revenue" if lift is None else f"the lower end {percent(lift.lower)}"
    return (
        f"{config.feature} wins on {row.metric}, but is not shown to earn its cost: {ends} is not above break-even, "
        f"{percent(needed, 2)}."
    )
