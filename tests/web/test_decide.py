"""What a surface shows a visitor, asked over HTTP: the same decision as the command's, once for each decision id."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import line, product, purchase
from counterclick.display import as_json
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from served import Served, served
from shell import Shell
from translations import ANY_JSON

TOML = """
[serve]
decide_milliseconds = 60000
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
        shop.fit()
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
        wanted = shell.json(*words)
        for each in (told, wanted):
            assert each["decision_id"].startswith("d_")
            assert each.pop("mark") == (
                {"_cc_surface": surface, "_cc_decision": each["decision_id"]} if each["offers"] else {}
            )
            del each["decision_id"]
        assert told == wanted


def test_every_arm_is_served_and_recorded(server: Served) -> None:
    """Offers in the one, none in the other, an exposure in each."""
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


def test_an_answer_outlives_the_server(tmp_path: Path) -> None:
    """Started again, with a model that offers something else, an id has the answer that it had; and so it has in process."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([purchase("b", lines=[line("hat", 3)], order="o1")])
        shop.fit()
    visitor = next(f"id-{n}" for n in range(99) if assign("cart-test", f"id-{n}", SHARES) == "bestsellers")
    asked = {"visitor": visitor, "cart": ["tie"], "decision_id": "d1"}
    with served(tmp_path, TOML) as server:
        first = ask(server, "cart", **asked)
        server.stop(signal.SIGKILL)
        with open_shop(server.toml) as shop:
            shop.record([purchase("b", lines=[line("sock", 9)], order="o2")])
            shop.fit()
        server.start()
        assert ask(server, "cart", **asked).text == first.text
        assert ask(server, "cart", **asked | {"decision_id": "d2"}).json()["offers"] == ["sock", "hat"]
        assert ask(server, "cart", **asked | {"cart": ["sock"]}).status_code == 409
        with open_shop(server.toml) as shop:
            again = shop.decide("cart", visitor, cart=["tie"], decision_id="d1")
    assert (first.json()["offers"], json.loads(as_json(again))) == (["hat"], first.json())


def test_a_cart_of_five_thousand_lines(server: Served) -> None:
    """It is answered, and says what of it counts; one of more than ten thousand is refused with what would be right."""
    visitor = next(f"many-{n}" for n in range(99) if assign("cart-test", f"many-{n}", SHARES) == "bestsellers")
    told = ask(server, "cart", visitor=visitor, cart=["hat", *(f"product-{n}" for n in range(5_000))]).json()
    assert told["offers"] == ["tie", "sock"]
    assert "of the 5,001 products in the cart the newest 100 count" in told["because"]
    found = ask(server, "cart", visitor=visitor, cart=["hat"] * 10_001)
    assert (found.status_code, "at most 10,000 lines" in found.json()["error"]) == (400, True)


def test_what_was_decided_is_an_event(server: Served) -> None:
    """Under the decision's own id, once, with what was offered; the arm that shows nothing writes none."""
    visitor = next(f"told-{n}" for n in range(99) if assign("cart-test", f"told-{n}", SHARES) == "bestsellers")
    before = server.n_events("decision")
    for _ in range(2):
        ask(server, "cart", visitor=visitor, decision_id="told-once")
    assert server.n_events("decision") == before + 1
    other = next(f"told-{n}" for n in range(99) if assign("cart-test", f"told-{n}", SHARES) == "nothing")
    ask(server, "cart", visitor=other)
    assert server.n_events("decision") == before + 1


