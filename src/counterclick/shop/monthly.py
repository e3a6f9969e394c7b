"""A shop's months: which are recorded and how far, their figures, and the claims on one month's orders."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import ibis
from ibis import _

from counterclick.attribution import Rule, claims, credits, pairs
from counterclick.audits import CLAIM_RULE, WIDEST, Ledger, claimed_by_surface, ledger_audit
from counterclick.audits.months import Figure, Month, spanned
from counterclick.config import Config
from counterclick.errors import ConfigError, EmptyStoreError, InputError
from counterclick.facts.local_time import day_begins, local
from counterclick.facts.rows import all_rows, row_count
from counterclick.metrics import MetricValue, Sources, compute, metric_named
from counterclick.shop.overviewing import order_final_on, told_until
from counterclick.shop.reading import Reading

__all__ = ["chosen", "figures_of", "ledger_of", "month_before", "months_of", "parsed", "year_before"]

_TOLD_OF = ("product", "experiment_declared", "look_taken", "rejection", "refund", "claim")
"""Kinds that do not say that the shop was recorded when they occurred."""
_CREDIT = ("attributed_checkout_revenue", "attributed_revenue_per_interaction")
_LABELS = {
    "net_revenue": "net revenue, after returns",
    "revenue": "revenue, before returns",
    "orders": "orders",
    "aov": "average order value",
    "units_per_order": "units per order",
    "conversion": "conversion",
    "add_to_cart_gmv": "laid into carts",
    "average_cart_value": "average cart value",
    "attributed_checkout_revenue": "attributed checkout revenue",
    "attributed_revenue_per_interaction": "attributed revenue per AI interaction",
    "order_success_rate": "order success rate",
    "order_submit_rate": "order submit rate",
}
"""Metric -> how it is called."""


def parsed(month: str) -> date:
    """Return the first day of a month written as 2026-03.

    Raises:
        ConfigError: it is not written so.
    """
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month, re.ASCII) and not month.startswith("0000"):
        return date.fromisoformat(f"{month}-01")
    raise ConfigError(f"a month is written as 2026-03, not as {month!r}.")


def month_before(first_on: date) -> date:
    """Return the first day of the month before."""
    return (first_on - timedelta(days=1)).replace(day=1)


def year_before(first_on: date) -> date:
    """Return the first day of the same month of the year before."""
    return first_on.replace(year=first_on.year - 1)


def months_of(reading: Reading, config: Config) -> dict[date, Month]:
    """Return every month of which something is recorded, by its first day.

    Raises:
        EmptyStoreError: nothing is recorded.
    """
    as_of, timezone = reading.as_of(), config.shop.timezone
    told = reading.facts.events.filter(_.kind.notin(list(_TOLD_OF)))
    days = told.select(day=local(told.occurred_at, timezone).date(), month=local(told.occurred_at, timezone).truncate("M"))
    rows = all_rows(days.group_by("month").agg(first=_.day.min(), last=_.day.max()).order_by("month"))
    if not rows:
        raise EmptyStoreError("no order, visit or click is recorded yet, so that there is no month to report on.")
    until, found = told_until(reading, config), dict[date, Month]()
    for row in rows:
        first_on = row["month"] if not isinstance(row["month"], datetime) else row["month"].date()
        after = (first_on + timedelta(days=31)).replace(day=1)
        final = order_final_on(day_begins(after, timezone), config)
        found[first_on] = Month(
            first_on=first_on,
            last_on=after - timedelta(days=1),
            recorded_from=row["first"] if row is rows[0] else first_on,
            recorded_until=row["last"] if row is rows[-1] else after - timedelta(days=1),
            is_over=day_begins(after, timezone) <= as_of,
            final_on=final if final > until else None,
        )
    return found


def chosen(months: dict[date, Month], wanted: str | None) -> Month:
    """Return the month that was asked for; else the last whole one, and where none is whole the last.

    Raises:
        ConfigError: it is not written as 2026-03.
        InputError: nothing is recorded of it.
    """
    if wanted is None:
        whole = [month for month in months.values() if month.is_whole]
        return whole[-1] if whole else list(months.values())[-1]
    first_on = parsed(wanted)
    if first_on not in months:
        raise InputError(f"nothing is recorded of {wanted}. There are: {spanned(list(months))}.")
    return months[first_on]


def figures_of(
    sources: Sources, timezone: str, month: Month, before: Month | None, last_year: Month | None
) -> tuple[Figure, ...]:
    """Return the month's figures beside those of other months, each by its metric's one definition."""
    found = []
    for name, label in _LABELS.items():
        metric = metric_named(name)
        values = {value.key: value for value in compute(sources, metric, "month", timezone=timezone)}
        three = [_value(values, each) for each in (month, before, last_year)]
        found.append(Figure(label, metric, name in _CREDIT, *three))
    return tuple(found)


def _value(values: dict[str | None, MetricValue], month: Month | None) -> float | None:
    found = None if month is None else values.get(month.first_on.isoformat())
    return None if found is None else found.value


def ledger_of(reading: Reading, config: Config, rule: Rule, month: Month) -> tuple[Ledger, int]:
    """Return the claims on a month's orders, and how many claims on periods reach beyond it.

    Orders count by when they were placed, with all that has come back since. A claim counts where its order does; one on an
    order that is not in the log, where it was made in the month; one on a period, where all of it lies in the month.
    """
    facts = reading.facts
    begins, ends = (ibis.literal(day_begins(day, config.shop.timezone)) for day in (month.first_on, month.after))
    orders = facts.orders.filter((_.ordered_at >= begins) & (_.ordered_at < ends))
    told = facts.tool_claims
    elsewhere = facts.orders.select("order_id")
    own = told.semi_join(orders, "order_id")
    made = facts.events.filter(_.kind == "claim").filter((_.occurred_at >= begins) & (_.occurred_at < ends))
    unknown = told.anti_join(elsewhere, "order_id").filter(_.order_id.notnull())
    unknown = unknown.semi_join(made.select(claim_id=_.event_id), "claim_id")
    of_periods = told.filter(_.order_id.isnull())
    within = of_periods.filter((_.period_starts_at >= begins) & (_.period_ends_at <= ends))
    touching = of_periods.filter((_.period_starts_at < ends) & (_.period_ends_at > begins) & (_.nth == 0))
    name = month.key.replace("-", "_")
    paired = reading.keep(pairs(orders, facts.interactions, WIDEST), f"paired_{name}")
    ruled = claims(orders, facts.interactions, CLAIM_RULE)
    by_tool = claimed_by_surface(ruled, told, facts.orders, config.claimed_by)
    ledger = ledger_audit(
        orders=orders,
        paired=paired,
        told=own.union(unknown).union(within),
        claimed=reading.keep(by_tool.semi_join(orders, "order_id"), f"claimed_{name}"),
        credited=reading.keep(credits(orders, facts.interactions, rule), f"credited_{name}"),
        rule=rule,
        claimed_by=config.claimed_by,
        currency=config.shop.currency,
        timezone=config.shop.timezone,
    )
    return ledger, row_count(touching) - row_count(within.filter(_.nth == 0))
