"""The preconditions of a verdict, each a named check with its number. One that fails makes the verdict invalid."""

from __future__ import annotations

from counterclick.config import ExperimentConfig
from counterclick.display import money, percent
from counterclick.errors import RefusedError
from counterclick.experiments.context import Context
from counterclick.experiments.hashing import config_hash
from counterclick.experiments.measured import PRE, Measured
from counterclick.experiments.traits import DIMENSIONS, along
from counterclick.facts.local_time import day_begins
from counterclick.stats import effective_number, sample_ratio, welch_difference
from counterclick.verdicts import Check

__all__ = ["ALPHA", "preconditions", "sample_ratio_by_platform", "sample_ratio_of"]

ALPHA = 0.001
"""A sample ratio or pre-period imbalance below this probability is no chance (Fabijan et al. 2019)."""
_MOST_SEVERAL = 0.01
_MOST_UNMATCHED = 0.05
_MOST_UNDECLARED = 0.01
_LEAST_A_DAY = 10
_LEAST_EARLIER = 50
"""Buyers before the start, by Kish's effective number, below which the difference of their revenue is no normal one."""


def sample_ratio_of(measured: Measured, config: ExperimentConfig) -> Check:
    """Check the visitors of the arms against the declared shares (chi-square), for each period with shares of its own."""
    tested = []
    for first, last in config.strata:
        part = measured.between(first, last) if config.changes else measured
        counts = [part.arms[arm].n if arm in part.arms else 0 for arm in config.variants]
        if sum(counts):
            tested.append(sample_ratio(counts, list(config.shares_on(first).values())).p_value)
    counts = [measured.arms[arm].n if arm in measured.arms else 0 for arm in config.variants]
    shown = ", ".join(f"{arm} {n:,}" for arm, n in zip(config.variants, counts, strict=True))
    if not tested:
        return Check("sample ratio", None, None, ALPHA, "no visitors")
    p_value = min(1.0, min(tested) * len(tested))
    periods = f" (least likely of {len(tested)} periods with shares of their own, Bonferroni)" if len(tested) > 1 else ""
    return Check("sample ratio", p_value > ALPHA, p_value, ALPHA, f"{shown}: p = {p_value:.3g}{periods}")


def preconditions(name: str, config: ExperimentConfig, context: Context, measured: Measured) -> tuple[Check, ...]:
    """Return all preconditions of the verdict on one experiment."""
    return (
        sample_ratio_of(measured, config),
        _by_day(measured, config),
        sample_ratio_by_platform(measured, config),
        _several(measured),
        _undeclared(measured, config),
        _unmatched(measured, context),
        _balance(measured, config),
        _unchanged(name, config, context),
    )


def _by_day(measured: Measured, config: ExperimentConfig) -> Check:
    days = sorted({day for _, day in measured.by_day})
    tested: list[tuple[float, str]] = []
    for day in days:
        shares = list(config.shares_on(day).values())
        counts = [measured.by_day[arm, day].n if (arm, day) in measured.by_day else 0 for arm in config.variants]
        if sum(counts) * min(shares) >= _LEAST_A_DAY:
            tested.append((sample_ratio(counts, shares).p_value, day.isoformat()))
    if not tested:
        return Check("sample ratio by day", None, None, ALPHA, "no day has visitors enough to tell")
    p_value, least = min(tested)
    corrected = min(1.0, p_value * len(tested))
    says = f"least likely day {least} of {len(tested)}: p = {corrected:.3g} (Bonferroni)"
    return Check("sample ratio by day", corrected > ALPHA, corrected, ALPHA, says)


