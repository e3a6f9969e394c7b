"""What verdicts were worth: every one of them, by effects alone."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from counterclick.audits.quarter import Ended, Quarter, quarter_of
from counterclick.display import plain
from counterclick.verdicts import Money, Verdict

DAYS = date(2026, 1, 1), date(2026, 3, 31), date(2026, 5, 1)


def ended(name: str, outcome: Any, month: tuple[float, float, float] | None, surface: str = "", **more: Any) -> Ended:
    money = None if month is None else Money(*month, "EUR")
    usual: dict[str, Any] = {"metric": "revenue_per_visitor", "incremental": money}
    verdict = Verdict(name, "b", "a", outcome, "so", **usual | more)
    return Ended(name, surface or name, date(2026, 3, 1), verdict, 10.0)


def added(*experiments: Ended, still: tuple[str, ...] = ()) -> Quarter:
    return quarter_of("2026 Q1", "EUR", *DAYS, experiments, still)


WON = ended("w", "won", (100, 80, 120))
LOST = ended("l", "lost", (-50, -70, -30))
UNDECIDED = ended("u", "inconclusive", (10, 0, 20))


def test_three_months_of_each_effect_and_their_sums() -> None:
    """300 ± 60 earned, 150 ± 60 saved, 30 ± 30 undecided; all of them on: 300 - 150 + 30, ± the root of 60² + 60² + 30²."""
    found = added(WON, LOST, UNDECIDED)
    sums = {
        each.name.split(":")[0]: (each.n, each.quarter.value, each.quarter.lower, each.quarter.upper) for each in found.sums
    }
    assert sums == {
        "won": (1, 300, 240, 360),
        "lost": (1, 150, 90, 210),
        "undecided": (1, 30, 0, 60),
        "all of them, were they on": (3, 180, pytest.approx(90), pytest.approx(270)),
    }


def test_an_interval_need_not_be_symmetric() -> None:
    """Below 3 x 30 and 3 x 40 make 150; above 3 x 4 and 3 x 3 make 15."""
    found = added(ended("a", "won", (100, 70, 104)), ended("b", "won", (100, 60, 103))).sums[-1].quarter
    assert (found.value, found.lower, found.upper) == (600, pytest.approx(450), pytest.approx(615))


def test_every_experiment_stands_there_whatever_it_showed() -> None:
    """Won, lost, undecided, invalid, refused, not finished: six rows, of which three are added up."""
    found = added(
        WON,
        LOST,
        UNDECIDED,
        ended("i", "invalid", None),
        Ended("r", "r", date(2026, 3, 1), "no buyers.", None),
        ended("n", "inconclusive", (1, 0, 2), next_look_on=date(2026, 4, 9)),
    )
    assert [each.outcome for each in found.experiments] == [
        "invalid",
        "lost",
        "inconclusive",
        "no verdict",
        "inconclusive",
        "won",
    ]
    assert found.sums[-1].n == 3
    text = " ".join(str(found).split())
    for said in ("it has no verdict (no buyers)", "it is invalid and shows nothing", "next look is due on 2026-04-09"):
        assert said.split()[-1] in text
    assert [each.refused for each in found.experiments if each.refused] == [
        "it is invalid and shows nothing (so)",
        "its last visitors are not finished; the next look is due on 2026-04-09",
        "it has no verdict (no buyers)",
    ]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (ended("x", "won", (5, 4, 6), surface="w"), "x tested the same surface"),
        (ended("m", "won", (5, 4, 6), metric="margin_per_visitor"), "its effect is margin"),
        (ended("t", "lost", (5, 4, 6)), "taken back by returns"),
        (ended("y", "inconclusive", (1, float("-inf"), float("inf"))), "not shown"),
    ],
)
def test_what_does_not_add_up_is_named_and_left_out(other: Ended, says: str) -> None:
    """A surface's newest test counts alone; margin is no revenue; a win taken back and no interval are no amounts."""
    found = added(ended("w", "won", (100, 80, 120)), UNDECIDED, other)
    assert any(says in each.refused for each in found.experiments)
    assert found.sums[-1].n == 2


def test_outcomes_without_money_are_worth_their_revenue() -> None:
    """An experiment decided on conversion has its effect in revenue, and adds up with the others."""
    assert added(WON, ended("c", "won", (5, 4, 6), metric="conversion")).sums[-1].n == 2


def test_nothing_claimed_or_credited_is_in_it() -> None:
    """No field, no sentence and no sum of the quarter is of anything but effects."""
    found = added(WON, LOST, UNDECIDED)
    assert not re.search("attribut|claim|credit", f"{json.dumps(plain(found))} {found}".lower())


def test_it_says_what_choosing_winners_does() -> None:
    """The winner's curse and the independence of experiments stand below the sums; a win with open returns is marked."""
    text = " ".join(str(added(WON)).split())
    assert "winner's curse" in text
    assert "take experiments as independent" in text
    assert (
        "Its orders may still come back." in added(ended("o", "won", (1, 0.5, 2), returns_state="open")).experiments[0].says
    )


def test_a_quarter_without_experiments_says_so() -> None:
    """Nothing ended, and what is still to end is named."""
    text = str(added(still=("later",)))
    assert "No experiment ended in this quarter." in text
    assert "Not ended by then: later." in text
