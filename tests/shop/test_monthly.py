"""A shop's months: how far they are recorded, their figures, and the claims on one month's orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from builders import click, event, later, moment, purchase, refund
from counterclick.audits import Ledger
from counterclick.audits.months import Figure
from counterclick.errors import ConfigError, EmptyStoreError, InputError
from counterclick.metrics import Sources
from counterclick.shop import Shop
from counterclick.shop.monthly import chosen, figures_of, ledger_of, months_of
from counterclick.shop.recording import record_bodies
from months_shop import CLAIMS, ORDERS, TOML

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def shop(make_shop: Callable[[str], Shop]) -> Shop:
    """Return a shop with three orders in February, one before and one after."""
    found = make_shop(TOML)
    found.record((*ORDERS, *CLAIMS))
    return found


def ledger(shop: Shop, first_on: date = FEBRUARY) -> tuple[Ledger, int]:
    month = months_of(shop.reading, shop.config)[first_on]
    return ledger_of(shop.reading, shop.config, shop.rule, month)


def figures(shop: Shop) -> dict[str, Figure]:
    """Return February's figures beside January's, by their metrics."""
    months = months_of(shop.reading, shop.config)
    three = months[FEBRUARY], months[date(2026, 1, 1)], None
    found = figures_of(Sources(shop.facts, shop.rule), shop.config.shop.timezone, *three)
    return {each.metric.name: each for each in found}


def test_the_ledger_is_of_the_months_orders(shop: Shop) -> None:
    """60 + 40 + 100 in Berlin's February; both clicks are credited: 100; claimed: 100, by mailer 100 and 7, by ads 300."""
    found, _ = ledger(shop)
    assert (found.n_orders, found.revenue) == (3, 200)
    assert (found.attributed, found.claimed) == (100, 507)
    assert (found.n_claimed, found.n_twice) == (3, 0)


def test_claims_of_other_months_are_left_out_and_those_across_are_counted(shop: Shop) -> None:
    """In February 7 is claimed of an order that is not in the log; one period reaches into March, and is in neither."""
    (february, beyond), (march, also_beyond) = ledger(shop), ledger(shop, MARCH)
    assert [(each.problem, each.amount) for each in february.problems] == [("unknown order", 7)]
    assert [(each.problem, each.amount) for each in march.problems] == [("unknown order", 9)]
    assert beyond == also_beyond == 1
    assert [each.claimed for each in february.periods] == [300]
    assert march.periods == ()


def test_months_stand_beside_each_other(shop: Shop) -> None:
    """Revenue 200 after 500, an average order of 66.67 after 500; what is not recorded is not known; credit is credit."""
    found = figures(shop)
    assert (found["revenue"].month, found["revenue"].before) == (200, 500)
    assert (found["orders"].month, found["orders"].before) == (3, 1)
    assert (found["aov"].month, found["aov"].before) == (pytest.approx(66.67, abs=0.01), 500)
    assert found["attributed_checkout_revenue"].month == 100
    # the first visitor came on 31 January, and bought a day later
    assert (found["conversion"].month, found["conversion"].before) == (1, 0.5)
    assert (found["order_submit_rate"].month, found["average_cart_value"].month) == (None, None)
    assert {each.last_year for each in found.values()} == {None}
    assert {name for name, each in found.items() if each.is_credit} == {
        "attributed_checkout_revenue",
        "attributed_revenue_per_interaction",
    }


def test_a_late_refund_restates_a_past_month(shop: Shop) -> None:
    """The first order comes back in April: February's net revenue falls from 200 to 140, March's stays at 900."""
    assert figures(shop)["net_revenue"].month == 200
    shop.record([refund("first", "2026-04-10T10:00")])
    assert figures(shop)["net_revenue"].month == 140
    february, march = ledger(shop)[0], ledger(shop, MARCH)[0]
    assert (february.revenue, february.net_revenue, february.attributed_net) == (200, 140, 40)
    assert march.net_revenue == 900


def test_in_a_month_that_a_tool_does_not_report_the_rule_speaks_for_its_surface(make_shop: Callable[[str], Shop]) -> None:
    """The e-mail's tool reports an order of March: what followed an opened message in February is claimed by rule."""
    found = make_shop(TOML)
    opened = event("message_opened", "2026-02-19T10:00", visitor_id="v3", surface="email")
    found.record((*ORDERS, opened, CLAIMS[1]))
    assert ledger(found)[0].claimed == 200  # the cart's order, and the one after the message


def test_the_last_whole_month_is_taken_unless_one_is_named(shop: Shop) -> None:
    """January is recorded from its 20th day on, March until its second, and may come back; February is whole."""
    months = months_of(shop.reading, shop.config)
    assert chosen(months, None).key == "2026-02"
    assert chosen(months, "2026-03").says == (
        "recorded from 2026-03-01 to 2026-03-02 only; provisional: its orders may come back until 2026-05-01"
    )
    assert chosen(months, "2026-01").says == (
        "recorded from 2026-01-20 to 2026-01-31 only; provisional: its orders may come back until 2026-03-03"
    )


def test_where_no_month_is_whole_the_last_is_taken(make_shop: Callable[[str], Shop]) -> None:
    """Two days of January are all there is."""
    found = make_shop(TOML)
    found.record((purchase("v1", 1, "2026-01-10T10:00"), click("v2", at="2026-01-11T10:00")))
    assert chosen(months_of(found.reading, found.config), None).key == "2026-01"


def test_a_month_without_events_says_which_there_are(shop: Shop) -> None:
    """May is asked for; what is no month is an error of its own."""
    months = months_of(shop.reading, shop.config)
    with pytest.raises(InputError, match=r"nothing is recorded of 2026-05\. There are: 2026-01 to 2026-03\."):
        chosen(months, "2026-05")
    for wrong in ("2026-13", "march", "2026-3", "2026-03-01"):
        with pytest.raises(ConfigError, match="a month is written as 2026-03"):
            chosen(months, wrong)


def test_nothing_recorded_is_no_month(make_shop: Callable[[str], Shop]) -> None:
    """An empty store is refused; so is one that knows nothing but its catalogue."""
    empty = make_shop(TOML)
    with pytest.raises(EmptyStoreError):
        empty.report()
    empty.record([event("product", product_id="p1")])
    with pytest.raises(EmptyStoreError, match="no order, visit or click"):
        empty.report()


def test_a_month_is_provisional_until_its_orders_can_no_longer_come_back(make_shop: Callable[[str], Shop]) -> None:
    """On 10 March, with 30 days for returns, January is final, February open until 31 March, and March not over."""
    found = make_shop('[shop]\ntimezone = "UTC"\n')
    days = [purchase("v", 10, later("2026-01-01T10:00", days=n)) for n in range(69)]
    record_bodies(found.store, found.config, days, received_at=moment("2026-03-10T12:00"))
    found.refresh()
    january, february, march = months_of(found.reading, found.config).values()
    assert january.says == ""
    assert (february.is_whole, february.final_on) == (True, date(2026, 3, 31))
    assert (march.is_over, march.recorded_until, march.is_provisional) == (False, date(2026, 3, 10), True)
