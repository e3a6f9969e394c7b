"""From tables to moments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import MONDAY, Event, config, context, exposure, kept, later, line, purchase, refund
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.measured import FIRST_DAY, MATURED, PRE, Measured, grouped_moments, measure
from counterclick.metrics import metric_named
from counterclick.stats import Moments

OUTCOME = [metric_named("revenue_per_visitor")]


def measured(*events: Event, told: Any = None, **settings: Any) -> Measured:
    return measure(Cohort("test", config(**settings), context(*events, **(told or {}))), OUTCOME)


visitors = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 27),
        st.lists(st.tuples(st.integers(-30, 10), st.integers(0, 99)), max_size=3),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(visitors)
def test_moments_equal_numpys_and_add_over_days(drawn: list[tuple[str, int, list[tuple[int, int]]]]) -> None:
    """Means and cross products of each arm are those of a plain recomputation, and sums over its entry days."""
    events, values = [], []
    for i, (arm, day, orders) in enumerate(drawn):
        entry = later(MONDAY, days=day)
        events.append(exposure(f"v{i}", arm, entry))
        events += [purchase(f"v{i}", value, later(entry, days=shift)) for shift, value in orders]
        within = [value for shift, value in orders if 0 <= shift < 7]
        row = [
            sum(within),
            bool(within),
            len(within),
            sum(value for shift, value in orders if shift == 0),
            sum(value for shift, value in orders if -28 <= shift < 0),
        ]
        values.append(row)
    found = measured(*events)
    names = ("revenue", "buyers", "orders", FIRST_DAY, PRE)
    for arm in {arm for arm, *_ in drawn}:
        table = np.array([row for row, (own, *_) in zip(values, drawn, strict=True) if own == arm], dtype=float)
        expected = Moments.from_values(names, table)
        own = found.arms[arm].select(names)
        assert own.n == expected.n
        np.testing.assert_allclose(own.mean, expected.mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(own.m2, expected.m2, rtol=1e-9, atol=1e-7)
        parts = [moments for (name, _), moments in found.by_day.items() if name == arm]
        assert sum(part.n for part in parts) == own.n
        assert sorted(found.amounts.get(arm, [])) == sorted(value for value in table[:, 0] if value)
        by_day = {day: part.sum_of("revenue") for (name, day), part in found.by_day.items() if name == arm}
        days = found.entered.get(arm, np.empty(0, dtype="datetime64[D]"))
        for day, total in by_day.items():
            assert found.amounts.get(arm, np.empty(0))[days == np.datetime64(day)].sum() == pytest.approx(total)


def test_matured_net_revenue_takes_refunds_of_the_returns_window() -> None:
    """What came back within 30 days of the order is off; what came later is not."""
    found = measured(
        exposure("v1", "a"),
        purchase("v1", 50, order="o1", at=later(MONDAY, days=1)),
        refund("o1", later(MONDAY, days=31), amount=20),
        refund("o1", later(MONDAY, days=31, seconds=1), amount=7),
    )
    assert found.arms["a"].sum_of(MATURED) == 30


def test_days_are_the_shops() -> None:
    """23:30 UTC is the next day in Berlin."""
    found = measured(exposure("v1", "a", "2026-01-06T23:30"), told={"timezone": "Europe/Berlin"})
    assert set(found.by_day) == {("a", date(2026, 1, 7))}


def test_unfinished_visitors_count_as_eligible_only() -> None:
    """On 20 January, 9 days after 11 January, those of the 12th are still open."""
    found = measured(
        exposure("v1", "a", "2026-01-10T10:00"),
        exposure("v2", "b", "2026-01-12T10:00"),
        exposure("v2", "a", "2026-01-13T10:00"),
        told={"as_of": datetime(2026, 1, 20, tzinfo=UTC)},
    )
    assert (set(found.arms), found.n_eligible, found.n_several) == ({"a"}, 2, 1)


def test_matched_and_unmatched_revenue_are_of_the_same_time() -> None:
    """Both run from the first day to the last window, whether the visitor is finished or not."""
    found = measured(
        exposure("v1", "a"),
        exposure("v2", "b", "2026-01-30T10:00"),
        purchase("v1", 60, later(MONDAY, days=1)),
        purchase("v2", 35, "2026-01-30T11:00"),
        purchase(None, 5, "2026-01-30T11:00"),
        purchase(None, 99, "2026-03-30T11:00"),
        told={"as_of": datetime(2026, 2, 1, tzinfo=UTC)},
    )
    assert (found.matched, found.unmatched, found.n_unmatched) == (95, 5, 1)
    assert found.arms["a"].sum_of("revenue") == 60


def test_margin_rate_is_of_lines_with_known_cost() -> None:
    """Half of 20 is margin; 20 of 50 is the share whose cost is known."""
    found = measured(
        exposure("v1", "a"),
        purchase("v1", at=later(MONDAY, hours=1), lines=[line("p1", 2, 10, unit_cost=5), line("p2", 1, 30)]),
    )
    assert (found.margin_rate, found.costed_share) == (pytest.approx(0.5), pytest.approx(0.4))
    nothing = measured(exposure("v1", "a"))
    assert (nothing.margin_rate, nothing.costed_share) == (None, 0)


def test_negative_margins_are_amounts_too() -> None:
    """Sold below cost: the amount is kept as it is, and none is dropped."""
    events = [exposure("v1", "a"), purchase("v1", at=later(MONDAY, hours=1), lines=[line("p1", 1, 10, unit_cost=15)])]
    found = measure(Cohort("test", config(outcome="margin_per_visitor"), context(*events)), OUTCOME)
    assert list(found.amounts["a"]) == [-5]


def test_a_value_that_hardly_varies_keeps_its_variance() -> None:
    """A million and 0 to 2 more: sums of squares would cancel most of it; an arm of zeros stays exactly zero."""
    rng = np.random.default_rng(1)
    steady, wild = 1e6 + rng.integers(0, 3, 4000), rng.gamma(0.1, 100, 4000)
    values = {"visitor_id": np.arange(4000), "variant": np.repeat(["a", "b"], [3990, 10]), "steady": steady, "wild": wild}
    values["steady"][3990:] = values["wild"][3990:] = 0.0
    table = kept(ibis.memtable(pa.table(values)), "steady")
    found = grouped_moments({("a",): 3990, ("b",): 10}, table, ("steady", "wild"), ("variant",))
    expected = Moments.from_values(["steady", "wild"], np.column_stack([steady, wild])[:3990])
    np.testing.assert_allclose(found["a",].m2, expected.m2, rtol=1e-6)
    np.testing.assert_allclose(found["a",].mean, expected.mean, rtol=1e-12)
    assert found["b",] == Moments(("steady", "wild"), 10, np.zeros(2), np.zeros((2, 2)))
