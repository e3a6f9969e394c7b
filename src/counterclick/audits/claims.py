"""Claims: for each surface, what it claims or is credited with, beside what its holdout shows.

All three stand on one base: the revenue of the visitors who had the feature, within the experiment's window. *Claimed*
is what its tool reports, else what its own dashboard would show: every order within seven days after anything at all
happened on it. *Attributed* is the shop's credit rule. *Incremental* is what the holdout shows: the only one that is an
effect. The incrementality ratio is of all finished visitors, since it compares them with their own credits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from ibis import _
from ibis.expr.types import Table

from counterclick.audits.ledger import Ledger
from counterclick.display import Grid, Shown, count, money, percent
from counterclick.errors import RefusedError
from counterclick.facts.rows import all_rows
from counterclick.stats import Moments, incrementality_ratio
from counterclick.verdicts import Money, Verdict

__all__ = ["Base", "Claims", "Line", "claims_audit", "laid"]

_AMOUNTS = ("revenue", "claimed", "attributed")
_RATIO = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Base:
    """An experiment as the claims audit needs it.

    Attributes:
        surface: where it runs.
        verdict: or why there is none.
        n_feature: finished visitors who had the feature.
        control: moments of ``revenue`` of the control's finished visitors; None where it has none.
        refused: why there is no ratio to its effect, where there is none.
    """

    surface: str
    verdict: Verdict | str
    n_feature: int
    control: Moments | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One surface in one experiment, or a surface without one.

    Attributes:
        surface: which.
        experiment: None where the surface has no experiment.
        base_revenue: of the visitors who had the feature; of the whole shop without an experiment.
        claimed: share of it that the surface claims.
        attributed: share of it that the rule credits to the surface.
        incremental: share of it that the feature earned over the control; None where not measured.
        incremental_lower: lower end of the 95 % interval.
        incremental_upper: upper end.
        against: the arm that it is compared with: the control, or beside it ``nothing``.
        is_verdict: whether this is the verdict's contrast.
        verdict: of the experiment; None without one.
        refused: why there is no verdict, where there is an experiment.
        monthly_cost: declared in ``shop.toml``.
        per_attributed: incremental over attributed revenue of the same visitors and window, with its 95 % interval; None
            where not measured.
        per_claimed: incremental over claimed revenue, likewise.
        ratio_refused: why there is no ratio.
    """

    surface: str
    experiment: str | None
    base_revenue: float
    claimed: float
    attributed: float
    incremental: float | None = None
    incremental_lower: float | None = None
    incremental_upper: float | None = None
    against: str = ""
    is_verdict: bool = True
    verdict: Verdict | None = None
    refused: str = ""
    monthly_cost: float | None = None
    per_attributed: _RATIO | None = None
    per_claimed: _RATIO | None = None
    ratio_refused: str = ""


@dataclass(frozen=True, slots=True)
class Claims(Shown):
    """What the surfaces claim beside what is true.

    Attributes:
        currency: of all amounts.
        lines: one for each surface and experiment.
        ledger: the sums over all surfaces, and what tools report.
    """

    currency: str
    lines: tuple[Line, ...]
    ledger: Ledger

    def grids(self) -> list[Grid]:
        """Return claims beside effects, each surface's money, and the ledger."""
        return [self.head(), self.worth(), *self.ledger.grids()]

    def head(self) -> Grid:
        """Return claims beside credits beside effects."""
        rows = [
            (
                self._label(line),
                line.against or "-",
                percent(line.claimed, 0) if line.base_revenue else "-",
                percent(line.attributed, 0) if line.base_revenue else "-",
                _interval(line),
                _outcome(line),
            )
            for line in self.lines
        ]
        ledger = self.ledger
        twice = percent(ledger.n_twice / ledger.n_orders, 0) if ledger.n_orders else "0 %"
        return Grid(
            "What each surface claims, is credited with, and earns",
            ("surface", "against", "claimed", "credited", "incremental", "verdict"),
            rows,
            left=2,
            notes=(
                "Shares of the revenue of visitors who had the feature; without an experiment, of all revenue. Claimed: as "
                f"its tool reports, else any interaction in 7 days. Credited: {ledger.rule}. Incremental: by holdout, with "
                "its 95 % interval.",
                f"{ledger.n_orders:,} orders, revenue {money(ledger.revenue, self.currency)}, net of returns "
                f"{money(ledger.net_revenue, self.currency)}. Together {self._of_revenue(ledger.claimed)} of it is claimed "
                f"({twice} of orders twice or more); the rule credits {self._of_revenue(ledger.attributed)}, an order once.",
            ),
        )

    def worth(self) -> Grid:
        """Return what each surface earns a month, and per credited unit of money."""
        rows = [
            (
                self._label(line),
                "not known" if line.verdict is None else _money(line.verdict.incremental),
                "not known" if line.monthly_cost is None else money(line.monthly_cost, self.currency),
                _ratio(line.per_attributed),
                _ratio(line.per_claimed),
            )
            for line in self.lines
            if line.is_verdict
        ]
        notes = [
            f"{self._label(line)}: {line.ratio_refused}" for line in self.lines if line.ratio_refused and line.is_verdict
        ]
        notes.insert(0, "Per credited, per claimed: 1 where all of it was earned by the feature, 0 where nothing.")
        heads = ("surface", "earned a month", "cost", "per credited", "per claimed")
        return Grid("What it earns a month over its control, and what a credit is worth", heads, rows, notes)

    def _of_revenue(self, amount: float) -> str:
        return percent(_share(amount, self.ledger.revenue), 0)

    def _label(self, line: Line) -> str:
        """Return the surface, with the experiment where there are several on it."""
        several = len({other.experiment for other in self.lines if other.surface == line.surface}) > 1
        return f"{line.surface} ({line.experiment})" if several else line.surface


