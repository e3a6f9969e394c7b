"""What a surface shows a visitor, asked over HTTP: the same decision as the command's, once for each decision id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import line, product, purchase
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from served import Served, served
from shell import Shell
from translations import ANY_JSON

TOML = """
[surfaces.cart]
[surfaces.chat]
[surfaces.quiet]
[experiments.cart-test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.5, bestsellers = 0.5 }
starts_on = 2020-01-01
ends_on = 2090-01-01
[experiments.chat-test]
surface = "chat"
control = "nothing"
variants = { nothing = 0.5, vendor = 0.5 }
starts_on = 2020-01-01
ends_on = 2090-01-01
"""
SHARES = {"nothing": 0.5, "bestsellers": 0.5}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop with orders of three products and two experiments that run."""
    folder = tmp_path_factory.mktemp("decide")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record([purchase("b", lines=[line("hat", 3), line("tie", 2), line("sock", 1)], order="o1")])
    with served(folder, TOML) as found:
        yield found


def ask(server: Served, surface: str, **body: Any) -> httpx.Response:
    return server.client.post(f"/v1/decide/{surface}", json=body)


@pytest.mark.parametrize("surface", ["cart", "chat", "quiet"])
def test_the_decision_is_that_of_the_command(server: Served, shell: Shell, surface: str) -> None:
    """In either arm, with and without a policy of this product: the same fields, and an id besides."""
    for visitor in ("v1", "v2", "v3", "anna@example.org"):
        told = ask(server, surface, visitor=visitor, cart=["hat"], most=1).json()
        words = ("decide", surface, "--visitor", visitor, "--cart", "hat", "--most", "1", "--shop", str(server.toml))
        assert told.pop("decision_id").startswith("d_")
        assert told == shell.json(*words)


def test_every_arm_is_served_and_recorded(server: Served) -> None:
    """Offers in the one, none in the other, an exposure in each, on disk before the answer."""
    before = server.n_events("exposure")
    seen = {}
    for n in range(20):
        told = ask(server, "cart", visitor=f"arm-{n}").json()
        seen[told["variant"]] = told["offers"]
        assert told["variant"] == assign("cart-test", f"arm-{n}", SHARES)
    assert seen == {"nothing": [], "bestsellers": ["hat", "tie", "sock"]}
    assert server.n_events("exposure") == before + 20


def test_one_decision_id_has_one_answer(server: Served) -> None:
    """Sent again, also at once, it is the same; another question under it is refused with 409."""
    visitor = next(f"id-{n}" for n in range(99) if assign("cart-test", f"id-{n}", SHARES) == "bestsellers")
    asked = {"visitor": visitor, "cart": ["tie"], "decision_id": "d1"}
    with ThreadPoolExecutor(8) as pool:
        answers = {found.text for found in pool.map(lambda _: ask(server, "cart", **asked), range(16))}
    assert len(answers) == 1
    assert json.loads(answers.pop())["decision_id"] == "d1"
    other = ask(server, "cart", **asked | {"cart": ["hat"]})
    assert (other.status_code, "decision_id" in other.json()["error"]) == (409, True)
    assert ask(server, "chat", **asked).status_code == 409


def test_what_cannot_be_decided(server: Served) -> None:
    """No visitor, a wrong cart, another name, an unknown surface, no key: each says what would be right."""
    for body, says in (({}, "visitor"), ({"visitor": ""}, "visitor"), ({"visitor": "v", "basket": []}, "basket")):
        found = ask(server, "cart", **body)
        assert (found.status_code, says in found.json()["error"]) == (400, True), found.text
    unknown = ask(server, "carts", visitor="v")
    assert (unknown.status_code, "Did you mean 'cart'" in unknown.json()["error"]) == (404, True)
    assert httpx.post(f"{server.url}/v1/decide/cart", json={"visitor": "v"}).status_code == 401
    long = server.client.post("/v1/decide/cart", content=b'{"visitor": "' + b"v" * 40_000 + b'"}')
    assert long.status_code == 413


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY_JSON | st.fixed_dictionaries({"visitor": ANY_JSON, "cart": ANY_JSON, "most": ANY_JSON, "decision_id": ANY_JSON}))
def test_any_body(server: Served, body: Any) -> None:
    """Whatever is sent is decided, or refused with a sentence."""
    found = server.client.post("/v1/decide/cart", content=json.dumps(body).encode())
    assert found.status_code in (200, 400), found.text
    assert found.json().get("error") or found.json()["surface"] == "cart"


RETURNS_TOML = """
[surfaces.checkout]
[experiments.nudges]
surface = "checkout"
control = "nothing"
variants = { nothing = 0.5, returns = 0.5 }
outcome = "kept_margin_per_visitor"
starts_on = 2020-01-01
ends_on = 2090-01-01
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A young shop whose static rule flags two sizes of a shirt."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "shop.toml").write_text(RETURNS_TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shirts = [product(f"shirt-{size}", group_id="shirt", size=size) for size in ("S", "M")]
        shop.record([*shirts, purchase("b", lines=[line("shirt-S"), line("mug")], order="o1")])
    with served(folder, RETURNS_TOML) as found:
        yield found


def test_only_who_has_a_flagged_basket_is_eligible(checkout: Served) -> None:
    """Unflagged: no exposure. Flagged: one in either arm, by the arm's chance; nudged in the one, held out in the other."""
    before = checkout.n_events("exposure")
    for visitor in ("calm-1", "calm-2"):
        told = ask(checkout, "checkout", visitor=visitor, cart=["mug"]).json()
        assert (told["experiment"], told["risk"]["is_nudged"], told["offers"]) == (None, False, [])
    assert checkout.n_events("exposure") == before
    two = [{"product": "shirt", "size": "S"}, {"product": "shirt", "size": "M", "quantity": 2, "price": 19.9}]
    seen: dict[str, list[str]] = {}
    for n in range(12):
        body = {
            "visitor": f"two-{n}",
            "cart": two,
            "customer": "anna@example.org",
            "payment": "invoice",
            "decision_id": f"r{n}",
        }
        told = ask(checkout, "checkout", **body).json()
        assert told == ask(checkout, "checkout", **body).json()
        seen[told["variant"]] = told["offers"]
        assert (told["risk"]["probability"], told["risk"]["is_flagged"], told["propensity"]) == (None, True, 0.5)
        assert [each["kind"] for each in told["risk"]["nudges"]] == told["offers"]
        assert "are needed" in told["because"]
    assert seen == {"nothing": [], "returns": ["size_guidance"]}
    assert checkout.n_events("exposure") == before + 12


def test_odd_baskets(checkout: Served) -> None:
    """Empty, unknown, with the wrong fields, and of 5,000 lines: decided, or refused with a sentence."""
    for cart in ([], ["unknown"], [{"product": "unknown", "category": "none"}]):
        assert ask(checkout, "checkout", visitor="v", cart=cart).json()["risk"]["is_nudged"] is False
    for cart in (
        [{"size": "M"}],
        [{"product": "shirt", "quantity": 0}],
        [{"product": "shirt", "colour": "red"}],
        ["p"] * 5_000,
    ):
        found = ask(checkout, "checkout", visitor="v", cart=cart)
        assert (found.status_code, bool(found.json()["error"])) == (400, True)
