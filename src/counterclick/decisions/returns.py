"""Return prevention: which baskets are likely to come back, why, and what to show beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from ibis import _
from numpy.typing import NDArray
from scipy.special import logit

from counterclick.config import ReadinessConfig, ReturnsConfig, Rules
from counterclick.decisions.policy import Ask, CartLine, Learnt, Offered
from counterclick.decisions.return_lines import KINDS, Goods, ReturnTable, goods_of, return_table, seconds
from counterclick.decisions.return_model import (
    FEATURES,
    Priors,
    ReturnModel,
    columns_of,
    fitted_model,
    totals_as_of,
)
from counterclick.decisions.risk import COMPATIBILITY, EXPECTATION, SIZE, Nudge, NudgeKind, Risk
from counterclick.display import count, percent, printable
from counterclick.errors import RefusedError
from counterclick.facts import Outcomes
from counterclick.facts.rows import one_row
from counterclick.shapes import from_objects

__all__ = ["Returns", "passed_and_missing"]

_A_MONTH = 365.25 / 12
_A_YEAR = 365
_KIND_OF: Mapping[str, NudgeKind] = {"size": SIZE, "two_sizes": SIZE}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was settled when the policy learned.

    Attributes:
        counts: kind -> name of a group -> settled lines, and returned ones.
        price: product -> mean price of one unit.
        margin: share of revenue that is left after the cost of goods; None where not known.
    """

    counts: Mapping[str, Mapping[str, tuple[float, float]]]
    price: Mapping[str, float]
    margin: float | None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a cart, with what the catalogue says of it."""

    product: str
    item: str
    names: Mapping[str, str | None]
    quantity: float
    price: float


class Returns:
    """Flags baskets that are likely to come back, and says what to show beside them.

    Args:
        limits: what ``shop.toml`` declares under ``[returns]``.
        gates: from when on something is learned.
        margin_rate: where unit costs are not recorded; None where that is not declared.
        rules: of ``rules.toml``, whose ``never_together`` is what does not fit together.
        settled_after: from an order until its returns are settled.
        goods: what is known of the catalogue before anything is learned.
        lacks: why the static rule serves until then.
    """

    name = "returns"
    needs = "6 months of returns, 500 orders a month, 200 returns"
    form = 1
    of_people = True  # rates of single customers

    def __init__(
        self,
        limits: ReturnsConfig | None = None,
        gates: ReadinessConfig | None = None,
        margin_rate: float | None = None,
        rules: Rules | None = None,
        settled_after: timedelta = timedelta(days=30),
        goods: Goods | None = None,
        lacks: str = "nothing was learned yet",
    ) -> None:
        self._limits = limits or ReturnsConfig()
        self._gates = gates or ReadinessConfig()
        self._margin_rate = margin_rate
        self._rules = rules or Rules()
        self._delay = int(settled_after.total_seconds())
        self._passed: tuple[str, ...] = ()
        self._missing: tuple[str, ...] = (lacks,)
        self._goods = goods or Goods({}, {}, {})
        self._seen = _Seen({}, {}, margin_rate)
        self._model: ReturnModel | None = None

    def fit(self, outcomes: Outcomes) -> None:
        """Learn rates and chances from what was settled by the newest order."""
        self._model = None
        self._goods = goods_of(outcomes)
        self._passed, self._missing = passed_and_missing(outcomes, self._gates)
        newest = one_row(outcomes.order_lines.agg(newest=_.ordered_at.max()))["newest"]
        if newest is None:
            return
        as_of = seconds(newest)
        table = return_table(outcomes, self._goods, self._limits.days)
        self._seen = _Seen(
            {kind: _named(table, kind, self._delay, as_of) for kind in KINDS}, _prices(table), self._margin_of(outcomes)
        )
        if self._missing:
            return
        try:
            self._model = fitted_model(table, self._delay, as_of, self._limits)
        except RefusedError as error:
            self._missing = (str(error).rstrip("."),)

    @property
    def model(self) -> ReturnModel | None:
        """What was learned; None where a static rule serves."""
        return self._model

    def learnt(self) -> Learnt:
        """Return of how many settled lines, products and customers rates are known, and which gates are passed."""
        settled = {kind: [pair for pair in self._seen.counts.get(kind, {}).values() if pair[0]] for kind in KINDS}
        metrics = {
            "order_lines": sum(n for n, _k in settled["size"]),
            "returned": sum(k for _n, k in settled["size"]),
            "products": len(settled["size"]),
            "customers": len(settled["customer"]),
        }
        return Learnt(metrics, self._passed, self._missing, self._limits.days)

    def by_rule(self, lacks: str) -> Returns:
        """Return the static rule in its place, with the same catalogue and rules, which says what is lacking."""
        own = (self._limits, self._gates, self._margin_rate, self._rules, timedelta(seconds=self._delay))
        return Returns(*own, goods=self._goods, lacks=lacks)

    def to_plain(self) -> dict[str, Any]:
        """Return all that was learned as numbers and texts, lists of them, and names for these: what JSON can hold."""
        variants = [[*key, product] for key, product in self._goods.variant.items()]
        goods = {"item": dict(self._goods.item), "category": dict(self._goods.category), "variant": variants}
        counts = {kind: {name: list(pair) for name, pair in own.items()} for kind, own in self._seen.counts.items()}
        seen = {"counts": counts, "price": dict(self._seen.price), "margin": self._seen.margin}
        model = None if self._model is None else self._model.to_plain()
        told = {"passed": list(self._passed), "missing": list(self._missing)}
        return {**told, "goods": goods, "seen": seen, "model": model}

    def from_plain(self, plain: Mapping[str, Any]) -> None:
        """Take up what `to_plain` returned, also after it was JSON.

        Raises:
            LookupError: something is missing.
            ValueError: something is not what it should be.
        """
        goods, seen = plain["goods"], plain["seen"]
        names, numbers = dict[str, str], dict[str, float]
        variants = from_objects(goods["variant"], list[tuple[str, str, str]])
        self._passed = from_objects(plain["passed"], tuple[str, ...])
        self._missing = from_objects(plain["missing"], tuple[str, ...])
        self._goods = Goods(
            from_objects(goods["item"], names),
            from_objects(goods["category"], names),
            {(item, size): product for item, size, product in variants},
        )
        counts = from_objects(seen["counts"], dict[str, dict[str, tuple[float, float]]])
        margin = from_objects(seen["margin"], float | None)
        self._seen = _Seen(counts, from_objects(seen["price"], numbers), margin)
        self._model = None if plain["model"] is None else ReturnModel.from_plain(plain["model"])

    def decide(self, ask: Ask) -> Offered:
        """Return the kinds of nudges to show, the chance of the line for each, and the reason."""
        return self.risk(ask).offered([line.product for line in ask.told], ask.most)

    def risk(self, ask: Ask, as_of: datetime | None = None) -> Risk:
        """Return what is said of a basket.

        Args:
            ask: with the cart, and who pays how.
            as_of: when it is scored; now unless given.

        Raises:
            RefusedError: the policy knows what happened after that time.
        """
        lines = self._lines(ask)
        if not lines:
            return Risk(None, False, None, "an empty cart costs nothing", False, (), (), "nothing is in the cart")
        if self._model is None:
            return self._by_rule(lines)
        if as_of is not None and seconds(as_of) < self._model.as_of:
            raise RefusedError(
                f"what was learned is known only later than {as_of:%Y-%m-%d %H:%M}; learn as of then instead."
            )
        rates, features = self._features(self._model, lines)
        chances = self._model.lines(features)
        probability = float(self._model.baskets(chances, np.zeros(len(lines), np.int64))[0])
        by_cost, says = self._cost(lines, chances, probability)
        flagged = probability >= self._limits.flag_rate
        nudged = bool(by_cost) if self._limits.nudge_by == "cost" and by_cost is not None else flagged
        nudges = self._nudges(self._model, lines, rates, features, chances)
        because = f"{percent(probability)} of such baskets have a return"
        if nudged:
            because = f"{because}; {nudges[0].because}"
        return Risk(probability, flagged, by_cost, says, nudged, nudges if nudged else (), tuple(chances.tolist()), because)

    def _lines(self, ask: Ask) -> list[_Line]:
        """Return the cart's lines, with what the catalogue says where the cart does not."""
        person = [f"c:{ask.customer}"] if ask.customer else []
        known = self._seen.counts.get("customer", {})
        customer = next((each for each in (*person, f"v:{ask.visitor}") if each in known), None)
        return [self._line(each, customer, ask.payment) for each in ask.told]

    def _line(self, told: CartLine, customer: str | None, payment: str | None) -> _Line:
        item = self._goods.item.get(told.product, told.product)
        product = told.product
        if told.size is not None:
            product = self._goods.variant.get((item, told.size), f"{item} {told.size}")
        names = {
            "item": item,
            "size": product,
            "customer": customer,
            "category": told.category or self._goods.category.get(product) or self._goods.category.get(told.product),
            "payment": payment,
        }
        price = told.price if told.price is not None else self._seen.price.get(product, self._seen.price.get("", 0.0))
        return _Line(told.product, item, names, told.quantity, price)

    def _features(
        self, model: ReturnModel, lines: Sequence[_Line]
    ) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
        """Return the rates of each line, and what the model is told of it."""
        nothing = (0.0, 0.0)
        counts = {}
        for kind in KINDS:
            own = self._seen.counts[kind]
            found = np.array([own.get(line.names[kind] or "", nothing) for line in lines], np.float64)
            counts[kind] = (found[:, 0], found[:, 1])
        rates = model.priors.rates(counts)
        several = _in_two_sizes(lines)
        two = np.array([line.item in several for line in lines])
        quantity, price = (np.array([getattr(line, name) for line in lines]) for name in ("quantity", "price"))
        basket = np.zeros(len(lines), np.int64)
        return rates, columns_of(rates, counts["customer"][0], two, quantity, price, basket)

    def _nudges(
        self,
        model: ReturnModel,
        lines: Sequence[_Line],
        rates: Mapping[str, NDArray[np.float64]],
        features: NDArray[np.float64],
        chances: NDArray[np.float64],
    ) -> tuple[Nudge, ...]:
        """Return what to show: what does not fit together, sizes that are both there, then the likeliest line's reason."""
        found = [*self._ruled(lines)]
        likeliest = int(np.argmax(chances))
        line = lines[likeliest]
        if line.product not in {each.product for each in found}:
            own = {kind: float(each[likeliest]) for kind, each in rates.items()}
            found.append(self._reason(model, line, own, features[likeliest]))
        return tuple(found)

    def _reason(self, model: ReturnModel, line: _Line, rates: Mapping[str, float], features: NDArray[np.float64]) -> Nudge:
        """Return what speaks most for a line's coming back, against what is usual."""
        weights = dict(zip(FEATURES, model.linear.weights, strict=True))
        usual = _usual(model.priors)
        odds = dict(zip(FEATURES, features.tolist(), strict=True))
        speaks = {kind: weights[kind] * (odds[kind] - float(logit(usual[kind]))) for kind in KINDS if line.names[kind]}
        if line.names["size"] == line.item:  # of an item without sizes both say the same
            speaks["item"] += speaks.pop("size")
        most = max(speaks, key=speaks.__getitem__, default="")
        product = printable(line.product)
        if not most or speaks[most] <= 0:
            return Nudge(EXPECTATION, line.product, f"{product}: what is bought, and how much of it, speaks for a return")
        n, k = self._seen.counts[most].get(line.names[most] or "", (0.0, 0.0))
        what = {"item": product, "size": f"this size of {printable(line.item)}", "customer": "what this customer orders"}
        named = what.get(most, f"{most} {printable(line.names[most] or '')}")
        kind = COMPATIBILITY if line.names["category"] in self._limits.compatibility else _KIND_OF.get(most, EXPECTATION)
        if most == "item" and kind == EXPECTATION and self._has_sizes(line.item):
            kind = SIZE
        told = f"{count(k)} of {count(n)} came back" if n else "it is new"
        return Nudge(kind, line.product, f"{named} comes back {percent(rates[most])} of the time ({told})")

    def _has_sizes(self, item: str) -> bool:
        return any(own == item and product != item for product, own in self._goods.item.items())

    def _ruled(self, lines: Sequence[_Line]) -> list[Nudge]:
        """Return what needs no learning: pairs that a merchandiser keeps apart, and one item in two sizes."""
        products = {line.product for line in lines}
        found = []
        for apart in self._rules.never_together:
            both = [each for each in apart if each in products]
            if len(both) > 1:
                first, second = (printable(each) for each in both[:2])
                found.append(Nudge(COMPATIBILITY, both[0], f"{first} and {second} are not to stand together"))
        several = _in_two_sizes(lines)
        for item in several:
            line = next(each for each in lines if each.item == item)
            found.append(Nudge(SIZE, line.product, f"{printable(item)} is in the cart in two sizes"))
        return found

    def _by_rule(self, lines: Sequence[_Line]) -> Risk:
        nudges = tuple(self._ruled(lines))
        told = nudges[0].because if nudges else "no static rule is for the cart"
        because = f"{'; '.join(self._missing)}; instead: {told}"
        return Risk(None, bool(nudges), None, "no chance is known to reckon with", bool(nudges), nudges, (), because)

    def _cost(self, lines: Sequence[_Line], chances: NDArray[np.float64], probability: float) -> tuple[bool | None, str]:
        """Say whether a nudge is worth more than the orders that it would lose."""
        limits = self._limits
        missing = [*limits.missing, *([] if self._seen.margin is not None else ["unit costs, or margin_rate of [shop]"])]
        amounts = np.array([line.quantity * line.price for line in lines])
        goods = float(chances @ amounts) / probability
        cost = limits.cost_of_return(min(goods, float(amounts.sum())))
        if missing or cost is None or self._seen.margin is None:
            return None, f"the costed threshold is not known: shop.toml does not say {', '.join(missing)}"
        effect, lost = limits.effect or 0.0, limits.lost_order_rate or 0.0
        gains, loses = probability * cost * effect, lost * self._seen.margin * float(amounts.sum())
        return gains > loses, f"a nudge is worth {gains:,.2f} in returns and costs {loses:,.2f} in lost orders"

    def _margin_of(self, outcomes: Outcomes) -> float | None:
        sums = one_row(
            outcomes.orders.agg(margin=_.margin.cast("float64").sum(), revenue=_.costed_revenue.cast("float64").sum())
        )
        return sums["margin"] / sums["revenue"] if sums["revenue"] and sums["margin"] is not None else self._margin_rate


