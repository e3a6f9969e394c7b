"""How long bundles take to learn from 11.6 million order lines, what of memory they need, and how fast they answer.

The lines are those of UCI Online Retail many times over, with jitter: each copy of an invoice has a time of its own within
two weeks, and every tenth line holds another line's product. It learns in a process of its own, whose peak memory is taken.

    python tools/bundles_speed.py [--only FOLDER]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from counterclick.config import BundlesConfig
from counterclick.decisions import Ask, Bundles
from counterclick.shop import open_shop

LINES = 11_600_000
ASKED = 5_000
IN_CART = 5
_FILES = 12
_DECIDED = """
[tables.retail]
file = "train*.parquet"
[[tables.retail.events]]
kind = "purchase"
group_by = ["InvoiceNo"]
fields = { occurred_at = "sold_at", order_id = "InvoiceNo" }
lines = { product_id = "StockCode", quantity = "quantity", unit_price = "price" }
"""
_COPIED = """
    CREATE TABLE copied AS
    SELECT InvoiceNo || '-' || copy AS InvoiceNo, quantity, price, nth,
        CASE WHEN hash(InvoiceNo, copy, nth) % 10 = 0 THEN other ELSE StockCode END AS StockCode,
        sold_at + to_seconds((hash(InvoiceNo, copy) % 1209600)::BIGINT - 604800) AS sold_at
    FROM (SELECT *, lead(StockCode, 997, StockCode) OVER (ORDER BY nth) AS other FROM lines), range($copies) AS copies(copy)
    WHERE hash(copy, nth, InvoiceNo) % 1000000 < $kept
"""
_PARTS = """
    CREATE TABLE parts AS
    SELECT InvoiceNo, ntile($files) OVER (ORDER BY min(sold_at), InvoiceNo) AS part FROM copied GROUP BY InvoiceNo
"""
_PART = "SELECT copied.* FROM copied JOIN parts USING (InvoiceNo) WHERE part = $part ORDER BY sold_at, InvoiceNo, nth"


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured.

    Attributes:
        n_lines: order lines.
        n_orders: orders that count: those of the last year.
        n_pairs: pairs that were learned.
        seconds: of learning, from the facts that the store keeps.
        gigabytes: peak memory of the process that learned, in 10^9 bytes.
        p99: milliseconds within which 99 % of carts are answered, in the process.
    """

    n_lines: int
    n_orders: int
    n_pairs: int
    seconds: float
    gigabytes: float
    p99: float


def recorded_lines(folder: Path, lines: str, parameters: Mapping[str, str]) -> None:
    """Record many lines in a store, and let it keep what every question to it needs: orders and their lines.

    Args:
        folder: of the store.
        lines: SQL of one store's order lines.
        parameters: of that SQL.
    """
    _written(folder, lines, parameters)
    with open_shop(folder / "shop.toml") as shop:
        for file in sorted(folder.glob("train-*.parquet")):
            shop.record(file)
            file.unlink()
        outcomes = shop.facts.outcomes()
        for kept in (outcomes.orders, outcomes.order_lines, outcomes.products):
            kept.count().to_pyarrow()


def measured_speed(folder: Path) -> Speed:
    """Return how fast bundles are on the lines that are recorded in a store.

    Args:
        folder: of the store.
    """
    words = [sys.executable, __file__, "--only", str(folder)]
    return Speed(**json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


def _written(folder: Path, lines: str, parameters: Mapping[str, str]) -> None:
    """Write the lines as files that a shop can record."""
    (folder / "shop.toml").write_text(_DECIDED, encoding="utf-8")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE lines AS {lines}", dict(parameters))
    (n_own,) = connection.sql("SELECT count(*) FROM lines").fetchone() or (0,)
    copies = -(-LINES // n_own)
    kept = round(LINES / copies / n_own * 1_000_000)
    connection.execute(_COPIED, {"copies": copies, "kept": kept})
    connection.execute(_PARTS, {"files": _FILES})
    for part in range(1, _FILES + 1):
        connection.sql(_PART, params={"part": part}).write_parquet(str(folder / f"train-{part:02}.parquet"))


def learn(folder: Path) -> dict[str, float]:
    """Learn from a recorded store, and answer carts; return what is told of it."""
    shop = open_shop(folder / "shop.toml")
    began = time.perf_counter()
    policy = Bundles(BundlesConfig())
    policy.fit(shop.facts.outcomes())
    seconds = time.perf_counter() - began
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    learnt = policy.learnt().metrics
    products = policy.to_plain()["products"]
    rng = np.random.default_rng(1)
    taken = []
    for number in range(ASKED):
        cart = tuple(products[n] for n in rng.choice(len(products), IN_CART, replace=False))
        ask = Ask("cart", f"v{number}", cart, explores=True)
        asked = time.perf_counter()
        offers, _scores, _because = policy.decide(ask)
        policy.propensities(ask, offers)
        taken.append(time.perf_counter() - asked)
    n_lines = int(shop.facts.outcomes().order_lines.count().to_pyarrow().as_py())
    shop.drop()
    return {
        "n_lines": n_lines,
        "n_orders": int(learnt["orders"]),
        "n_pairs": int(learnt["pairs"]),
        "seconds": seconds,
        "gigabytes": int(found.group(1)) * 1024 / 1e9 if found else float("nan"),
        "p99": float(np.quantile(taken, 0.99)) * 1_000,
    }


def main() -> None:
    """Learn from a folder, for the process that waits for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=Path, required=True)
    print(json.dumps(learn(parser.parse_args().only)))


if __name__ == "__main__":
    main()
