"""The boost list: what each product earns, why, and what is clicked and not bought; the same in Python, shell and files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from builders import Event, click, later, line, product, purchase, refund, shown
from counterclick.audits.boosts import Boost, Boosts
from counterclick.shop import Shop, open_shop
from shell import Shell

TOML = "[ranking]\nleast_exposures = 1\nleast_orders = 1\n"
START = "2026-01-05T10:00"
GOODS = {"toy": (4, 2), "hat": (40, 50), "scarf": (20, 30), "rare": (0, 30)}
"""Orders of each hundred times shown, and price; each is clicked as often as the next, the toy five times as often."""


def events(*, clicks: bool = True) -> list[Event]:
    """Three hundred visitors who saw three products, of which ten saw a fourth; a third of the hats came back."""
    made: list[Event] = [product("hat", title="Hat", unit_cost=20)]
    for n in range(300):
        made.append(shown(f"v{n}", "toy", "hat", "scarf", *(["rare"] if n < 10 else [])))
        times = {"toy": 5 if n % 2 else 0, "hat": n % 2, "scarf": n % 2}
        if clicks:
            made += [click(f"v{n}", name, at=later(START, minutes=1)) for name, k in times.items() for _ in range(k)]
        for name, (orders, price) in GOODS.items():
            if n < orders * 3:
                own = line(name, price=price, unit_cost=20 if name == "hat" else None)
                made.append(purchase(f"v{n}", at=later(START, hours=2), order=f"{name}-{n}", lines=[own]))
                if name == "hat" and n % 3 == 0:
                    made.append(refund(f"hat-{n}", at=later(START, days=8)))
    return [*made, purchase("late", at=later(START, days=60), lines=[line("other")])]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("boosts")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    found = open_shop(folder / "shop.toml")
    found.record(events())
    return found


@pytest.fixture(scope="module")
def told(shop: Shop) -> Boosts:
    return shop.boosts()


def of(found: Boosts) -> dict[str, Boost]:
    return {each.product_id: each for each in found.boosts}


def test_each_number_is_what_was_recorded(told: Boosts) -> None:
    """Of 300 times shown 120 hats were ordered, 40 came back: 80 x 50 over 300, a little shrunk; the margin is 80 x 30."""
    hat = of(told)["hat"]
    assert (hat.n_shown, hat.n_orders, hat.n_units, hat.n_settled, hat.n_returned) == (300, 120, 120, 120, 40)
    assert hat.net_value == pytest.approx(80 * 50 / 300, rel=0.05)
    assert hat.low < hat.net_value < hat.high
    assert (hat.title, hat.margin) == ("Hat", 80 * 30)
    assert of(told)["scarf"].margin is None
    assert [each.product_id for each in told.boosts] == ["hat", "scarf", "toy", "rare"]
    assert hat.factor > of(told)["scarf"].factor > of(told)["toy"].factor == pytest.approx(1 / 3)


def test_every_product_has_its_reason(told: Boosts) -> None:
    """What it earns beside the mean; or that it was shown too seldom, where its boost is 1."""
    assert f"earns {of(told)['hat'].net_value / told.mean:.2f} times the mean: 80 orders kept" in of(told)["hat"].because
    rare = of(told)["rare"]
    assert (rare.is_told, rare.factor, rare.net_value) == (False, 1, told.mean)
    assert rare.because.startswith("shown 10 times, in which the mean product has 1.")
    assert rare.because.endswith("orders: 2 are needed to tell it from the mean")


def test_what_is_clicked_and_not_bought_is_named_and_nothing_more(told: Boosts, tmp_path: Path) -> None:
    """The toy has five of seven clicks, and a twelfth of what is kept; without clicks no boost differs."""
    assert [each.product_id for each in told.misleading] == ["toy"]
    toy = told.misleading[0]
    seen = 910 / 300
    assert toy.clicked == pytest.approx(750 / (1_050 / seen), rel=0.01)
    assert toy.bought == pytest.approx(12 / (152 / seen), rel=0.01)
    assert toy.because.endswith(f"clicked {toy.clicked:.1f} times as often as it should, bought {toy.bought:.1f} times")
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as quiet:
        quiet.record(events(clicks=False))
        without = quiet.boosts()
    assert without.misleading == ()
    for name, each in of(without).items():
        own = of(told)[name]
        same = (each.factor, each.net_value, each.low, each.high)
        np.testing.assert_allclose(same, (own.factor, own.net_value, own.low, own.high), rtol=1e-12)
        assert each.n_clicks == 0


def test_the_command_and_its_files_say_the_same(shop: Shop, told: Boosts, shell: Shell, tmp_path: Path) -> None:
    """CSV has a row for each product, JSON all that is known; other names are refused before any work."""
    toml = ("--shop", str(shop.folder / "shop.toml"))
    wanted = [(each.product_id, each.factor) for each in told.boosts]
    assert [(each["product_id"], each["factor"]) for each in shell.json("boosts", *toml)["boosts"]] == wanted
    page = shell("boosts", *toml)
    assert page.index("What the holdout says") < page.index("What products earn") < page.index("Clicked, and not bought")
    assert "Places are not corrected, since none was drawn by chance." in page
    assert shell("boosts", *toml, "--out", str(tmp_path / "b.csv")).startswith(f"Wrote {tmp_path / 'b.csv'}: 4 products.")
    with (tmp_path / "b.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["product_id"], float(row["factor"])) for row in csv.DictReader(file)] == wanted
    shell("boosts", *toml, "--out", str(tmp_path / "b.json"))
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["mean"] == told.mean
    for name, says in (("b.xlsx", ".csv or .json"), ("none/b.csv", "folder")):
        assert says in shell("boosts", *toml, "--out", str(tmp_path / name), code=2)


def test_where_something_is_missing_no_product_is_boosted(tmp_path: Path) -> None:
    """The list stands, every factor is 1, and it says what is needed; without lists it is empty."""
    (tmp_path / "shop.toml").write_text("", encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record([purchase("v1", lines=[line("hat")])])
        none = shop.boosts()
        assert (none.boosts, none.misleading) == ((), ())
        assert "no lists that were shown are recorded" in none.missing[0]
        shop.record(events())
        found = shop.boosts()
    assert {each.factor for each in found.boosts} == {1}
    assert any("10,000 are needed: nothing is reordered until then" in note for note in found.notes)
