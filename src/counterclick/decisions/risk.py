"""What is said of a basket's return: how likely it is, whether it is flagged, why, and what to show against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from counterclick.display import Grid, percent

__all__ = ["COMPATIBILITY", "EXPECTATION", "SIZE", "Nudge", "NudgeKind", "Risk"]

NudgeKind = Literal["size_guidance", "compatibility_warning", "expectation_setting"]
SIZE: NudgeKind = "size_guidance"
COMPATIBILITY: NudgeKind = "compatibility_warning"
EXPECTATION: NudgeKind = "expectation_setting"


@dataclass(frozen=True, slots=True)
class Nudge:
    """What to show beside a line of the basket.

    Attributes:
        kind: help with the size, a word on what does not fit together, or a word on what to expect.
        product: the line's.
        because: the reason, in one sentence.
    """

    kind: NudgeKind
    product: str
    because: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What is said of a basket.

    Attributes:
        probability: chance that something of it comes back; None where that is not known, and a static rule serves.
        is_flagged: whether that is above the limit, or the static rule flags it.
        is_flagged_by_cost: whether a nudge is worth more than the orders that it would lose; None where that is not known.
        cost_says: how that was reckoned, or what is missing, in one sentence.
        is_nudged: whether a visitor with this basket is nudged, or held out: flagged by whatever ``[returns]`` goes by.
        nudges: what to show, for the likeliest line first; empty where the basket is not nudged.
        lines: chance of each line of the cart that counts; empty where it is not known.
        because: the reason, in one sentence.
    """

    probability: float | None
    is_flagged: bool
    is_flagged_by_cost: bool | None
    cost_says: str
    is_nudged: bool
    nudges: tuple[Nudge, ...]
    lines: tuple[float, ...]
    because: str

    def offered(self, products: Iterable[str], most: int) -> tuple[tuple[str, ...], tuple[float, ...], str]:
        """Return the kinds of nudges to show, the chance of the line for each, and the reason.

        Args:
            products: of the cart's lines, in their order.
            most: kinds at most.
        """
        chances = dict(zip(products, self.lines, strict=False))
        kinds: dict[str, float] = {}
        for nudge in self.nudges:
            kinds.setdefault(nudge.kind, chances.get(nudge.product, 0.0))
        kept = list(kinds.items())[: max(0, most)]
        return tuple(kind for kind, _chance in kept), tuple(chance for _kind, chance in kept), self.because

    def grid(self) -> Grid:
        """Return it as a table."""
        chance = "not known" if self.probability is None else percent(self.probability)
        by_cost = {True: "yes", False: "no", None: "not known"}[self.is_flagged_by_cost]
        rows = [
            ("chance of a return", chance),
            ("flagged", "yes" if self.is_flagged else "no"),
            ("flagged by cost", by_cost),
            *((each.kind.replace("_", " "), f"{each.product}: {each.because}") for each in self.nudges),
        ]
        return Grid("Returns", ("", ""), rows, (f"{self.cost_says[:1].upper()}{self.cost_says[1:]}.",), left=2)
