"""E-mail blocks: assigned by lot for each recipient sent, the same for all in the control, judged on orders."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from builders import MONDAY, later, line, purchase
from counterclick.errors import ConfigError, InputError, UnknownNameError
from counterclick.experiments.assignment import assign
from counterclick.shop import Shop, open_shop
from counterclick.shop.mailing import Blocks, recipients_in
from shell import Shell

SENT = date(2026, 2, 2)
SHARES = {"bestsellers": 0.4, "rules": 0.4, "vendor": 0.2}
TOML = f"""
[surfaces.newsletter]
[surfaces.cart]
[experiments.letter]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
treatment = "rules"
variants = {{ bestsellers = 0.4, rules = 0.4, vendor = 0.2 }}
window = "14d"
looks = "end"
starts_on = {SENT}
ends_on = {SENT}
[experiments.nudges]
surface = "newsletter"
unit = "customer"
control = "bestsellers"
variants = {{ bestsellers = 0.5, returns = 0.5 }}
starts_on = {SENT + timedelta(days=7)}
ends_on = {SENT + timedelta(days=7)}
[experiments.carts]
surface = "cart"
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
CUSTOMERS = [f"c{n:04}" for n in range(3_000)]
MAILED = "Ann@Example.org"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return a shop whose customers bought mugs, then tea; the first hundred had a cup as well."""
    folder = tmp_path_factory.mktemp("mailed")
    (folder / "shop.toml").write_text(TOML, encoding="utf-8")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    with open_shop(folder / "shop.toml") as own:
        own.record(
            purchase(f"v{who}", None, at, customer_id=who, lines=[line(what) for what in products], order=f"{who}-{at}")
            for nth, who in enumerate([*CUSTOMERS[:-50], MAILED])
            for at, products in (
                (later(MONDAY, days=1), ["mug", "cup"] if nth < 100 else ["mug"]),
                (later(MONDAY, days=9), ["tea"]),
            )
        )
        yield own


@pytest.fixture(scope="module")
def found(shop: Shop) -> Blocks:
    return shop.blocks("letter", [*CUSTOMERS, MAILED, CUSTOMERS[0]], most=2, today=SENT)


def of_arm(found: Blocks, arm: str) -> dict[str, tuple[str | None, str | None]]:
    rows = found.rows.to_pylist()
    return {row["recipient"]: (row["product_1"], row["product_2"]) for row in rows if row["arm"] == arm}


def test_the_control_is_shown_the_same_and_others_their_own(found: Blocks) -> None:
    """By rule what goes with the last order, but for what was bought before; the tool's own arm has no products here."""
    assert len({*of_arm(found, "bestsellers").values()}) == 1
    assert None not in next(iter(of_arm(found, "bestsellers").values()))
    own = of_arm(found, "rules")
    strangers = {*CUSTOMERS[-50:]}
    for who, offers in own.items():
        if who in CUSTOMERS[:100]:
            assert offers == ("pot", "honey"), "it has a cup"
        elif who not in strangers:
            assert offers == ("cup", "pot")
    assert {*of_arm(found, "vendor").values()} == {(None, None)}
    assert found.n_strangers == 50
    assert (found.n_repeated, found.rows.num_rows) == (1, 3_001)


def test_everybody_sent_is_eligible_by_a_lot_that_anybody_can_draw_again(shop: Shop, found: Blocks) -> None:
    """Every arm alike, once, by the id that orders have: an address is hashed in the log, and given back as it was given."""
    told = shop.reading.rows(
        "SELECT customer_id, variant, propensity, surface FROM events WHERE kind = 'exposure' AND experiment = 'letter'"
    )
    arms = {who: arm for who, arm, _share, _surface in told}
    assert len(told) == len(arms) == 3_001
    assert arms == {who: assign("letter", who, SHARES) for who in arms}
    assert all((share, surface) == (SHARES[arm], "newsletter") for _who, arm, share, surface in told)
    assert MAILED not in arms
    by_recipient = {row["recipient"]: row["arm"] for row in found.rows.to_pylist()}
    assert {who: by_recipient[who] for who in CUSTOMERS} == {who: arms[who] for who in CUSTOMERS}
    (hashed,) = set(arms) - {*CUSTOMERS}
    assert by_recipient[MAILED] == arms[hashed]
    assert dict(found.recipients) == {arm: sum(each == arm for each in arms.values()) for arm in SHARES}
    again = shop.blocks("letter", CUSTOMERS[:10], most=2, today=SENT)
    assert again.rows.to_pylist() == found.rows.slice(0, 10).to_pylist()
    assert shop.reading.one("SELECT count(*) FROM events WHERE kind = 'exposure' AND experiment = 'letter'") == 3_001


