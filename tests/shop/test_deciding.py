"""Who is asked by which experiment: layers, parts of the traffic, changed shares, and the global holdout."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from counterclick.config import Config, OnOffConfig, parse
from counterclick.errors import ConfigError, UnknownNameError
from counterclick.experiments.onoff_schedule import schedule_of
from counterclick.shop.deciding import assigned

DAY = date(2026, 1, 10)
ONE = """
[surfaces.cart]
[surfaces.search]
[experiments.first]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2026-01-05
ends_on = 2026-02-01
"""
TWO = (
    ONE.replace("ends_on", 'layer = "cart"\ntraffic = [0.0, 0.5]\nends_on')
    + """
[experiments.second]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bundles = 0.5 }
layer = "cart"
traffic = [0.5, 1.0]
starts_on = 2026-01-05
ends_on = 2026-02-01
"""
)
HOLDOUT = """
[holdout]
share = 0.2
starts_on = 2026-01-05
ends_on = 2026-03-01
"""
VISITORS = [f"v{i}" for i in range(2_000)]


def never(name: str, who: str) -> None:
    """Nobody was exposed before."""
    del name, who


def arms(config: Config, surface: str = "cart", day: date = DAY) -> dict[str, tuple[str | None, str | None]]:
    """Return experiment and arm of each of 2,000 visitors."""
    found = {who: assigned(config, surface, who, day, never) for who in VISITORS}
    return {who: (each.experiment, each.variant) for who, each in found.items()}


def test_experiments_of_a_layer_exclude_each_other() -> None:
    """Every visitor is in exactly one of two experiments that share a layer, about half in each; arms are even in both."""
    found = arms(parse(TWO))
    counted = {name: sum(each == name for each, _ in found.values()) for name in ("first", "second")}
    assert sum(counted.values()) == len(VISITORS)
    assert 900 < counted["first"] < 1_100
    inside = [arm for each, arm in found.values() if each == "second"]
    assert 400 < inside.count("bundles") < 600


def test_a_part_of_the_traffic_leaves_the_rest_alone() -> None:
    """Without a layer, traffic is a part of the surface's visitors; the others get nothing and are not exposed."""
    config = parse(ONE.replace("ends_on", "traffic = [0.2, 0.5]\nends_on"))
    found = arms(config)
    assert 500 < sum(each == "first" for each, _ in found.values()) < 700
    outside = next(who for who, (each, _) in found.items() if each is None)
    assert assigned(config, "cart", outside, DAY, never).exposures == ()


def test_overlapping_experiments_of_different_surfaces_are_independent() -> None:
    """Arms of one experiment are spread evenly over the arms of another on a second surface."""
    other = ONE[ONE.index("[experiments.first]") :].replace("first", "other").replace('"cart"', '"search"')
    config = parse(ONE + other)
    both = zip(arms(config).values(), arms(config, "search").values(), strict=True)
    together = sum(one[1] == two[1] for one, two in both)
    assert 900 < together < 1_100


def test_layers_that_overlap_are_refused() -> None:
    """Two experiments of one layer with the same visitors at the same time."""
    with pytest.raises(ConfigError, match="parts of the traffic that do not overlap"):
        parse(TWO.replace("[0.5, 1.0]", "[0.4, 1.0]"))
    with pytest.raises(ConfigError, match="goes from a fraction to a larger one"):
        parse(TWO.replace("[0.5, 1.0]", "[0.5, 0.5]"))
    apart = TWO.replace("[0.5, 1.0]", "[0.0, 1.0]")
    later = apart[: apart.rindex("starts_on")] + "starts_on = 2026-02-02\nends_on = 2026-03-01\n"
    assert len(parse(later).experiments) == 2


CHANGED = ONE.replace(
    "ends_on", "changes = [{ changes_on = 2026-01-19, variants = { nothing = 0.2, bestsellers = 0.8 } }]\nends_on"
)