def sample_ratio_by_platform(measured: Measured, config: ExperimentConfig) -> Check:
    """Check the declared shares within every device, country, and new and returning visitors (Bonferroni).

    A feature that drops visitors of one browser, or a redirect that loses phones, is seen here and not in the whole.
    """
    shares = list(config.variants.values())
    tested: list[tuple[float, str]] = []
    for dimension in DIMENSIONS:
        slices = along(measured.by_traits, [dimension])
        for (value,), arms in slices.items():
            counts = [arms[arm].n if arm in arms else 0 for arm in config.variants]
            if len(slices) > 1 and sum(counts) * min(shares) >= _LEAST_A_DAY:
                tested.append((sample_ratio(counts, shares).p_value, f"{dimension} {value}"))
    name = "sample ratio by platform"
    if config.changes:
        return Check(name, None, None, ALPHA, "the shares were changed on the way; see the sample ratio by day")
    if not tested:
        return Check(name, None, None, ALPHA, "no two devices, countries or kinds of customers have visitors enough to tell")
    p_value, least = min(tested)
    corrected = min(1.0, p_value * len(tested))
    says = f"least likely slice {least} of {len(tested)}: p = {corrected:.3g} (Bonferroni)"
    return Check(name, corrected > ALPHA, corrected, ALPHA, says)


def _several(measured: Measured) -> Check:
    share = measured.n_several / measured.n_eligible if measured.n_eligible else 0.0
    says = f"{measured.n_several:,} of {measured.n_eligible:,} visitors were seen in several arms; each keeps its first"
    return Check("visitors in several arms", share < _MOST_SEVERAL, share, _MOST_SEVERAL, says)


def _unmatched(measured: Measured, context: Context) -> Check:
    whole = measured.matched + measured.unmatched
    share = measured.unmatched / whole if whole else 0.0
    says = (
        f"{measured.n_unmatched:,} orders worth {money(measured.unmatched, context.currency)} "
        f"({percent(share)}) have no known visitor"
    )
    return Check("unmatched revenue", share < _MOST_UNMATCHED, share, _MOST_UNMATCHED, says)


def _balance(measured: Measured, config: ExperimentConfig) -> Check:
    control, feature = measured.arms.get(config.control), measured.arms.get(config.feature)
    name = "balance before the start"
    if control is None or feature is None:
        return Check(name, None, None, ALPHA, "an arm has no visitors")
    try:
        found = welch_difference(control, feature, PRE)
    except RefusedError:
        return Check(name, None, None, ALPHA, "no orders in the 28 days before visitors became eligible")
    earlier = min(effective_number(arm, PRE) for arm in (control, feature))
    if earlier < _LEAST_EARLIER:
        says = f"revenue in the 28 days before is of {earlier:.0f} buyers in effect; {_LEAST_EARLIER} are the least to tell"
        return Check(name, None, None, ALPHA, says)
    says = f"revenue in the 28 days before: difference p = {found.p_value:.3g}"
    return Check(name, found.p_value > ALPHA, found.p_value, ALPHA, says)


def _unchanged(name: str, config: ExperimentConfig, context: Context) -> Check:
    """Check that the configuration is the one with which the experiment started; before its start it may change."""
    now = config_hash(name, config)
    start = day_begins(config.starts_on, context.timezone)
    before = [found for found in context.declarations if found.declared_at < start]
    chosen = [found for found in before if found.config_hash == now] or before[-1:]  # changed and changed back is fine
    counted = [*chosen, *(found for found in context.declarations if found.declared_at >= start)]
    others = sorted({found.config_hash for found in counted} - {now})
    title = "configuration unchanged"
    if others:
        says = f"{len(others) + 1} different configurations were declared since it started; give a changed one a new name"
        return Check(title, False, float(len(others) + 1), 1.0, says)
    own = [found for found in counted if found.config_hash == now]
    if not own:
        return Check(title, None, None, 1.0, "not declared in the log before this look")
    late = [
        change.changes_on
        for change in config.changes
        if not any(
            change in found.changes and found.declared_at < day_begins(change.changes_on, context.timezone) for found in own
        )
    ]
    if late:
        return Check(title, None, None, 1.0, f"the shares of {late[0]} were not declared before they began")
    return Check(title, True, 1.0, 1.0, f"declared on {own[0].declared_at:%Y-%m-%d}")


def _undeclared(measured: Measured, config: ExperimentConfig) -> Check:
    whole = measured.n_eligible + measured.n_undeclared
    share = measured.n_undeclared / whole if whole else 0.0
    says = f"{measured.n_undeclared:,} of {whole:,} visitors were exposed in arms other than {', '.join(config.variants)}"
    return Check("visitors in undeclared arms", share < _MOST_UNDECLARED, share, _MOST_UNDECLARED, says)
