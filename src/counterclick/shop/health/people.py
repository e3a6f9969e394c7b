"""Who the events are of: visitors never identified, visitors who allowed analytics, and likely bots."""

from __future__ import annotations

import math
from typing import Any

from ibis import _
from ibis.expr.types import Table

from counterclick.audits.effects import EXAMPLE, diluted
from counterclick.audits.health import Finding, Sign
from counterclick.config import HealthConfig
from counterclick.connectors.browsers import BOT
from counterclick.display import count, percent
from counterclick.facts.rows import all_rows, one_row, row_count
from counterclick.shop.reading import Reading

__all__ = ["bots_of", "consent_of", "unidentified_of"]

_PEOPLE = 0.99


def unidentified_of(reading: Reading, n_visitors: int) -> Sign:
    """Return the share of visitors of whom no event ever named a customer, and what hangs on it."""
    name = "visitors never identified"
    if not n_visitors:
        return Sign(name, None, "not known", "No event names a visitor: no order can be carried to an arm by a visit.")
    known = row_count(reading.facts.identities)
    share = 1 - known / n_visitors
    orders = reading.facts.orders
    nobody = orders.filter(orders.visitor_id.isnull())
    customers = reading.facts.identities.select(_seen="customer_id").distinct()
    found = one_row(
        nobody.left_join(customers, nobody.customer_id == customers["_seen"]).agg(
            n=_.count(), found=(_["_seen"].notnull()).cast("int64").sum()
        )
    )
    if not found["n"]:
        says = "Every order names its visitor: none needs an identified one to find its arm."
    else:
        through = found["found"] or 0
        says = (
            f"{count(found['n'])} orders name no visitor; {count(through)} of them name a customer who was identified on a "
            f"visit, the other {count(found['n'] - through)} cannot find an arm."
        )
    return Sign(name, share, percent(share), f"{count(n_visitors - known)} of {count(n_visitors)}. {says}")


def consent_of(reading: Reading) -> Sign:
    """Return the share of visitors who allowed analytics, by what their latest event says that says so."""
    name = "visitors who allowed analytics"
    allowed, known, refused_orders, told_orders = reading.rows("""
        SELECT count(*) FILTER (latest), count(*), coalesce(sum(refused), 0), coalesce(sum(told), 0) FROM (
            SELECT arg_max(consent, epoch_us(occurred_at)) AS latest, count(*) FILTER (kind = 'purchase') AS told,
                count(*) FILTER (kind = 'purchase' AND NOT consent) AS refused
            FROM events WHERE consent IS NOT NULL AND visitor_id IS NOT NULL GROUP BY visitor_id)""")[0]
    if not known:
        says = "No event of a visitor says it (field consent): how many buyers the experiments cannot see is not known."
        return Sign(name, None, "not known: no event says", says)
    says = (
        f"{count(allowed)} of the {count(known)} visitors whose events say it. Experiments see whom the shop can follow: "
        "their lift is that of these visitors."
    )
    if told_orders:
        says += f" {count(refused_orders)} of the {count(told_orders)} orders that say it were placed without consent."
    return Sign(name, allowed / known, percent(allowed / known), says)


