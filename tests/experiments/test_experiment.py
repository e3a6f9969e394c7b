"""One experiment from its events: result, verdict, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from builders import MONDAY, Event, experiment, exposure, later, purchase, rows
from counterclick.errors import EmptyStoreError, RefusedError, TooFewBuyersError, UnknownNameError


def arms(n: int, a: int, b: int, revenue: float = 50) -> list[Event]:
    """Two arms of n visitors, the first a and b of whom buy, at amounts that differ."""
    events = [exposure(f"{arm}{i}", arm) for arm in "ab" for i in range(n)]
    for arm, buyers in (("a", a), ("b", b)):
        bought = later(MONDAY, days=1)
        events += [purchase(f"{arm}{i}", revenue + i % 10, bought) for i in range(buyers)]
    return events


def test_from_events_to_a_verdict() -> None:
    """60 and 120 buyers of 200 visitors each: conversion 30 and 60 %, won."""
    found = experiment(*arms(200, 60, 120))
    row = found.result().row("conversion")
    assert (row.base, row.value) == (pytest.approx(0.3), pytest.approx(0.6))
    verdict = found.verdict()
    assert (verdict.outcome, verdict.treatment, verdict.control) == ("won", "b", "a")


def test_replayed_and_shuffled_events_change_nothing() -> None:
    """Exposures and orders told twice, in the opposite order: the same verdict."""
    events = arms(150, 60, 70)
    again = [event | {"event_id": event["event_id"] + "x"} for event in events]
    one, other = experiment(*events).verdict(), experiment(*reversed(again), *events).verdict()
    assert (one.outcome, one.lift, one.p_value) == (other.outcome, pytest.approx(other.lift), other.p_value)


def test_visitors_seen_in_several_arms_keep_their_first() -> None:
    """2 of 400 visitors changed arms: counted, kept where they were, below the 1 % that would be invalid."""
    events = arms(200, 60, 120)
    moved = [exposure(f"a{i}", "b", later(MONDAY, hours=3)) for i in range(2)]
    checks = {check.name: check for check in experiment(*events, *moved).verdict().checks}
    assert (checks["visitors in several arms"].passed, checks["visitors in several arms"].value) == (True, 0.005)


def test_a_control_without_buyers_is_refused() -> None:
    """Nothing can be compared with nothing; the same for a treatment without buyers."""
    with pytest.raises(TooFewBuyersError, match="the control 'a' has no buyers among 50"):
        experiment(*arms(50, 0, 20)).verdict()
    with pytest.raises(TooFewBuyersError, match="the treatment 'b' has no buyers"):
        experiment(*arms(50, 20, 0)).verdict()


def test_an_arm_without_visitors_is_refused() -> None:
    """Exposures of one arm alone are a mistake in the tracking."""
    with pytest.raises(RefusedError, match="the treatment 'b' has no finished visitors"):
        experiment(*(exposure(f"v{i}", "a") for i in range(10)), purchase("v1", 5)).verdict()


def test_fewer_than_fifty_buyers_are_no_verdict() -> None:
    """49 buyers in the smaller arm, ever so different from the other's 90."""
    verdict = experiment(*arms(100, 49, 90)).verdict()
    assert verdict.outcome == "inconclusive"
    assert "49 buyers, a verdict needs 50" in verdict.because


def test_nobody_eligible_is_an_empty_store() -> None:
    """No exposures, or none that is finished: the message says what to record."""
    with pytest.raises(EmptyStoreError, match="Record exposure events"):
        experiment().result()
    early = {"as_of": datetime(2026, 1, 6, tzinfo=UTC)}
    with pytest.raises(EmptyStoreError, match="20 became eligible"):
        experiment(*arms(10, 5, 5), told=early).result()


def test_unknown_metrics_are_refused() -> None:
    """With the nearest name."""
    with pytest.raises(UnknownNameError, match="Did you mean 'ctr'"):
        experiment(*arms(10, 5, 5)).result(["ctrs"])


def test_more_metrics_on_request() -> None:
    """Any metric of the shop stands in the table when asked for."""
    assert experiment(*arms(20, 10, 10)).result(["sessions_per_visitor"]).row("sessions_per_visitor").base == 1.5


def test_assignment_uses_the_salt() -> None:
    """The experiment's name unless a salt is declared."""
    one, other = experiment(name="x"), experiment(name="y", salt="x")
    assert [one.assign(f"v{i}") for i in range(50)] == [other.assign(f"v{i}") for i in range(50)]


def test_orders_of_the_feature_lie_in_its_window() -> None:
    """Of visitors who had the feature, from eligibility to the window's end; unmatched orders stand apart."""
    found = experiment(
        exposure("v1", "b"),
        exposure("v2", "a"),
        purchase("v1", 1, order="o1"),
        purchase("v1", 2, later(MONDAY, days=7), order="o2"),
        purchase("v2", 3, order="o3"),
        purchase(None, 4, later(MONDAY, days=1), order="o4"),
    )
    assert rows(found.feature_orders(), "order_id") == ["o1"]
    assert rows(found.unmatched_orders(), "order_id") == ["o4"]
    assert found.context.allowance == timedelta(days=2)
