"""Hide one product of real baskets: how often is it among five offers, by bundles, by popularity, and by item-item cosine?

Baskets are the invoices of UCI Online Retail with two products or more; the first 80 % by time train, 3,000 of the later
ones test. Everything is measured in one run over the same baskets. Then it is learned from 11.6 million lines, for how long
that takes. Writes docs/proof/bundles.md.

    python tools/bundles.py [FILE] [--seed N] [--store FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import duckdb
import numpy as np
from bundles_speed import ASKED, IN_CART, Speed, measured_speed, recorded_lines
from implicit.nearest_neighbours import CosineRecommender
from implicit.utils import ParameterWarning
from numpy.typing import NDArray
from scipy import sparse

from counterclick.config import BundlesConfig
from counterclick.decisions import Ask, Bestsellers, Bundles, Policy
from counterclick.display import percent
from counterclick.shop import open_shop

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COUNTERCLICK_DATA", ROOT.parent / "shared" / "data")) / "online_retail" / "online_retail.parquet"
PAGE = ROOT / "docs" / "proof" / "bundles.md"
TRAIN = 0.8
TESTED = 3_000
OFFERS = 5
NEIGHBOURS = (20, 100, None)
"""Of each product that the cosine keeps: what the package does unless told, more, and all."""
WAYS = ("last row", "random row")
COUNTED = """
[tables.retail]
file = "train.parquet"
[[tables.retail.events]]
kind = "purchase"
group_by = ["InvoiceNo"]
fields = { occurred_at = "sold_at", order_id = "InvoiceNo" }
lines = { product_id = "StockCode", quantity = "quantity", unit_price = "price" }
"""
LINES = """
    SELECT InvoiceNo, StockCode, min(nth) AS nth, min(strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S')) AS sold_at,
        sum(CAST(Quantity AS INTEGER)) AS quantity, any_value(CAST(UnitPrice AS DECIMAL(18, 4)) ORDER BY nth) AS price
    FROM (SELECT *, row_number() OVER () AS nth FROM read_parquet($file))
    WHERE regexp_matches(StockCode, '^[0-9]{5}') AND CAST(Quantity AS INTEGER) > 0 AND CAST(UnitPrice AS DECIMAL(18, 4)) > 0
    GROUP BY InvoiceNo, StockCode
"""

Case = tuple[tuple[str, ...], str]
"""What stays in a basket, and the product that was hidden."""


@dataclass(frozen=True, slots=True)
class Split:
    """Baskets of the store, by time.

    Attributes:
        train: invoices, each as its products in the order of its rows.
        tested: way of hiding -> cases.
        n_later: later invoices that the tested ones were drawn from.
    """

    train: list[tuple[str, ...]]
    tested: dict[str, list[Case]]
    n_later: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Who found the hidden product, case by case.

    Attributes:
        hits: (method, way of hiding) -> for each case whether it was among the offers.
        n_train: invoices that were learned from.
        n_later: later ones that the tested ones were drawn from.
    """

    hits: dict[tuple[str, str], NDArray[np.bool_]]
    n_train: int
    n_later: int

    def rate(self, method: str, way: str) -> float:
        """Return the share of cases in which the hidden product was offered."""
        return float(self.hits[method, way].mean())

    def ratio(self, method: str, way: str) -> float:
        """Return how many times as often bundles found it as another method."""
        return self.rate("bundles", way) / self.rate(method, way)

    def ratio_interval(self, method: str, way: str, draws: int = 2_000) -> tuple[float, float]:
        """Return the 95 % interval of that ratio by drawing cases anew, with a seed."""
        rng = np.random.default_rng(0)
        ours, theirs = (self.hits[name, way] for name in ("bundles", method))
        drawn = rng.integers(len(ours), size=(draws, len(ours)))
        lower, upper = np.quantile(ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.025, 0.975])
        return float(lower), float(upper)


