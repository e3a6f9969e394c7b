"""Proxy drift in experiments: did a proxy rise further than revenue, on a feature that does not pay?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from counterclick.config import NOTHING
from counterclick.display import percent, signed_percent
from counterclick.errors import RefusedError
from counterclick.metrics import Metric, metric_named
from counterclick.metrics.definitions import VISITORS
from counterclick.stats import Estimate, Moments, agreement_interval, holm, log_ratio_gap, log_ratio_lift
from counterclick.verdicts import Verdict

__all__ = [
    "ALARM",
    "LEAST_EXPERIMENTS",
    "OUTCOME",
    "PROXIES",
    "UNKNOWN",
    "WON",
    "Agreement",
    "Compared",
    "ExperimentDrift",
    "ProxyLift",
    "Status",
    "agreement_of",
    "agreements",
    "both_up",
    "judged",
]

Status = Literal["alarm", "no alarm: the surface has won", "cannot tell yet"]
ALARM: Status = "alarm"
WON: Status = "no alarm: the surface has won"
UNKNOWN: Status = "cannot tell yet"
PROXIES = ("ctr", "session_length", "sessions_per_visitor", "messages_per_visitor")
"""What is laid beside revenue."""
OUTCOME = "revenue_per_visitor"
"""What it is laid beside in an experiment."""
LEAST_EXPERIMENTS = 10
"""So many experiments it takes to say how often a proxy agreed (STATISTICS, section 11)."""
_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """One experiment as the audit is told of it.

    Attributes:
        experiment: its name.
        surface: where it runs.
        treatment: the feature's arm.
        control: the arm that it is compared with.
        verdict: of the experiment, or why there is none.
        arms: arm -> moments of the proxies' and the outcome's measures, of the visitors whom the verdict's look counts.
        until: last day of entry of that look; None where no look was taken yet.
        level: confidence of the verdict's interval, which is that of all intervals here.
        refused: why its arms cannot be compared by proxies, where they cannot.
    """

    experiment: str
    surface: str
    treatment: str
    control: str
    verdict: Verdict | str
    arms: Mapping[str, Moments]
    until: date | None = None
    level: float = 0.95
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ProxyLift:
    """One proxy in one experiment.

    Attributes:
        proxy: name of the metric.
        lift: of the proxy, feature against control; None where there is none.
        gap: log ratio of the proxy minus log ratio of revenue per visitor, with the covariance of the same visitors; on the
            log scale.
        p_adjusted: one-sided p-value of "not both above zero", Holm-adjusted over the experiment's proxies.
        risen: whether proxy and gap are above zero by it.
        refused: why there is no lift.
    """

    proxy: str
    lift: Estimate | None = None
    gap: Estimate | None = None
    p_adjusted: float | None = None
    risen: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentDrift:
    """A surface by its experiment; or a surface without one.

    Attributes:
        surface: which.
        experiment: None where the surface has none.
        status: alarm, no alarm since it has won, or cannot tell yet.
        because: why, in one sentence.
        outcome: of the verdict; empty where there is none.
        revenue: lift of revenue per visitor with its interval, as the verdict has it; None where it has none.
        break_even_lift: lift at which the feature pays its cost; None where not known.
        level: confidence of the intervals.
        moved: lift of revenue per visitor of the same visitors as the proxies'.
        proxies: those that occur on the surface.
    """

    surface: str
    experiment: str | None
    status: Status
    because: str
    outcome: str = ""
    revenue: tuple[float, float, float] | None = None
    break_even_lift: float | None = None
    level: float = 0.95
    moved: Estimate | None = None
    proxies: tuple[ProxyLift, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a proxy moved in the direction in which revenue moved.

    Attributes:
        proxy: name of the metric.
        surface: of these experiments; None for all surfaces.
        n: experiments with a lift of both.
        agreed: of these, with the same sign.
        lower: lower end of the exact 95 % interval of the share; a coin agrees in half.
        upper: upper end.
        n_significant: experiments in which either is significant at 5 %.
        agreed_significant: of these, with the same sign.
        lower_significant: lower end of its interval; 0 where there are none.
        upper_significant: upper end; 1 where there are none.
    """

    proxy: str
    surface: str | None
    n: int
    agreed: int
    lower: float
    upper: float
    n_significant: int
    agreed_significant: int
    lower_significant: float
    upper_significant: float


