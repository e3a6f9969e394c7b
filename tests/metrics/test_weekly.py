"""Metrics week by week."""

from __future__ import annotations

import pytest

from builders import answer, click, facts, later, message, purchase, shown, view
from counterclick.attribution import FirstTouch
from counterclick.metrics import METRICS, MetricValue, Sources, compute, metric_named, weekly

WEEK = "2026-01-12T10:00"
EVENTS = (
    shown("v1", "p1", surface="cart"),
    shown("v2", "p1", surface="cart"),
    click("v1", at="2026-01-05T10:01", surface="cart"),
    shown("v1", "p1", at=WEEK, surface="search"),
    click("v1", at=later(WEEK, minutes=1), surface="search"),
    message("sent", "v9", at=WEEK),
    answer("v2", at=WEEK),
    answer("v2", at=later(WEEK, minutes=1)),
    view("v3", at=WEEK),
    purchase("v3", 30, at=later(WEEK, minutes=5)),
    purchase(None, 70, at=WEEK),
)


@pytest.fixture(scope="module")
def sources() -> Sources:
    """A shop of two weeks."""
    return Sources(facts(*EVENTS), FirstTouch())


def test_clicks_are_counted_where_they_happened(sources: Sources) -> None:
    """A click on two lists of the cart in the first week; one on one of search, and a message without, in the second."""
    found = {each.surface: each.weeks for each in weekly(sources, [metric_named("ctr")])}
    assert found == {
        "cart": (MetricValue("2026-01-05", 0.5, 1.0, 2.0),),
        "email": (MetricValue("2026-01-12", 0.0, 0.0, 1.0),),
        "search": (MetricValue("2026-01-12", 1.0, 1.0, 1.0),),
    }


def test_messages_of_a_surface_are_over_all_visitors_of_the_week(sources: Sources) -> None:
    """Two answers among v1, v2 and v3, v9 having only been sent a message; in the first week, with two visitors, none."""
    (chat,) = weekly(sources, [metric_named("messages_per_visitor")])
    assert chat.surface == "chat"
    assert chat.weeks == (MetricValue("2026-01-05", 0.0, 0.0, 2.0), MetricValue("2026-01-12", 2 / 3, 2.0, 3.0))


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.denominator is not None])
def test_summed_over_surfaces_a_week_is_that_of_the_shop(sources: Sources, name: str) -> None:
    """Every ratio there is, asked for together with all others or alone."""
    ratios = [metric for metric in METRICS.values() if metric.denominator is not None]
    alone, together = weekly(sources, [METRICS[name]]), weekly(sources, ratios)
    assert alone == [each for each in together if each.metric.name == name]
    for whole in compute(sources, METRICS[name], "week"):
        own = [week for each in alone for week in each.weeks if week.key == whole.key]
        assert sum(week.numerator or 0 for week in own) == (whole.numerator or 0)


def test_an_empty_shop_has_no_weeks() -> None:
    """Nothing happened, and nothing is returned."""
    found = weekly(Sources(facts(), FirstTouch()), [metric_named("ctr"), metric_named("net_revenue_per_visitor")])
    assert [week for each in found for week in each.weeks] == []