def test_changed_shares_are_for_new_visitors_and_others_keep_their_arm() -> None:
    """From the change on new visitors are shared out 20/80; who was exposed before keeps its arm."""
    config = parse(CHANGED)
    after = arms(config, day=date(2026, 1, 19))
    assert 300 < sum(arm == "nothing" for _, arm in after.values()) < 500
    before = arms(config)
    kept = [
        assigned(config, "cart", who, date(2026, 1, 25), lambda _name, who: (before[who][1], 0.5)).variant
        for who in VISITORS
    ]
    assert kept == [arm for _, arm in before.values()]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("{ changes_on = 2026-01-05, variants = { nothing = 0.2, bestsellers = 0.8 } }", "lie within the experiment"),
        ("{ changes_on = 2026-02-02, variants = { nothing = 0.2, bestsellers = 0.8 } }", "lie within the experiment"),
        ("{ changes_on = 2026-01-19, variants = { nothing = 0.2, bundles = 0.8 } }", "must share out nothing, bestsellers"),
        ("{ changes_on = 2026-01-19, variants = { nothing = 0.2, bestsellers = 0.7 } }", "must add up to 1"),
    ],
)
def test_changes_that_cannot_be_are_refused(change: str, says: str) -> None:
    """Before the start, after the end, other variants, shares that do not add up."""
    with pytest.raises(ConfigError, match=says):
        parse(ONE.replace("ends_on", f"changes = [{change}]\nends_on"))


def test_the_held_out_get_the_control_and_are_in_no_other_experiment() -> None:
    """A fifth is held out: it is exposed to the holdout alone; the others to the holdout and to the experiment."""
    config = parse(ONE + HOLDOUT)
    found = {who: assigned(config, "cart", who, DAY, never) for who in VISITORS}
    held = [each for each in found.values() if each.variant == "held_out"]
    assert 300 < len(held) < 500
    assert {each.policy for each in held} == {"nothing"}
    assert {tuple(exposure.experiment for exposure in each.exposures) for each in held} == {("holdout",)}
    others = [each for each in found.values() if each.variant != "held_out"]
    assert {tuple(exposure.experiment for exposure in each.exposures) for each in others} == {("holdout", "first")}
    assert {each.exposures[0].variant for each in others} == {"ai"}
    assert {each.experiment for each in others} == {"first"}


def test_a_surface_without_an_experiment_is_in_the_holdout_too() -> None:
    """Visitors of a surface of the shop's own system are exposed to the holdout; before its start to nothing."""
    config = parse(ONE + HOLDOUT)
    found = arms(config, "search")
    assert set(found.values()) == {("holdout", "held_out"), ("holdout", "ai")}
    assert {each for each, _ in arms(config, "search", date(2026, 1, 1)).values()} == {None}


def test_off_days_of_a_schedule_are_off_for_everyone() -> None:
    """On its off days the surface gets nothing and nobody is exposed; on its on days the experiment asks as ever."""
    declared = OnOffConfig(starts_on=date(2026, 1, 5), weeks=4, block="1d")
    config = parse(ONE + '\n[onoff.cart]\nstarts_on = 2026-01-05\nweeks = 4\nblock = "1d"\n')
    schedule = schedule_of("cart", declared)
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(28)]
    on = [day for day in days if assigned(config, "cart", "v1", day, never).exposures]
    assert on == [day for day in days if schedule.is_on(day)]
    off = assigned(config, "cart", "v1", next(day for day in days if day not in on), never)
    assert (off.policy, off.experiment) == ("nothing", None)
    assert "is an off day of the schedule" in off.because


def test_a_holdout_that_cannot_be_is_refused() -> None:
    """A share that is no fraction, and an experiment of its name."""
    with pytest.raises(ConfigError, match=r"share of \[holdout\] must be a fraction"):
        parse(ONE + HOLDOUT.replace("0.2", "1.0"))
    with pytest.raises(ConfigError, match="cannot be named 'holdout'"):
        parse(ONE.replace("experiments.first", "experiments.holdout"))
    with pytest.raises(UnknownNameError, match="surface"):
        assigned(parse(ONE), "crat", "v1", DAY, never)
