"""What return prevention has: rates, what is missing for it, and what nudges saved, by the holdout of flagged baskets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, TypeVar

from counterclick.audits.gates import Intervention
from counterclick.config import ReturnsConfig
from counterclick.display import Grid, Shown, count, money, percent
from counterclick.stats import Moments
from counterclick.verdicts import Verdict

__all__ = ["MEASURED", "Baskets", "NudgeTest", "ReturnReport", "Saved", "saved_by"]

Rates = TypeVar("Rates", bound=Shown)
MEASURED = ("kept_margin", "returned_orders", "returned_value", "orders")
"""Measures of a visitor that savings are reckoned from."""
PREVENTED = "returns prevented"


@dataclass(frozen=True, slots=True)
class Saved:
    """A difference that nudges made over all nudged visitors, against flagged ones who were held out.

    Attributes:
        name: of what.
        value: over all nudged visitors.
        lower: of its 95 % interval.
        upper: of its 95 % interval.
        is_money: whether it is in the shop's currency.
    """

    name: str
    value: float
    lower: float
    upper: float
    is_money: bool

    def told(self, currency: str) -> tuple[str, str]:
        """Return value and interval as text."""

        def written(amount: float) -> str:
            return money(amount, currency) if self.is_money else f"{amount:,.1f}"

        return written(self.value), f"{written(self.lower)} to {written(self.upper)}"


@dataclass(frozen=True, slots=True)
class Baskets:
    """Baskets of one experiment, each as often as it was asked about; empty carts are none.

    Attributes:
        n_scored: all of them.
        n_flagged: those that are likely enough to come back.
        n_nudged: of these, those whose visitor was nudged.
        n_held_out: of these, those whose visitor was held out.
        n_by_rule: of all, those of which no chance was known, so that the static rule served.
    """

    n_scored: int
    n_flagged: int
    n_nudged: int
    n_held_out: int
    n_by_rule: int

    def told(self) -> str:
        """Return it in one sentence."""
        return (
            f"Baskets: {count(self.n_scored)} scored, of them {count(self.n_by_rule)} by the static rule; "
            f"{count(self.n_flagged)} flagged, of them {count(self.n_nudged)} nudged and {count(self.n_held_out)} held out."
        )


@dataclass(frozen=True, slots=True)
class NudgeTest:
    """One experiment on flagged baskets.

    Attributes:
        experiment: which.
        verdict: its verdict, or why there is none.
        baskets: that were scored, flagged, nudged and held out.
        n_nudged: finished visitors with a flagged basket who were nudged.
        n_held_out: finished visitors with a flagged basket who were held out.
        saved: differences; empty where there are too few visitors.
        says: what the savings leave out, in one sentence; empty where nothing.
        expected: returns that the nudged would have had if they were as those who were held out.
    """

    experiment: str
    verdict: Verdict | str
    baskets: Baskets
    n_nudged: int
    n_held_out: int
    saved: tuple[Saved, ...]
    says: str
    expected: float = 0.0

    @property
    def found(self) -> str:
        """Whether nudges prevent returns, as far as the interval tells, in one sentence; empty without one."""
        prevented = next((each for each in self.saved if each.name == PREVENTED), None)
        if prevented is None or self.expected <= 0:
            return ""
        share, lower, upper = (end / self.expected for end in (prevented.value, prevented.lower, prevented.upper))
        if lower > 0:
            reach = f"{percent(lower)} to {percent(upper)}"
            return f"Nudges prevent returns: {percent(share)} ({reach}) of those that come without them."
        if upper < 0:
            return f"Where nudges are shown more comes back: at least {percent(-upper)} more than of the held-out."
        return f"Nudges are idle as far as can be seen: they prevent at most {percent(upper)} of returns, and maybe none."


@dataclass(frozen=True, slots=True)
class ReturnReport(Shown, Generic[Rates]):
    """What return prevention has.

    Attributes:
        currency: of amounts.
        gates: before it, with what is missing and what to do instead.
        rates: how often what comes back.
        tests: experiments with the arm ``returns``.
    """

    currency: str
    gates: Intervention
    rates: Rates
    tests: tuple[NudgeTest, ...]

    def grids(self) -> list[Grid]:
        """Return the holdout's verdict first, then what was saved, the rates and the gates."""
        instead = () if self.gates.ready else (f"Until then: {self.gates.says}",)
        grid = self.gates.grid()
        gates = Grid(grid.title, grid.columns, grid.rows, (*grid.notes, *instead), grid.left)
        return [*self._verdicts(), *self.rates.grids(), gates]

    def _verdicts(self) -> list[Grid]:
        if not self.tests:
            says = "No experiment has the arm 'returns': what nudges would save is not known. docs/returns.md says how."
            return [Grid("What the holdout says", (), (), (says,))]
        found = []
        for test in self.tests:
            told = test.verdict
            says = f"{told.outcome}: {told.because}" if isinstance(told, Verdict) else f"No verdict yet: {told}"
            rows = [(each.name, *each.told(self.currency)) for each in test.saved]
            visitors = (
                f"{count(test.n_nudged)} visitors with a flagged basket were nudged, {count(test.n_held_out)} held out. "
                "What was saved is over all who were nudged, with intervals of 95 %."
            )
            columns = ("saved", "", "interval") if rows else ()
            notes = tuple(each for each in (says, test.found, test.baskets.told(), visitors, test.says) if each)
            found.append(Grid(f"What the holdout says: {test.experiment}", columns, rows, notes))
        return found