def test_candidates_are_put_in_order(server: Served) -> None:
    """By the surface's own address and by that of rankings, which names it; refused with what would be right."""

    def ordered(body: dict[str, Any]) -> httpx.Response:
        return server.client.post("/v1/decide/ranking", json=body)

    came = ["tie", "hat", "sock"]
    asked = {"visitor": "c1", "candidates": came, "query": "red", "category": "Ties", "decision_id": "ranked-1"}
    told = ordered(asked | {"surface": "cart"}).json()
    assert (told["offers"], told["propensities"], told["n_drawn"]) == (came, [1, 1, 1], 0)
    assert told == ask(server, "cart", **asked).json()
    assert ask(server, "quiet", visitor="c1", candidates=came).json()["offers"] == came
    for body, status, says in (
        ({"candidates": ["hat", "hat"]}, 400, "does twice"),
        ({"candidates": [f"p{n}" for n in range(501)]}, 400, "at most 500"),
        ({"candidates": [""]}, 400, "candidates"),
        ({"candidates": came, "surface": "carts"}, 404, "Did you mean 'cart'"),
        ({"candidates": came, "surface": "ranking"}, 404, "ranking"),
    ):
        found = ordered({"visitor": "c1", "surface": "cart", **body})
        assert (found.status_code, says in found.json()["error"]) == (status, True), found.text


def test_what_cannot_be_decided(server: Served) -> None:
    """No visitor, a wrong cart, another name, an unknown surface, no key: each says what would be right."""
    for body, says in (({}, "visitor"), ({"visitor": ""}, "visitor"), ({"visitor": "v", "basket": []}, "basket")):
        found = ask(server, "cart", **body)
        assert (found.status_code, says in found.json()["error"]) == (400, True), found.text
    unknown = ask(server, "carts", visitor="v")
    assert (unknown.status_code, "Did you mean 'cart'" in unknown.json()["error"]) == (404, True)
    assert httpx.post(f"{server.url}/v1/decide/cart", json={"visitor": "v"}).status_code == 401
    long = server.client.post("/v1/decide/cart", content=b'{"visitor": "' + b"v" * 2_200_000 + b'"}')
    assert long.status_code == 413


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY_JSON | st.fixed_dictionaries({"visitor": ANY_JSON, "cart": ANY_JSON, "most": ANY_JSON, "decision_id": ANY_JSON}))
def test_any_body(server: Served, body: Any) -> None:
    """Whatever is sent is decided, or refused with a sentence."""
    found = server.client.post("/v1/decide/cart", content=json.dumps(body).encode())
    assert found.status_code in (200, 400), found.text
    assert found.json().get("error") or found.json()["surface"] == "cart"


RETURNS_TOML = """
[serve]
decide_milliseconds = 60000
[surfaces.checkout]
[experiments.nudges]
surface = "checkout"
control = "nothing"
variants = { nothing = 0.5, returns = 0.5 }
outcome = "kept_margin_per_visitor"
starts_on = 2020-01-01
ends_on = 2090-01-01
"""


HALVES = {"nothing": 0.5, "returns": 0.5}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A young shop whose static rule flags two sizes of a shirt."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "shop.toml").write_text(RETURNS_TOML, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shirts = [product(f"shirt-{size}", group_id="shirt", size=size) for size in ("S", "M")]
        shop.record([*shirts, purchase("b", lines=[line("shirt-S"), line("mug")], order="o1")])
        shop.fit()
    with served(folder, RETURNS_TOML) as found:
        yield found


def baskets(checkout: Served) -> dict[str, int]:
    """Return what the page of returns counts of its only experiment."""
    with open_shop(checkout.toml) as shop:
        reads = {"authorization": f"Bearer {shop.keys.new('read', 'tests')[1]}"}
    (test,) = checkout.client.get("/v1/returns", headers=reads, timeout=120).json()["tests"]
    return dict(test["baskets"] or {})


def test_only_who_has_a_flagged_basket_is_eligible(checkout: Served) -> None:
    """Unflagged: no exposure. Flagged: one in either arm, by the arm's chance; nudged in the one, held out in the other."""
    before, made = checkout.n_events("exposure"), checkout.n_events("decision")
    others = {"n_flagged": 0, "n_nudged": 0, "n_held_out": 0} | baskets(checkout)
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
        assert (told["mark"], told["in_time"], len(told["propensities"])) == ({}, True, len(told["offers"]))
    assert seen == {"nothing": [], "returns": ["size_guidance"]}
    assert checkout.n_events("exposure") == before + 12
    assert checkout.n_events("decision") == made + 2 + 12
    own = baskets(checkout)
    new = {name: own[name] - others[name] for name in ("n_flagged", "n_nudged", "n_held_out")}
    assert (new["n_flagged"], new["n_nudged"] + new["n_held_out"]) == (12, 12)
    assert new["n_nudged"] == sum(assign("nudges", f"two-{n}", HALVES) == "returns" for n in range(12))
    assert own["n_scored"] == own["n_by_rule"] >= 14


