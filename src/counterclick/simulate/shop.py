"""From the truth to the events: the steps in which a shop is simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from counterclick.errors import ConfigError
from counterclick.simulate.arms import reached
from counterclick.simulate.browsing import browsed, carted, listed
from counterclick.simulate.buying import bought, sent_back
from counterclick.simulate.catalogue import catalogue
from counterclick.simulate.claiming import reported
from counterclick.simulate.events_table import table
from counterclick.simulate.orders import orders
from counterclick.simulate.shop_toml import shop_toml
from counterclick.simulate.showing import exposed, shown
from counterclick.simulate.truth import ShopTruth
from counterclick.simulate.visits import first_midnight, visitors, visits

__all__ = ["Simulation", "simulate"]

DEFAULT_SHOP = ShopTruth()


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated shop: what happened, and the truth behind it.

    Attributes:
        events: every event, in ``counterclick.events.schema.SCHEMA``, sorted by ``occurred_at``.
        truth: the parameters.
        seed: the seed, which every id but the products' contains.
    """

    events: pa.Table
    truth: ShopTruth
    seed: int

    def config(self) -> str:
        """Return the text of this shop's ``shop.toml``."""
        return shop_toml(self.truth)

    def lifts(self) -> dict[str, dict[str, float]]:
        """Return experiment -> arm -> true lift on revenue per eligible visitor against the control."""
        return {s.experiment: {arm: s.lift(arm) for arm in s.arms} for s in self.truth.surfaces}


def simulate(truth: ShopTruth = DEFAULT_SHOP, *, seed: int = 0) -> Simulation:
    """Simulate a shop; the same truth and seed give the identical table.

    Args:
        truth: the parameters, every true effect among them.
        seed: at least 0; part of the ids, so that shops of several seeds can be laid together.

    Raises:
        ConfigError: the seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"seed is {seed}; it must be 0 or more.")
    rng = np.random.default_rng(seed)
    goods = catalogue(truth)
    who = visitors(truth, seed, rng)
    seen = visits(truth, who, goods, rng)
    meetings = [reached(truth, surface, who, seen, rng) for surface in truth.surfaces]
    placed = orders(truth, who, seen, meetings, goods, rng)
    before = [
        *listed(truth, goods, first_midnight(truth)),
        *browsed(who, seen, goods, rng),
        *(block for met in meetings for block in exposed(who, seen, met)),
    ]
    shows = [shown(truth, who, seen, met, placed.ready, goods, seed=seed, rng=rng) for met in meetings]
    blocks = [
        *before,
        *(block for show in shows for block in show),
        *carted(truth, who, seen, placed, goods, rng),
        *bought(truth, who, seen, placed, goods, seed=seed, rng=rng),
        *sent_back(truth, placed, goods, seed=seed, rng=rng),
        *(
            block
            for met, show in zip(meetings, shows, strict=True)
            if met.surface.claimed_by
            for block in reported(truth, met.surface, who, seen, placed, show, seed=seed)
        ),
    ]
    return Simulation(table(blocks, seed), truth, seed)