def split(file: Path, folder: Path, seed: int) -> Split:
    """Return the store's baskets, and write the lines of the earlier ones to a file that a shop can record."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE lines AS {LINES}", {"file": str(file)})
    rows = connection.execute(
        "SELECT InvoiceNo, list(StockCode ORDER BY nth), min(sold_at) FROM lines GROUP BY InvoiceNo HAVING count(*) > 1 "
        "ORDER BY min(sold_at), InvoiceNo"
    ).fetchall()
    n_train = int(len(rows) * TRAIN)
    connection.execute("CREATE TABLE earlier AS SELECT unnest($1) AS InvoiceNo", [[row[0] for row in rows[:n_train]]])
    earlier = connection.sql("SELECT * FROM lines SEMI JOIN earlier USING (InvoiceNo) ORDER BY nth")
    earlier.write_parquet(str(folder / "train.parquet"))
    later = [tuple(row[1]) for row in rows[n_train:]]
    rng = np.random.default_rng(seed)
    drawn = [later[n] for n in sorted(rng.choice(len(later), min(TESTED, len(later)), replace=False))]
    tested = {
        "last row": [(basket[:-1], basket[-1]) for basket in drawn],
        "random row": [
            (basket[:n] + basket[n + 1 :], basket[n]) for basket in drawn for n in [int(rng.integers(len(basket)))]
        ],
    }
    return Split([tuple(row[1]) for row in rows[:n_train]], tested, len(later))


def learnt(folder: Path, policies: Iterable[Policy]) -> None:
    """Let policies learn from the earlier baskets, recorded in a shop of their own."""
    (folder / "shop.toml").write_text(COUNTED, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record(folder / "train.parquet")
        for policy in policies:
            policy.fit(shop.facts.outcomes())


def measure(file: Path, seed: int = 1) -> Measured:
    """Return who found the hidden products.

    Args:
        file: the data set.
        seed: by which tested baskets and hidden rows are drawn.
    """
    with tempfile.TemporaryDirectory(prefix="counterclick-bundles-") as temporary:
        folder = Path(temporary)
        found = split(file, folder, seed)
        ours: list[Policy] = [Bundles(BundlesConfig()), Bestsellers()]
        learnt(folder, ours)
    methods: dict[str, Callable[[tuple[str, ...]], Sequence[str]]] = {
        policy.name: lambda cart, policy=policy: policy.decide(Ask("cart", "v", cart, OFFERS))[0]  # type: ignore[misc]
        for policy in ours
    }
    methods["popularity"] = _popularity(found.train)
    for kept in NEIGHBOURS:
        methods[f"cosine, {kept or 'all'} neighbours"] = _cosine(found.train, kept)
    hits = {
        (name, way): np.array([hidden in offered(cart) for cart, hidden in cases])
        for name, offered in methods.items()
        for way, cases in found.tested.items()
    }
    return Measured(hits, len(found.train), found.n_later)


def _popularity(train: list[tuple[str, ...]]) -> Callable[[tuple[str, ...]], Sequence[str]]:
    """Return the products of most earlier baskets, those of the cart left out."""
    products, times = np.unique([product for basket in train for product in basket], return_counts=True)
    ranked = [str(products[n]) for n in np.argsort(-times, kind="stable")]

    def offered(cart: tuple[str, ...]) -> list[str]:
        known = set(cart)
        return [product for product in ranked[: OFFERS + len(known)] if product not in known][:OFFERS]

    return offered


def _cosine(train: list[tuple[str, ...]], kept: int | None) -> Callable[[tuple[str, ...]], Sequence[str]]:
    """Return what the independent package offers: baskets are its users, carts its users of the moment."""
    products = sorted({product for basket in train for product in basket})
    number = {product: n for n, product in enumerate(products)}
    columns = [number[product] for basket in train for product in basket]
    begins = np.concatenate([[0], np.cumsum([len(basket) for basket in train])])
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, begins), shape=(len(train), len(products)))
    model = CosineRecommender(K=kept or len(products), num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # it converts a matrix of its own
        model.fit(matrix, show_progress=False)

    def offered(cart: tuple[str, ...]) -> list[str]:
        own = sorted({number[product] for product in cart if product in number})
        shape = (1, len(products))
        user = sparse.csr_matrix((np.ones(len(own), np.float32), (np.zeros(len(own), int), own)), shape=shape)
        numbers, scores = model.recommend(0, user, N=OFFERS, filter_already_liked_items=True)
        return [products[n] for n, score in zip(numbers.tolist(), scores.tolist(), strict=True) if score > 0]

    return offered


def _wilson(hits: NDArray[np.bool_]) -> tuple[float, float]:
    n, share, z = len(hits), float(hits.mean()), NormalDist().inv_cdf(0.975)
    middle, half = share + z * z / 2 / n, z * float(np.sqrt(share * (1 - share) / n + z * z / 4 / n / n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def page(measured: Measured, seed: int, speed: Speed) -> str:
    """Return the docs page."""
    methods = list(dict.fromkeys(method for method, _way in measured.hits))
    rows = []
    for method in methods:
        cells = []
        for way in WAYS:
            lower, upper = _wilson(measured.hits[method, way])
            cells.append(f"{percent(measured.rate(method, way))} [{percent(lower)}, {percent(upper)}]")
            if method == "bundles":
                cells.append("1")
                continue
            least, most = measured.ratio_interval(method, way)
            cells.append(f"{measured.ratio(method, way):.2f} [{least:.2f}, {most:.2f}]")
        rows.append(f"| {method} | " + " | ".join(cells) + " |")
    table = "\n".join(rows)
    default = "cosine, 20 neighbours"
    short = [way for way in WAYS if measured.ratio(default, way) < 1.3]  # noqa: PLR2004 - what was asked for
    against = (
        f"Against the cosine that keeps only 20 neighbours of each product, as the package does unless told,\n"
        f"1.3 times is **not reached** with the {' and the '.join(short)} hidden: it is "
        f"{' and '.join(f'{measured.ratio(default, way):.2f}' for way in short)}."
        if short
        else "Against the cosine that keeps 20 neighbours of each product it is above 1.3 as well."
    )
    return f"""<!-- Made by tools/bundles.py from public data; change the tool, then run it again. -->

