"""The schedule of an on/off test: which days are on, recomputable by anyone, as a table, CSV and iCalendar."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from counterclick.config import OnOffConfig
from counterclick.display import Grid, Shown
from counterclick.errors import RefusedError, UnknownNameError
from counterclick.stats.halves import WEEK, Halves, halves

__all__ = ["Block", "Schedule", "schedule_hash", "schedule_of", "second_is_on"]

_FOLD = 75
"""Octets of a line of iCalendar at most, without its end (RFC 5545, section 3.1)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive days of which all are on, or all are off.

    Attributes:
        pair: number of its pair, from 1.
        starts_on: first day.
        ends_on: last day.
        counts_from: first day that counts, after the washout.
        is_on: what the coin says.
    """

    pair: int
    starts_on: date
    ends_on: date
    counts_from: date
    is_on: bool


@dataclass(frozen=True, slots=True)
class Schedule(Shown):
    """When a surface is on and when it is off.

    Attributes:
        surface: which.
        starts_on: first day.
        ends_on: last day.
        cut: how the halves of its cycles are cut into blocks.
        second_on: of each pair, whether the coin chose the second block.
        blocks: in the order of time.
        salt: from which the coins are made.
    """

    surface: str
    starts_on: date
    ends_on: date
    cut: Halves
    second_on: tuple[bool, ...]
    blocks: tuple[Block, ...]
    salt: str

    def is_on(self, day: date) -> bool:
        """Return whether the surface is on.

        Raises:
            UnknownNameError: the day lies outside of the schedule.
        """
        for block in self.blocks:
            if block.starts_on <= day <= block.ends_on:
                return block.is_on
        known = (self.starts_on.isoformat(), self.ends_on.isoformat())
        raise UnknownNameError("day of this schedule", day.isoformat(), known, "Those are its first and last.")

    def grids(self) -> list[Grid]:
        """Return the schedule as one row a week."""
        marks = {}
        for block in self.blocks:
            for days in range((block.ends_on - block.starts_on).days + 1):
                day = block.starts_on + timedelta(days=days)
                marks[day] = ("on" if block.is_on else "off") + ("*" if day < block.counts_from else "")
        week = [self.starts_on + timedelta(days=days) for days in range(WEEK)]
        rows = []
        for weeks in range(len(marks) // WEEK):
            days_of = [day + timedelta(weeks=weeks) for day in week]
            rows.append((days_of[0].isoformat(), *(marks[day] for day in days_of)))
        n_on = sum(mark.startswith("on") for mark in marks.values())
        notes = [
            f"{len(self.second_on)} pairs of the same weekdays; {n_on} days on, {len(marks) - n_on} off. Switch at the "
            "beginning of the day, for everyone.",
            f'The coin of pair n: sha256("{self.salt}:onoff:n"), first 8 hex digits; odd: its second block is on.',
        ]
        if any(mark.endswith("*") for mark in marks.values()):
            notes.insert(1, "* washout: does not count.")
        title = f"On/off schedule of {self.surface}, {self.starts_on} to {self.ends_on}"
        return [Grid(title, ("week from", *(day.strftime("%a") for day in week)), rows, notes)]

    def csv(self) -> str:
        """Return the blocks as CSV: pair, starts_on, ends_on (its last day), counts_from, state."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("pair", "starts_on", "ends_on", "counts_from", "state"))
        for block in self.blocks:
            state = "on" if block.is_on else "off"
            writer.writerow((block.pair, block.starts_on, block.ends_on, block.counts_from, state))
        return text.getvalue()

    def ics(self) -> str:
        """Return the blocks as iCalendar: one all-day event each, with an id that stays.

        Source: RFC 5545; DTEND of an all-day event is the day after its last.
        """
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//counterclick//on-off schedule//EN", "CALSCALE:GREGORIAN"]
        for block in self.blocks:
            state = "ON" if block.is_on else "OFF"
            key = hashlib.sha256(f"{self.salt}:onoff:{self.surface}:{block.starts_on}".encode()).hexdigest()[:32]
            says = f"Pair {block.pair} of {len(self.second_on)}."
            if block.counts_from > block.starts_on:
                says += f" Counts from {block.counts_from}."
            lines += [
                "BEGIN:VEVENT",
                f"UID:{key}@counterclick",
                f"DTSTAMP:{self.starts_on:%Y%m%d}T000000Z",
                f"DTSTART;VALUE=DATE:{block.starts_on:%Y%m%d}",
                f"DTEND;VALUE=DATE:{block.ends_on + timedelta(days=1):%Y%m%d}",
                f"SUMMARY:{_escaped(f'{self.surface} {state}')}",
                f"DESCRIPTION:{_escaped(says)}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ]
        lines.append("END:VCALENDAR")
        return "".join(_folded(line) for line in lines)


def second_is_on(salt: str, pair: int) -> bool:
    """Return the coin of a pair: whether its second block is on.

    >>> [second_is_on("cart", pair) for pair in (1, 2, 3, 4)]
    [False, False, True, False]
    """
    return int(hashlib.sha256(f"{salt}:onoff:{pair}".encode()).hexdigest()[:8], 16) % 2 == 1


def schedule_of(surface: str, config: OnOffConfig) -> Schedule:
    """Return the schedule that a configuration says: the same one every time.

    Raises:
        RefusedError: it does not say how long a block is.
    """
    if config.block_days is None:
        raise RefusedError(
            f"[onoff.{surface}] does not say how long a block is, and a schedule must not change when more data comes in. "
            f"`counterclick onoff plan {surface}` advises a length from the shop's decision lag; declare it as block."
        )
    cut, salt = halves(config.block_days, config.washout_days), config.salt or surface
    pairs = config.weeks * WEEK // (2 * cut.days) * cut.pairs
    coins = tuple(second_is_on(salt, pair + 1) for pair in range(pairs))
    blocks = []
    for pair, second in enumerate(coins):
        cycle, number = divmod(pair, cut.pairs)
        places = [place for place, block in enumerate(cut.block_of_day) if block == number]
        counted = next(place for place in places if cut.counts[place])
        for half in (0, 1):
            begin = config.starts_on + timedelta(days=(2 * cycle + half) * cut.days)
            first, last, counts = (begin + timedelta(days=place) for place in (places[0], places[-1], counted))
            blocks.append(Block(pair + 1, first, last, counts, second == bool(half)))
    blocks.sort(key=lambda block: block.starts_on)
    return Schedule(surface, config.starts_on, config.ends_on, cut, coins, tuple(blocks), salt)


def schedule_hash(surface: str, config: OnOffConfig) -> str:
    """Return the hash of everything that a schedule's configuration says: what was declared stays declared."""
    text = msgspec.json.encode(["onoff", surface, config], order="sorted")
    return hashlib.sha256(text).hexdigest()[:32]


def _escaped(text: str) -> str:
    for letter, instead in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(letter, instead)
    return text


def _folded(line: str) -> str:
    """Return a line of iCalendar with its end, folded so that none has more than 75 octets and no letter is cut."""
    parts, size = [""], 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _FOLD:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += octets
    return "\r\n".join(parts) + "\r\n"
