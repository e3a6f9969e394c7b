"""Engagement beside money."""

from __future__ import annotations

from counterclick.audits.recommending import Situation, Trial
from counterclick.audits.theatre import SurfaceFigures, Theatre, theatre_audit
from counterclick.config import KillConfig
from counterclick.verdicts import Contrast, Verdict

GREEN = {"ctr": (0.6, 0.5, 0.7), "session_length": (0.01, -0.02, 0.04)}


def page(outcome: str = "lost") -> Theatre:
    """Return a theatre of a nudge with green arrows, and a chat that was never tested."""
    beside = Contrast("b", "nothing", 0.02, 0.01, 0.03, 0.01, None, revenue_lift=(0.02, 0.01, 0.03))
    verdict = Verdict(
        "n",
        "b",
        "a",
        outcome,
        "so",
        "revenue_per_visitor",
        revenue_lift=(-0.1, -0.15, -0.05),
        contrasts=(beside,),  # type: ignore[arg-type]
    )
    tested = Trial("n", verdict, "", 56, ended=True, lifts={"aov": (0.01, 0.0, 0.02)}, proxies=GREEN)
    nudges = Situation("nudges", 56, tested, "", KillConfig(), 150.0, "EUR")
    chat = Situation("chat", 400, None, "TRY.", KillConfig(), None, "EUR")
    return theatre_audit(
        [(chat, SurfaceFigures(13.1, 5_000, None, 800, 0.26)), (nudges, SurfaceFigures(1.8, 90, 0.12))], "EUR"
    )


def test_green_arrows_without_money_are_called_theatre() -> None:
    """CTR is up and the experiment lost: theatre. The session's interval holds zero and is no green arrow."""
    nudges = page().surfaces[0]
    assert (nudges.name, nudges.green, nudges.is_theatre) == ("nudges", ("ctr",), True)
    assert "THEATRE on nudges: ctr +60.0 % [+50.0 %, +70.0 %]" in str(page())


def test_a_surface_that_won_is_no_theatre() -> None:
    """The same arrows beside a win are good news."""
    assert not next(surface for surface in page("won").surfaces if surface.name == "nudges").is_theatre


def test_what_to_switch_off_stands_first() -> None:
    """Off before test; each line names its rule."""
    rows = page().advice().rows
    assert [row[:3] for row in rows] == [("nudges", "switch off", "lost"), ("chat", "test", "no concurrent holdout")]


def test_figures_stand_beside_each_other_and_what_is_not_known_says_so() -> None:
    """Cost not declared, no lists shown, an arm beside the verdict: nothing is filled in."""
    text = str(page())
    engagement = next(grid for grid in page().grids() if grid.title == "Engagement and credit")
    assert engagement.rows[1] == ("chat", "13.1", "not known", "5,000", "-", "EUR 800.00", "26 %")
    lifts = next(grid for grid in page().grids() if grid.title.startswith("Lifts"))
    assert lifts.rows[0] == ("nudges", "a", "-10.0 % [-15.0 %, -5.0 %]", "-", "+1.0 % [+0.0 %, +2.0 %]")
    assert lifts.rows[1][:3] == ("nudges", "nothing", "+2.0 % [+1.0 %, +3.0 %]")
    assert "say nothing without conversion" in text
