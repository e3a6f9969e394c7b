"""What replenishment of a shop has: the verdict on the share that is left out, gates, how far chances hold, who is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from counterclick.audits.gates import Intervention
from counterclick.audits.readiness import Readiness
from counterclick.config import REPLENISH, Config
from counterclick.decisions.customer_values import CustomerTest
from counterclick.decisions.rebuy_test import Held, RebuyTest
from counterclick.decisions.rebuys import day_of
from counterclick.display import Grid, Shown, count, money, percent
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments import Experiment
from counterclick.shop.learnt import taken_up
from counterclick.shop.reading import Reading
from counterclick.shop.registry import verdict_of
from counterclick.shop.replenishing import Segments, segments
from counterclick.store import Store
from counterclick.verdicts import Verdict

__all__ = ["Reminded", "ReplenishReport", "replenishment_told"]

_NEXT = 25
_LEAST = 0.1
_MOST = 3
_UNFITTED = "nothing was learned yet: `counterclick fit replenish` does it"


@dataclass(frozen=True, slots=True)
class Reminded:
    """One experiment that leaves customers out.

    Attributes:
        experiment: which.
        verdict: its verdict, or why there is none.
        n_reminded: customers who were reminded, and whose window has closed.
        n_left_out: customers who were left out, likewise.
    """

    experiment: str
    verdict: Verdict | str
    n_reminded: int
    n_left_out: int


@dataclass(frozen=True, slots=True)
class ReplenishReport(Shown):
    """What replenishment has.

    Attributes:
        currency: of amounts.
        tests: experiments with the arm ``replenish``.
        gates: before it, with what is missing and what to do instead.
        missing: what is missing for what is learned, each in one sentence.
        last_on: last day that was learned from; None where nothing was.
        rebuys: how chances of a rebuy did on later days, by horizon.
        customers: how expected orders and value did; None where nothing was learned.
        levels: by what expected orders, and value, are multiplied, and of how many days they are; None without.
        today: as of when who is next is told.
        next: of whom a reminder is likeliest to fall in the right days, without a name: columns of `segments_of` but the
            customer.
        n_next: customers in the whole list.
    """

    currency: str
    tests: tuple[Reminded, ...]
    gates: Intervention
    missing: tuple[str, ...]
    last_on: date | None
    rebuys: tuple[RebuyTest, ...]
    customers: CustomerTest | None
    levels: tuple[float, float, int] | None
    today: date
    next: tuple[Mapping[str, Any], ...]
    n_next: int

    def grids(self) -> list[Grid]:
        """Return the verdicts first, then who is next, how far chances and values hold, and the gates."""
        return [*self._verdicts(), self._next(), *self._judged(), self.gates.grid()]

    def _verdicts(self) -> list[Grid]:
        if not self.tests:
            says = (
                f"No experiment has the arm {REPLENISH!r}: what reminders earn is not known. docs/replenishment.md says how."
            )
            return [Grid("What the share that is left out says", (), (), (says,))]
        found = []
        for test in self.tests:
            told = test.verdict
            says = f"{told.outcome}: {told.because}" if isinstance(told, Verdict) else f"No verdict yet: {told}"
            whom = f"{count(test.n_reminded)} customers were reminded, {count(test.n_left_out)} left out by lot."
            found.append(Grid(f"What the share that is left out says: {test.experiment}", (), (), (says, whom)))
        return found

    def _next(self) -> Grid:
        rows = [
            (row["type"], percent(row["probability_then"]), f"{row['send_on']}", f"{row['because']}") for row in self.next
        ]
        notes = [f"Missing: {each}." for each in self.missing]
        if rows:
            notes.append(f"{count(self.n_next)} customers in all; `counterclick replenish --out segments.csv` names them.")
        heads = ("type", "chance", "send on", "because") if rows else ()
        return Grid(f"Who is next, as of {self.today}", heads, rows, notes)

    def _judged(self) -> list[Grid]:
        found = [rebuy_grid(each) for each in self.rebuys]
        if self.customers is not None:
            found += [customer_grid(self.customers, self.currency)]
        if self.levels is not None:
            orders, value, days = self.levels
            says = (
                f"Expected orders are multiplied by {orders:.2f} and their value by {value:.2f}: what was placed in the "
                f"newest {count(days)} days, over what a model expected that had not seen them. Where a season turns, that "
                "comes late."
            )
            found.append(Grid("The level", (), (), (says,)))
        return found


def rebuy_grid(test: RebuyTest) -> Grid:
    """Return how chances of a rebuy did, by tenths, with what tells pairs apart below."""
    rows = [(f"{n}", *_told(part, percent)) for n, part in enumerate(test.tenths, 1)]
    areas = ", ".join(f"{each.name} {each.value:.3f} [{each.lower:.3f}, {each.upper:.3f}]" for each in test.areas)
    notes = (
        f"Judged on {count(test.n_pairs)} pairs of {count(test.n_customers)} customers, as of {day_of(test.day)}: "
        f"{percent(test.rate)} were bought again.",
        f"Area under the curve: {areas}.",
    )
    return Grid(f"Bought again within {test.horizon} days", ("tenth", "said", "came", "interval"), rows, notes)


def customer_grid(test: CustomerTest, currency: str) -> Grid:
    """Return how expected orders and value did, by tenths."""
    rows = [
        (f"{n}", f"{one.said:.2f}", f"{one.came:.2f}", f"{two.said:,.2f}", f"{two.came:,.2f}")
        for n, (one, two) in enumerate(zip(test.tenths, test.value_tenths, strict=True), 1)
    ]
    notes = (
        f"Judged on all {count(test.n)} customers with an order before {day_of(test.day)}, by the {count(test.days)} days "
        "from then on.",
        f"{count(test.orders)} orders were placed, {count(test.expected_orders)} expected; worth "
        f"{money(test.value, currency)}, {money(test.expected_value, currency)} expected.",
    )
    heads = ("tenth", "orders said", "orders came", "value said", "value came")
    return Grid("Orders and value of customers", heads, rows, notes)


def _told(part: Held, written: Any) -> Sequence[str]:
    return written(part.said), written(part.came), f"[{written(part.lower)}, {written(part.upper)}]"


def replenishment_told(
    store: Store,
    reading: Reading,
    config: Config,
    readiness: Readiness,
    experiments: Mapping[str, Experiment],
    today: date | None,
) -> ReplenishReport:
    """Return what replenishment of a shop has; nothing is learned or recorded for it.

    Args:
        store: of the shop.
        reading: the store.
        config: what ``shop.toml`` declares.
        readiness: what the shop is ready for.
        experiments: by name.
        today: as of when who is next is told; the shop's present day unless given.
    """
    found = taken_up(store, config, datetime.now(UTC))
    learnt, lacks = (None, found or _UNFITTED) if isinstance(found, str) else (found, "")
    knows = None if learnt is None else learnt.knows
    try:
        whom = segments(reading, config, learnt, lacks, today, _LEAST, _MOST)
    except RefusedError as error:
        whom = segments(reading, config, None, str(error).rstrip("."), today, _LEAST, _MOST)
    gates = next(each for each in readiness.interventions if each.name == "predictions per customer")
    return ReplenishReport(
        currency=config.shop.currency,
        tests=tuple(_tested(name, each) for name, each in experiments.items() if REPLENISH in each.config.variants),
        gates=gates,
        missing=whom.missing,
        last_on=None if knows is None else knows.last_on,
        rebuys=() if knows is None else knows.tests,
        customers=None if knows is None else knows.customer_test,
        levels=None if knows is None else (knows.customers.order_level, knows.customers.value_level, knows.customers.days),
        today=whom.today,
        next=_first(whom),
        n_next=whom.n_reminded,
    )


def _tested(name: str, experiment: Experiment) -> Reminded:
    verdict = verdict_of(experiment)
    try:
        arms = experiment.moments(("orders_per_visitor",))
    except (EmptyStoreError, RefusedError):
        arms = {}
    sizes = [arms[arm].n if arm in arms else 0 for arm in (REPLENISH, experiment.config.control)]
    return Reminded(name, verdict, *sizes)


def _first(whom: Segments) -> tuple[Mapping[str, Any], ...]:
    likeliest = whom.rows.sort_by([("probability_then", "descending"), ("type", "ascending"), ("because", "ascending")])
    return tuple(likeliest.slice(0, _NEXT).drop_columns(["customer_id"]).to_pylist())
