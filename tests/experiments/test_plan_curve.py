"""The curve of a plan is the plan, at more weeks and shares."""

from __future__ import annotations

import pytest

from builders import MONDAY, experiment, later, purchase, view
from counterclick.errors import RefusedError
from counterclick.experiments import Experiment
from counterclick.experiments.plan_curve import SHARES, WEEKS


@pytest.fixture(scope="module")
def planned() -> Experiment:
    """An experiment on a shop with ten weeks of history."""
    events = [view(f"v{n}", later(MONDAY, hours=n)) for n in range(1_600)]
    events += [purchase(f"v{n}", 10 + n % 37, at=later(MONDAY, hours=n, minutes=5)) for n in range(0, 1_600, 4)]
    return experiment(*events)


def test_half_and_half_shows_what_the_plan_shows(planned: Experiment) -> None:
    """The declared split is 50/50: every horizon of the plan is a point of the curve."""
    plan = planned.plan(0.1)
    found = planned.plan_curve((0.5,), tuple(plan.smallest_visible))
    assert {point.weeks: point.visible for point in found.points} == plan.smallest_visible
    splits = {split.name: split.visible for split in plan.splits}
    weeks = round(plan.planned_weeks)
    assert planned.plan_curve((0.8, 0.9), (weeks,)).points[0].visible == pytest.approx(splits["80/20"], rel=0.3)
    assert found.basis == plan.basis
    assert found.break_even_lift == plan.break_even_lift


def test_more_weeks_and_more_even_shares_show_more(planned: Experiment) -> None:
    """For every share the lift falls with the weeks, and of all shares half shows the smallest."""
    found = planned.plan_curve()
    assert len(found.points) == len(SHARES) * len(WEEKS)
    for share in SHARES:
        lifts = [point.visible for point in found.points if point.share == share]
        assert lifts == sorted(lifts, reverse=True)
    last = {point.share: point.visible for point in found.points if point.weeks == WEEKS[-1]}
    assert min(last, key=last.__getitem__) == 0.5
    assert "50 %" in str(found)


@pytest.mark.parametrize(
    ("shares", "weeks"), [((0.0,), (4,)), ((1.0,), (4,)), ((0.5,), (0,)), ((0.5,), (1_000,)), ((), (4,))]
)
def test_what_is_no_share_or_week_is_refused(planned: Experiment, shares: tuple[float, ...], weeks: tuple[int, ...]) -> None:
    """The message says which are."""
    with pytest.raises(RefusedError, match="between 0 and 1 and weeks from 1 to 520"):
        planned.plan_curve(shares, weeks)
