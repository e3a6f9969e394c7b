"""Two simulated shops that the tests of this folder share, and a door to SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from counterclick.simulate import ShopTruth, Simulation, simulate

Sql = Callable[[Simulation, str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def small() -> Simulation:
    """4,000 visitors: enough for what holds of every event."""
    return simulate(ShopTruth(visitors=4_000), seed=3)


@pytest.fixture(scope="session")
def large() -> Simulation:
    """120,000 visitors: enough for rates and lifts."""
    return simulate(ShopTruth(visitors=120_000), seed=1)


@pytest.fixture(scope="session")
def sql() -> Sql:
    """Answer a query over a shop's table ``events``."""

    def answer(shop: Simulation, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            connection.register("events", shop.events)
            return connection.execute(query).fetchall()

    return answer
