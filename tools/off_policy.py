"""Off-policy estimates beside the truth: on Open Bandit's two logs, and on synthetic logs whose policies' worth is known.

Writes docs/proof/off-policy.md; a few minutes.

    python tools/off_policy.py [FOLDER] [--logs N]
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from counterclick.stats import OffPolicy, Valued, list_weight, off_policy_value, weighted_value

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "open_bandit"
PAGE = ROOT / "docs" / "proof" / "off-policy.md"
ITEMS, PLACES = 80, 3
ESTIMATORS = ("ips", "snips", "doubly_robust")
NAMES = {"ips": "IPS", "snips": "SNIPS", "doubly_robust": "doubly robust"}
PUBLISHED = 1.198126
"""Of Bernoulli Thompson sampling on the random log, over the log's own click rate: Open Bandit Pipeline, ``ope/meta.py``."""
FOLDS = 5


# -- Open Bandit ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bandit:
    """One log of Open Bandit's sample.

    Attributes:
        item: shown, 0 to 79, (n,).
        place: where, 0 to 2, (n,).
        click: 1 where it was clicked, (n,). Clicks are the outcome here because this log has no orders.
        propensity: with which it was shown there, (n,).
    """

    item: Ints
    place: Ints
    click: Floats
    propensity: Floats


