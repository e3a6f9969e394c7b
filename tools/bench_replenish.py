"""Time a million customers foreseen by `Shop.replenish`: in a fresh process, by a fitted model, a share left out by lot.

The customers are made up: each buys two types of product of 200, about every so many days, until it leaves. The goal is a
minute for scoring and recording who is eligible; fitting, which is done beforehand, is timed beside it.

    python tools/bench_replenish.py [--customers 1000000]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from counterclick.display import count
from counterclick.shop import open_shop

GOAL = 60.0
BEGINS, DAYS, TYPES, PARTS = date(2025, 1, 6), 400, 200, 10
TODAY = BEGINS + timedelta(days=DAYS)
TOML = f"""
[surfaces.email]
[experiments.reminders]
surface = "email"
unit = "customer"
control = "nothing"
variants = {{ nothing = 0.2, replenish = 0.8 }}
window = "42d"
looks = "end"
starts_on = {TODAY}
ends_on = {TODAY + timedelta(days=27)}

[tables.bought]
file = "bought_*.parquet"
[[tables.bought.events]]
kind = "purchase"
group_by = ["order_id"]
fields = {{ occurred_at = "placed_at", order_id = "order_id", customer_id = "customer_id" }}
lines = {{ product_id = "product_id", quantity = "1", unit_price = "price" }}

[tables.goods]
file = "goods_*.parquet"
[[tables.goods.events]]
kind = "product"
fields = {{ occurred_at = "told_at", product_id = "product_id", category = "category" }}
"""
BOUGHT = """
    COPY (
        WITH pairs AS (
            SELECT who, nth, (hash(who, nth, 1) % $types)::INTEGER AS type, 15 + hash(who, nth, 2) % 60 AS gap,
                hash(who, nth, 3) % $days AS first,
                1 + (hash(who, nth, 4) % 100 < 60)::INTEGER * (hash(who, nth, 5) % 8) AS most
            FROM range($begin, $end) AS c (who), range(2) AS t (nth)
        ), bought AS (
            SELECT who, type, least($days - 1, first + n * gap + hash(who, nth, n) % (1 + gap // 4))::INTEGER AS day
            FROM pairs, range(9) AS r (n) WHERE n < most AND first + n * gap < $days - gap // 4 - 1
        )
        SELECT DISTINCT 'c' || lpad(who::VARCHAR, 8, '0') AS customer_id, 'o' || who || '-' || day AS order_id,
            'p' || (2 * type + hash(who, day) % 2) AS product_id, 5 + (hash(who, 6) % 4000) / 100.0 AS price,
            $begins::DATE::TIMESTAMP + INTERVAL (day) DAY + INTERVAL 10 HOUR AS placed_at
        FROM bought ORDER BY placed_at, order_id, product_id
    ) TO '{file}' (FORMAT parquet)
"""
GOODS = """
    COPY (SELECT 'p' || n AS product_id, 'type ' || n // 2 AS category, $begins::DATE::TIMESTAMP AS told_at
        FROM range(2 * $types) AS r (n)) TO '{file}' (FORMAT parquet)
"""


def made(folder: Path, customers: int) -> None:
    """Record a shop of so many customers."""
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    goods, bought = folder / "goods_0.parquet", [folder / f"bought_{n}.parquet" for n in range(PARTS)]
    connection = duckdb.connect()
    connection.execute(GOODS.format(file=goods), {"types": TYPES, "begins": BEGINS})
    ends = [customers * n // PARTS for n in range(PARTS + 1)]
    for file, begin, end in zip(bought, ends[:-1], ends[1:], strict=True):
        asked = {"types": TYPES, "begins": BEGINS, "days": DAYS, "begin": begin, "end": end}
        connection.execute(BOUGHT.format(file=file), asked)
    with open_shop(folder / "shop.toml") as shop:
        n_events = sum(shop.record(file).n_events for file in (goods, *bought))
    print(f"{count(n_events)} events recorded.")


def timed(folder: Path, verb: str) -> None:
    """Ask one verb in this process, and print its seconds and what came of it."""
    began = time.perf_counter()
    with open_shop(folder / "shop.toml") as shop:
        if verb == "fit":
            told: dict[str, object] = {"missing": [*shop.fit(["replenish"]).fitted[0].model.missing]}
        else:
            found = shop.replenish(TODAY)
            told = {"rows": found.rows.num_rows, "reminded": found.n_reminded, "left_out": found.n_left_out}
            told |= {"customers": found.n_scored, "missing": list(found.missing)}
        seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**told, "seconds": seconds, "memory_mb": memory}))


def main() -> int:
    """Make a shop, fit, score in fresh processes, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--verb", choices=("fit", "replenish"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.verb:
        timed(given.folder, given.verb)
        return 0
    with tempfile.TemporaryDirectory(prefix="counterclick-replenish-") as temporary:
        folder = Path(temporary)
        made(folder, given.customers)
        told = {}
        for name in ("fit", "replenish", "replenish, again"):
            words = [sys.executable, __file__, "--verb", name.partition(",")[0], "--folder", temporary]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            told[name] = json.loads(done.stdout)
            print(f"{name}: {told[name]}")
    first = told["replenish"]
    says = "within" if first["seconds"] < GOAL else "beyond"
    print(f"{count(first['customers'])} customers in {first['seconds']:.1f} s, {says} the goal of {GOAL:.0f} s.")
    return 0 if first["seconds"] < GOAL and first["rows"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
