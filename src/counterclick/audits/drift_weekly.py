"""Proxy drift over months: weekly series of proxies beside net revenue per visitor. Observational, and labelled so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from counterclick.audits.drift_experiments import ALARM, PROXIES, UNKNOWN, WON, Status, both_up
from counterclick.display import signed_percent
from counterclick.errors import RefusedError
from counterclick.metrics import MetricValue, Weekly
from counterclick.stats import Estimate, holm, log_trend, trend_gap
from counterclick.stats.estimates import as_lift

__all__ = [
    "BESIDE",
    "LEAST_ORDERS",
    "LEAST_WEEKS",
    "LONGEST",
    "ORDERS",
    "WEEKLY_OUTCOME",
    "SeriesDrift",
    "a_week",
    "weekly_drift",
]

WEEKLY_OUTCOME = "net_revenue_per_visitor"
"""What proxies are laid beside over months."""
BESIDE = "cart_value_per_visitor"
"""What is shown beside it: cart GMV by visitor, so that it does not rise with traffic alone. It never alarms."""
ORDERS = "orders_per_visitor"
"""Whose numerator counts the orders."""
LEAST_WEEKS = 4
"""Fewest whole weeks (STATISTICS, section 11)."""
LEAST_ORDERS = 200
"""Fewest orders in these weeks (STATISTICS, section 11)."""
LONGEST = 52
"""Most weeks, the latest: drift is about now, and error rates are measured up to here (docs/drift.md)."""
_ALPHA = 0.025
_OF_ALL = ("session_length", "sessions_per_visitor")
"""Proxies of the whole shop, whose rows name no surface."""


@dataclass(frozen=True, slots=True)
class SeriesDrift:
    """One proxy week by week beside revenue.

    Attributes:
        proxy: name of the metric.
        surface: of which; None for the whole shop.
        status: alarm, no alarm since the surface has won, or cannot tell yet.
        because: why, in one sentence.
        weeks: the Mondays of the whole weeks, ISO 8601.
        values: the proxy, shape (weeks,).
        revenue: net revenue per visitor of the whole shop, shape (weeks,).
        carts: cart value per visitor of the whole shop, shape (weeks,); empty where a week has none.
        n_orders: orders in these weeks.
        trend: of the proxy's logarithm, a week.
        revenue_trend: of that of net revenue per visitor.
        gap: their difference.
        cart_gap: the proxy's less that of cart value per visitor.
        p_adjusted: one-sided p-value of "not both trend and gap above zero", Holm-adjusted over all series.
    """

    proxy: str
    surface: str | None
    status: Status
    because: str
    weeks: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    revenue: tuple[float, ...] = ()
    carts: tuple[float, ...] = ()
    n_orders: int = 0
    trend: Estimate | None = None
    revenue_trend: Estimate | None = None
    gap: Estimate | None = None
    cart_gap: Estimate | None = None
    p_adjusted: float | None = None


def weekly_drift(
    series: Sequence[Weekly], whole_weeks: Sequence[str], decided: Mapping[str, str]
) -> tuple[SeriesDrift, ...]:
    """Return every proxy's series.

    Args:
        series: proxies, outcome, carts and orders by week.
        whole_weeks: Mondays of the weeks that are recorded whole, ISO 8601, in their order.
        decided: surface -> ``won`` or ``lost``, of its last decided experiment.
    """
    weeks = list(whole_weeks)[-LONGEST:]
    shop = {found.metric.name: _by_week(found.weeks) for found in series if found.surface is None}
    measured = [
        _measured(found, weeks, shop)
        for name in PROXIES
        for found in series
        if found.metric.name == name and (found.surface is None) == (name in _OF_ALL)
    ]
    whole = [(each.trend, each.gap) for each in measured if each.trend and each.gap]
    adjusted = iter(holm([both_up(*pair) for pair in whole]))
    return tuple(_concluded(each, next(adjusted) if each.gap else None, decided) for each in measured)


def _measured(found: Weekly, weeks: Sequence[str], shop: Mapping[str, Mapping[str, MetricValue]]) -> SeriesDrift:
    """Return a series with its trends, or what is missing."""
    own = _by_week(found.weeks)
    line = SeriesDrift(found.metric.name, found.surface, UNKNOWN, "")
    lived = _lived([_value(own, week) for week in weeks])
    kept = weeks[lived]
    orders = round(sum(shop.get(ORDERS, {})[week].numerator or 0 for week in kept if week in shop.get(ORDERS, {})))
    if len(kept) < LEAST_WEEKS:
        return replace(line, n_orders=orders, because=f"needs {LEAST_WEEKS} whole weeks; there are {len(kept)}")
    if orders < LEAST_ORDERS:
        return replace(line, n_orders=orders, because=f"needs {LEAST_ORDERS} orders; {len(kept)} weeks have {orders}")
    values, revenue = ([_value(each, week) for week in kept] for each in (own, shop.get(WEEKLY_OUTCOME, {})))
    for what, numbers in ((found.metric.numerator, values), ("net revenue", revenue)):
        if min(numbers) <= 0:
            says = f"no {what} in the week of {kept[numbers.index(min(numbers))]}: no ratio"
            return replace(line, n_orders=orders, because=says)
    carts = [_value(shop.get(BESIDE, {}), week) for week in kept]
    line = replace(line, weeks=tuple(kept), values=tuple(values), revenue=tuple(revenue), n_orders=orders)
    try:
        line = replace(line, trend=log_trend(values), revenue_trend=log_trend(revenue), gap=trend_gap(values, revenue))
        if min(carts) > 0:
            line = replace(line, carts=tuple(carts), cart_gap=trend_gap(values, carts))
    except RefusedError as error:
        return replace(line, trend=None, revenue_trend=None, gap=None, because=str(error))
    return line


def _lived(values: Sequence[float]) -> slice:
    """Return the weeks in which a series lived, without those in which a surface came or went: they are not whole."""
    some = [place for place, value in enumerate(values) if value > 0]
    if not some:
        return slice(0)
    first, last = some[0], some[-1]
    return slice(first + (first > 0), last + (last == len(values) - 1))


def _by_week(values: Sequence[MetricValue]) -> dict[str, MetricValue]:
    return {str(value.key): value for value in values}


def _value(values: Mapping[str, MetricValue], week: str) -> float:
    found = values.get(week)
    return 0.0 if found is None or found.value is None else found.value


def _concluded(line: SeriesDrift, p_adjusted: float | None, decided: Mapping[str, str]) -> SeriesDrift:
    """Apply the rule of experiments to trends: the proxy rises, faster than revenue, and revenue falls or was lost."""
    line = replace(line, p_adjusted=p_adjusted)
    outcome = decided.get(line.surface or "", "")
    if outcome == "won":
        return replace(line, status=WON, because="its experiment won")
    if line.trend is None or line.revenue_trend is None or p_adjusted is None:
        return line
    if p_adjusted >= _ALPHA:
        return replace(line, because="not shown to rise faster than revenue")
    says = f"{line.proxy} rises by {a_week(line.trend)} a week"
    if outcome == "lost":
        return replace(line, status=ALARM, because=f"{says}, faster than net revenue, and its experiment lost")
    if line.revenue_trend.upper < 0:
        fall = f"net revenue per visitor falls by {a_week(line.revenue_trend)}"
        return replace(line, status=ALARM, because=f"{says} while {fall}")
    return replace(line, because="it rises faster than revenue, which is not shown to fall")


def a_week(trend: Estimate) -> str:
    """Return a trend and its interval as a relative change from week to week."""
    value, lower, upper = (signed_percent(as_lift(end)) for end in (trend.value, trend.lower, trend.upper))
    return f"{value} [{lower}, {upper}]"