def judged(compared: Compared) -> ExperimentDrift:
    """Return whether one experiment alarms, and why."""
    control, feature = compared.arms.get(compared.control), compared.arms.get(compared.treatment)
    proxies: tuple[ProxyLift, ...] = ()
    moved = None
    if control is not None and feature is not None:
        found = [_proxy(metric_named(name), control, feature, compared) for name in PROXIES]
        proxies = _adjusted([each for each in found if each is not None], (1 - compared.level) / 2)
        moved = _lift(control, feature, metric_named(OUTCOME), compared.level)
    verdict = compared.verdict
    if isinstance(verdict, str):
        return ExperimentDrift(
            compared.surface, compared.experiment, UNKNOWN, f"no verdict: {verdict}", moved=moved, proxies=proxies
        )
    status, because = _concluded(verdict, compared, proxies)
    return ExperimentDrift(
        surface=compared.surface,
        experiment=compared.experiment,
        status=status,
        because=because,
        outcome=verdict.outcome,
        revenue=verdict.revenue_lift,
        break_even_lift=verdict.break_even_lift,
        level=compared.level,
        moved=moved,
        proxies=proxies,
    )


def _concluded(verdict: Verdict, compared: Compared, proxies: Sequence[ProxyLift]) -> tuple[Status, str]:
    """Apply the rule: the proxy is up, further than revenue, and revenue is lost or below break-even."""
    if verdict.outcome == "won":
        return WON, f"revenue {_spoken(verdict.revenue_lift)}; a proxy that rises with it is good news"
    missing = _missing(verdict, compared)
    if missing:
        return UNKNOWN, missing
    harmed, says = _harmed(verdict)
    if not harmed:
        return UNKNOWN, says
    risen = [each for each in proxies if each.risen]
    if not risen:
        missing = compared.refused or next((each.refused for each in proxies if each.refused), "")
        return UNKNOWN, f"{says}; no proxy is shown to be up further" + (f" ({missing})" if missing else "")
    up = " and ".join(f"{each.proxy} is up {_ends(each.lift)}" for each in risen)
    return ALARM, f"{up}, but {says}"


def _missing(verdict: Verdict, compared: Compared) -> str:
    """Say what a verdict lacks to be held against proxies; nothing where it lacks nothing."""
    if verdict.outcome == "invalid":
        return f"the experiment is invalid: {verdict.because}"
    if compared.until is None:
        return "no look has been taken yet"
    if verdict.revenue_lift is None:
        return f"revenue's lift is not known: {verdict.because}"
    return ""


def _harmed(verdict: Verdict) -> tuple[bool, str]:
    """Say whether the feature is shown not to pay, and by what."""
    revenue = f"revenue {_spoken(verdict.revenue_lift)}"
    upper = verdict.revenue_lift[2] if verdict.revenue_lift else None
    wanted = verdict.break_even_lift
    if verdict.outcome == "lost":
        return True, f"{revenue}: lost"
    if upper is not None and upper < 0:
        return True, f"{revenue}: all of it below zero"
    if wanted is None:
        return False, f"{revenue}; the break-even lift is not known, so that only a loss would alarm"
    if upper is not None and upper < wanted:
        return True, f"{revenue}: all of it below the break-even lift of {percent(wanted)}"
    return False, f"{revenue}: it may still reach the break-even lift of {percent(wanted)}"


