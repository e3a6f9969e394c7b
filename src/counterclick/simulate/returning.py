"""Flagged baskets whose truth is known: what comes back hangs on size and customer, and a nudge prevents a known share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from counterclick.simulate.surfaces import check_fraction

__all__ = ["RETURNS_TOML", "ReturnsTruth", "flagged_baskets"]

RETURNS_TOML = """
[surfaces.checkout]
[experiments.nudges]
surface = "checkout"
control = "nothing"
variants = { nothing = 0.5, returns = 0.5 }
outcome = "kept_margin_per_visitor"
window = "7d"
guardrails = { orders_per_visitor = 0.1 }
starts_on = 2026-01-05
ends_on = 2026-02-01
[returns]
shipping_out = 4.0
shipping_back = 5.0
restocking = 3.0
value_loss = 0.1
"""
"""What a shop that records these baskets declares."""
_BEGINS = datetime(2026, 1, 5, 10, tzinfo=UTC)
_KNOWN = datetime(2026, 4, 1, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReturnsTruth:
    """A shop of one item in sizes, of which flagged baskets alone are told.

    Attributes:
        effect: share of returns that a nudge prevents.
        lost: share of orders that a nudge loses.
        visitors: with a flagged basket, spread over four weeks.
        ordering: share of them that order where nobody is nudged.
        sizes: size -> share of its orders that come back.
        spread: a customer's own factor on that lies evenly between one less this and one more.
        price: of the item, in the shop's currency.
        cost: of the item.
    """

    effect: float
    lost: float = 0.0
    visitors: int = 3_000
    ordering: float = 0.8
    sizes: Mapping[str, float] = field(default_factory=lambda: {"S": 0.15, "M": 0.6, "L": 0.35})
    spread: float = 0.5
    price: float = 50.0
    cost: float = 20.0

    def __post_init__(self) -> None:
        for name in ("effect", "lost", "ordering", "spread"):
            check_fraction(name, getattr(self, name))
        for size, share in self.sizes.items():
            check_fraction(f"sizes: {size}", share * (1 + self.spread))

    @property
    def prevented(self) -> float:
        """Returns that a nudge prevents, of a visitor with a flagged basket; what was not ordered does not come back."""
        share = sum(self.sizes.values()) / len(self.sizes)
        return self.ordering * share * (1 - (1 - self.effect) * (1 - self.lost))


def flagged_baskets(truth: ReturnsTruth, seed: int) -> list[dict[str, Any]]:
    """Return the events of visitors with a flagged basket: exposures of both arms, orders and returns.

    Args:
        truth: what is true.
        seed: by which they are drawn.
    """
    rng = np.random.default_rng(seed)
    goods = [
        _event("product", _BEGINS, f"p-{size}", product_id=f"shirt-{size}", category="shirts", group_id="shirt", size=size)
        for size in truth.sizes
    ]
    events = [*goods, _event("page_view", _KNOWN, "last", visitor_id="last")]
    gap = timedelta(weeks=4) / (truth.visitors + 1)
    for number in range(truth.visitors):
        is_nudged = bool(rng.random() < 1 / 2)
        arm, who, at = ("returns" if is_nudged else "nothing"), f"v{number}", _BEGINS + gap * number
        told = {"experiment": "nudges", "variant": arm, "policy": arm, "surface": "checkout", "propensity": 0.5}
        events.append(_event("exposure", at, f"x{number}", visitor_id=who, **told))
        if rng.random() >= truth.ordering * (1 - truth.lost * is_nudged):
            continue
        size = str(rng.choice(list(truth.sizes)))
        bought = [{"product_id": f"shirt-{size}", "quantity": 1, "unit_price": truth.price, "unit_cost": truth.cost}]
        events.append(
            _event("purchase", at + timedelta(minutes=5), f"b{number}", visitor_id=who, order_id=f"o{number}", lines=bought)
        )
        chance = truth.sizes[size] * rng.uniform(1 - truth.spread, 1 + truth.spread)
        if rng.random() < chance * (1 - truth.effect * is_nudged):
            events.append(_event("refund", at + timedelta(days=4), f"r{number}", order_id=f"o{number}"))
    return events


def _event(kind: str, at: datetime, event_id: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "occurred_at": at.isoformat(), "event_id": event_id, **fields}