def passed_and_missing(outcomes: Outcomes, gates: ReadinessConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the gates before return risk is learned: those that are passed, and what is missing for the others.

    Args:
        outcomes: of the shop.
        gates: the limits.
    """
    back = outcomes.returns.filter(_.is_return & _.is_matched)
    found = one_row(back.agg(n=_.count(), first=_.refunded_at.min()))
    orders = outcomes.orders
    ends = one_row(orders.agg(first=_.ordered_at.min(), last=_.ordered_at.max()))
    if ends["last"] is None:
        return (), ("no orders are recorded to learn from",)
    days = min(_A_YEAR, (ends["last"] - ends["first"]).days + 1)
    recent = one_row(orders.filter(orders.ordered_at > ends["last"] - timedelta(days=days)).agg(n=_.count()))["n"]
    a_month = recent / days * _A_MONTH
    months = 0.0 if found["first"] is None else max(0.0, (ends["last"] - found["first"]).days / _A_MONTH)
    told = (
        (
            months,
            gates.return_months,
            f"{gates.return_months:g} months of returns",
            f"{months:.1f} months of returns are recorded",
        ),
        (a_month, gates.return_orders, f"{count(gates.return_orders)} orders a month", f"{count(a_month)} orders a month"),
        (found["n"], gates.returns, f"{count(gates.returns)} returns", f"{count(found['n'])} returns are observed"),
    )
    passed = tuple(needed for amount, limit, needed, _says in told if amount >= limit)
    return passed, tuple(f"{says}, {limit:,.10g} are needed" for amount, limit, _needed, says in told if amount < limit)


def _named(table: ReturnTable, kind: str, delay: int, as_of: int) -> dict[str, tuple[float, float]]:
    n, k = totals_as_of(table, kind, delay, as_of)
    return dict(zip(table.names[kind], zip(n.tolist(), k.tolist(), strict=True), strict=True))


def _prices(table: ReturnTable) -> dict[str, float]:
    """Return the mean price of one unit of each product; under no name that of any."""
    size = table.groups["size"]
    times = np.bincount(size, minlength=len(table.names["size"]))
    means = np.bincount(size, weights=table.price, minlength=len(times)) / np.maximum(times, 1)
    middle = float(np.median(table.price)) if len(table) else 0.0
    return {"": middle} | dict(zip(table.names["size"], means.tolist(), strict=True))


def _in_two_sizes(lines: Sequence[_Line]) -> list[str]:
    """Return the items of which the cart holds more than one size."""
    sizes: dict[str, set[str | None]] = {}
    for line in lines:
        sizes.setdefault(line.item, set()).add(line.names["size"])
    return [item for item, own in sizes.items() if len(own) > 1]


def _usual(priors: Priors) -> dict[str, float]:
    """Return what is usual of each kind; of a size, what is usual of items."""
    usual = {kind: prior.mean for kind, prior in priors.of.items()}
    return {**usual, "size": usual["item"]}
