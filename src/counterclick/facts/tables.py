"""The tables of a shop, lazily: `Facts`, and `Outcomes`, the same without engagement."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.facts import claims, eligibility, engagement, orders, people, placements, returned
from counterclick.facts.parts import NESTED, Parts
from counterclick.facts.rows import row_count

__all__ = ["OUTCOMES_FORM", "Facts", "Keep", "Outcomes", "priced"]

OUTCOMES_FORM = 3
"""Counted up whenever a column of `Outcomes` changes its meaning: what was learnt before it no longer serves."""


class Keep(Protocol):
    """What to do with a table that many questions need: nothing, or materialise it under a name."""

    def __call__(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Return a table with the same rows.

        Args:
            table: an expression.
            name: an identifier of any SQL engine: ASCII letters, digits and underscores.
            by: columns that say whose a row is, where the table can be kept up (visitor_id, customer_id, order_id,
                person_id, refund_id). A row must depend on the events alone of whoever stands, directly or through
                others, in one event with these, and fill one of them if its events name anybody. None where not.
            merges: column -> ``sum``, ``min`` or ``max``, where the table adds up events, and nothing besides, by its
                other columns: how the values of one key in two lots of events become one.
            per: column that says to which group a row belongs, such as its day, where the table adds up one kept table,
                and nothing besides, by this column, which is never null, and others: only groups whose rows there may
                have changed are added up anew. Empty where not.
        """
        ...


def _lazily(
    table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
) -> Table:
    del name, by, merges, per
    return table


