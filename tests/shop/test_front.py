"""The verbs of a shop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import counterclick as cc
from builders import MONDAY, answer, exposure, identify, later, line, purchase, view
from counterclick.decisions import Bundles
from counterclick.errors import (
    ConfigError,
    CurrencyError,
    EmptyStoreError,
    InputError,
    TooFewBuyersError,
    UnknownNameError,
)
from counterclick.shop import Shop
from counterclick.shop.demonstration import demonstrate
from data_folder import ROOT

MakeShop = Callable[[str], Shop]
ARM = """
[experiments.test]
surface = "cart"
control = "nothing"
variants = { nothing = 0.0001, POLICY = 0.9999 }
starts_on = 2026-01-05
ends_on = 2026-02-01
"""


def test_an_empty_store_answers_with_what_to_do(shop: Shop) -> None:
    """Every question to a shop without events says how to record some."""
    for question in (shop.audit, shop.check, lambda: shop.metric("aov"), lambda: shop.orders, shop.latest_orders):
        with pytest.raises(EmptyStoreError, match="counterclick record"):
            question()
    with pytest.raises(EmptyStoreError, match="counterclick record"):
        shop.experiment("test")


def test_unknown_names_get_a_suggestion(shop: Shop) -> None:
    """An experiment, a metric, a surface and a finding that do not exist are answered with those that do."""
    shop.record([view("v1")])
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        shop.experiment("tets")
    with pytest.raises(UnknownNameError, match="Did you mean 'aov'"):
        shop.metric("aow")
    with pytest.raises(UnknownNameError, match="Did you mean 'cart'"):
        shop.decide("cert", "v1")
    with pytest.raises(UnknownNameError, match="no finding"):
        shop.check(fail_on=["nonsense"])
    with pytest.raises(ConfigError, match="not by 'year'"):
        shop.metric("aov", by="year")  # type: ignore[arg-type]  # what a user may type


def test_orders_are_an_ibis_table_of_exact_amounts(shop: Shop) -> None:
    """Two lines of 0.10 and 0.20 less 0.05 discount are 0.25, to the cent."""
    lines = [line("p1", 1, "0.10"), line("p2", 1, "0.20")]
    shop.record([purchase("v1", order="o1", lines=lines, discount="0.05")])
    row = shop.orders.to_pyarrow().to_pylist()[0]
    assert str(row["revenue"]) == "0.2500"
    assert str(shop.latest_orders().orders[0]["order_id"]) == "o1"


def test_a_mix_of_currencies_is_refused_until_a_rate_table_converts_it(make_shop: MakeShop, tmp_path: Path) -> None:
    """10 USD at 0.5 and 10 EUR are 15 EUR; without rates the shop says which file to write."""
    shop = make_shop("")
    shop.record([purchase("v1", revenue=10), purchase("v2", revenue=10, currency="USD")])
    with pytest.raises(CurrencyError, match="day, from, to, rate"):
        shop.metric("aov")
    (tmp_path / "rates.csv").write_text("day,from,to,rate\n2026-01-01,USD,EUR,0.5\n", encoding="utf-8")
    assert make_shop('[shop]\nrates = "rates.csv"').metric("aov").values[0].numerator == 15


@pytest.mark.parametrize("rate", ["-1", "0", "nan", "x", ""])
def test_rates_that_are_no_numbers_above_zero_are_refused(make_shop: MakeShop, tmp_path: Path, rate: str) -> None:
    """A rate that would turn revenue around, or away, is not taken."""
    (tmp_path / "rates.csv").write_text(f"day,from,to,rate\n2026-01-01,USD,EUR,{rate}\n", encoding="utf-8")
    shop = make_shop('[shop]\nrates = "rates.csv"')
    shop.record([purchase("v1", revenue=10, currency="USD")])
    with pytest.raises(CurrencyError, match=r"rates\.csv"):
        shop.metric("aov")


def test_rates_that_begin_too_late_are_refused(make_shop: MakeShop, tmp_path: Path) -> None:
    """A rate table that knows nothing of the first day says which row to add."""
    (tmp_path / "rates.csv").write_text("day,from,to,rate\n2026-02-01,USD,EUR,0.5\n", encoding="utf-8")
    shop = make_shop('[shop]\nrates = "rates.csv"')
    shop.record([purchase("v1", revenue=10, currency="USD")])
    with pytest.raises(CurrencyError, match="2026-01-05,USD,EUR,RATE"):
        shop.metric("aov")


def test_a_control_without_buyers_is_refused(shop: Shop) -> None:
    """No verdict, no made-up number: the sentence says that the control sold nothing."""
    shop.record(
        [exposure("v1", "nothing"), exposure("v2", "bestsellers"), purchase("v2", revenue=5, at=later(MONDAY, hours=1))]
    )
    with pytest.raises(TooFewBuyersError, match="no buyers among 1 visitors"):
        shop.experiment("test").verdict()
    assert shop.audit().claims.lines[0].refused


def test_an_experiment_is_declared_once_and_a_change_is_noticed(make_shop: MakeShop, shop: Shop) -> None:
    """Asking twice writes one declaration; another window makes the verdict invalid."""
    events = [exposure(f"v{i}", "nothing" if i % 2 else "bestsellers") for i in range(40)]
    events += [purchase(f"v{i}", revenue=5, at=later(MONDAY, hours=1)) for i in range(40)]
    shop.record(events)
    for _ in range(2):
        assert len(shop.experiment("test").context.declarations) == 1
    shop.close()
    changed = make_shop(
        Path(shop.folder / "shop.toml").read_text(encoding="utf-8").replace("ends_on", 'window = "3d"\nends_on')
    )
    verdict = changed.experiment("test").verdict()
    assert verdict.outcome == "invalid"
    assert "2 different configurations" in verdict.because


def test_an_experiment_held_on_to_still_answers_after_more_was_recorded(shop: Shop) -> None:
    """It answers from the moment at which it was asked for."""
    shop.record([exposure("v1", "nothing"), purchase("v1", revenue=5, at=later(MONDAY, hours=1))])
    before = shop.experiment("test")
    shop.record([purchase("v1", revenue=7, at=later(MONDAY, hours=2))])
    assert before.result().arms[0].revenue == 5
    assert shop.experiment("test").result().arms[0].revenue == 12


def test_deciding_records_an_exposure_in_every_arm_and_serves_the_arms_policy(shop: Shop) -> None:
    """Twenty visitors are asked about; each is exposed once in its own arm, and bestsellers leave out the cart."""
    lines = [line("hat", 3), line("scarf", 2), line("belt", 1)]
    shop.record([purchase("x", order="o1", lines=lines)])
    day = date(2026, 1, 6)
    found = {f"v{i}": shop.decide("cart", f"v{i}", cart=["hat"], today=day) for i in range(20)}
    assert {decision.variant for decision in found.values()} == {"nothing", "bestsellers"}
    for visitor, decision in found.items():
        assert decision.variant == shop.experiment("test").assign(visitor)
        assert decision.offers == (("scarf", "belt") if decision.variant == "bestsellers" else ())
    shop.decide("cart", "v1", today=day)
    shop.refresh()
    assert shop.check().events["exposure"] == 20


def test_an_arm_of_the_shops_own_system_is_named_and_not_served(make_shop: MakeShop) -> None:
    """A variant that is no policy here is handed back by name, with its exposure recorded."""
    toml = '[experiments.chat]\nsurface = "chat"\ncontrol = "nothing"\nvariants = { nothing = 0.0001, vendor = 0.9999 }\n'
    shop = make_shop(toml + "starts_on = 2026-01-05\nends_on = 2026-02-01")
    decision = shop.decide("chat", "v1", today=date(2026, 1, 6))
    assert (decision.variant, decision.offers, decision.served_here) == ("vendor", (), False)


def test_an_address_as_visitor_is_assigned_by_what_is_kept_of_it(shop: Shop) -> None:
    """An e-mail address is hashed before it is assigned, so that the arm can be computed again from the log."""
    decision = shop.decide("cart", "jo@example.com", today=date(2026, 1, 6))
    kept = shop.facts.exposures("test").to_pyarrow().to_pylist()[0]
    assert "jo@" not in kept["visitor_id"]
    assert kept["variant"] == decision.variant == shop.experiment("test").assign(kept["visitor_id"])


def test_what_cannot_be_decided_is_refused(make_shop: MakeShop, toml: str) -> None:
    """A visitor without an id, and a surface on which two experiments run at once."""
    shop = make_shop(toml)
    with pytest.raises(InputError, match="1 to 200 characters"):
        shop.decide("cart", "v" * 201, today=date(2026, 1, 6))
    twice = make_shop(toml + toml[toml.index("[experiments.test]") :].replace("experiments.test", "experiments.other"))
    with pytest.raises(ConfigError, match="2 experiments run on surface 'cart'"):
        twice.decide("cart", "v1", today=date(2026, 1, 6))


def test_outside_of_an_experiment_nothing_is_decided_or_recorded(shop: Shop) -> None:
    """After the last day the surface gets nothing, and no exposure is written."""
    decision = shop.decide("cart", "v1", today=date(2026, 3, 1))
    assert decision.experiment is None
    assert "no experiment runs on cart" in decision.because
    with pytest.raises(EmptyStoreError):
        shop.check()


def test_check_names_what_does_not_join(shop: Shop) -> None:
    """An order before its touch, an order without a visitor, a repeated order: each a finding with its number."""
    shop.record(
        [
            purchase("v1", revenue=5),
            answer("v1", "p1", at=later(MONDAY, hours=1)),
            purchase(None, revenue=7),
            purchase("v2", revenue=9, order="twice"),
            purchase("v2", revenue=9, order="twice", at=later(MONDAY, hours=2)),
        ]
    )
    found = {finding.name: finding for finding in shop.check().findings}
    assert found["orders_before_their_touch"].amount == 5
    assert found["orders_without_visitor"].amount == 7
    assert found["repeated_orders"].n == 1
    assert shop.check(fail_on=["any"]).fails
    assert not shop.check(fail_on=["refunds_without_order"]).fails


def test_unmatched_orders_of_an_experiment_can_be_listed(shop: Shop) -> None:
    """A customer with two assigned visitors orders without one: nobody can say whose it is."""
    shop.record(
        [
            exposure("v1", "nothing"),
            exposure("v2", "bestsellers"),
            identify("v1", "c1"),
            identify("v2", "c1"),
            purchase(None, revenue=7, order="whose", customer_id="c1", at=later(MONDAY, hours=1)),
        ]
    )
    assert [row["order_id"] for row in shop.latest_orders(unmatched="test").orders] == ["whose"]


def test_an_experiment_that_cannot_be_decided_is_refused_when_the_shop_opens(make_shop: MakeShop, toml: str) -> None:
    """A misspelt outcome, an outcome of buyers alone, and a guardrail that is no metric."""
    for setting, says in (
        ('outcome = "revenue_per_vistor"', "Did you mean 'revenue_per_visitor'"),
        ('outcome = "aov"', "cannot be decided on 'aov'"),
        ("guardrails = { bogus = 0.1 }", "no metric is named 'bogus'"),
    ):
        with pytest.raises(ConfigError, match=says):
            make_shop(toml.replace("starts_on", f"{setting}\nstarts_on"))


def test_exposures_after_the_end_do_not_touch_a_finished_experiment(shop: Shop) -> None:
    """When everyone gets the feature afterwards, no one was seen in several arms for it."""
    shop.record(
        [
            exposure("v1", "nothing"),
            exposure("v1", "bestsellers", at="2026-05-03T10:00"),
            exposure("v2", "typo"),
            purchase("v1", revenue=5, at=later(MONDAY, hours=1)),
        ]
    )
    checks = {check.name: check for check in shop.experiment("test").result().checks}
    assert checks["visitors in several arms"].value == 0
    assert checks["visitors in undeclared arms"].value == 0.5
    assert checks["visitors in undeclared arms"].passed is False


def test_an_order_too_large_to_be_true_is_refused_and_harms_nothing(shop: Shop) -> None:
    """A quantity and a price that are each possible, and together are not: out of range, in a file as in a body."""
    huge = purchase("v1", order="h", lines=[line("p1", 2_000_000_000, "1000")])
    assert shop.record([huge, purchase("v2", revenue=5)]).rejected == {"out_of_range": 1}
    assert shop.metric("aov").value == 5


def test_margin_without_costs_is_not_known(shop: Shop) -> None:
    """No unit cost was sent: the margin is not zero, nobody knows it."""
    shop.record([purchase("v1", lines=[line("p1", 1, 10)])])
    assert shop.metric("margin_per_visitor").value is None
    assert "not known" in str(shop.metric("margin_per_visitor"))


def test_a_demo_never_takes_a_folder_that_is_not_its_own(shop: Shop, tmp_path: Path) -> None:
    """The user's own shop, and a demo of another seed: both are refused by name."""
    with pytest.raises(ConfigError, match="holds a shop of its own"):
        demonstrate(shop.folder, 1, 500)
    cc.demo(tmp_path / "d", seed=1, visitors=500).close()
    with pytest.raises(ConfigError, match="the demo of seed 1 and 500 visitors"):
        cc.demo(tmp_path / "d", seed=2, visitors=500)


