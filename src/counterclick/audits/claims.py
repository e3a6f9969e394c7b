"""Claims: for each surface, what it claims or is credited with, beside what its holdout shows.

All three stand on one base: the revenue of the visitors who had the feature, within the experiment's window. *Claimed*
is what the surface's own dashboard would show: every order within seven days after anything at all happened on it.
*Attributed* is the shop's credit rule. *Incremental* is what the holdout shows: the only one that is an effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ibis import _
from ibis.expr.types import Table

from counterclick.attribution import LastTouch, Rule
from counterclick.display import Grid, Shown, money, percent
from counterclick.verdicts import Money, Verdict

__all__ = ["CLAIM_RULE", "Audit", "Line", "claims_audit"]

CLAIM_RULE = LastTouch(timedelta(days=7), helpful_only=False)
"""How vendors count: any interaction within seven days. Each surface for itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One surface in one experiment, or a surface without one.

    Attributes:
        surface: which.
        experiment: None where the surface has no experiment.
        base_revenue: of the visitors who had the feature; of the whole shop without an experiment.
        claimed: share of it that the surface would claim.
        attributed: share of it that the rule credits to the surface.
        incremental: share of it that the feature earned over the control; None where not measured.
        incremental_lower: lower end of the 95 % interval.
        incremental_upper: upper end.
        against: the arm that it is compared with: the control, or beside it ``nothing``.
        is_verdict: whether this is the verdict's contrast.
        verdict: of the experiment; None without one.
        refused: why there is no verdict, where there is an experiment.
        monthly_cost: declared in ``shop.toml``.
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


@dataclass(frozen=True, slots=True)
class Audit(Shown):
    """What the surfaces claim beside what is true.

    Attributes:
        currency: of all amounts.
        n_orders: of the whole shop.
        revenue: of the whole shop, net of tax, shipping and discount, before returns.
        net_revenue: after returns and cancellations.
        claimed_together: sum of all claims over revenue; above 1 means that orders are claimed more than once.
        claimed_twice: share of orders that two surfaces or more would claim.
        attributed_together: sum of all credits over revenue; never above 1.
        lines: one for each surface and experiment.
        rule: the shop's rule in words.
    """

    currency: str
    n_orders: int
    revenue: float
    net_revenue: float
    claimed_together: float
    claimed_twice: float
    attributed_together: float
    lines: tuple[Line, ...]
    rule: str

    def grids(self) -> list[Grid]:
        """Return the page: claims beside effects, then each surface's money and what to do."""
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
        head = Grid(
            "What each surface claims, is credited with, and earns",
            ("surface", "against", "claimed", "credited", "incremental", "verdict"),
            rows,
            left=2,
            notes=(
                "Shares of the revenue of visitors who had the feature; without an experiment, of all revenue. Claimed: any "
                f"interaction in 7 days, each surface for itself. Credited: {self.rule}. Incremental: by holdout, with its "
                "95 % interval.",
                f"{self.n_orders:,} orders, revenue {money(self.revenue, self.currency)}, net of returns "
                f"{money(self.net_revenue, self.currency)}. The surfaces together claim "
                f"{percent(self.claimed_together, 0)} of it ({percent(self.claimed_twice, 0)} of orders twice or more); "
                f"the rule credits {percent(self.attributed_together, 0)}, each order once.",
            ),
        )
        return [head, self._money_grid()]

    def _label(self, line: Line) -> str:
        """Return the surface, with the experiment where there are several on it."""
        several = len({other.experiment for other in self.lines if other.surface == line.surface}) > 1
        return f"{line.surface} ({line.experiment})" if several else line.surface

    def _money_grid(self) -> Grid:
        rows = []
        for line in self.lines:
            if not line.is_verdict:
                continue
            if line.verdict is None:
                says = line.refused or "No experiment: nobody can know. Declare one with a holdout, and plan it."
                rows.append((self._label(line), "not known", says))
                continue
            earned = _money(line.verdict.incremental)
            rows.append((self._label(line), earned, f"{line.verdict.outcome}: {line.verdict.meanwhile}"))
        return Grid("What it is worth a month, and what to do", ("surface", "incremental a month", "do"), rows, left=3)


