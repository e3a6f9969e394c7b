"""Order each user's viewed products so that the one they bought next stands first: by orders, by views, and by chance.

Tmall: views and buys of 15,449 users over 11,953 products, without times and without places. A view stands for an exposure:
the product was shown. The ranker learns from all views and from the buys that train; the user's own product of the test
file is looked for among what the user viewed. Everything is measured in one run. Then it is timed how long an answer takes
for 200 candidates. Writes docs/proof/ranking.md.

    python tools/ranking.py [FOLDER]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ranking_speed import ASKED, CANDIDATES, RATE, Speed, measured_speed
from scipy import sparse

from counterclick.config import RankingConfig
from counterclick.decisions.earning import Placed, earned

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "tmall"
PAGE = ROOT / "docs" / "proof" / "ranking.md"
USERS = 15_449
WANTED = 5.0
"""Milliseconds."""
FLOORS = (0.0, 1.0, 2.0, 5.0, 10.0)
ORDERS, VIEWS, RAW, SOLD = "orders for each view, shrunk", "views", "orders for each view, as they are", "orders"
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """How often the bought product stood first.

    Attributes:
        hits: way of ordering -> for each user the chance that the bought product stood first; below 1 where others tie.
        chance: the same of any order.
        candidates: how many there were, for each user.
    """

    hits: dict[str, Numbers]
    chance: Numbers
    candidates: Numbers

    def rate(self, way: str) -> float:
        """Return the share of users whose bought product stands first."""
        return float(self.hits[way].mean())

    def times(self, other: str | None) -> float:
        """Return how many times as often as by another way, or by chance, the policy's own finds it."""
        return self.rate(ORDERS) / (float(self.chance.mean()) if other is None else self.rate(other))

    def interval(self, other: str | None, draws: int = 2_000) -> tuple[float, float]:
        """Return the 95 % interval of that, by drawing users anew, with a seed."""
        rng = np.random.default_rng(0)
        theirs = self.chance if other is None else self.hits[other]
        ours = self.hits[ORDERS]
        drawn = rng.integers(len(ours), size=(draws, len(ours)), dtype=np.int32)
        low, high = np.quantile(ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.025, 0.975])
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes:
        new: among products that the user viewed and had not bought.
        all: among all that the user viewed.
        by_floor: floor -> the policy's share, among those not bought yet.
        n_users: users of the test file.
        n_views: pairs of user and product that train.
        n_buys: likewise.
        told: share of products that were viewed often enough.
    """

    new: Found
    all: Found
    by_floor: dict[float, float]
    n_users: int
    n_views: int
    n_buys: int
    told: float


def pairs(folder: Path, what: str) -> sparse.csr_array:
    """Return which user did what with which product, shape (users, products)."""
    return sparse.csr_array(sparse.load_npz(folder / what / "s_adj_mat.npz").tocsr()[:USERS, USERS:])


def tested(folder: Path) -> list[tuple[int, int]]:
    """Return each user of the test file with the product that was bought."""
    lines = (folder / "buy" / "test.txt").read_text(encoding="ascii").splitlines()
    return [(int(user), int(product)) for user, product in map(str.split, lines)]


def scores(views: Numbers, buys: Numbers, floor: float) -> Numbers:
    """Return what each product earns each time it is viewed, as the policy reckons it; every order is worth the same."""
    n = len(views)
    shown = Placed(np.arange(n), np.ones(n, np.int64), views, buys, buys)
    return earned(shown, n, floor=floor).score


def measure(folder: Path = DATA) -> Measured:
    """Return how often the bought product stands first.

    Args:
        folder: of the data set.
    """
    viewed, bought = pairs(folder, "view"), pairs(folder, "buy")
    views, buys = (np.asarray(each.sum(axis=0), np.float64).ravel() for each in (viewed, bought))
    floor = RankingConfig().floor
    ways = {
        ORDERS: scores(views, buys, floor),
        VIEWS: views,
        SOLD: buys,
        RAW: np.divide(buys, views, out=np.zeros_like(buys), where=views > 0),
    }
    users = tested(folder)
    new, every = (list(_candidates(viewed, bought, users, known=known)) for known in (False, True))
    by_floor = {each: float(_hits(scores(views, buys, each), new).mean()) for each in FLOORS}
    told = float((views * buys.sum() / views.sum() >= floor).mean())
    return Measured(_found(ways, new), _found(ways, every), by_floor, len(users), viewed.nnz, bought.nnz, told)


def _candidates(
    viewed: sparse.csr_array, bought: sparse.csr_array, users: list[tuple[int, int]], *, known: bool
) -> Iterator[tuple[NDArray[np.int32], int]]:
    """Yield what each user viewed, and the product that is looked for, where it is among them.

    Args:
        viewed: by user and product.
        bought: likewise.
        users: with the product that is looked for.
        known: whether what the user had bought already is a candidate too.
    """
    for user, product in users:
        own = viewed.indices[viewed.indptr[user] : viewed.indptr[user + 1]]
        if not known:
            own = np.setdiff1d(own, bought.indices[bought.indptr[user] : bought.indptr[user + 1]])
        if product in own:
            yield own, product


def _hits(score: Numbers, cases: list[tuple[NDArray[np.int32], int]]) -> Numbers:
    """Return for each user the chance that the product stands first, ties being drawn."""
    found = []
    for candidates, product in cases:
        own = score[candidates]
        best = candidates[own == own.max()]
        found.append(float(product in best) / len(best))
    return np.array(found)


def _found(ways: dict[str, Numbers], cases: list[tuple[NDArray[np.int32], int]]) -> Found:
    n = np.array([float(len(candidates)) for candidates, _product in cases])
    return Found({way: _hits(score, cases) for way, score in ways.items()}, 1 / n, n)


def page(measured: Measured, speed: Speed) -> str:
    """Return the docs page."""
    new, every = measured.new, measured.all
    rows = [
        f"| {way} | {new.rate(way):.4f} | {_times(new, way)} | {every.rate(way):.4f} | {_times(every, way)} |"
        for way in (ORDERS, RAW, SOLD, VIEWS)
    ]
    chance = [float(each.chance.mean()) for each in (new, every)]
    rows.append(f"| by chance | {chance[0]:.4f} | {_times(new, None)} | {chance[1]:.4f} | {_times(every, None)} |")
    floors = "\n".join(f"| {floor:g} | {rate:.4f} |" for floor, rate in measured.by_floor.items())
    table = "\n".join(rows)
    low = [
        f"{each.times(None):.2f} times chance and {each.times(VIEWS):.2f} times ordering by views" for each in (new, every)
    ]
    return f"""<!-- Made by tools/ranking.py from public data; change the tool, then run it again. -->

