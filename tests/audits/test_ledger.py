"""Claims of tools beside credits beside revenue."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import MONDAY, Event, answer, click, event, facts, later, message, purchase, rates_table, refund, rows
from counterclick.attribution import FirstTouch, LastTouch, Rule, claimed, credits, pairs, within
from counterclick.audits import CLAIM_RULE, WIDEST, Ledger, claimed_by_surface, ledger_audit
from counterclick.audits.ledger import WINDOWS
from counterclick.facts import Facts

BY = {"mailer": "email"}


def claim(tool: str, amount: float, order: str | None = None, at: str = MONDAY, **fields: Any) -> Event:
    """Return a tool's claim."""
    return event("claim", at, claimant=tool, amount=amount, order_id=order, **fields)


def laid(tables: Facts, rule: Rule | None = None, claimed_by: dict[str, str] | None = None) -> Ledger:
    """Return the ledger of a shop."""
    rule = rule or FirstTouch()
    tied = BY if claimed_by is None else claimed_by
    paired = pairs(tables.orders, tables.interactions, WIDEST)
    return ledger_audit(
        orders=tables.orders,
        paired=paired,
        told=tables.tool_claims,
        claimed=claimed_by_surface(claimed(within(paired, CLAIM_RULE)), tables.tool_claims, tables.orders, tied),
        credited=credits(tables.orders, tables.interactions, rule),
        rule=rule,
        claimed_by=tied,
        currency="EUR",
        timezone="UTC",
    )


def test_what_a_tool_reports_stands_for_its_surface_and_other_surfaces_claim_by_rule() -> None:
    """The mailer reports o1 and o3 alone, though o2 between them was opened too; the chat claims o2 by its answer."""
    found = laid(
        facts(
            message("opened", "v1", at=later(MONDAY, hours=-5)),
            purchase("v1", 60, order="o1"),
            message("opened", "v2", at=later(MONDAY, hours=-5)),
            answer("v2", "p1", at=later(MONDAY, hours=-1)),
            purchase("v2", 40, order="o2"),
            purchase("v3", 10, at=later(MONDAY, hours=1), order="o3"),
            claim("mailer", 60, "o1"),
            claim("mailer", 10, "o3"),
        )
    )
    assert (found.claimed, found.n_claimed, found.n_twice) == (110, 3, 0)
    assert (found.attributed, found.revenue) == (40, 110)


def test_before_and_after_what_a_tool_reports_the_rule_speaks_for_its_surface() -> None:
    """A file of one day does not silence the other days: the order of the week before, after an open, stays claimed."""
    found = laid(
        facts(
            message("opened", "v1", at=later(MONDAY, days=-7, hours=-1)),
            purchase("v1", 70, at=later(MONDAY, days=-7), order="o0"),
            purchase("v2", 30, order="o1"),
            claim("mailer", 30, "o1"),
        )
    )
    assert (found.claimed, found.n_claimed) == (100, 2)


def test_what_a_tool_claims_twice_over_is_added_once() -> None:
    """An order of 100, the month that holds it (150) and a week of that month (120): together the tool claims 150."""
    found = laid(
        facts(
            purchase("v1", 100, order="o1"),
            claim("mailer", 100, "o1"),
            claim("mailer", 150, at="2026-01-01T00:00", period_ends_at="2026-02-01T00:00:00Z"),
            claim("mailer", 120, at="2026-01-05T00:00", period_ends_at="2026-01-12T00:00:00Z"),
        )
    )
    assert found.claimed == 150
    assert [(each.claimed, each.adds, each.overlaps) for each in found.periods] == [(150, 50, False), (120, 0, True)]


def test_a_period_of_a_surface_that_the_rule_speaks_for_is_not_added_to_it() -> None:
    """One click and its order of 100, and the tool's month of 100: 100 are claimed, not 200."""
    found = laid(
        facts(
            message("clicked", "v1", at=later(MONDAY, hours=-2)),
            purchase("v1", 100, order="o1"),
            claim("mailer", 100, at="2026-01-01T00:00", period_ends_at="2026-02-01T00:00:00Z"),
        )
    )
    assert found.claimed == 100


def test_two_tools_of_one_surface_claim_an_order_twice() -> None:
    """Mailer and text messages are both tied to e-mail; each claims the whole order."""
    tables = facts(purchase("v1", 100, order="o1"), claim("mailer", 100, "o1"), claim("texts", 100, "o1"))
    found = laid(tables, claimed_by={"mailer": "email", "texts": "email"})
    assert (found.claimed, found.n_claimed, found.n_twice) == (200, 1, 1)


