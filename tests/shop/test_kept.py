"""Facts that are kept up say what facts computed from scratch say, whatever happened, and however it was recorded."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builders import (
    MONDAY,
    Event,
    add,
    answer,
    click,
    event,
    exposure,
    identify,
    later,
    line,
    product,
    purchase,
    refund,
    remove,
    shown,
    view,
)
from kept_shop import (
    ALWAYS,
    NEVER,
    begun,
    check,
    from_scratch,
    others,
    own,
    record,
    shop_of,
)

visitors, customers = st.sampled_from(["v1", "v2", "v3", "v4"]), st.sampled_from(["c1", "c2", "c3"])
orders, products = st.sampled_from(["o1", "o2", "o3", "o4"]), st.sampled_from(["p1", "p2", "p9"])
moments = st.integers(0, 18 * 24).map(lambda hours: later(MONDAY, hours=hours))
lines = st.lists(
    st.builds(line, products, st.integers(1, 3), st.sampled_from(["10", "0.3", "7.77"])), min_size=1, max_size=3
)
devices = st.sampled_from([None, "phone", "desktop"])
happenings = st.one_of(
    st.builds(
        purchase,
        st.none() | visitors,
        at=moments,
        order=orders,
        lines=lines,
        customer_id=st.none() | customers,
        device=devices,
    ),
    st.builds(purchase, st.none() | visitors, st.sampled_from(["20", "33.33"]), at=moments, order=orders),
    st.builds(refund, st.none() | orders, moments, amount=st.sampled_from([None, "5"]), customer_id=st.none() | customers),
    st.builds(identify, visitors, customers, moments),
    st.builds(exposure, visitors, st.sampled_from(["nothing", "bestsellers", "other"]), moments, device=devices),
    st.builds(answer, visitors, products, at=moments, escalated=st.sampled_from([None, True])),
    st.builds(click, visitors, products, moments),
    st.builds(
        lambda kind, at, visitor, customer: event(
            kind, at, surface="email", message_id="m", visitor_id=visitor, customer_id=customer
        ),
        st.sampled_from(["message_sent", "message_opened"]),
        moments,
        st.none() | visitors,
        st.none() | customers,
    ),
    st.builds(add, visitors, at=moments),
    st.builds(remove, visitors, at=moments),
    st.builds(view, visitors, moments, device=devices),
    st.builds(shown, visitors, products, at=moments),
    st.builds(product, products, st.none(), moments),
)
recordings = st.lists(
    st.tuples(st.lists(happenings, min_size=1, max_size=8), st.sampled_from(["file", "single", "drained"]), st.booleans()),
    min_size=1,
    max_size=3,
)


NEW = {
    "a late click of a visitor whose customer's order names no visitor": [click("v2", at=later(MONDAY, hours=8))],
    "a refund of an old order": [refund("o1", later(MONDAY, hours=40))],
    "a refund that names no order": [refund(None, amount="3")],
    "and then its customer is seen": [refund(None, amount="4", customer_id="c2"), view("v9")],
    "a second visitor of a customer": [exposure("v3", "nothing", later(MONDAY, hours=1)), identify("v3", "c2")],
    "the owner of an order is known at last": [identify("v4", "c3"), exposure("v4", "bestsellers")],
    "an order was another visitor's before": [purchase("v5", 5, later(MONDAY, hours=6), order="o1")],
    "an exposure in another arm, earlier": [exposure("v1", "bestsellers", later(MONDAY, hours=4))],
    "who entered on Tuesday had entered on Monday": [exposure("w30", "nothing", later(MONDAY, hours=2))],
    "a product is in the catalogue": [product("p9")],
}


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(recordings)
def test_what_is_kept_up_is_what_is_computed_from_scratch(batches: list[tuple[list[Event], str, bool]]) -> None:
    """After every recording, by file, one by one, or drained, all tables and moments are the same; so is the audit."""
    with shop_of(*others()) as shop:
        for events, how, writes in batches:
            record(shop, events, how)
            shop._keep_after = ALWAYS if writes else NEVER
            assert begun(shop)._stored
            check(shop)
            shop.refresh()
        for other in from_scratch(shop):
            assert str(shop.audit()) == str(other.audit())


def test_old_figures_change_with_what_they_depend_on() -> None:
    """What comes late, or links old with old, changes the figures of those whom it touches; for the rest the file serves."""
    with shop_of(*others(), *own()) as shop:
        shop._keep_after = NEVER
        for happened, events in NEW.items():
            record(shop, events, "single" if "refund" in happened else "file")
            assert begun(shop)._stored, happened
            assert begun(shop)._has_part, happened
            check(shop)


def test_only_days_into_which_news_reach_are_added_up_anew() -> None:
    """An order on Wednesday of who entered on Tuesday opens Tuesday again, and no other day."""
    with shop_of(*others(), *own()) as shop:
        shop._keep_after = NEVER
        record(shop, [purchase("w30", 7, later(MONDAY, hours=50), order="late")])
        check(shop)
        daily = next(name for name in begun(shop)._known if name.startswith("kept_daily"))
        assert shop.reading.rows(f'FROM opened."groups of {daily}"') == [(date(2026, 1, 6),)]
        assert {day for (day,) in shop.reading.rows(f'SELECT DISTINCT entry_on FROM main."{daily}"')} > {date(2026, 1, 6)}


def test_who_says_late_that_it_is_a_bot_is_found() -> None:
    """One is stored and says so again, one has come since, and one waits."""
    with shop_of(*others()) as shop:
        bots = [view(f"crawler{number}") | {"device": "bot"} for number in range(3)]
        record(shop, bots[:1])
        assert "or who say that they are bots (1)" in shop.check().sign("likely bots").effect
        shop.refresh()
        shop._keep_after = NEVER
        record(shop, [bots[0] | {"event_id": "again"}, bots[1]])
        record(shop, bots[2:], "single")
        assert begun(shop)._stored
        assert "or who say that they are bots (3)" in shop.check().sign("likely bots").effect
