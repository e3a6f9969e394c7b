"""Engagement beside money."""

from __future__ import annotations

from datetime import UTC, date, datetime

from counterclick.audits.recommending import Situation, Trial
from counterclick.audits.theatre import SurfaceFigures, Theatre, theatre_audit
from counterclick.config import KillConfig
from counterclick.verdicts import Contrast, Look, Verdict

LOOK = Look(
    number=1,
    entered_until=date(2026, 3, 1),
    due_at=datetime(2026, 3, 10, tzinfo=UTC),
    taken_at=datetime(2026, 3, 11, tzinfo=UTC),
    is_last=True,
    visitors={"a": 5_000, "b": 5_000},
    buyers={"a": 500, "b": 450},
    total={"a": 1.0, "b": 1.0},
    squares={"a": 1.0, "b": 1.0},
    information=950,
    planned=None,
    spent=0.025,
    bound=1.96,
    statistic=-4.0,
)
GREEN = {"ctr": (0.6, 0.5, 0.7), "session_length": (0.01, -0.02, 0.04)}


def page(outcome: str = "lost", looks: tuple[Look, ...] = (LOOK,), risen: tuple[str, ...] = ("ctr",)) -> Theatre:
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
        looks=looks,
        contrasts=(beside,),  # type: ignore[arg-type]
    )
    tested = Trial("n", verdict, "", 56, ended=True, lifts={"aov": (0.01, 0.0, 0.02)}, proxies=GREEN, risen=risen)
    nudges = Situation("nudges", 56, tested, "", KillConfig(), 150.0, "EUR")
    chat = Situation("chat", 400, None, "TRY.", KillConfig(), None, "EUR")
    return theatre_audit(
        [(chat, SurfaceFigures(13.1, 5_000, None, 800, 0.26)), (nudges, SurfaceFigures(1.8, 90, 0.12))], "EUR"
    )


def test_green_arrows_without_money_are_called_theatre() -> None:
    """CTR has risen and the experiment lost: theatre. The session has not risen and is no green arrow."""
    nudges = page().surfaces[0]
    assert (nudges.name, nudges.green, nudges.is_theatre) == ("nudges", ("ctr",), True)
    assert "THEATRE on nudges: ctr +60.0 % [+50.0 %, +70.0 %], further than revenue" in " ".join(str(page()).split())


def test_an_interval_above_zero_alone_is_no_theatre() -> None:
    """CTR's own interval lies above zero; tested with the other proxies and beside revenue it is not shown to have risen."""
    assert not any(surface.is_theatre for surface in page(risen=()).surfaces)
    assert "THEATRE" not in str(page(risen=()))


def test_a_surface_that_won_is_no_theatre() -> None:
    """The same arrows beside a win are good news."""
    assert not next(surface for surface in page("won").surfaces if surface.name == "nudges").is_theatre


def test_nothing_is_called_theatre_before_a_look_or_on_an_invalid_experiment() -> None:
    """No look was taken, or the arms do not have their shares: clicks cannot be laid beside money."""
    for found in (page("inconclusive", looks=()), page("invalid")):
        assert not any(surface.is_theatre for surface in found.surfaces)
        assert "THEATRE" not in str(found)


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
