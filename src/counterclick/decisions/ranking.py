"""Ranking: candidates in the order of what they earn each time they are shown, net of returns; never of their clicks."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from counterclick.config import RankingConfig, Rules
from counterclick.decisions.allowed import static_instead
from counterclick.decisions.earning import Earned, earned
from counterclick.decisions.exploring import drawn, is_explored
from counterclick.decisions.policy import Ask, Learnt, Offered, Plain, as_they_came
from counterclick.decisions.shelves import Shelves, shelves_of
from counterclick.decisions.static import Bestsellers
from counterclick.display import count, printable
from counterclick.facts import Outcomes
from counterclick.shapes import from_objects

__all__ = ["Ranking", "missing_of", "uncorrected"]

_Known = dict[str, tuple[float, float, float]]
"""product -> what it earns each time it is shown, orders that were kept, times shown."""


class Ranking:
    """Candidates by net order value for each time shown, shrunk; those that were shown too seldom stand at the mean.

    A score is an amount of the shop's currency: revenue of orders that were kept over the times shown, places counted as
    much as they are seen, times the product's boost of ``boosts.toml``. In a share of decisions the order of the first
    places is drawn by chance, which tells how much each place is seen. Without candidates, and where something is missing,
    nothing is reordered.

    Args:
        limits: what ``shop.toml`` declares under ``[ranking]``.
        settled_after: the returns window.
        rules: of ``rules.toml``, by which bestsellers serve where no candidates are told, and of ``boosts.toml``.
    """

    name = "ranking"
    needs = "lists that were shown, and orders with lines that followed"
    form = 1
    of_people = False

    def __init__(
        self,
        limits: RankingConfig | None = None,
        settled_after: timedelta = timedelta(days=30),
        rules: Rules | None = None,
    ) -> None:
        self._limits = limits or RankingConfig()
        self._settled_after = settled_after
        self._rules = rules or Rules()
        self._instead = Bestsellers()
        self._known: _Known = {}
        self._mean = 0.0
        self._metrics: dict[str, int] = {}
        self._missing: tuple[str, ...] = ("nothing has been learnt of what lists sell",)
        self._uncorrected = ""

    def fit(self, outcomes: Outcomes) -> None:
        """Count what lists showed, and what was bought and kept of it."""
        self._instead.fit(outcomes)
        shelves = shelves_of(outcomes, self._limits, self._settled_after)
        self._learn(shelves, earned(shelves.shown, len(shelves.products), floor=self._limits.floor, seen=shelves.seen))

    def _learn(self, shelves: Shelves, found: Earned) -> None:
        columns = (found.score, found.successes, found.times)
        rows = zip(*(each[found.is_told].tolist() for each in columns), strict=True)
        names = np.array(shelves.products, object)[found.is_told].tolist()
        self._known = {product: (score, s, n) for product, (score, s, n) in zip(names, rows, strict=True)}
        self._mean = found.mean
        self._missing = missing_of(shelves, found, self._limits)
        self._uncorrected = uncorrected(shelves, self._limits)
        self._metrics = {
            "exposures": shelves.n_shown,
            "orders": shelves.n_orders,
            "products": len(shelves.products),
            "products_told": len(self._known),
            "drawn_orders": shelves.drawn_orders,
        }

    def decide(self, ask: Ask) -> Offered:
        """Return the candidates, those that earn most first; as they came where something is missing."""
        if not ask.candidates:
            return static_instead(self._instead, ask, "no candidates were told to be ordered", self._rules)
        if self._missing:
            return as_they_came(ask, self._missing[0])
        ranked, scores = self._ranked(ask)
        n_drawn = self.n_drawn(ask)
        offers = ranked
        if n_drawn:
            offers = (*_shuffled(ask, ranked[:n_drawn]), *ranked[n_drawn:])
            scores = (*map(self._score, offers[:n_drawn]), *scores[n_drawn:])
        says = self._says(ranked)
        if n_drawn:
            says = f"the order of the first {n_drawn} was drawn by chance; else {says}"
        return offers, scores, f"{says}; {self._uncorrected}" if self._uncorrected else says

    def n_drawn(self, ask: Ask) -> int:
        """Return of how many first places the order is drawn by chance when this is asked."""
        n = self._among(ask)
        return n if n and is_explored(ask, self._limits.explore) else 0

    def propensities(self, ask: Ask, offers: tuple[str, ...]) -> tuple[float, ...]:
        """Return for each offer the probability with which it stands in its place when this is asked."""
        n = self._among(ask)
        if not n:
            return (1.0,) * len(offers)
        share = self._limits.explore
        ranked = self._ranked(ask)[0][:n]
        first = [(1 - share if offer == own else 0.0) + share / n for offer, own in zip(offers, ranked, strict=False)]
        return (*first, *(1.0,) * (len(offers) - n))

    def learnt(self) -> Learnt:
        """Return how often what was shown, how many orders followed, and what is missing."""
        needed = {"exposures": self._limits.least_exposures, "orders": self._limits.least_orders}
        passed = [
            f"{count(least)} {'products shown' if what == 'exposures' else 'order lines that followed'}"
            for what, least in needed.items()
            if self._metrics.get(what, 0) >= least
        ]
        return Learnt(self._metrics, tuple(passed), self._missing, None)

    def to_plain(self) -> Plain:
        """Return what products earn, and what serves where nothing is told."""
        return {
            "known": self._known,
            "mean": self._mean,
            "metrics": self._metrics,
            "missing": self._missing,
            "uncorrected": self._uncorrected,
            "instead": self._instead.to_plain(),
        }

    def from_plain(self, plain: Plain) -> None:
        """Take up what products earn."""
        self._instead.from_plain(plain["instead"])
        self._known = from_objects(plain["known"], _Known)
        self._mean = from_objects(plain["mean"], float)
        self._metrics = from_objects(plain["metrics"], dict[str, int])
        self._missing = from_objects(plain["missing"], tuple[str, ...])
        self._uncorrected = from_objects(plain["uncorrected"], str)

    def _score(self, product: str) -> float:
        known = self._known.get(product)
        return (self._mean if known is None else known[0]) * self._rules.boosts.get(product, 1.0)

    def _ranked(self, ask: Ask) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Return the candidates, those that earn most first, and their scores; of two that earn the same, as they came."""
        candidates = ask.candidates
        scores = [*map(self._score, candidates)]
        order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        return tuple([candidates[n] for n in order]), tuple([scores[n] for n in order])

    def _among(self, ask: Ask) -> int:
        """Return of how many first places the order may be drawn; 0 where it never is."""
        n = min(self._limits.explore_among, len(ask.candidates))
        return n if ask.explores and self._limits.explore and not self._missing and n > 1 else 0

    def _says(self, ranked: tuple[str, ...]) -> str:
        told = [product for product in ranked if product in self._known]
        if not told:
            return "none of the candidates was shown often enough to be told from another: they stay in their order"
        first = told[0]
        score, orders, exposures = self._known[first]
        says = f"by net order value for each time shown: {printable(first)} earns {score:,.4g}, by {orders:,.0f} orders that"
        says = f"{says} were kept of {exposures:,.0f} times"
        n_others = len(ranked) - len(told)
        return (
            f"{says}; {n_others:,} that were shown too seldom stand at the mean of {self._mean:,.4g}" if n_others else says
        )


