"""Shops whose bundles have a known effect: how often is it within the interval of the verdict?

Each shop is simulated with a seed of its own: in one arm nothing is shown, in the other bundles, which make orders larger by
a known share. All shops are measured at once by the product's own path, and each is judged for itself. Writes
docs/proof/bundle-effects.md.

    python tools/simulate_bundles.py [--seeds N]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from judged_together import judged
from scipy import stats

from counterclick.display import percent
from counterclick.simulate import Arm, ShopTruth, SurfaceTruth, simulate
from counterclick.verdicts import Verdict

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "proof" / "bundle-effects.md"
BASKET = 0.12
"""By so much bundles make an order's expected number of lines larger, and with it revenue per visitor."""
VISITORS = 3_700
WEEKS = 2
STARTS_ON = date(2026, 1, 5)
_NEEDED = pa.array(["exposure", "purchase", "identify"])


@dataclass(frozen=True, slots=True)
class Covered:
    """What the verdicts said.

    Attributes:
        truth: the true lift.
        verdicts: of each shop.
    """

    truth: float
    verdicts: tuple[Verdict, ...]

    @property
    def n_within(self) -> int:
        """Shops whose interval holds the truth."""
        return sum(
            each.lift_lower is not None and each.lift_upper is not None and each.lift_lower <= self.truth <= each.lift_upper
            for each in self.verdicts
        )

    def n_of(self, outcome: str) -> int:
        """Return how many verdicts are of an outcome."""
        return sum(each.outcome == outcome for each in self.verdicts)


def covered(seeds: Sequence[int], basket: float = BASKET) -> Covered:
    """Return the verdicts on shops whose bundles have this effect.

    Args:
        seeds: of the shops.
        basket: effect on the expected lines of an order.
    """
    told = list(_shops(seeds, basket))
    verdicts = judged(
        [events for events, _ in told],
        [(f"nothing{seed}", f"bundles{seed}") for seed in seeds],
        experiment="bundles",
        surface="cart",
        starts_on=STARTS_ON,
        weeks=WEEKS,
    )
    return Covered(told[0][1], tuple(verdicts))


def _shops(seeds: Sequence[int], basket: float) -> Iterator[tuple[pa.Table, float]]:
    """Yield the events of each shop, whose arms carry its seed in their names, and its true lift."""
    for seed in seeds:
        control, treatment = f"nothing{seed}", f"bundles{seed}"
        arms = {control: Arm(0.5, engages=False), treatment: Arm(0.5, basket=basket)}
        surface = SurfaceTruth(
            name="cart", experiment="bundles", control=control, treatment=treatment, arms=arms, kind="list"
        )
        truth = ShopTruth(visitors=VISITORS, weeks=WEEKS, carts=0.5, conversion=0.22, surfaces=(surface,))
        made = simulate(truth, seed=seed)
        events = made.events.filter(pc.is_in(made.events["kind"], _NEEDED))
        place = events.schema.get_field_index("lines")  # revenue is the orders' value; lines would only cost time
        field = events.schema.field(place)
        yield events.set_column(place, field, pa.nulls(len(events), field.type)), surface.lift(treatment)


def page(found: Covered) -> str:
    """Return the docs page."""
    n = len(found.verdicts)
    low, high = (int(each) for each in stats.binom(n, 0.95).interval(0.999))
    return f"""<!-- Made by tools/simulate_bundles.py; change the tool, then run it again. -->

# What bundles add, where it is known: how often the verdict's interval holds it

{n} simulated shops of {VISITORS:,} visitors in {WEEKS} weeks, each with a seed of its own. Half of the visitors are shown
nothing, the other half bundles, which make an order's expected lines {percent(BASKET, 0)} more: revenue per visitor is
{percent(found.truth)} higher.

| | shops |
|---|---|
| the true effect is within the verdict's 95 % interval | **{found.n_within} of {n}** |
| won | {found.n_of("won")} |
| inconclusive | {found.n_of("inconclusive")} |
| lost | {found.n_of("lost")} |
| invalid | {found.n_of("invalid")} |

An interval of 95 % holds the truth in {low} to {high} of {n} shops, in 999 of 1,000 such series. Shops so small are mostly
inconclusive: {VISITORS:,} visitors are too few to see so much.

Made with `make bundle-effects`, in one run.
"""


def main() -> None:
    """Simulate, judge, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    arguments = parser.parse_args()
    PAGE.write_text(page(covered(range(arguments.seeds))), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