# Would be bought anyway: how often bundles find what was in the basket

**This is no effect.** It says how well a list foresees what people bought without having seen it. What a bundle adds is
told by its holdout alone ([experiments](../experiments.md)).

UCI Online Retail is one real store. Baskets are its invoices: product lines only (codes that begin with five digits,
quantity and price above 0), every product once, two products or more. The first {percent(TRAIN, 0)} by time
({measured.n_train:,}) train; of the {measured.n_later:,} later ones, {TESTED:,} drawn with seed {seed} are tested. One
product is hidden, once that of the last row, once of a random one; {OFFERS} products are offered, none of them in the rest
of the basket. A hit is the hidden product among them.

| method | last row hidden | bundles are times as good | random row hidden | bundles are times as good |
|---|---|---|---|---|
{table}

In brackets: 95 % intervals, by Wilson for the rates, and by drawing the baskets anew for the ratios.

- **bundles** and **bestsellers** are the policies of [bundles.md](../bundles.md) with their default settings, fitted by the
  shop that recorded the earlier invoices. No unit costs are in the data, so that margin plays no part.
- **popularity** is the products of most earlier invoices.
- **cosine** is item-item cosine of the independent package `implicit`, with as many neighbours of each product as it says;
  *all* is the cosine itself.

`basket_items` and `shrink` were chosen before, on the later fifth of the invoices that train; the tested ones had no say.

{against}

## How fast

The same store many times over, with jitter: {speed.n_lines:,} order lines, each copy of an invoice at a time of its own
within two weeks, every tenth line with another product. On two cores:

| | measured | wanted |
|---|---|---|
| learning {speed.n_pairs:,} pairs from {speed.n_orders:,} orders of a year | {speed.seconds:.1f} s | under 15 s |
| peak memory of the process that learns, all of it | {speed.gigabytes:.2f} GB | under 1.2 GB |
| answering a cart of {IN_CART} in the process, 99 % of {ASKED:,} | within {speed.p99:.2f} ms | under 2 ms |

It learns from the facts that the store keeps beside its log (orders and their lines). Working them out for the first
time, which is not in these figures, takes longer than learning does; after that it is only what is new. Trying on later
orders for which products it serves (`counterclick fit` does, as the backtest) works them out once more, as they stood then.

Made with `make bundles`, in one run.
"""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=DATA)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", type=Path, help="folder of the store of many lines, made where it is not there")
    arguments = parser.parse_args()
    found = measure(arguments.file, arguments.seed)
    with contextlib.ExitStack() as stack:
        store = arguments.store or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counterclick-bundles-")))
        if not (store / "shop.toml").exists():
            recorded_lines(store, LINES, {"file": str(arguments.file)})
        speed = measured_speed(store)
    PAGE.write_text(page(found, arguments.seed, speed), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