# Which of the viewed products is bought

**This is no effect.** It says how well an order of products foresees what people bought without having seen it. What another
order of a list earns is told by its experiment alone ([experiments](../experiments.md)).

Tmall: {measured.n_views:,} pairs of user and viewed product and {measured.n_buys:,} of user and bought product train;
{measured.n_users:,} users have one more product that they bought, in the test file. The data have **no exposures, no places
and no times: here a view stands for an exposure**, every order is worth the same, and nothing is known to have come back.
So this tests the shrunk rate of orders for each time shown, and neither the correction of places nor the value of orders.

For each of the {len(new.chance):,} users who viewed it, the products that they viewed are put in order, and the bought one
should stand first (hit@1). On the left what the user had bought in the training data is no candidate: the store knows it,
and the data's makers test with none of it ({new.candidates.mean():.0f} candidates each). On the right it is one
({every.candidates.mean():.0f} candidates).

| order by | hit@1, not bought yet | ours is so many times as good | hit@1, all viewed | ours is so many times as good |
|---|---|---|---|---|
{table}

In brackets: 95 % intervals, by drawing users anew. Where several stand first, each has its part.

Of products that are not bought yet, ordering by orders for each view finds {low[0]}.
Twice and three times were wanted. With what is bought already among the candidates it is
{low[1]}: what sells best stands first for those, too, who have it already.

`floor` is the default, {RankingConfig().floor:g} orders to be expected: {measured.told:.0%} of the products were viewed
often enough. With other floors (left table's candidates):

| floor | hit@1 |
|---|---|
{floors}

## How fast

A policy that knows {speed.n_products:,} products, {CANDIDATES} candidates, {ASKED:,} questions one after the other:

| 99 % of answers within | ms |
|---|---|
| the policy alone: the order, its probabilities, its reason | {speed.policy:.2f} |
| and the decision with its event, nothing written yet | {speed.decided:.2f} |
| `shop.decide` in Python, decision and exposure on disk | {speed.shop:.2f} |
| `POST /v1/decide/ranking` of a served shop, {RATE:.0f} questions a second, from when each was due | {speed.paced:.2f} |
| the same, but for what the client's own sleep took too long | {speed.awake:.2f} |
| without a pause, from request to answer | {speed.served:.2f} |
| without a pause, with one candidate: what any decision takes there | {speed.one:.2f} |
| a bare handler on the same server that reads the body and answers | {speed.bare:.2f} |

Under 5 ms were wanted: that is {_kept(speed.policy)} by the policy, {_kept(speed.decided)} by the decision, and over HTTP
{_kept(speed.paced)} at {RATE:.0f} questions a second, {RATE * 0.0864:.1f} million a day (half of them within
{speed.paced_half:.2f} ms). Without a pause it is {_kept(speed.served)} on this machine of two cores, which the client, the
server and the processes that keep events share: half of the answers came within {speed.served_half:.2f} ms, of the bare
handler within {speed.bare_half:.2f} ms. The bare handler writes nothing; an answer over HTTP has its exposure and its
decision promised to a file that outlives the process ([why](../why/processes.md)), and `shop.decide` waits until both are
on disk.

Made with `make ranking`, in one run.
"""


def _kept(milliseconds: float) -> str:
    return "kept" if milliseconds < WANTED else "**not kept**"


def _times(found: Found, other: str | None) -> str:
    if other == ORDERS:
        return "1"
    low, high = found.interval(other)
    return f"{found.times(other):.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    arguments = parser.parse_args()
    found = measure(arguments.folder)
    PAGE.write_text(page(found, measured_speed()), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
