"""Send prepared bytes over a number of connections, from a process of its own, and tell how long each answer took.

    python tools/bench_load.py PORT KEY --what batches --connections 16 --seconds 5 [--rate 200] [--first]

Prints JSON: answers, seconds, and the milliseconds of each answer's wait. With a rate, requests are sent when they are due,
answered or not, and the wait counts from when they were due.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import selectors
import time
import uuid
from collections.abc import Callable, Iterator
from typing import cast

from counterclick.web.urgent import answer_soon

_MARK = b"RUNRUNRUN"
_BATCH = 50


class Connection(asyncio.Protocol):
    """One connection, with one request under way at a time.

    Args:
        answered: called after each answer, with whether it was a bad one.
        lost: called where the server has hung up, and for each request afterwards.
    """

    def __init__(self, answered: Callable[[Connection, bool], None], lost: Callable[[Connection], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._is_asking = False
        self._got = b""
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that is due at a moment, in seconds."""
        self.due = due
        if self._transport is None:
            self._lost(self)
        else:
            self._is_asking = True
            self._transport.write(request)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what the protocol is called with
        """Tell that no answer comes any more."""
        self._transport = None
        if self._is_asking:
            self._is_asking = False
            self._lost(self)

    def data_received(self, data: bytes) -> None:
        """Collect an answer, and tell when it is whole."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found:
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(body) >= length:
                self._got, self._is_asking = b"", False
                self._answered(self, not head.startswith(b"HTTP/1.1 200") or b'"status":"rejected"' in body)


def requests(what: str, key: str) -> Iterator[bytes]:
    """Yield requests without end: batches, single events, decisions, or flags of visitors that are new or known."""
    run = uuid.uuid4().hex[:9]
    for nth in itertools.count():
        name = f"{run}{nth:09}" if what != "known" else f"known-{nth % 100:04}"
        yield _request(what, key).replace(_MARK, name.encode())


_prepared: dict[str, bytes] = {}


def _request(what: str, key: str) -> bytes:
    if what not in _prepared:
        mark = _MARK.decode()
        if what in ("batches", "single"):
            path, body = (
                "/v1/events",
                json.dumps([_event(f"{mark}-{n:02}", n) for n in range(_BATCH if what == "batches" else 1)]),
            )
        elif what == "decide":
            asked = {"visitor": mark, "cart": ["p0001", "p0002"], "decision_id": f"d-{mark}"}
            path, body = "/v1/decide/cart", json.dumps(asked)
        else:
            path, body = "/ofrep/v1/evaluate/flags/cart-bundles", json.dumps({"context": {"targetingKey": mark}})
        more = (len("x" * 18) if what != "known" else len("known-0000")) - len(mark)
        length = len(body) + body.count(mark) * more
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
        _prepared[what] = (head + body).encode()
    return _prepared[what]


def _event(event_id: str, n: int) -> dict[str, object]:
    """Return an event as stores send them: mostly views, some carts, some orders."""
    shared = {"event_id": event_id, "visitor_id": f"{event_id[:-3]}", "occurred_at": "2026-01-05T10:00:00Z"}
    line = {"product_id": f"p{n}", "quantity": 1, "unit_price": 19.9}
    if n % 10 == 9:  # noqa: PLR2004 - every tenth
        return {**shared, "kind": "purchase", "order_id": f"o-{event_id}", "currency": "EUR", "value": 19.9, "lines": [line]}
    if n % 5 == 4:  # noqa: PLR2004 - every fifth
        return {**shared, "kind": "add_to_cart", **line}
    return {**shared, "kind": "page_view", "page": f"/products/p{n}", "device": "mobile", "country": "DE"}


async def load(port: int, key: str, what: str, n: int, seconds: float, rate: float | None) -> dict[str, object]:
    """Send for a while over so many connections; return answers, seconds and waits."""
    loop, waits, supply = asyncio.get_running_loop(), list[float](), requests(what, key)
    n_bad = 0
    free: asyncio.Queue[Connection] = asyncio.Queue()
    end = time.perf_counter() + seconds

    def answered(connection: Connection, is_bad: bool) -> None:  # noqa: FBT001 - a callback
        nonlocal n_bad
        now = time.perf_counter()
        waits.append((now - connection.due) * 1000)
        n_bad += is_bad
        if rate is None and now < end:
            connection.send(next(supply), now)
        else:
            free.put_nowait(connection)

    def lost(connection: Connection) -> None:
        nonlocal n_bad
        n_bad += 1
        free.put_nowait(connection)

    connections = [
        (await loop.create_connection(lambda: Connection(answered, lost), "127.0.0.1", port))[1] for _ in range(n)
    ]
    begin = time.perf_counter()
    if rate is None:
        for connection in connections:
            connection.send(next(supply), time.perf_counter())
    else:
        for connection in connections:
            free.put_nowait(connection)
        for due in (begin + nth / rate for nth in range(int(seconds * rate))):
            await asyncio.sleep(due - time.perf_counter())
            (await free.get()).send(next(supply), due)
    for _ in connections:  # each comes back
        await free.get()
    return {"n": len(waits), "seconds": time.perf_counter() - begin, "bad": n_bad, "waits": sorted(waits)}


def main() -> None:
    """Send as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("key")
    parser.add_argument("--what", choices=("batches", "single", "decide", "new", "known"), default="batches")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=None, help="requests a second; as fast as answers come unless given")
    parser.add_argument("--first", action="store_true", help="go before all others, where that is allowed")
    o = parser.parse_args()
    if o.first:
        answer_soon()
    with asyncio.Runner(loop_factory=_precise) as runner:
        print(json.dumps(runner.run(load(o.port, o.key, o.what, o.connections, o.seconds, o.rate))))


def _precise() -> asyncio.AbstractEventLoop:
    """Return a loop that sleeps to the microsecond: by epoll, it sleeps to the next millisecond, which would be waited."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    main()
