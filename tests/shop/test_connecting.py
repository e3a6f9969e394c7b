"""A store is connected step by step, and each step is looked at where it can be seen."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import line, purchase, view
from counterclick.shop import Shop
from counterclick.shop.connecting import TOPICS, Connection
from counterclick.shop.shopify import ShopifyStore
from served import served
from shell import Shell
from signed import SECRET, deliver

DECLARED = """
[serve]
origins = ["https://www.shop.example"]
[shopify]
domain = "store.myshopify.com"
secret_env = "TEST_SHOPIFY_SECRET"
"""


def states(found: Connection) -> dict[str, str | None]:
    return {step.name: step.state for step in found.steps}


def test_every_step_is_said_before_anything_is_there(make_shop: Callable[[str], Shop]) -> None:
    """Topics, the address, the secret's name: what the owner needs to begin."""
    text = str(make_shop("").senders.connection(address="https://collect.example.com/"))
    assert "https://collect.example.com/webhooks/shopify" in text.replace("\n", "").replace(" ", "")
    for word in (*TOPICS, "SHOPIFY_CLIENT_SECRET", "_cc_visitor", "customers/redact"):
        assert word.replace("/", "") in "".join(text.split()).replace("/", "")


def test_an_empty_shop_lacks_what_can_be_seen(make_shop: Callable[[str], Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody can see from here is said to be so."""
    monkeypatch.delenv("SHOPIFY_CLIENT_SECRET", raising=False)
    found = make_shop("").senders.connection(verifying=True)
    assert not found.is_whole
    known = states(found)
    assert {known[name] for name in ("shop.toml", "secret", "key", "pages", "pixel", "webhook orders/create")} == {"missing"}
    unknown = ("app", "server", "signatures", "consent", "assignment", "costs", "compliance webhooks")
    assert {known[name] for name in unknown} == {"cannot be known"}


def test_a_connected_shop_is_seen_to_be_one(make_shop: Callable[[str], Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step but the scopes; a delivery that is refused afterwards says that the secret is wrong."""
    monkeypatch.setenv("TEST_SHOPIFY_SECRET", SECRET)
    shop = make_shop(DECLARED)
    shop.keys.new("browser", "pages")
    memory = ShopifyStore(shop.store.folder, shop.config)
    for topic in TOPICS:
        memory.note(topic)
    order = purchase("v1", 5, order="1", event_id="shopify_order_1", lines=[line(unit_cost=2)])
    shop.record([view("v1", consent=True), order])
    found = shop.senders.connection(verifying=True, answers="")
    assert found.is_whole
    assert [name for name, state in states(found).items() if state != "done"] == ["app", "compliance webhooks"]
    assert states(shop.senders.connection(verifying=True, answers="503"))["server"] == "missing"


def test_a_key_that_may_do_more_than_a_page_is_none_for_pages(make_shop: Callable[[str], Shop]) -> None:
    """Everybody reads what stands in a page: a key that may write anything does not count."""
    shop = make_shop(DECLARED)
    shop.keys.new("write", "backend")
    assert states(shop.senders.connection(verifying=True))["key"] == "missing"
    shop.keys.new("browser", "pages")
    assert states(shop.senders.connection(verifying=True))["key"] == "done"


def test_a_served_shop_is_verified_from_the_shell(shell: Shell, tmp_path: Path) -> None:
    """Deliveries are counted by topic, refused ones too; a server that answers is ready, any other is not."""
    with served(tmp_path, DECLARED, {"TEST_SHOPIFY_SECRET": SECRET}) as server:
        place = ("--verify", "--shop", str(server.toml))
        for secret in (SECRET, SECRET, "guess"):
            deliver(server, "products/update", {"id": 1}, secret=secret)
        found = shell.json("connect", "shopify", server.url, *place, code=1)
        seen = {step["name"]: step for step in found["steps"]}
        assert seen["server"]["state"] == "done"
        assert "2 came" in seen["webhook products/update"]["seen"]
        assert "1 were refused" in seen["signatures"]["seen"]
        assert seen["webhook orders/create"]["state"] == "missing"
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            gone = shell.json("connect", "shopify", f"http://127.0.0.1:{nobody.getsockname()[1]}", *place, code=1)
        assert {step["name"]: step["state"] for step in gone["steps"]}["server"] == "missing"
    assert "subscribe" in shell("connect", "shopify", "--shop", str(tmp_path / "shop.toml")).lower()


def test_what_is_refused_last_says_that_the_secret_is_wrong(make_shop: Callable[[str], Shop]) -> None:
    """Nothing that was signed came after it."""
    shop = make_shop(DECLARED)
    ShopifyStore(shop.store.folder, shop.config).refuse()
    assert states(shop.senders.connection(verifying=True))["signatures"] == "missing"
