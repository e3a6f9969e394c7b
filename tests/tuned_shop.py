"""A small shop whose bundles explored, and of which it is known what each offer sells: proposals are tried on it.

A hat is bought together with eight products, with each less often than with the one before. What an offer really adds is
another thing: the seventh sells four times as well as any other when it is offered, which nobody knew.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np

from builders import Event, click, facts, later, line, purchase, refund, shown, view
from counterclick.config import Config, parse
from counterclick.decisions import Bundles
from counterclick.shop.decided import ask_of, decided
from counterclick.shop.deciding import Assigned

__all__ = ["BEST", "CART", "DECIDED", "PARTNERS", "TOML", "history", "logged", "setting", "written_shop"]

PARTNERS = tuple(f"q{number}" for number in range(8))
BEST = "q6"
CART = ("hat",)
HISTORY = "2025-12-01T10:00"
DECIDED = "2026-03-02T10:00"
_PRICE = 20
_SHARES = dict.fromkeys(PARTNERS, 0.05) | {BEST: 0.2}
"""Chance that a product is bought where it is offered: each for itself, whatever stands beside it."""
TOML = """# The shop's own file: whatever is tuned, this line stays.
[shop]
currency = "EUR"

[bundles]
explore = 0.5          # half of all decisions: this shop is young
explore_among = 8
shrink = 2             # as advised
switch = "always"

[readiness]
bundle_products = 2

[surfaces.cart]
celebrates = "revenue_per_visitor"

[experiments.cart]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bundles = 0.5 }
starts_on = 2026-03-02
ends_on = 2026-03-29
"""


def setting() -> Config:
    """Return what the shop declares."""
    return parse(TOML, "shop.toml")


def history() -> list[Event]:
    """Return the orders of three months, from which bundles learn."""
    both = [
        purchase(None, at=later(HISTORY, hours=7 * nth + n), lines=[line("hat"), line(product)])
        for nth, product in enumerate(PARTNERS)
        for n in range(30 - 3 * nth)
    ]
    other = [purchase(None, at=later(HISTORY, hours=n), lines=[line(f"z{n % 9}")]) for n in range(300)]
    return [*both, *other]


def logged(visitors: int, *, clicks: bool = False, seed: int = 1) -> list[Event]:
    """Return decisions of bundles, two offers each, and what came of them within a day.

    Args:
        visitors: how many; one in four asks twice.
        clicks: whether they click as well: on the worst offer, whatever it is.
        seed: of the draws.
    """
    rng, config = np.random.default_rng(seed), setting()
    policy = Bundles(config.bundles, 2)
    policy.fit(facts(*history()).outcomes())
    found = Assigned("bundles", "", "cart", "bundles", 0.5, ())
    events: list[Event] = []
    for number in range(visitors):
        who, at = f"v{number:05}", later(DECIDED, minutes=int(rng.integers(20 * 24 * 60)))
        for nth in range(1 + (number % 4 == 0)):
            asked = ask_of("cart", who, CART, 2)
            if nth:
                asked = ask_of("cart", f"{who}-again", CART, 2)
            made = decided(found, asked, policy, config, f"d_{number}_{nth}").made[0]
            told = msgspec.to_builtins(made) | {"occurred_at": f"{later(at, minutes=nth)}Z", "visitor_id": who}
            events.append({name: value for name, value in told.items() if value is not None})
            offers = [item.product_id for item in made.items]
            if clicks:
                events += [shown(who, *offers, at=later(at, minutes=nth)), click(who, offers[-1], at=later(at, minutes=nth))]
            for product in offers:
                if rng.random() < _SHARES[product]:
                    order = f"o_{number}_{nth}_{product}"
                    events.append(purchase(who, order=order, at=later(at, hours=2), lines=[line(product, price=_PRICE)]))
                    if rng.random() < 0.1:
                        events.append(refund(order, later(at, hours=30)))
    return [*events, view("late", later(DECIDED, days=40))]


def written_shop(folder: Path, events: list[Event], toml: str = TOML) -> Path:
    """Write shop.toml, and the events beside it; return the file of events."""
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    file = folder / "events.jsonl"
    file.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    return file
