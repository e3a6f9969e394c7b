"""The truth of simulated shops: how often an idle surface is called a winner or a loser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from builders import config, context, kept, log_table
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.judging import judge
from counterclick.experiments.measured import Measured, measure
from counterclick.facts import Facts
from counterclick.metrics import metric_named
from counterclick.simulate import Arm, ShopTruth, SurfaceTruth, simulate

SEEDS = 200
OUTCOME = "revenue_per_visitor"
NEEDED = pa.array(["exposure", "purchase", "identify"])


def one_shop(seed: int, conversion: float) -> pa.Table:
    """Return the events of one small shop that an experiment reads; its arms carry the seed in their names."""
    arms = {f"a{seed}": Arm(0.5), f"b{seed}": Arm(0.5, conversion=conversion)}
    surface = SurfaceTruth(name="idle", experiment="idle", control=f"a{seed}", treatment=f"b{seed}", arms=arms, kind="list")
    truth = ShopTruth(visitors=3_700, weeks=2, carts=0.5, conversion=0.22, surfaces=(surface,))
    events = simulate(truth, seed=seed).events
    events = events.filter(pc.is_in(events["kind"], NEEDED))
    place = events.schema.get_field_index("lines")  # revenue is the orders' value; lines would only cost time
    return events.set_column(place, events.schema.field(place), pa.nulls(len(events), events.schema.field(place).type))


def outcomes(effects: Mapping[int, float]) -> list[str]:
    """Return the verdict of each shop: seed -> true effect on conversion.

    All shops are laid together and measured at once, by the product's own path: their visitors and arms have names
    of their own, so that the moments of each arm are those of its shop alone. (One by one, most of the time would go
    into compiling the same query 200 times.)
    """
    events = pa.concat_tables([one_shop(seed, effect) for seed, effect in effects.items()])
    shop = Facts(log_table(events), "EUR", None, kept)
    every = [f"{arm}{seed}" for seed in effects for arm in "ab"]
    weeks = {"starts_on": date(2026, 1, 5), "ends_on": date(2026, 1, 18)}
    together = config(variants=dict.fromkeys(every, 1 / len(every)), control=every[0], **weeks)
    told = context(of=shop)
    metrics = [metric_named(OUTCOME)]
    measured = measure(Cohort("idle", together, told), metrics)
    found = []
    for seed in effects:
        own = config(variants={f"a{seed}": 0.5, f"b{seed}": 0.5}, control=f"a{seed}", **weeks)
        one = alone(measured, list(own.variants))
        found.append(judge("idle", own, told, one, metrics).outcome)
    return found


def alone(measured: Measured, arms: list[str]) -> Measured:
    """Return what was measured of some arms."""
    n_visitors = sum(measured.arms[arm].n for arm in arms)
    return replace(
        measured,
        arms={arm: measured.arms[arm] for arm in arms},
        by_day={key: value for key, value in measured.by_day.items() if key[0] in arms},
        n_eligible=n_visitors,
        unmatched=0.0,
        n_unmatched=0,
    )


@pytest.fixture(scope="module")
def idle() -> list[str]:
    """The verdicts on 200 shops whose surface does nothing."""
    return outcomes(dict.fromkeys(range(SEEDS), 0.0))


@pytest.mark.parametrize("wrong", ["won", "lost"])
def test_an_idle_surface_wins_and_loses_as_often_as_it_may(idle: list[str], wrong: str) -> None:
    """Over 200 seeds, false wins and false losses each lie in the 99.9 % binomial band of 2.5 %."""
    low, high = stats.binom(SEEDS, 0.025).interval(0.999)
    assert low <= idle.count(wrong) <= high, idle.count(wrong)


def test_an_idle_surface_is_mostly_undecided(idle: list[str]) -> None:
    """What is neither won nor lost is inconclusive; a sound shop is next to never invalid (p below .001)."""
    assert len(idle) == SEEDS
    assert idle.count("invalid") <= stats.binom(SEEDS, 0.003).ppf(0.999)


def test_a_working_surface_is_found() -> None:
    """A third more orders is won in every one of four shops; a third fewer is lost."""
    effects = dict.fromkeys(range(300, 304), 0.33) | dict.fromkeys(range(400, 404), -0.33)
    assert outcomes(effects) == ["won"] * 4 + ["lost"] * 4
