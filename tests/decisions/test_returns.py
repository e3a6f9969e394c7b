"""Return prevention: which baskets are flagged, why, and what is shown; by rules where nothing can be learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from builders import Event, facts, later, line, moment, product, purchase, refund
from counterclick.config import ReadinessConfig, ReturnsConfig, parse, parse_rules
from counterclick.config.meanings import meanings
from counterclick.config.returns import RETURN_SOURCES
from counterclick.decisions import Ask, CartLine, Returns, Scores
from counterclick.errors import ConfigError, RefusedError
from counterclick.shop.decided import ask_of
from data_folder import ROOT

START = "2025-01-05T10:00"
OPEN = ReadinessConfig(return_months=0, return_orders=0, returns=0)
COSTS = {"shipping_out": 4.0, "shipping_back": 5.0, "restocking": 3.0, "value_loss": 0.2}
WORDS = ReturnsConfig(**COSTS, effect=0.3, lost_order_rate=0.01)
CATALOGUE = [
    *[product(f"shirt-{size}", "shirts", at=START, group_id="shirt", size=size) for size in ("S", "M", "L")],
    *[product(name, "rest", at=START) for name in ("mug", "lamp", "case")],
]


def sold(n: int = 1_500, seed: int = 2) -> list[Event]:
    """Return orders of a year: of shirts in M four in five come back, of the case all, of the rest one in twenty."""
    rng = np.random.default_rng(seed)
    chances = {"shirt-M": 0.8, "shirt-S": 0.1, "shirt-L": 0.1, "mug": 0.05, "lamp": 0.05, "case": 1.0}
    names = list(chances)
    events: list[Event] = [*CATALOGUE]
    for number in range(n):
        at = later(START, hours=5 * number)
        goods = rng.choice(names, size=int(rng.integers(1, 3)), replace=False, p=[0.15, 0.15, 0.15, 0.25, 0.25, 0.05])
        lines = [line(str(each), 1, 20, unit_cost=12) for each in goods]
        payment = "invoice" if number % 2 else "card"
        events.append(purchase(f"v{number % 300}", at=at, order=f"o{number}", lines=lines, payment=payment))
        back = [str(each) for each in goods if rng.random() < chances[str(each)]]
        if back:
            events.append(refund(f"o{number}", later(at, days=9), lines=[{"product_id": b, "quantity": 1} for b in back]))
    return events


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return sold()


@pytest.fixture(scope="module")
def learnt(events: list[Event]) -> Returns:
    return policy(events, WORDS)


def policy(
    events: Sequence[Event], limits: ReturnsConfig | None = None, gates: ReadinessConfig = OPEN, **more: Any
) -> Returns:
    found = Returns(limits, gates, **more)
    found.fit(facts(*events).outcomes())
    return found


def cart(*products: str | CartLine, **more: Any) -> Ask:
    return ask_of("checkout", "new", products, 3, **more)


def test_a_basket_that_mostly_comes_back_is_flagged_with_its_reason(learnt: Returns) -> None:
    """A shirt in M, not a mug: the chance, the size as the reason with its counts, and help with the size."""
    risk = learnt.risk(cart("mug", "shirt-M"))
    assert risk.probability is not None
    assert 0.6 < risk.probability < 0.95
    assert risk.is_flagged
    (nudge,) = risk.nudges
    assert (nudge.kind, nudge.product) == ("size_guidance", "shirt-M")
    assert "this size of shirt comes back" in nudge.because
    assert "came back" in nudge.because
    calm = learnt.risk(cart("mug"))
    assert calm.probability is not None
    assert calm.probability < 0.15
    assert (calm.is_flagged, calm.nudges) == (False, ())
    assert learnt.decide(cart("mug", "shirt-M"))[0] == ("size_guidance",)


def test_a_size_is_found_by_its_name(learnt: Returns) -> None:
    """The item with a size is its variant; a size that is new today is taken as its item, and asked about."""
    by_name = learnt.risk(cart(CartLine("shirt", size="M")))
    by_variant = learnt.risk(cart("shirt-M"))
    assert by_name.probability == pytest.approx(by_variant.probability, abs=0.02)
    new = learnt.risk(cart(CartLine("shirt-M", size="XXL")))
    assert new.probability is not None
    assert learnt.risk(cart("shirt-S")).probability < new.probability < by_variant.probability  # type: ignore[operator]


def test_a_product_that_only_ever_comes_back(learnt: Returns) -> None:
    """It is flagged as nearly certain, never as certain."""
    risk = learnt.risk(cart("case"))
    assert risk.probability is not None
    assert 0.8 < risk.probability < 1
    assert risk.nudges[0].kind == "expectation_setting"


def test_two_sizes_and_what_does_not_fit(events: list[Event]) -> None:
    """Two sizes in one cart, and a pair that rules.toml keeps apart: each has its own nudge, first."""
    rules = parse_rules('never_together = [["case", "lamp"]]')
    found = policy(events, WORDS, rules=rules)
    both = found.risk(cart("shirt-M", "shirt-L", "case", "lamp"))
    assert [each.kind for each in both.nudges[:2]] == ["compatibility_warning", "size_guidance"]
    assert "in two sizes" in both.nudges[1].because
    fits = policy(events, ReturnsConfig(compatibility=("rest",))).risk(cart("case"))
    assert fits.nudges[0].kind == "compatibility_warning"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "shop.toml does not say shipping_out, shipping_back, restocking, value_loss, effect, lost_order_rate"),
        ({"shipping_out": 1.0}, "shop.toml does not say shipping_back, restocking"),
        (COSTS, "shop.toml does not say effect, lost_order_rate"),
    ],
)
def test_where_costs_are_missing_the_share_alone_flags(events: list[Event], told: dict[str, float], says: str) -> None:
    """Named each by its setting; the basket is flagged all the same, also where costs were to decide."""
    risk = policy(events, ReturnsConfig(nudge_by="cost", **told)).risk(cart("shirt-M"))
    assert (risk.is_flagged, risk.is_flagged_by_cost, risk.is_nudged) == (True, None, True)
    assert says in risk.cost_says


@pytest.mark.parametrize(("lost", "flagged"), [(0.0, True), (0.2, True), (0.9, False)])
def test_the_costed_threshold(events: list[Event], lost: float, *, flagged: bool) -> None:
    """One shirt of 20 with a margin of 8: its return costs 16, a nudge saves 30 % of that, and may lose an order."""
    limits = ReturnsConfig(**COSTS, effect=0.3, lost_order_rate=lost, nudge_by="cost")
    risk = policy(events, limits).risk(cart("shirt-M"))
    assert risk.probability is not None
    assert risk.is_flagged_by_cost is risk.is_nudged is flagged
    assert f"worth {risk.probability * 16 * 0.3:.2f} in returns and costs {lost * 8:.2f} in lost orders" in risk.cost_says


@pytest.mark.parametrize("products", [(), ("unknown",), ("🧦", "'; DROP TABLE events; --"), ("mug",) * 5_000])
def test_odd_carts(learnt: Returns, products: tuple[str, ...]) -> None:
    """Empty, unknown, hostile, and 5,000 lines: a finite chance or none, and a sentence."""
    risk = learnt.risk(cart(*products))
    assert risk.probability is None or 0 < risk.probability < 1
    assert risk.because.isprintable()
    assert len(risk.lines) in (0, len(products))


def test_below_the_gates_rules_serve_and_say_what_is_missing() -> None:
    """A young store: the three gates with their numbers; two sizes of one item are flagged by the static rule."""
    young = policy(sold(60), gates=ReadinessConfig())
    risk = young.risk(cart("shirt-S", "shirt-M"))
    assert (risk.probability, risk.is_nudged) == (None, True)
    for says in ("months of returns are recorded, 6 are needed", "orders a month, 500", "returns are observed, 200"):
        assert says in risk.because
    assert "instead: shirt is in the cart in two sizes" in risk.because
    assert not young.risk(cart("mug")).is_nudged


def test_what_was_learned_is_kept_as_json(learnt: Returns) -> None:
    """Another policy that takes it up says the same of every cart; what is no number is refused."""
    plain = json.loads(json.dumps(learnt.to_plain()))
    other = Returns(WORDS, OPEN)
    other.from_plain(plain)
    for each in (cart("shirt-M"), cart(CartLine("shirt", size="M")), cart("mug", "case", payment="invoice"), cart()):
        assert other.risk(each) == learnt.risk(each)
    young = Returns()
    young.from_plain(json.loads(json.dumps(Returns().to_plain())))
    assert young.risk(cart("mug")) == Returns().risk(cart("mug"))
    with pytest.raises(LookupError):
        other.from_plain({"missing": []})
    with pytest.raises(ValueError, match="Expected"):
        other.from_plain(plain | {"missing": 3})


def test_it_says_what_it_has_learned(learnt: Returns) -> None:
    """Settled lines, those that came back, products and customers; gates that are passed, or each that is not."""
    told = learnt.learnt()
    assert told.metrics["order_lines"] > told.metrics["returned"] > 300
    assert (told.metrics["products"], told.metrics["customers"], told.missing) == (6, 300, ())
    assert told.passed == ("0 months of returns", "0 orders a month", "0 returns")
    young = policy(sold(60), gates=ReadinessConfig(return_months=0)).learnt()
    assert young.passed == ("0 months of returns",)
    assert [each.partition(",")[2] for each in young.missing] == [" 500 are needed", " 200 are needed"]


def test_the_static_rule_in_its_place_knows_the_catalogue(learnt: Returns) -> None:
    """It flags two sizes of one item by their product ids, gives no chance, and says why it serves."""
    rule = learnt.by_rule("it took longer than 200 ms")
    assert isinstance(rule, Scores)
    risk = rule.risk(cart("shirt-S", "shirt-M"))
    assert (risk.probability, risk.is_nudged) == (None, True)
    assert risk.because == "it took longer than 200 ms; instead: shirt is in the cart in two sizes"
    assert not rule.risk(cart("shirt-M")).is_nudged


def test_it_scores_only_what_comes_after_it_learned(learnt: Returns) -> None:
    """As of an earlier time it would know the future: refused; the interface has no other way to ask for the past."""
    assert learnt.model is not None
    with pytest.raises(RefusedError, match="learn as of then"):
        learnt.risk(cart("mug"), as_of=moment(START))
    assert learnt.risk(cart("mug"), as_of=moment(START) + timedelta(days=600)).probability is not None


def test_each_setting_says_what_it_means_and_where_it_comes_from() -> None:
    """Read from shop.toml, told on the page with its source; what is no share is refused."""
    assert set(RETURN_SOURCES) == set(meanings(ReturnsConfig)) == set(ReturnsConfig.__struct_fields__)
    page = (ROOT / "docs" / "returns.md").read_text(encoding="utf-8")
    for name, source in RETURN_SOURCES.items():
        assert f"| `{name}` |" in page
        assert source in page
    assert parse("[returns]\nflag_rate = 0.4").returns == ReturnsConfig(flag_rate=0.4)
    for wrong in ("flag_rate = 1.5", "restocking = -1", "nudge_by = 'luck'", "shiping = 3"):
        with pytest.raises(ConfigError, match=r"\[?returns"):
            parse(f"[returns]\n{wrong}")