def _identifier(name: str) -> str:
    """Return a table name for something that a user named: safe in SQL, and different for different names."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{re.sub('[^0-9A-Za-z]+', '_', name)[:40].lower()}_{digest}"


def priced(events: Table, currency: str, rates: Table | None) -> Table:
    """Add ``fx``, the factor from an event's currency to the shop's.

    Args:
        events: the events table.
        currency: the shop's currency.
        rates: rate_on (date, UTC), from_currency, rate; one row for each day and currency that occurs. None where all
            amounts are in the shop's currency.
    """
    if rates is None:
        return events.mutate(fx=ibis.literal(1.0))
    dated = events.mutate(rate_on=events.occurred_at.date())
    joined = dated.left_join(
        rates.rename(_on="rate_on"), [dated.rate_on == rates.rate_on, dated.currency == rates.from_currency]
    )
    own = ibis.coalesce(joined.currency, currency) == currency
    return joined.select(*events.columns, fx=ibis.ifelse(own, 1.0, joined.rate))


class Outcomes:
    """Carts, orders and returns, and where products were shown: all that a policy may learn from.

    Args:
        events: the events table (or a view of it with the same columns).
        currency: the shop's currency.
        rates: see `priced`.
        keep: what to do with tables that many questions need; by default they stay expressions.
        returns_window: after which an order's returns have matured.
        parts: how lists within events are found.
    """

    def __init__(
        self,
        events: Table,
        currency: str = "EUR",
        rates: Table | None = None,
        keep: Keep = _lazily,
        returns_window: timedelta = timedelta(days=30),
        parts: Parts = NESTED,
    ) -> None:
        self.parts = parts
        self._events = events
        self._currency = currency
        self._rates = rates
        self._keep = keep
        self._returns_window = returns_window

    @cached_property
    def _priced(self) -> Table:
        return priced(self._events, self._currency, self._rates)

    @cached_property
    def identities(self) -> Table:
        """Grain: one visitor whose customer is known."""
        return self._keep(people.identities(self._events), "identities", ("visitor_id",))

    @cached_property
    def _purchases(self) -> Table:
        return self._keep(orders.purchases(self._priced), "purchases", ("order_id",))

    @cached_property
    def order_lines(self) -> Table:
        """Grain: one line of an order."""
        return self._keep(orders.order_lines(self._purchases, self.parts), "order_lines", ("order_id",))

    @cached_property
    def _sold(self) -> Table:
        return self._keep(orders.orders(self._purchases, self.order_lines, self.identities), "sold", ("order_id",))

    @cached_property
    def returns(self) -> Table:
        """Grain: one refund event."""
        back = orders.returns(self._priced, self._sold, self.order_lines, self.parts)
        return self._keep(back, "refunds", ("order_id", "refund_id"))

    @cached_property
    def orders(self) -> Table:
        """Grain: one order, with all that has come back so far."""
        return self._keep(orders.with_refunds(self._sold, self.returns, self._returns_window), "orders", ("order_id",))

    @cached_property
    def line_returns(self) -> Table:
        """Grain: one line of an order that was not cancelled, with when it came back."""
        told = returned.line_returns(self._priced, self.order_lines, self.orders, self._returns_window, self.parts)
        return self._keep(told, "line_returns", ("order_id",))

    def kept(
        self, table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        """Return a table that several questions need, materialised if the shop does so.

        Args:
            table: an expression over these facts.
            name: what it is, in any words; different names are different tables.
            by: columns that say whose a row is, where it can be kept up: see `Keep`.
            merges: how its columns are added up, where it can be kept up so: see `Keep`.
            per: by which column it is grouped, where it can be kept up so: see there.
        """
        return self._keep(table, _identifier(name), by, merges, per)

    @cached_property
    def cart_moves(self) -> Table:
        """Grain: one add to or remove from a cart."""
        return engagement.cart_moves(self._priced)

    @cached_property
    def carts(self) -> Table:
        """Grain: one cart."""
        return self._keep(engagement.carts(self.cart_moves, self._purchases), "carts", ("visitor_id",))

    @cached_property
    def placements(self) -> Table:
        """Grain: one product in one list that was shown; no click on it."""
        return placements.placements(self._events, self.identities, self.parts)

    @cached_property
    def drawn_placements(self) -> Table:
        """Grain: one product in one decision, in a place that chance gave to it."""
        return placements.drawn_placements(self._events, self.identities, self.parts)

    @cached_property
    def kept_lines(self) -> Table:
        """Grain: one line of an order that was not cancelled, with how much of it was kept."""
        return placements.kept_lines(self.order_lines, self.orders, self.line_returns)

    def of_people(self, table: Table) -> Table:
        """Return a table with ``visitor_id`` and ``customer_id`` with ``person_id`` beside them: the customer where known.

        Args:
            table: with one row for whatever a visitor did.
        """
        return people.with_person(table, self.identities)

    def bought_after(self, placed: Table, window: timedelta) -> Table:
        """Grain: one line of an order of a product that had been shown to this person, with its last place.

        Args:
            placed: `placements` or `drawn_placements`, or some of them.
            window: for how long a product that was shown counts.
        """
        return placements.bought_after(placed, self.kept_lines, int(window.total_seconds()))

    @cached_property
    def products(self) -> Table:
        """Grain: one product of the catalogue."""
        return self._keep(engagement.products(self._events), "products")


class Facts(Outcomes):
    """All tables of a shop.

    Args:
        events: the events table.
        currency: the shop's currency.
        rates: see `priced`.
        keep: what to do with tables that many questions need.
        returns_window: after which an order's returns have matured.
        parts: how lists within events are found.
    """

    @property
    def events(self) -> Table:
        """Grain: one event, rejections left out."""
        return self._events.filter(self._events.kind != "rejection")

    @cached_property
    def visitors(self) -> Table:
        """Grain: one visitor."""
        return people.visitors(self.events, self.identities)

    @cached_property
    def sessions(self) -> Table:
        """Grain: one session."""
        return self._keep(people.sessions(self.events), "sessions", ("visitor_id",))

    @cached_property
    def visits(self) -> Table:
        """Grain: one visitor with a session."""
        return self._keep(people.visits(self.sessions), "visits", ("visitor_id",))

    @cached_property
    def interactions(self) -> Table:
        """Grain: one answer, click or opened message."""
        known = self._keep(self.products.select("product_id"), "catalogue")  # of a product, only that it is there matters
        table = engagement.interactions(self._events, self.identities, known, self.parts)
        return self._keep(table, "interactions", ("visitor_id", "customer_id"))

    @cached_property
    def touches(self) -> Table:
        """Grain: one touch: a helpful answer, or a click."""
        return self.interactions.filter(self.interactions.is_touch)

    @cached_property
    def impressions(self) -> Table:
        """Grain: one list shown or message sent."""
        table = engagement.impressions(self._events)
        return self._keep(table, "impressions", ("visitor_id", "customer_id"))

    @cached_property
    def shown_products(self) -> Table:
        """Grain: one product in one list."""
        return people.with_person(engagement.shown_products(self._events, self.parts), self.identities)

    def exposures(self, experiment: str, until: datetime | None = None, *, of_customers: bool = False) -> Table:
        """Grain: one eligible visitor of an experiment, by exposures before a moment; with what was known of it then."""
        if of_customers:
            own = engagement.exposures(self._events, experiment, until, of_customers=True)
            return eligibility.with_history(own, eligibility.pasts_of_customers(self._sold))
        exposed = engagement.exposures(self._events, experiment, until)
        if self._some_name_no_origin:
            exposed = eligibility.with_origin(
                self.kept(exposed, f"exposures {experiment} {until}", ("visitor_id",)), self._origins
            )
        return eligibility.with_history(exposed, self._pasts)

    @cached_property
    def _some_name_no_origin(self) -> bool:
        """Whether exposures lack a device or a country, so that it must be looked up; mostly none does, or all do."""
        told = self._events.filter(self._events.kind == "exposure")
        lacking = told.group_by(is_lacking=told.device.isnull() | told.country.isnull()).agg(n=_.count())
        counted = self._keep(lacking, "origins_told", merges={"n": "sum"})
        return row_count(counted.filter(counted.is_lacking)) > 0

    @cached_property
    def _origins(self) -> Table:
        return self._keep(eligibility.origins(self._events), "origins", ("visitor_id",))

    @cached_property
    def _pasts(self) -> Table:
        return self._keep(eligibility.pasts(self._purchases, self.identities), "pasts", ("visitor_id",))

    @cached_property
    def tool_claims(self) -> Table:
        """Grain: one claim that an outside tool reported."""
        told = claims.tool_claims(self._priced, self._purchases, self._currency, has_rates=self._rates is not None)
        return self._keep(told, "tool_claims")

    def outcomes(self) -> Outcomes:
        """Return the view without engagement that policies learn from."""
        return Outcomes(self._events, self._currency, self._rates, self._keep, self._returns_window, self.parts)
