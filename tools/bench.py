"""Time the product against hand-written DuckDB in one run, and print ratios.

1. Recording a million events from Parquet, against DuckDB reading and writing the same file.
2. One audit over a year of ten million events, against the same aggregates in hand-written SQL, `tools/bench_by_hand.sql`,
   over the same files; both checked to give the same figures, each in a process of its own whose peak memory is printed.
3. The same audit after one more day of events, against the first, storing included: the facts are kept up, not computed
   again.
4. A thousand trials of each split on the past of the same shop, looks included, against one verdict on it.

Absolute times depend on the machine; the ratios are what is promised: under 3, under 1.5 and under 0.2, memory under 2 GiB.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from counterclick.config import Config, load
from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate
from counterclick.store import Store
from counterclick.store.sources import connect

MILLION = 142_000
"""Visitors that make a million events."""
TEN_MILLION = 6
"""Default shops that make ten million."""
BY_HAND = Path(__file__).with_name("bench_by_hand.sql")
REPEATS = 5
YEAR = ShopTruth(weeks=52, starts_on=date(2025, 1, 6))
"""One of the shops of `TEN_MILLION`: a year, in which its experiments run."""
LAST_DAY = datetime(2025, 12, 19, tzinfo=UTC)
"""The day of `keeping`, while the experiments run."""
EFFORT = {"seconds", "closing", "mebibytes"}
"""What is no figure of the shop."""


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def write_events(path: Path, truth: ShopTruth, seed: int) -> int:
    """Write a simulated shop's events as Parquet; return how many."""
    events = simulate(truth, seed=seed).events.drop_columns(["received_at", "source"])
    pq.write_table(events, path)
    return int(events.num_rows)


def peak_mebibytes() -> float:
    """Return the most memory that this process has had resident; a parent's does not count where Linux tells them apart."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        if found:
            return int(found.group(1)) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(who: str, folder: Path) -> dict[str, float]:
    """Audit in a process of its own, by the product or by hand; return seconds, memory and figures."""
    command = [sys.executable, __file__, "--only", who, "--folder", str(folder)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(found.stdout)
    return figures


def compare(one: dict[str, float], other: dict[str, float], how: str, otherwise: str) -> None:
    """Stop where figures that should be the same are not."""
    for figure in sorted(set(one) & set(other) - EFFORT):
        if not math.isclose(one[figure], other[figure], rel_tol=1e-9, abs_tol=1e-9):
            print(f"DIFFERENT {figure}: {one[figure]} {how}, {other[figure]} {otherwise}")
            sys.exit(1)


def recording(folder: Path) -> None:
    """Time recording against DuckDB's reading and writing, in turn."""
    n_events = write_events(folder / "million.parquet", ShopTruth(visitors=MILLION), 1)
    source, target = folder / "million.parquet", folder / "copy.parquet"
    copies, records = [], []
    for turn in range(REPEATS + 1):
        place = folder / f"shop{turn}"
        place.mkdir()
        (place / "shop.toml").write_text("", encoding="utf-8")
        connection = duckdb.connect()
        copy = f"COPY (SELECT * FROM read_parquet('{source}')) TO '{target}' (FORMAT parquet)"  # noqa: S608 - our paths
        copied = timed(partial(connection.execute, copy))
        with open_shop(place / "shop.toml") as shop:
            recorded = timed(partial(shop.record, source))
        if turn:  # the first is a warm-up
            copies.append(copied)
            records.append(recorded)
    ratio = statistics.median(r / c for r, c in zip(records, copies, strict=True))
    print(f"recording {n_events:,} events: {statistics.median(records):.2f} s")
    print(f"DuckDB reads and writes the same file: {statistics.median(copies):.2f} s")
    print(f"ratio {ratio:.2f} (goal: under 3), median of {REPEATS} pairs")


def record_a_year(folder: Path, truth: ShopTruth = YEAR) -> int:
    """Make a shop of `TEN_MILLION` simulated ones in a folder, its experiments declared; return how many events it has."""
    (folder / "shop.toml").write_text(simulate(replace(truth, visitors=100), seed=1).config(), encoding="utf-8")
    n_events = 0
    with open_shop(folder / "shop.toml") as shop:
        for seed in range(TEN_MILLION):
            write_events(folder / "part.parquet", truth, seed)
            n_events += shop.record(folder / "part.parquet").n_events
        for name in shop.config.experiments:
            shop.experiment(name)
    return n_events


def auditing(folder: Path) -> None:
    """Time one audit over ten million events against hand-written SQL over the same log."""
    n_events = record_a_year(folder)
    runs: dict[str, list[dict[str, float]]] = {"audit": [], "by hand": []}
    for _ in range(3):
        for who, runs_of in runs.items():
            shutil.rmtree(folder / ".counterclick" / "facts", ignore_errors=True)
            runs_of.append(in_a_process(who, folder))
    ours, theirs = runs["audit"][0], runs["by hand"][0]
    compare(ours, theirs, "by the audit", "by hand")
    ratio = statistics.median(a["seconds"] / b["seconds"] for a, b in zip(runs["audit"], runs["by hand"], strict=True))
    shared = len(set(ours) & set(theirs)) - 2
    print(
        f"auditing {n_events:,} events: {statistics.median(r['seconds'] for r in runs['audit']):.2f} s, "
        f"peak {max(r['mebibytes'] for r in runs['audit']):,.0f} MiB (goal: under 2,048)"
    )
    print(
        f"the same by hand: {statistics.median(r['seconds'] for r in runs['by hand']):.2f} s, "
        f"peak {max(r['mebibytes'] for r in runs['by hand']):,.0f} MiB; {shared} figures agree to 1e-9"
    )
    print(f"ratio {ratio:.2f} (goal: under 1.5), median of 3 pairs")