def test_the_verdict_is_per_recipient_sent(tmp_path: Path) -> None:
    """Simulation, end to end: personalised blocks that make half more of them buy are won, and the effect is covered."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    rng = np.random.default_rng(3)
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(
            [
                purchase(f"v{who}", None, later(MONDAY, days=9), customer_id=who, lines=[line("tea")], order=who)
                for who in CUSTOMERS
            ]
        )
        found = shop.blocks("letter", CUSTOMERS, today=SENT)
        arms = {row["recipient"]: row["arm"] for row in found.rows.to_pylist()}
        buyers = [who for who in CUSTOMERS if rng.random() < (0.45 if arms[who] == "rules" else 0.3)]
        afterwards = [
            purchase(
                f"w{who}",
                None,
                later(MONDAY, days=35, hours=n % 100),
                customer_id=who,
                lines=[line("cup")],
                order=f"later-{who}",
            )
            for n, who in enumerate(buyers)
        ]
        shop.record([*afterwards, purchase("last", 1.0, later(MONDAY, days=70), order="last")])
        verdict = shop.experiment("letter").verdict()
        result = shop.experiment("letter").result()
        told = shop.mailings()
    assert verdict.outcome == "won"
    assert verdict.lift_lower is not None
    assert verdict.lift_upper is not None
    assert verdict.lift_lower < 0.5 < verdict.lift_upper
    assert {arm.name: arm.n_visitors for arm in result.arms} == dict(found.recipients)
    letter = next(each for each in told.mailings if each.experiment == "letter")
    assert letter.verdict == verdict
    assert {arm.arm: (arm.n_sent, arm.n_finished) for arm in letter.arms} == {
        arm: (n, n) for arm, n in found.recipients.items()
    }
    bought = {arm: sum(arms[who] == arm for who in buyers) for arm in SHARES}
    for arm in letter.arms:
        assert (arm.orders, arm.buyers) == (pytest.approx(bought[arm.arm] / arm.n_sent),) * 2
        assert arm.n_given == (0 if arm.arm == "vendor" else arm.n_sent)
    assert {arm.arm: arm.block for arm in letter.arms} == {"bestsellers": "same", "rules": "own", "vendor": "elsewhere"}
    (cup,) = (each for each in letter.products if (each.arm, each.product_id) == ("rules", "cup"))
    assert (cup.n_given, cup.n_buyers, cup.units) == (found.recipients["rules"], bought["rules"], bought["rules"])
    assert cup.net_revenue == pytest.approx(bought["rules"] * 10)
    pots = [each for each in letter.products if each.product_id == "pot"]
    assert [(each.arm, each.n_buyers, each.net_revenue) for each in pots] == [("rules", 0, 0)]
    assert "tea" in {each.product_id for each in letter.products if each.arm == "bestsellers"}
    assert letter.n_products == len(letter.products)


def test_who_asks_twice_was_given_the_last_block(tmp_path: Path) -> None:
    """Another block is another decision, which replaces the first; the same one once more is the same decision."""
    (tmp_path / "shop.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        shop.record(
            [
                purchase(f"v{who}", None, later(MONDAY), customer_id=who, lines=[line("tea")], order=who)
                for who in CUSTOMERS[:90]
            ]
        )
        for most in (3, 3, 1):
            shop.blocks("letter", CUSTOMERS[:90], most=most, today=SENT)
        n = dict(shop.reading.rows("SELECT kind, count(*) FROM events GROUP BY kind"))
        (letter,) = (each for each in shop.mailings().mailings if each.experiment == "letter")
        assert "Nobody was assigned yet" in f"{shop.mailings()}"
    sent = {arm.arm: arm.n_sent for arm in letter.arms}
    assert n["exposure"] == sum(sent.values()) == 90
    assert n["decision"] == 2 * sent["rules"] + sent["bestsellers"], "only tea was sold: the control's block stays the same"
    assert [(each.arm, each.product_id, each.n_given) for each in letter.products if each.arm == "rules"] == [
        ("rules", "cup", sent["rules"])
    ]


def test_what_cannot_be_is_said(shop: Shop, tmp_path: Path) -> None:
    """An experiment of visitors, one that does not run, no recipients, no products, a file without either."""
    with pytest.raises(ConfigError, match='write unit = "customer"'):
        shop.blocks("carts", CUSTOMERS, today=SENT)
    with pytest.raises(ConfigError, match="has the arm 'returns', which nudges baskets and offers no products"):
        shop.blocks("nudges", CUSTOMERS, today=SENT + timedelta(days=7))
    with pytest.raises(ConfigError, match=r"runs from 2026-02-02 to 2026-02-02, and not on 2026-02-03"):
        shop.blocks("letter", CUSTOMERS, today=SENT + timedelta(days=1))
    with pytest.raises(ConfigError, match="1 product or more; most was 0"):
        shop.blocks("letter", CUSTOMERS, most=0, today=SENT)
    with pytest.raises(InputError, match="no recipients"):
        shop.blocks("letter", [], today=SENT)
    with pytest.raises(UnknownNameError):
        shop.blocks("nobody", CUSTOMERS, today=SENT)
    path = tmp_path / "list.csv"
    path.write_text("name\nAnn\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"needs a column called customer_id, recipient or email; its columns: name"):
        recipients_in(path)
    path.write_text("email,name\na@example.org,Ann\n ,Bob\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: email has 1 to 200 characters; it has 0"):
        recipients_in(path)
    with pytest.raises(InputError, match="cannot be read"):
        recipients_in(tmp_path / "none.csv")


def test_the_command_takes_a_file_and_writes_one(shell: Shell, shop: Shop, found: Blocks, tmp_path: Path) -> None:
    """The same rows as the verb's; where nothing can be written, nobody is recorded."""
    before = shop.reading.one("SELECT count(*) FROM events WHERE kind = 'exposure'")
    listed, out = tmp_path / "list.csv", tmp_path / "blocks.csv"
    listed.write_text("\ufeffemail\r\n" + "\r\n".join(CUSTOMERS[:20]), encoding="utf-8")
    words = ["blocks", "letter", str(listed), "--most", "2", "--today", str(SENT), "--shop", str(shop.folder / "shop.toml")]
    assert "Send to all of them" in shell(*words, "--out", str(out))
    with out.open(encoding="utf-8", newline="") as file:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == found.rows.slice(0, 20).to_pylist()
    listed.write_text("email\nsomebody-new\n", encoding="utf-8")
    assert "cannot be written" in shell(*words, "--out", str(tmp_path / "no" / "blocks.csv"), code=2)
    shop.refresh()
    assert shop.reading.one("SELECT count(*) FROM events WHERE kind = 'exposure'") == before
