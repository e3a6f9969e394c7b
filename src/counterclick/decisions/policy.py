"""The protocol of a policy: what it needs, how it learns, what it decides.

`Policy.fit` receives `counterclick.facts.Outcomes`, which has carts, orders and returns but no clicks and no messages:
a policy that learns from clicks cannot be written against this protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from counterclick.display import Grid, Shown

if TYPE_CHECKING:
    from counterclick.facts import Outcomes

__all__ = ["Ask", "Decides", "Decision", "Learnt", "Offered", "Plain", "Policy"]

Offered = tuple[tuple[str, ...], tuple[float, ...], str]
"""What a policy offers, best first; a score for each, in its own unit; and the reason, in one sentence."""
Plain = Mapping[str, Any]
"""What was learnt as numbers and texts, lists of them, and names for these: what JSON can hold."""


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


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a policy says of what it has learnt.

    Attributes:
        metrics: what -> how many.
        passed: gates that the store has passed.
        missing: what is missing for the others, each in one sentence: there the static rule serves.
        days: how far back orders counted, from the newest one; None where all of them did.
    """

    metrics: Mapping[str, float]
    passed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    days: int | None = None


class Decides(Protocol):
    """Something that decides what a surface shows.

    Attributes:
        name: as ``shop.toml`` names it: a variant is a policy.
    """

    name: str

    def decide(self, ask: Ask) -> Offered:
        """Return the offers, best first, their scores, and the reason."""


class Policy(Decides, Protocol):
    """Something that learns what to decide.

    Attributes:
        name: as ``shop.toml`` names it.
        needs: what must have been recorded, in one sentence.
        form: counted up whenever what `to_plain` returns changes, so that nothing of another form is taken up.
    """

    needs: str
    form: int

    def fit(self, outcomes: Outcomes) -> None:
        """Learn from carts, orders and returns."""

    def learnt(self) -> Learnt:
        """Return what it says of what it has learnt."""

    def to_plain(self) -> Plain:
        """Return all that it has learnt: another one that takes it up decides the same."""

    def from_plain(self, plain: Plain) -> None:
        """Take up what one of this name and form has learnt.

        Raises:
            LookupError: something is missing.
            ValueError: something is not what it should be.
        """
