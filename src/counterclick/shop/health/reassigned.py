"""Browsers that lost their visitor and were given another: how many of them met two arms of one experiment."""

from __future__ import annotations

from counterclick.audits.effects import EXAMPLE, blurred
from counterclick.audits.health import Finding, Sign
from counterclick.config import HealthConfig
from counterclick.display import count, percent
from counterclick.shop.reading import Reading

__all__ = ["reassigned_of"]

_NAME = "visitors given another id"


def reassigned_of(reading: Reading, settings: HealthConfig) -> tuple[Sign, Finding]:
    """Return the figure about visitors who were given another id, by what their carts told, and its finding.

    Whoever met two arms under two ids is one person in both; the experiment counts two visitors, each in one arm.
    """
    n = int(reading.one("SELECT count(DISTINCT (visitor_id, other_visitor_id)) FROM events WHERE kind = 'reassigned'"))
    if not n:
        says = "No cart told of another visitor than its browser: pages with /cc.js would say so, others cannot."
        return Sign(_NAME, None, "not known: no cart says", says), Finding("reassigned_visitors", 0, None, says)
    mixed, eligible = reading.rows("""
        WITH pairs AS (SELECT DISTINCT visitor_id AS a, other_visitor_id AS b FROM events WHERE kind = 'reassigned'),
        met AS (SELECT DISTINCT visitor_id, experiment, variant FROM events WHERE kind = 'exposure')
        SELECT (SELECT count(DISTINCT (a, b)) FROM pairs JOIN met AS x ON x.visitor_id = a JOIN met AS y ON y.visitor_id = b
                AND y.experiment = x.experiment AND y.variant <> x.variant),
            (SELECT count(DISTINCT visitor_id) FROM met)""")[0]
    share = mixed / eligible if eligible else 0.0
    says = (
        f"{count(n)} browsers had lost their visitor when their cart told it; {count(mixed)} of them met two arms of one "
        f"experiment, {percent(share, 2)} of its visitors. At the worst a true lift of {percent(EXAMPLE)} is seen as "
        f"{percent(blurred(EXAMPLE, share), 2)}. Who lost it and had no cart is not among them."
    )
    advice = (
        " Let the server set the cookie under the shop's own domain: cookies of scripts end after 7 days in some browsers."
    )
    standing = mixed if share >= settings.several_share else 0
    return Sign(_NAME, share, count(n), says), Finding("reassigned_visitors", standing, None, says + advice)
