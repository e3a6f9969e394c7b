"""Which kind of inconclusive: too small to matter, N more weeks, or not to be detected at this traffic."""

from __future__ import annotations

import math

from counterclick.config import ExperimentConfig
from counterclick.display import count, percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import LEAST_BUYERS
from counterclick.experiments.history import MOST_WEEKS
from counterclick.experiments.measured import BUYERS, Measured
from counterclick.experiments.stakes import Stakes
from counterclick.metrics import metric_named
from counterclick.stats import FIXED_BOUND, Estimate, smallest_visible_lift, visitors_needed
from counterclick.verdicts import Inconclusive

__all__ = ["undecided"]


_WIDTH = 2 * FIXED_BOUND
"""Standard errors from one end of a 95 % interval to the other."""


def undecided(
    config: ExperimentConfig,
    context: Context,
    measured: Measured,
    stakes: Stakes,
    lift: Estimate | None,
    shown: str,
) -> tuple[Inconclusive, str]:
    """Return the kind of an inconclusive verdict, and why.

    - *too small to matter*: all of the interval lies below the break-even lift, so that the feature does not pay.
    - *needs more weeks*: so many more give 50 buyers in the smaller arm, or show the break-even lift with 80 % power,
      or, where the visitors so far had that power already, narrow the interval until it cannot hold both zero and
      the break-even lift.
    - *cannot be detected at this traffic*: the break-even lift is smaller than what 26 weeks can show. So it is
      called, too, where no lift is known to matter (no cost, no margin): then nothing says that more weeks would
      settle anything; the sentence names the smallest visible lift and how to make the break-even lift known.

    Args:
        config: the declaration.
        context: for what is not declared.
        measured: moments of the arms.
        stakes: the break-even lift, and the weeks so far.
        lift: of the outcome; None where the buyers are too few for one.
        shown: the beginning of the sentence.
    """
    wanted = stakes.break_even_lift if metric_named(config.outcome).unit == "money" else None
    if lift is not None and wanted is not None and lift.upper < wanted:
        risk = "" if lift.lower > -wanted else ", and it may well do harm"
        says = f"{shown}; all of it lies below the break-even lift of {percent(wanted)}{risk}"
        return "too small to matter", says
    shares = config.variants[config.control], config.variants[config.feature]
    finished = sum(moments.n for moments in measured.arms.values())
    a_week = finished / stakes.weeks
    try:
        cv = _variation(config, measured)
        visible = smallest_visible_lift(cv, max(2, round(a_week * MOST_WEEKS)), shares)
        now = smallest_visible_lift(cv, max(2, finished), shares)
    except (RefusedError, ZeroDivisionError):
        return "cannot be detected at this traffic", f"{shown}; the control does not vary, so nothing can be seen"
    fewest = min(round(measured.arms[arm].sum_of(BUYERS)) for arm in (config.control, config.feature))
    for_buyers = max(stakes.weeks * (LEAST_BUYERS / fewest - 1), 0) if fewest else math.inf
    never = (
        f", which would take more than {MOST_WEEKS} weeks" if for_buyers > MOST_WEEKS - stakes.weeks and for_buyers else ""
    )
    if wanted is not None and 0 < wanted < visible:
        weeks = f"the smallest visible effect in {MOST_WEEKS} weeks"
        never += f"; the break-even lift is {percent(wanted)}, {weeks} {percent(visible)}"
    if never:
        return "cannot be detected at this traffic", shown + never
    if wanted is not None and wanted > 0:
        for_lift = visitors_needed(cv, wanted, shares) / a_week - stakes.weeks
        return "needs more weeks", f"{shown}; {_more(max(for_lift, for_buyers), wanted, stakes, lift)}"
    if for_buyers > 0:
        return "needs more weeks", f"{shown}; {_weeks(for_buyers)} would give as many"
    says = f"{shown}; {stakes.weeks:.0f} weeks show {percent(now)} or more here, {MOST_WEEKS} weeks {percent(visible)}"
    return "cannot be detected at this traffic", f"{says}; {_unknown(config, context, stakes)}"


def _more(more: float, wanted: float, stakes: Stakes, lift: Estimate | None) -> str:
    if more > 0 or lift is None:
        return f"{_weeks(more)} would show the break-even lift of {percent(wanted)}"
    more = stakes.weeks * ((_WIDTH * lift.se / math.log1p(wanted)) ** 2 - 1)
    return f"{_weeks(more)} would tell it from zero or from the break-even lift of {percent(wanted)}"


def _variation(config: ExperimentConfig, measured: Measured) -> float:
    """Return the outcome's coefficient of variation over the control's visitors."""
    control, name = measured.arms[config.control], metric_named(config.outcome).numerator
    return math.sqrt(control.variance_of(name)) / control.mean_of(name)


def _weeks(more: float) -> str:
    whole = max(1, math.ceil(more))
    return "1 more week" if whole == 1 else f"{count(whole)} more weeks"


def _unknown(config: ExperimentConfig, context: Context, stakes: Stakes) -> str:
    if metric_named(config.outcome).unit != "money":
        return f"no break-even is known for {config.outcome}; an outcome in money has one"
    if context.monthly_cost is None:
        return "declare the surface's monthly_cost to learn which lift would matter"
    if stakes.margin_rate is None:
        return "record unit costs, or declare margin_rate, to learn which lift would matter"
    if stakes.margin_rate <= 0:
        return "the margin is not above 0, so that no lift would pay; check the unit costs"
    return "it costs nothing, so that any lift would pay"
