"""What e-mail blocks did: each campaign's verdict, how many recipients each arm has, and what was bought of the products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table

from counterclick.config import REPLENISH, ExperimentConfig, duration
from counterclick.display import Grid, Shown, count, money, percent
from counterclick.errors import EmptyStoreError, RefusedError
from counterclick.experiments import Experiment
from counterclick.facts import Facts
from counterclick.facts.rows import all_rows
from counterclick.shop.registry import verdict_of
from counterclick.stats import Moments
from counterclick.verdicts import Verdict

__all__ = ["MailedArm", "MailedProduct", "Mailing", "Mailings", "is_mailing", "mailings_of"]

_METRICS = ("orders_per_visitor", "conversion", "net_revenue_per_visitor")
_PRODUCTS = 200
"""Of each campaign, those that most recipients were given."""
_SHOWN = 10
_SAYS = {
    "same": "the same for all",
    "own": "for each recipient",
    "elsewhere": "the e-mail tool's own",
}

Block = Literal["same", "own", "elsewhere"]


@dataclass(frozen=True, slots=True)
class MailedArm:
    """One arm of a campaign.

    Attributes:
        arm: which.
        block: ``same`` for all, each recipient's ``own``, or made ``elsewhere``, by the e-mail tool.
        n_sent: recipients in it.
        n_given: of them, those for whom a block with products was made here.
        n_finished: of them, those whose window has closed.
        orders: of a recipient whose window has closed, opened or not; None where there is none.
        buyers: share of these with an order.
        net_revenue: of a recipient, likewise.
    """

    arm: str
    block: Block
    n_sent: int
    n_given: int
    n_finished: int
    orders: float | None = None
    buyers: float | None = None
    net_revenue: float | None = None


@dataclass(frozen=True, slots=True)
class MailedProduct:
    """One product in the blocks of one arm.

    Attributes:
        arm: which.
        product_id: the product.
        n_given: recipients in whose block it stands.
        n_buyers: of them, those who bought it within the window.
        units: that they bought of it.
        net_revenue: of these, less what came back.
    """

    arm: str
    product_id: str
    n_given: int
    n_buyers: int
    units: int
    net_revenue: float


@dataclass(frozen=True, slots=True)
class Mailing:
    """One campaign.

    Attributes:
        experiment: by which its recipients are assigned.
        surface: of it.
        starts_on: first day on which it may be sent.
        ends_on: last one.
        window: after the day of sending, in which orders count.
        verdict: of it, or why there is none.
        arms: in the order of ``shop.toml``.
        products: those that most recipients were given first; at most 200.
        n_products: all there are, each in each arm.
    """

    experiment: str
    surface: str
    starts_on: date
    ends_on: date
    window: str
    verdict: Verdict | str
    arms: tuple[MailedArm, ...]
    products: tuple[MailedProduct, ...]
    n_products: int

    @property
    def n_sent(self) -> int:
        """Recipients of it, in all arms."""
        return sum(arm.n_sent for arm in self.arms)


@dataclass(frozen=True, slots=True)
class Mailings(Shown):
    """What e-mail blocks did.

    Attributes:
        currency: of amounts.
        mailings: one for each campaign, the newest first.
    """

    currency: str
    mailings: tuple[Mailing, ...]

    def grids(self) -> list[Grid]:
        """Return the verdicts first, then arms, and what was bought of the products."""
        if not self.mailings:
            says = (
                'No experiment has unit = "customer" and arms for a campaign: what personalised blocks earn is not known. '
                "docs/email-blocks.md says how to declare one."
            )
            return [Grid("E-mail blocks", (), (), (says,))]
        told = [grid for each in self.mailings for grid in (self._verdict(each), self._arms(each))]
        return told + [self._products(each) for each in self.mailings if each.products]

    def _verdict(self, each: Mailing) -> Grid:
        told = each.verdict
        says = f"{told.outcome}: {told.because}" if isinstance(told, Verdict) else f"No verdict yet: {told}"
        return Grid(f"What the lot of {each.experiment} says", (), (), (says,))

    def _arms(self, each: Mailing) -> Grid:
        rows = [
            (
                arm.arm,
                _SAYS[arm.block],
                *map(count, (arm.n_sent, arm.n_given, arm.n_finished)),
                "-" if arm.orders is None else f"{arm.orders:.4f}",
                "-" if arm.buyers is None else percent(arm.buyers),
                "-" if arm.net_revenue is None else money(arm.net_revenue, self.currency),
            )
            for arm in each.arms
        ]
        heads = ("arm", "block", "recipients", "given products", "window over", "orders", "buyers", "net revenue")
        notes = [f"Orders and net revenue within {each.window} of sending, for each recipient sent, opened or not."]
        if not each.n_sent:
            notes.append(f"Nobody was assigned yet: `counterclick blocks {each.experiment} recipients.csv` does it.")
        return Grid(f"Recipients of {each.experiment}", heads, rows, notes, left=2)

    def _products(self, each: Mailing) -> Grid:
        rows = [
            (
                one.product_id,
                one.arm,
                *map(count, (one.n_given, one.n_buyers, one.units)),
                money(one.net_revenue, self.currency),
            )
            for one in each.products[:_SHOWN]
        ]
        notes = [
            f"Bought: the product, by who was given it, within {each.window} of sending. It says what followed, no effect."
        ]
        if each.n_products > len(rows):
            notes.append(f"{count(len(rows))} of {count(each.n_products)}, those that most were given.")
        heads = ("product", "arm", "recipients", "bought it", "units", "net revenue")
        return Grid(f"Products in the blocks of {each.experiment}", heads, rows, notes, left=2)


def is_mailing(settings: ExperimentConfig) -> bool:
    """Say whether an experiment assigns recipients of a campaign: one on customers that is no reminder."""
    return settings.unit == "customer" and REPLENISH not in settings.variants


def mailings_of(facts: Facts, currency: str, experiments: Mapping[str, Experiment], ours: Iterable[str]) -> Mailings:
    """Return what e-mail blocks did.

    Args:
        facts: of the shop.
        currency: of the shop.
        experiments: by name.
        ours: names of this product's policies.
    """
    policies = {*ours}
    own = [(name, each) for name, each in experiments.items() if is_mailing(each.config)]
    own.sort(key=lambda pair: (pair[1].config.starts_on, pair[0]), reverse=True)
    return Mailings(currency, tuple(_mailing(facts, name, each, policies) for name, each in own))


def _mailing(facts: Facts, name: str, experiment: Experiment, ours: set[str]) -> Mailing:
    settings = experiment.config
    told = facts.events.filter(_.experiment == name, _.customer_id.notnull())
    sent = all_rows(told.filter(_.kind == "exposure").group_by("variant").agg(n=_.customer_id.nunique()))
    given = _given(told.filter(_.kind == "decision"))
    sized = facts.parts.counted(given, "decision", "items")
    n_given = all_rows(sized.filter(_.n_parts > 0).group_by("variant").agg(n=_.count()))
    n_products, products = _products(facts, given, settings)
    return Mailing(
        experiment=name,
        surface=settings.surface,
        starts_on=settings.starts_on,
        ends_on=settings.ends_on,
        window=settings.window,
        verdict=verdict_of(experiment),
        arms=_arms(experiment, ours, *({row["variant"]: row["n"] for row in rows} for rows in (sent, n_given))),
        products=products,
        n_products=n_products,
    )


def _arms(
    experiment: Experiment, ours: set[str], sent: Mapping[str, int], given: Mapping[str, int]
) -> tuple[MailedArm, ...]:
    settings = experiment.config
    try:
        moments = experiment.moments(_METRICS)
    except (EmptyStoreError, RefusedError):
        moments = {}
    found = []
    for arm in settings.variants:
        block: Block = "elsewhere" if arm not in ours else "same" if arm == settings.control else "own"
        found.append(MailedArm(arm, block, sent.get(arm, 0), given.get(arm, 0), *_of_arm(moments.get(arm))))
    return tuple(found)


def _of_arm(found: Moments | None) -> tuple[int, float | None, float | None, float | None]:
    if found is None or not found.n:
        return 0, None, None, None
    return found.n, found.mean_of("orders"), found.mean_of("buyers"), found.mean_of("net_revenue")


def _given(decisions: Table) -> Table:
    """Return what each recipient was given last. Grain: one customer."""
    newest = ibis.window(group_by="customer_id", order_by=[_.occurred_at.desc(), _.received_at.desc(), _.event_id])
    numbered = decisions.mutate(_nth=ibis.row_number().over(newest))
    return numbered.filter(numbered["_nth"] == 0).drop("_nth")


def _products(facts: Facts, given: Table, settings: ExperimentConfig) -> tuple[int, tuple[MailedProduct, ...]]:
    """Return how many products there are in blocks, each in each arm, and those that most recipients were given."""
    columns = ("customer_id", "variant", "occurred_at")
    flat = facts.parts.flat(given, "decision", "items", columns)
    named = flat.select(*columns, product_id=flat.part_product_id)
    shown = named.group_by("variant", "product_id").agg(n_given=_.count())
    orders = facts.orders.filter(_.customer_id.notnull() & ~_.is_cancelled)
    kept = ibis.ifelse(orders.revenue > 0, orders.net_revenue.cast("float64") / orders.revenue.cast("float64"), 0.0)
    share = orders.select(_customer="customer_id", _order="order_id", _kept=kept)
    lines = facts.order_lines.select("order_id", "ordered_at", "quantity", "revenue", _product="product_id")
    sold = lines.join(share, lines.order_id == share["_order"])
    until = named.occurred_at + ibis.interval(seconds=int(duration(settings.window).total_seconds()))
    bought = named.join(
        sold,
        [
            named.customer_id == sold["_customer"],
            named.product_id == sold["_product"],
            sold.ordered_at >= named.occurred_at,
            sold.ordered_at < until,
        ],
    )
    worth = bought.revenue.cast("float64") * bought["_kept"]
    followed = bought.group_by("variant", "product_id").agg(
        n_buyers=_.customer_id.nunique(), units=_.quantity.sum(), net_revenue=worth.sum()
    )
    sums = {(row["variant"], row["product_id"]): row for row in all_rows(followed)}
    rows = sorted(all_rows(shown), key=lambda row: (-row["n_given"], row["product_id"], row["variant"]))
    found = []
    for row in rows[:_PRODUCTS]:
        own = sums.get((row["variant"], row["product_id"]), {"n_buyers": 0, "units": 0, "net_revenue": 0.0})
        told = (own["n_buyers"], int(own["units"]), own["net_revenue"])
        found.append(MailedProduct(row["variant"], row["product_id"], row["n_given"], *told))
    return len(rows), tuple(found)
