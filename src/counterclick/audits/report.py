"""The report of a month: everything that the audit says, on a few pages that can be forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from counterclick.audits.changes import Changes
from counterclick.audits.ledger import Ledger
from counterclick.audits.months import Figure, Month, figures_grid
from counterclick.audits.page import Audit
from counterclick.audits.quarter import Quarter
from counterclick.audits.theatre import Surface
from counterclick.display import Grid, Shown, percent

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """What a month says of a shop's AI features.

    Attributes:
        shop: its name: that of the folder of ``shop.toml``.
        currency: of all amounts.
        timezone: in which days and months begin.
        month: that it is about.
        before: the month before; None where nothing is recorded of it.
        last_year: the same month of last year; None where nothing is recorded of it.
        known_on: day on which the last event arrived: what came until then counts, returns too.
        audit_of: day at whose end verdicts and all that rests on them stand.
        figures: of the month beside the others.
        ledger: claims and credits of the month's orders.
        n_beyond: claims on periods that reach beyond the month, and are in no sum of it.
        audit: as it stood at the end of that day.
        changes: against the end of the month before; None where they were not asked for, or there is nothing to compare.
        no_changes: why there are none, where they were asked for.
        quarter: what the verdicts of the month's quarter were worth; None where it was not asked for.
    """

    shop: str
    currency: str
    timezone: str
    month: Month
    before: Month | None
    last_year: Month | None
    known_on: date
    audit_of: date
    figures: tuple[Figure, ...]
    ledger: Ledger
    n_beyond: int
    audit: Audit
    changes: Changes | None = None
    no_changes: str = ""
    quarter: Quarter | None = None

    @property
    def headline(self) -> tuple[str, ...]:
        """What to do, in sentences: first what to switch off."""
        by: dict[str, list[str]] = {}
        for surface in self.audit.theatre.surfaces:
            by.setdefault(surface.recommendation.action, []).append(surface.name)
        if not by:
            return ("No AI surface is declared or recorded: there is nothing to switch off or keep.",)
        says = []
        if "switch off" in by:
            says.append(f"Switch off {_listed(by['switch off'])}.")
        if "keep" in by:
            says.append(f"Keep {_listed(by['keep'])}.")
        if "test" in by:
            says.append(f"Test {_listed(by['test'])}: what {_it(by['test'])} is not shown.")
        if "too early" in by:
            says.append(f"Too early to say: {_listed(by['too early'])}.")
        return tuple(says)

    @property
    def credit(self) -> str:
        """What was claimed and credited of the month's revenue, in one sentence."""
        ledger = self.ledger
        if not ledger.revenue:
            return f"{self.month.name} has no revenue of which a share could be claimed."
        twice = percent(ledger.n_twice / ledger.n_orders, 0) if ledger.n_orders else "0 %"
        return (
            f"Of the revenue of {self.month.name}, {percent(ledger.claimed / ledger.revenue, 0)} is claimed ({twice} of orders "
            f"twice or more) and {percent(ledger.attributed / ledger.revenue, 0)} credited. Neither is an effect."
        )

    @property
    def standing(self) -> str:
        """As of when all of it stands, in one sentence."""
        return (
            f"What was recorded by {self.known_on} counts, returns too: later ones restate these figures. Verdicts and all "
            f"that rests on them stand as of the end of {self.audit_of}."
        )

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """Each surface with what to do: first what to switch off."""
        return self.audit.theatre.surfaces

    def figures_grid(self) -> Grid:
        """Return the month in figures."""
        return figures_grid(self.figures, self.currency, self.month, self.before, self.last_year)

    def advice(self) -> Grid:
        """Return one short line for each surface."""
        rows = [(each.name, each.recommendation.action, why(each)) for each in self.surfaces]
        return Grid("What to switch off, what to keep", ("surface", "do", "why"), rows, left=3)

    def ledger_grids(self) -> list[Grid]:
        """Return the claims on the month's orders."""
        return self.ledger.grids()

    def grids(self) -> list[Grid]:
        """Return the report as tables."""
        head = Grid(
            f"{self.shop}, {self.month.name}",
            (),
            (),
            tuple(note for note in (*self.headline, self.credit, self.standing, self.beyond) if note),
        )
        parts = [head, self.advice(), self.figures_grid(), *self.ledger.grids(), *self.audit.grids()]
        if self.changes is not None:
            parts += self.changes.grids()
        elif self.no_changes:
            parts.append(Grid("What changed", (), (), (self.no_changes,)))
        if self.quarter is not None:
            parts += self.quarter.grids()
        return parts

    @property
    def beyond(self) -> str:
        """What is left out of the month's claims; empty where nothing is."""
        if not self.n_beyond:
            return ""
        are = "1 claim on a period reaches" if self.n_beyond == 1 else f"{self.n_beyond} claims on periods reach"
        return f"{are} beyond {self.month.name} and {'is' if self.n_beyond == 1 else 'are'} in no sum of it."


def why(surface: Surface) -> str:
    """Return why a surface is to be kept or switched off, without how it could be tested."""
    said = surface.recommendation.because
    proposal = surface.situation.proposal
    return said.removesuffix(proposal).strip() if proposal else said


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _it(names: list[str]) -> str:
    return "it earns" if len(names) == 1 else "they earn"
