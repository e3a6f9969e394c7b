"""What may be offered beside what: never what is in the cart, what is out of stock, or what must not stand together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from counterclick.config import Rules
from counterclick.decisions.policy import Ask, Offered
from counterclick.decisions.static import Bestsellers
from counterclick.decisions.stock import Stock

__all__ = ["allowed", "static_instead"]

_STATIC = 100
"""Bestsellers that are looked through for such as may be offered."""


def allowed(
    ranked: Iterable[tuple[str, float]], ask: Ask, rules: Rules, stock: Stock
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the best products that may be offered for a cart, and their scores, at most as many as are wanted.

    Args:
        ranked: products and scores, best first.
        ask: what a surface asks.
        rules: whose stock and ``never_together`` hold.
        stock: of the catalogue, of what the rules do not list.
    """
    cart = ask.held
    chosen: dict[str, float] = {}
    for product, score in ranked:
        if len(chosen) >= ask.most:
            break
        if product not in cart and product not in chosen and _fits(product, (cart, chosen), rules, stock):
            chosen[product] = score
    return tuple(chosen), tuple(chosen.values())


def static_instead(static: Bestsellers, ask: Ask, lacks: str, rules: Rules) -> Offered:
    """Return bestsellers that may be offered, and what is lacking that they serve.

    Args:
        static: the rule that serves.
        ask: what a surface asks.
        lacks: what is missing.
        rules: whose stock and ``never_together`` hold.
    """
    offers, scores, because = static.decide(replace(ask, most=_STATIC))
    kept, scores = allowed(zip(offers, scores, strict=True), ask, rules, static.stock)
    says = because if kept or not offers else "no bestseller may be offered with the cart"
    return kept, scores, f"{lacks}; instead: {says}"


def _fits(product: str, beside: Iterable[Collection[str]], rules: Rules, stock: Stock) -> bool:
    """Say whether a product is in stock, and may stand beside others."""
    there = rules.stock.get(product, stock.get(product, rules.least_stock))
    if there < rules.least_stock:
        return False
    others = {other for apart in rules.never_together if product in apart for other in apart}
    return not any(other in each for other in others for each in beside)
