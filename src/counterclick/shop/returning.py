"""Return prevention of a shop: rates, gates, and what the holdout of flagged baskets says."""

from __future__ import annotations

from collections.abc import Mapping

from counterclick.audits.readiness import Readiness
from counterclick.audits.return_report import MEASURED, Baskets, NudgeTest, ReturnReport, saved_by
from counterclick.config import Config, duration
from counterclick.decisions.return_rates import ReturnRates, return_rates
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments import Experiment
from counterclick.shop.decided import RETURNS
from counterclick.shop.reading import Reading
from counterclick.shop.registry import verdict_of

__all__ = ["returns_of"]

_FEWEST = 2
"""Visitors of an arm that a variance needs."""
_BASKETS = f"""
SELECT
    count(*),
    count(*) FILTER ((said ->> 'is_nudged') = 'true'),
    count(*) FILTER ((said ->> 'is_nudged') = 'true' AND variant = '{RETURNS}'),
    count(*) FILTER ((said ->> 'is_nudged') = 'true' AND (said ->> 'is_held_out') = 'true'),
    count(*) FILTER ((said ->> 'probability') IS NULL)
FROM (SELECT variant, CASE WHEN json_valid(details) THEN details::JSON END AS said FROM events
    WHERE kind = 'decision' AND policy = '{RETURNS}' AND experiment = ?)
WHERE (said ->> 'n_lines') <> '0'
"""
_METRICS = ("kept_margin_per_visitor", "returned_orders_per_visitor", "returned_value_per_visitor", "orders_per_visitor")


def returns_of(
    reading: Reading, config: Config, readiness: Readiness, experiments: Mapping[str, Experiment]
) -> ReturnReport[ReturnRates]:
    """Return what return prevention of a shop has.

    Args:
        reading: the store.
        config: what ``shop.toml`` declares.
        readiness: what the shop is ready for.
        experiments: by name.
    """
    delay = int(duration(config.shop.returns_window).total_seconds())
    rates = return_rates(reading.facts.outcomes(), config.returns, delay, reading.as_of())
    gates = next(each for each in readiness.interventions if each.name == "return prevention")
    tests = [_tested(name, each, config, reading) for name, each in experiments.items() if RETURNS in each.config.variants]
    return ReturnReport(config.shop.currency, gates, rates, tuple(tests))


def _tested(name: str, experiment: Experiment, config: Config, reading: Reading) -> NudgeTest:
    told = (name, verdict_of(experiment), Baskets(*reading.rows(_BASKETS, [name])[0]))
    try:
        arms = experiment.moments(_METRICS)
    except (EmptyStoreError, RefusedError):
        arms = {}
    control, nudged = (arms.get(arm) for arm in (experiment.config.control, RETURNS))
    n_nudged, n_held_out = (0 if arm is None else arm.n for arm in (nudged, control))
    if control is None or nudged is None or min(n_nudged, n_held_out) < _FEWEST:
        return NudgeTest(*told, n_nudged, n_held_out, (), "Too few visitors have finished to say what was saved.")
    saved, says = saved_by(control.select(MEASURED), nudged.select(MEASURED), config.returns)
    expected = n_nudged * control.select(MEASURED).mean_of("returned_orders")
    return NudgeTest(*told, n_nudged, n_held_out, saved, says, expected)
