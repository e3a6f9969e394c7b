"""Customers of UCI Online Retail: what they buy again within 14 and 30 days, and how often they order; and what they did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from returns_retail import recorded

from counterclick.decisions.rebuy_test import COMBINED, FREQUENCY, OVERDUE, RECENCY, Held, RebuyTest
from counterclick.decisions.rebuys import BuyingDays, buying_days, day_of
from counterclick.decisions.replenishment import Knows, Replenishment
from counterclick.display import percent
from counterclick.errors import RefusedError

__all__ = ["days_of_retail", "learned", "rebuys_page"]


def days_of_retail(file: Path) -> BuyingDays:
    """Return on which days the store's customers bought what, out of a shop that recorded them."""
    found: list[BuyingDays] = []
    recorded(file, lambda outcomes: found.append(buying_days(outcomes, "Europe/London")))
    return found[0]


def learned(file: Path) -> Knows:
    """Return what a shop with the store's orders learns, and how it did on its own later days.

    Raises:
        RefusedError: something is missing.
    """
    policy = Replenishment(timezone="Europe/London")
    policy.fit_days(days_of_retail(file))
    if policy.knows is None:
        raise RefusedError("; ".join(policy.learnt().missing))
    return policy.knows


def rebuys_page(knows: Knows) -> str:
    """Return the part of the docs page that is on what is bought again.

    Args:
        knows: what was learned, and how it did.
    """
    tests, customers = knows.tests, knows.customer_test
    areas = "\n".join(
        f"| {name} | " + " | ".join(_area(each, name) for each in tests) + " |"
        for name in (COMBINED, FREQUENCY, RECENCY, OVERDUE)
    )
    ahead = "\n".join(
        f"| {name} | " + " | ".join(_ahead(each, name) for each in tests) + " |" for name in (FREQUENCY, RECENCY, OVERDUE)
    )
    tenths = "\n".join(
        f"| {number} | " + " | ".join(_part(each) for each in parts) + " |"
        for number, parts in enumerate(zip(*(each.tenths for each in tests), strict=True), 1)
    )
    values = "\n".join(
        f"| {number} | {_part(one, 2)} | {_part(two, 0)} |"
        for number, (one, two) in enumerate(zip(customers.tenths, customers.value_tenths, strict=True), 1)
    )
    heads = "| | " + " | ".join(f"{each.horizon} days" for each in tests) + " |\n|---|" + "---|" * len(tests)
    return f"""
## What is bought again

UCI Online Retail is one real store. It has no categories: a type of product is a code. Whoever bought a code on two days or
more before a day is asked about as of that day; what is learned is learned from earlier days alone, and the days that follow
judge. Intervals of 95 % come from drawing customers anew, since what one customer buys hangs together.

| | pairs | customers | bought again | of the twentieth with the highest chances |
|---|---|---|---|---|
{_population(tests)}

### Told apart

Area under the curve of who buys again:

{heads}
{areas}

By how much the model's is larger, draw by draw:

{heads}
{ahead}

{_conclusion(tests)}
**Overdue** is how many days a pair is past its own median gap. It is worse than luck: who is overdue has mostly left. That
rule sends reminders to those who are least likely to buy.

### Do chances hold?

Tenths of the pairs by chance, the highest first: the mean chance that was said, and the share that was bought again. The
intervals are of single pairs.

{heads}
{tenths}

In all {_levels(tests)}.
The model learns the level of the days just before: where a season turns, it comes late. The order of the pairs does not
depend on it.

### How often customers order

MBG/NBD and Gamma-Gamma, learned from all but the last {2 * customers.days} days; the first {customers.days} of these give
the level, the last {customers.days}, from {day_of(customers.day):%Y-%m-%d} on, judge. Population: all {customers.n:,}
customers with an order until then.

| | orders | value |
|---|---|---|
| placed | {customers.orders:,.0f} | {customers.value:,.0f} |
| expected, at the level known by then | {_beside(customers.expected_orders, customers.orders)} \
| {_beside(customers.expected_value, customers.value)} |
| expected by the models alone | {_beside(customers.model_orders, customers.orders)} \
| {_beside(customers.model_value, customers.value)} |

The store has one year of orders, and its last weeks are before Christmas: {customers.days} days' level holds a part of that
season, and comes late all the same. A year's level has none in it, and is taken where there are three years of orders.

Tenths of the customers by what is expected, the highest first; mean of each said, and what came:

| | orders | value |
|---|---|---|
{values}
"""


def _population(tests: Sequence[RebuyTest]) -> str:
    return "\n".join(
        f"| {each.horizon} days, from {day_of(each.day):%Y-%m-%d} on | {each.n_pairs:,} | {each.n_customers:,} "
        f"| {percent(each.rate)} | {percent(each.top)} |"
        for each in tests
    )


def _area(test: RebuyTest, name: str) -> str:
    area = test.area(name)
    return f"{area.value:.3f} [{area.lower:.3f}, {area.upper:.3f}]"


def _ahead(test: RebuyTest, name: str) -> str:
    area = test.area(name)
    return f"{area.ahead:+.3f} [{area.ahead_lower:+.3f}, {area.ahead_upper:+.3f}]"


def _part(part: Held, digits: int = 3) -> str:
    return f"{part.said:,.{digits}f}: {part.came:,.{digits}f} [{part.lower:,.{digits}f}, {part.upper:,.{digits}f}]"


def _conclusion(tests: Sequence[RebuyTest]) -> str:
    apart = [f"{each.horizon}" for each in tests if each.apart]
    if len(apart) == len(tests):
        return f"Within {' and '.join(apart)} days the model's interval lies above those of frequency and of recency alone."
    return (
        f"The model's interval lies above those of frequency and recency alone within {', '.join(apart) or 'no'} days only."
    )


def _levels(tests: Sequence[RebuyTest]) -> str:
    said = [(each, sum(part.said * part.n for part in each.tenths) / each.n_pairs) for each in tests]
    return "; ".join(
        f"{percent(mean)} were said to be bought again within {each.horizon} days, and {percent(each.rate)} were"
        for each, mean in said
    )


def _beside(expected: float, placed: float) -> str:
    return f"{expected:,.0f} ({percent(expected / placed - 1, 0)})"