def bandit(path: Path) -> Bandit:
    """Return a log from its file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    item, place = (np.array([int(row[name]) for row in rows]) for name in ("item_id", "position"))
    click, propensity = (np.array([float(row[name]) for row in rows]) for name in ("click", "propensity_score"))
    return Bandit(item, place - 1, click, propensity)


def thompson(alpha: Sequence[float], beta: Sequence[float], draws: int = 100_000, seed: int = 12_345) -> Floats:
    """Return how often Bernoulli Thompson sampling shows each item in each place, (80, 3), by drawing it.

    Args:
        alpha: clicks of each item that it begins with.
        beta: the same of what was not clicked.
        draws: how many lists.
        seed: of the draws, by NumPy's former generator as the published number has it.
    """
    rng = np.random.RandomState(seed)
    found = np.zeros((len(alpha), PLACES))
    for _draw in range(draws):
        best = rng.beta(alpha, beta).argsort()[::-1][:PLACES]
        found[best, range(PLACES)] += 1
    return found / draws


def uniform_from(log: Bandit) -> OffPolicy:
    """Return what showing each item as often as any other would have had, from any log of Open Bandit.

    The model of the doubly robust estimate is each item's shrunk click rate in the other folds.
    """
    n = len(log.click)
    fold = np.arange(n) % FOLDS
    predicted, expected = np.zeros(n), np.zeros(n)
    for number in range(FOLDS):
        learn, here = fold != number, fold == number
        shown = np.bincount(log.item[learn], minlength=ITEMS)
        rate = log.click[learn].mean()
        rates = (np.bincount(log.item[learn], log.click[learn], ITEMS) + 100 * rate) / (shown + 100)
        predicted[here], expected[here] = rates[log.item[here]], rates.mean()
    target = np.full(n, 1 / ITEMS)
    return off_policy_value(log.click, log.propensity, target, predicted=predicted, expected=expected)


# -- Synthetic logs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """A shop whose decisions' worth is known: a decision shows one thing of several, in one of several situations.

    Attributes:
        buys: chance of an order, by situation and action, (k, a).
        basket: mean value of an order, by action, (a,).
        logging: probability of each action, (k, a).
        target: of the policy that is asked for, (k, a).
        visits: decisions of a visitor at most; each number of them is as likely.
        habit: spread (of a logarithm) of how much more or less one visitor spends than another.
        skew: spread (of a logarithm) of the value of one visitor's orders.
    """

    buys: Floats
    basket: Floats
    logging: Floats
    target: Floats
    visits: int = 1
    habit: float = 0.0
    skew: float = 1.0

    def truth(self, policy: Floats) -> float:
        """Return the mean outcome of a decision under a policy."""
        return float((policy * self.buys * self.basket).sum(axis=1).mean())


@dataclass(frozen=True, slots=True)
class Log:
    """What was logged.

    Attributes:
        situation: of each decision, (n,).
        action: that was taken, (n,).
        outcome: value of what was bought, (n,).
        visitor: whose decision it was, (n,).
    """

    situation: Ints
    action: Ints
    outcome: Floats
    visitor: Ints


def world(apart: float, visits: int = 1, habit: float = 0.0, skew: float = 1.0, seed: int = 7) -> World:
    """Return a shop of 8 situations and 10 actions whose two policies lie so far apart.

    Args:
        apart: what the logits of the policies are multiplied with: 0 where both are the same.
        visits: see `World`.
        habit: see `World`.
        skew: see `World`.
        seed: of the shop.
    """
    rng = np.random.default_rng(seed)
    buys = rng.beta(2, 18, (8, 10))
    return World(
        buys=buys,
        basket=rng.lognormal(3.5, 0.3, 10),
        logging=_softmax(apart * rng.normal(size=(8, 10))),
        target=_softmax(apart * rng.normal(size=(8, 10)) + 10 * apart * (buys - buys.mean())),
        visits=visits,
        habit=habit,
        skew=skew,
    )


def logged(shop: World, visitors: int, rng: np.random.Generator) -> Log:
    """Return one log of a shop."""
    times = rng.integers(1, shop.visits + 1, visitors)
    visitor = np.repeat(np.arange(visitors), times)
    kinds = len(shop.buys)
    situation = rng.integers(kinds, size=visitors)[visitor]  # a visitor's situation stays
    action = (rng.random((len(visitor), 1)) > shop.logging[situation].cumsum(axis=1)).sum(axis=1).clip(max=9)
    habits = np.exp(shop.habit * rng.normal(size=visitors) - shop.habit**2 / 2)[visitor]
    bought = rng.random(len(visitor)) < shop.buys[situation, action]
    size = rng.lognormal(-0.5 * shop.skew**2, shop.skew, len(visitor))
    return Log(situation, action, bought * size * habits * shop.basket[action], visitor)


def estimated(shop: World, log: Log, *, by_visitor: bool = True) -> OffPolicy:
    """Return the estimates of a shop's other policy from a log; the model is the mean of each action in the other folds."""
    n = len(log.outcome)
    fold = log.visitor % FOLDS
    predicted, expected = np.zeros(n), np.zeros(n)
    for number in range(FOLDS):
        learn, here = fold != number, fold == number
        seen = np.bincount(log.action[learn], minlength=10)
        whole = log.outcome[learn].mean()
        means = (np.bincount(log.action[learn], log.outcome[learn], 10) + 20 * whole) / (seen + 20)
        predicted[here], expected[here] = means[log.action[here]], shop.target[log.situation[here]] @ means
    return off_policy_value(
        log.outcome,
        shop.logging[log.situation, log.action],
        shop.target[log.situation, log.action],
        predicted=predicted,
        expected=expected,
        units=log.visitor if by_visitor else None,
    )


# -- Lists -----------------------------------------------------------------------------------------------------------


