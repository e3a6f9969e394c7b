"""What all AI surfaces are worth together, beside what each shows for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterclick.display import Grid, Shown, percent, signed_percent
from counterclick.stats import holm
from counterclick.verdicts import Verdict

__all__ = ["Feature", "GlobalHoldout", "global_holdout"]

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Feature:
    """What one experiment says of its feature, as one of several.

    Attributes:
        experiment: its name.
        says: its verdict by itself, or why there is none.
        lift: of its outcome, with ends; None where refused.
        p_value: of "no difference" by itself; None before its last look, unless it has crossed a bound.
        p_adjusted: Holm-adjusted over all features; those without a p-value count as 1.
        stands: whether its win or loss stands among so many features; None where there is none to stand.
    """

    experiment: str
    says: str
    lift: tuple[float, float, float] | None
    p_value: float | None
    p_adjusted: float | None
    stands: bool | None


@dataclass(frozen=True, slots=True)
class GlobalHoldout(Shown):
    """The verdict on all surfaces together, and the features beside it.

    Attributes:
        verdict: of every AI surface as usual against none.
        features: each experiment; with several, one in twenty idle ones would win or lose by chance alone.
    """

    verdict: Verdict
    features: tuple[Feature, ...]

    def grids(self) -> list[Grid]:
        """Return the verdict's tables, and one of the features."""
        rows = [
            (
                feature.experiment,
                feature.says,
                "" if feature.lift is None else signed_percent(feature.lift[0]),
                "" if feature.lift is None else f"[{signed_percent(feature.lift[1])}, {signed_percent(feature.lift[2])}]",
                "" if feature.p_adjusted is None else f"{feature.p_adjusted:.2g}",
                {True: "stands", False: "does not stand", None: ""}[feature.stands],
            )
            for feature in self.features
        ]
        heads = ("feature", "by itself", "lift", "95 % interval", "p (Holm)", f"of {len(rows)} features")
        notes = [
            "Features are tested among visitors who are not held out; together they need not add up to the whole.",
            f"Among {len(rows)} features a verdict stands if its Holm-adjusted p is at most {percent(_ALPHA, 0)}.",
        ]
        return [*self.verdict.grids(), Grid("Features beside the holdout", heads, rows, notes, left=2)]


def global_holdout(verdict: Verdict, features: Mapping[str, Verdict | str]) -> GlobalHoldout:
    """Lay the features beside the verdict on all of them.

    Args:
        verdict: of the global holdout.
        features: experiment -> its verdict, or the reason why there is none.

    Source: Holm (1979), Scandinavian Journal of Statistics 6.
    """
    p_values = {name: _p_value(found) for name, found in features.items()}
    every = holm([1.0 if p_value is None else p_value for p_value in p_values.values()])  # each declared feature counts
    adjusted = {name: p for name, p in zip(p_values, every, strict=True) if p_values[name] is not None}
    rows = []
    for name, found in features.items():
        if isinstance(found, str):
            rows.append(Feature(name, found, None, None, None, None))
            continue
        lift = None
        if found.lift is not None and found.lift_lower is not None and found.lift_upper is not None:
            lift = found.lift, found.lift_lower, found.lift_upper
        stands = adjusted[name] <= _ALPHA if name in adjusted and found.outcome in ("won", "lost") else None
        rows.append(Feature(name, found.kind or found.outcome, lift, p_values[name], adjusted.get(name), stands))
    return GlobalHoldout(verdict, tuple(rows))


def _p_value(found: Verdict | str) -> float | None:
    """Return the p-value of a verdict whose looking has ended."""
    if isinstance(found, str) or found.outcome == "invalid" or found.next_look_on is not None:
        return None
    return found.p_value
