"""What is expected of customers, beside what they did later, in one run; writes docs/proof/replenishment.md.

CDNOW: customers who first ordered in the first quarter of 1997, 39 weeks to learn from, 39 weeks to test; the published
tenth, and all 23,570. Prints how long each fit takes. Online Retail: what is bought again within 14 and 30 days
(`replenish_retail`).

    python tools/replenish.py [FOLDER]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from replenish_cdnow import DATA, ROOT, Cohort, Decile, Foretold, cohort, foretold
from replenish_retail import learned, rebuys_page

from counterclick.decisions.repeat_buying import RepeatBuying
from counterclick.display import percent

PAGE = ROOT / "docs" / "proof" / "replenishment.md"
PUBLISHED = {
    "BG/NBD": (0.2426, 4.4136, 0.7929, 2.4259, -9582.429),
    "MBG/NBD": (None, None, None, None, -9582.136),
}
"""Of the tenth: r, alpha, a, b and log likelihood; of MBG/NBD the last one alone is compared."""


def customers_page(sample: tuple[Cohort, Foretold], everybody: tuple[Cohort, Foretold]) -> str:
    """Return the part of the docs page that is on customers.

    Args:
        sample: the published tenth, and what was found of it.
        everybody: the same of all customers.
    """
    (few, tenth), (many, whole) = sample, everybody
    n_once = int((many.histories.later == 0).sum())
    fits = "\n".join(
        _fit(name, model, PUBLISHED[name]) for name, model in zip(("BG/NBD", "MBG/NBD"), tenth.models, strict=True)
    )
    times = "\n".join(f"| {name} | {tenth.seconds[name]:.2f} s | {whole.seconds[name]:.2f} s |" for name in whole.seconds)
    totals = "\n".join(
        f"| {name} | {tenth.totals[name]:,.0f} ({percent(tenth.totals[name] / tenth.orders - 1, 0)}) "
        f"| {whole.totals[name]:,.0f} ({percent(whole.totals[name] / whole.orders - 1, 0)}) |"
        for name in whole.totals
    )
    ranks = "\n".join(f"| {name} | {tenth.ranks[name]:.3f} | {whole.ranks[name]:.3f} |" for name in whole.ranks)
    return f"""# How well orders to come are foreseen

## Customers

CDNOW is one real store. Its customers first ordered in the first quarter of 1997; what they did until the end of the
39th week is learned from, the 39 weeks that follow test. Orders of one day are one. {len(few.orders):,} of them are the
tenth that papers use; there are {len(many.orders):,} in all.

### The published numbers

| of the tenth | r | alpha (weeks) | a | b | log likelihood | published |
|---|---|---|---|---|---|---|
{fits}

Gamma-Gamma, of the {tenth.values.n:,} who ordered again: p {tenth.values.p:.2f}, q {tenth.values.q:.2f}, gamma
{tenth.values.gamma:.2f} (published 6.25, 3.74 and 15.44). It takes how often and for how much as independent: their
correlation is {tenth.related:.2f} in the tenth and {whole.related:.2f} in all.

### How fast

| fit | {len(few.orders):,} customers | {len(many.orders):,} customers |
|---|---|---|
{times}

### Orders in the 39 weeks that follow

| | the tenth | all customers |
|---|---|---|
| placed | {tenth.orders:,.0f} | {whole.orders:,.0f} |
{totals}

Both models expect fewer orders than were placed: they know of no season, and the later weeks have Christmas in them.
That is not corrected here. Who orders again they tell apart all the same:

| area under the curve: who orders again | the tenth | all customers |
|---|---|---|
{ranks}

**Why BG/NBD's chance that a customer is still there is never shown.** It is 1 for everybody who ordered once, since that
model lets customers leave after a later order only. Of {len(many.orders):,} customers {n_once:,} had ordered once;
{percent(whole.gone[0])} of them ordered again. MBG/NBD says that {percent(whole.gone[1], 0)} of them are still there. By
BG/NBD's chance, who ordered once comes before all others: it is worse than luck at saying who orders again.

### By tenths of the customers

All {len(many.orders):,}, by what is expected of each; mean per customer, with its interval of 95 %.

| tenth | orders expected | placed | value expected | bought for |
|---|---|---|---|---|
{_deciles(whole.deciles, whole.value_deciles)}

Value is expected orders times the value that Gamma-Gamma expects of each, from all orders until then. In all
{whole.value_said:,.0f} were expected and {whole.value:,.0f} bought for.
"""


def _fit(name: str, model: RepeatBuying, published: Sequence[float | None]) -> str:
    told = ", ".join(f"{each:.7g}" for each in published if each is not None)
    fitted = " | ".join(f"{each:.4f}" for each in (model.r, model.alpha, model.a, model.b))
    return f"| {name} | {fitted} | {model.log_likelihood:,.3f} | {told} |"


def _deciles(orders: Sequence[Decile], values: Sequence[Decile]) -> str:
    return "\n".join(
        f"| {number} | {one.said:.3f} | {one.came:.3f} [{one.lower:.3f}, {one.upper:.3f}] "
        f"| {two.said:.2f} | {two.came:.2f} [{two.lower:.2f}, {two.upper:.2f}] |"
        for number, (one, two) in enumerate(zip(orders, values, strict=True), 1)
    )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    folder = parser.parse_args().folder
    cohorts = [cohort(folder / "cdnow" / f"CDNOW_{name}.txt") for name in ("sample", "master")]
    sample, everybody = ((each, foretold(each)) for each in cohorts)
    head = "<!-- Made by tools/replenish.py from public data; change the tool, then run it again. -->\n\n"
    PAGE.write_text(
        head
        + customers_page(sample, everybody)
        + rebuys_page(learned(folder / "online_retail" / "online_retail.parquet"))
        + "\nMade with `make replenish`, in one run.\n",
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
