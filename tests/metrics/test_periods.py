"""Periods of whole days."""

from __future__ import annotations

from datetime import date

import pytest

from counterclick.errors import ConfigError
from counterclick.metrics import period_of

LATEST = date(2026, 4, 10)


def test_a_month_is_beside_the_month_before_and_that_of_last_year() -> None:
    """March 2026 beside February and March 2025: days of the calendar, however long."""
    march = period_of("2026-03", None, None, LATEST)
    assert (march.first_on, march.last_on, march.n_days) == (date(2026, 3, 1), date(2026, 3, 31), 31)
    assert (march.before().name, march.before().n_days) == ("2026-02", 28)
    assert march.year_before().name == "2025-03"
    assert period_of("2024-02", None, None, LATEST).year_before().last_on == date(2023, 2, 28)


def test_days_are_beside_as_many_days_and_the_same_weekdays_of_last_year() -> None:
    """The last 28 days end with the last whole day; last year's are 52 weeks earlier."""
    found = period_of(None, None, None, LATEST)
    assert (found.name, found.first_on, found.last_on) == ("last-28-days", date(2026, 3, 14), LATEST)
    assert (found.before().first_on, found.before().last_on) == (date(2026, 2, 14), date(2026, 3, 13))
    assert found.year_before().first_on.weekday() == found.first_on.weekday()
    told = period_of(None, date(2026, 4, 1), None, LATEST)
    assert (told.name, told.last_on) == ("2026-04-01 to 2026-04-10", LATEST)
    assert told.first_days(3).last_on == date(2026, 4, 3)
    assert told.first_days(99) is told


@pytest.mark.parametrize(
    ("asked", "since", "until", "says"),
    [
        ("2026-13", None, None, "2026-03, or days"),
        ("March", None, None, "'March'"),
        ("last-0-days", None, None, "last-0-days"),
        ("last-500-days", None, None, "a year at most"),
        ("2026-03", date(2026, 3, 1), None, "not both"),
        (None, None, date(2026, 3, 1), "needs its first day"),
        (None, date(2026, 3, 2), date(2026, 3, 1), "ends before it begins"),
    ],
)
def test_what_is_no_period_is_refused(asked: str | None, since: date | None, until: date | None, says: str) -> None:
    """The message says what would be one."""
    with pytest.raises(ConfigError, match=says):
        period_of(asked, since, until, LATEST)