def test_the_latest_report_of_an_order_counts() -> None:
    """50, restated as 40 in the same file: one of them counts, the other is listed; nothing is added up."""
    found = laid(facts(purchase("v1", 100, order="o1"), claim("mailer", 50, "o1"), claim("mailer", 40, "o1")))
    assert found.claimed in (40, 50)
    assert [each.problem for each in found.problems] == ["reported before"]


def test_an_order_claimed_by_two_is_counted_twice_in_claims_and_once_in_credits() -> None:
    """Chat and mailer claim the same 60: 120 are claimed, one order of one twice, and 60 credited."""
    found = laid(
        facts(
            answer("v1", "p1", at=later(MONDAY, hours=-1)),
            purchase("v1", 60, order="o1"),
            claim("mailer", 60, "o1"),
        )
    )
    assert (found.claimed, found.n_twice, found.attributed) == (120, 1, 60)
    assert "100 % of them by two or more" in str(found)


def test_every_claim_with_something_wrong_is_listed_and_none_is_dropped() -> None:
    """Unknown order, more than the order, no rate, a repeated row: each is listed; all but the last two count as claimed."""
    found = laid(
        facts(
            purchase("v1", 100, order="o1", tax=19, shipping=5),
            purchase("v2", 100, order="o2"),
            claim("mailer", 124, "o1"),
            claim("mailer", 124, "o1"),
            claim("mailer", 100.02, "o2"),
            claim("mailer", 7, "o9"),
            claim("mailer", 50, "o2", claim_window="30d", currency="USD"),
        )
    )
    assert sorted(
        (each.problem, each.order_id, each.amount, each.currency, each.order_value) for each in found.problems
    ) == [
        ("more than the order", "o2", 100.02, "EUR", 100.0),
        ("no exchange rate", "o2", 50.0, "USD", 100.0),
        ("reported before", "o1", 124.0, "EUR", 124.0),
        ("unknown order", "o9", 7.0, "EUR", None),
    ]
    assert found.claimed == pytest.approx(124 + 100.02 + 7)
    assert "USD 50.00" in str(found.listed())


def test_another_currency_is_converted_where_a_rate_is_known() -> None:
    """50 dollars at 0.9 are 45 euros; the claim is no problem any more."""
    rates = rates_table((date(2026, 1, 5), "USD", 0.9))
    found = laid(facts(purchase("v1", 100, order="o1"), claim("mailer", 50, "o1", currency="USD"), rates=rates))
    assert (found.claimed, found.problems) == (45, ())


def test_a_claim_in_its_orders_currency_is_converted_as_the_order_was() -> None:
    """100 dollars at 0.8 on the day of the order are 80 euros, though the dollar stands at 0.95 when they are claimed."""
    rates = rates_table((date(2026, 1, 5), "USD", 0.8), (date(2026, 3, 1), "USD", 0.95))
    told = claim("mailer", 100, "o1", at="2026-03-01T00:00", currency="USD")
    found = laid(facts(purchase("v1", 100, order="o1", currency="USD"), told, rates=rates))
    assert (found.claimed, found.revenue, found.problems) == (80, 80, ())


def test_a_refund_that_comes_later_restates_what_was_claimed_and_credited() -> None:
    """Half of the claimed and credited order comes back: 50 of 100 are left of the credit, and the tool is shown with it."""
    tables = facts(
        answer("v1", "p1", at=later(MONDAY, hours=-1)),
        purchase("v1", 100, order="o1"),
        claim("mailer", 100, "o1"),
        refund("o1", at=later(MONDAY, days=5), amount=50),
    )
    found = laid(tables)
    assert (found.attributed, found.attributed_net, found.net_revenue) == (100, 50, 50)
    assert found.claimants[0].returned == 50


def test_a_tool_that_counts_opens_is_named() -> None:
    """Of four claimed orders three followed an opened message and one a click; a fifth followed nothing recorded."""
    events = [purchase(f"v{i}", 10, order=f"o{i}") for i in range(5)]
    events += [message("opened", f"v{i}", at=later(MONDAY, hours=-2)) for i in range(3)]
    events += [message("clicked", "v3", at=later(MONDAY, hours=-2))]
    events += [claim("mailer", 10, f"o{i}") for i in range(5)]
    found = laid(facts(*events))
    line = found.claimants[0]
    assert (line.n_orders, line.n_untouched, line.n_unseen, line.n_opened, line.counts_opens) == (5, 4, 1, 3, True)
    assert "mailer counts opens: of 5 orders that it claims, 3" in " ".join(str(found).split())


