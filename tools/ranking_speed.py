"""How long an order of 200 candidates takes: the policy, the decision, in Python, and over HTTP beside a bare handler.

The shop has lists and orders of 2,000 products, and an experiment in which everybody's list is put in order. Every question
comes from another visitor, so that an exposure and a decision are written for each.

    python tools/ranking_speed.py
"""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from counterclick.decisions import Ask, Decides, Explores
from counterclick.shop import open_shop
from counterclick.shop.decided import decided
from counterclick.shop.deciding import assigned
from counterclick.shop.learning import Learning

__all__ = ["ASKED", "CANDIDATES", "RATE", "Speed", "measured_speed"]

CANDIDATES = 200
ASKED = 2_000
RATE = 100.0
"""Questions a second, where they are asked as visitors come: 8.6 million a day."""
_WARM_UP = 20
_PRODUCTS = 2_000
_LISTS = 4_000
_SHOWN = 40
_TOML = """
[ranking]
least_orders = 50
[surfaces.search]
[experiments.search-order]
surface = "search"
control = "nothing"
variants = { nothing = 0.0001, ranking = 0.9999 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds within which 99 % of answers came, or half of them.

    Attributes:
        n_products: that the policy tells from the mean.
        policy: of the policy alone.
        decided: of the decision with its event, nothing written.
        shop: of `Shop.decide`, written.
        paced: over HTTP, `RATE` questions a second, from when each was due.
        awake: the same, but from when the client woke that had nothing else to do: its own late waking is left out, and what
            waited for the answer before is not.
        served: over HTTP, one after the other without a pause.
        one: over HTTP with a single candidate: what any decision takes there.
        bare: of a bare handler on the same server.
        paced_half: half of the answers over HTTP, `RATE` questions a second.
        served_half: half of those without a pause.
        bare_half: half of those of the bare handler.
    """

    n_products: int
    policy: float
    decided: float
    shop: float
    paced: float
    awake: float
    served: float
    one: float
    bare: float
    paced_half: float
    served_half: float
    bare_half: float


def measured_speed() -> Speed:
    """Return how fast lists are put in order."""
    rng = np.random.default_rng(1)
    lists = [[f"p{each:05}" for each in rng.choice(_PRODUCTS, CANDIDATES, replace=False)] for _ in range(ASKED)]
    with tempfile.TemporaryDirectory(prefix="counterclick-ranking-") as temporary:
        folder = Path(temporary)
        (folder / "shop.toml").write_text(_TOML, encoding="utf-8")
        (folder / "events.jsonl").write_text("".join(_events(rng)), encoding="utf-8")
        with open_shop(folder / "shop.toml") as shop:
            shop.record(folder / "events.jsonl")
            model = shop.fit(["ranking", "bestsellers"]).fitted[-1].model
            if model.missing:
                raise RuntimeError("; ".join(model.missing))
            _, key = shop.keys.new("write", "speed")
            config, policy = shop.config, Learning(shop.store, shop.config, shop.folder).policy("ranking")
            alone, _ = _timed(lists, lambda n, own: _answered(policy, Ask("search", f"a{n}", candidates=own, explores=True)))
            day = datetime.now(UTC).date()

            def with_event(n: int, own: tuple[str, ...]) -> object:
                found = assigned(config, "search", f"b{n}", day, lambda _name, _who: None)
                return decided(found, Ask("search", f"b{n}", candidates=own, explores=True), policy, config, f"b{n}")

            whole, _ = _timed(lists, with_event)
            written, _ = _timed(lists[:200], lambda n, own: shop.decide("search", f"c{n}", candidates=own))
        with _process(folder, ["-m", "counterclick", "serve", "--shop", str(folder / "shop.toml"), "--port"]) as port:
            paced, overslept = _posted(port, "/v1/decide/ranking", key, lists, "paced", RATE)
            served, _ = _posted(port, "/v1/decide/ranking", key, lists)
            one, _ = _posted(port, "/v1/decide/ranking", key, [own[:1] for own in lists], "one")
        bare_folder = folder / "bare"
        bare_folder.mkdir()
        tool = str(Path(__file__).with_name("bench_ingest_bare.py"))
        with _process(folder, [tool, str(bare_folder)]) as port:
            bare, _ = _posted(port, "/ofrep/v1/evaluate/flags/known", key, lists)
    awake = [all_of_it - asleep for all_of_it, asleep in zip(paced, overslept, strict=True)]
    own = {"policy": alone, "decided": whole, "shop": written}
    taken = {**own, "paced": paced, "awake": awake, "served": served, "one": one, "bare": bare}
    return Speed(
        n_products=int(model.metrics["products_told"]),
        **{name: float(np.quantile(each, 0.99)) for name, each in taken.items()},
        paced_half=float(np.median(paced)),
        served_half=float(np.median(served)),
        bare_half=float(np.median(bare)),
    )


