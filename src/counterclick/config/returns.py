"""``[returns]``: how baskets are scored for returns, when one is flagged, and what a return costs; each with its source."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["RETURN_SOURCES", "ReturnsConfig"]

Amount = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Share = Annotated[float, Meta(ge=0, le=1)]


class ReturnsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[returns]``: amounts are in the shop's currency.

    Attributes:
        flag_rate: a basket of which a return is at least so likely is flagged.
        nudge_by: whether baskets above ``flag_rate`` are nudged and held out (``share``), or those that the costs say
            (``cost``).
        shipping_out: what sending an order costs; it is lost where the goods come back.
        shipping_back: what sending goods back costs the shop.
        restocking: labour of taking one return in.
        value_loss: share of the goods' price that is lost when they come back.
        effect: share of returns that a nudge is thought to prevent, until a holdout tells.
        lost_order_rate: share of orders that a nudge is thought to lose, until a holdout tells.
        compatibility: categories whose goods come back because they do not fit something: their nudge warns of that.
        days: how far back order lines count, from the newest one.
        blend_lines: lines whose return is settled, from which on boosted trees are tried.
        blend_returns: returned ones of them, from which on boosted trees are tried.
        late_share: of the settled lines, the latest ones, on which trees must win and by which the chances are set right.
    """

    flag_rate: Annotated[float, Meta(gt=0, lt=1)] = 0.3
    nudge_by: Literal["share", "cost"] = "share"
    shipping_out: Amount | None = None
    shipping_back: Amount | None = None
    restocking: Amount | None = None
    value_loss: Share | None = None
    effect: Share | None = None
    lost_order_rate: Share | None = None
    compatibility: tuple[str, ...] = ()
    days: Count = 730
    blend_lines: Count = 10_000
    blend_returns: Count = 400
    late_share: Annotated[float, Meta(gt=0, lt=1)] = 0.2

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of what a costed threshold needs and ``shop.toml`` does not say."""
        needed = ("shipping_out", "shipping_back", "restocking", "value_loss", "effect", "lost_order_rate")
        return tuple(name for name in needed if getattr(self, name) is None)

    def cost_of_return(self, goods: float) -> float | None:
        """Return what one return costs: shipping both ways, labour and lost value; None where one of them is not told.

        Args:
            goods: price of what comes back.
        """
        parts = (self.shipping_out, self.shipping_back, self.restocking)
        if self.value_loss is None or None in parts:
            return None
        return sum(each for each in parts if each is not None) + self.value_loss * goods


_OWN = "the store's own; there is no default, since a guess would decide"

RETURN_SOURCES: dict[str, str] = {
    "flag_rate": "the mission",
    "nudge_by": "the mission flags by 30 %; by cost where all costs are told",
    "shipping_out": _OWN,
    "shipping_back": _OWN,
    "restocking": _OWN,
    "value_loss": _OWN,
    "effect": f"{_OWN}; the holdout measures it",
    "lost_order_rate": f"{_OWN}; the holdout measures it",
    "compatibility": "the store's own",
    "days": "Counterclick: every season twice, and fits change with collections",
    "blend_lines": "Counterclick: trees divide lines finely, and need many of them",
    "blend_returns": "Counterclick: with fewer returns no later window tells trees from rates",
    "late_share": "Counterclick: enough to see, and not so much that what is learned is old",
}
"""setting -> where its default comes from."""
