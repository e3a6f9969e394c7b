"""A month beside other months: what is compared, what is not, and what is provisional."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from counterclick.audits.months import Figure, Month, change, figures_grid, shown, spanned
from counterclick.metrics import metric_named
from reports import FEBRUARY

JANUARY = Month(date(2026, 1, 1), date(2026, 1, 31), date(2026, 1, 1), date(2026, 1, 31), is_over=True, final_on=None)
PART = replace(JANUARY, recorded_from=date(2026, 1, 5))


def test_whole_months_are_compared_and_parts_are_not() -> None:
    """120 after 100 is +20 %; after a month that is recorded from its fifth day on nothing is said."""
    assert change(120, 100, FEBRUARY, JANUARY) == "+20.0 %"
    assert change(120, 100, FEBRUARY, PART) == "not comparable"
    assert change(None, 100, FEBRUARY, JANUARY) == change(120, 0, FEBRUARY, JANUARY) == change(1, 1, FEBRUARY, None) == "-"


def test_a_month_says_what_to_mind() -> None:
    """A part is named with its days, open returns with the day on which they close, a running month as not over."""
    assert FEBRUARY.says == ""
    assert PART.says == "recorded from 2026-01-05 to 2026-01-31 only"
    assert replace(JANUARY, final_on=date(2026, 3, 3)).says == "provisional: its orders may come back until 2026-03-03"
    running = replace(JANUARY, is_over=False, recorded_until=date(2026, 1, 20))
    assert running.says == "not over: recorded until 2026-01-20"
    assert not running.is_whole


def test_each_figure_stands_in_its_unit_and_what_is_not_known_says_so() -> None:
    """Money, rates, counts; None is no zero."""
    assert shown(12.5, metric_named("aov"), "EUR") == "EUR 12.50"
    assert shown(0.0312, metric_named("conversion"), "EUR") == "3.12 %"
    assert shown(1.5, metric_named("units_per_order"), "EUR") == "1.50"
    assert shown(None, metric_named("aov"), "EUR") == "not known"


def test_credit_is_called_credit_and_a_change_no_effect() -> None:
    """A row of credit says so in its label; the note below says what a change is made of."""
    metric = metric_named("attributed_checkout_revenue")
    grid = figures_grid([Figure("attributed", metric, True, 50, 40, None)], "EUR", FEBRUARY, JANUARY, None)
    assert grid.rows == [["attributed (credit, no effect)", "EUR 50.00", "EUR 40.00", "+25.0 %"]]
    assert "Nothing is recorded of the same month of last year." in grid.notes
    assert any("no effect: season" in note for note in grid.notes)


def test_months_in_a_row_are_one_span() -> None:
    """December and January are neighbours."""
    assert spanned([date(2026, 1, 1), date(2025, 12, 1), date(2026, 4, 1)]) == "2025-12 to 2026-01, 2026-04"
