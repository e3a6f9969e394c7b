"""The schedule of an on/off test: recomputable, of paired weekdays, and readable by other programs."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from datetime import date, timedelta
from itertools import pairwise

import icalendar
import numpy as np
import pytest

from counterclick.config import parse
from counterclick.display import WIDTH
from counterclick.errors import ConfigError, RefusedError, UnknownNameError
from counterclick.experiments.onoff_schedule import schedule_hash, schedule_of
from experiments.onoff_shops import START, config


@pytest.mark.parametrize(("block", "weeks"), [("1d", 4), ("2d", 8), ("3d", 8), ("7d", 12), ("2w", 24)])
def test_a_pair_is_the_same_weekdays_of_which_one_side_is_on(block: str, weeks: int) -> None:
    """Every pair has two blocks, one on and one off, of the same weekdays; all days are in exactly one block."""
    schedule = schedule_of("cart", config(block=block, weeks=weeks))
    for pair in range(1, len(schedule.second_on) + 1):
        first, second = [found for found in schedule.blocks if found.pair == pair]
        assert first.is_on != second.is_on
        assert first.ends_on < second.starts_on
        assert (second.starts_on - first.starts_on).days % 7 == 0
        assert (second.ends_on - first.ends_on).days % 7 == 0
    for before, after in pairwise(schedule.blocks):
        assert after.starts_on == before.ends_on + timedelta(days=1)
    assert schedule.blocks[0].starts_on == START
    assert schedule.blocks[-1].ends_on == schedule.ends_on == START + timedelta(days=7 * weeks - 1)


def test_anyone_can_recompute_the_coins() -> None:
    """By hand: SHA-256 of "salt:onoff:pair", first eight hex digits, odd: the second block; another salt, other coins."""
    schedule = schedule_of("cart", config(weeks=8))
    by_hand = [int(hashlib.sha256(f"cart:onoff:{n}".encode()).hexdigest()[:8], 16) % 2 == 1 for n in range(1, 29)]
    assert list(schedule.second_on) == by_hand
    assert schedule_of("cart", config(weeks=8)) == schedule
    assert schedule_of("cart", config(weeks=8, salt="again")).second_on != schedule.second_on


def test_coins_are_fair() -> None:
    """Of 4,000 coins of 1,000 salts half are heads, and neighbours do not follow each other: four binomial errors."""
    coins = np.array([schedule_of(f"s{n}", config(weeks=2)).second_on for n in range(1_000)])
    assert coins.mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(coins.size))
    assert (coins[:, 1:] == coins[:, :-1]).mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(6_000))


def test_a_day_is_on_or_off_or_outside() -> None:
    """The schedule answers for its days, and says which these are for others."""
    schedule = schedule_of("cart", config(block="7d", weeks=12))
    block = schedule.blocks[3]
    assert schedule.is_on(block.starts_on) == schedule.is_on(block.ends_on) == block.is_on
    with pytest.raises(UnknownNameError, match="2026-03-02, 2026-05-24"):
        schedule.is_on(START - timedelta(days=1))


def test_the_schedule_shows_one_week_a_row_and_its_washout() -> None:
    """Twelve rows of seven days; the first two days of each week block bear a star; 80 columns."""
    schedule = schedule_of("cart", config(block="7d", weeks=12, washout="2d"))
    rows = schedule.grids()[0].rows
    assert len(rows) == 12
    assert all([cell.endswith("*") for cell in row[1:]] == [True] * 2 + [False] * 5 for row in rows)
    assert max(len(line) for line in str(schedule).splitlines()) <= WIDTH
    assert schedule.blocks[0].counts_from == START + timedelta(days=2)


def test_a_block_must_be_declared_for_a_schedule() -> None:
    """A length that is reckoned anew from every day's data would draw the schedule anew."""
    with pytest.raises(RefusedError, match="counterclick onoff plan cart"):
        schedule_of("cart", config(block=None))


def test_csv_has_a_row_for_each_block() -> None:
    """Read back with Python's own reader: the blocks, last days included."""
    schedule = schedule_of("cart", config(block="3d", washout="1d"))
    rows = list(csv.DictReader(io.StringIO(schedule.csv())))
    assert [(int(row["pair"]), row["starts_on"], row["ends_on"], row["counts_from"], row["state"]) for row in rows] == [
        (b.pair, str(b.starts_on), str(b.ends_on), str(b.counts_from), "on" if b.is_on else "off") for b in schedule.blocks
    ]


def test_icalendar_is_read_back_by_another_implementation() -> None:
    """Oracle: the icalendar package finds the same all-day events; ends are exclusive; ids are unique and stay."""
    name = "Warenkorb, Bündel; \\ groß " + "ä" * 60
    schedule = schedule_of(name, config(block="7d", weeks=12, washout="1d"))
    text = schedule.ics()
    events = icalendar.Calendar.from_ical(text).walk("VEVENT")
    found = [(event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"])) for event in events]
    day = timedelta(days=1)
    assert found == [(b.starts_on, b.ends_on + day, f"{name} {'ON' if b.is_on else 'OFF'}") for b in schedule.blocks]
    ids = [str(event["UID"]) for event in events]
    assert len(set(ids)) == len(ids) == 12
    assert schedule_of(name, config(block="7d", weeks=12, washout="1d")).ics() == text
    assert all(len(row.encode()) <= 75 for row in text.split("\r\n"))
    assert text.replace("\r\n", "").count("\n") == 0


def test_the_hash_is_of_everything_declared() -> None:
    """Each setting, and the surface, changes it; settings that are left at their defaults do not."""
    usual = schedule_hash("cart", config())
    changed = [config(weeks=6), config(block="2d"), config(salt="x"), config(lift=0.1), config(starts_on=date(2026, 3, 3))]
    others = {schedule_hash("cart", other) for other in changed} | {schedule_hash("chat", config())}
    assert len(others | {usual}) == 7
    assert usual == schedule_hash("cart", config(washout=None))


def test_two_schedules_have_their_own_coins() -> None:
    """The same salt would switch both surfaces at once, and neither could be told from the other."""
    text = "\n".join(f"[onoff.{name}]\nstarts_on = 2026-03-02\nweeks = 4\nsalt = 'x'" for name in ("cart", "chat"))
    with pytest.raises(ConfigError, match=r"\[onoff.cart\] and \[onoff.chat\] have the same salt"):
        parse(text)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('weeks = 4\nblock = "5d"', "same weekdays"),
        ('weeks = 4\nblock = "36h"', "whole number of days"),
        ('weeks = 3\nblock = "1d"', "cycles of 2 weeks, .* write 2"),
        ('weeks = 6\nblock = "2w"', "cycles of 4 weeks, .* write 4"),
        ('weeks = 0\nblock = "1d"', "0 weeks"),
        ('weeks = 1000\nblock = "1d"', "104 at most"),
        ('weeks = 4\nblock = "1d"\nwashout = "1d"', "leaves nothing"),
        ('weeks = 4\nlift = -0.1\nblock = "1d"', "lift must be above 0"),
        ('weeks = 4\nblok = "1d"', "Did you mean 'block'"),
    ],
)
def test_settings_that_cannot_be_say_what_would_be_right(settings: str, says: str) -> None:
    """Lengths that break weekdays, schedules that leave a block without its pair, a washout of the whole block."""
    with pytest.raises(ConfigError, match=says):
        parse(f"[onoff.cart]\nstarts_on = 2026-03-02\n{settings}\n")
