"""Pure maths: moments in, estimates out; NumPy and SciPy only, no tables, clocks or shops.

Everything is a function of its arguments (random draws take a ``seed``). Where a number would mislead there
is a :class:`~counterclick.errors.RefusedError` with its reason, never a default and never NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterclick.lazily import exports

if TYPE_CHECKING:
    from counterclick.stats.adjustment import Adjusted, adjusted_difference, adjusted_lift, effective_number
    from counterclick.stats.anytime import anytime_reach
    from counterclick.stats.areas import Area, clustered_areas
    from counterclick.stats.capping import Capped, cap_of, capped_lift
    from counterclick.stats.drift import agreement_interval, log_trend, trend_gap
    from counterclick.stats.equivalence import Equivalence, equivalent_difference, equivalent_lift
    from counterclick.stats.estimates import Estimate
    from counterclick.stats.guardrails import NonInferiority, non_inferiority
    from counterclick.stats.heterogeneity import Heterogeneity, heterogeneity
    from counterclick.stats.incrementality import incrementality_ratio
    from counterclick.stats.intervals import fieller_lift, log_ratio_gap, log_ratio_lift, welch_difference
    from counterclick.stats.list_weights import list_weight
    from counterclick.stats.multiplicity import benjamini_hochberg, holm
    from counterclick.stats.off_policy import LEAST_EFFECTIVE, OffPolicy, Valued, off_policy_value, weighted_value
    from counterclick.stats.planning import (
        FIXED_BOUND,
        FIXED_REACH,
        exaggeration_ratio,
        power_at,
        power_of,
        smallest_visible_lift,
        smallest_visible_lift_from_orders,
        visitors_needed,
    )
    from counterclick.stats.post_stratification import PostStratified, post_stratified_difference, post_stratified_lift
    from counterclick.stats.rerandomise import (
        RerandomisedLift,
        RerandomisedTest,
        draws_for,
        rerandomised_lift,
        rerandomised_test,
    )
    from counterclick.stats.sample_ratio_check import SampleRatio, sample_ratio
    from counterclick.stats.sequential import (
        crossing,
        drift_for_power,
        median_unbiased,
        obrien_fleming_spending,
        spending_bounds,
        stagewise_p_value,
    )
    from counterclick.stats.sufficient import Moments
    from counterclick.stats.trials import Trials, design_bounds, run_trials
    from counterclick.stats.weekly_change import weekly_change

__all__ = [
    "FIXED_BOUND",
    "FIXED_REACH",
    "LEAST_EFFECTIVE",
    "Adjusted",
    "Area",
    "Capped",
    "Equivalence",
    "Estimate",
    "Heterogeneity",
    "Moments",
    "NonInferiority",
    "OffPolicy",
    "PostStratified",
    "RerandomisedLift",
    "RerandomisedTest",
    "SampleRatio",
    "Trials",
    "Valued",
    "adjusted_difference",
    "adjusted_lift",
    "agreement_interval",
    "anytime_reach",
    "benjamini_hochberg",
    "cap_of",
    "capped_lift",
    "clustered_areas",
    "crossing",
    "design_bounds",
    "draws_for",
    "drift_for_power",
    "effective_number",
    "equivalent_difference",
    "equivalent_lift",
    "exaggeration_ratio",
    "fieller_lift",
    "heterogeneity",
    "holm",
    "incrementality_ratio",
    "list_weight",
    "log_ratio_gap",
    "log_ratio_lift",
    "log_trend",
    "median_unbiased",
    "non_inferiority",
    "obrien_fleming_spending",
    "off_policy_value",
    "post_stratified_difference",
    "post_stratified_lift",
    "power_at",
    "power_of",
    "rerandomised_lift",
    "rerandomised_test",
    "run_trials",
    "sample_ratio",
    "smallest_visible_lift",
    "smallest_visible_lift_from_orders",
    "spending_bounds",
    "stagewise_p_value",
    "trend_gap",
    "visitors_needed",
    "weekly_change",
    "weighted_value",
    "welch_difference",
]

__getattr__ = exports(
    __name__,
    {
        "Adjusted": "adjustment",
        "adjusted_difference": "adjustment",
        "adjusted_lift": "adjustment",
        "effective_number": "adjustment",
        "anytime_reach": "anytime",
        "Area": "areas",
        "clustered_areas": "areas",
        "Capped": "capping",
        "cap_of": "capping",
        "capped_lift": "capping",
        "agreement_interval": "drift",
        "log_trend": "drift",
        "trend_gap": "drift",
        "Equivalence": "equivalence",
        "equivalent_difference": "equivalence",
        "equivalent_lift": "equivalence",
        "Estimate": "estimates",
        "NonInferiority": "guardrails",
        "non_inferiority": "guardrails",
        "Heterogeneity": "heterogeneity",
        "heterogeneity": "heterogeneity",
        "incrementality_ratio": "incrementality",
        "fieller_lift": "intervals",
        "log_ratio_gap": "intervals",
        "log_ratio_lift": "intervals",
        "welch_difference": "intervals",
        "list_weight": "list_weights",
        "benjamini_hochberg": "multiplicity",
        "holm": "multiplicity",
        "LEAST_EFFECTIVE": "off_policy",
        "OffPolicy": "off_policy",
        "Valued": "off_policy",
        "off_policy_value": "off_policy",
        "weighted_value": "off_policy",
        "FIXED_BOUND": "planning",
        "FIXED_REACH": "planning",
        "exaggeration_ratio": "planning",
        "power_at": "planning",
        "power_of": "planning",
        "smallest_visible_lift": "planning",
        "smallest_visible_lift_from_orders": "planning",
        "visitors_needed": "planning",
        "PostStratified": "post_stratification",
        "post_stratified_difference": "post_stratification",
        "post_stratified_lift": "post_stratification",
        "RerandomisedLift": "rerandomise",
        "RerandomisedTest": "rerandomise",
        "draws_for": "rerandomise",
        "rerandomised_lift": "rerandomise",
        "rerandomised_test": "rerandomise",
        "SampleRatio": "sample_ratio_check",
        "sample_ratio": "sample_ratio_check",
        "crossing": "sequential",
        "drift_for_power": "sequential",
        "median_unbiased": "sequential",
        "obrien_fleming_spending": "sequential",
        "spending_bounds": "sequential",
        "stagewise_p_value": "sequential",
        "Moments": "sufficient",
        "Trials": "trials",
        "design_bounds": "trials",
        "run_trials": "trials",
        "weekly_change": "weekly_change",
    },
)
