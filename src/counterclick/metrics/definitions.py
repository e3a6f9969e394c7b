"""Every metric, once: a ratio of two measures (or a total), its role and its unit.

A *measure* says what is added up, from which table. A *metric* is one measure over another, or over visitors, or a
total. The same definition serves the shop's figures by month or surface and the arms of an experiment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from counterclick.errors import UnknownNameError

if TYPE_CHECKING:
    from ibis.expr.types import Column, Table

__all__ = ["MEASURES", "METRICS", "VISITORS", "Measure", "Metric", "metric_named"]

Role = Literal["outcome", "guardrail", "proxy"]
Unit = Literal["money", "count", "rate", "seconds"]
VISITORS = "visitors"
"""The denominator that is no measure: everyone who was seen, or every eligible visitor of an arm."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is added up.

    Attributes:
        name: as metrics call it.
        source: the table of `counterclick.metrics.Sources` that it comes from.
        amount: the column that is summed; None counts distinct visitors with at least one row.
        says: in one sentence.
    """

    name: str
    source: str
    amount: Callable[[Table], Column] | None
    says: str

    @property
    def is_exact(self) -> bool:
        """Whether it counts rows or visitors, so that its sums and squares are whole numbers."""
        return self.amount in (None, _one)

    @property
    def is_money(self) -> bool:
        """Whether it is in the shop's currency."""
        return any(word in self.name for word in ("revenue", "margin", "value", "gmv"))