def claims_audit(
    *,
    claimed: Table,
    credited: Table,
    arms: Table | None,
    bases: Mapping[str, Base],
    costs: Mapping[str, float | None],
    ledger: Ledger,
) -> Claims:
    """Lay claims, credits and verdicts beside each other.

    Args:
        claimed: `counterclick.audits.claimed_by_surface`.
        credited: `counterclick.attribution.credits` by the shop's rule.
        arms: orders of the visitors who had a feature, within its window: experiment, order_id, visitor_id, revenue; None
            where there are no experiments.
        bases: experiment -> its surface, verdict and visitors.
        costs: surface -> declared monthly cost.
        ledger: `counterclick.audits.ledger_audit`.
    """
    lines = laid(claimed, credited, arms, bases, costs, ledger.revenue)
    return Claims(ledger.currency, lines, ledger)


def laid(
    claimed: Table,
    credited: Table,
    arms: Table | None,
    bases: Mapping[str, Base],
    costs: Mapping[str, float | None],
    revenue: float,
) -> tuple[Line, ...]:
    """Return claims, credits and effects of each surface beside each other.

    Args:
        claimed: as `claims_audit` takes it, and all others too.
        credited: see there.
        arms: see there.
        bases: see there.
        costs: see there.
        revenue: of the whole shop.
    """
    claims_of = claimed.group_by("order_id", "surface").agg(amount=_.claimed_revenue.sum())  # two tools may share a surface
    credits_of = credited.select("order_id", "surface", amount=_.attributed_revenue)
    claims_by, credits_by = _by_surface(claims_of), _by_surface(credits_of)
    lines: list[Line] = []
    if arms is not None:
        sums = _sums(arms, claims_of, credits_of, {name: base.surface for name, base in bases.items()})
        for name, base in bases.items():
            lines += _tested(name, base, sums.get(name), costs.get(base.surface))
    untested = {*claims_by, *credits_by, *costs} - {line.surface for line in lines}
    lines += [
        Line(
            surface,
            None,
            revenue,
            _share(claims_by.get(surface, 0.0), revenue),
            _share(credits_by.get(surface, 0.0), revenue),
            monthly_cost=costs.get(surface),
            ratio_refused="no experiment splits its visitors, so that no effect can be laid beside its credits.",
        )
        for surface in sorted(untested)
    ]
    return tuple(lines)