def missing_of(shelves: Shelves, found: Earned, limits: RankingConfig) -> tuple[str, ...]:
    """Return what is missing before anything is reordered, each in one sentence.

    Args:
        shelves: what lists showed.
        found: what products earn.
        limits: what ``shop.toml`` declares under ``[ranking]``.
    """
    if not shelves.n_shown:
        on = f" on {', '.join(limits.surfaces)}" if limits.surfaces else ""
        return (f"no lists that were shown{on} are recorded: view_item_list tells them",)
    missing = []
    if shelves.n_shown < limits.least_exposures:
        missing.append(f"{count(shelves.n_shown)} products were shown; {count(limits.least_exposures)} are needed")
    if shelves.n_orders < limits.least_orders:
        missing.append(
            f"{count(shelves.n_orders)} order lines followed what was shown; {count(limits.least_orders)} are needed"
        )
    if not missing and not found.is_told.any():
        missing.append("no product was shown often enough to be told from the others")
    return tuple(missing)


def uncorrected(shelves: Shelves, limits: RankingConfig) -> str:
    """Return why places are not corrected; empty where they are.

    Args:
        shelves: what lists showed.
        limits: what ``shop.toml`` declares under ``[ranking]``.
    """
    if shelves.seen is not None:
        return ""
    if not shelves.drawn_times:
        return "places are not corrected, since none was drawn by chance"
    return (
        f"places are not corrected: {shelves.drawn_orders:,} orders followed drawn ones; {limits.drawn_orders:,} are needed"
    )


def _shuffled(ask: Ask, first: tuple[str, ...]) -> tuple[str, ...]:
    """Return products in an order that is as likely as any other."""
    return drawn(ask, first, len(first))
