"""The parameters of a shop: what follows from them and what cannot be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from counterclick.errors import ConfigError
from counterclick.simulate import DEFAULT_SURFACES, ShopTruth, SurfaceTruth


def clickbait(*, conversion: float = 0.0, basket: float = 0.0) -> SurfaceTruth:
    nudges = next(s for s in DEFAULT_SURFACES if s.name == "nudges")
    arm = replace(nudges.arms["clickbait"], conversion=conversion, basket=basket)
    return replace(nudges, arms={**nudges.arms, "clickbait": arm})


def test_default_shop_is_the_demo() -> None:
    """250,000 visitors over eight weeks from 5 January to 1 March 2026, five surfaces."""
    truth = ShopTruth()
    assert (truth.visitors, truth.starts_on, truth.ends_on) == (250_000, date(2026, 1, 5), date(2026, 3, 1))
    assert [s.experiment for s in truth.surfaces] == [
        "cart-bundles",
        "ai-search",
        "chat",
        "nudges",
        "email-blocks",
    ]


def test_mean_rates_are_the_declared_ones() -> None:
    """Averaged over the intents, carts and orders per visit are exactly what is declared."""
    truth = ShopTruth(high_intent=0.3, intent_factor=5.0, conversion=0.05, carts=0.2)
    shares = (0.7, 0.3)
    assert math.isclose(sum(s * c for s, c in zip(shares, truth.cart_rates, strict=True)), 0.2)
    rates = zip(shares, truth.cart_rates, truth.order_rates, strict=True)
    assert math.isclose(sum(s * c * o for s, c, o in rates), 0.05)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ShopTruth(conversion=0.13),
        lambda: ShopTruth(conversion=0.5),
        lambda: ShopTruth(surfaces=(clickbait(conversion=1.0),)),
    ],
)
def test_probabilities_that_would_clip_are_refused(make: Callable[[], ShopTruth]) -> None:
    """A probability of an order above 1 would make the true lift a lie, so it is an error."""
    with pytest.raises(ConfigError, match="must not exceed 1"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ShopTruth(carts=0.9), "carts is 0.9"),
        (lambda: ShopTruth(surfaces=(clickbait(basket=-0.6),)), "at least 1"),
        (lambda: ShopTruth(return_rate=1.2), "return_rate is 1.2"),
        (lambda: ShopTruth(visitors=0), "visitors is 0"),
        (lambda: ShopTruth(products=5), "products is 5"),
        (lambda: ShopTruth(visits=(0.5, 0.2, 0.1)), "add up to 1"),
        (lambda: ShopTruth(weekdays=(1.0, 1.0)), "seven weights"),
        (lambda: ShopTruth(surfaces=(clickbait(), clickbait())), "stands twice"),
        (lambda: clickbait(conversion=-1.0), "above -1"),
        (lambda: replace(clickbait(), click_rate=0.7), "must stay from 0 to 1"),
        (lambda: replace(clickbait(), kind="message", eligibility="cart"), "a message has"),
        (lambda: replace(clickbait(), reach=1.5), "reach is 1.5"),
        (lambda: replace(clickbait(), control="clickbait"), "relative to the control"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    """Parameters that contradict each other are errors that say what is wrong."""
    with pytest.raises(ConfigError, match=message):
        make()
