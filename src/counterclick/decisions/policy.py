"""The protocol of a policy: what it needs, how it learns, what it decides.

`Policy.fit` receives `counterclick.facts.Outcomes`, which has carts, orders and returns but no clicks and no messages:
a policy that learns from clicks cannot be written against this protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from counterclick.display import Grid, Shown

if TYPE_CHECKING:
    from counterclick.facts import Outcomes

__all__ = ["Ask", "Decision", "Offered", "Policy"]

Offered = tuple[tuple[str, ...], tuple[float, ...], str]
"""What a policy offers, best first; a score for each, in its own unit; and the reason, in one sentence."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a surface asks.

    Attributes:
        surface: which surface.
        visitor: for whom.
        cart: products in the cart.
        most: offers wanted at most.
    """

    surface: str
    visitor: str
    cart: tuple[str, ...] = ()
    most: int = 3


@dataclass(frozen=True, slots=True)
class Decision(Shown):
    """What to do, and why.

    Attributes:
        surface: where.
        offers: products to show, best first; empty where nothing is to be shown.
        because: the reason, in one sentence.
        policy: what decided.
        experiment: under which experiment; None where none runs on the surface.
        variant: the visitor's arm; None without an experiment.
        propensity: probability with which the visitor got this arm.
        scores: one for each offer, in the policy's own unit.
        served_here: false where the arm is served by the shop's own system, such as a chat vendor's.
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

    def grids(self) -> list[Grid]:
        """Return the offers as a table."""
        rows = [(offer, f"{score:g}") for offer, score in zip(self.offers, self.scores, strict=True)]
        title = f"{self.surface}: {self.policy}" + (f" (arm of {self.experiment})" if self.experiment else "")
        return [Grid(title, ("offer", "score") if rows else (), rows, (f"Because: {self.because}.",))]


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