def bots_of(reading: Reading, settings: HealthConfig, experiments: tuple[str, ...]) -> tuple[Sign, Finding, int]:
    """Return the figure about visitors who are likely no people, its finding, and how many visitors there are in all.

    A likely bot says that it is one (its device is ``bot``), or has, in the visits that began on its busiest day (UTC), more
    events than ``bot_events``, and more than ``bot_factor`` times what 99 of 100 visitors have on all days together. What
    the shop itself does (messages sent, refunds) does not count.
    """
    visits = reading.facts.visits
    sizes = all_rows(visits.group_by("n_events").agg(n=_.count(), most=_.most_events.max()).order_by("n_events"))
    n_visitors, n_events = sum(row["n"] for row in sizes), sum(row["n"] * row["n_events"] for row in sizes)
    name = "likely bots"
    if not n_visitors:
        says = "No event names a visitor."
        return Sign(name, None, "not known", says), Finding("likely_bots", 0, None, says), 0
    limit = max(settings.bot_events, settings.bot_factor * _usual(sizes, n_visitors))
    events = reading.events.filter((_.device == BOT) & _.visitor_id.notnull())
    say_so = reading.keep(events.group_by(_bot="visitor_id").agg(n_said=_.count()), "said_bots", merges={"n_said": "sum"})
    n_say_so = row_count(visits.semi_join(say_so, visits.visitor_id == say_so["_bot"]))
    if max(row["most"] for row in sizes) > limit or n_say_so:
        told = visits.left_join(say_so, visits.visitor_id == say_so["_bot"])
        likely = told.filter((told.most_events > limit) | told["_bot"].notnull())
        bots = reading.keep(likely.select(_bot="visitor_id", n="n_events"), "likely_bots")
        return (*_weighed(reading, settings, experiments, n_events, limit, n_say_so, bots), n_visitors)
    says = (
        f"No visitor has more than {count(limit)} events on one day, or says that it is one: 0.0 % of a lift is lost by any."
    )
    return Sign(name, 0.0, "none", says), Finding("likely_bots", 0, None, says), n_visitors


def _usual(sizes: list[dict[str, Any]], n_visitors: int) -> int:
    """Return how many events the visitor has whom 99 of 100 do not exceed: the discrete quantile."""
    place = n_visitors - math.floor(n_visitors - _PEOPLE * n_visitors)
    for row in sizes:
        place -= row["n"]
        if place <= 0:
            break
    return int(row["n_events"])


def _weighed(
    reading: Reading,
    settings: HealthConfig,
    experiments: tuple[str, ...],
    n_events: int,
    limit: float,
    n_say_so: int,
    bots: Table,
) -> tuple[Sign, Finding]:
    """Return what likely bots make up of events, eligible visitors and revenue."""
    found = one_row(bots.agg(visitors=_.count(), events=_.n.sum()))
    n, own = found["visitors"], found["events"]
    orders = reading.facts.orders
    whole = one_row(orders.agg(n=_.count(), revenue=_.revenue.sum().cast("float64")))
    bought = one_row(
        orders.semi_join(bots, orders.visitor_id == bots["_bot"]).agg(n=_.count(), revenue=_.revenue.sum().cast("float64"))
    )
    revenue = (bought["revenue"] or 0.0) / whole["revenue"] if whole["revenue"] else 0.0
    eligible = 0.0
    if experiments:
        met = reading.events.filter((_.kind == "exposure") & _.experiment.isin(experiments)).select("visitor_id").distinct()
        among, whole_n = row_count(met.semi_join(bots, met.visitor_id == bots["_bot"])), row_count(met)
        eligible = among / whole_n if whole_n else 0.0
    says = (
        f"{count(n)} visitors with more than {count(limit)} events on one day"
        f"{f', or who say that they are bots ({count(n_say_so)}),' if n_say_so else ''} make up "
        f"{percent(own / n_events)} of visitors' events, which clicks and sessions count, and {percent(eligible, 2)} of the "
        "experiments' eligible visitors. Without orders they lower revenue per visitor alike in every arm, and no lift "
        "of it. "
    )
    if bought["n"]:
        says += (
            f"Their {count(bought['n'])} orders are {percent(revenue)} of revenue: if these cannot respond to a feature, a "
            f"true lift of {percent(EXAMPLE)} is seen as {percent(diluted(EXAMPLE, revenue), 2)}."
        )
    else:
        says += "They have no orders."
    standing = n if max(revenue, eligible) >= settings.bot_share else 0
    shown = f"{percent(own / n_events)} of events"
    return Sign("likely bots", own / n_events, shown, says), Finding("likely_bots", standing, bought["revenue"], says)
