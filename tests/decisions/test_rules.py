"""Hand rules: what a merchandiser's file offers, and what is answered to one that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import Event, facts, line, product, purchase
from counterclick.config import Config, Rules, load_rules, parse_rules
from counterclick.decisions import Ask, Bestsellers, Bundles, CategoryBestsellers, HandRules, NewArrivals
from counterclick.errors import ConfigError
from counterclick.shop import open_shop
from counterclick.shop.decided import policy_of
from counterclick.shop.premises import open_premises
from data_folder import ROOT

TEA = """
[attributes]
hot = ["kettle"]
[stock]
honey = 3
[[rules]]
name = "tea"
products = ["tea"]
categories = ["Tea"]
attributes = ["hot"]
offer = ["honey", "cup", "pot"]
"""
SOLD = [purchase(lines=[line("tea", 2, 10, unit_cost=4), line("cup", 1, 6, unit_cost=5), line("pot", 1, 30, unit_cost=10)])]


def offered(toml: str, *cart: str, most: int = 3, events: list[Event] = SOLD) -> tuple[str, ...]:
    return decided(toml, *cart, most=most, events=events)[0]


def decided(
    toml: str, *cart: str, most: int = 3, events: list[Event] = SOLD
) -> tuple[tuple[str, ...], tuple[float, ...], str]:
    policy = HandRules(parse_rules(toml))
    policy.fit(facts(*events, product("green", "Tea"), product("honey", unit_price=5, unit_cost=1)).outcomes())
    return policy.decide(Ask("cart", "v", cart, most))


@pytest.mark.parametrize("cart", ["tea", "green", "kettle"])
def test_a_rule_is_for_products_categories_and_attributes(cart: str) -> None:
    """Either of them is enough, and the offers stand in the order of the file."""
    offers, scores, because = decided(TEA, cart)
    assert offers == ("honey", "cup", "pot")
    assert scores == (1.0, pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert because == "a merchandiser's rule for what is in the cart: tea"
    assert offered(TEA, cart, most=1) == ("honey",)


def test_without_a_rule_for_the_cart_bestsellers_serve() -> None:
    """For an unknown product, for an empty cart, and where all that the rule offers is in the cart."""
    for cart, says in ((("socks",), "no rule is for"), ((), "no rule is for"), (("tea", "honey", "cup", "pot"), "nothing")):
        offers, _, because = decided(TEA, *cart)
        assert because.startswith(says)
        assert "; instead: " in because
        assert not set(offers) & set(cart)
    assert offered(TEA, "socks") == ("tea", "cup", "pot")
    assert decided("", "tea")[2].startswith("rules.toml has no rules; instead: sold most")


def test_an_offer_costs_at_most_its_share_of_the_cart() -> None:
    """Tea is 10, so that half of it buys honey at 5 and no cup at 6; two products of the cart allow more."""
    capped = TEA + "price_cap = 0.5"
    assert offered(capped, "tea") == ("honey",)
    assert offered(capped, "tea", "cup") == ("honey",)
    assert offered(capped, "tea", "pot") == ("honey", "cup")
    assert "instead" in decided(capped, "kettle")[2]  # nobody knows what a kettle costs


def test_an_offer_leaves_its_margin() -> None:
    """Of honey 80 % is left, of the pot 67 %, of the cup 17 %; what has no cost known is left out."""
    assert offered(TEA + "least_margin = 0.5", "tea") == ("honey", "pot")
    assert offered(TEA.replace('"pot"', '"spoon"') + "least_margin = 0.1", "tea") == ("honey", "cup")


def test_what_is_out_of_stock_is_not_offered() -> None:
    """Three jars of honey are enough for one, and too few where four must be there; what is not listed is there."""
    assert offered("least_stock = 3\n" + TEA, "tea")[0] == "honey"
    assert offered("least_stock = 4\n" + TEA, "tea") == ("cup", "pot")


def test_a_rule_is_for_what_the_catalogue_says() -> None:
    """Colour, size and labels of the catalogue are attributes, however they are written; a set of that name need not be."""
    told = [product("red-hat", attributes="Color=Dark Red; custom_label_0=gift", size="M"), product("hat")]
    for named in ("color=dark red", "COLOR = Dark  red", "custom_label_0=gift", "size=M", "size=m"):
        toml = f'[[rules]]\nattributes = ["{named}"]\noffer = ["scarf"]'
        assert offered(toml, "hat", "red-hat", events=[*SOLD, *told]) == ("scarf",), named
        assert offered(toml, "hat", events=[*SOLD, *told])[0] == "tea"
    assert "rule" not in decided('[[rules]]\nattributes = ["color=red"]\noffer = ["scarf"]', "red-hat", events=told)[2][:5]


def test_what_the_catalogue_has_none_of_is_not_offered() -> None:
    """By rules, bundles or static rules; what can be ordered anyway is, and rules.toml goes before the catalogue."""
    rule = '[[rules]]\nproducts = ["socks"]\noffer = ["tea", "cup", "pot"]\n'
    told = [product("tea", stock=0), product("cup", availability="out_of_stock"), product("pot", stock=2)]
    assert offered(rule, "socks", events=[*SOLD, *told]) == ("pot",)
    assert offered("least_stock = 3\n" + rule, "socks", events=[*SOLD, *told]) == ()
    assert offered("least_stock = 3\n[stock]\ncup = 3\n" + rule, "socks", events=[*SOLD, *told]) == ("cup",)
    later = [product("tea", at="2026-01-06T10:00", availability="backorder", stock=0)]
    assert offered(rule, "socks", events=[*SOLD, *told, *later]) == ("tea", "pot")
    pair = [purchase(lines=[line("hat"), line("scarf"), line("belt")], at="2026-01-05T09:00") for _ in range(6)]
    shop = facts(*pair, product("scarf", "c", stock=0), product("belt", "c"), product("hat", "c")).outcomes()
    for policy in (Bundles(), Bestsellers(), CategoryBestsellers()):
        policy.fit(shop)
        assert policy.decide(Ask("cart", "v", ("hat",)))[0] == ("belt",), policy.name
    new = [purchase(lines=[line(each)], at="2026-04-05T10:00") for each in ("sock", "shoe")]
    arrivals = NewArrivals()
    arrivals.fit(facts(*pair, *new, product("sock", stock=0)).outcomes())
    assert arrivals.decide(Ask("cart", "v"))[0] == ("shoe",)


def test_what_must_not_stand_together_does_not() -> None:
    """Neither beside the cart, nor beside an offer before it; bestsellers that serve instead keep to it as well."""
    assert offered('never_together = [["tea", "honey"]]\n' + TEA, "tea") == ("cup", "pot")
    assert offered('never_together = [["honey", "cup", "spoon"]]\n' + TEA, "tea") == ("honey", "pot")
    assert offered('never_together = [["socks", "tea"]]\n' + TEA, "socks") == ("cup", "pot")


def test_learned_bundles_keep_to_stock_and_to_what_stands_apart() -> None:
    """The same file holds for them: hats and scarves that come back together are not offered together."""
    pair = [purchase(lines=[line("hat"), line("scarf"), line("belt")]) for _ in range(6)]
    events = [*pair, *(purchase(lines=[line(f"p{n}")]) for n in range(9))]
    for toml, expected in (
        ("", {"scarf", "belt"}),
        ('never_together = [["hat", "scarf"]]', {"belt"}),
        ("[stock]\nbelt = 0", {"scarf"}),
    ):
        policy = Bundles(rules=parse_rules(toml))
        policy.fit(facts(*events).outcomes())
        assert set(policy.decide(Ask("cart", "v", ("hat",)))[0]) == expected


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[[rules", "not valid TOML"),
        ('[[rules]]\noffer = ["a"]', "'rule 1' never applies; say when, by products, categories or attributes"),
        ('[[rules]]\nproducts = ["a"]\noffer = []', "length >= 1 at rules"),
        ('[[rules]]\nproducts = ["a"]', "missing required field `offer`"),
        ('[[rules]]\nproduct = ["a"]\noffer = ["b"]', "no setting 'product' here. Did you mean 'products'"),
        ("stok = 3", "no setting 'stok' here. Did you mean 'stock'"),
        ('[[rules]]\nproducts = ["a"]\noffer = ["b", "b"]', "offers 'b' twice"),
        ('[[rules]]\nproducts = ["a"]\noffer = ["a"]', "offers 'a' when it is in the cart already"),
        ('[[rules]]\nattributes = ["gift"]\noffer = ["a"]\n[attributes]\ngifts = ["b"]', "Did you mean 'gifts'"),
        ('[[rules]]\nattributes = ["color="]\noffer = ["a"]', 'name one of the catalogue: "color=red"'),
        ('[attributes]\n"color=red" = ["b"]', "a set's name has no ="),
        ('never_together = [["a", "b"]]\n[[rules]]\nproducts = ["a"]\noffer = ["b"]', "never_together keeps from 'a'"),
        ('never_together = [["a", "a"]]', "two different products or more"),
        ('[[rules]]\nname = "x"\nproducts = ["a"]\noffer = ["b"]\n' * 2, "'x' is there twice"),
        ('[[rules]]\nproducts = ["a"]\noffer = ["b"]\nprice_cap = 0', "> 0"),
        ('[[rules]]\nproducts = ["a"]\noffer = ["b"]\nleast_margin = 1.0', "< 1.0"),
        ("[stock]\na = -1", ">= 0"),
        ('[[rules]]\nproducts = [""]\noffer = ["b"]', "length >= 1"),
    ],
)
def test_what_cannot_be_is_answered_with_what_would_be_right(toml: str, says: str) -> None:
    """Each message names the file and the rule."""
    with pytest.raises(ConfigError) as caught:
        parse_rules(toml)
    assert str(caught.value).startswith("rules.toml")
    assert says in str(caught.value)


def test_the_file_lies_beside_shop_toml(tmp_path: Path) -> None:
    """A shop without one has no rules; a wrong one is told when the shop, or its server, is opened."""
    assert load_rules(tmp_path / "rules.toml") == Rules()
    arms = 'control = "nothing"\nvariants = { nothing = 0.5, rules = 0.5 }\nstarts_on = 2020-01-01\nends_on = 2090-01-01\n'
    toml = '[surfaces.cart]\n[experiments.test]\nsurface = "cart"\n' + arms
    (tmp_path / "shop.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "rules.toml").write_text(TEA, encoding="utf-8")
    with open_shop(tmp_path / "shop.toml") as shop:
        found = [shop.decide("cart", f"v{n}", cart=["tea"]) for n in range(20)]
        assert {each.offers for each in found} == {(), ("honey", "cup", "pot")}
    (tmp_path / "rules.toml").write_text("[[rules]]", encoding="utf-8")
    for opened in (open_shop, open_premises):
        with pytest.raises(ConfigError, match=r"rules\.toml: .*offer"):
            opened(tmp_path / "shop.toml")
    (tmp_path / "rules.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        open_shop(tmp_path / "shop.toml")


def test_the_example_of_the_docs_is_right() -> None:
    """It parses, and offers what it says."""
    text = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    policy = policy_of("rules", Config(), parse_rules(text))
    policy.fit(facts(purchase(lines=[line("tea-1", 1, 10, unit_cost=4), line("honey", 1, 5, unit_cost=1)])).outcomes())
    assert policy.decide(Ask("cart", "v", ("tea-1",)))[0] == ("honey",)
