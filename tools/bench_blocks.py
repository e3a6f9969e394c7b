"""Time `counterclick blocks`: 10,000 and 100,000 recipients of one campaign, each arm's blocks made and everybody recorded.

The customers are made up: each has three orders of two or three products out of 2,000, some of which go together. Half of
the recipients are shown bestsellers, half what goes with their last order. The command runs in a process of its own, from
its beginning to its end, with a file in and a file out. The goal is 5,000 recipients a second.

    python tools/bench_blocks.py [--customers 200000]
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from counterclick.display import count
from counterclick.shop import open_shop

GOAL = 5_000.0
BEGINS, DAYS, PRODUCTS, PARTS = date(2025, 10, 6), 120, 2_000, 10
SENT = BEGINS + timedelta(days=DAYS)
LISTS = (10_000, 100_000)
TOML = f"""
[surfaces.newsletter]
[experiments.letter]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
variants = {{ bestsellers = 0.5, bundles = 0.5 }}
window = "7d"
looks = "end"
starts_on = {SENT}
ends_on = {SENT}

[tables.bought]
file = "bought_*.parquet"
[[tables.bought.events]]
kind = "purchase"
group_by = ["order_id"]
fields = {{ occurred_at = "placed_at", order_id = "order_id", customer_id = "customer_id" }}
lines = {{ product_id = "product_id", quantity = "1", unit_price = "price" }}
"""
BOUGHT = """
    COPY (
        WITH placed AS (
            SELECT who, nth, (hash(who, nth, 1) % $products)::INTEGER AS one, hash(who, nth, 2) % $days AS day
            FROM range($begin, $end) AS c (who), range(3) AS o (nth)
        ), listed AS (
            SELECT who, nth, day, unnest(list_distinct([
                one, (one + 1 + hash(who, nth, 3) % 5) % $products, (hash(who, nth, 4) % $products)::INTEGER
            ])) AS product FROM placed
        )
        SELECT 'c' || lpad(who::VARCHAR, 8, '0') AS customer_id, 'o' || who || '-' || nth AS order_id,
            'p' || lpad(product::VARCHAR, 5, '0') AS product_id, 5 + (hash(product) % 4000) / 100.0 AS price,
            $begins::DATE::TIMESTAMP + INTERVAL (day) DAY + INTERVAL (8 + nth) HOUR AS placed_at
        FROM listed ORDER BY placed_at, order_id, product_id
    ) TO '{file}' (FORMAT parquet)
"""


def made(folder: Path, customers: int) -> None:
    """Record a shop of so many customers, and fit its policies."""
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    files, ends = [], [customers * n // PARTS for n in range(PARTS + 1)]
    with duckdb.connect() as connection:
        for begin, end in itertools.pairwise(ends):
            files.append(folder / f"bought_{begin}.parquet")
            asked = {"products": PRODUCTS, "days": DAYS, "begin": begin, "end": end, "begins": BEGINS}
            connection.execute(BOUGHT.format(file=files[-1]), asked)
    with open_shop(folder / "shop.toml") as shop:
        n_events = sum(shop.record(file).n_events for file in files)
        fitted = {each.model.name: each.model for each in shop.fit(["bundles", "bestsellers"]).fitted}
    print(f"{count(n_events)} orders recorded; pairs: {fitted['bundles'].metrics['pairs']:,.0f}.")


def timed(folder: Path, recipients: int) -> float:
    """Return the seconds of the command for so many recipients, a third of whom never bought anything."""
    listed, out = folder / f"recipients-{recipients}.csv", folder / f"blocks-{recipients}.csv"
    names = (f"{'c' if n % 3 else 'new'}{n:08}" for n in range(recipients))
    listed.write_text("\n".join(["customer_id", *names]) + "\n", encoding="utf-8")
    words = ["blocks", "letter", str(listed), "--out", str(out), "--today", str(SENT), "--shop", str(folder / "shop.toml")]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "counterclick", *words], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    written = out.read_text(encoding="utf-8").count("\n") - 1
    if written != recipients:
        raise RuntimeError(f"{written} rows were written for {recipients} recipients")
    return seconds


def main() -> int:
    """Make a shop, time each list of recipients, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterclick-blocks-") as temporary:
        folder = Path(temporary)
        made(folder, given.customers)
        rates = []
        for recipients in LISTS:
            for again in ("", ", asked again"):
                seconds = timed(folder, recipients)
                rates.append(recipients / seconds)
                says = f"{count(recipients)} recipients{again}: {seconds:.1f} s, {rates[-1]:,.0f} a second"
                print(says)
    return 0 if rates[-1] >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
