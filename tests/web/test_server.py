"""The process: it stops without losing anything, and what it acknowledged survives its death."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from builders import purchase
from counterclick.shop import open_shop
from served import Served, served


def send(server: Served, name: str, n: int = 20) -> None:
    body = json.dumps([purchase("v1", 10, order=f"{name}-{k}") for k in range(n)])
    assert server.client.post("/v1/events", content=body).json()["accepted"] == n


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_moves_what_waits_into_the_log(tmp_path: Path, number: int) -> None:
    """Its exit code is 0, the inbox is empty, and every event stands in the log once."""
    with served(tmp_path) as server:
        send(server, "a")
        assert server.stop(number) == 0
        with open_shop(server.toml) as shop:
            assert shop.store.inbox.count() == 0
        assert server.n_events("purchase") == 20


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Killed at once after the answer, and started again: every event is there once, and new ones are taken."""
    with served(tmp_path) as server:
        for name in ("a", "b", "c"):
            send(server, name)
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
            server.start()
        send(server, "d")
        assert server.n_events("purchase") == 80
