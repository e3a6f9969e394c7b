"""A surface that does nothing, drawn at random over the customers of a real store: what it claims, and what it earns.

Every customer of UCI Online Retail who ordered before the autumn of 2011 becomes eligible at a random moment of five weeks,
half of them "with" a surface that does not exist. On each day it is drawn whether such a customer "clicked" it, whatever
the customer ordered. So the truth is nothing; all that a rule of attribution gives it is inflation. Orders that name no
customer are left out. Writes docs/proof/placebo.md.

    python tools/placebo.py FILE [--draws N]
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from counterclick.audits.ledger import WINDOWS
from counterclick.audits.page import Audit
from counterclick.display import percent, signed_percent
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop, open_shop

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "proof" / "placebo.md"
STARTS = datetime(2011, 9, 5, tzinfo=UTC)
WEEKS = 5
SHARE = 0.15
"""Of days on which a customer of the placebo's arm "clicks" it."""
ARMS = {"nothing": 0.5, "placebo": 0.5}
EXTRA = f"""
[surfaces.placebo]
monthly_cost = 500

[experiments.placebo]
surface = "placebo"
control = "nothing"
variants = {{ nothing = 0.5, placebo = 0.5 }}
starts_on = {STARTS:%Y-%m-%d}
ends_on = {STARTS + timedelta(weeks=WEEKS, days=-1):%Y-%m-%d}
window = "28d"
looks = "end"
"""


def customers(file: Path) -> list[tuple[str, bool]]:
    """Return all customers, each with whether it had ordered before the experiment began."""
    rows = duckdb.execute(
        "SELECT CustomerID, min(strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S')) < ? FROM read_parquet(?) "
        "WHERE CustomerID <> '' AND InvoiceNo NOT LIKE 'C%' GROUP BY CustomerID ORDER BY CustomerID",
        [STARTS.replace(tzinfo=None), str(file)],
    ).fetchall()
    return [(str(customer), bool(before)) for customer, before in rows]


def placebo(known: list[tuple[str, bool]], seed: int) -> Iterator[dict[str, Any]]:
    """Yield who each customer is, when it became eligible, and its "clicks": none of it depends on any order."""
    rng = np.random.default_rng(seed)
    span = timedelta(weeks=WEEKS) / timedelta(seconds=1)
    for customer, ordered_before in known:
        visitor, begins = f"d{seed}-{customer}", STARTS + timedelta(seconds=float(rng.uniform(0, span)))
        arm = assign("placebo", visitor, ARMS)
        own = {"visitor_id": visitor}
        yield _event("identify", STARTS - timedelta(days=1), own, customer_id=customer)
        if not ordered_before:
            continue
        yield _event("exposure", begins, own, experiment="placebo", variant=arm, surface="placebo")
        if arm != "placebo":
            continue
        for day in np.flatnonzero(rng.random(28) < SHARE):
            at = begins + timedelta(days=int(day), seconds=float(rng.uniform(0, 86_400)))
            yield _event("select_item", at, own, surface="placebo", product_id="22423")


def _event(kind: str, at: datetime, own: dict[str, str], **fields: str) -> dict[str, Any]:
    return {"kind": kind, "occurred_at": at.isoformat(), **own, **fields}


def recorded_store(folder: Path, file: Path) -> Shop:
    """Return the store of Online Retail, without the orders that name no customer, and with the experiment declared."""
    toml = (ROOT / "examples" / "online_retail" / "shop.toml").read_text(encoding="utf-8")
    nobody = 'skip = [\n  { named = "no customer", where = "CustomerID IS NULL OR CustomerID = \'\'" },'
    (folder / "shop.toml").write_text(toml.replace("skip = [", nobody) + EXTRA, encoding="utf-8")
    shop = open_shop(folder / "shop.toml")
    shop.record(file)
    return shop


def with_placebo(shop: Shop, folder: Path, file: Path, seed: int) -> Shop:
    """Record a placebo's events."""
    path = folder / f"placebo-{seed}.jsonl"
    path.write_text("\n".join(json.dumps(event) for event in placebo(customers(file), seed)), encoding="utf-8")
    shop.record(path)
    return shop


def drawn(folder: Path, file: Path, seed: int, recorded: Path) -> Audit:
    """Return the audit of one draw, on a copy of the recorded store."""
    place = folder / str(seed)
    shutil.copytree(recorded, place)
    with open_shop(place / "shop.toml") as shop:
        audit = with_placebo(shop, place, file, seed).audit()
    shutil.rmtree(place)
    return audit


def page(audits: list[Audit]) -> str:
    """Return the docs page of some draws."""
    first = audits[0].claims
    line = next(each for each in first.lines if each.surface == "placebo")
    verdict = line.verdict
    if verdict is None or verdict.lift is None or verdict.lift_lower is None or verdict.lift_upper is None:
        raise SystemExit(f"the placebo has no verdict: {line.refused}")
    outcomes = Counter(each.verdict.outcome for audit in audits for each in audit.claims.lines if each.verdict)
    ways = [each for each in first.ledger.inflation if each.surface == "placebo"]
    table = [f"| {each.way} | " + " | ".join(percent(each.shares[label], 1) for label in WINDOWS) + " |" for each in ways]
    ends = f"[{signed_percent(verdict.lift_lower)}, {signed_percent(verdict.lift_upper)}]"
    told = ", ".join(f"{outcomes[name]} {name}" for name in ("won", "lost", "inconclusive", "invalid"))
    return f"""<!-- Made by tools/placebo.py from public data; change the tool, then run it again. -->

# A surface that does nothing, and what it claims

UCI Online Retail is one real store. Over its customers a surface was drawn that does not exist: half of those who had
ordered before {STARTS:%Y-%m-%d} "have" it, and on {percent(SHARE, 0)} of their days in four weeks they "click" it, whatever
they ordered. Nothing of it can have sold anything. This is what each way of counting gives it of the year's revenue:

| way | {" | ".join(WINDOWS)} |
|---|{"---|" * len(WINDOWS)}
{chr(10).join(table)}

Of the revenue of the customers who "had" it, within 28 days, it would claim {percent(line.claimed)} by any click in 7
days, and the shop's rule ({first.ledger.rule}) credits it with {percent(line.attributed)}. Its holdout says:
**{verdict.outcome}**, revenue per visitor {signed_percent(verdict.lift)} {ends}.

Over {len(audits)} such draws the verdicts were: {told}. A test at 5 % is wrong in 5 of 100, half of them wins.

So attribution measures how often people meet a surface before they buy. It cannot measure whether they bought because of it.

Made with `python tools/placebo.py online_retail.parquet --draws {len(audits)}`.
"""


def main() -> None:
    """Run the draws and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--draws", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterclick-placebo-") as temporary:
        folder = Path(temporary)
        recorded = folder / "recorded"
        recorded.mkdir()
        recorded_store(recorded, arguments.file).close()
        audits = [drawn(folder, arguments.file, seed, recorded) for seed in range(arguments.draws)]
    PAGE.write_text(page(audits), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