def listed(visitors: int, share: float, rng: np.random.Generator, most: int = 3, among: int = 12) -> tuple[OffPolicy, float]:
    """Return the estimate of a policy that shows other lists of the same candidates, and its true worth.

    What a list brings is what its things bring; one visitor in four decides twice.

    Args:
        visitors: how many.
        share: of decisions in which the list was drawn.
        rng: of the log.
        most: things in a list.
        among: candidates.
    """
    worth = np.linspace(0.4, 1.6, among)
    visitor = np.concatenate([np.arange(visitors), np.arange(visitors // 4)])
    draws = rng.random((len(visitor), among)).argsort(axis=1)[:, :most]
    lists = np.where(rng.random((len(visitor), 1)) < share, draws, np.arange(most))
    ours = np.zeros(among)
    ours[[1, 2, 5]] = 1 - share
    ours += share * most / among
    weights = {
        both_and_drawn: list_weight(
            most, among, share, drawn=both_and_drawn[1], best=float(ours[:most].sum()), every=most, both=both_and_drawn[0]
        )
        for both_and_drawn in set(_overlaps(lists, ours, most))
    }
    w = np.array([weights[each] for each in _overlaps(lists, ours, most)])
    buys = rng.random(len(visitor)) < 0.05 * worth[lists].mean(axis=1)
    outcome = buys * rng.lognormal(3.0, 1.0, len(visitor))
    truth = 0.05 * float(ours @ worth) / most * float(np.exp(3.5))
    return weighted_value(outcome, w, units=visitor), truth


def _overlaps(lists: Ints, ours: Floats, most: int) -> list[tuple[int, float]]:
    both = (lists < most).sum(axis=1).tolist()
    return list(zip(both, ours[lists].sum(axis=1).round(9).tolist(), strict=True))


# -- Rates -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rates:
    """How the intervals of one estimator did over many logs.

    Attributes:
        n: logs in which it was not refused.
        covered: of these, how many intervals held the truth.
        bias: mean of estimate over truth, minus 1.
        width: mean width of the interval over truth.
    """

    n: int
    covered: int
    bias: float
    width: float


def rates(found: Sequence[tuple[Valued | None, float]]) -> Rates:
    """Return how intervals did.

    Args:
        found: estimate and truth of each log.
    """
    known = [(each.value, truth) for each, truth in found if each is not None]
    if not known:
        return Rates(0, 0, 0.0, 0.0)
    covered = sum(value.lower <= truth <= value.upper for value, truth in known)
    bias = float(np.mean([value.value / truth - 1 for value, truth in known]))
    return Rates(len(known), covered, bias, float(np.mean([(value.upper - value.lower) / truth for value, truth in known])))


def least(n: int, level: float = 0.95) -> int:
    """Return the intervals out of n that hold the truth in all but one run of ten thousand, where each does in ``level``."""
    return int(stats.binom.ppf(1e-4, n, level))


def covered(shop: World, visitors: int, logs: int, seed: int = 1, *, by_visitor: bool = True) -> Mapping[str, Rates]:
    """Return how each estimator's intervals did over many logs of a shop; those that were refused are left out."""
    rng, truth = np.random.default_rng(seed), shop.truth(shop.target)
    every = [estimated(shop, logged(shop, visitors, rng), by_visitor=by_visitor) for _log in range(logs)]
    kept = [each for each in every if not each.refusals]
    return {name: rates([(getattr(each, name), truth) for each in kept]) for name in ESTIMATORS}


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


# -- The page ----------------------------------------------------------------------------------------------------------

SHOPS: tuple[tuple[str, World, int], ...] = (
    ("policies close to each other", world(0.3), 4_000),
    ("policies further apart", world(0.6), 4_000),
    ("policies far apart", world(1.0), 4_000),
    ("of each visitor up to 12 decisions", world(0.3, 12, 1.0, 0.5), 4_000),
)
"""What is tried: in words, the shop, and visitors of a log."""


def coverage_table(logs: int) -> str:
    """Return for each shop how its estimates did."""
    lines = []
    for words, shop, visitors in SHOPS:
        one = estimated(shop, logged(shop, visitors, np.random.default_rng(1)))
        found = covered(shop, visitors, logs)
        kept = found["ips"].n
        head = f"| {words} | {one.effective:,.0f} | {shop.truth(shop.logging):.2f} | {shop.truth(shop.target):.2f}"
        if not kept:
            lines.append(f"{head} | all {logs:,} | - | - | - |")
            continue
        cells = " | ".join(_cell(found[name]) for name in ESTIMATORS)
        lines.append(f"{head} | {logs - kept:,} of {logs:,} | {cells} |")
    return "\n".join(lines)


def lists_table(logs: int) -> str:
    """Return how estimates of lists did."""
    lines = []
    for share, visitors in ((0.1, 120_000), (0.3, 40_000)):
        rng = np.random.default_rng(2)
        every = [listed(visitors, share, rng) for _log in range(logs)]
        kept = [(each, truth) for each, truth in every if not each.refusals]
        cells = " | ".join(_cell(rates([(getattr(each, name), truth) for each, truth in kept])) for name in ESTIMATORS[:2])
        effective = float(np.mean([each.effective for each, _truth in every]))
        head = f"| {share:.0%} | {visitors:,} | {effective:,.0f} | {logs - len(kept):,} of {logs:,}"
        lines.append(f"{head} | {cells} |")
    return "\n".join(lines)


def _cell(found: Rates) -> str:
    if not found.n:
        return "-"
    return f"{found.covered / found.n:.1%}, {found.bias:+.1%}"


def bandit_table(folder: Path) -> str:
    """Return the uniform policy's click rate by each estimator, from both logs of Open Bandit."""
    lines = []
    for name in ("bts", "random"):
        found = uniform_from(bandit(folder / f"{name}_all.csv"))
        for estimator in ESTIMATORS:
            each: Valued = getattr(found, estimator)
            own = each.value
            lines.append(
                f"| {name} | {NAMES[estimator]} | {own.value:.5f} [{own.lower:.5f}, {own.upper:.5f}] "
                f"| {found.effective:,.0f} | {found.largest:,.1f} | {'refused' if found.refusals else 'stands'} |"
            )
    return "\n".join(lines)


def page(folder: Path, logs: int) -> str:
    """Return the docs page."""
    refused = uniform_from(bandit(folder / "bts_all.csv"))
    truth = bandit(folder / "random_all.csv").click.mean()
    by_visitor, alone = (covered(*SHOPS[3][1:], logs, by_visitor=each)["snips"] for each in (True, False))
    return f"""# What off-policy estimates are worth

What a proposed setting would have earned is estimated from logged decisions by inverse propensity scoring (IPS), the same
self-normalised (SNIPS), and doubly robust. Here they are tried where the truth is known. Intervals are of 95 %; figures are
of one run of `make off-policy`, each log drawn anew.

## A published log

Open Bandit's sample holds 10,000 rows that a policy (Bernoulli Thompson sampling) chose, and 10,000 chosen at random
among 80 items, with the probability of each. Its outcome is a click, the only one it has; nothing else here knows of clicks.
From the first log, what would showing at random have had? The second one knows: {truth:.5f}.

| log | estimator | click rate at random | effective rows | largest weight | |
|---|---|---|---|---|---|
{bandit_table(folder)}

Every interval from the policy's log holds the {truth:.5f} of the random one, and each is refused all the same:

{chr(10).join(f"- {reason}" for reason in refused.refusals)}

An interval so wide covers nearly anything. The other way round, what the policy would have had on the random log over that
log's own rate, is published by the Open Bandit Pipeline as {PUBLISHED}; the tests reproduce that number to its last digit.

## Logs whose truth is known

A shop of 8 situations in which 10 things may be shown; a tenth of decisions or so lead to an order, of lognormal value. Each
cell: how many intervals hold the truth, and the mean error of the estimate. Of {logs:,} intervals of 95 % fewer than
{least(logs) / logs:.1%} hold the truth once in ten thousand runs.

| shop | effective visitors | logged policy | the other one | refused | IPS | SNIPS | doubly robust |
|---|---|---|---|---|---|---|---|
{coverage_table(logs)}

**Visitors, not decisions.** In the last shop a visitor's decisions hang together. By visitor
{by_visitor.covered / by_visitor.n:.1%} of intervals hold the truth; taken as if each decision were somebody else's,
{alone.covered / alone.n:.1%}.

## Lists

Three of twelve things are shown, the best ones, or in a share of decisions three drawn by chance. The other policy shows
two of the former three and one from further down. A list is taken to be worth the sum of what it shows.

| drawn | visitors | effective | refused | IPS | SNIPS |
|---|---|---|---|---|---|
{lists_table(logs // 4)}

What these estimates cannot say stands in [why an experiment decides](../why/off-policy.md).
"""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    parser.add_argument("--logs", type=int, default=2_000, help="of each shop")
    given = parser.parse_args()
    PAGE.write_text(page(given.folder, given.logs), encoding="utf-8")


if __name__ == "__main__":
    main()