@dataclass(frozen=True, slots=True)
class Metric:
    """A number's one definition.

    Attributes:
        name: in snake case.
        role: outcome (what is wanted), guardrail (what must not suffer), or proxy (what is easy to count).
        unit: money (the shop's currency), count, rate (a fraction), or seconds.
        numerator: name of a measure.
        denominator: name of a measure, ``visitors``, or None for a total.
        worse: the direction that harms the shop.
        says: in one sentence.
        source: who defined it so.
    """

    name: str
    role: Role
    unit: Unit
    numerator: str
    denominator: str | None
    says: str
    worse: Literal["lower", "higher"] = "lower"
    source: str = "Counterclick"

    @property
    def decides(self) -> bool:
        """Whether an experiment may be decided on it: an outcome of all eligible visitors, not of buyers alone."""
        return self.role == "outcome" and self.denominator == VISITORS

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures it needs."""
        return tuple(name for name in (self.numerator, self.denominator) if name not in (None, VISITORS))


def _one(table: Table) -> Column:
    return table.visitor_id.isnull().ifelse(1, 1)


def _column(name: str) -> Callable[[Table], Column]:
    return lambda table: table[name]


_MEASURES = (
    Measure("revenue", "orders", _column("revenue"), "Revenue of orders, net of tax, shipping and discount."),
    Measure("net_revenue", "orders", _column("net_revenue"), "Revenue less what was returned or cancelled."),
    Measure(
        "matured_net_revenue",
        "orders",
        _column("matured_net_revenue"),
        "Revenue less what came back within the returns window of its order.",
    ),
    Measure("margin", "orders", _column("margin"), "Revenue less unit costs, of the lines whose cost is known."),
    Measure(
        "kept_margin",
        "orders",
        _column("kept_margin"),
        "Margin of what did not come back within the returns window of its order, where costs are known.",
    ),
    Measure("returned_orders", "orders", _column("is_returned"), "Orders of which something came back."),
    Measure("costed_revenue", "orders", _column("costed_revenue"), "Revenue of the lines whose unit cost is known."),
    Measure("orders", "orders", _one, "Orders."),
    Measure("buyers", "orders", None, "Visitors with an order."),
    Measure("units", "orders", _column("units"), "Units of orders whose lines are known."),
    Measure("itemised_orders", "orders", _column("is_itemised"), "Orders whose lines are known."),
    Measure(
        "returned_value",
        "orders",
        _column("returned_value"),
        "Value of orders that came back or was cancelled.",
    ),
    Measure("returned_units", "orders", _column("returned_units"), "Units that came back, cancellations left out."),
    Measure("added_gmv", "cart_adds", _column("amount"), "Value of products laid into carts."),
    Measure("carts", "carts", _one, "Carts."),
    Measure("cart_value", "carts", _column("cart_value"), "Value of carts: laid in less taken out."),
    Measure("sessions", "sessions", _one, "Sessions."),
    Measure(
        "session_seconds",
        "sessions",
        _column("session_seconds"),
        "Time from a session's first to last event.",
    ),
    Measure("impressions", "impressions", _one, "Lists shown and messages sent."),
    Measure("clicks", "clicks", _one, "Clicks on what surfaces showed or sent."),
    Measure("messages", "answers", _one, "Answers of assistants."),
    Measure("interactions", "interactions", _one, "AI interactions: answers and clicks."),
    Measure("touches", "touches", _one, "Qualified AI interactions: helpful answers and clicks."),
    Measure("successes", "successes", _one, "Touches followed by an order of the same person within the window."),
    Measure("shown", "shown", _one, "Products shown."),
    Measure("shown_orders", "shown_orders", _one, "Orders of a product within the window after it was shown."),
    Measure("attributed_revenue", "credits", _column("attributed_revenue"), "Revenue credited by the shop's rule."),
)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _MEASURES}
"""name -> measure."""

_DEFINED = (
    Metric("revenue", "outcome", "money", "revenue", None, "Revenue, before returns."),
    Metric("net_revenue", "outcome", "money", "net_revenue", None, "Revenue after returns and cancellations."),
    Metric("margin", "outcome", "money", "margin", None, "Margin, where costs are known; before returns."),
    Metric("margin_rate", "outcome", "rate", "margin", "costed_revenue", "Margin over the revenue whose cost is known."),
    Metric("orders", "outcome", "count", "orders", None, "Orders."),
    Metric("revenue_per_visitor", "outcome", "money", "revenue", VISITORS, "Revenue per visitor."),
    Metric("net_revenue_per_visitor", "outcome", "money", "net_revenue", VISITORS, "Net revenue per visitor."),
    Metric(
        "matured_net_revenue_per_visitor",
        "outcome",
        "money",
        "matured_net_revenue",
        VISITORS,
        "Net revenue per visitor, with what came back within the returns window of each order.",
    ),
    Metric(
        "margin_per_visitor",
        "outcome",
        "money",
        "margin",
        VISITORS,
        "Margin per visitor, where costs are known.",
    ),
    Metric(
        "kept_margin_per_visitor",
        "outcome",
        "money",
        "kept_margin",
        VISITORS,
        "Margin per visitor of what did not come back within the returns window, where costs are known.",
    ),
    Metric("orders_per_visitor", "outcome", "count", "orders", VISITORS, "Orders per visitor."),
    Metric("units_per_visitor", "outcome", "count", "units", VISITORS, "Units per visitor."),
    Metric("conversion", "outcome", "rate", "buyers", VISITORS, "Share of visitors with an order."),
    Metric(
        "aov",
        "outcome",
        "money",
        "revenue",
        "orders",
        "Average order value. Says nothing without conversion.",
    ),
    Metric(
        "units_per_order",
        "outcome",
        "count",
        "units",
        "itemised_orders",
        "Units per order. Says nothing without conversion.",
    ),
    Metric(
        "returned_value",
        "guardrail",
        "money",
        "returned_value",
        None,
        "Value returned or cancelled.",
        worse="higher",
    ),
    Metric(
        "returned_value_per_visitor",
        "guardrail",
        "money",
        "returned_value",
        VISITORS,
        "Value returned or cancelled, per visitor.",
        worse="higher",
    ),
    Metric(
        "returned_orders_per_visitor",
        "guardrail",
        "count",
        "returned_orders",
        VISITORS,
        "Orders per visitor of which something came back, cancellations left out.",
        worse="higher",
    ),
    Metric(
        "return_rate",
        "guardrail",
        "rate",
        "returned_units",
        "units",
        "Share of units sold that came back, by the time of the order; cancellations left out.",
        worse="higher",
    ),
    Metric(
        "order_success_rate",
        "guardrail",
        "rate",
        "successes",
        "touches",
        "Share of qualified AI interactions that a completed order of the same person followed within the window.",
    ),
    Metric(
        "order_submit_rate",
        "guardrail",
        "rate",
        "shown_orders",
        "shown",
        "Orders of a shown product within the window, over times shown.",
        source="Weiss, Rosenbach and Eggenberger, Clicks Versus Conversion, arXiv 2508.10377",
    ),
    Metric("add_to_cart_gmv", "proxy", "money", "added_gmv", None, "Value of all products laid into carts."),
    Metric("average_cart_value", "proxy", "money", "cart_value", "carts", "Value of a cart, sold or not."),
    Metric("cart_value_per_visitor", "proxy", "money", "cart_value", VISITORS, "Cart value per visitor."),
    Metric(
        "attributed_checkout_revenue",
        "proxy",
        "money",
        "attributed_revenue",
        None,
        "Revenue of orders credited to surfaces by the shop's rule. Credit, not effect.",
    ),
    Metric(
        "attributed_revenue_per_interaction",
        "proxy",
        "money",
        "attributed_revenue",
        "interactions",
        "Attributed revenue per AI interaction. Credit, not effect.",
    ),
    Metric("ctr", "proxy", "rate", "clicks", "impressions", "Clicks over lists shown and messages sent."),
    Metric("session_length", "proxy", "seconds", "session_seconds", "sessions", "Seconds per session."),
    Metric("sessions_per_visitor", "proxy", "count", "sessions", VISITORS, "Sessions per visitor."),
    Metric("messages_per_visitor", "proxy", "count", "messages", VISITORS, "Answers of assistants per visitor."),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _DEFINED}
"""name -> metric."""


def metric_named(name: str) -> Metric:
    """Return a metric.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS)
    return METRICS[name]
