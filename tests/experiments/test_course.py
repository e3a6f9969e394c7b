"""The course of an experiment: the interval over time, looks taken and to come."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from scipy import stats

from builders import config, context
from counterclick.errors import RefusedError
from counterclick.experiments.course import Course, course_of
from counterclick.experiments.looks import band, take_looks
from counterclick.stats import obrien_fleming_spending, spending_bounds
from experiments.arms import NOTHING, measured, spend, weekly

EIGHT = {"starts_on": date(2026, 1, 5), "ends_on": date(2026, 3, 1), "planned_buyers": 1_600}
"""Eight weeks, planned for 100 buyers a week and arm."""


def even(lift: float = 0.0) -> Any:
    """Return two arms of eight weeks, the second with a lift of the baskets."""
    arms = {
        arm: [spend(2_000, 100, amount, seed=seed + n) for n in range(8)]
        for arm, amount, seed in (("a", 100.0, 0), ("b", 100.0 * (1 + lift), 50))
    }
    return weekly(arms)


def course(found: Any, as_of: str, by: Any = "week", **settings: Any) -> Course:
    """Return the course of an experiment at which looks were taken until a day."""
    told = context(of=NOTHING, as_of=datetime.fromisoformat(as_of).replace(tzinfo=UTC))
    own = config(**(EIGHT | settings))
    told = replace(told, looks=take_looks("test", own, told, found))
    return course_of("test", own, told, found, by)


def test_a_look_is_shown_with_the_interval_that_reaches_to_its_bound() -> None:
    """From its frozen sums: by hand the log ratio of two means with a delta-method error, times the bound."""
    found = course(even(0.1), "2026-02-12")
    assert [look.information for look in found.looks] == [0.25, 0.375, 0.5]
    look = found.looks[-1]
    assert None not in (look.lift, look.lower, look.upper, look.bound)
    four = even(0.1).until(date(2026, 2, 1))
    parts = []
    for arm in ("a", "b"):
        moments = four.arms[arm]
        parts.append(
            (moments.mean_of("revenue"), moments.variance_of("revenue") / moments.n / moments.mean_of("revenue") ** 2)
        )
    (low, low_error), (high, high_error) = parts
    centre, se = math.log(high / low), math.sqrt(low_error + high_error)
    assert look.lift == pytest.approx(high / low - 1)
    assert look.lower == pytest.approx(math.expm1(centre - (look.bound or 0) * se))
    assert look.upper == pytest.approx(math.expm1(centre + (look.bound or 0) * se))


def test_looks_to_come_have_the_bounds_of_the_planned_buyers() -> None:
    """After three looks four are left, evenly spread: the spending bounds of all seven; the last spends what is left."""
    found = course(even(), "2026-02-12")
    times = [0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]
    expected = spending_bounds(times, [obrien_fleming_spending(time) for time in times])
    assert [each.bound for each in found.coming] == pytest.approx(expected[3:])
    assert [each.information for each in found.coming] == pytest.approx(times[3:])
    assert [each.is_last for each in found.coming] == [False, False, False, True]
    assert found.coming[0].due_on == date(2026, 2, 18)


def test_the_lift_needed_shrinks_with_the_buyers_to_come() -> None:
    """At the last look it is the bound times today's error, by the root of buyers now over then."""
    now = even()
    found = course(now, "2026-02-12")
    last = found.coming[-1]
    arms = [now.arms[arm] for arm in ("a", "b")]
    se = math.sqrt(sum(arm.variance_of("revenue") / arm.n / arm.mean_of("revenue") ** 2 for arm in arms))
    assert last.needed == pytest.approx(math.expm1((last.bound or 0) * se * math.sqrt(1_600 / 1_600)))
    needed = [each.needed or 0 for each in found.coming]
    assert needed == sorted(needed, reverse=True)


def test_points_are_the_band_of_those_who_had_entered() -> None:
    """One for each week, and each the anytime-valid band that a verdict would show between looks."""
    now = even(0.05)
    found = course(now, "2026-02-12")
    assert [point.entered_until for point in found.points] == [date(2026, 1, 11) + timedelta(weeks=n) for n in range(7)] + [
        found.points[-1].entered_until
    ]
    third = found.points[2]
    told = context(of=NOTHING, as_of=datetime(2026, 2, 12, tzinfo=UTC))
    assert (third.lift, third.lower, third.upper) == band("test", config(**EIGHT), told, now.until(date(2026, 1, 25)))
    assert (third.buyers, third.information) == (600, 600 / 1_600)
    assert len(course(now, "2026-02-12", "day").points) > len(found.points)


def test_what_would_end_it_is_said() -> None:
    """The next look, guardrails, the end, and the days of both kill rules; after the last look why there is none."""
    found = course(even(), "2026-02-12", guardrails={"margin_per_visitor": 0.03})
    page = "\n".join(found.ends)
    for part in (
        "Look 4, due on 2026-02-18",
        "margin_per_visitor",
        "2026-03-01",
        "From 2026-03-06 on",
        "From 2026-04-05 on",
    ):
        assert part in page
    assert (found.no_movement_on, found.no_lift_on) == (date(2026, 3, 6), date(2026, 4, 5))
    over = course(even(), "2026-06-01")
    assert over.coming == ()
    assert over.ends == ("Looking has ended with look 7: it was the last one.",)
    assert "Looks that were taken" in str(over)


def test_a_look_that_crossed_ends_it() -> None:
    """A lift of 60 % crosses early; nothing comes after it."""
    found = course(even(0.6), "2026-06-01")
    assert found.looks[-1].crossed == "upper"
    assert "crossed the upper bound" in found.ends[0]


def test_without_planned_buyers_there_is_one_look_at_5_percent() -> None:
    """Its bound is that of a single test, and information is not known."""
    found = course(even(), "2026-02-12", planned_buyers=None)
    (only,) = found.coming
    assert only.bound == pytest.approx(stats.norm.ppf(0.975))
    assert only.information is None
    assert found.points[0].information is None


def test_nothing_is_shown_before_anybody_has_finished() -> None:
    """There are no points and no lift that is needed; the looks to come are known all the same."""
    found = course(measured({}), "2026-01-01")
    assert found.points == ()
    assert len(found.coming) == 7
    assert {each.needed for each in found.coming} == {None}
    assert "none" not in str(found.ends)


def test_a_course_goes_by_day_or_week() -> None:
    """Anything else is refused."""
    with pytest.raises(RefusedError, match="by day or week, not by 'hour'"):
        course(even(), "2026-02-12", "hour")
