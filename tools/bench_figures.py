"""The same audit twice, each in a process of its own: by the product, and by an analyst's own SQL over the same log.

    python tools/bench_figures.py audit FOLDER
    python tools/bench_figures.py "by hand" FOLDER

Prints JSON: the figures, seconds, and the most memory that the process had.
"""

from __future__ import annotations

import json
import math
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb

from counterclick.config import Config, load
from counterclick.shop import open_shop
from counterclick.store import Store
from counterclick.store.sources import connect

__all__ = ["EFFORT", "audited", "by_hand", "compare", "in_a_process", "peak_mebibytes", "timed"]

_BY_HAND = Path(__file__).with_name("bench_by_hand.sql")
EFFORT = {"seconds", "closing", "mebibytes"}
"""What is no figure of the shop."""


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def peak_mebibytes() -> float:
    """Return the most memory that this process has had resident; a parent's does not count where Linux tells them apart."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        if found:
            return int(found.group(1)) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(who: str, folder: Path) -> dict[str, float]:
    """Audit in a process of its own, by the product or by hand; return seconds, memory and figures.

    Raises:
        RuntimeError: it failed; its last words are told.
    """
    command = [sys.executable, __file__, who, str(folder)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    if found.returncode:
        raise RuntimeError(found.stderr[-2_000:])
    figures: dict[str, float] = json.loads(found.stdout)
    return figures


def compare(one: dict[str, float], other: dict[str, float], how: str, otherwise: str) -> int:
    """Stop where figures that should be the same are not; return how many are the same to 1e-9."""
    shared = sorted(set(one) & set(other) - EFFORT)
    for figure in shared:
        if not math.isclose(one[figure], other[figure], rel_tol=1e-9, abs_tol=1e-9):
            sys.exit(f"DIFFERENT {figure}: {one[figure]} {how}, {other[figure]} {otherwise}")
    return len(shared)


def audited(folder: Path) -> dict[str, float]:
    """Audit; return seconds, memory and figures."""
    begin = time.perf_counter()
    with open_shop(folder / "shop.toml") as shop:
        audit = shop.audit()
        seconds = time.perf_counter() - begin
        closing = timed(shop.close)
    ledger = audit.claims.ledger
    figures: dict[str, float] = {"n_orders": ledger.n_orders, "revenue": ledger.revenue, "net_revenue": ledger.net_revenue}
    figures["claimed_together"] = ledger.claimed / ledger.revenue
    figures["claimed_twice"] = ledger.n_twice / ledger.n_orders
    figures["attributed_together"] = ledger.attributed / ledger.revenue
    for line in audit.claims.lines:
        if line.is_verdict and line.verdict is not None and line.verdict.lift is not None:
            figures[f"{line.experiment} claimed"] = line.claimed
            figures[f"{line.experiment} attributed"] = line.attributed
            figures[f"{line.experiment} base"] = line.base_revenue
            figures[f"{line.experiment} lift"] = line.verdict.lift
            figures[f"{line.experiment} se"] = line.verdict.numbers["se_log"]
    for way in ledger.inflation:
        figures |= {f"{way.surface}, {way.way}, {window}": share for window, share in way.shares.items()}
    for found in audit.drift.experiments:
        lifts = {each.proxy: each.lift.value for each in found.proxies if each.lift is not None}
        figures |= {f"{found.experiment} {proxy}": value for proxy, value in lifts.items()}
    return figures | {"seconds": seconds, "closing": closing}


def by_hand(folder: Path) -> dict[str, float]:
    """Run the hand-written SQL; return seconds, memory and the same figures."""
    config = load(folder / "shop.toml")
    begin = time.perf_counter()
    connection = connect(config.engine.memory)
    Store(folder / config.shop.store).attach(connection)
    first, last = next((each.starts_on, each.ends_on) for each in config.experiments.values())
    for name, day in (("begins", first), ("ends", last + timedelta(days=1))):
        connection.execute(f"SET VARIABLE {name} = TIMESTAMPTZ '{day} 00:00:00 {config.shop.timezone}'")
    connection.execute(_BY_HAND.read_text(encoding="utf-8"))
    whole = connection.execute("SELECT * FROM whole").fetchone()
    names = ("n_orders", "revenue", "net_revenue", "claimed_together", "claimed_twice", "attributed_together")
    figures = dict(zip(names, map(float, whole or ()), strict=True))
    moments = {}
    for experiment, variant, n, total, squares in connection.execute(
        "SELECT experiment, variant, sum(n), sum(s_revenue), sum(p_revenue_revenue) FROM moments GROUP BY ALL"
    ).fetchall():
        mean = total / n
        moments[experiment, variant] = (mean, (squares / n - mean**2) / (n - 1))
    for experiment, claimed, attributed, base in connection.execute("SELECT * FROM shares").fetchall():
        settings = config.experiments[experiment]
        control, feature = moments[experiment, settings.control], moments[experiment, settings.feature]
        figures[f"{experiment} claimed"] = claimed
        figures[f"{experiment} attributed"] = attributed
        figures[f"{experiment} base"] = base
        figures[f"{experiment} lift"] = feature[0] / control[0] - 1
        figures[f"{experiment} se"] = math.sqrt(feature[1] / feature[0] ** 2 + control[1] / control[0] ** 2)
    revenue = figures["revenue"]
    for surface, way, window, total in connection.execute("SELECT * FROM inflation").fetchall():
        figures[f"{surface}, {way}, {window}"] = total / revenue
    figures |= _lifts_by_hand(config, connection)
    return figures | {"seconds": time.perf_counter() - begin}


def _lifts_by_hand(config: Config, connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Return the lift of each proxy in each experiment from the sums of hand-written SQL."""
    visitors = {
        (experiment, variant): n
        for experiment, variant, n in connection.execute(
            "SELECT experiment, variant, sum(n) FROM moments GROUP BY ALL"
        ).fetchall()
    }
    sums = {
        (row[0], row[1]): row[2:7]
        for row in connection.execute(
            "SELECT experiment, variant, clicks, shown, answers, stays, seconds FROM proxies"
        ).fetchall()
    }
    found: dict[str, float] = {}
    for experiment, settings in config.experiments.items():
        levels = []
        for arm in (settings.control, settings.feature):
            clicks, shown, answers, stays, seconds = sums[experiment, arm]
            n = visitors[experiment, arm]
            levels.append(
                {
                    "ctr": clicks / shown if shown else 0.0,
                    "session_length": seconds / stays,
                    "sessions_per_visitor": stays / n,
                    "messages_per_visitor": answers / n,
                }
            )
        control, feature = levels
        found |= {f"{experiment} {name}": feature[name] / control[name] - 1 for name in control if control[name]}
    return found


def main() -> None:
    """Audit as the command line says."""
    _, who, folder = sys.argv
    figures = (audited if who == "audit" else by_hand)(Path(folder))
    print(json.dumps(figures | {"mebibytes": peak_mebibytes()}))


if __name__ == "__main__":
    main()
