"""What flags say: under a holdout over everything, on off days, and where shares have changed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from counterclick.config import HOLDOUT as OVER_ALL
from counterclick.config import Config, parse
from counterclick.errors import UnknownNameError
from counterclick.experiments.onoff_schedule import schedule_of
from counterclick.shop import open_shop
from counterclick.shop.evaluating import Evaluating, FirstArms
from counterclick.store import Store

DAY = date(2026, 1, 10)
VISITORS = [f"v{n}" for n in range(400)]
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
HOLDOUT = """
[holdout]
share = 0.2
starts_on = 2026-01-05
ends_on = 2026-03-01
"""
SCHEDULE = """
[onoff.search]
starts_on = 2026-01-05
weeks = 8
block = "1d"
"""
CHANGED = ONE.replace(
    "ends_on", "changes = [{ changes_on = 2026-01-19, variants = { nothing = 0.2, bestsellers = 0.8 } }]\nends_on"
)


def evaluating(toml: str, folder: Path) -> tuple[Evaluating, Config]:
    """Return the flags of an empty shop."""
    config = parse(toml)
    return Evaluating(config, "k" * 32, FirstArms(Store(folder), config)), config


@pytest.mark.parametrize("day", [DAY, date(2026, 2, 20)])
def test_both_sides_of_a_holdout_are_exposed_alike(tmp_path: Path, day: date) -> None:
    """Every visitor, whatever its side, and whether the experiment still runs or is over: else the sides do not compare."""
    flags, _ = evaluating(ONE + HOLDOUT, tmp_path)
    for flag in ("first", "cart", "search"):
        for who in VISITORS:
            found = flags.evaluate(flag, who, day)
            whole = [each.variant for each in found.exposures if each.experiment == OVER_ALL]
            assert len(whole) == 1, (flag, who)
            is_held_out = found.reason == "TARGETING_MATCH"
            assert (whole[0] == "held_out") == is_held_out
            if is_held_out:
                assert found.value == ("nothing" if flag == "first" else False)
                assert len(found.exposures) == 1


def test_on_off_days_nobody_has_the_surface(tmp_path: Path) -> None:
    """For everyone alike, without an exposure; on other days it is on."""
    flags, config = evaluating(ONE + SCHEDULE, tmp_path)
    schedule = schedule_of("search", config.onoff["search"])
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(14)]
    assert {schedule.is_on(day) for day in days} == {True, False}
    for day in days:
        found = flags.evaluate("search", "v1", day)
        assert (found.value, found.reason) == ((True, "DISABLED") if schedule.is_on(day) else (False, "STATIC"))
        assert not found.exposures


def test_who_was_exposed_keeps_the_arm_when_shares_change(tmp_path: Path) -> None:
    """Remembered from this process, and read from the log by the next one; newcomers get the new shares."""
    (tmp_path / "shop.toml").write_text(CHANGED, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        flags = Evaluating(shop.config, shop.store.key, FirstArms(shop.store, shop.config))
        before = {who: flags.evaluate("first", who, DAY) for who in VISITORS}
        exposures = [each for found in before.values() for each in found.exposures]
        assert flags.unrecorded(exposures) == exposures
        shop.record(exposures)
        flags.recorded(exposures)
        assert flags.unrecorded(exposures) == []
        again = Evaluating(shop.config, shop.store.key, FirstArms(shop.store, shop.config))
        fresh = Evaluating(shop.config, shop.store.key, FirstArms(Store(tmp_path / "none"), shop.config))
    later = date(2026, 1, 20)
    for each in (flags, again):
        assert {who: each.evaluate("first", who, later).value for who in VISITORS} == {
            who: found.value for who, found in before.items()
        }
    assert sum(fresh.evaluate("first", who, later).value == "bestsellers" for who in VISITORS) == pytest.approx(320, abs=30)


def test_a_flag_that_nobody_declared_is_named(tmp_path: Path) -> None:
    """With those that there are."""
    flags, _ = evaluating(ONE, tmp_path)
    with pytest.raises(UnknownNameError, match="cart, first, search"):
        flags.evaluate("frist", "v1", DAY)
    assert flags.version(DAY) != flags.version(date(2026, 1, 11))


def test_a_surface_is_asked_for_also_where_an_experiment_has_its_name(tmp_path: Path) -> None:
    """On in the feature's arm alone, not in one that shows nothing; what a schedule alone declares is a surface, too."""
    named = ONE.replace("first", "cart").replace('control = "nothing"', 'control = "plain"')
    shares = "nothing = 0.3, plain = 0.3, bestsellers = 0.4"
    toml = named.replace("nothing = 0.5, bestsellers = 0.5", shares) + SCHEDULE.replace("search", "chat")
    flags, _ = evaluating(toml, tmp_path)
    assert (flags.experiments, flags.surfaces) == (("cart",), ("cart", "chat", "search"))
    assert flags.flags == ("cart", "chat", "search")
    seen = {(flags.evaluate("cart", who, DAY).value, flags.surface("cart", who, DAY).value) for who in VISITORS}
    assert seen == {("nothing", False), ("plain", False), ("bestsellers", True)}
