"""Assignment and the true lifts: what is declared is what the events show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from counterclick.experiments.assignment import assign
from counterclick.simulate import ShopTruth, Simulation, simulate

Sql = Callable[[Simulation, str], list[tuple[Any, ...]]]

REVENUE = """
    WITH revenue AS (
        SELECT x.experiment, x.variant, x.visitor_id, coalesce(sum(p.value), 0)::DOUBLE AS revenue
        FROM (FROM events WHERE kind = 'exposure') AS x
        LEFT JOIN (FROM events WHERE kind = 'purchase') AS p ON p.visitor_id = x.visitor_id
            AND p.occurred_at > x.occurred_at AND p.occurred_at <= x.occurred_at + INTERVAL 7 DAY
        GROUP BY ALL)
    SELECT experiment, variant, count(*), avg(revenue), var_samp(revenue) FROM revenue GROUP BY ALL
"""


def z_scores(shop: Simulation, sql: Sql) -> dict[tuple[str, str], float]:
    """Return, for each arm but the controls, (log ratio - its truth) / its standard error (delta method)."""
    moments = {(experiment, arm): rest for experiment, arm, *rest in sql(shop, REVENUE)}
    scores = {}
    for surface in shop.truth.surfaces:
        n0, mean0, variance0 = moments[surface.experiment, surface.control]
        for arm in surface.arms:
            if arm != surface.control:
                n, mean, variance = moments[surface.experiment, arm]
                error = math.sqrt(variance / n / mean**2 + variance0 / n0 / mean0**2)
                truth = math.log1p(surface.lift(arm))
                scores[surface.experiment, arm] = (math.log(mean / mean0) - truth) / error
    return scores


def test_exposures_carry_the_assigned_arm(small: Simulation, sql: Sql) -> None:
    """Each visitor has one exposure per experiment, with the arm that the hash assigns, and its share."""
    surfaces = {surface.experiment: surface for surface in small.truth.surfaces}
    rows = sql(
        small,
        "SELECT experiment, visitor_id, variant, policy, propensity, surface FROM events WHERE kind = 'exposure'",
    )
    assert len({row[:2] for row in rows}) == len(rows)
    for experiment, visitor, variant, policy, propensity, name in rows:
        surface = surfaces[experiment]
        assert variant == policy == assign(experiment, visitor, surface.shares)
        assert (propensity, name) == (surface.shares[variant], surface.name)


def test_arms_have_their_shares(large: Simulation, sql: Sql) -> None:
    """Visitors fall into the arms at the declared shares: no sample ratio mismatch at 1 in 10,000."""
    rows = sql(large, "SELECT experiment, variant, count(*) FROM events WHERE kind = 'exposure' GROUP BY ALL")
    counts = {(experiment, variant): n for experiment, variant, n in rows}
    for surface in large.truth.surfaces:
        observed = np.array([counts[surface.experiment, arm] for arm in surface.arms])
        expected = observed.sum() * np.array(list(surface.shares.values()))
        assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_true_lifts_are_recovered(large: Simulation, sql: Sql) -> None:
    """Every arm's log ratio of revenue per exposed visitor lies within 4 standard errors of the truth."""
    scores = z_scores(large, sql)
    assert len(scores) == 6
    assert max(map(abs, scores.values())) < 4


def test_true_lifts_are_recovered_on_average(sql: Sql) -> None:
    """Over 40 shops the z-scores of each arm have mean 0 and variance 1: the truth is exact."""
    truth = ShopTruth(visitors=12_000)
    shops = [z_scores(simulate(truth, seed=seed), sql) for seed in range(40)]
    for arm in shops[0]:
        scores = np.array([shop[arm] for shop in shops])
        assert abs(scores.mean()) < 4 / math.sqrt(len(scores))
        assert 0.5 < scores.std() < 1.6


def test_large_effects_are_recovered(sql: Sql) -> None:
    """Effects many times their standard error, on orders and on lines at once, come out as declared."""
    surfaces = tuple(
        replace(surface, arms={**surface.arms, surface.treatment: replace(arm, conversion=0.2, basket=0.5)})
        for surface in ShopTruth().surfaces[:3]
        for arm in [surface.arms[surface.treatment]]
    )
    truth = ShopTruth(visitors=100_000, conversion=0.04, intent_factor=2.0, surfaces=surfaces)
    shop = simulate(truth, seed=2)
    scores = z_scores(shop, sql)
    assert math.isclose(shop.lifts()["chat"]["assistant"], 0.8)
    assert max(map(abs, scores.values())) < 4
