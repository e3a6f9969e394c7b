"""The commands about on/off tests, as a shell sees them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import icalendar
import numpy as np
import pytest

from builders import purchase, view
from counterclick.display import WIDTH
from shell import Shell


@pytest.fixture(autouse=True)
def _a_recorded_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    """A shop of 100 days whose buyers order the same or the next day, with an on/off test on its cart."""
    monkeypatch.chdir(tmp_path)
    Path("shop.toml").write_text(
        "[surfaces.cart]\n[surfaces.chat]\n[onoff.cart]\nstarts_on = 2099-01-05\nweeks = 4\nblock = '1d'\nlift = 0.2\n"
        "[onoff.chat]\nstarts_on = 2026-03-09\nweeks = 4\nblock = '1d'\n",
        encoding="utf-8",
    )
    amounts = 1000 * np.exp(np.random.default_rng(2).normal(0, 0.05, 100))
    events = []
    for place, amount in enumerate(amounts):
        day = date(2026, 1, 5) + timedelta(days=place)
        events += [view(f"v{place}", f"{day}T09:00"), purchase(f"v{place}", round(float(amount), 2), f"{day}T12:00")]
    Path("events.jsonl").write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    shell("record", "events.jsonl")


def test_each_question_is_answered_in_eighty_columns_and_in_json(shell: Shell) -> None:
    """Plan, schedule and verdict, as tables and as JSON of the same."""
    for words in (("plan", "cart"), ("plan", "cart", "--lift", "0.1"), ("schedule", "cart"), ("verdict", "chat")):
        text = shell("onoff", *words)
        assert max(len(row) for row in text.splitlines()) <= WIDTH, text
        assert shell.json("onoff", *words)
    assert shell.json("onoff", "plan", "cart")["can_see"] is True
    assert shell.json("onoff", "verdict", "chat")["experiment"] == "onoff:chat"


def test_the_schedule_is_written_as_csv_and_icalendar(shell: Shell) -> None:
    """Twenty-eight blocks in each, the same ones; a file that cannot be written is said."""
    said = shell.json("onoff", "schedule", "cart", "--csv", "a.csv", "--ics", "a.ics")
    rows = Path("a.csv").read_text(encoding="utf-8").splitlines()[1:]
    events = icalendar.Calendar.from_ical(Path("a.ics").read_bytes()).walk("VEVENT")
    assert len(rows) == len(events) == len(said["blocks"]) == 28
    for row, event, block in zip(rows, events, said["blocks"], strict=True):
        assert row.split(",")[1] == event["DTSTART"].dt.isoformat() == block["starts_on"]
        assert row.endswith("on" if block["is_on"] else "off")
    assert "cannot be written" in shell("onoff", "schedule", "cart", "--csv", "nowhere/a.csv", code=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "cert"), "Did you mean 'cart'"),
        (("plan", "cart", "--lift", "-1"), "lift above 0"),
        (("schedule", "chat"), "is not given out. Nothing says which lift would matter"),
        (("schedule",), "SURFACE"),
    ],
)
def test_what_cannot_be_done_exits_with_two(shell: Shell, words: tuple[str, ...], says: str) -> None:
    """Unknown surfaces, bad lifts, schedules that nothing says enough about: one sentence on standard error."""
    assert says in shell("onoff", *words, code=2)
