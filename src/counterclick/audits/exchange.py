"""Amounts of a result in another currency: all of them times one fixed number, so that nothing else about them changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Exchange"]

_Interval = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A currency in which amounts are shown that were worked out in the shop's own.

    Attributes:
        currency: in which they are shown.
        own: the shop's.
        rate: what one unit of `currency` is in the shop's, as declared.
        declared_on: the day of that rate.
    """

    currency: str
    own: str
    rate: float
    declared_on: date

    @property
    def says(self) -> str:
        """The rule, in a sentence."""
        return (
            f"Amounts and the ends of their intervals are those in {self.own}, divided by one fixed rate: 1 {self.currency} "
            f"is {self.rate:g} {self.own}, as declared for {self.declared_on}. Shares, changes and verdicts are the same in "
            "every currency."
        )

    def of(self, amount: float | None) -> float | None:
        """Return an amount of the shop's currency in this one; None for one that is not known."""
        return None if amount is None else amount / self.rate

    def ends(self, amounts: _Interval | None) -> _Interval | None:
        """Return an amount with its interval in this currency; None for one that is not known."""
        return None if amounts is None else (amounts[0] / self.rate, amounts[1] / self.rate, amounts[2] / self.rate)