def keeping(folder: Path) -> None:
    """Time one audit, and another one after one more day of events, each in a process of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "shop.toml").write_text(simulate(replace(YEAR, visitors=100), seed=1).config(), encoding="utf-8")
    days = []
    with open_shop(folder / "shop.toml") as shop:
        n_before = 0
        for seed in range(TEN_MILLION):
            events = simulate(YEAR, seed=seed).events.drop_columns(["received_at", "source"])
            when = pc.cast(events["occurred_at"], pa.int64())
            begin, end = (int(moment.timestamp()) * 1_000_000 for moment in (LAST_DAY, LAST_DAY + timedelta(days=1)))
            pq.write_table(events.filter(pc.less(when, begin)), folder / "part.parquet")
            n_before += shop.record(folder / "part.parquet").n_events
            days.append(events.filter(pc.and_(pc.greater_equal(when, begin), pc.less(when, end))))
        for name in shop.config.experiments:
            shop.experiment(name)
    facts = folder / ".counterclick" / "facts"
    runs: dict[str, list[dict[str, float]]] = {"first": [], "second": []}
    for _ in range(REPEATS):
        shutil.rmtree(facts, ignore_errors=True)
        runs["first"].append(in_a_process("audit", folder))
    shutil.copytree(facts, folder / "facts")
    pq.write_table(pa.concat_tables(days), folder / "day.parquet")
    with open_shop(folder / "shop.toml") as shop:
        n_day = shop.record(folder / "day.parquet").n_events
    for _ in range(REPEATS):
        shutil.rmtree(facts)
        shutil.copytree(folder / "facts", facts)
        runs["second"].append(in_a_process("audit", folder))
    shutil.rmtree(facts)
    compare(runs["second"][0], in_a_process("audit", folder), "kept up", "anew")
    first, second = (statistics.median(run["seconds"] for run in runs[which]) for which in ("first", "second"))
    closing, again = (statistics.median(run["closing"] for run in runs[which]) for which in ("first", "second"))
    size = sum(path.stat().st_size for path in (folder / "facts").iterdir()) / 2**20
    print(
        f"auditing {n_before:,} events: {first:.2f} s; storing its facts, after the answer: {closing:.2f} s, {size:,.0f} MiB"
    )
    print(
        f"auditing again after one more day of {n_day:,} events: {second:.2f} s, "
        f"peak {max(run['mebibytes'] for run in runs['second']):,.0f} MiB"
    )
    whole = (second + again) / (first + closing)
    print(f"ratio {whole:.2f} (goal: under 0.2), of the answers alone {second / first:.2f}; medians of {REPEATS}")


def calibrating(folder: Path) -> None:
    """Time a thousand trials on the past of the shop that `auditing` recorded, against one verdict."""
    with open_shop(folder / "shop.toml") as shop:
        chat = shop.experiment("chat")
        once = timed(chat.verdict)
        begin = time.perf_counter()
        found = chat.calibrate(lift=0.1, draws=1_000)
        seconds = time.perf_counter() - begin
    print(
        f"calibrating {found.visitors:,} visitors ({found.buyers:,} buyers) x {found.draws:,} draws x {len(found.rates)} "
        f"splits: {seconds:.1f} s (goal: under 120 for a million visitors)"
    )
    print(f"ratio to one verdict: {seconds / once:.1f}")


def one_audit(folder: Path) -> dict[str, float]:
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


def one_by_hand(folder: Path) -> dict[str, float]:
    """Run the hand-written SQL; return seconds, memory and the same figures."""
    config = load(folder / "shop.toml")
    begin = time.perf_counter()
    connection = connect()
    Store(folder / config.shop.store).attach(connection)
    first, last = next((each.starts_on, each.ends_on) for each in config.experiments.values())
    for name, day in (("begins", first), ("ends", last + timedelta(days=1))):
        connection.execute(f"SET VARIABLE {name} = TIMESTAMPTZ '{day} 00:00:00 {config.shop.timezone}'")
    connection.execute(BY_HAND.read_text(encoding="utf-8"))
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
    figures |= lifts_by_hand(config, connection)
    return figures | {"seconds": time.perf_counter() - begin}


def lifts_by_hand(config: Config, connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
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
    """Run what the command line asks for; both benchmarks by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["recording", "auditing", "keeping", "audit", "by hand"])
    parser.add_argument("--folder", type=Path, help="where to keep the files; a temporary folder unless given")
    arguments = parser.parse_args()
    if arguments.only in ("audit", "by hand"):
        figures = (one_audit if arguments.only == "audit" else one_by_hand)(arguments.folder)
        figures["mebibytes"] = peak_mebibytes()
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory(prefix="counterclick-bench-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.only in (None, "recording"):
            recording(folder)
        if arguments.only in (None, "auditing"):
            auditing(folder)
            calibrating(folder)
        if arguments.only in (None, "keeping"):
            keeping(folder / "kept")


if __name__ == "__main__":
    main()
