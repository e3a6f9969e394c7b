"""Time a whole audit of simulated shops of several sizes beside hand-written SQL, and again after one more day of events.

    python tools/bench_audit.py [--sizes 1 6 60] [--folder FOLDER]

A size is a number of simulated years of 1.7 million events, laid together in one shop. The day is one on which its
experiments run. Both sides run in processes of their own, in turn; their figures are compared.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from bench_figures import compare, in_a_process, timed

from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate

__all__ = ["SIZES", "TEN_MILLION", "YEAR", "Audited", "audited_at", "calibrated", "record_a_year"]

SIZES = (1, 6, 60)
"""Simulated years: from 1.7 to 100 million events."""
TEN_MILLION = 6
YEAR = ShopTruth(weeks=52, starts_on=date(2025, 1, 6))
"""One of the shops that are laid together: a year, in which its experiments run."""
_DAY = datetime(2025, 12, 19, tzinfo=UTC)
"""The day that is added."""
_MEBIBYTE = 2**20
_MEMORY = "5GB"
"""What both sides' databases may take in shops of more than ten million events; 1.5 GB in others."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What one size came to; seconds and mebibytes are medians and the most of its runs.

    Attributes:
        n_events: of the shop.
        n_pairs: how often both sides ran.
        recorded: seconds that recording them took.
        audit: seconds of the audit, nothing kept.
        closing: seconds after its answer, in which facts are stored.
        peak: MiB of its process.
        by_hand: seconds of the hand-written SQL.
        by_hand_peak: MiB of its process.
        ratio: median of pairs.
        n_figures: that agree to 1e-9.
        n_day: events of the day that is added.
        again: seconds of the audit after it, facts kept.
        again_closing: seconds after its answer.
        again_peak: MiB of its process.
        log: MiB of the log.
        facts: MiB of what is kept.
    """

    n_events: int
    n_pairs: int
    recorded: float
    audit: float
    closing: float
    peak: float
    by_hand: float
    by_hand_peak: float
    ratio: float
    n_figures: int
    n_day: int
    again: float
    again_closing: float
    again_peak: float
    log: float
    facts: float

    @property
    def refresh(self) -> float:
        """What one more day costs, storing included, as a fraction of the first audit with its own."""
        return (self.again + self.again_closing) / (self.audit + self.closing)


def parts(folder: Path, size: int, truth: ShopTruth = YEAR) -> list[tuple[Path, Path]]:
    """Simulate years, once; return each one's events before the day and those of it, as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    begin, end = (int(moment.timestamp()) * 1_000_000 for moment in (_DAY, _DAY + timedelta(days=1)))
    found = []
    for seed in range(size):
        before, day = folder / f"year{seed}.parquet", folder / f"day{seed}.parquet"
        if not day.exists():
            events = simulate(truth, seed=seed).events.drop_columns(["received_at", "source"])
            when = pc.cast(events["occurred_at"], pa.int64())
            pq.write_table(events.filter(pc.less(when, begin)), before)
            pq.write_table(events.filter(pc.and_(pc.greater_equal(when, begin), pc.less(when, end))), day)
        found.append((before, day))
    return found


def record_a_year(folder: Path, truth: ShopTruth = YEAR, size: int = TEN_MILLION) -> int:
    """Make a shop of several simulated ones in a folder, its experiments declared; return how many events it has."""
    files = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for seed in range(size):
            files.append(Path(scratch) / f"{seed}.parquet")
            pq.write_table(simulate(truth, seed=seed).events.drop_columns(["received_at", "source"]), files[-1])
        return record(folder, files, truth)


def record(folder: Path, files: list[Path], truth: ShopTruth = YEAR) -> int:
    """Record files in a new shop, its experiments declared; return how many events it has."""
    memory = f'[engine]\nmemory = "{_MEMORY}"\n' if len(files) > TEN_MILLION else ""
    (folder / "shop.toml").write_text(simulate(replace(truth, visitors=100), seed=1).config() + memory, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        n_events = sum(shop.record(file).n_events for file in files)
        for name in shop.config.experiments:
            shop.experiment(name)
    return n_events


def audited_at(folder: Path, size: int, repeats: int) -> Audited:
    """Return what a shop of a size came to.

    Args:
        folder: whose ``parts`` are made once for all sizes; the shop itself is deleted in the end.
        size: simulated years.
        repeats: pairs of both sides, and audits after the day.
    """
    files, shop = parts(folder / "parts", size), folder / f"shop{size}"
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir()
    n_events = 0

    def recording() -> None:
        nonlocal n_events
        n_events = record(shop, [before for before, _day in files])

    recorded = timed(recording)
    facts, kept = shop / ".counterclick" / "facts", shop / "kept"
    ours, theirs = [], []
    for _ in range(repeats):
        shutil.rmtree(facts, ignore_errors=True)
        ours.append(in_a_process("audit", shop))
        theirs.append(in_a_process("by hand", shop))
    n_figures = compare(ours[0], theirs[0], "by the audit", "by hand")
    shutil.copytree(facts, kept)
    pq.write_table(pa.concat_tables(pq.read_table(day) for _before, day in files), shop / "day.parquet")
    with open_shop(shop / "shop.toml") as opened:
        n_day = opened.record(shop / "day.parquet").n_events
    again = []
    for _ in range(repeats):
        shutil.rmtree(facts)
        shutil.copytree(kept, facts)
        again.append(in_a_process("audit", shop))
    shutil.rmtree(facts)
    compare(again[0], in_a_process("audit", shop), "kept up", "anew")
    found = Audited(
        n_events=n_events,
        n_pairs=repeats,
        recorded=recorded,
        audit=_median(ours, "seconds"),
        closing=_median(ours, "closing"),
        peak=max(run["mebibytes"] for run in ours),
        by_hand=_median(theirs, "seconds"),
        by_hand_peak=max(run["mebibytes"] for run in theirs),
        ratio=statistics.median(a["seconds"] / b["seconds"] for a, b in zip(ours, theirs, strict=True)),
        n_figures=n_figures,
        n_day=n_day,
        again=_median(again, "seconds"),
        again_closing=_median(again, "closing"),
        again_peak=max(run["mebibytes"] for run in again),
        log=_mebibytes(shop / ".counterclick" / "log"),
        facts=_mebibytes(kept),
    )
    shutil.rmtree(shop)
    return found


def _median(runs: list[dict[str, float]], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def _mebibytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _MEBIBYTE


def calibrated(folder: Path) -> dict[str, float]:
    """Return what a thousand trials of each split on the past of a shop of ten million events took, beside one verdict."""
    shop = folder / "calibrated"
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir()
    record(shop, [before for before, _day in parts(folder / "parts", TEN_MILLION)])
    with open_shop(shop / "shop.toml") as opened:
        chat = opened.experiment("chat")
        once = timed(chat.verdict)
        begin = time.perf_counter()
        found = chat.calibrate(lift=0.1, draws=1_000)
        seconds = time.perf_counter() - begin
    shutil.rmtree(shop)
    return {
        "verdict": once,
        "trials": seconds,
        "visitors": found.visitors,
        "buyers": found.buyers,
        "draws": found.draws,
        "splits": len(found.rates),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where simulated years are kept; a temporary folder unless given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterclick-bench-") as temporary:
        for size in arguments.sizes:
            found = audited_at(arguments.folder or Path(temporary), size, arguments.repeats)
            print(asdict(found) | {"refresh": found.refresh}, flush=True)


if __name__ == "__main__":
    main()
