"""Simulated shops whose nudges gain clicks and lose money, for the tests of drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from counterclick.shop import open_shop
from counterclick.simulate import ShopTruth, simulate
from counterclick.simulate.surfaces import DEFAULT_SURFACES, Arm

_BY_NAME = {surface.name: surface for surface in DEFAULT_SURFACES}
CHAT = _BY_NAME["chat"]
"""Nothing against an assistant, which does nothing."""
CLICKBAIT = replace(
    _BY_NAME["nudges"],
    reach=1.0,
    arms={"plain": Arm(share=0.5), "clickbait": Arm(share=0.5, conversion=-0.25, clicks=0.6)},
)
"""Clicks +60 %, orders -25 %."""


def record_shop(folder: Path, *surfaces: object, visitors: int = 12_000) -> Path:
    """Simulate five weeks into a folder, record them, and return its shop.toml."""
    truth = ShopTruth(visitors=visitors, weeks=5, conversion=0.08, carts=0.4, surfaces=surfaces)  # type: ignore[arg-type]  # surfaces
    simulation = simulate(truth, seed=1)
    toml, events = folder / "shop.toml", folder / "events.parquet"
    toml.write_text(simulation.config(), encoding="utf-8")
    pq.write_table(simulation.events.drop_columns(["received_at", "source"]), events)
    with open_shop(toml) as shop:
        shop.record(events)
    return toml