def _proxy(metric: Metric, control: Moments, feature: Moments, compared: Compared) -> ProxyLift | None:
    """Return a proxy's lift and how much further than revenue it went; None where it does not occur in either arm."""
    sums = {name: (control.sum_of(name), feature.sum_of(name)) for name in metric.measures}
    if not any(sums[metric.numerator]):
        return None
    for name, (base, top) in sums.items():
        if not base:
            nothing = "shows nothing" if compared.control == NOTHING else f"has no {name}"
            return ProxyLift(metric.name, refused=f"the control {nothing}: no ratio of {metric.numerator}")
        if not top:
            return ProxyLift(metric.name, refused=f"the feature has no {name}: no ratio of {metric.numerator}")
    try:
        lift = log_ratio_lift(control, feature, *_parts(metric), compared.level)
        gap = log_ratio_gap(control, feature, _parts(metric), _parts(metric_named(OUTCOME)), compared.level)
    except RefusedError as error:
        return ProxyLift(metric.name, refused=str(error))
    return ProxyLift(metric.name, lift, gap)


def _adjusted(found: Sequence[ProxyLift], alpha: float) -> tuple[ProxyLift, ...]:
    p_values = [both_up(each.lift, each.gap) for each in found if each.lift and each.gap]
    adjusted = iter(holm(p_values))
    out = []
    for each in found:
        p_value = next(adjusted) if each.lift and each.gap else None
        out.append(replace(each, p_adjusted=p_value, risen=p_value is not None and p_value < alpha))
    return tuple(out)


def both_up(first: Estimate, second: Estimate) -> float:
    """Return the one-sided p-value of "not both above zero": the larger of the two (Berger 1982, Technometrics 24)."""
    return max(each.p_value / 2 if each.statistic > 0 else 1 - each.p_value / 2 for each in (first, second))


def _lift(control: Moments, feature: Moments, metric: Metric, level: float) -> Estimate | None:
    try:
        return log_ratio_lift(control, feature, *_parts(metric), level)
    except RefusedError:  # the verdict says why
        return None


def _parts(metric: Metric) -> tuple[str, str | None]:
    return metric.numerator, None if metric.denominator == VISITORS else metric.denominator


def agreements(experiments: Sequence[ExperimentDrift]) -> tuple[Agreement, ...]:
    """Return how often each proxy agreed with revenue, over all surfaces and on each, where ten experiments tell."""
    pairs = [
        (line.surface, each.proxy, each.lift, line.moved)
        for line in experiments
        if line.moved is not None and line.outcome != "invalid"
        for each in line.proxies
        if each.lift is not None
    ]
    found = []
    for proxy in PROXIES:
        own = [(surface, lift, moved) for surface, name, lift, moved in pairs if name == proxy]
        for surface in (None, *sorted({surface for surface, _lift, _moved in own})):
            some = [(lift, moved) for of, lift, moved in own if surface in (None, of)]
            if len(some) >= LEAST_EXPERIMENTS:
                found.append(agreement_of(proxy, some, surface))
    return tuple(found)


def agreement_of(proxy: str, pairs: Sequence[tuple[Estimate, Estimate]], surface: str | None = None) -> Agreement:
    """Return how often a proxy's lift and revenue's have the same sign.

    Args:
        proxy: its name.
        pairs: lift of the proxy, lift of revenue; one pair for each experiment, ten at least.
        surface: of these experiments.

    Raises:
        RefusedError: there are fewer than ten.
    """
    if len(pairs) < LEAST_EXPERIMENTS:
        raise RefusedError(
            f"how often {proxy} agrees with revenue is told from {LEAST_EXPERIMENTS} experiments on; there are {len(pairs)}."
        )
    agreed = [lift.value * moved.value > 0 for lift, moved in pairs]
    told = [same for same, pair in zip(agreed, pairs, strict=True) if min(each.p_value for each in pair) < _SIGNIFICANT]
    lower, upper = agreement_interval(sum(agreed), len(agreed))
    ends = agreement_interval(sum(told), len(told)) if told else (0.0, 1.0)
    return Agreement(proxy, surface, len(agreed), sum(agreed), lower, upper, len(told), sum(told), *ends)


def _ends(lift: Estimate | None) -> str:
    return "" if lift is None else _spoken((lift.value, lift.lower, lift.upper)).removeprefix("moved by ")


def _spoken(lift: tuple[float, float, float] | None) -> str:
    if lift is None:
        return "has no lift"
    value, lower, upper = lift
    return f"moved by {signed_percent(value)} [{signed_percent(lower)}, {signed_percent(upper)}]"
