"""Days without events: what is a gap, and what is only a Sunday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from counterclick.audits.gaps import gaps, usual_on

MONDAY = date(2026, 1, 5)
LAST = MONDAY + timedelta(days=55)


def days(a_day: int, *missing: int, weekends: bool = True) -> dict[date, int]:
    """Eight weeks from a Monday on with so many events a day, but for some days."""
    every = {MONDAY + timedelta(days=n): a_day for n in range(56) if n not in missing}
    return {day: n for day, n in every.items() if weekends or day.weekday() < 5}


def test_a_day_without_events_is_a_gap_with_what_is_usual_on_it() -> None:
    """Twenty on every other Wednesday: 20 are usual on the 14th of January."""
    (found,) = gaps("page_view", days(20, 9), LAST, 10)
    assert (found.first_on, found.last_on, found.usual, found.is_open) == (date(2026, 1, 14), date(2026, 1, 14), 20, False)


def test_a_shop_that_is_closed_at_weekends_has_no_gaps() -> None:
    """No Saturday and no Sunday has ever had an event."""
    assert gaps("purchase", days(20, weekends=False), LAST, 10) == ()


def test_a_stretch_over_a_weekend_counts_its_working_days() -> None:
    """From Thursday to Tuesday, with an idle weekend between: four days of 20 are 80."""
    (found,) = gaps("purchase", days(20, 10, 11, 14, 15, weekends=False), LAST, 10)
    assert (found.first_on, found.last_on, found.usual, found.n_days) == (date(2026, 1, 15), date(2026, 1, 20), 80, 6)


@pytest.mark.parametrize(("missing", "n_gaps"), [((20,), 0), ((20, 21), 0), ((20, 21, 22, 23), 1)])
def test_rare_events_are_missed_only_when_enough_of_them_are(missing: tuple[int, ...], n_gaps: int) -> None:
    """At three a day, one day or two without any may be chance; four days are 12, and 10 are needed."""
    assert len(gaps("refund", days(3, *missing), LAST, 10)) == n_gaps


def test_a_kind_that_ends_early_is_an_open_gap() -> None:
    """Nothing in the last week: seven days of 20, and still none."""
    (found,) = gaps("exposure", days(20, *range(49, 56)), LAST, 10)
    assert (found.first_on, found.usual, found.is_open) == (MONDAY + timedelta(days=49), 140, True)


def test_days_on_which_the_shop_was_closed_are_no_gap() -> None:
    """Closed on the 14th: nothing is missing."""
    assert gaps("purchase", days(20, 9), LAST, 10, [date(2026, 1, 14)]) == ()


def test_a_newsletter_on_tuesdays_is_missed_on_a_tuesday_only() -> None:
    """One of eight Tuesdays has none; the other days never had any."""
    tuesdays = {MONDAY + timedelta(days=1 + 7 * week): 500 for week in range(8) if week != 3}
    (found,) = gaps("message_sent", tuesdays, LAST, 10)
    assert (found.first_on, found.last_on, found.usual) == (date(2026, 1, 27), date(2026, 1, 27), 500)


def test_what_is_usual_needs_two_weekdays_of_its_kind() -> None:
    """On the second Monday ever, one earlier Monday says nothing; with a later one, the median of 10 and 30 is 20."""
    second = MONDAY + timedelta(days=7)
    after = second + timedelta(days=1)
    assert usual_on(second, second, after, {MONDAY: 10}, second) == 0
    known = {MONDAY: 10, MONDAY + timedelta(days=14): 30}
    assert usual_on(second, second, after, known, MONDAY + timedelta(days=14)) == 20


def test_nothing_recorded_has_no_gaps() -> None:
    """A kind without events is not missed."""
    assert gaps("refund", {}, LAST, 10) == ()
