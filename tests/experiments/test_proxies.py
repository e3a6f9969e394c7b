"""What an experiment's visitors clicked and stayed, beside what they spent."""

from __future__ import annotations

from datetime import date

import pytest

from builders import click, experiment, exposure, later, purchase, shown, view
from counterclick.errors import UnknownNameError

ENTRY = "2026-01-06T10:00"
EVENTS = (
    exposure("v1", "a", at=ENTRY),
    shown("v1", "p1", at=later(ENTRY, seconds=1), surface="cart"),
    shown("v1", "p1", at=later(ENTRY, seconds=2), surface="search"),
    click("v1", at=later(ENTRY, minutes=1), surface="search"),
    exposure("v2", "b", at=ENTRY),
    shown("v2", "p1", at=later(ENTRY, seconds=1), surface="cart"),
    click("v2", at=later(ENTRY, minutes=2), surface="cart"),
    click("v2", at=later(ENTRY, days=8), surface="cart"),
    purchase("v2", 40, at=later(ENTRY, minutes=3)),
    exposure("v3", "b", at=later(ENTRY, days=7)),
    view("v4", at=ENTRY),
)


def test_clicks_count_on_the_experiments_surface_and_within_the_window() -> None:
    """v1 clicked elsewhere and v2 once more after its week; sessions and revenue count wherever they were."""
    found = experiment(*EVENTS).moments(["ctr", "session_length", "revenue_per_visitor"])
    assert {name: found["a"].sum_of(name) for name in found["a"].names} == {
        "clicks": 0,
        "impressions": 1,
        "session_seconds": 60,
        "sessions": 1,
        "revenue": 0,
    }
    assert (found["b"].n, found["b"].sum_of("clicks"), found["b"].sum_of("revenue")) == (2, 1, 40)
    assert found["b"].sum_of("session_seconds") == 180


def test_visitors_who_entered_after_a_look_do_not_count() -> None:
    """v3 came a week later."""
    found = experiment(*EVENTS).moments(["ctr"], until=date(2026, 1, 12))
    assert {arm: moments.n for arm, moments in found.items()} == {"a": 1, "b": 1}


def test_a_metric_that_is_none_is_refused() -> None:
    """The nearest name is said."""
    with pytest.raises(UnknownNameError, match="Did you mean 'ctr'"):
        experiment(*EVENTS).moments(["ctrs"])
