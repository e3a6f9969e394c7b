"""A served shop that is about to suffer: the process, those who send to it, one who reads, and what must hold.

What is acknowledged is what an HTTP answer called accepted. Everything here looks from outside: through HTTP, and through
the Python API in other processes.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from counterclick.shop import Shop, open_shop

__all__ = ["TOML", "Findings", "Load", "Reader", "Victim", "begun_by", "examine", "looking", "runs"]

TOML = """
[surfaces.cart]
[experiments.cart-bundles]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bundles = 0.5 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
PATIENCE = 60.0
_READER = Path(__file__).with_name("torture_reader.py")
_RETRY_SECONDS = 0.2
_PAUSE_SECONDS = 0.01


class Victim:
    """The process of ``counterclick serve``.

    Args:
        folder: of ``shop.toml``, which is written.
        environment: variables of the process, besides those of this one.
        toml: what is written.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = MappingProxyType({}), toml: str = TOML) -> None:
        self.toml = folder / "shop.toml"
        self.toml.write_text(toml, encoding="utf-8")
        with open_shop(self.toml) as shop:
            self.key = shop.keys.new("write", "torture")[1]
        self.store = folder / ".counterclick"
        self.words = folder / "server.log"
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.seconds: list[float] = []

    def launch(self) -> None:
        """Start the process, ready or not."""
        words = [sys.executable, "-m", "counterclick", "serve", "--port", str(self.port), "--shop", str(self.toml)]
        environment = {**os.environ, **self.environment}
        with self.words.open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, start_new_session=True)

    def start(self) -> float:
        """Start it; return the seconds until ``/readyz`` says so.

        Raises:
            RuntimeError: it ended, or is not ready in time.
        """
        begin = time.monotonic()
        self.launch()
        while not self.is_ready():
            if self.running.poll() is not None or time.monotonic() - begin > PATIENCE:
                raise RuntimeError(f"the server does not start: {self.words.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(_PAUSE_SECONDS)
        self.seconds.append(time.monotonic() - begin)
        return self.seconds[-1]

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process.

        Raises:
            RuntimeError: it was never started.
        """
        if self.process is None:
            raise RuntimeError("the server was not started")
        return self.process

    def is_ready(self) -> bool:
        """Return whether it says that it takes events."""
        with contextlib.suppress(OSError, http.client.HTTPException), self.connection(5.0) as connection:
            connection.request("GET", "/readyz")
            with connection.getresponse() as answer:
                return answer.status == http.HTTPStatus.OK
        return False

    def connection(self, seconds: float = PATIENCE) -> contextlib.closing[http.client.HTTPConnection]:
        """Return a connection to it, which closes at the end of a block."""
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds))

    def send(self, connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, Any]:
        """Post a body; return status and decoded answer."""
        connection.request("POST", path, body, {"authorization": f"Bearer {self.key}"})
        with connection.getresponse() as answer:
            return answer.status, json.loads(answer.read() or b"null")

    def processes(self) -> dict[str, int]:
        """Return the processes that it has begun: see `begun_by`."""
        return begun_by(self.running.pid)

    def kill(self) -> None:
        """End it by SIGKILL, at once, and see the processes that it has begun end by themselves.

        Raises:
            RuntimeError: one of them goes on.
        """
        left = self.processes().values() if self.running.poll() is None else ()
        self.running.kill()
        self.running.wait(PATIENCE)
        end = time.monotonic() + PATIENCE
        while any(map(runs, left)):
            if time.monotonic() > end:
                raise RuntimeError("a process goes on although the one that began it was killed")
            time.sleep(_PAUSE_SECONDS)

    def kill_all(self) -> None:
        """End it and the processes that it has begun by SIGKILL, at once."""
        if self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(PATIENCE)

    def stop(self) -> int:
        """End it by SIGTERM; return its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(PATIENCE)


def begun_by(pid: int) -> dict[str, int]:
    """Return the processes that a server has begun, by the name of what runs in them: ``receiver`` and ``backstage``."""
    found = {}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="utf-8").split()):
            with contextlib.suppress(FileNotFoundError):
                words = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8").strip("\0").split("\0")
                found[words[-1].rpartition(".")[2]] = child
    return found


def runs(pid: int) -> bool:
    """Return whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclass
class Acknowledged:
    """What was sent and what was acknowledged so far.

    Attributes:
        sent: ids of all events that were ever sent.
        events: ids of events that were called accepted.
        visitors: whose flag was evaluated, which acknowledges an exposure.
        repeats: bodies that were sent again since no answer came.
        refused: answers by status, besides 200.
    """

    sent: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    visitors: set[str] = field(default_factory=set)
    repeats: int = 0
    refused: dict[int, int] = field(default_factory=dict)


