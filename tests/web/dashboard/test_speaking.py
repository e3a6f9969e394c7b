"""Numbers, amounts and days as the shop's readers write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from counterclick.config import ShopConfig, parse
from counterclick.errors import ConfigError
from counterclick.web.dashboard.speaking import Speech, locale_of


def speech(locale: str | None, timezone: str = "Europe/Berlin") -> Speech:
    return Speech(ShopConfig(currency="EUR", timezone=timezone, locale=locale))


@pytest.mark.parametrize(
    ("timezone", "locale"),
    [("Europe/Berlin", "en_DE"), ("America/New_York", "en_US"), ("Asia/Kolkata", "en_IN"), ("UTC", "en")],
)
def test_unless_declared_it_is_english_of_the_time_zone(timezone: str, locale: str) -> None:
    """The pages are in English; numbers are written as they are there."""
    assert locale_of(ShopConfig(timezone=timezone)) == locale


def test_a_locale_that_is_none_is_refused() -> None:
    """With what would be right."""
    with pytest.raises(ConfigError, match="write one such as 'en', 'de' or 'en-GB'"):
        parse('[shop]\nlocale = "klingon"\n')
    assert parse('[shop]\nlocale = "pt-BR"\n').shop.locale == "pt-BR"


def test_values_are_written_as_the_locale_has_it() -> None:
    """German, and English of the United States."""
    german, american = speech("de"), speech("en-US")
    assert (german.money(12345.6), american.money(12345.6)) == ("EUR 12.346", "EUR 12,346")
    assert (german.money(Decimal("-2.5")), american.money(2.5)) == ("-EUR 2,50", "EUR 2.50")
    assert (german.count(1234567), american.count(1234567)) == ("1.234.567", "1,234,567")
    assert (german.percent(0.1234), american.signed(0.02), german.signed(-0.5)) == ("12,3 %", "+2.0 %", "-50,0 %")
    assert (german.day(date(2026, 3, 1)), american.day(date(2026, 3, 1))) == ("01.03.2026", "Mar 1, 2026")
    assert german.clock(datetime(2026, 3, 1, 11, 30, tzinfo=UTC)) == "12:30"
    assert german.money(float("inf")) == german.percent(float("inf")) == german.signed(float("inf")) == "unlimited"


@pytest.mark.parametrize(
    ("value", "digits", "german"),
    [
        (-0.0, 1, "0,0 %"),
        (0.0, 1, "0,0 %"),
        (-0.0004, 1, "0,0 %"),
        (0.0004, 1, "0,0 %"),
        (-0.0006, 1, "-0,1 %"),
        (0.0006, 1, "+0,1 %"),
        (-0.0049, 0, "0 %"),
        (0.0051, 0, "+1 %"),
        (-0.0005, 1, "0,0 %"),
    ],
)
def test_what_rounds_to_zero_has_no_sign(value: float, digits: int, german: str) -> None:
    """Neither of the two; what rounds to more has its own."""
    assert speech("de").signed(value, digits) == german


@pytest.mark.parametrize(
    ("said", "german"),
    [
        ("EUR 12,346", "EUR 12.346"),
        ("-EUR 3.00 a month", "-EUR 3,00 a month"),
        ("moved by -0.3 % [-4.1 %, +3.7 %]", "moved by -0,3 % [-4,1 %, +3,7 %]"),
        ("from 2026-03-02 on", "from 02.03.2026 on"),
        ("1,234,567 events of 12", "1.234.567 events of 12"),
        ("v1.2.3 and 10.0.0.1 stay", "v1.2.3 and 10.0.0.1 stay"),
        ("2026-13-45", "2026-13-45"),
        ("p-1,000x", "p-1,000x"),
        ("in 2026", "in 2026"),
        ("with share = 0.1, or 0.2 of them", "with share = 0.1, or 0,2 of them"),
        ("starts_on = 2026-03-02, from 2026-03-02", "starts_on = 2026-03-02, from 02.03.2026"),
        ("variants = { nothing = 0.5, ai = 0.5 } and 0.5", "variants = { nothing = 0.5, ai = 0.5 } and 0,5"),
        ("run `plan --lift 0.02`: 2.5 %", "run `plan --lift 0.02`: 2,5 %"),
        (f"EUR {'9' * 40}", f"EUR {'9' * 40}"),
    ],
)
def test_sentences_of_results_are_written_so_too(said: str, german: str) -> None:
    """Amounts, shares and days within them; what is no number stays as it is."""
    assert speech("de").text(said) == german


def test_days_from_right_to_left_stand_apart_from_the_english_around_them() -> None:
    """Or a sentence would change their order."""
    say = speech("he")
    assert say.day(date(2026, 3, 1)).startswith("\N{FIRST STRONG ISOLATE}")
    assert say.day(date(2026, 3, 1)).endswith("\N{POP DIRECTIONAL ISOLATE}")