def test_a_tool_that_counts_clicks_is_not_said_to_count_opens() -> None:
    """One open and two clicks: clicks are what it counts."""
    events = [purchase(f"v{i}", 10, order=f"o{i}") for i in range(3)]
    events += [message("opened" if i == 0 else "clicked", f"v{i}", at=later(MONDAY, hours=-2)) for i in range(3)]
    assert not laid(facts(*events, *(claim("mailer", 10, f"o{i}") for i in range(3)))).claimants[0].counts_opens


def test_a_tool_tied_to_no_surface_is_left_out_of_double_claims_and_says_so() -> None:
    """Nobody knows whether 'ads' is one of the surfaces: its sum counts, its orders are not called claimed twice."""
    tables = facts(answer("v1", "p1", at=later(MONDAY, hours=-1)), purchase("v1", 60, order="o1"), claim("ads", 60, "o1"))
    found = laid(tables)
    assert (found.claimed, found.n_twice) == (120, 0)
    assert 'claimed_by = ["ads"]' in str(found)


def test_a_period_is_laid_beside_the_revenue_and_credits_of_its_days() -> None:
    """January: 500 claimed, 100 sold, 40 credited to e-mail; February's order is in none of them."""
    tables = facts(
        message("clicked", "v1", at=later(MONDAY, hours=-2)),
        purchase("v1", 40),
        purchase("v2", 60),
        purchase("v3", 1000, at="2026-02-01T00:00"),
        claim("mailer", 500, at="2026-01-01T00:00", period_ends_at="2026-02-01T00:00:00Z"),
    )
    period = laid(tables).periods[0]
    assert (period.claimed, period.revenue, period.attributed) == (500, 100, 40)
    assert (period.starts_on, period.ends_on) == (date(2026, 1, 1), date(2026, 1, 31))


def test_windows_and_ways_of_counting_inflate() -> None:
    """An answer 20 days, a click 20 hours and an open 30 minutes before the only order: who gets it depends on how."""
    tables = facts(
        answer("v1", "p1", at=later(MONDAY, days=-20)),
        click("v1", at=later(MONDAY, hours=-20)),
        message("opened", "v1", at=later(MONDAY, minutes=-30)),
        purchase("v1", 80),
    )
    found = {(line.surface, line.way): tuple(line.shares.values()) for line in laid(tables).inflation}
    assert tuple(WINDOWS) == ("1 h", "24 h", "7 d", "30 d")
    assert found["chat", "first touch, once"] == (0, 0, 0, 1)
    assert found["cart", "first touch, once"] == (0, 1, 1, 0)
    assert found["cart", "last touch, once"] == (0, 1, 1, 1)
    assert found["email", "each for itself, opens too"] == (1, 1, 1, 1)
    assert found["email", "each for itself, touches"] == (0, 0, 0, 0)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["chat", "cart", "open", "clicked"]), st.integers(1, 3), st.integers(-40 * 24, 24), st.booleans()
        ),
        max_size=12,
    ),
    sales=st.lists(st.tuples(st.integers(1, 3), st.integers(-48, 48), st.integers(1, 500)), min_size=1, max_size=6),
    window=st.sampled_from(list(WINDOWS.values())),
    rule=st.sampled_from([FirstTouch, LastTouch]),
    helpful=st.booleans(),
)
def test_credits_never_exceed_revenue(
    moves: list[tuple[str, int, int, bool]],
    sales: list[tuple[int, int, int]],
    window: timedelta,
    rule: Any,
    helpful: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever happened in whatever order, and by any rule: no order is credited twice, nor with more than its revenue."""
    events = []
    for what, who, hours, odd in moves:
        at = later(MONDAY, hours=hours)
        if what == "chat":
            events.append(answer(f"v{who}", "p1", at=at, could_not_answer=odd))
        elif what == "cart":
            events.append(click(f"v{who}", at=at))
        else:
            events.append(message("opened" if what == "open" else "clicked", f"v{who}", at=at))
    events += [purchase(f"v{who}", value, at=later(MONDAY, hours=hours)) for who, hours, value in sales]
    tables = facts(*events)
    made = rule(window, helpful_only=helpful)
    given_credit = rows(credits(tables.orders, tables.interactions, made), "order_id", "attributed_revenue")
    revenue = dict(rows(tables.orders, "order_id", "revenue"))
    assert len({order for order, _ in given_credit}) == len(given_credit)
    assert all(amount == revenue[order] for order, amount in given_credit)
    found = laid(tables, made)
    assert found.attributed <= found.revenue + 1e-9
    for label in WINDOWS:
        for way in ("first touch, once", "last touch, once"):
            assert sum(line.shares[label] for line in found.inflation if line.way == way) <= 1 + 1e-9