class Load:
    """Senders, each with a connection of its own, who send what was not answered again, as clients do.

    Args:
        victim: to whom.
        senders: how many.
        seed: of sizes and kinds.
        pause: seconds between two bodies of a sender.
    """

    def __init__(self, victim: Victim, senders: int = 4, seed: int = 1, pause: float = 0.04) -> None:
        self._victim = victim
        self._pause = pause
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.told = Acknowledged()
        self.rejected = 0
        self.surprises: list[str] = []
        self._threads = [
            threading.Thread(target=self._send_on, args=(f"s{seed}-{n}", random.Random(f"{seed}-{n}")), daemon=True)  # noqa: S311 - sizes
            for n in range(senders)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def acknowledged(self) -> Acknowledged:
        """Return a copy of what was acknowledged until now."""
        with self._lock:
            now = self.told
            return Acknowledged(set(now.sent), set(now.events), set(now.visitors), now.repeats, dict(now.refused))

    def __len__(self) -> int:
        """Return how many events were acknowledged."""
        return len(self.told.events)

    def know(self, ids: Iterable[str]) -> None:
        """Take events into account that were acknowledged otherwise."""
        with self._lock:
            more = set(ids)
            self.told.sent |= more
            self.told.events |= more

    def wait_for(self, n: int) -> None:
        """Wait until so many more events were acknowledged.

        Raises:
            RuntimeError: they are not in time.
        """
        target, end = len(self.told.events) + n, time.monotonic() + PATIENCE
        while len(self.told.events) < target:
            if time.monotonic() > end:
                raise RuntimeError(f"no {n} events were acknowledged within {PATIENCE:.0f} s")
            time.sleep(_PAUSE_SECONDS)

    def _send_on(self, name: str, chance: random.Random) -> None:
        numbers = itertools.count()
        while not self._ended.is_set():
            if chance.random() < 0.2:  # noqa: PLR2004 - every fifth
                visitor = f"{name}-v{next(numbers)}"
                path, ids, sent = "/ofrep/v1/evaluate/flags/cart-bundles", (), {"context": {"targetingKey": visitor}}
            else:
                events = _events(name, numbers, chance)
                visitor, path, ids, sent = "", "/v1/events", tuple(each["event_id"] for each in events), events  # type: ignore[assignment]
            with self._lock:
                self.told.sent.update(ids)
            self._until_answered(path, json.dumps(sent).encode(), visitor)
            time.sleep(self._pause)

    def _until_answered(self, path: str, body: bytes, visitor: str) -> None:
        while not self._ended.is_set():
            try:
                with self._victim.connection(10.0) as connection:
                    status, answer = self._victim.send(connection, path, body)
            except (OSError, http.client.HTTPException, ValueError):
                with self._lock:
                    self.told.repeats += 1
                self._ended.wait(_RETRY_SECONDS)
                continue
            with self._lock:
                if status == http.HTTPStatus.OK:
                    if visitor:
                        self.told.visitors.add(visitor)
                    else:
                        good = [each["event_id"] for each in answer["results"] if each["status"] == "accepted"]
                        self.told.events.update(good)
                        self.rejected += len(answer["results"]) - len(good)
                    return
                self.told.refused[status] = self.told.refused.get(status, 0) + 1
                self.told.repeats += 1
                if status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    self.surprises.append(f"{status}: {answer}")
                    return
            self._ended.wait(_RETRY_SECONDS)


def _events(name: str, numbers: itertools.count[int], chance: random.Random) -> list[dict[str, Any]]:
    """Return a body of events: carts, views and orders, whose amounts follow from their ids."""
    found = []
    for _ in range(chance.choice((1, 5, 20, 50))):
        n = next(numbers)
        at = datetime.now(UTC) - timedelta(seconds=n % 3600)
        event = {"event_id": f"{name}-{n}", "visitor_id": f"{name}-{n % 500}", "occurred_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        line = {"product_id": f"p{n % 40}", "quantity": 1, "unit_price": 19.9}
        kinds: Sequence[dict[str, Any]] = (
            {"kind": "page_view", "page": "/"},
            {"kind": "page_view", "page": "/cart"},
            {"kind": "purchase", "order_id": f"o-{name}-{n}", "value": 19.9, "lines": [line]},
        )
        found.append({**event, **kinds[n % len(kinds)]})
    return found


class Reader:
    """A process that opens the shop and counts its events, again and again.

    Args:
        toml: of the shop.
        plainly: whether it only counts, and does not look whether an event is there twice.
    """

    def __init__(self, toml: Path, *, plainly: bool = False) -> None:
        words = [sys.executable, str(_READER), str(toml), *(["plainly"] if plainly else [])]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.polls: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self.polls.append(json.loads(line))

    def stop(self) -> list[dict[str, Any]]:
        """Let it end; return every poll: when it began (monotonic), what it counted, or its error."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return self.polls


@dataclass(frozen=True)
class Findings:
    """What a look from outside found.

    Attributes:
        n_events: events that a reader counts.
        lost: ids of acknowledged events, and visitors of acknowledged exposures, that are not there.
        doubled: keys that are there more than once.
        invented: ids that nobody sent.
    """

    n_events: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    invented: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every invariant holds."""
        return not (self.lost or self.doubled or self.invented)


@contextlib.contextmanager
def looking(toml: Path) -> Iterator[Shop]:
    """Open a shop to look at it; unlike one that is closed, it moves nothing into the log: that is left to the server."""
    shop = open_shop(toml)
    try:
        yield shop
    finally:
        shop.refresh()
        shop.store.close()


def examine(toml: Path, load: Load) -> Findings:
    """Read a shop and hold it against what was acknowledged before this call.

    Args:
        toml: of the shop.
        load: that was sent to it, and may still be.
    """
    told = load.acknowledged()
    with looking(toml) as shop:
        reading = shop.reading
        rows = reading.rows("SELECT event_id FROM events WHERE kind IN ('page_view', 'purchase')")
        visitors = {row[0] for row in reading.rows("SELECT visitor_id FROM events WHERE kind = 'exposure'")}
        doubled = reading.rows("SELECT kind, event_id FROM events GROUP BY ALL HAVING count(*) > 1 LIMIT 5")
    ids = {row[0] for row in rows}
    return Findings(
        n_events=len(rows),
        lost=(*sorted(told.events - ids), *sorted(told.visitors - visitors)),
        doubled=tuple(f"{kind} {event_id}" for kind, event_id in doubled),
        invented=tuple(sorted(ids - load.acknowledged().sent)),
    )
