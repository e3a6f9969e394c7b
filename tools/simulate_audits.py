"""How often the audit names each surface of a simulated shop correctly: 100 shops of known truth.

Each shop has bundles that work (+12 %), a search that works (+9 %), an idle chat (0 %), a clickbait nudge (clicks up by
60 %, revenue down by 10 %), and e-mail blocks that do nothing while their tool claims every order within five days of an
opened message. Writes docs/proof/audits.md.

    python tools/simulate_audits.py [--shops N] [--processes N]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from scipy import stats

from counterclick.display import percent
from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate

PAGE = Path(__file__).parent.parent / "docs" / "proof" / "audits.md"
WEEKS = 14
"""Long enough for the 90-day rule."""
RIGHT = {
    "cart": ("bundles that work, +12 %", "keep"),
    "search": ("a search that works, +9 %", "keep"),
    "chat": ("an idle chat, 0 %", "switch off"),
    "nudges": ("clickbait: clicks +60 %, revenue -10 %", "switch off"),
    "email": ("blocks that do nothing", "switch off"),
}
"""surface -> what is true of it, and what to do with it."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the audit said of one shop.

    Attributes:
        actions: surface -> keep, switch off, test, or too early.
        rules: surface -> the rule that said so.
        alarms: surfaces on which a proxy drifts.
        theatre: surfaces with green arrows and no money.
        opens: whether the tool was found to count opens.
        misaligned: surfaces that are tuned on a proxy.
    """

    actions: dict[str, str]
    rules: dict[str, str]
    alarms: frozenset[str]
    theatre: frozenset[str]
    opens: bool
    misaligned: frozenset[str]


def audited(seed: int, visitors: int) -> Named:
    """Simulate a shop, audit it, and return what the audit said."""
    truth = replace(ShopTruth(), weeks=WEEKS, season_weeks=float(WEEKS), visitors=visitors)
    with tempfile.TemporaryDirectory(prefix="counterclick-audits-") as temporary:
        folder = Path(temporary)
        simulation = simulate(truth, seed=seed)
        (folder / "shop.toml").write_text(simulation.config(), encoding="utf-8")
        pq.write_table(simulation.events.drop_columns(["received_at", "source"]), folder / "events.parquet")
        with open_shop(folder / "shop.toml") as shop:
            shop.record(folder / "events.parquet")
            audit = shop.audit()
    surfaces = {surface.name: surface for surface in audit.theatre.surfaces}
    return Named(
        actions={name: surface.recommendation.action for name, surface in surfaces.items()},
        rules={name: surface.recommendation.rule for name, surface in surfaces.items()},
        alarms=frozenset(alarm.surface for alarm in audit.drift.alarms if alarm.surface in surfaces),
        theatre=frozenset(name for name, surface in surfaces.items() if surface.is_theatre),
        opens=any(line.counts_opens for line in audit.claims.ledger.claimants),
        misaligned=frozenset(each.aims.surface for each in audit.alignment.surfaces if each.state == "misaligned"),
    )


def page(found: Sequence[Named], visitors: int) -> str:
    """Return the docs page."""
    n = len(found)
    rows = []
    for surface, (truth, right) in RIGHT.items():
        actions = Counter(each.actions[surface] for each in found)
        rules = Counter(each.rules[surface] for each in found)
        shown = ", ".join(f"{action} {actions[action]}" for action in ("keep", "switch off", "test", "too early"))
        by = ", ".join(f"{rule} {k}" for rule, k in rules.most_common())
        rows.append(f"| {surface} | {truth} | {right} | {_rate(actions[right], n)} | {shown} | {by} |")
    alarmed = {name: sum(name in each.alarms for each in found) for name in RIGHT}
    theatre = {name: sum(name in each.theatre for each in found) for name in RIGHT}
    signs = [
        f"| {name} | {alarmed[name]} | {theatre[name]} | {sum(name in each.misaligned for each in found)} |"
        for name in RIGHT
    ]
    wrong_keeps = sum(each.actions[name] == "keep" for each in found for name in ("chat", "nudges", "email"))
    wrong_ends = sum(each.actions[name] == "switch off" for each in found for name in ("cart", "search"))
    lines = "\n".join(rows)
    signs_shown = "\n".join(signs)
    return f"""<!-- Made by tools/simulate_audits.py; change the tool, then run it again. -->

# How often the audit is right

{n} simulated shops of {visitors:,} visitors over {WEEKS} weeks, in which the truth about each surface is known, audited once
at the end. "Right" is what a store would do that knew the truth. In brackets the exact 95 % interval (Clopper and Pearson
1934).

| surface | truth | right | named so | said | by which rule |
|---|---|---|---|---|---|
{lines}

A surface that earns nothing was kept {wrong_keeps} times of {3 * n}; one that earns was switched off {wrong_ends} times
of {2 * n}. A kill rule switches off what has not shown anything for 90 days; it does not show that there is nothing.

| surface | drift alarm | theatre | misaligned |
|---|---|---|---|
{signs_shown}

A drift alarm or theatre on cart or search would be false: their clicks and their money rise together. On chat and e-mail
there is nothing to rise. The e-mail tool was found to count opens in {sum(each.opens for each in found)} of {n} shops.

Made with `python tools/simulate_audits.py --shops {n}`.
"""


def _rate(k: int, n: int) -> str:
    found = stats.binomtest(k, n).proportion_ci(method="exact")
    return f"{percent(k / n, 0)} [{percent(found.low, 0)}, {percent(found.high, 0)}]"


def main() -> None:
    """Simulate, audit, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--visitors", type=int, default=ShopTruth().visitors)
    parser.add_argument("--first", type=int, default=0, help="the first shop's seed")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.shops)
    with ProcessPoolExecutor(arguments.processes) as pool:
        found = []
        for seed, named in zip(seeds, pool.map(partial(audited, visitors=arguments.visitors), seeds), strict=True):
            print(seed, named, flush=True)
            found.append(named)
    PAGE.write_text(page(found, arguments.visitors), encoding="utf-8")


if __name__ == "__main__":
    main()
