"""All that is known of bundles: the holdout's verdict, what was bought through them, rules, learned pairs, the backtest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counterclick.audits.served import Served
from counterclick.config import Rules
from counterclick.decisions import Bundles, Learnt
from counterclick.decisions.backtest import Backtest
from counterclick.decisions.bundles import Pair
from counterclick.display import Grid, Shown, count, percent
from counterclick.errors import RefusedError, StoreError
from counterclick.shop.models import ModelState
from counterclick.store import Store
from counterclick.store.models import MODELS, Models

__all__ = ["BundlesTold", "RuleTold", "bundles_told"]

_PAIRS = 200
"""Pairs that are told, the most frequent ones."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class RuleTold:
    """One hand rule.

    Attributes:
        name: of the rule.
        when: what it is for, in words.
        offer: products that it offers, in order.
        limits: what an offer must keep to, in words; empty where nothing.
    """

    name: str
    when: str
    offer: tuple[str, ...]
    limits: str


@dataclass(frozen=True, slots=True)
class BundlesTold(Shown):
    """What is known of bundles.

    Attributes:
        served: what the arm showed, with the verdicts first.
        rules: hand rules, in their order.
        model: what the newest model of bundles says of itself; None where there is none.
        missing: why nothing learned serves; empty where something does.
        pairs: products that are bought together, the most frequent first.
        n_pairs: all that are known.
        backtest: which list foresees later orders; None where there are too few.
        no_backtest: why there is none.
    """

    served: Served
    rules: tuple[RuleTold, ...]
    model: ModelState | None
    missing: str
    pairs: tuple[Pair, ...]
    n_pairs: int
    backtest: Backtest | None
    no_backtest: str

    def grids(self) -> list[Grid]:
        """Return the verdicts, what was bought, the rules, the pairs and the backtest."""
        tried = self.backtest.grids() if self.backtest else [Grid("No backtest", (), (), (self.no_backtest,))]
        return [*self.served.grids()[:1], *self._sold(), self._rules(), self._pairs(), *tried]

    def _sold(self) -> list[Grid]:
        return self.served.grids()[3:4] if self.served.sold else []

    def _rules(self) -> Grid:
        rows = [(each.name, each.when, ", ".join(each.offer), each.limits or "-") for each in self.rules]
        if not rows:
            return Grid("Hand rules", (), (), ("rules.toml has none.",))
        return Grid("Hand rules", ("rule", "when in the cart", "offers", "limits"), rows, left=4)

    def _pairs(self) -> Grid:
        rows = [
            (each.product, each.partner, count(each.joint), f"{each.lift:,.1f}", "yes" if each.serves else "no")
            for each in self.pairs[:_SHOWN]
        ]
        notes = [f"{self.missing}."] if self.missing else []
        if rows:
            notes.append(f"Bought together in so many orders, so many times chance; {count(self.n_pairs)} pairs are known.")
        heads = ("in the cart", "offered", "orders", "times chance", "serves")
        return Grid("Learned pairs, those of most orders first", heads if rows else (), rows, notes, left=2)


def bundles_told(
    store: Store,
    rules: Rules,
    policy: Bundles,
    states: tuple[ModelState, ...],
    served: Served,
    tried: Callable[[], Backtest],
) -> BundlesTold:
    """Return what is known of bundles.

    Args:
        store: of the shop.
        rules: what ``rules.toml`` declares.
        policy: bundles, before they have learnt.
        states: of the store's models.
        served: what the arm showed.
        tried: returns the backtest.
    """
    state = next((each for each in states if each.model.name == policy.name), None)
    missing, learnt = "no model of bundles has been fitted: `counterclick fit` fits it", Learnt({})
    if state is not None:
        missing = state.because
        if state.serves:
            try:
                policy.from_plain(Models(store.folder / MODELS).read(state.model))
                learnt = policy.learnt()
                missing = "; ".join(learnt.missing)
            except (StoreError, LookupError, ValueError, TypeError):
                missing = f"model {state.model.version} of {policy.name} is damaged"
    try:
        found, refused = tried(), ""
    except RefusedError as error:
        found, refused = None, str(error)
    return BundlesTold(
        served=served,
        rules=tuple(_told(rules, number) for number in range(len(rules.rules))),
        model=state,
        missing=missing,
        pairs=policy.strongest(_PAIRS),
        n_pairs=int(learnt.metrics.get("pairs", 0)),
        backtest=found,
        no_backtest=refused,
    )


def _told(rules: Rules, number: int) -> RuleTold:
    rule = rules.rules[number]
    when = [
        f"{what} {', '.join(names)}"
        for what, names in (("product", rule.products), ("category", rule.categories), ("attribute", rule.attributes))
        if names
    ]
    limits = []
    if rule.price_cap is not None:
        limits.append(f"at most {percent(rule.price_cap, 0)} of the cart")
    if rule.least_margin is not None:
        limits.append(f"a margin of {percent(rule.least_margin, 0)} or more")
    return RuleTold(rules.named(number), "; or ".join(when), rule.offer, ", ".join(limits))