def _sums(
    arms: Table, claims_of: Table, credits_of: Table, surfaces: Mapping[str, str]
) -> dict[str, tuple[list[float], list[list[float]]]]:
    """Return, for each experiment, sums and cross products over the feature's visitors of revenue, claims and credits."""
    own = arms.select("experiment", "order_id", "visitor_id", "revenue", surface=arms.experiment.substitute(dict(surfaces)))
    for name, table in (("claimed", claims_of), ("attributed", credits_of)):
        ledger = table.select(_order="order_id", _on="surface", **{name: _.amount})
        joined = own.left_join(ledger, [own.order_id == ledger["_order"], own.surface == ledger["_on"]])
        own = joined.drop("_order", "_on")
    visitors = own.group_by("experiment", "visitor_id").agg(**{name: own[name].fill_null(0).sum() for name in _AMOUNTS})
    sums = {name: visitors[name].sum().cast("float64") for name in _AMOUNTS}  # decimals: exactly what its rows add up to
    as_float = {name: visitors[name].cast("float64") for name in _AMOUNTS}
    products = {f"{a}_{b}": (as_float[a] * as_float[b]).sum() for a in _AMOUNTS for b in _AMOUNTS}
    rows = all_rows(visitors.group_by("experiment").agg(**sums, **products))
    return {
        row["experiment"]: (
            [row[name] for name in _AMOUNTS],
            [[row[f"{a}_{b}"] for b in _AMOUNTS] for a in _AMOUNTS],
        )
        for row in rows
    }


def _tested(name: str, base: Base, sums: tuple[list[float], list[list[float]]] | None, cost: float | None) -> list[Line]:
    """Return the verdict's contrast, and beside it the feature against every other arm."""
    totals, products = sums or ([0.0, 0.0, 0.0], [[0.0] * 3] * 3)
    revenue, claimed, attributed = totals
    whole = Line(base.surface, name, revenue, _share(claimed, revenue), _share(attributed, revenue), monthly_cost=cost)
    if isinstance(base.verdict, str):
        return [replace(whole, refused=base.verdict, ratio_refused=base.verdict)]
    whole = replace(whole, verdict=base.verdict)
    feature = Moments.from_sums(_AMOUNTS, base.n_feature, np.array(totals), np.array(products))
    first = _against(whole, base.verdict.control, base.verdict.revenue_lift)
    lines = [replace(first, ratio_refused=base.refused) if base.refused else _with_ratios(first, base.control, feature)]
    lines += [
        replace(_against(whole, found.against, found.revenue_lift), is_verdict=False)
        for found in base.verdict.contrasts
        if found.treatment == base.verdict.treatment
    ]
    return lines


def _with_ratios(line: Line, control: Moments | None, feature: Moments) -> Line:
    if line.incremental is None or control is None:
        return replace(line, ratio_refused="its effect is not shown, and so is no ratio to it.")
    attributed, why = _ratio_to(control, feature, "attributed")
    claimed, why_not = _ratio_to(control, feature, "claimed")
    return replace(line, per_attributed=attributed, per_claimed=claimed, ratio_refused=f"{why} {why_not}".strip())


def _ratio_to(control: Moments, feature: Moments, name: str) -> tuple[_RATIO | None, str]:
    """Return the ratio with its interval, or why there is none."""
    try:
        found = incrementality_ratio(control, feature, name)
    except RefusedError as error:
        return None, str(error)
    return (found.value, found.lower, found.upper), ""


def _against(line: Line, against: str, lift: tuple[float, float, float] | None) -> Line:
    if lift is None:
        return replace(line, against=against)
    value, lower, upper = (_of_own(each) for each in lift)
    return replace(line, against=against, incremental=value, incremental_lower=lower, incremental_upper=upper)


def _of_own(lift: float) -> float:
    """Return a lift over the control as a share of the feature's own revenue: lift / (1 + lift)."""
    return 1 - 1 / (1 + lift) if lift > -1 else float("-inf")


def _by_surface(ledger: Table) -> dict[str, float]:
    rows = all_rows(ledger.group_by("surface").agg(total=_.amount.sum().cast("float64")))
    return {row["surface"]: row["total"] for row in rows}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _outcome(line: Line) -> str:
    if line.verdict is None:
        return "refused" if line.experiment else "no experiment"
    return line.verdict.outcome if line.is_verdict else "(beside)"


def _interval(line: Line) -> str:
    if line.incremental is None or line.incremental_lower is None or line.incremental_upper is None:
        return "not measured"
    ends = f"[{line.incremental_lower * 100:+.1f}, {line.incremental_upper * 100:+.1f}]"
    return f"{line.incremental * 100:+.1f} % {ends}"


def _ratio(found: _RATIO | None) -> str:
    return "not known" if found is None else f"{found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]"


def _money(found: Money | None) -> str:
    if found is None:
        return "not known"
    return f"{money(found.value, found.currency)} [{count(found.lower)}, {count(found.upper)}]"
