"""What a shop can trust: its own past visitors, assigned anew a thousand times, and judged as if it were an experiment.

Nothing was done to these visitors, so that every win and every loss among the trials is false. With a known effect laid
on the baskets of the treated, the share of wins is the power.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from counterclick.config import ExperimentConfig, duration
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import RefusedError
from counterclick.experiments.assignment import BUCKETS, buckets
from counterclick.experiments.context import Context
from counterclick.experiments.estimating import FEW_BUYERS, LEAST_BUYERS
from counterclick.experiments.history import MOST_WEEKS, seen_on
from counterclick.facts.local_time import local
from counterclick.facts.people import first_rows
from counterclick.facts.rows import all_rows, floats, one_row
from counterclick.metrics import Sources, metric_named, per_visitor
from counterclick.stats import Trials, design_bounds, run_trials

__all__ = ["Calibration", "Progress", "Rates", "calibrate", "silent"]

Progress = Callable[[str, float], None]
"""Called with the step and the fraction done."""
_SPLITS = {"50/50": 0.5, "80/20": 0.8, "90/10": 0.9}
"""Share of the feature."""
_FIRST_WEEK = 2
_NOMINAL = 0.025


def silent(step: str, fraction: float) -> None:
    """Say nothing."""
    del step, fraction


@dataclass(frozen=True, slots=True)
class Rates:
    """What the trials of one split came to.

    Attributes:
        split: such as 80/20.
        smaller: buyers in the smaller arm by the end, on average.
        false_wins: share of trials won although nothing had been done.
        false_losses: share lost.
        power: share won with the lift laid on.
        wrong: share lost with it.
        weeks: mean week of the deciding look with the lift laid on, the end where none decided.
    """

    split: str
    smaller: float
    false_wins: float
    false_losses: float
    power: float
    wrong: float
    weeks: float


@dataclass(frozen=True, slots=True)
class Calibration(Shown):
    """Error rates and power on a shop's own past.

    Attributes:
        experiment: whose surface, outcome and window.
        draws: trials of each split.
        lift: the effect that was laid on.
        visitors: whose past it is.
        buyers: of these.
        weeks: of entry.
        rates: by split.
    """

    experiment: str
    draws: int
    lift: float
    visitors: int
    buyers: int
    weeks: int
    rates: tuple[Rates, ...]

    def error(self, rate: float) -> float:
        """Return the Monte Carlo standard error of a rate."""
        return math.sqrt(max(rate * (1 - rate), 1 / self.draws / 4) / self.draws)

    @property
    def holds(self) -> bool:
        """Whether no error rate lies above 2.5 % by more than its Monte Carlo error explains (three standard errors)."""
        most = _NOMINAL + 3 * self.error(_NOMINAL)
        return all(max(found.false_wins, found.false_losses) <= most for found in self.rates)

    def grids(self) -> list[Grid]:
        """Return the rates of each split with what they mean below."""
        rows = [
            (
                found.split,
                count(round(found.smaller)),
                self._rate(found.false_wins),
                self._rate(found.false_losses),
                self._rate(found.power),
                self._rate(found.wrong),
                f"{found.weeks:.1f}",
            )
            for found in self.rates
        ]
        lift = percent(self.lift)
        heads = ("split", "buyers", "false wins", "false losses", f"won at +{lift}", f"lost at +{lift}", "weeks")
        notes = [
            f"{count(self.draws)} trials a split over {count(self.visitors)} past visitors ({count(self.buyers)} buyers) of "
            f"{self.weeks} weeks, looks included; buyers: in the smaller arm by the end. +-: Monte Carlo standard error.",
            "Nothing was done to these visitors: wins and losses in the first two columns are false; each may be 2.5 %.",
            "The effect is laid on the baskets of the treated. An effect on how many buy is seen about as well. Guardrails, "
            "preconditions and a declared adjustment are no part of it.",
        ]
        few = [found.split for found in self.rates if found.smaller < LEAST_BUYERS]
        if few:
            notes.append(
                f"{', '.join(few)}: fewer than {LEAST_BUYERS} buyers in the smaller arm, so that nothing is decided."
            )
        if not self.holds:
            notes.append("An error rate is too high by more than chance: trust no verdict of this split, and report it.")
        notes.append(
            "Run one live A/A beside it: two arms that show the same. It also tests what no past can: that exposures, "
            "assignment and orders are recorded alike in both."
        )
        return [Grid(f"Calibration of {self.experiment} on this shop's own past", heads, rows, notes)]

    def _rate(self, rate: float) -> str:
        return f"{percent(rate)} +- {self.error(rate) * 100:.1f}"


def calibrate(
    name: str, config: ExperimentConfig, context: Context, lift: float, draws: int, progress: Progress
) -> Calibration:
    """Assign past visitors anew, many times, and return how often a verdict would have been wrong, or right.

    Buyers are assigned by the hash that assigns visitors, with a salt for each trial; of visitors without an order only
    the number in each arm matters, and it is drawn. Looks, bounds and tests are those of a verdict; the planned buyers
    are those that came.

    Args:
        name: the experiment whose surface, outcome and window are taken.
        config: its declaration.
        context: tables and values of the shop.
        lift: relative effect to be laid on, such as 0.1.
        draws: trials of each split.
        progress: called with each step and the fraction done.

    Raises:
        RefusedError: fewer than two whole weeks of visitors, too few buyers, or a lift that cannot be.
    """
    if not 0 < lift <= 10 or not 10 <= draws <= 100_000:  # noqa: PLR2004 - what makes sense
        raise RefusedError(
            f"a calibration needs a lift above 0 (0.1 is +10 %) and 10 to 100,000 draws; got {lift}, {draws}."
        )
    if config.looks == "anytime":
        raise RefusedError("anytime-valid looks have no plan to calibrate; set looks to weekly, or to end.")
    past = _past(name, config, context)
    shares = dict(_SPLITS)
    own = config.variants[config.feature] / (config.variants[config.feature] + config.variants[config.control])
    if not any(math.isclose(own, share) for share in shares.values()):
        shares[f"{own * 100:.0f}/{100 - own * 100:.0f}"] = own
    places = np.empty((len(past.amounts), draws), dtype=np.uint16)
    for draw in range(draws):
        places[:, draw] = buckets(f"calibration-{draw}", past.buyers)
        if draw % 20 == 0:
            progress("assigning", 0.8 * draw / draws)
    rates = []
    for number, (label, share) in enumerate(shares.items()):
        progress(f"judging {label}", 0.8 + 0.2 * number / len(shares))
        rates.append(_rates(label, share, past, places, lift, number, weekly=config.looks == "weekly"))
    return Calibration(
        name, draws, lift, int(past.others.sum()) + len(past.buyers), len(past.buyers), past.weeks, tuple(rates)
    )


@dataclass(frozen=True, slots=True)
class _Past:
    """Visitors of the past weeks: buyers with their amounts and the look that first counts them, others by number."""

    buyers: Sequence[str]
    amounts: NDArray[np.float64]
    look: NDArray[np.int64]
    others: NDArray[np.int64]
    weeks: int


def _past(name: str, config: ExperimentConfig, context: Context) -> _Past:
    seen, _basis = seen_on(context.facts.events, config, context.as_of)
    days = seen.select("visitor_id", "occurred_at", "event_id", day=local(seen.occurred_at, context.timezone).cast("date"))
    ends = one_row(days.agg(first=_.day.min(), last=_.day.max()))
    planned = math.ceil(((config.ends_on - config.starts_on).days + 1) / 7)
    length = ((ends["last"] - ends["first"]).days + 1) // 7 if ends["first"] else 0
    weeks = min(length, planned, MOST_WEEKS)
    if weeks < _FIRST_WEEK:
        raise RefusedError(
            f"experiment {name!r} cannot be calibrated: the past visitors cover {length} whole weeks; two are the least. "
            "Record more history."
        )
    since = ends["last"] - timedelta(days=7 * weeks)
    first = first_rows(days.filter(days.day > ibis.literal(since)), "visitor_id", [_.occurred_at, _.event_id])
    units = first.select("visitor_id", "day", exposed_at=first.occurred_at)
    metric = metric_named(config.outcome)
    values = per_visitor(Sources(context.facts, context.rule), units, [metric.numerator], duration(config.window))
    column = values[metric.numerator]
    week = values.day.delta(ibis.literal(since), unit="day") - 1
    counted = values.select("visitor_id", amount=column, week=(week / 7).floor().cast("int64"))
    sizes = all_rows(counted.filter(counted.amount <= 0).group_by("week").agg(n=_.count()))
    bought = counted.filter(counted.amount > 0).order_by(["week", "visitor_id"]).to_pyarrow()
    looks = weeks - _FIRST_WEEK + 1
    others = np.zeros(looks, dtype=np.int64)
    for row in sizes:
        others[max(0, row["week"] - _FIRST_WEEK + 1)] += row["n"]
    look = np.maximum(np.asarray(bought["week"].to_numpy(), dtype=np.int64) - _FIRST_WEEK + 1, 0)
    amounts = floats(bought["amount"])
    if len(amounts) < 2 * LEAST_BUYERS:
        raise RefusedError(
            f"experiment {name!r} cannot be calibrated: {len(amounts)} past buyers are known by their visits, and "
            f"{2 * LEAST_BUYERS} are the least. Record events with visitor ids, orders included."
        )
    return _Past(bought["visitor_id"].to_pylist(), amounts, look, others, weeks)


def _rates(
    label: str, share: float, past: _Past, places: NDArray[np.uint16], lift: float, seed: int, *, weekly: bool
) -> Rates:
    treated = places < round(share * BUCKETS)
    rng = np.random.default_rng(seed)
    others = rng.binomial(past.others[:, np.newaxis], share, (len(past.others), places.shape[1]))
    information = np.bincount(past.look, minlength=len(past.others)).cumsum().astype(float)
    least = LEAST_BUYERS / min(share, 1 - share)
    bounds = design_bounds(information.tolist(), float(information[-1]), least if weekly else math.inf)

    def trials(effect: float) -> Trials:
        return run_trials(
            past.amounts, past.look, treated, past.others, others, share, bounds, FEW_BUYERS, seed, lift=effect, refine=False
        )

    idle, moved = trials(0.0), trials(lift)
    verdicts, _looks = idle.decided(LEAST_BUYERS)
    found, looks = moved.decided(LEAST_BUYERS)
    return Rates(
        split=label,
        smaller=float(idle.fewest[-1].mean()),
        false_wins=float((verdicts > 0).mean()),
        false_losses=float((verdicts < 0).mean()),
        power=float((found > 0).mean()),
        wrong=float((found < 0).mean()),
        weeks=float((looks + _FIRST_WEEK).mean()),
    )
