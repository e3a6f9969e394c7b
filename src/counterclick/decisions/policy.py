"""The protocol of a policy: what it needs, how it learns, what it decides.

`Policy.fit` receives `counterclick.facts.Outcomes`, which has carts, orders and returns, and where products were shown, but
no clicks and no messages: a policy that learns from clicks cannot be written against this protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from counterclick.decisions.risk import Risk
from counterclick.display import Grid, Shown

if TYPE_CHECKING:
    from counterclick.facts import Outcomes

__all__ = [
    "Ask",
    "CartLine",
    "Decides",
    "Decision",
    "Draws",
    "Explores",
    "Learnt",
    "Lots",
    "Offered",
    "Orders",
    "Plain",
    "Policy",
    "Scores",
    "as_they_came",
]

Offered = tuple[tuple[str, ...], tuple[float, ...], str]
"""What a policy offers, best first; a score for each, in its own unit; and the reason, in one sentence."""
Plain = Mapping[str, Any]
"""What was learnt as numbers and texts, lists of them, and names for these: what JSON can hold."""


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
        cart: products in the cart, that speak for others.
        most: offers wanted at most.
        besides: products in the cart that do not count, since it holds so many; they are not offered either.
        explores: whether chance may have its share of what is offered: where somebody sees it.
        lines: the lines of the products that count, with what is told of each; empty where only products are named.
        customer: who is signed in, where that is known.
        payment: how it will be paid, in the shop's own words.
        candidates: products that are to be put in order, each once, as they came; then all of them are offered.
        query: what was searched for, where these are results of a search.
        category: whose page it is, where these are its products.
    """

    surface: str
    visitor: str
    cart: tuple[str, ...] = ()
    most: int = 3
    besides: frozenset[str] = frozenset()
    explores: bool = False
    lines: tuple[CartLine, ...] = ()
    customer: str | None = None
    payment: str | None = None
    candidates: tuple[str, ...] = ()
    query: str | None = None
    category: str | None = None

    @property
    def held(self) -> set[str]:
        """All that is in the cart."""
        return {*self.cart, *self.besides}

    @property
    def told(self) -> tuple[CartLine, ...]:
        """The lines of the products that count, also where only products are named."""
        return self.lines or tuple(map(CartLine, self.cart))


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
        propensities: of each offer, the probability with which this arm offers it when this is asked.
        in_time: false where the policy took longer than it may, so that the static rule decided.
        decision_id: by which the log knows it, and the lines of orders that come of it.
        mark: what a cart's line carries that comes of it, by name: its order's line is then known to; empty of nudges.
        risk: what is said of the basket's return, where the surface's experiment has the arm ``returns``; None elsewhere.
        n_drawn: first places of an ordered list in which chance drew the order; 0 where it drew none.
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
    propensities: tuple[float, ...] = ()
    in_time: bool = True
    decision_id: str = ""
    mark: Mapping[str, str] = field(default_factory=dict)
    risk: Risk | None = None
    n_drawn: int = 0

    def grids(self) -> list[Grid]:
        """Return the offers as a table."""
        rows = [(offer, f"{score:g}") for offer, score in zip(self.offers, self.scores, strict=True)]
        title = f"{self.surface}: {self.policy}" + (f" (arm of {self.experiment})" if self.experiment else "")
        own = Grid(title, ("offer", "score") if rows else (), rows, (f"Because: {self.because}.",))
        return [own, *([self.risk.grid()] if self.risk else [])]


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


@runtime_checkable
class Explores(Decides, Protocol):
    """Something that leaves a share of what it offers to chance; all others offer what they offer with certainty."""

    def propensities(self, ask: Ask, offers: tuple[str, ...]) -> tuple[float, ...]:
        """Return for each product the probability with which it is offered when this is asked; 0 for what never is."""


@dataclass(frozen=True, slots=True)
class Lots:
    """How a list comes about: of the best candidates, or in a share of decisions of any of them, each list as likely.

    Attributes:
        candidates: best first; none where nothing is drawn.
        share: of decisions in which the list is drawn from them.
    """

    candidates: tuple[str, ...] = ()
    share: float = 0.0


@runtime_checkable
class Draws(Explores, Protocol):
    """Something that explores by drawing whole lists: what was drawn from is logged, so that it can be weighed later."""

    def lots(self, ask: Ask) -> Lots:
        """Return what a list is drawn from when this is asked, and how often it is drawn."""


@runtime_checkable
class Orders(Decides, Protocol):
    """Something that puts candidates in order; of all others they stay in the order in which they came."""

    def n_drawn(self, ask: Ask) -> int:
        """Return of how many first places chance draws the order when this is asked."""


@runtime_checkable
class Scores(Decides, Protocol):
    """Something that says which baskets are eligible, and offers kinds of nudges against their return."""

    def risk(self, ask: Ask) -> Risk:
        """Return what is said of a basket; in every arm alike."""

    def by_rule(self, lacks: str) -> Decides:
        """Return the static rule in its place, which scores as well, with the reason why it serves."""


class Policy(Decides, Protocol):
    """Something that learns what to decide.

    Attributes:
        name: as ``shop.toml`` names it.
        needs: what must have been recorded, in one sentence.
        form: counted up whenever what `to_plain` returns changes, so that nothing of another form is taken up.
        of_people: whether that holds anything of single customers or visitors: then it is erased with them.
    """

    needs: str
    form: int
    of_people: bool

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


def as_they_came(ask: Ask, because: str) -> Offered:
    """Return candidates in the order in which they came, without scores of their own, and why they stay in it.

    Args:
        ask: with candidates.
        because: the reason.
    """
    return ask.candidates, (0.0,) * len(ask.candidates), f"{because}; the candidates stay in the order in which they came"
