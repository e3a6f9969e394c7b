"""Pure maths: moments in, estimates out; NumPy and SciPy only, no tables, clocks or shops.

Everything is a function of its arguments (random draws take a ``seed``). Where a number would mislead there
is a :class:`~counterclick.errors.RefusedError` with its reason, never a default and never NaN.
"""

from __future__ import annotations

from counterclick.stats.estimates import Estimate
from counterclick.stats.guardrails import NonInferiority, non_inferiority
from counterclick.stats.intervals import fieller_lift, log_ratio_gap, log_ratio_lift, welch_difference
from counterclick.stats.multiplicity import benjamini_hochberg, holm
from counterclick.stats.planning import (
    exaggeration_ratio,
    power_at,
    power_of,
    smallest_visible_lift,
    smallest_visible_lift_from_orders,
    visitors_needed,
)
from counterclick.stats.rerandomise import RerandomisedLift, draws_for, rerandomised_lift
from counterclick.stats.sample_ratio_check import SampleRatio, sample_ratio
from counterclick.stats.sufficient import Moments

__all__ = [
    "Estimate",
    "Moments",
    "NonInferiority",
    "RerandomisedLift",
    "SampleRatio",
    "benjamini_hochberg",
    "draws_for",
    "exaggeration_ratio",
    "fieller_lift",
    "holm",
    "log_ratio_gap",
    "log_ratio_lift",
    "non_inferiority",
    "power_at",
    "power_of",
    "rerandomised_lift",
    "sample_ratio",
    "smallest_visible_lift",
    "smallest_visible_lift_from_orders",
    "visitors_needed",
    "welch_difference",
]
