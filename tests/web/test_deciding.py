"""Policies that answer in no time are asked at once; whichever takes longer than it may, the static rule answers."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import date
from pathlib import Path

from counterclick.config import load
from counterclick.decisions import Ask, Decides
from counterclick.decisions.policy import Offered
from counterclick.shop import open_shop
from counterclick.shop.deciding import assigned
from counterclick.shop.learning import Learning
from counterclick.shop.premises import Premises
from counterclick.web.deciding import Deciding

TOML = """
[serve]
decide_milliseconds = 80
[surfaces.cart]
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.0001, bestsellers = 0.9999 }
starts_on = 2026-01-01
ends_on = 2026-12-31
"""


class Timed:
    """A policy that takes as long as it is told, and says in which thread it was asked."""

    name = "bestsellers"

    def __init__(self) -> None:
        self.seconds = 0.0
        self.threads: list[bool] = []

    def decide(self, ask: Ask) -> Offered:  # noqa: ARG002 - the protocol's shape
        self.threads.append(threading.current_thread() is threading.main_thread())
        time.sleep(self.seconds)
        return ("hat",), (1.0,), "it is told so"


class Taught(Learning):
    """Policies of which one is at hand."""

    own: Timed

    def known(self, name: str) -> Decides | None:  # noqa: ARG002 - as it is called
        return self.own

    def is_due(self, name: str) -> bool:  # noqa: ARG002 - as it is called
        return False


def test_who_answers_in_no_time_is_asked_at_once_the_next_time(tmp_path: Path) -> None:
    """Slow once, it is asked in a thread again, where its limit holds; and a slow answer never counts as in time."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml"):
        pass
    with Premises(load(tmp_path / "shop.toml"), tmp_path) as premises:
        learning = Taught(premises.store, premises.config, tmp_path)
        learning.own = policy = Timed()
        deciding = Deciding(learning, premises.config, premises.store.answered)
        found = assigned(premises.config, "cart", "v1", date(2026, 2, 2), lambda _name, _who: None)

        async def asked() -> list[bool]:
            in_time = []
            for seconds in (0.0, 0.0, 0.2, 0.2, 0.0, 0.01, 0.0):
                policy.seconds = seconds
                made = await deciding.decided(found, Ask("cart", "v1"), f"d{len(in_time)}")
                in_time.append(made.decision.in_time)
                await asyncio.sleep(0.25)  # what was asked in a thread ends
            return in_time

        assert asyncio.run(asked()) == [True, True, False, False, True, True, True]
        deciding.close()
    assert policy.threads == [False, True, True, False, False, True, False]
