"""Which policies this product has, and what each is made from."""

from __future__ import annotations

from collections.abc import Callable

from counterclick.decisions.policy import Policy
from counterclick.decisions.static import Bestsellers, CategoryBestsellers, NewArrivals, Nothing

__all__ = ["POLICIES"]

POLICIES: dict[str, Callable[[], Policy]] = {
    Nothing.name: Nothing,
    Bestsellers.name: Bestsellers,
    NewArrivals.name: NewArrivals,
    CategoryBestsellers.name: CategoryBestsellers,
}
"""name -> policy, for variants that are served here."""