def _events(rng: np.random.Generator) -> Iterator[str]:
    """Yield lists that were shown, and the orders of every fourth of them, as JSON lines."""
    start = datetime.now(UTC) - timedelta(days=60)
    for n in range(_LISTS):
        at = start + timedelta(minutes=n)
        own = [f"p{each:05}" for each in rng.choice(_PRODUCTS, _SHOWN, replace=False)]
        items = [{"product_id": name, "position": place} for place, name in enumerate(own, 1)]
        told = {"kind": "view_item_list", "visitor_id": f"v{n}", "surface": "search", "items": items}
        yield json.dumps({"event_id": f"l{n}", "occurred_at": at.isoformat(), **told}) + "\n"
        if n % 4 == 0:
            lines = [{"product_id": name, "quantity": 1, "unit_price": 20} for name in own[: 1 + n % 9]]
            bought = {"kind": "purchase", "visitor_id": f"v{n}", "order_id": f"o{n}", "lines": lines}
            yield json.dumps({"occurred_at": (at + timedelta(hours=1)).isoformat(), **bought}) + "\n"
    late = {"kind": "page_view", "visitor_id": "late", "occurred_at": (start + timedelta(days=20)).isoformat()}
    yield json.dumps(late) + "\n"
    order = {"kind": "purchase", "visitor_id": "late", "order_id": "late", "value": 1}
    lines = [{"product_id": "other", "quantity": 1, "unit_price": 1}]
    yield json.dumps({**order, "lines": lines, "occurred_at": (start + timedelta(days=40)).isoformat()}) + "\n"


def _answered(policy: Decides, ask: Ask) -> object:
    offers, _scores, because = policy.decide(ask)
    return because, policy.propensities(ask, offers) if isinstance(policy, Explores) else ()


def _timed(
    lists: list[list[str]], ask: Callable[[int, tuple[str, ...]], object], rate: float | None = None
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each answer, from when its question was due, and of these what the client overslept.

    Without a rate a question is due as soon as the one before is answered. Those of a warm-up are left out.
    """
    taken, overslept = list[float](), list[float]()
    begin = time.perf_counter()
    for number, candidates in enumerate(lists, -_WARM_UP):
        own = tuple(candidates)
        if number == 0:
            begin = time.perf_counter()
        due = ready = sent = time.perf_counter()
        if rate is not None and number > 0:
            due = begin + number / rate
            time.sleep(max(0.0, due - ready))
            sent = time.perf_counter()
        ask(number, own)
        taken.append((time.perf_counter() - due) * 1_000)
        overslept.append((sent - max(due, ready)) * 1_000)
    return taken[_WARM_UP:], overslept[_WARM_UP:]


def _posted(
    port: int, path: str, key: str, lists: list[list[str]], who: str = "known", rate: float | None = None
) -> tuple[list[float], list[float]]:
    """Return what `_timed` does of answers over one connection that is kept, so many a second or without a pause."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(number: int, candidates: tuple[str, ...]) -> object:
        asked = {"surface": "search", "visitor": f"{who}-{number}", "candidates": candidates}
        connection.request("POST", path, json.dumps(asked), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(body.decode())
        return body

    return _timed(lists, ask, rate)


@contextlib.contextmanager
def _process(folder: Path, words: list[str]) -> Iterator[int]:
    """Run a server on a free port until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *words, str(port)], stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    print(measured_speed())
