"""Time our assignment against the GrowthBook Python SDK on the same visitors in one run, alternating, and print ratios.

1. One visitor at a time: `split`, which `Experiment.assign` calls, against ``GrowthBook.get_feature_value`` of a feature
   with one experiment of two arms. Goal: at least ten times as many a second.
2. A column of visitors at once, as who checks a log does: `buckets`, which the SDK has nothing like.

Both split by a hash of the experiment and the visitor; which hash differs, so that arms differ, and shares do not: that is
checked.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from growthbook import GrowthBook

from counterclick.experiments.assignment import BUCKETS, buckets, split

SHARES = {"bestsellers": 0.5, "bundles": 0.5}
REPEATS = 7
GOAL = 10.0
_TOLERANCE = 0.01


def ours(arm_of: Callable[[str], str], visitors: Sequence[str]) -> int:
    """Assign visitors one at a time; return how many get bundles."""
    n = 0
    for visitor in visitors:
        n += arm_of(visitor) == "bundles"
    return n


def theirs(sdk: GrowthBook, visitors: Sequence[str]) -> int:
    """Evaluate the feature for visitors one at a time; return how many get bundles."""
    n = 0
    for visitor in visitors:
        sdk.set_attributes({"id": visitor})
        n += sdk.get_feature_value("cart", "bestsellers") == "bundles"
    return n


def rate(work: Callable[[], int], visitors: Sequence[str]) -> float:
    """Return how many visitors a second were assigned; stop where half of them did not get bundles."""
    begin = time.perf_counter()
    n = work()
    seconds = time.perf_counter() - begin
    if abs(n / len(visitors) - SHARES["bundles"]) > _TOLERANCE:
        sys.exit(f"DIFFERENT: {n} of {len(visitors)} get bundles")
    return len(visitors) / seconds


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many visitors a second are assigned; ratios are medians of pairs.

    Attributes:
        visitors: in each turn.
        one: by us, one at a time.
        sdk: by GrowthBook's SDK.
        column: by us, all at once.
        ratio: of one at a time to the SDK.
        column_ratio: of all at once to the SDK.
    """

    visitors: int
    one: float
    sdk: float
    column: float
    ratio: float
    column_ratio: float


def compared(n: int) -> Assigned:
    """Return how fast each assigns so many visitors, in turn."""
    visitors = [f"visitor-{each}" for each in range(n)]
    rule = {"variations": [*SHARES], "weights": [*SHARES.values()], "coverage": 1, "hashAttribute": "id", "key": "cart"}
    sdk = GrowthBook(attributes={"id": ""}, features={"cart": {"defaultValue": "bestsellers", "rules": [rule]}})
    one, other, column = [], [], []
    for _ in range(REPEATS):
        one.append(rate(lambda: ours(split("cart", SHARES), visitors), visitors))
        other.append(rate(lambda: theirs(sdk, visitors), visitors))
        column.append(rate(lambda: int((buckets("cart", visitors) >= BUCKETS // 2).sum()), visitors))
    return Assigned(
        visitors=n,
        one=statistics.median(one),
        sdk=statistics.median(other),
        column=statistics.median(column),
        ratio=statistics.median(mine / their for mine, their in zip(one, other, strict=True)),
        column_ratio=statistics.median(mine / their for mine, their in zip(column, other, strict=True)),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=100_000)
    found = compared(parser.parse_args().visitors)
    print(f"{found.visitors:,} visitors, one at a time: ours {found.one:,.0f} a second, GrowthBook's SDK {found.sdk:,.0f}")
    print(f"ratio {found.ratio:.1f} (goal: at least {GOAL:g}), median of {REPEATS} pairs")
    print(f"a column at once: {found.column:,.0f} a second, ratio {found.column_ratio:.1f}")


if __name__ == "__main__":
    main()
