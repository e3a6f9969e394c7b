"""The surfaces of a simulated shop, their experiments and true effects.

The demo has five: two work, two do nothing, one gains clicks while losing money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from counterclick.errors import ConfigError, UnknownNameError
from counterclick.experiments.assignment import bounds

__all__ = ["DEFAULT_SURFACES", "Arm", "SurfaceTruth", "check_fraction"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's true effects, relative to the control arm of its experiment.

    Attributes:
        share: fraction of the eligible visitors who are assigned to it.
        conversion: relative effect on the probability that an eligible visit ends in an order.
        basket: relative effect on the expected number of lines of an order.
        clicks: relative effect on the click rate of what the surface shows.
        engages: False where the surface shows or answers nothing in this arm.
    """

    share: float
    conversion: float = 0.0
    basket: float = 0.0
    clicks: float = 0.0
    engages: bool = True


@dataclass(frozen=True, slots=True)
class SurfaceTruth:
    """One surface, the experiment on it and what is true of its arms.

    Attributes:
        name: the surface.
        experiment: the experiment on it, also the salt of its assignment.
        control: the arm of the static rule.
        treatment: the arm of the feature.
        arms: arm -> its share and true effects, in the order in which the hash fills them.
        kind: ``assistant`` answers, ``list`` shows products, ``message`` is sent to returning customers.
        eligibility: ``visit`` (every visit of a visitor whom it reaches) or ``cart`` (visits with a cart).
        reach: fraction of the visitors, and so of the visits, whom it reaches; of the returning customers for
            a message. A visitor whom it reaches meets it in every eligible visit.
        click_rate: clicks per list shown or message sent, conversations per visit, in the control arm.
        before_order: factor on the click rate in visits of visitors who are ready to buy whatever the arms.
        monthly_cost: what it costs, in the shop's currency.
        tuned_on: the number that its maker optimises.
        celebrates: the number that its owner wants to see doubled.
        measured_on: the number that its report shows.
        claimed_by: tool that reports its orders: every order within five days of an opened message; none where empty.
        guardrails: metric -> largest relative loss that is tolerated.
    """

    name: str
    experiment: str
    control: str
    treatment: str
    arms: Mapping[str, Arm]
    kind: Literal["assistant", "list", "message"]
    eligibility: Literal["visit", "cart"] = "visit"
    reach: float = 1.0
    click_rate: float = 0.1
    before_order: float = 1.0
    monthly_cost: float = 0.0
    tuned_on: str = "clicks"
    celebrates: str = "net_revenue_per_visitor"
    measured_on: str = "influenced_revenue"
    claimed_by: str = ""
    guardrails: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bounds(self.shares)
        for arm in (self.control, self.treatment):
            self._arm(arm)
        control = self.arms[self.control]
        if control.conversion or control.basket or control.clicks:
            raise ConfigError(
                f"the control {self.control!r} of {self.experiment!r} has effects of its own; effects are "
                "relative to the control arm, whose own are 0."
            )
        for name, arm_truth in self.arms.items():
            if min(arm_truth.conversion, arm_truth.basket, arm_truth.clicks) <= -1:
                raise ConfigError(f"variant {name!r} of {self.experiment!r}: an effect must be above -1.")
        if self.kind == "message" and self.eligibility == "cart":
            raise ConfigError(f"surface {self.name!r}: a message has the eligibility 'visit', not 'cart'.")
        if self.claimed_by and self.kind != "message":
            raise ConfigError(f"surface {self.name!r}: only a message is claimed by a tool of its own.")
        check_fraction(f"surface {self.name!r}: reach", self.reach)
        check_fraction(f"surface {self.name!r}: click_rate", self.click_rate)
        top = max(1 + a.clicks for a in self.arms.values() if a.engages) if self._engages else 0.0
        highest = self.click_rate * max(self.before_order, 1.0) * top
        if highest > 1 or self.before_order < 0:
            raise ConfigError(
                f"surface {self.name!r}: click_rate x before_order x (1 + clicks) reaches {highest:.3g}; "
                "it is a probability and must stay from 0 to 1."
            )

    @property
    def shares(self) -> dict[str, float]:
        """Arm -> fraction of the visitors, in declared order."""
        return {name: arm.share for name, arm in self.arms.items()}

    def lift(self, arm: str, against: str | None = None) -> float:
        """Return the true relative lift of an arm on revenue per eligible visitor.

        Args:
            arm: the arm.
            against: the arm it is compared with; the control unless another is named.

        Raises:
            UnknownNameError: the experiment has no such arm.
        """
        base = self._arm(self.control if against is None else against)
        this = self._arm(arm)
        ratio = (1 + this.conversion) * (1 + this.basket) / ((1 + base.conversion) * (1 + base.basket))
        return ratio - 1

    @property
    def _engages(self) -> bool:
        return any(arm.engages for arm in self.arms.values())

    def _arm(self, name: str) -> Arm:
        if name not in self.arms:
            raise UnknownNameError(f"variant of {self.experiment!r}", name, self.arms)
        return self.arms[name]


def check_fraction(name: str, value: float) -> None:
    """Raise ConfigError unless a value is a fraction from 0 to 1."""
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} is {value}; it is a fraction from 0 to 1.")


DEFAULT_SURFACES: tuple[SurfaceTruth, ...] = (
    SurfaceTruth(
        name="cart",
        experiment="cart-bundles",
        control="bestsellers",
        treatment="bundles",
        arms={
            "nothing": Arm(share=0.34, basket=-0.02, engages=False),
            "bestsellers": Arm(share=0.33),
            "bundles": Arm(share=0.33, basket=0.12, clicks=0.25),
        },
        kind="list",
        eligibility="cart",
        click_rate=0.12,
        monthly_cost=299,
        tuned_on="units_per_order",
        measured_on="net_revenue_per_visitor",
        guardrails={"margin_per_visitor": 0.03},
    ),
    SurfaceTruth(
        name="search",
        experiment="ai-search",
        control="static",
        treatment="semantic",
        arms={"static": Arm(share=0.5), "semantic": Arm(share=0.5, conversion=0.09, clicks=0.08)},
        kind="list",
        reach=0.6,
        click_rate=0.15,
        monthly_cost=450,
        tuned_on="order_submit_rate",
        measured_on="net_revenue_per_visitor",
        guardrails={"margin_per_visitor": 0.03},
    ),
    SurfaceTruth(
        name="chat",
        experiment="chat",
        control="nothing",
        treatment="assistant",
        arms={"nothing": Arm(share=0.5, engages=False), "assistant": Arm(share=0.5)},
        kind="assistant",
        reach=0.8,
        click_rate=0.06,
        before_order=5.7,
        monthly_cost=900,
        tuned_on="conversations",
        celebrates="conversations",
        measured_on="conversations",
    ),
    SurfaceTruth(
        name="nudges",
        experiment="nudges",
        control="plain",
        treatment="clickbait",
        arms={"plain": Arm(share=0.5), "clickbait": Arm(share=0.5, conversion=-0.10, clicks=0.6)},
        kind="list",
        reach=0.5,
        click_rate=0.05,
        monthly_cost=150,
        tuned_on="click_rate",
        measured_on="click_rate",
    ),
    SurfaceTruth(
        name="email",
        experiment="email-blocks",
        control="static",
        treatment="personalised",
        arms={"static": Arm(share=0.5), "personalised": Arm(share=0.5)},
        kind="message",
        reach=0.6,
        click_rate=0.08,
        monthly_cost=200,
        tuned_on="open_rate",
        claimed_by="mailer",
    ),
)
