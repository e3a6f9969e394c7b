"""What an experiment's visitors clicked, asked and stayed, beside what they spent: the moments that show drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from counterclick.config import duration
from counterclick.experiments.cohort import Cohort
from counterclick.experiments.daily import daily
from counterclick.experiments.measured import moments_of
from counterclick.metrics import Metric, Sources, Span, activity
from counterclick.stats import Moments

__all__ = ["proxy_moments"]


def proxy_moments(cohort: Cohort, metrics: Sequence[Metric], until: date | None = None) -> Mapping[str, Moments]:
    """Return the moments of metrics' measures, by arm.

    What rows name a surface, such as clicks, counts on the experiment's own surface only; what names none, such as orders
    and sessions, counts wherever it happened.

    Args:
        cohort: eligible visitors and their orders.
        metrics: whose measures.
        until: last day of entry that counts, such as that of the look which a verdict rests on; all finished visitors
            unless given.

    Returns:
        Arm -> moments of all measures; arms without finished visitors are left out.
    """
    config, context = cohort.config, cohort.context
    sources = Sources(context.facts, context.rule, orders=cohort.orders, surface=config.surface)
    window = duration(config.window)
    names = dict.fromkeys(name for metric in metrics for name in metric.measures)
    everyone = cohort.everyone.select("visitor_id", "variant", "entry_on", "exposed_at")
    spans = {name: Span(name, timedelta(0), window) for name in names}
    done = context.facts.kept(activity(sources, everyone, spans), f"proxies {cohort.name}", cohort.keys)
    found = daily(cohort, done, tuple(names), ("variant", "entry_on"), "daily proxies")
    found = found if until is None else found.until(until)
    arms = moments_of(cohort.sizes("variant", until=until), found, tuple(names), ("variant",))
    return {str(arm): moments for (arm,), moments in arms.items()}
