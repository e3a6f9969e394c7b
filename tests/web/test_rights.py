"""Erasing while a shop is served: nobody else's event is lost, and nothing of the person's is left."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from builders import identify, purchase, view
from counterclick.shop import open_shop
from counterclick.shop.person import Person
from left_over import left_of
from served import Served, served
from signed import SECRET, deliver


def send(server: Served, *events: dict[str, object]) -> None:
    assert server.client.post("/v1/events", content=json.dumps(events)).json()["accepted"] == len(events)


def test_a_person_is_forgotten_while_others_buy(tmp_path: Path) -> None:
    """The server takes orders all the while, and moves them into the log; each of them is there once afterwards."""
    with served(tmp_path) as server:
        send(server, view("visitor-anna-phone"), identify("visitor-anna-phone", "customer-anna"))
        send(server, purchase("visitor-anna-phone", 10, order="order-of-anna"))
        is_over, n_sent = threading.Event(), 0

        def sell() -> None:
            nonlocal n_sent
            while not is_over.is_set():
                send(server, purchase("visitor-bert-phone", 5, order=f"order-{n_sent}"))
                n_sent += 1

        selling = threading.Thread(target=sell)
        selling.start()
        try:
            with open_shop(server.toml) as shop:
                found = shop.rights.forget(Person(customers=("customer-anna",)))
                again = shop.rights.forget(Person(visitors=("visitor-anna-phone",)))
        finally:
            is_over.set()
            selling.join()
        assert (found.events, again.events) == ({"identify": 1, "page_view": 1, "purchase": 1}, {})
        assert server.stop() == 0
        assert server.n_events("purchase") == n_sent
        assert left_of(tmp_path, "anna") == []


def test_what_the_person_does_afterwards_is_new(tmp_path: Path) -> None:
    """The proof holds although events of the same visitor arrive while it is made, and these stay."""
    with served(tmp_path) as server:
        old = [view("visitor-anna-phone", event_id=f"view-before-{n}") for n in range(5)]
        send(server, *old, identify("visitor-anna-phone", "customer-anna"))
        with open_shop(server.toml) as shop:
            assert shop.rights.forget(Person(customers=("customer-anna",))).events == {"page_view": 5, "identify": 1}
        send(server, *old, view("visitor-anna-phone", event_id="view-after"))
        assert server.n_events("page_view") == 1
        assert server.stop() == 0
        assert server.n_events("page_view") == 1
        assert left_of(tmp_path, "view-before", "customer-anna") == []


def test_what_shopify_asks_is_done_by_the_server(tmp_path: Path) -> None:
    """A signed request to forget a customer erases it while the shop is served, and the figures say that none waits."""
    toml = '[shopify]\nsecret_env = "TEST_SHOPIFY_SECRET"\n'
    with served(tmp_path, toml, {"TEST_SHOPIFY_SECRET": SECRET}) as server:
        send(server, identify("visitor-anna-phone", "207119551"), purchase("visitor-bert-phone", 5, order="order-of-bert"))
        assert deliver(server, "customers/redact", {"customer": {"id": 207119551}}).json()["status"] == "kept"
        end = time.monotonic() + 60
        while 'counterclick_requests{state="waiting"} 0.0' not in server.client.get("/metrics").text:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (server.n_events("erasure"), server.n_events("purchase")) == (1, 1)
        assert server.stop() == 0
        assert left_of(tmp_path, "207119551", "visitor-anna") == []
