"""A store's figures for its readiness, gathered from the facts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
from ibis import _

from counterclick.audits.figures import A_YEAR, RECENT, Figures
from counterclick.audits.readiness import Readiness, readiness_of
from counterclick.config import Config
from counterclick.facts.local_time import day_begins
from counterclick.facts.rows import one_row
from counterclick.shop.reading import Reading

__all__ = ["figures_of", "readiness_of_shop"]

_LOYAL = 3
_A_MONTH = 30


def readiness_of_shop(reading: Reading, config: Config) -> Readiness:
    """Return what the shop is ready for."""
    return readiness_of(figures_of(reading, config), config.readiness)


def figures_of(reading: Reading, config: Config) -> Figures:
    """Return the shop's figures as of its last recorded order."""
    zone = ZoneInfo(config.shop.timezone)
    orders = reading.facts.orders
    known_on = reading.as_of().astimezone(zone).date()
    ends = one_row(orders.agg(first=_.ordered_at.min(), last=_.ordered_at.max()))
    first_on, last_on = (_day(ends[name], zone) for name in ("first", "last"))
    end = last_on or known_on
    begin = end - timedelta(days=A_YEAR - 1)
    before = begin - timedelta(days=A_YEAR)
    has_two_years = first_on is not None and first_on <= before
    since, earlier = (ibis.literal(day_begins(day, config.shop.timezone)) for day in (begin, before))
    last_year = orders.ordered_at >= since
    year_before = (orders.ordered_at >= earlier) & (orders.ordered_at < since)
    amount = orders.revenue.cast("float64")
    sums = one_row(
        orders.agg(
            revenue=amount.sum(where=last_year),
            revenue_before=amount.sum(where=year_before),
            n=orders.count(where=last_year),
            n_before=orders.count(where=year_before),
            n_carried=orders.visitor_id.count(where=last_year),
            mean=amount.mean(where=last_year),
            sd=amount.std(where=last_year),
            margin=orders.margin.cast("float64").sum(where=last_year),
            costed=orders.costed_revenue.cast("float64").sum(where=last_year),
        )
    )
    lines = reading.facts.order_lines
    products = one_row(lines.filter(lines.ordered_at >= since).agg(n=_.product_id.nunique()))["n"]
    recent = day_begins(end - timedelta(days=RECENT - 1), config.shop.timezone)
    margin = sums["margin"] / sums["costed"] if sums["costed"] else config.shop.margin_rate
    n_returns, n_recent, first_return_on = _returned(reading, recent, zone)
    return Figures(
        currency=config.shop.currency,
        known_on=known_on,
        first_order_on=first_on,
        last_order_on=last_on,
        revenue=sums["revenue"] or 0.0,
        revenue_before=sums["revenue_before"] if has_two_years else None,
        n_orders=sums["n"],
        n_orders_before=sums["n_before"] if has_two_years else 0,
        n_carried=sums["n_carried"],
        basket_cv=sums["sd"] / sums["mean"] if sums["mean"] and sums["sd"] else 1.0,
        margin_rate=margin,
        products=products or None,
        visitors_a_month=_visitors(reading),
        running=_running(config, known_on),
        costs={name: surface.monthly_cost for name, surface in config.surfaces.items()},
        n_returns=n_returns,
        n_recent_returns=n_recent,
        first_return_on=first_return_on,
        **_customers(reading, recent),
    )


def _returned(reading: Reading, recent: datetime, zone: ZoneInfo) -> tuple[int, int, date | None]:
    """Return the number of returns of known orders, of those of late, and the day of the first."""
    returns = reading.facts.returns
    back = returns.filter(returns.is_return & returns.is_matched)
    found = one_row(
        back.agg(
            n_returns=_.count(),
            n_recent_returns=(_.refunded_at >= ibis.literal(recent)).cast("int64").sum(),
            first=_.refunded_at.min(),
        )
    )
    return found["n_returns"], found["n_recent_returns"] or 0, _day(found["first"], zone)


def _customers(reading: Reading, recent: datetime) -> dict[str, int]:
    """Count customers with an order, and with three or more, and those who became so lately."""
    named = reading.facts.orders.filter(_.customer_id.notnull()).select("customer_id", "ordered_at", "order_id")
    nth = ibis.row_number().over(ibis.window(group_by="customer_id", order_by=["ordered_at", "order_id"]))
    numbered = named.mutate(nth=nth + 1)
    late = numbered.ordered_at >= ibis.literal(recent)
    found = one_row(
        numbered.agg(
            customers=(numbered.nth == 1).cast("int64").sum(),
            new_customers=((numbered.nth == 1) & late).cast("int64").sum(),
            loyal=(numbered.nth == _LOYAL).cast("int64").sum(),
            new_loyal=((numbered.nth == _LOYAL) & late).cast("int64").sum(),
        )
    )
    return {name: value or 0 for name, value in found.items()}


def _visitors(reading: Reading) -> int | None:
    """Count the different visitors of the 30 days up to the end of the last visit; None where no event names one."""
    visits = reading.facts.sessions
    last = one_row(visits.agg(last=_.ended_at.max()))["last"]
    if last is None:
        return None
    late = visits.filter(visits.ended_at > ibis.literal(last - timedelta(days=_A_MONTH)))
    return int(one_row(late.agg(n=_.visitor_id.nunique()))["n"])


def _running(config: Config, today: date) -> int:
    every = [*config.experiments.values(), *([config.holdout.as_experiment()] if config.holdout else [])]
    return sum(each.starts_on <= today <= each.ends_on for each in every)


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()
