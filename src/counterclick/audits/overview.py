"""The overview: a period's figures beside the one before and last year, every surface's money, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from counterclick.audits.beside import LEVEL, Change, Figure
from counterclick.audits.exchange import Exchange
from counterclick.audits.next_step import Step
from counterclick.display import Grid, Shown, money, percent, signed_percent
from counterclick.metrics import MEASURES, METRICS, Period

__all__ = ["Earning", "Overview", "Together"]

_Interval = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Earning:
    """What a surface claims, is credited with, and earns: shares of one base, the revenue of visitors who had it.

    Attributes:
        surface: which.
        experiment: by which it is known; None without one.
        base_revenue: of the visitors who had the feature; of the whole shop without an experiment.
        claimed: share of it that the surface claims.
        attributed: share of it that the rule credits to the surface.
        incremental: share of it that the feature earned over the control, with its interval; None where not measured.
        outcome: of the verdict; None without one.
        a_month: money a month that it earns over its control: value, lower and upper end; None where not measured.
        monthly_cost: declared in ``shop.toml``.
        says: why nothing is measured; empty where it is.
    """

    surface: str
    experiment: str | None
    base_revenue: float
    claimed: float
    attributed: float
    incremental: _Interval | None
    outcome: str | None
    a_month: _Interval | None
    monthly_cost: float | None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """What all AI surfaces earn together: visitors who get any of them beside the global holdout, who get none.

    Attributes:
        outcome: of the holdout's verdict; None without one.
        a_month: money a month that all of them earn over none: value, lower and upper end; None where not known.
        lift: of the holdout's outcome, likewise.
        metric: that outcome.
        next_look_on: day on which the verdict may change; None where looking has ended, or there is none.
        says: what the verdict rests on; why nothing is known, and what to do, where it is not.
    """

    outcome: str | None
    a_month: _Interval | None
    lift: _Interval | None
    metric: str | None
    next_look_on: date | None
    says: str


@dataclass(frozen=True, slots=True)
class Overview(Shown):
    """A period of the shop on one page.

    Attributes:
        currency: of amounts.
        surface: of which surface the figures are; None for the whole shop.
        asked: the period that was asked for.
        period: of it, the whole days that are known.
        known_on: the last whole day that is known.
        is_over: whether all of its days are known.
        figures: one for each metric.
        earnings: one for each surface and experiment.
        together: what all surfaces earn, which is not the sum of what each does.
        step: the one thing to do next; its sentences stay in the shop's currency.
        exchange: how amounts come to another currency than the shop's; None where they are in that.
    """

    currency: str
    surface: str | None
    asked: Period
    period: Period
    known_on: date
    is_over: bool
    figures: tuple[Figure, ...]
    earnings: tuple[Earning, ...]
    together: Together
    step: Step
    exchange: Exchange | None = None

    def shown_in(self, exchange: Exchange | None) -> Overview:
        """Return the same with its amounts in another currency; as it is for None."""
        if exchange is None:
            return self
        return replace(
            self,
            currency=exchange.currency,
            figures=tuple(_exchanged(each, exchange) for each in self.figures),
            earnings=tuple(
                replace(
                    each,
                    base_revenue=each.base_revenue / exchange.rate,
                    a_month=exchange.ends(each.a_month),
                    monthly_cost=exchange.of(each.monthly_cost),
                )
                for each in self.earnings
            ),
            together=replace(self.together, a_month=exchange.ends(self.together.a_month)),
            exchange=exchange,
        )

    def figure(self, metric: str) -> Figure:
        """Return a figure by its metric.

        Raises:
            KeyError: there is none of that name.
        """
        return {figure.metric: figure for figure in self.figures}[metric]

    def grids(self) -> list[Grid]:
        """Return what to do next, the figures, and what the surfaces earn, each and together."""
        step = Grid("The one thing to do next", (), (), (self.step.says, f"Rule: {self.step.rule}. {self.step.because}"))
        return [step, self._figures(), self._earnings(), self._together()]

    def _figures(self) -> Grid:
        has_year = any(figure.year_before.value is not None for figure in self.figures)
        rows = []
        for figure in self.figures:
            mark = " *" if figure.is_provisional else ""
            beside: tuple[str, ...] = self._beside(figure, figure.before)
            if has_year:
                beside += self._beside(figure, figure.year_before)
            rows.append((figure.metric.replace("_", " "), self._amount(figure, figure.value) + mark, *beside))
        heads = ("", "", "before", "change, %", *(("last year", "change, %") if has_year else ()))
        return Grid(self._title(), heads, rows, self._notes())

    def _title(self) -> str:
        of = f" of {self.surface}" if self.surface else ""
        until = "" if self.is_over else f", so far: until {self.period.last_on}"
        return f"{self.asked.name}{of}{until}"

    def _notes(self) -> list[str]:
        before, year = self.figures[0].before.period, self.figures[0].year_before.period
        notes = [
            f"Days {self.period.first_on} to {self.period.last_on}; before: {before.first_on} to {before.last_on}; last "
            f"year: {year.first_on} to {year.last_on}. Changes of totals are those of a day's mean.",
            f"! marks a change that is more than chance. Intervals are of {percent(LEVEL, 0)}, over weeks; the marks are "
            "Holm-adjusted over all figures.",
            *([self.exchange.says] if self.exchange else []),
        ]
        waiting = {figure.final_on for figure in self.figures if figure.is_provisional}
        notes += [
            f"* provisional until {day}: "
            + ", ".join(each.metric for each in self.figures if each.is_provisional and each.final_on == day)
            for day in sorted(waiting)
        ]
        said: dict[str, list[str]] = {}
        for figure in self.figures:
            for which, change in (("the period before", figure.before), ("last year", figure.year_before)):
                if change.says:
                    said.setdefault(f"{which}: {change.says}", []).append(figure.metric)
        every = len(self.figures)
        notes += [
            f"Against {says}" if len(names) == every else f"{', '.join(names)} against {says}"
            for says, names in said.items()
        ]
        return notes

    def _amount(self, figure: Figure, value: float | None) -> str:
        if value is None:
            return "not known"
        if figure.unit == "money":
            return money(value, self.currency)
        return percent(value, 2) if figure.unit == "rate" else f"{value:,.3f}".removesuffix(".000")

    def _beside(self, figure: Figure, change: Change) -> tuple[str, str]:
        then = "-" if change.value is None else self._amount(figure, change.value)
        if change.change is None:
            return then, "not known"
        if change.lower is None or change.upper is None:
            return then, f"{change.change * 100:+.1f}, no interval"
        ends = f"[{change.lower * 100:+.1f}, {change.upper * 100:+.1f}]"
        return then, f"{'! ' * change.differs}{change.change * 100:+.1f} {ends}"

    def _earnings(self) -> Grid:
        rows = [
            (
                each.surface,
                each.experiment or "-",
                percent(each.claimed, 0),
                percent(each.attributed, 0),
                "not measured" if each.incremental is None else _spoken(each.incremental),
                each.outcome or "-",
            )
            for each in self.earnings
        ]
        notes = [
            "Shares of the revenue of visitors who had the feature, over its experiment; without one, of all revenue. Only "
            "what a holdout shows is incremental.",
            *(f"{each.surface}: {each.says}" for each in self.earnings if each.says),
        ]
        heads = ("surface", "experiment", "claimed", "credited", "incremental", "verdict")
        return Grid("What each surface claims, is credited with, and earns", heads, rows, notes, left=2)

    def _together(self) -> Grid:
        found, title = self.together, "What all AI surfaces earn together"
        if found.outcome is None:
            return Grid(title, (), (), (found.says,))
        rows = [("verdict", found.outcome), ("a month", "not known")]
        if found.a_month is not None:
            value, lower, upper = (money(end, self.currency) for end in found.a_month)
            rows[-1] = ("a month", f"{value} [{lower}, {upper}]")
        if found.lift is not None and found.metric is not None:
            rows.append((f"lift of {found.metric.replace('_', ' ')}", _spoken(found.lift)))
        notes = [found.says]
        notes += [f"Provisional: the next look is on {found.next_look_on}."] if found.next_look_on else []
        return Grid(title, ("", ""), rows, notes, left=2)


def _exchanged(figure: Figure, exchange: Exchange) -> Figure:
    parts: dict[str, float | None] = {}
    metric = METRICS[figure.metric]
    if MEASURES[metric.numerator].is_money:
        parts["numerator"] = exchange.of(figure.numerator)
    if metric.denominator in MEASURES and MEASURES[metric.denominator].is_money:
        parts["denominator"] = exchange.of(figure.denominator)
    if figure.unit != "money":
        return replace(figure, **parts)  # type: ignore[arg-type]  # amounts are all that is replaced
    before, year = (replace(each, value=exchange.of(each.value)) for each in (figure.before, figure.year_before))
    return replace(figure, value=exchange.of(figure.value), before=before, year_before=year, **parts)  # type: ignore[arg-type]


def _spoken(interval: _Interval) -> str:
    value, lower, upper = interval
    return f"{signed_percent(value)} [{signed_percent(lower)}, {signed_percent(upper)}]"