def saved_by(control: Moments, nudged: Moments, costs: ReturnsConfig) -> tuple[tuple[Saved, ...], str]:
    """Return what nudges saved over all nudged visitors, and what is left out.

    Every amount is a sum over visitors of weights times `MEASURED`, so that its variance takes in how these hang together;
    the difference of two arms is taken as normal. Net is kept margin, orders lost and all, plus the handling that was saved.

    Args:
        control: moments of `MEASURED` of flagged visitors who were held out.
        nudged: of those who were nudged.
        costs: what ``[returns]`` declares.
    """
    shipping = None
    if costs.shipping_out is not None and costs.shipping_back is not None:
        shipping = costs.shipping_out + costs.shipping_back
    parts: list[tuple[str, Mapping[str, float], bool]] = [
        (PREVENTED, {"returned_orders": -1.0}, False),
        ("orders lost", {"orders": -1.0}, False),
        ("kept margin", {"kept_margin": 1.0}, True),
    ]
    handling: dict[str, float] = {"kept_margin": 1.0}
    missing = []
    for name, measure, cost, settings in (
        ("shipping both ways", "returned_orders", shipping, "shipping_out and shipping_back"),
        ("restocking labour", "returned_orders", costs.restocking, "restocking"),
        ("lost value of goods", "returned_value", costs.value_loss, "value_loss"),
    ):
        if cost is None:
            missing.append(settings)
            continue
        parts.append((name, {measure: -cost}, True))
        handling[measure] = handling.get(measure, 0.0) - cost
    parts.append(("net", handling, True))
    says = f"Without {', '.join(missing)}: [returns] does not say what they cost." if missing else ""
    return tuple(_difference(name, weights, control, nudged, is_money) for name, weights, is_money in parts), says


def _difference(name: str, weights: Mapping[str, float], control: Moments, nudged: Moments, is_money: bool) -> Saved:  # noqa: FBT001
    value = _mean(weights, nudged) - _mean(weights, control)
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(
        _variance(weights, nudged) / nudged.n + _variance(weights, control) / control.n
    )
    n = nudged.n
    return Saved(name, n * value, n * (value - reach), n * (value + reach), is_money)


def _mean(weights: Mapping[str, float], arm: Moments) -> float:
    return sum(weight * arm.mean_of(name) for name, weight in weights.items())


def _variance(weights: Mapping[str, float], arm: Moments) -> float:
    whole = sum(
        one * other * (arm.variance_of(a) if a == b else arm.covariance_of(a, b))
        for a, one in weights.items()
        for b, other in weights.items()
    )
    return max(0.0, whole)
