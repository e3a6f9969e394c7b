"""The protocol of a policy: what it needs, how it learns, what it decides.

`Policy.fit` receives `counterclick.facts.Outcomes`, which has carts, orders and returns but no clicks and no messages:
a policy that learns from clicks cannot be written against this protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
from msgspec import Meta

from counterclick.decisions.risk import Risk
from counterclick.display import Grid, Shown

if TYPE_CHECKING:
    from counterclick.facts import Outcomes

__all__ = ["Ask", "CartLine", "Decision", "Offered", "Policy", "asked_of"]

Offered = tuple[tuple[str, ...], tuple[float, ...], str]
"""What a policy offers, best first; a score for each, in its own unit; and the reason, in one sentence."""


class CartLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a cart, as far as whoever asks tells it.

    Attributes:
        product: the product, or what its sizes share.
        size: which size of it, as the catalogue writes it.
        category: of the product, where the catalogue does not say it.
        quantity: units.
        price: of one unit, in the shop's currency; what it sold for unless given.
    """

    product: Annotated[str, Meta(min_length=1, max_length=200)]
    size: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    category: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    quantity: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    price: Annotated[float, Meta(ge=0, le=1e9)] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a surface asks.

    Attributes:
        surface: which surface.
        visitor: for whom.
        cart: products in the cart.
        most: offers wanted at most.
        lines: the same products with what is told of each; empty where only products are named.
        customer: who is signed in, where that is known.
        payment: how it will be paid, in the shop's own words.
    """

    surface: str
    visitor: str
    cart: tuple[str, ...] = ()
    most: int = 3
    lines: tuple[CartLine, ...] = ()
    customer: str | None = None
    payment: str | None = None


@dataclass(frozen=True, slots=True)
class Decision(Shown):
    """What to do, and why.

    Attributes:
        surface: where.
        offers: products to show, of ``returns`` kinds of nudges, best first; empty where nothing is to be shown.
        because: the reason, in one sentence.
        policy: what decided.
        experiment: under which experiment; None where none runs on the surface.
        variant: the visitor's arm; None without an experiment.
        propensity: probability with which the visitor got this arm.
        scores: one for each offer, in the policy's own unit.
        served_here: false where the arm is served by the shop's own system, such as a chat vendor's.
        risk: what is said of the basket's return, where the surface's experiment has the arm ``returns``; None elsewhere.
    """

    surface: str
    offers: tuple[str, ...]
    because: str
    policy: str
    experiment: str | None = None
    variant: str | None = None
    propensity: float = 1.0
    scores: tuple[float, ...] = ()
    served_here: bool = True
    risk: Risk | None = None

    def grids(self) -> list[Grid]:
        """Return the offers as a table."""
        rows = [(offer, f"{score:g}") for offer, score in zip(self.offers, self.scores, strict=True)]
        title = f"{self.surface}: {self.policy}" + (f" (arm of {self.experiment})" if self.experiment else "")
        own = Grid(title, ("offer", "score") if rows else (), rows, (f"Because: {self.because}.",))
        return [own, *([self.risk.grid()] if self.risk else [])]


def asked_of(
    surface: str,
    visitor: str,
    cart: Iterable[str | CartLine],
    most: int,
    customer: str | None = None,
    payment: str | None = None,
) -> Ask:
    """Return what a surface asks, with a cart of products, of lines, or of both.

    Args:
        surface: which surface.
        visitor: for whom.
        cart: products, or lines that say more of them.
        most: offers wanted at most.
        customer: who is signed in.
        payment: how it will be paid.
    """
    lines = tuple(CartLine(each) if isinstance(each, str) else each for each in cart)
    return Ask(surface, visitor, tuple(line.product for line in lines), most, lines, customer, payment)


class Policy(Protocol):
    """Something that decides what a surface shows.

    Attributes:
        name: as ``shop.toml`` names it: a variant is a policy.
        needs: what must have been recorded, in one sentence.
    """

    name: str
    needs: str

    def fit(self, outcomes: Outcomes) -> None:
        """Learn from carts, orders and returns."""

    def decide(self, ask: Ask) -> Offered:
        """Return the offers, best first, their scores, and the reason."""
