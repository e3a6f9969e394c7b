"""Run every benchmark of speed that has a ratio for a goal, and write docs/proof/performance.md.

    python tools/bench.py [--only recording audit calibration moments assignment serving] [--folder FOLDER]

Each part is measured in one run, both sides in turn. What a part came to is kept in the folder, so that parts can be run one
after another. The page is written from what is there, and refused as long as a part has never been run. Simulated years are
kept there as well; the largest shop takes 20 GB of disk while it is measured. An hour and a half on two cores, nearly all of
it the shop of 100 million events.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import bench_assignment
import bench_audit
import bench_moments
import bench_serving
import duckdb
import pyarrow.parquet as pq
from bench_figures import timed
from bench_page import page
from torture_page import machine

from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "proof" / "performance.md"
_MILLION = 142_000
"""Visitors that make a million events."""
_PAIRS = 5


def recording(folder: Path) -> dict[str, Any]:
    """Return how long recording a million events took, beside DuckDB's reading and writing the same file, in turn."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source, target = Path(scratch) / "million.parquet", Path(scratch) / "copy.parquet"
        events = simulate(ShopTruth(visitors=_MILLION), seed=1).events.drop_columns(["received_at", "source"])
        pq.write_table(events, source)
        copies, records = [], []
        for turn in range(_PAIRS + 1):
            place = Path(scratch) / f"shop{turn}"
            place.mkdir()
            (place / "shop.toml").write_text("", encoding="utf-8")
            connection = duckdb.connect()
            whole = connection.read_parquet(str(source))
            copied = timed(partial(whole.write_parquet, str(target)))
            with open_shop(place / "shop.toml") as shop:
                recorded = timed(partial(shop.record, source))
            if turn:  # the first is a warm-up
                copies.append(copied)
                records.append(recorded)
    return {
        "n_events": int(events.num_rows),
        "recorded": statistics.median(records),
        "copied": statistics.median(copies),
        "ratio": statistics.median(r / c for r, c in zip(records, copies, strict=True)),
    }


def parts(folder: Path) -> Mapping[str, Callable[[], Any]]:
    """Return what is measured, by name."""

    def audited(size: int) -> dict[str, Any]:
        found = bench_audit.audited_at(folder, size, 3 if size <= bench_audit.TEN_MILLION else 1)
        return asdict(found) | {"refresh": found.refresh}

    return {
        "recording": partial(recording, folder),
        "calibration": partial(bench_audit.calibrated, folder),
        "moments": lambda: [asdict(each) for each in bench_moments.compared(10_000_000)],
        "assignment": lambda: asdict(bench_assignment.compared(100_000)),
        "serving": lambda: {what: asdict(each) for what, each in bench_serving.served(3, 4.0).items()},
        **{f"audit {size}": partial(audited, size) for size in bench_audit.SIZES},
    }


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", help="parts by name; `audit` stands for its sizes")
    parser.add_argument(
        "--folder", type=Path, help="where simulated years and figures are kept; a temporary folder otherwise"
    )
    parser.add_argument("--page", type=Path, default=_PAGE)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterclick-bench-") as temporary:
        folder = o.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures = folder / "figures.json"
        known: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8")) if figures.exists() else {}
        ways = parts(folder)
        unknown = {*(o.only or ())} - {*ways, "audit"}
        if unknown:
            sys.exit(
                f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(ways)}, and audit for all sizes."
            )
        for name, way in ways.items():
            if o.only is None or name in o.only or name.split()[0] in o.only:
                known[name] = {"figures": way(), "machine": machine()}
                print(name, known[name], flush=True)
                figures.write_text(json.dumps(known, indent=1), encoding="utf-8")
        missing = [name for name in ways if name not in known]
        if missing:
            sys.exit(f"the page is not written: {', '.join(missing)} were never measured in {folder}.")
        o.page.write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
