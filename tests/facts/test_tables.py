"""The tables together: what is kept, under which names, and what policies may see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibis.expr.types import Table

from builders import answer, event, events_table, exposure, facts, kept, purchase, rows, view
from counterclick.facts import Facts
from counterclick.facts.tables import _identifier


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_of_kept_tables_are_identifiers(one: str, other: str) -> None:
    """Whatever an experiment is called, its table's name is safe in SQL and its own."""
    assert re.fullmatch("[a-z0-9_]{1,63}", _identifier(one))
    assert (_identifier(one) == _identifier(other)) == (one == other)


def test_tables_are_kept_once_under_safe_names() -> None:
    """A shop that materialises tables is asked once for each, dashes and quotes in names or not."""
    asked: list[str] = []

    def keep(
        table: Table, name: str, by: Sequence[str] = (), merges: Mapping[str, str] | None = None, per: str = ""
    ) -> Table:
        asked.append(name)
        return kept(table, name, by, merges, per)

    name = 'cart-bundles "2"; --'
    shop = Facts(events_table(purchase("v1", 30), exposure("v1", "a", experiment=name)), keep=keep)
    assert rows(shop.orders, "revenue") == [30]
    assert rows(shop.exposures(name), "visitor_id") == ["v1"]
    assert rows(shop.interactions, "interaction_id") == []
    assert rows(shop.kept(shop.orders, name), "revenue") == [30]
    assert len(asked) == len(set(asked))
    assert all(re.fullmatch("[a-z0-9_]+", each) for each in asked)


def test_policies_see_no_engagement() -> None:
    """The outcomes have orders, carts and products, and neither clicks nor answers."""
    outcomes = facts(purchase("v1", 30), answer("v1", "p1")).outcomes()
    assert rows(outcomes.orders, "revenue") == [30]
    for engagement in ("interactions", "touches", "impressions", "shown_products", "events", "sessions", "exposures"):
        assert not hasattr(outcomes, engagement)


def test_an_empty_store_has_empty_tables() -> None:
    """Every table answers with no rows where nothing was recorded."""
    shop = facts()
    for table in (
        shop.orders,
        shop.order_lines,
        shop.returns,
        shop.identities,
        shop.visitors,
        shop.sessions,
        shop.interactions,
        shop.touches,
        shop.impressions,
        shop.shown_products,
        shop.carts,
        shop.cart_moves,
        shop.products,
        shop.exposures("test"),
    ):
        assert table.count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize("kind", ["page_view", "begin_checkout"])
def test_events_are_what_was_taken(kind: str) -> None:
    """The facts' events are the log's rows."""
    shop = facts(event(kind, visitor_id="v1"), view("v2"))
    assert rows(shop.events, "visitor_id", "kind") == [("v1", kind), ("v2", "page_view")]
