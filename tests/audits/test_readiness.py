"""Readiness from figures alone: stages, gates, dates at today's pace, and what a lift is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

import reports
from counterclick.audits.readiness import readiness_of
from counterclick.config import ReadinessConfig, parse
from counterclick.config.health import HEALTH_SOURCES
from counterclick.config.readiness import SOURCES
from counterclick.display import WIDTH
from counterclick.errors import ConfigError
from data_folder import ROOT

LIMITS = ReadinessConfig()
STORE = replace(reports.STORE, revenue=5_000_000, costs={"chat": 900, "email": None})
"""A store of a year, 5 M and 12,000 orders."""


@pytest.mark.parametrize(
    ("revenue", "stage", "runs"),
    [
        (1_999_999, "under EUR 2,000,000 a year: no personalisation at all", []),
        (2_000_000, "EUR 2,000,000 to EUR 10,000,000 a year: cart bundles and", ["personalisation at all", "cart bundles"]),
        (10_000_000, "EUR 10,000,000 a year or more: learned ranking", ["personalisation at all", "cart bundles"]),
    ],
)
def test_the_stage_is_told_by_revenue_and_what_may_run_by_its_gates(revenue: float, stage: str, runs: list[str]) -> None:
    """Below 2 M nothing is personalised; from there on bundles; 150 returns are too few for return prevention."""
    found = readiness_of(replace(STORE, revenue=revenue), LIMITS)
    assert found.stage.startswith(stage)
    ready = [each.name for each in found.interventions if each.ready]
    assert [name for name in ready if name in ("personalisation at all", "cart bundles", "return prevention")] == runs


def test_what_is_missing_is_there_at_todays_pace() -> None:
    """50 returns are missing at 90 in 90 days: 50 days after the 31st of December is the 19th of February."""
    gate = readiness_of(STORE, LIMITS).intervention("return prevention").gate("returns observed")
    assert (gate.value, gate.limit, gate.met, gate.due_on) == (150, 200, False, date(2026, 2, 19))
    assert gate.when == "about 2026-02, at 30 returns a month"
    assert gate.source == "Counterclick: 500 orders x 6 months at 2 % are only 60 returns"


def test_months_of_returns_are_there_when_they_have_passed() -> None:
    """The first return came on the 1st of September: six months later it is the end of February, or the 3rd of March."""
    gate = readiness_of(STORE, LIMITS).intervention("return prevention").gate("months of returns")
    assert gate.value == pytest.approx(121 / 30.4375)
    assert gate.due_on == date(2026, 3, 3)


def test_revenue_grows_at_its_yearly_growth_where_two_years_are_known() -> None:
    """5 M after 4 M is 25 % a year: 10 M are log(2) / log(1.25) = 3.106 years away."""
    grown = replace(STORE, first_order_on=date(2024, 1, 1), revenue_before=4_000_000, n_orders_before=10_000)
    gate = readiness_of(grown, LIMITS).intervention("learned ranking").gate("revenue a year")
    assert gate.due_on == date(2029, 2, 7)
    assert gate.when == "about 2029-02, at 25.0 % of growth a year"


def test_what_todays_pace_never_meets_says_so() -> None:
    """Growth not known, shrinking revenue, no new returns, and more than ten years: no date is made up."""
    once = readiness_of(STORE, LIMITS).intervention("learned ranking").gate("revenue a year")
    assert (once.due_on, once.when.split(";")[0]) == (None, "never at today's pace")
    shrunk = replace(STORE, first_order_on=date(2024, 1, 1), revenue_before=6_000_000)
    shown = readiness_of(shrunk, LIMITS).intervention("learned ranking").gate("revenue a year")
    assert shown.when == "never at today's pace: revenue changed by -16.7 % within a year"
    idle = readiness_of(replace(STORE, n_recent_returns=0), LIMITS).intervention("return prevention")
    assert idle.gate("returns observed").when == "never at today's pace: no new returns in the last 90 days"
    slow = readiness_of(replace(STORE, n_returns=10, n_recent_returns=1), LIMITS).intervention("return prevention")
    assert slow.gate("returns observed").when == "not within 10 years, at 0.34 returns a month"


def test_a_store_without_returns_or_lines_is_told_what_is_not_known() -> None:
    """Products are not known, so that bundles can neither be run nor refused; returns were never recorded."""
    bare = replace(STORE, products=None, n_returns=0, n_recent_returns=0, first_return_on=None, visitors_a_month=None)
    found = readiness_of(bare, LIMITS)
    assert found.intervention("cart bundles").state == "cannot tell"
    assert "no return of a known order is recorded" in found.intervention("return prevention").gate("months of returns").when
    assert "not known: orders have no lines" in str(found)
    assert "not known: no event names a visitor" in str(found)


def test_a_short_history_is_extrapolated_and_says_that_season_is_not_in_it() -> None:
    """500,000 in 73 days are 2.5 M a year; in 27 days nothing is reckoned."""
    short = replace(STORE, first_order_on=date(2025, 10, 20), revenue=500_000, n_orders=2_400)
    found = readiness_of(short, LIMITS)
    assert found.revenue_a_year == 2_500_000
    assert "from 73 days" in found.warnings[1]
    assert "season" in found.warnings[1]
    shorter = readiness_of(replace(short, first_order_on=date(2025, 12, 5)), LIMITS)
    assert shorter.revenue_a_year is None
    assert shorter.worth is None
    assert shorter.stage == "not known; 28 days of orders tell the revenue of a year, 27 are recorded"
    assert shorter.intervention("personalisation at all").state == "cannot tell"


def test_a_store_without_orders_can_be_told_nothing() -> None:
    """No revenue, no lift that could be seen, no date."""
    empty = replace(STORE, first_order_on=None, last_order_on=None, revenue=0, n_orders=0, n_carried=0, products=None)
    found = readiness_of(empty, LIMITS)
    assert (found.revenue_a_year, found.visible) == (None, {})
    assert found.intervention("on/off test").gate("days of orders").when == "never at today's pace: no order is recorded"
    assert "None" not in str(found)


def test_half_a_percent_of_five_millions_is_25_000_a_year() -> None:
    """And 10,000 of margin at 40 %; a chat of 900 a month costs 10,800 and breaks even at 0.54 %."""
    worth = readiness_of(STORE, LIMITS).worth
    assert worth is not None
    assert (worth.revenue[0.005], worth.margin[0.005]) == (25_000, 10_000)
    chat, email = worth.surfaces
    assert (chat.cost, chat.break_even) == (10_800, pytest.approx(0.0054))
    assert (email.cost, email.break_even) == (None, None)
    assert "not declared" in str(readiness_of(STORE, LIMITS))


def test_without_a_margin_the_break_even_lift_is_only_bounded() -> None:
    """10,800 of 5 M are 0.216 %: were all of it margin, that would be enough."""
    found = readiness_of(replace(STORE, margin_rate=None), LIMITS)
    assert found.worth is not None
    assert (found.worth.margin, found.worth.surfaces[0].break_even) == ({}, None)
    assert "above 0.22 %: margin not known" in " ".join(str(found).split())


def test_the_smallest_visible_lift_is_that_of_the_planner() -> None:
    """About 7.9 over the root of the orders: 12,000 a year are 5,984 in 26 weeks, 7.9 / 77.4 = .102, a lift of 10.8 %."""
    found = readiness_of(STORE, LIMITS).visible
    assert found[26] == pytest.approx(0.1079, abs=0.0005)
    assert found[8] == pytest.approx(0.2029, abs=0.0005)


def test_dates_of_an_old_log_are_reckoned_from_its_last_order() -> None:
    """Imported ten years later, it says so, and what was due since is told as past."""
    found = readiness_of(replace(STORE, known_on=date(2036, 1, 1)), LIMITS)
    assert "not from today" in " ".join(found.warnings)
    gate = found.intervention("return prevention").gate("returns observed")
    assert gate.when == "would have been there about 2026-02, at 30 returns a month"
    recency = found.intervention("predictions per customer").gate("days since the last order")
    assert (recency.value, recency.met) == (3_653, False)


def test_limits_are_configuration_that_names_its_source() -> None:
    """Every limit has a source; a changed one names shop.toml."""
    assert set(SOURCES) == set(ReadinessConfig.__struct_fields__)
    limits = parse("[readiness]\nreturns = 100").readiness
    gate = readiness_of(STORE, limits).intervention("return prevention").gate("returns observed")
    assert (gate.met, gate.source) == (True, "shop.toml")
    with pytest.raises(ConfigError, match="Did you mean 'returns'"):
        parse("[readiness]\nreturnz = 100")
    with pytest.raises(ConfigError, match="readiness"):
        parse("[readiness]\nreturns = -1")


@pytest.mark.parametrize(("page", "sources"), [("readiness.md", SOURCES), ("health.md", HEALTH_SOURCES)])
def test_every_limit_stands_in_the_docs_with_its_source(page: str, sources: dict[str, str]) -> None:
    """A row of the page's table for each setting."""
    rows = [row for row in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    assert {row.split("`")[1]: row.rstrip(" |").rsplit(" | ", 1)[1] for row in rows} == sources


def test_the_page_fits_and_shows_every_source() -> None:
    """Eighty columns, with the number that is missing, and what to do instead."""
    text = str(readiness_of(STORE, LIMITS))
    assert max(len(row) for row in text.splitlines()) <= WIDTH
    words = " ".join(text.split())
    assert "the mission's gates" in words
    assert "returns observed: about 2026-02, at 30 returns a month" in words