def test_the_demo_finds_its_own_truth(tmp_path: Path) -> None:
    """Working surfaces are won, idle ones are not, clickbait is lost; opened again, the folder answers the same."""
    found = demonstrate(tmp_path / "demo", 1, None)
    outcomes = {truth.experiment: truth.outcome for truth in found.truths}
    assert outcomes["cart-bundles"] == outcomes["ai-search"] == "won"
    assert outcomes["chat"] == outcomes["email-blocks"] == "inconclusive"
    assert outcomes["nudges"] == "lost"
    chat = next(line for line in found.audit.claims.lines if line.surface == "chat")
    assert 0.2 < chat.attributed < 0.3 < chat.claimed
    assert found.audit.claims.ledger.attributed <= found.audit.claims.ledger.revenue
    assert "+12.0 %" in str(found)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\n".join(str(found).splitlines()[:11]) in readme  # what README prints is what the demo prints
    with cc.open(tmp_path / "demo" / "shop.toml") as again:
        assert again.experiment("nudges").verdict().outcome == "lost"
        clicks = again.experiment("nudges").result(["ctr"]).row("ctr").lift
        assert clicks is not None
        assert clicks.lower > 0


def test_a_cart_of_thousands_of_lines_is_answered(make_shop: MakeShop) -> None:
    """The newest hundred products count, no other is offered, and the reason says so; ten thousand lines are too many."""
    shop = make_shop(ARM.replace("POLICY", "bestsellers"))
    goods = [f"p{n:04}" for n in range(300)]
    shop.record([purchase(None, lines=[line(each, 300 - n)]) for n, each in enumerate(goods)])
    told = shop.decide("cart", "v1", cart=[*goods[:250], *goods[:4_750]], today=date(2026, 1, 6))
    assert told.offers == ()
    told = shop.decide("cart", "v1", cart=[f"x{n}" for n in range(5_000)], today=date(2026, 1, 6))
    assert told.offers == ("p0000", "p0001", "p0002")
    assert told.because.endswith("; of the 5,000 products in the cart the newest 100 count")
    told = shop.decide("cart", "v1", cart=[*goods[:2], *(f"x{n}" for n in range(200))], today=date(2026, 1, 6))
    assert told.offers == ("p0002", "p0003", "p0004")
    with pytest.raises(InputError, match=r"at most 10,000 lines; this one has 10,001"):
        shop.decide("cart", "v1", cart=["x"] * 10_001, today=date(2026, 1, 6))


def test_a_policy_that_takes_too_long_is_not_waited_for(make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bestsellers decide, the answer says so, and so does its event; the policy's own answer comes too late for anybody."""
    limits = "[readiness]\nbundle_products = 2\n[bundles]\nswitch = 'always'\n[serve]\ndecide_milliseconds = 50\n"
    shop = make_shop(limits + ARM.replace("POLICY", "bundles"))
    shop.record([purchase(None, lines=[line("hat", 3), line("tie")]) for _ in range(9)])
    shop.fit()
    waits = threading.Event()
    monkeypatch.setattr(Bundles, "decide", lambda _self, _ask: (waits.wait(60), ((), (), "late"))[1])
    told = shop.decide("cart", "v1", today=date(2026, 1, 6), decision_id="d-1")
    waits.set()
    assert (told.offers, told.in_time, told.policy) == (("hat", "tie"), False, "bundles")
    assert told.because.startswith("it took longer than 50 ms; instead: sold most")
    details = json.loads(shop.reading.one("SELECT details FROM events WHERE event_id = 'd-1'"))
    assert not details["in_time"]
