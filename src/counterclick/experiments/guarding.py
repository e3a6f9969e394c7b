"""Guardrails: is each metric shown not to be worse by more than its own margin?"""

from __future__ import annotations

from counterclick.config import ExperimentConfig
from counterclick.errors import RefusedError
from counterclick.experiments.measured import Measured
from counterclick.experiments.stakes import costs_known
from counterclick.metrics import Metric, metric_named
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import Moments, non_inferiority, welch_difference

__all__ = ["guardrails"]


def guardrails(config: ExperimentConfig, measured: Measured, level: float) -> dict[str, str]:
    """Return guardrail -> shown, unproven or worse.

    Args:
        config: the declaration, with the margins.
        measured: moments of the arms.
        level: confidence of the two-sided intervals; at an early look that of its bound.
    """
    found: dict[str, str] = {}
    for guardrail, margin in config.guardrails.items():
        metric = metric_named(guardrail)
        if "margin" in metric.measures and not costs_known(config, measured):
            found[guardrail] = "unproven"
            continue
        denominator = None if metric.denominator in (VISITORS, None) else metric.denominator
        control, feature = measured.arms[config.control], measured.arms[config.feature]
        try:
            shown = non_inferiority(control, feature, metric.numerator, denominator, margin, metric.worse, level)
            found[guardrail] = shown.status
        except RefusedError:
            found[guardrail] = _nothing_of_it(control, feature, metric, margin, level)
    return found


def _nothing_of_it(control: Moments, feature: Moments, metric: Metric, margin: float, level: float) -> str:
    """Judge a guardrail without a lift: nothing returned in the feature's arm is good news, if the difference says so."""
    if metric.worse == "lower" or metric.denominator != VISITORS or not control.mean_of(metric.numerator):
        return "unproven"
    difference = welch_difference(control, feature, metric.numerator, level)
    return "shown" if difference.upper < margin * control.mean_of(metric.numerator) else "unproven"
