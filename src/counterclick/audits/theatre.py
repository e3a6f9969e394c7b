"""Theatre: green arrows, flat revenue. Each surface's engagement beside its money, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass

from counterclick.audits.recommending import Lift, Recommendation, Situation, Trial, recommend, spoken
from counterclick.display import Grid, Shown, count, money, percent

__all__ = ["Surface", "SurfaceFigures", "Theatre", "theatre_audit"]


@dataclass(frozen=True, slots=True)
class SurfaceFigures:
    """What the log says of a surface over the months that it was seen.

    Attributes:
        months: from its first event, or the day since which it is declared to be live, to the log's end; None where it
            was never seen.
        interactions_a_month: answers and clicks.
        ctr: clicks over lists shown and messages sent; None where it shows none.
        attributed_a_month: revenue that the shop's rule credits to it.
        attributed_share: of the shop's revenue.
    """

    months: float | None
    interactions_a_month: float = 0.0
    ctr: float | None = None
    attributed_a_month: float = 0.0
    attributed_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Surface:
    """One surface.

    Attributes:
        situation: cost, experiment, days, proposal.
        figures: engagement and credit.
        recommendation: what to do.
    """

    situation: Situation
    figures: SurfaceFigures
    recommendation: Recommendation

    @property
    def name(self) -> str:
        """Of the surface."""
        return self.situation.surface

    @property
    def tested(self) -> Trial | None:
        """Its experiment."""
        return self.situation.tested

    @property
    def green(self) -> tuple[str, ...]:
        """Proxies that have risen, as the drift audit says: up, and further than revenue, all of them tested together."""
        return self.tested.risen if self.tested else ()

    @property
    def is_theatre(self) -> bool:
        """Whether a proxy has risen while its experiment has not won: green arrows, and no money shown."""
        verdict = self.situation.verdict
        if verdict is None or verdict.outcome not in ("lost", "inconclusive") or not verdict.looks:
            return False
        shown = verdict.revenue_lift is not None and verdict.revenue_lift[1] > 0
        return bool(self.green) and not shown and verdict.kind not in ("held for a data check", "guardrail not shown")


@dataclass(frozen=True, slots=True)
class Theatre(Shown):
    """Every surface's engagement beside its money, with one recommendation each.

    Attributes:
        currency: of amounts.
        surfaces: in the order of what to do: switch off, test, too early, keep.
    """

    currency: str
    surfaces: tuple[Surface, ...]

    def grids(self) -> list[Grid]:
        """Return what to do, then the figures beside each other."""
        return [self.advice(), *self.figures()]

    def figures(self) -> list[Grid]:
        """Return engagement and credit, and the lifts by concurrent holdout."""
        return [self._engagement(), *([self._money()] if any(s.tested for s in self.surfaces) else [])]

    def advice(self) -> Grid:
        """Return one line for each surface: what to do, by which rule, and why."""
        rows = [
            (surface.name, surface.recommendation.action, surface.recommendation.rule, surface.recommendation.because)
            for surface in self.surfaces
        ]
        return Grid("What to keep, what to switch off", ("surface", "do", "rule", "because"), rows, left=4)

    def _engagement(self) -> Grid:
        rows = [
            (
                surface.name,
                "never" if surface.figures.months is None else f"{surface.figures.months:.1f}",
                "not known"
                if surface.situation.monthly_cost is None
                else money(surface.situation.monthly_cost, self.currency),
                count(surface.figures.interactions_a_month),
                "-" if surface.figures.ctr is None else percent(surface.figures.ctr),
                money(surface.figures.attributed_a_month, self.currency),
                percent(surface.figures.attributed_share, 0),
            )
            for surface in self.surfaces
        ]
        heads = ("surface", "months", "cost a month", "interactions", "ctr", "credited a month", "of revenue")
        note = "Months: since its first event in the log, or the declared day. Interactions a month: answers and clicks."
        return Grid("Engagement and credit", heads, rows, (note,))

    def _money(self) -> Grid:
        rows, notes = [], []
        for surface in self.surfaces:
            tested = surface.tested
            if tested is None or tested.verdict is None:
                continue
            verdict = tested.verdict
            rows.append(_cells(surface.name, verdict.control, verdict.revenue_lift, tested))
            rows += [
                _cells(surface.name, found.against, found.revenue_lift, None)
                for found in verdict.contrasts
                if found.treatment == verdict.treatment
            ]
            if surface.is_theatre:
                shown = ", ".join(f"{name} {spoken(tested.proxies[name])}" for name in surface.green)
                notes.append(f"THEATRE on {surface.name}: {shown}, further than revenue per visitor, which has not won.")
        notes.append("Order value and units per order say nothing without conversion: revenue per visitor decides.")
        heads = ("surface", "against", "revenue per visitor", "units per order", "order value")
        return Grid("Lifts by concurrent holdout, 95 % intervals", heads, rows, notes, left=2)


_ORDER = ("switch off", "test", "too early", "keep")


def theatre_audit(situations: list[tuple[Situation, SurfaceFigures]], currency: str) -> Theatre:
    """Return each surface with its recommendation: first what to switch off.

    Args:
        situations: one for each surface, with what the log says of it.
        currency: of all amounts.
    """
    surfaces = [Surface(situation, figures, recommend(situation)) for situation, figures in situations]
    surfaces.sort(key=lambda surface: (_ORDER.index(surface.recommendation.action), surface.name))
    return Theatre(currency, tuple(surfaces))


def _cells(name: str, against: str, revenue: Lift | None, tested: Trial | None) -> tuple[str, ...]:
    lifts = tested.lifts if tested else {}
    return (
        name,
        against,
        spoken(revenue) if revenue else "not shown",
        spoken(lifts["units_per_order"]) if "units_per_order" in lifts else "-",
        spoken(lifts["aov"]) if "aov" in lifts else "-",
    )