def claims_audit(
    *,
    orders: Table,
    claimed: Table,
    credited: Table,
    arms: Table | None,
    rule: Rule,
    verdicts: Mapping[str, Verdict | str],
    surfaces: Mapping[str, str],
    costs: Mapping[str, float | None],
    currency: str,
) -> Audit:
    """Lay claims, credits and verdicts beside each other.

    Args:
        orders: `counterclick.facts.Facts.orders`.
        claimed: `counterclick.attribution.claims` by `CLAIM_RULE`.
        credited: `counterclick.attribution.credits` by the shop's rule.
        arms: orders of the visitors who had a feature, within its window: experiment, order_id, revenue; None where
            there are no experiments.
        rule: the shop's rule of credit.
        verdicts: experiment -> its verdict, or why there is none.
        surfaces: experiment -> its surface.
        costs: surface -> declared monthly cost.
        currency: of all amounts.
    """
    whole = _one_row(
        orders.agg(
            n_orders=_.count(), revenue=_.revenue.sum().cast("float64"), net_revenue=_.net_revenue.sum().cast("float64")
        )
    )
    claims_of = claimed.select("order_id", "surface", amount=_.claimed_revenue)
    credits_of = credited.select("order_id", "surface", amount=_.attributed_revenue)
    claims_by, credits_by = _by(claims_of, "surface"), _by(credits_of, "surface")
    per_order = claimed.group_by("order_id").agg(n=_.surface.nunique())
    twice = _one_row(per_order.agg(n=(_.n > 1).cast("int64").sum()))["n"] or 0
    revenue = whole["revenue"] or 0.0
    lines: list[Line] = []
    if arms is not None:
        base = _by(arms.select("experiment", amount=_.revenue), "experiment")
        own = [_on_arms(ledger, arms, surfaces) for ledger in (claims_of, credits_of)]
        for name, verdict in verdicts.items():
            total = base.get(name, 0.0)
            shares = [_share(amounts.get(name, 0.0), total) for amounts in own]
            lines += _tested(name, surfaces[name], total, shares, verdict, costs.get(surfaces[name]))
    untested = {*claims_by, *credits_by, *costs} - {line.surface for line in lines}
    lines += [
        Line(
            surface,
            None,
            revenue,
            _share(claims_by.get(surface, 0.0), revenue),
            _share(credits_by.get(surface, 0.0), revenue),
            monthly_cost=costs.get(surface),
        )
        for surface in sorted(untested)
    ]
    return Audit(
        currency=currency,
        n_orders=int(whole["n_orders"]),
        revenue=revenue,
        net_revenue=whole["net_revenue"] or 0.0,
        claimed_together=_share(sum(claims_by.values()), revenue),
        claimed_twice=_share(float(twice), float(whole["n_orders"])),
        attributed_together=_share(sum(credits_by.values()), revenue),
        lines=tuple(lines),
        rule=_in_words(rule),
    )


def _tested(
    name: str, surface: str, base: float, shares: Sequence[float], verdict: Verdict | str, cost: float | None
) -> list[Line]:
    """Return the verdict's contrast, and beside it the feature against every other arm."""
    claimed, attributed = shares
    if isinstance(verdict, str):
        return [Line(surface, name, base, claimed, attributed, refused=verdict, monthly_cost=cost)]
    whole = Line(surface, name, base, claimed, attributed, verdict=verdict, monthly_cost=cost)
    lines = [_against(whole, verdict.control, verdict.revenue_lift)]
    lines += [
        replace(_against(whole, found.against, found.revenue_lift), is_verdict=False)
        for found in verdict.contrasts
        if found.treatment == verdict.treatment
    ]
    return lines


def _against(line: Line, against: str, lift: tuple[float, float, float] | None) -> Line:
    if lift is None:
        return replace(line, against=against)
    value, lower, upper = (_of_own(each) for each in lift)
    return replace(line, against=against, incremental=value, incremental_lower=lower, incremental_upper=upper)


def _of_own(lift: float) -> float:
    """Return a lift over the control as a share of the feature's own revenue: lift / (1 + lift)."""
    return 1 - 1 / (1 + lift) if lift > -1 else float("-inf")


def _on_arms(ledger: Table, arms: Table, surfaces: Mapping[str, str]) -> dict[str, float]:
    """Return, for each experiment, what the ledger gives its surface of the feature's orders."""
    own = arms.select("experiment", "order_id", _surface=arms.experiment.substitute(dict(surfaces)))
    joined = own.join(ledger, [own.order_id == ledger.order_id, own["_surface"] == ledger.surface])
    return _by(joined.select("experiment", "amount"), "experiment")


def _by(ledger: Table, key: str) -> dict[str, float]:
    rows = ledger.group_by(key).agg(total=_.amount.sum().cast("float64")).to_pyarrow().to_pylist()
    return {row[key]: row["total"] for row in rows}


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


def _money(found: Money | None) -> str:
    if found is None:
        return "not known"
    return (
        f"{money(found.value, found.currency)} [{money(found.lower, found.currency)}, {money(found.upper, found.currency)}]"
    )


def _in_words(rule: Rule) -> str:
    hours = rule.window.total_seconds() / 3600
    only = ", helpful only" if rule.helpful_only else ""
    return f"{rule.touch} touch, {hours:g} h{only}"


def _one_row(table: Table) -> dict[str, float]:
    row: dict[str, float] = table.to_pyarrow().to_pylist()[0]
    return row
