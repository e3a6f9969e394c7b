"""A shop whose customers buy coffee and tea again and again, before reminders begin and after, with a known effect."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["TODAY", "TOML", "afterwards", "history", "written"]

TODAY = date(2026, 2, 2)
BEGINS = date(2025, 6, 1)
CUSTOMERS = 2_400
VALUE = 20
USUAL = 0.6
"""Orders of a customer within the window where nobody reminds it."""
TOML = f"""
[readiness]
prediction_recency = 30
[surfaces.email]
[experiments.reminders]
surface = "email"
control = "nothing"
variants = {{ nothing = 0.4, replenish = 0.6 }}
unit = "customer"
outcome = "net_revenue_per_visitor"
window = "28d"
looks = "end"
starts_on = {TODAY}
ends_on = {TODAY}
"""


def written(path: Path, events: Sequence[Mapping[str, Any]]) -> Path:
    """Write events as JSON lines, and return the file."""
    path.write_text("\n".join(json.dumps(each) for each in events), encoding="utf-8")
    return path


def history(n: int = CUSTOMERS, seed: int = 1) -> list[dict[str, Any]]:
    """Return eight months of orders: coffee about every three weeks, tea about every six, until a customer leaves."""
    rng = np.random.default_rng(seed)
    days = (TODAY - BEGINS).days
    events: list[dict[str, Any]] = [
        {"kind": "product", "occurred_at": f"{BEGINS}T06:00:00Z", "event_id": f"p{name}", "product_id": name, "category": of}
        for name, of in (("arabica", "coffee"), ("robusta", "coffee"), ("assam", "tea"))
    ]
    for who in range(n):
        for products, gap in ((("arabica", "robusta"), 21.0), (("assam",), 42.0)):
            own = gap * np.exp(rng.normal(0, 0.3))
            day = rng.uniform(0, days)
            while day < days:
                events.append(_order(f"c{who:05}", BEGINS + timedelta(days=int(day)), str(rng.choice(products))))
                if rng.random() < 0.15:
                    break
                day += max(1.0, own * np.exp(rng.normal(0, 0.25)))
    return events


def afterwards(customers: Collection[str], reminded: Collection[str], effect: float, seed: int = 2) -> list[dict[str, Any]]:
    """Return the orders of four weeks of all customers who were eligible; a reminder makes so many more of each.

    Args:
        customers: all of them.
        reminded: who was written to.
        effect: relative, such as 0.3.
        seed: of the draws.
    """
    rng, chosen = np.random.default_rng(seed), set(reminded)
    events = []
    for who in sorted(customers):
        placed = rng.poisson(USUAL * (1 + effect * (who in chosen)))
        events += [_order(who, TODAY + timedelta(days=int(rng.integers(1, 27))), "arabica", hour) for hour in range(placed)]
    return events


def _order(who: str, on: date, product: str, hour: int = 0) -> dict[str, Any]:
    at = datetime(on.year, on.month, on.day, 8 + hour % 12, tzinfo=UTC)
    number = f"o-{who}-{product}-{at:%Y%m%d%H}"
    lines = [{"product_id": product, "quantity": 1, "unit_price": VALUE}]
    return {
        "kind": "purchase",
        "event_id": number,
        "order_id": number,
        "occurred_at": at.isoformat(),
        "customer_id": who,
        "lines": lines,
    }
