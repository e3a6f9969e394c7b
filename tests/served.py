"""A shop served by a process of its own, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx

from builders import view
from counterclick.shop import open_shop

__all__ = ["SHARES", "TESTED", "Served", "served"]

TESTED = """
[surfaces.cart]
[experiments.cart-bundles]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bundles = 0.5 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
"""A shop with one experiment, which runs."""
SHARES = {"nothing": 0.5, "bundles": 0.5}
"""Its arms."""

_PATIENCE = 60.0


class Served:
    """The process, and a client with a key that may write.

    Args:
        folder: of ``shop.toml``.
        environment: variables of the process, besides those of this one.
        before: words that stand before the command, such as those of a program that takes rights away.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], before: Sequence[str] = ()) -> None:
        self._before = before
        self._environment = {**os.environ, **environment}
        self.toml = folder / "shop.toml"
        with open_shop(self.toml) as shop:
            self.key_id, self.key = shop.keys.new("write", "tests")
        self._log = folder / "server.log"
        self.start()

    def start(self) -> None:
        """Start, and wait until it is ready."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        words = [*self._before, sys.executable, "-m", "counterclick", "serve", "--port", str(port), "--shop", str(self.toml)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, env=self._environment)
        self.client = httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {self.key}"}, timeout=_PATIENCE)
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it with a signal; return its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(_PATIENCE)

    def n_events(self, kind: str) -> int:
        """Count events of a kind as another process reads them meanwhile; exposures and decisions after all so far."""
        if kind in ("exposure", "decision") and self.process.poll() is None:
            self.client.post("/v1/events", json=view("after")).raise_for_status()  # kept after what was handed over before
        with open_shop(self.toml) as shop:
            return int(shop.reading.one(f"SELECT count(*) FROM events WHERE kind = '{kind}'"))


@contextmanager
def served(
    folder: Path, toml: str = "", environment: Mapping[str, str] = MappingProxyType({}), before: Sequence[str] = ()
) -> Iterator[Served]:
    """Serve a shop with this configuration until the end of the block."""
    (folder / "shop.toml").write_text(toml, encoding="utf-8")
    found = Served(folder, environment, before)
    try:
        yield found
    finally:
        found.stop()