def test_a_third_arm_is_served_and_not_held_out(tmp_path: Path) -> None:
    """A flagged basket in the arm of a vendor is the vendor's: neither nudged by us nor held out, and counted as neither."""
    arms = {"nothing": 0.3, "returns": 0.3, "vendor": 0.4}
    toml = RETURNS_TOML.replace("{ nothing = 0.5, returns = 0.5 }", "{ nothing = 0.3, returns = 0.3, vendor = 0.4 }")
    (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([product(f"shirt-{size}", group_id="shirt", size=size) for size in ("S", "M")])
        shop.record([purchase("b", lines=[line("shirt-S")], order="o1")])
        seen = {}
        for n in range(12):
            found = shop.decide("checkout", f"two-{n}", cart=["shirt-S", "shirt-M"])
            assert (found.variant, found.risk is not None and found.risk.is_flagged) == (
                assign("nudges", f"two-{n}", arms),
                True,
            )
            seen[found.variant] = (found.served_here, found.offers, "held out" in found.because)
        (test,) = shop.returns().tests
    assert seen == {
        "nothing": (True, (), True),
        "returns": (True, ("size_guidance",), False),
        "vendor": (False, (), False),
    }
    counts = {arm: sum(assign("nudges", f"two-{n}", arms) == arm for n in range(12)) for arm in arms}
    own = test.baskets
    assert (own.n_flagged, own.n_nudged, own.n_held_out) == (12, counts["returns"], counts["nothing"])


def test_a_shell_tells_more_of_a_line(checkout: Served, shell: Shell) -> None:
    """A product, or an object with its size and quantity; one that is no line is answered with what a line has."""
    shop = ("--shop", str(checkout.toml))
    lines = ('{"product": "shirt", "size": "S"}', '{"product": "shirt", "size": "M", "quantity": 2}')
    told = shell.json("decide", "checkout", "--visitor", "by-shell", "--cart", lines[0], "--cart", lines[1], *shop)
    assert (told["risk"]["is_flagged"], "in two sizes" in told["because"]) == (True, True)
    assert not shell.json("decide", "checkout", "--visitor", "by-shell", "--cart", "mug", *shop)["risk"]["is_flagged"]
    wrong = shell("decide", "checkout", "--visitor", "v", "--cart", '{"product": "shirt", "colour": "red"}', *shop, code=2)
    assert "an object with product, size, category, quantity, price" in wrong


def test_a_flag_makes_nobody_eligible_for_nudges(checkout: Served) -> None:
    """It says the arm; what the basket is, it does not know, so that no exposure is recorded."""
    before = checkout.n_events("exposure")
    for key in ("nudges", "checkout"):
        asked = {"context": {"targetingKey": "by-flag"}}
        found = checkout.client.post(f"/ofrep/v1/evaluate/flags/{key}", json=asked).json()
        assert found["variant"] == assign("nudges", "by-flag", HALVES)
    assert checkout.n_events("exposure") == before


def test_odd_baskets(checkout: Served) -> None:
    """Empty, unknown, of 10,000 lines, with the wrong fields, or of more lines: decided, or refused with a sentence."""
    many = [
        {"product": f"product-{n}", "size": "M", "category": "c" * 50, "quantity": 1, "price": 9.99} for n in range(10_000)
    ]
    for cart in ([], ["unknown"], [{"product": "unknown", "category": "none"}], ["p"] * 10_000, many):
        assert ask(checkout, "checkout", visitor="v", cart=cart).json()["risk"]["is_nudged"] is False
    for cart in (
        [{"size": "M"}],
        [{"product": "shirt", "quantity": 0}],
        [{"product": "shirt", "colour": "red"}],
        ["p"] * 10_001,
    ):
        found = ask(checkout, "checkout", visitor="v", cart=cart)
        assert (found.status_code, bool(found.json()["error"])) == (400, True)
