"""E-mail blocks over HTTP: the verb's, in lots and one by one, with everybody recorded once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from builders import MONDAY, line, purchase
from counterclick.experiments.assignment import assign
from counterclick.shop import open_shop
from served import Served, served

SENT = date(2026, 2, 2)
SHARES = {"bestsellers": 0.5, "rules": 0.5}
TOML = f"""
[surfaces.newsletter]
[experiments.letter]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
variants = {{ bestsellers = 0.5, rules = 0.5 }}
starts_on = {SENT}
ends_on = {SENT}
"""
RULES = """
[[rules]]
products = ["tea"]
offer = ["cup", "pot", "honey"]
"""
CUSTOMERS = [f"c{n:04}" for n in range(200)]


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served shop whose customers bought tea, and were sent nothing yet."""
    folder = tmp_path_factory.mktemp("letters")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    with open_shop(folder / "shop.toml") as shop:
        shop.record(purchase(f"v{who}", None, MONDAY, customer_id=who, lines=[line("tea")], order=who) for who in CUSTOMERS)
        shop.fit(["bestsellers", "rules"])
    with served(folder, TOML) as server:
        yield server


def asked(server: Served, name: str, **body: Any) -> httpx.Response:
    return server.client.post(f"/v1/blocks/{name}", json=body, timeout=120)


def test_blocks_are_fetched_in_lots_and_one_by_one(letters: Served) -> None:
    """As the verb makes them, with everybody recorded; asked again, nobody is recorded twice."""
    lot = asked(letters, "letter", recipients=CUSTOMERS, most=2, today=f"{SENT}").json()
    one = asked(letters, "letter", recipients=CUSTOMERS[:1], most=2, today=f"{SENT}").json()
    assert one["blocks"] == lot["blocks"][:1]
    assert [(row["recipient"], row["arm"]) for row in lot["blocks"]] == [
        (who, assign("letter", who, SHARES)) for who in CUSTOMERS
    ]
    by_rule = [row["products"] for row in lot["blocks"] if row["arm"] == "rules"]
    assert by_rule == [["cup", "pot"]] * len(by_rule)
    assert (lot["today"], {*lot["served_here"]}, lot["n_strangers"]) == (f"{SENT}", {*SHARES}, 0)
    with open_shop(letters.toml) as shop:
        known = shop.reading.rows(
            "SELECT kind, customer_id FROM events WHERE experiment = 'letter' AND kind IN ('exposure', 'decision')"
        )
    for kind in ("exposure", "decision"):
        assert sorted(who for of, who in known if of == kind) == CUSTOMERS


def test_what_cannot_be_fetched_is_said(letters: Served) -> None:
    """No recipients, a wrong name, a day on which it does not run, a key that may only read."""
    assert asked(letters, "letter", recipients=[]).status_code == 400
    assert asked(letters, "letter", recipients=["c1"], who="me").status_code == 400
    assert asked(letters, "no-such", recipients=["c1"]).status_code == 404
    late = asked(letters, "letter", recipients=["c1"], today="2026-02-03")
    assert (late.status_code, "and not on 2026-02-03" in late.json()["error"]) == (400, True)
    with open_shop(letters.toml) as shop:
        _, key = shop.keys.new("read", "tests")
    refused = httpx.post(
        f"{letters.url}/v1/blocks/letter", json={"recipients": ["c1"]}, headers={"x-api-key": key}, timeout=60
    )
    assert refused.status_code == 401
